"""Requests as they arrived, before any check."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from attrs import field, frozen
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.journal import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from starlette.types import Receive, Scope

__all__ = ["Request", "receive_whole"]

MAX_PART = 16 * 1024 * 1024
RAW = ("application/json", "text/xml", "application/xml", "text/plain", "application/octet-stream")


@frozen(kw_only=True)
class Request:
    """
    One HTTP request.

    Attributes:
        verb: The HTTP verb.
        path: Without the query.
        parameters: The text parameters of query and form together.
        files: File parts; they are never signed.
        body: The raw body of a call that has one: signed behind the parameters.
        headers: Names in lower case.
        multipart: True for an upload's content type.
    """

    verb: str
    path: str
    parameters: dict[str, str] = field(repr=False)
    files: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(repr=False)
    multipart: bool = False

    @classmethod
    async def read(cls, scope: Scope, whole: bytes) -> Request:
        """
        Parse a request.

        Raises:
            GatewayError: 47 for what is not UTF-8, 43 for a name given twice or a body that cannot be read.
        """
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        essence, _, rest = headers.get("content-type", "").partition(";")
        essence = essence.strip().lower()
        if "charset=" in rest.lower() and "utf-8" not in rest.lower():
            raise GatewayError(
                47, "isv.invalid-encoding", f"the body must be UTF-8, its content type says {rest.strip()}"
            )
        pairs = _pairs(scope["query_string"], "query")
        files: tuple[Upload, ...] = ()
        body = b""
        if essence == "multipart/form-data":
            text, files = await _multipart(scope, whole)
            pairs += text
        elif essence in RAW:
            body = whole
        else:
            pairs += _pairs(whole, "form")
        return cls(
            verb=scope["method"],
            path=scope["path"],
            parameters=_once(pairs),
            files=files,
            body=body,
            headers=headers,
            multipart=essence == "multipart/form-data",
        )


async def receive_whole(receive: Receive, limit: int) -> bytes | None:
    """
    Read a request's body.

    Args:
        receive: ASGI's.
        limit: The largest body taken, bytes.

    Returns:
        The body, None when the caller went away.

    Raises:
        OverflowError: It is larger than the limit.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            refused = f"the body is larger than {limit} bytes"
            raise OverflowError(refused)
        if not message.get("more_body", False):
            return b"".join(chunks)


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


async def _multipart(scope: Scope, whole: bytes) -> tuple[list[tuple[str, str]], tuple[Upload, ...]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield whole
        yield b""

    try:
        form = await MultiPartParser(Headers(scope=scope), stream(), max_part_size=MAX_PART).parse()
    except (MultiPartException, KeyError, LookupError, UnicodeError) as error:
        raise GatewayError(43, "isv.invalid-multipart", f"the multipart body cannot be read: {error}") from None
    pairs: list[tuple[str, str]] = []
    files: list[Upload] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            kind = value.content_type or "application/octet-stream"
            files.append(Upload(name, value.filename or "", kind, content))
        else:
            pairs.append((name, value))
    return pairs, tuple(files)
