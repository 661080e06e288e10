"""Names of a module that are imported when they are first used."""

from __future__ import annotations

import json.decoder

import pytest

from chainable.lazy import lazy_attributes

attribute = lazy_attributes("json", {"JSONDecodeError": "json.decoder", "decoder": "json.decoder"})


def test_a_name_comes_from_the_module_that_defines_it():
    assert attribute("JSONDecodeError") is json.JSONDecodeError


def test_a_submodule_is_its_own_home():
    assert attribute("decoder") is json.decoder


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'decode'"):
        attribute("decode")
