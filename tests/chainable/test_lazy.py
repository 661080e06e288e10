"""Names of a module that are imported when they are first used."""

from __future__ import annotations

import json.decoder

import pytest

from chainable.lazy import lazy_attributes, lazy_function

attribute = lazy_attributes("json", {"JSONDecodeError": "json.decoder", "decoder": "json.decoder"})


def test_a_name_comes_from_the_module_that_defines_it():
    assert attribute("JSONDecodeError") is json.JSONDecodeError


def test_a_submodule_is_its_own_home():
    assert attribute("decoder") is json.decoder


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'decode'"):
        attribute("decode")


def test_a_function_is_imported_when_it_is_called():
    assert lazy_function("json", "dumps")([1]) == "[1]"
    with pytest.raises(ModuleNotFoundError):
        lazy_function("no_such_module", "f")()
