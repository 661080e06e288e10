"""
The beginning of chains at run time.

Type checkers see the generated classes of :mod:`wechatpay.types.chains` in
place of this one: a ``__getattr__`` here would accept every misspelt name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chainable.chain import PathChain
from chainable.chain_root import PathRoot

if TYPE_CHECKING:
    from chainable.chain import Sender
    from chainable.resolution import PathResolver

__all__ = ["ChainRoot"]


class ChainRoot(PathRoot, first=r"v[0-9]+|brand"):
    """The part of the client that begins chains."""

    _root: PathResolver

    def start_chain(self) -> PathChain:
        """Return the empty chain, with the tree of the catalogue."""
        return PathChain(cast("Sender", self), self.__dict__["_root"])

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "v2", "v3", "brand"]
