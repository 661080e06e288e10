"""
The beginning of chains at run time.

Type checkers see the generated classes of :mod:`taobao_top.types.chains`
instead: a ``__getattr__`` here would hide every misspelt name from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chainable.chain import LiteralName
from chainable.path import split_name
from taobao_top.call_options import one_edit
from taobao_top.chain import MethodChain

if TYPE_CHECKING:
    from chainable.chain import Sender

__all__ = ["ChainRoot"]

_NAMES = (
    "adjust_clock",
    "batch",
    "chain",
    "chunks",
    "clock_offset",
    "close",
    "oauth",
    "pages",
    "read",
    "spi",
    "windows",
)


class ChainRoot:
    """The part of the client that begins chains."""

    def __getattr__(self, name: str) -> MethodChain:
        if name.startswith("_"):
            msg = f"a TaobaoTop has no attribute {name!r}"
            raise AttributeError(msg)
        for known in _NAMES:
            if one_edit(name, known):
                msg = f"a TaobaoTop has no {name!r}: did you mean {known!r}? A method's name is written top[{name!r}]"
                raise AttributeError(msg)
        return MethodChain(cast("Sender", self), name.removesuffix("_"))

    def __getitem__(self, name: str, /) -> MethodChain:
        return self.chain(name)

    def chain(self, name: str, /) -> MethodChain:
        """
        Begin a method's name with literal text; dots in it are steps.

        Raises:
            PathError: A part is empty or has a character that names do not have.
        """
        return MethodChain(cast("Sender", self), LiteralName(".".join(split_name(name))))
