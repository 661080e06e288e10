"""
Messages that come in over HTTP, without the framework they came through.

:mod:`chainable.web.flask`, :mod:`chainable.web.django` and
:mod:`chainable.web.starlette` turn a framework's request into an
:class:`Inbound` and a :class:`Reply` into the framework's response; their
``view`` makes one address out of a function that answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast
from urllib.parse import quote

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Handle",
    "Headers",
    "Inbound",
    "PassedReply",
    "ReceivedHeaders",
    "RejectedError",
    "Reply",
    "Respond",
    "header",
    "read_headers",
    "refuse_result",
    "undecorated",
]

Handle: TypeAlias = "Callable[..., Any]"
"""What a user does with what came in; may be async."""

Respond: TypeAlias = "Callable[..., Reply]"
"""Answers a request: called with the Inbound, the function that handles it, and the one that refuses it, if there is one."""

_QUERY = "!#$%&'()*+,/:;=?@[]~"
_BLANK = " \t\r\n"
_INSIDE = ("headers", "multiValueHeaders")
"""Where ASGI scopes and the events of API gateways have the headers."""


class Headers(Protocol):
    """Any mapping of header names to values: a dict, WSGI environ, Django's META, …"""

    def get(self, name: str, /) -> Any:
        """Return the value under exactly this name, or None."""

    def items(self) -> Any:
        """Return all names with their values."""


ReceivedHeaders: TypeAlias = "Headers | Mapping[Any, Any] | Iterable[tuple[Any, Any]]"
"""
The headers of a received request, in any form in which servers hand them over.

A mapping, pairs of names and values (``scope['headers']``, ``request.headers.raw``), or what has them under
``headers``: an ASGI scope, the event of an API gateway (AWS Lambda, 阿里云函数计算). Names and values are str, or bytes
in Latin-1; a value may be the only one of a list. White space around them is no part of them.
"""


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


def read_headers(headers: ReceivedHeaders) -> Headers:
    """
    Return headers that can be looked up by name, with :func:`header`.

    Args:
        headers: See :data:`ReceivedHeaders`. Of the pairs with one name, the first counts.

    Raises:
        TypeError: They are anything else, such as the request itself.
    """
    given: Any = headers
    for name in _INSIDE if isinstance(given, dict) else ():
        inside = given.get(name)
        if isinstance(inside, list | tuple | Mapping) and inside:
            return read_headers(cast("ReceivedHeaders", inside))
    if hasattr(headers, "get") and hasattr(headers, "items"):
        return cast("Headers", headers)
    pairs = _pairs_of(headers)
    if pairs is None or not all(map(_is_pair, pairs)):
        msg = Words(
            f"headers: a mapping of names to texts or a list of pairs was expected, not {type(headers).__name__}: pass "
            f"request.headers of Flask, Django, FastAPI and Starlette, event['headers'] of a decoded API gateway event",
            f"headers：应为名称到文本的字典，或二元组的列表，不是 {type(headers).__name__}：请传 Flask、Django、FastAPI 或 Starlette 的 request.headers，云函数请传解码后的 event['headers']",
        )
        raise TypeError(msg)
    named: dict[str, Any] = {}
    for name, value in pairs:
        named.setdefault(_text(name) or "", value)
    return named


def _pairs_of(headers: Any) -> list[Any] | None:
    """Return the elements of headers, those such as ``{'name': …, 'value': …}`` as pairs; None if they have none."""
    if not isinstance(headers, Iterable) or isinstance(headers, str | bytes | Mapping):
        return None
    return [(each.get("name"), each.get("value")) if isinstance(each, Mapping) else each for each in headers]


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str | bytes)


def _text(value: Any) -> str | None:
    """
    Return a name or value of a header as text, without white space around it; None if it is neither text nor bytes.

    API gateways write a value as the only one of a list, ``multiValueHeaders``, or as a list of ``{'key': …, 'value':
    …}``. A value that came several times, always the same, is one value.
    """
    if isinstance(value, list | tuple) and value and all(each == value[0] for each in value):
        value = value[0]
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("latin-1")
    return value.strip(_BLANK) if isinstance(value, str) else None


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


def refuse_result(result: object, expected: Words) -> TypeError:
    """
    Return the error for a result that says nothing certain about whether the message was handled.

    A coroutine is closed, so that Python does not warn about it as well.
    """
    if iscoroutine(result):
        result.close()
        what = Words(
            "a coroutine, which nothing awaits here: write the function with async def itself, or without async",
            "协程，而此处无法等待：函数本身请用 async def，或不用 async",
        )
    else:
        what = Words(type(result).__name__, type(result).__name__)
    return TypeError(
        Words(
            f"the handler returned {what}; return {expected}. The message counts as not handled",
            f"处理函数返回了 {what.zh}；{expected.zh}。该消息按未处理计",
        )
    )


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
        Words(
            f"{name} is a route already, so requests would reach it unchecked: write the route's decorator above "
            f"@handler(…), or use endpoint(…), which has no order: app.post('/notify')(endpoint(…, {name}))",
            f"{name} 已经是路由，请求会绕过检查：请把路由装饰器写在 @handler(…) 上方，或使用不分先后的 endpoint(…)：app.post('/notify')(endpoint(…, {name}))",
        )
    )


def header(headers: Headers, name: str) -> str | None:
    """
    Return a header of an inbound request; None if it is missing, or neither text nor bytes.

    Args:
        headers: Any mapping of :func:`read_headers`; case does not matter, nor
            whether names are written as HTTP does or as WSGI does
            (``HTTP_X_SERIAL``).
        name: As HTTP writes it, ``X-Serial``.
    """
    value = headers.get(name)
    if value is None:
        value = headers.get("HTTP_" + name.upper().replace("-", "_"))
    if value is None:
        wanted = _folded(name)
        for key, candidate in headers.items():
            text = _text(key)
            if text is not None and _folded(text) == wanted:
                value = candidate
                break
    return _text(value)


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


def consumed(how: Words) -> ConfigurationError:
    """Return the error for a body that was already read."""
    return ConfigurationError(
        Words(
            f"the raw body of this request is gone: a form parser or a middleware read it first. The "
            f"signature covers the bytes as they were sent: {how}",
            f"请求的原始正文已被表单解析或中间件读走，而签名针对收到的原始字节：{how.zh}",
        )
    )
