"""
Messages that come in over HTTP, without the framework they came through.

:mod:`chainable.web.flask`, :mod:`chainable.web.django` and
:mod:`chainable.web.starlette` turn a framework's request into an
:class:`Inbound` and a :class:`Reply` into the framework's response; their
``view`` makes one address out of a function that answers.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import quote

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Handle",
    "Headers",
    "Inbound",
    "PassedReply",
    "RejectedError",
    "Reply",
    "Respond",
    "check_headers",
    "header",
    "refuse_result",
    "undecorated",
]

Handle: TypeAlias = "Callable[..., Any]"
"""What a user does with what came in; may be async."""

Respond: TypeAlias = "Callable[[Inbound, Handle], Reply]"
"""Answers a request, and calls what handles it if it is worth it."""

_QUERY = "!#$%&'()*+,/:;=?@[]~"


class Headers(Protocol):
    """Any mapping of header names to values: a dict, WSGI environ, Django's META, …"""

    def get(self, name: str, /) -> Any:
        """Return the value under exactly this name, or None."""

    def items(self) -> Any:
        """Return all names with their values."""


@safe_repr
@frozen
class Inbound:
    """
    A request that came in, as the bytes it was.

    Attributes:
        url: Absolute, percent-encoded; the query exactly as it was sent.
        headers: A mapping that ignores case.
        body: The bytes that were sent, after any transfer encoding.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@safe_repr
@frozen
class Reply:
    """The response to send; the body of a 204 is empty."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""


def check_headers(headers: object) -> None:
    """Raise TypeError if headers cannot be looked up by name."""
    if not (hasattr(headers, "get") and hasattr(headers, "items")):
        msg = (
            f"headers: a mapping of names to texts was expected, not {type(headers).__name__}: pass "
            f"request.headers of Flask, Django, FastAPI and Starlette"
        )
        raise TypeError(msg)


@safe_repr
@frozen
class PassedReply(Reply):
    """A framework's own response that a handler returned; it is sent as it is."""

    original: Any = field(default=None, repr=False)


class RejectedError(Exception):
    """Leaves the block of a claim with a reply, so that the claim is released and the message may come again."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


def refuse_result(result: object, expected: str) -> TypeError:
    """
    Return the error for a result that says nothing certain about whether the message was handled.

    A coroutine is closed, so that Python does not warn about it as well.
    """
    if iscoroutine(result):
        result.close()
        what = "a coroutine, which nothing awaits here: write the function with async def itself, or without async"
    else:
        what = type(result).__name__
    return TypeError(f"the handler returned {what}; return {expected}. The message counts as not handled")


def undecorated(function: Any) -> list[Any]:
    """Return a function with everything that decorators, partials and methods wrap, the outermost first."""
    functions: list[Any] = []
    inner = function
    while inner is not None and all(inner is not outer for outer in functions):
        functions.append(inner)
        inner = next(
            (
                found
                for name in ("__wrapped__", "func", "__func__")
                if (found := getattr(inner, name, None)) is not None
            ),
            None,
        )
    return functions


def share_a_function(one: Any, other: Any) -> bool:
    """Return whether two callables come down to one function."""
    return any(left is right for left in undecorated(one) for right in undecorated(other))


def has_methods(thing: object, *names: str) -> bool:
    """Return whether the class of an object has these methods; a chain has every attribute, its class has not."""
    return all(callable(getattr(type(thing), name, None)) for name in names)


def wrong_order(function: Any) -> ConfigurationError:
    """Return the error for a function that is a route already, without any check of signatures."""
    name = getattr(function, "__name__", repr(function))
    return ConfigurationError(
        f"{name} is a route already, so requests would reach it unchecked: write the route's decorator above "
        f"@handler(…), or use endpoint(…), which has no order: app.post('/notify')(endpoint(…, {name}))"
    )


def header(headers: Headers, name: str) -> str | None:
    """
    Return a header of an inbound request; None if it is missing or not text.

    Args:
        headers: Any mapping; case does not matter, nor whether names are
            written as HTTP does or as WSGI does (``HTTP_X_SERIAL``).
        name: As HTTP writes it, ``X-Serial``.
    """
    value = headers.get(name)
    if value is None:
        value = headers.get("HTTP_" + name.upper().replace("-", "_"))
    if value is None:
        wanted = _folded(name)
        for key, candidate in headers.items():
            if isinstance(key, str) and _folded(key) == wanted:
                value = candidate
                break
    return value if isinstance(value, str) else None


def _folded(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("http-")


def url_of(origin: str, path: str, query: bytes) -> str:
    """
    Build the URL of an inbound request.

    Args:
        origin: Scheme and host, ``https://shop.example``.
        path: Decoded, as frameworks give it.
        query: As it was sent; what no URL may hold is percent-encoded.
    """
    url = origin + quote(path, safe="!$&'()*+,/:;=@~")
    return f"{url}?{quote(query, safe=_QUERY)}" if query else url


def consumed(how: str) -> ConfigurationError:
    """Return the error for a body that was already read."""
    return ConfigurationError(
        f"the raw body of this request is gone: a form parser or a middleware read it first. The "
        f"signature covers the bytes as they were sent: {how}"
    )
