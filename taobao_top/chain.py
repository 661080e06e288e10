"""The chain of a method's name; its step ``post`` may also be the call."""

from __future__ import annotations

from chainable.chain import NameChain
from chainable.masking import safe_repr
from taobao_top import catalogue

__all__ = ["MethodChain"]


@safe_repr
class MethodChain(NameChain):
    """A chain that spells a method's name; calling it, or its ``post``, sends."""

    __slots__ = ()

    @classmethod
    def _called(cls, name: str) -> str:
        """A last step ``post`` belongs to the name only if the catalogue has that name and not the one without it."""
        before = super()._called(name)
        is_known = before != name and catalogue.method(before) is None and catalogue.method(name) is not None
        return str(name) if is_known else before
