"""Requests and replies of a sandbox as frozen values."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from typing_extensions import Self

    from chainable.sandbox.websocket import WebSocket

__all__ = ["Reply", "Request"]

HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")


@frozen(eq=False, slots=False)
class Request:
    """
    One HTTP request exactly as it arrived.

    Args:
        method: The method, in the letters that were sent.
        target: The request target as transmitted: path and query, still percent-encoded.
        headers: Name and value of every header line, names in lower case, in the order sent.
        body: The bytes of the body.
        secure: Whether it came over TLS.
        certificate: Serial of the client certificate of the TLS connection, upper-case hex.
        host: The host that the listener stands for.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    secure: bool = False
    certificate: str | None = None
    host: str = "main"

    def header(self, name: str) -> str | None:
        """Return the value of the header of this (lower-case) name; the first, if it was sent twice."""
        return self._first.get(name)

    @cached_property
    def _first(self) -> dict[str, str]:
        return dict(reversed(self.headers))

    @property
    def origin(self) -> str | None:
        """The URL under which the client sees the sandbox, with a slash at the end: the base of links."""
        host = self.header("host") or ""
        if not HOST.fullmatch(host):
            return None
        return f"{'https' if self.secure else 'http'}://{host}/"

    @cached_property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query_string(self) -> str:
        """The query as transmitted, percent-encoded."""
        return self.target.partition("?")[2]

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, percent-decoded."""
        segments = self.path.removeprefix("/").split("/")
        return tuple(map(unquote, segments) if "%" in self.path else segments)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded; of a repeated one the values joined by commas."""
        found: dict[str, str] = {}
        if not self.query_string:
            return found
        for name, value in parse_qsl(self.query_string, keep_blank_values=True):
            found[name] = f"{found[name]},{value}" if name in found else value
        return found


@frozen(eq=False)
class Reply:
    """
    A response.

    Args:
        status: The HTTP status.
        body: The bytes of the body.
        content_type: Its media type; none is sent with an empty body.
        headers: Further headers.
        delay: Seconds to wait before the response goes out.
        cut: How the connection is broken instead of, or while, answering: ``reset`` and ``close`` before any byte,
            ``half_body`` after half of the body, ``reset-body`` after half of the body with a reset.
        channel: Accepts a request to upgrade, and serves the WebSocket; everything else is ignored then.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    cut: str = ""
    channel: Callable[[WebSocket], Coroutine[Any, Any, None]] | None = None

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return the same response with these headers added."""
        return evolve(self, headers=(*self.headers, *headers.items()))
