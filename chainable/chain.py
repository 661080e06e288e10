"""Chains: attributes and items build a path, and a verb or a call sends the request."""

from __future__ import annotations

from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, currentframe
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Protocol, TypeVar, cast

from chainable import path
from chainable.i18n import Words
from chainable.masking import MaskedDict, MaskedTuple, safe_repr
from chainable.resolution import PathResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from chainable.promise import Promise
    from chainable.response import Response

__all__ = [
    "Chain",
    "LiteralName",
    "NameChain",
    "PathChain",
    "PlainNameChain",
    "Sender",
    "Verb",
    "name_of",
    "path_of",
    "sender_of",
]

P = TypeVar("P")
_ASYNCHRONOUS = CO_COROUTINE | CO_ASYNC_GENERATOR


def _refuse_await(send: Callable[..., Any], written: str) -> None:
    """Raise TypeError if the caller's caller awaits a response; see :mod:`chainable.awaited`."""
    frame: Any = currentframe()
    frame = frame.f_back.f_back
    if frame.f_code.co_flags & _ASYNCHRONOUS and getattr(send, "__name__", "") == "send":
        from chainable.awaited import refuse_await

        refuse_await(frame, send, written)


class Sender(Protocol):
    """
    Sends the calls of chains: a client, or a batch that collects them.

    .. versionadded:: 0.1.0
    """

    def send(self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any], /) -> Any:
        """
        Send a call and return its response.

        Args:
            path: The path of the chain: a :class:`chainable.resolution.PathResolver`, or the name of a method.
            verb: The HTTP method, in capitals; None where the chain itself was called.
            positional: Arguments without a name.
            keywords: Arguments by name.
        """
        ...

    def submit(self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any], /) -> Any:
        """Queue a call, with the arguments of :meth:`send`, and return a promise of the response."""
        ...


@safe_repr
class Chain(Generic[P]):
    """
    An immutable path below a client; every step returns a new chain.

    Chains compare and hash by client and path.  ``str(chain)`` is the path.
    No public names will be added, so that every other attribute can be a part
    of a path.
    """

    __slots__ = ("_path", "_sender")

    _sender: Sender
    _path: P

    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def __init__(self, sender: Sender, path: P) -> None:
        object.__setattr__(self, "_sender", sender)
        object.__setattr__(self, "_path", path)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = Words(f"a chain is immutable: {name!r} cannot be set", f"链不可修改：不能给 {name!r} 赋值")
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = Words(f"a chain is immutable: {name!r} cannot be deleted", f"链不可修改：不能删除 {name!r}")
        raise AttributeError(msg)

    def __str__(self) -> str:
        return str(self._path)

    def __repr__(self) -> str:
        # A value in the path may be personal data, and a repr appears in tracebacks.
        path = self._path.label() if isinstance(self._path, PathResolver) else str(self)
        return f"<{type(self._sender).__name__} {path!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chain):
            return NotImplemented
        return self._sender is other._sender and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((id(self._sender), str(self)))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = Words(
            "a chain holds a client with its keys and connections: it cannot be pickled",
            "链持有客户端及其密钥、连接，不能 pickle",
        )
        raise TypeError(msg)


@safe_repr
class PathChain(Chain[PathResolver]):
    """A chain of path segments with the verbs of HTTP."""

    __slots__ = ()

    def __getattr__(self, name: str) -> PathChain:
        return type(self)(self._sender, self._path.attribute(name))

    def __getitem__(self, path: str, /) -> PathChain:
        return self.chain(path)

    def chain(self, path: str, /) -> PathChain:
        """
        Append a literal path, whose spelling is kept.

        Args:
            path: Segments joined by ``/``; ``{name}`` is a variable.

        Raises:
            PathError: The path is not valid.
            TypeError: The path is not a str.
        """
        resolver = self._path
        for segment in _split(path):
            resolver = resolver.literal(segment)
        return type(self)(self._sender, resolver)

    def __call__(self, *positional: Any, **keywords: Any) -> Response[Any]:
        """Send a POST, if the catalogue has one with a body at this path."""
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        send = self._sender.send
        _refuse_await(send, "post")
        return cast("Response[Any]", send(self._path, None, positional, keywords))


_split = path.split


@safe_repr
class Verb:
    """
    A verb of a chain; calling it sends the request.

    Args:
        send: ``send`` of the sender, or ``submit`` for a promise.
        path: The path of the chain.
        name: The name of the attribute.
        method: The HTTP method, in capitals.
    """

    __slots__ = ("_method", "_name", "_path", "_send")

    def __init__(self, send: Callable[..., Any], path: PathResolver, name: str, method: str) -> None:
        self._send = send
        self._path = path
        self._name = name
        self._method = method

    def __call__(self, *positional: Any, **keywords: Any) -> Any:
        """
        Send the request.

        Args:
            positional: Rejected with an error that shows the ``json=`` spelling.
            keywords: The options of the call, and the variables of the path.

        Returns:
            A :class:`chainable.Response`; a promise of one for ``…_async``.
        """
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        _refuse_await(self._send, self._name)
        return self._send(self._path, self._method, positional, keywords)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            msg = Words(f"a verb has no attribute {name!r}", f"请求方法没有属性 {name!r}")
            raise AttributeError(msg)
        written = f"…{self._name}_.{name}"
        msg = Words(
            f"{self._name!r} sends a request; for a segment of that name write {self._name}_, as in {written}",
            f"{self._name!r} 会发送请求；路径中若有同名的段，请写 {self._name}_，例如 {written}",
        )
        raise AttributeError(msg)

    def __repr__(self) -> str:
        return f"<{self._method} {self._path.label()!r}>"


