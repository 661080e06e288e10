"""Options of a call hide parameters of the same name."""

from __future__ import annotations

from taobao_top import catalogue
from taobao_top.options import OPTIONS


def test_only_a_timeout_is_both_an_option_and_a_parameter():
    """A further option that a method has as a parameter needs a type without it, as ``UntimedOptions`` for ``timeout``."""
    methods = (catalogue.method(name) for name in catalogue.methods())
    both = {(method.name, param.name) for method in methods for param in method.params if param.name in OPTIONS}

    assert both == {("alibaba.charity.user.bind.geturi", "timeout"), ("taobao.cloudpush.push", "timeout")}
