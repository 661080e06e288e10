"""Modules under their former names."""

from __future__ import annotations

from importlib import import_module

import pytest

from taobao_top import pagination, rate_limit


@pytest.mark.parametrize(
    ("former", "module", "name"), [("limits", rate_limit, "RateLimiter"), ("pages", pagination, "PageNames")]
)
def test_a_former_module_name_works_and_warns(former, module, name):
    with pytest.warns(DeprecationWarning, match=f"taobao_top.{former} is now {module.__name__}"):
        assert getattr(import_module(f"taobao_top.{former}"), name) is getattr(module, name)


def test_a_former_module_has_no_other_names():
    with pytest.raises(AttributeError, match="anything"):
        import_module("taobao_top.limits").anything
