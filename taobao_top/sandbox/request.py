"""The parameters of a request, before any check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from chainable.sandbox import multipart
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.journal import Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainable.sandbox.http import Request

__all__ = ["TopRequest", "asked", "path_of"]

RAW = ("application/json", "text/xml", "application/xml", "text/plain", "application/octet-stream")
ABSOLUTE = re.compile(r"\w+://[^/]*")


@frozen(kw_only=True)
class TopRequest:
    """
    A request as the gateway reads it.

    Attributes:
        parameters: The text parameters of query and form together.
        files: File parts; they are never signed.
        body: The raw body of a call that has one: signed behind the parameters.
        headers: Names in lower case.
    """

    verb: str
    path: str
    parameters: dict[str, str] = field(repr=False)
    files: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(repr=False)

    @classmethod
    def read(cls, request: Request) -> TopRequest:
        """
        Parse a request.

        Raises:
            GatewayError: 47 for what is not UTF-8, 43 for a name given twice or a body that cannot be read.
        """
        headers = dict(request.headers)
        content_type = headers.get("content-type", "")
        essence, _, rest = content_type.partition(";")
        essence = essence.strip().lower()
        if "charset=" in rest.lower() and "utf-8" not in rest.lower():
            raise GatewayError(
                47, "isv.invalid-encoding", f"the body must be UTF-8, its content type says {rest.strip()}"
            )
        pairs = _pairs(request.query_string.encode("latin-1"), "query")
        files: tuple[Upload, ...] = ()
        body = b""
        if essence == "multipart/form-data":
            text, files = _multipart(content_type, request.body)
            pairs += text
        elif essence in RAW:
            body = request.body
        else:
            pairs += _pairs(request.body, "form")
        return cls(
            verb=request.method,
            path=path_of(request),
            parameters=_once(pairs),
            files=files,
            body=body,
            headers=headers,
        )


def path_of(request: Request) -> str:
    """Return the path, decoded; without the origin that a client may send before it, as to a proxy."""
    return unquote(ABSOLUTE.sub("", request.path, count=1) if "://" in request.path else request.path)


def asked(request: Request) -> dict[str, str]:
    """Return the parameters of the query."""
    return dict(parse_qsl(request.query_string))


def _pairs(raw: bytes, where: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except UnicodeError:
        raise GatewayError(47, "isv.invalid-encoding", f"the {where} must be url-encoded UTF-8") from None
    except ValueError:
        raise GatewayError(43, "isv.too-many-parameters", f"the {where} has more than 10,000 parameters") from None


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise GatewayError(
                43, "isv.duplicate-parameter", f"{name} came twice: send every parameter once", subject=name
            )
        parameters[name] = value
    return parameters


def _multipart(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], tuple[Upload, ...]]:
    try:
        parts = multipart.parse(content_type, body)
        pairs = [(part.name, part.content.decode()) for part in parts if part.filename is None]
    except ValueError as error:
        raise GatewayError(43, "isv.invalid-multipart", f"the multipart body cannot be read: {error}") from None
    files = tuple(
        Upload(part.name, part.filename, part.content_type or "application/octet-stream", part.content)
        for part in parts
        if part.filename is not None
    )
    return pairs, files
