"""
The beginning of chains at run time.

Type checkers see the generated classes of :mod:`taobao_top.types.chains`
instead: a ``__getattr__`` here would hide every misspelt name from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chainable.chain_root import NameRoot
from taobao_top.chain import MethodChain

if TYPE_CHECKING:
    from chainable.chain import Sender

__all__ = ["ChainRoot"]


class ChainRoot(NameRoot):
    """The part of the client that begins chains."""

    def start_chain(self) -> MethodChain:
        """Return the empty chain."""
        return MethodChain(cast("Sender", self), "")
