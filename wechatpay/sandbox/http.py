"""Requests, replies and refusals as frozen values."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("wechatpay.sandbox")

HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")

__all__ = ["Refusal", "Reply", "Request", "as_json", "internal_error", "pointer"]


@frozen(eq=False)
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
        host: The host the listener answers for: ``main`` or ``backup``.
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
        return next((value for key, value in self.headers if key == name), None)

    @property
    def origin(self) -> str | None:
        """The URL under which the client sees the sandbox, with a slash at the end: the base of links."""
        host = self.header("host") or ""
        if not HOST.fullmatch(host):
            return None
        return f"{'https' if self.secure else 'http'}://{host}/"

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, percent-decoded."""
        return tuple(unquote(segment) for segment in self.path.removeprefix("/").split("/"))

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded; of a repeated one the values joined by commas."""
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.target.partition("?")[2], keep_blank_values=True):
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
        signed: Whether the platform signs this answer (APIv3).
        signature_covers: What the signature covers instead of the body.
        delay: Seconds to wait before the answer goes out.
        cut: How the connection is broken instead of, or while, answering:
            ``reset`` and ``close`` before any byte, ``half_body`` after half of the body,
            ``reset-body`` after half of the body with a reset.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    signed: bool = True
    signature_covers: bytes | None = field(default=None, repr=False)
    delay: float = 0.0
    cut: str = ""

    @classmethod
    def of(cls, data: Any, status: int = 200) -> Reply:
        """Return the JSON answer that holds ``data``; 204 without a body when there is none."""
        if data is None:
            return cls(status=204)
        return cls(status=status, body=as_json(data))

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return the same answer with these headers added."""
        return evolve(self, headers=(*self.headers, *headers.items()))


class Refusal(Exception):  # noqa: N818 (it is the platform's answer, not a fault of the sandbox)
    """
    An error response of the platform.

    Args:
        status: The HTTP status (APIv3).
        code: The platform's error code.
        message: Why, in a sentence for the developer.
        detail: ``detail`` of the answer.
    """

    def __init__(self, status: int, code: str, message: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = dict(detail or {})

    @classmethod
    def of_field(
        cls,
        location: str,
        pointer: str,
        issue: str,
        *,
        value: Any = None,
        code: str = "PARAM_ERROR",
        status: int = 400,
    ) -> Refusal:
        """Return the refusal of one field: where it stands, its JSON pointer, and what is wrong with it."""
        detail = {"location": location, "field": pointer, "issue": issue}
        if value is not None:
            detail["value"] = value
        return cls(status, code, f"{location} {pointer}: {issue}", detail)

    def reply(self) -> Reply:
        """Return the answer in the error form of APIv3."""
        content: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail:
            content["detail"] = self.detail
        return Reply.of(content, self.status)


def internal_error(error: Exception) -> Refusal:
    """Log an error of the sandbox itself, and return the response for it."""
    logger.error("the sandbox could not answer", exc_info=error)
    return Refusal(500, "SYSTEM_ERROR", f"the sandbox could not answer: {type(error).__name__}: {error}")


def as_json(value: Any) -> bytes:
    """Return compact JSON in UTF-8, as the platform writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def pointer(*names: str | int) -> str:
    """Return the JSON pointer of a field."""
    return "".join(f"/{name}" for name in names)
