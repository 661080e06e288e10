"""
The beginning of chains at run time.

Type checkers see the generated classes of :mod:`wechatpay.types.chains` in
place of this one: a ``__getattr__`` here would accept every misspelt name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from chainable.chain import PathChain
from chainable.path import did_you_mean

if TYPE_CHECKING:
    from chainable.chain import Sender
    from chainable.resolution import PathResolver

__all__ = ["ChainRoot"]

_ROOT = re.compile(r"v[0-9]+|brand")


class ChainRoot:
    """The part of the client that begins chains."""

    _root: PathResolver

    def __getattr__(self, name: str) -> PathChain:
        if _ROOT.fullmatch(name):
            return PathChain(cast("Sender", self), self.__dict__["_root"].attribute(name))
        hint = did_you_mean(name, [known for known in dir(self) if not known.startswith("_")])
        msg = f"{type(self).__name__} has no attribute {name!r}{hint}; other paths begin with client['…']"
        raise AttributeError(msg)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "v2", "v3", "brand"]

    def __getitem__(self, path: str, /) -> PathChain:
        return self.chain(path)

    def chain(self, path: str, /) -> PathChain:
        """
        Begin with a literal path: ``client.chain('v3/pay/transactions/native')``.

        Raises:
            PathError: The text is not a path.
        """
        return PathChain(cast("Sender", self), self._root).chain(path)
