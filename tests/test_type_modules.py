"""The modules of generated types: each can be imported and read, as ``typing.get_type_hints`` does it."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from typing_extensions import get_type_hints, is_typeddict

import taobao_top.types
import wechatpay.types


@pytest.mark.parametrize("package", [wechatpay.types, taobao_top.types], ids=lambda package: package.__name__)
def test_each_has_types_of_answers_or_requests(package):
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if not found.ispkg]
    declared = [one for name in names for one in vars(importlib.import_module(name)).values() if is_typeddict(one)]

    assert len(declared) > 3_000
    for one in declared[::50]:
        get_type_hints(one)
