"""Modules that have moved, under their former names."""

from __future__ import annotations

from importlib import import_module

import pytest

MOVED = [
    ("chainable.environment", "environment", "chainable.settings", "read_environment"),
    ("chainable.environment", "texts", "chainable.settings", "check_texts"),
    ("taobao_top.answers", "business_failure", "taobao_top.response_parsing", "business_failure"),
    ("taobao_top.limits", "RateLimiter", "taobao_top.rate_limit", "RateLimiter"),
    ("taobao_top.pages", "PageNames", "taobao_top.pagination", "PageNames"),
    ("wechatpay.notifications.handling", "Handling", "wechatpay.notifications.handler", "NotificationHandler"),
]


@pytest.mark.parametrize(("former", "name", "new", "new_name"), MOVED)
def test_a_former_module_name_works_and_warns(former, name, new, new_name):
    with pytest.warns(DeprecationWarning, match=f"{former} is now {new}"):
        assert getattr(import_module(former), name) is getattr(import_module(new), new_name)


@pytest.mark.parametrize("name", ["anything", "__anything__"])
def test_a_former_module_has_no_other_names(name):
    with pytest.raises(AttributeError, match="anything"):
        getattr(import_module("taobao_top.limits"), name)