def _sending(name: str, method: str) -> property:
    def verb(self: PathChain) -> Verb:
        return Verb(self._sender.send, self._path, name, method)

    return property(verb)


def _submitting(name: str, method: str) -> property:
    def verb(self: PathChain) -> Verb:
        return Verb(self._sender.submit, self._path, name, method)

    return property(verb)


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    _name = _method.lower()
    setattr(PathChain, _name, _sending(_name, _method))
    for _promised in (f"{_name}_async", f"{_name}Async"):
        setattr(PathChain, _promised, _submitting(_promised, _method))


class _PostedName(str):
    """A name whose last step is the attribute ``post``."""

    __slots__ = ()


class LiteralName(str):
    """A name whose last step was given as text, so that it is no misspelt verb."""

    __slots__ = ()


@safe_repr
class NameChain(Chain[str]):
    """
    A chain of a dotted method name; calling it sends the request.

    ``get``, ``delete`` and the like are parts of names here.  Only ``chain``,
    ``post`` and its two promise forms belong to the chain.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Self:
        if name.startswith("_"):
            msg = Words(f"a chain has no attribute {name!r}", f"链没有属性 {name!r}")
            raise AttributeError(msg)
        return self._step(name.removesuffix("_"))

    def _step(self, name: str) -> Self:
        return type(self)(self._sender, f"{self._path}.{name}" if self._path else name)

    def __getitem__(self, name: str, /) -> Self:
        return self.chain(name)

    def chain(self, name: str, /) -> Self:
        """
        Append a literal name; dots separate its parts.

        Raises:
            PathError: A part is empty or contains a character that names do not have.
            TypeError: The name is not a str.
        """
        literal = ".".join(path.split_name(name))
        return type(self)(self._sender, LiteralName(f"{self._path}.{literal}" if self._path else literal))

    def __call__(self, *positional: Any, **keywords: Any) -> Any:
        """Send the call; the client's documentation describes its arguments."""
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        send = self._sender.send
        _refuse_await(send, "post")
        return send(self._called(self._path), "POST", positional, keywords)

    @classmethod
    def _called(cls, name: str) -> str:
        """Return the name that a call sends: the attribute ``post`` as the last step is not a part of it."""
        return name.removesuffix(".post") if isinstance(name, _PostedName) else name

    @property
    def post(self) -> Self:
        """The step named ``post``; calling it sends the request as well, without ``post`` in the name."""
        return type(self)(self._sender, _PostedName(f"{self._path}.post"))

    @property
    def post_async(self) -> Callable[..., Promise[Response[Any]]]:
        """Queue the call; returns a promise of the response."""
        return self._submit

    @property
    def postAsync(self) -> Callable[..., Promise[Response[Any]]]:  # noqa: N802 (the spelling of the PHP SDK)
        """The same as ``post_async``, as the PHP SDK spells it."""
        return self._submit

    def _submit(self, *positional: Any, **keywords: Any) -> Promise[Response[Any]]:
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        name = self._called(_PostedName(f"{self._path}.post"))
        return cast("Promise[Response[Any]]", self._sender.submit(name, "POST", positional, keywords))


@safe_repr
class PlainNameChain(NameChain):
    """
    A chain of a dotted method name in which ``post`` is a part like any other.

    Only ``chain`` and ``post_async`` belong to the chain.

    .. versionadded:: 0.1.0
    """

    __slots__ = ()

    @property
    def post(self) -> Self:
        """The step named ``post``, which is a part of the name."""
        return self._step("post")


def path_of(chain: Chain[P]) -> P:
    """
    Return the path of a chain: a :class:`chainable.resolution.PathResolver`, or the name of a method.

    .. versionadded:: 0.1.0
    """
    return chain._path  # noqa: SLF001 (public attributes of a chain are parts of a path)


def sender_of(chain: Chain[Any]) -> Sender:
    """
    Return the sender of a chain: the client or the batch that it begins at.

    .. versionadded:: 0.1.0
    """
    return chain._sender  # noqa: SLF001 (as in path_of())


def name_of(chain: NameChain) -> str:
    """
    Return the name that a call of the chain sends.

    .. versionadded:: 0.1.0
    """
    return chain._called(path_of(chain))  # noqa: SLF001 (public attributes of a chain are parts of names)
