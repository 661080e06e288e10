"""
The public starts of chains: bases that let the attributes of a client begin a path, or the name of a method.

::

    class Gateway(PathRoot, Client): ...  # Gateway().v1.orders.post(…)
    class Gateway(NameRoot, Client): ...  # Gateway().shop.orders.list(…)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from chainable.chain import NameChain, PathChain
from chainable.client import Client
from chainable.i18n import Words
from chainable.path import did_you_mean
from chainable.resolution import PathResolver
from chainable.spelling import one_edit

if TYPE_CHECKING:
    from chainable.chain import Sender

__all__ = ["NameRoot", "PathRoot"]

_HOOK = "start_chain"


class _Root:
    """Base of both starts: decides which attributes begin a chain, and raises for the others."""

    _first: ClassVar[re.Pattern[str] | None] = None

    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def __init_subclass__(cls, *, first: str | None = None, **others: Any) -> None:
        super().__init_subclass__(**others)
        if first is not None:
            cls._first = re.compile(first)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != _HOOK]

    def _check_first(self, name: str) -> None:
        """Raise AttributeError unless a chain may begin with this attribute."""
        kind: Any = type(self)  # mypy takes no class for hashable
        if self._first is not None:
            if not self._first.fullmatch(name):
                hint = did_you_mean(name, [known for known in dir(self) if not known.startswith("_")])
                msg = Words(
                    f"{kind.__name__} has no attribute {name!r}{hint}; other paths begin with client['…']",
                    f"{kind.__name__} 没有属性 {name!r}{hint.zh}其他路径请写成 client['…']"
                    if hint
                    else f"{kind.__name__} 没有属性 {name!r}；其他路径请写成 client['…']",
                )
                raise AttributeError(msg)
        elif name[0] == "_":
            msg = Words(f"a {kind.__name__} has no attribute {name!r}", f"{kind.__name__} 没有属性 {name!r}")
            raise AttributeError(msg)
        elif near := _near_name(kind, name):
            msg = Words(
                f"a {kind.__name__} has no {name!r}: did you mean {near!r}? "
                f"A chain that begins with this name is written client[{name!r}]",
                f"{kind.__name__} 没有 {name!r}：是否要写 {near!r}？以此开头的链请写成 client[{name!r}]",
            )
            raise AttributeError(msg)


@lru_cache(maxsize=1024)
def _near_name(kind: type, name: str) -> str | None:
    """Return the public attribute of a client that a name is one edit away from; None without one."""
    return next((known for known in _public_names(kind) if one_edit(name, known)), None)


@lru_cache(maxsize=64)
def _public_names(kind: type) -> tuple[str, ...]:
    hidden = {*vars(Client), _HOOK} - {"close"}
    return tuple(name for name in dir(kind) if name[0] != "_" and name not in hidden)


class PathRoot(_Root):
    """
    The part of a client that begins chains of paths: put it before :class:`chainable.Client`.

    An attribute that the client has, or that is one letter away from one, begins no chain: such a path is written
    ``client['…']``.

    Args:
        first: A keyword of the class: the pattern of the attributes that begin chains, such as ``'v[0-9]+'``. Every
            other attribute is then an error; without it, every attribute begins a chain.

    .. versionadded:: 0.1.0
    """

    def start_chain(self) -> PathChain:
        """
        Return the empty chain, which all others continue.

        Override it to begin with the tree of the known paths: ``PathChain(self, PathResolver.start(tree))``.
        """
        return PathChain(cast("Sender", self), PathResolver.start(None))

    def __getattr__(self, name: str) -> PathChain:
        self._check_first(name)
        return self.start_chain().__getattr__(name)

    def __getitem__(self, path: str, /) -> PathChain:
        return self.start_chain().chain(path)

    def chain(self, path: str, /) -> PathChain:
        """
        Begin with a literal path, whose spelling is kept.

        Raises:
            PathError: The text is not a path.
        """
        return self.start_chain().chain(path)


class NameRoot(_Root):
    """
    The part of a client that begins the names of methods, joined by dots: put it before :class:`chainable.Client`.

    An attribute that the client has, or that is one letter away from one, begins no name: such a name is written
    ``client['…']``.

    Args:
        first: A keyword of the class, as that of :class:`PathRoot`.

    .. versionadded:: 0.1.0
    """

    def start_chain(self) -> NameChain:
        """
        Return the empty chain, which all others continue.

        Override it for another class of chains, such as ``PlainNameChain(self, '')``, or for a prefix of all names.
        """
        return NameChain(cast("Sender", self), "")

    def __getattr__(self, name: str) -> NameChain:
        self._check_first(name)
        return self.start_chain().__getattr__(name)

    def __getitem__(self, name: str, /) -> NameChain:
        return self.start_chain().chain(name)

    def chain(self, name: str, /) -> NameChain:
        """
        Begin with a literal name; dots separate its parts.

        Raises:
            PathError: A part is empty or contains a character that names do not have.
        """
        return self.start_chain().chain(name)
