"""The chain: attributes and items become a path, a verb or a call sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from chainable import path
from chainable.masking import MaskedDict, MaskedTuple, safe_repr
from chainable.place import PathPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from chainable.client import Client
    from chainable.promise import Promise
    from chainable.response import Response

__all__ = ["Chain", "NameChain", "PathChain", "Verb"]

P = TypeVar("P")


@safe_repr
class Chain(Generic[P]):
    """
    An immutable place below a client; every step is a new one.

    Equal and hashable by client and path.  ``str(chain)`` is the path; its
    public names are closed for ever, so that every other attribute can be a
    part of a path.
    """

    __slots__ = ("_client", "_place")

    _client: Client
    _place: P

    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def __init__(self, client: Client, place: P) -> None:
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "_place", place)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"a chain is immutable: {name!r} cannot be set"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = f"a chain is immutable: {name!r} cannot be deleted"
        raise AttributeError(msg)

    def __str__(self) -> str:
        return str(self._place)

    def __repr__(self) -> str:
        # A value in the path may be a person's: str(chain) has it, a repr shows in tracebacks.
        place = self._place.label() if isinstance(self._place, PathPlace) else str(self)
        return f"<{type(self._client).__name__} {place!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chain):
            return NotImplemented
        return self._client is other._client and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((id(self._client), str(self)))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a chain holds a client with its keys and connections: it cannot be pickled"
        raise TypeError(msg)


@safe_repr
class PathChain(Chain[PathPlace]):
    """A chain of path segments with the verbs of HTTP."""

    __slots__ = ()

    def __getattr__(self, name: str) -> PathChain:
        return type(self)(self._client, self._place.attribute(name))

    def __getitem__(self, path: str, /) -> PathChain:
        return self.chain(path)

    def chain(self, path: str, /) -> PathChain:
        """
        Go on with a literal path, kept as it is written.

        Raises:
            PathError: It is no path.
        """
        place = self._place
        for segment in _split(path):
            place = place.literal(segment)
        return type(self)(self._client, place)

    def __call__(self, *positional: Any, **keywords: Any) -> Response[Any]:
        """Send a POST, where the catalogue has one here that carries a body."""
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        return self._client._shorthand(self, positional, keywords)  # noqa: SLF001 (the chain is the client's own)


_split = path.split


@safe_repr
class Verb:
    """
    A verb of a chain: called, it sends.

    Args:
        chain: What is called.
        method: The HTTP method, in capitals.
        later: True for the form that gives a promise.
    """

    __slots__ = ("_chain", "_later", "_method", "_name")

    def __init__(self, chain: PathChain, name: str, method: str, later: bool) -> None:
        self._chain = chain
        self._name = name
        self._method = method
        self._later = later

    def __call__(self, *positional: Any, **keywords: Any) -> Any:
        """
        Send the request.

        Args:
            positional: None are taken; there to tell the ``json=`` spelling.
            keywords: The options of a verb, and the path's variables.

        Returns:
            A :class:`chainable.Response`; a promise of one for ``…_async``.
        """
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        client = self._chain._client  # noqa: SLF001
        return (client._later if self._later else client._now)(self._chain, self._method, positional, keywords)  # noqa: SLF001

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            msg = f"a verb has no attribute {name!r}"
            raise AttributeError(msg)
        msg = f"{self._name!r} sends a request; for a segment of that name write {self._name}_, as in …{self._name}_.{name}"
        raise AttributeError(msg)

    def __repr__(self) -> str:
        return f"<{self._method} {self._chain._place.label()!r}>"  # noqa: SLF001 (the chain's own verb)


class _VerbOf:
    """Gives each chain its own verb, as methods are given."""

    __slots__ = ("later", "method", "name")

    def __init__(self, method: str, *, later: bool = False) -> None:
        self.method = method
        self.later = later

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, chain: PathChain | None, owner: type | None = None) -> Any:
        return self if chain is None else Verb(chain, self.name, self.method, self.later)


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    for _suffix in ("", "_async", "Async"):
        _verb = _VerbOf(_method, later=bool(_suffix))
        setattr(PathChain, _method.lower() + _suffix, _verb)
        _verb.__set_name__(PathChain, _method.lower() + _suffix)


@safe_repr
class NameChain(Chain[str]):
    """
    A chain that spells a dotted method name; calling it sends.

    ``get``, ``delete`` and the like are parts of names here; only ``chain``
    and ``post`` with its two promise forms are the chain's own.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Self:
        if name.startswith("_"):
            msg = f"a chain has no attribute {name!r}"
            raise AttributeError(msg)
        return self._step(name.removesuffix("_"))

    def _step(self, name: str) -> Self:
        return type(self)(self._client, f"{self._place}.{name}" if self._place else name)

    def __getitem__(self, name: str, /) -> Self:
        return self.chain(name)

    def chain(self, name: str, /) -> Self:
        """
        Go on with a literal name; dots in it are steps.

        Raises:
            PathError: A part is empty or has a character no name has.
        """
        return self._step(".".join(path.split_name(name)))

    def __call__(self, *positional: Any, **keywords: Any) -> Any:
        """Send the call; see the client for what goes in."""
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        return self._client._now(self, "POST", positional, keywords)  # noqa: SLF001

    @property
    def post(self) -> Any:
        """The step named ``post``, which sends as well when it is called."""
        return self._step("post")

    @property
    def post_async(self) -> Callable[..., Promise[Response[Any]]]:
        """Send the call later: gives a promise."""
        return self._send_later

    @property
    def postAsync(self) -> Callable[..., Promise[Response[Any]]]:  # noqa: N802 (PHP's word)
        """PHP's word for ``post_async``."""
        return self._send_later

    def _send_later(self, *positional: Any, **keywords: Any) -> Promise[Response[Any]]:
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        return self._client._later(self._step("post"), "POST", positional, keywords)  # noqa: SLF001
