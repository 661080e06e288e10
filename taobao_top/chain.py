"""The chain of a method's name; its step ``post`` may also be the call."""

from __future__ import annotations

from chainable.chain import LiteralName, NameChain
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.path import near_verbs
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
        if is_known:
            return str(name)
        _refuse_misspelt_verb(before)
        return before


def _refuse_misspelt_verb(name: str) -> None:
    """Raise TypeError for ``….pots(…)``: the name is unknown, without its last step it is known."""
    if isinstance(name, LiteralName) or catalogue.method(name) is not None:
        return
    method, _, last = name.rpartition(".")
    if catalogue.method(method) is None:
        return
    verbs = near_verbs(last, ("POST",))
    if verbs:
        msg = Words(
            f"{name}: the catalogue knows the method {method}, and its last step here is not a verb: did you mean {verbs}? "
            f"A new method of this name is called as top[{name!r}](…)",
            f"{name}：接口目录中有 {method}，而这里的最后一步不是请求方法：是否要写 {verbs.zh}？"
            f"若确是这个名称的新 API，请写 top[{name!r}](…)",
        )
        raise TypeError(msg)
