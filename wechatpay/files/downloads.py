"""
Files from the platform: streamed, unpacked, checked, and there as a whole or not at all.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012124982
"""

from __future__ import annotations

import io
import os
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import requests
from attrs import frozen
from urllib3.exceptions import DecodeError

from chainable.call import Call
from chainable.codecs import JSON
from chainable.decoding import decoded
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from chainable.masking import safe_repr
from chainable.options import whole
from wechatpay.apiv3.errors import refusal
from wechatpay.files.addresses import PLATFORM_HOSTS, Route, route
from wechatpay.files.digests import new_digest
from wechatpay.files.statements import StatementVerifier
from wechatpay.files.streams import MAX_SIZE, Bound, damaged, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from chainable.response import Response
    from wechatpay.client import WeChatPay
    from wechatpay.files.digests import Digest

__all__ = ["PLATFORM_HOSTS", "Saved", "download"]

_STATEMENT_DIGEST = "Wechatpay-Statement-Sha1"
_GZIP = b"\x1f\x8b"
_RENEW = frozenset({400, 403, 404, 410})
"""What a download URL answers with that has expired."""


@safe_repr
@frozen
class Saved:
    """
    What was saved.

    Attributes:
        path: Where, if it was saved under a name.
        size: Bytes of the file, unpacked.
        hash_type: The algorithm of the digest that was checked, or None.
        digest: That digest, lower-case hex, or None.
        verified: The platform vouches for the content: a digest out of a
            verified answer, or a signed one, is that of the file.
    """

    path: Path | None
    size: int
    hash_type: str | None
    digest: str | None
    verified: bool


@frozen
class _Promise:
    """What the platform said of the content before it came."""

    hash_type: str
    digest: str


@frozen
class _Job:
    """The options of one download."""

    client: WeChatPay
    to: str | os.PathLike[str] | IO[bytes]
    progress: Callable[[int, int | None], object] | None
    max_size: int


def download(
    client: WeChatPay,
    source: Response[Any] | str,
    to: str | os.PathLike[str] | IO[bytes],
    *,
    progress: Callable[[int, int | None], object] | None = None,
    max_size: int = MAX_SIZE,
) -> Saved:
    """
    Save a file of the platform.

    Args:
        client: Whose file it is.
        source: An answer with a ``download_url`` (and ``hash_type``,
            ``hash_value``); an answer that is the file, best asked for with
            ``stream=True``; or a URL out of an answer.
        to: A path, or a file open for writing bytes. A path holds the whole
            file or what it held before. A file gets the content at its
            position; after a failure it is cut back there, if it can seek.
        progress: Called with the bytes received so far and the bytes expected
            (None if unknown), after each piece of up to 256 KiB, which has to
            come within the client's ``deadline``.
        max_size: Bytes that may arrive, and that they may unpack to, at each
            layer of compression; no byte beyond it is written.

    Raises:
        requests.RequestException: The network failed, or the body is damaged.
        APIError: The platform refused.
        SignatureError: The content is not the one the platform vouches for.
        ConfigurationError: The URL or an option is unusable.
        CodecError: The answer leads to no file, or the file is larger than *max_size*.
    """
    job = _Job(client, _target(to), progress, whole("max_size", max_size, least=1))
    if isinstance(source, str):
        return _fetched(job, source, None, verified=False)
    if not isinstance(source, requests.Response):
        msg = f"download: an answer or a URL was expected, not {type(source).__name__}"
        raise TypeError(msg)
    data = None
    if source._content is not False:  # noqa: SLF001 (no public way to ask whether it was read)
        data = getattr(source, "data", None)
        _refuse_no_file(source, data)
    elif source.raw is None:
        raise CodecError("download: this answer has no body, neither read nor on a connection")
    if not isinstance(data, dict):
        try:
            promise = _statement_promise(client, source)
        except SignatureError:
            source.close()
            raise
        return _saved(job, source, promise, patience=client._deadline, verified=promise is not None)  # noqa: SLF001 (the client's own room)
    url = _url(data)
    try:
        return _fetched(job, url, _promised(data), verified=source.verified)
    except APIError as error:
        again = _applied_again(client, source) if error.status_code in _RENEW else None
        if again is None:
            raise
    return _fetched(job, _url(again.data), _promised(again.data), verified=again.verified)


def _target(to: Any) -> str | os.PathLike[str] | IO[bytes]:
    if isinstance(to, str | os.PathLike):
        return to
    if isinstance(to, io.TextIOBase):
        raise TypeError("download: the file is open as text; open it with 'wb'")
    if not hasattr(to, "write"):
        msg = f"download: to: a path or a file open for writing bytes was expected, not {type(to).__name__}"
        raise TypeError(msg)
    file: IO[bytes] = to
    return file


def _refuse_no_file(source: requests.Response, data: Any) -> None:
    """Refuse an answer that was read and is not a file, nor leads to one."""
    if not source.content:
        raise CodecError("download: this answer is empty: is the file ready yet?")
    if data is not None and not isinstance(data, dict | bytes | str):
        msg = f"download: this answer is a JSON {type(data).__name__}, not a file, and has no download_url"
        raise CodecError(msg)


def _url(data: Mapping[str, Any]) -> str:
    url = data.get("download_url")
    if not isinstance(url, str) or not url:
        msg = (
            f"this answer has no download_url (it has {', '.join(map(str, data)) or 'nothing'}): is the file ready yet?"
        )
        raise CodecError(msg)
    return url


def _promised(data: Mapping[str, Any]) -> _Promise | None:
    hash_type, value = data.get("hash_type"), data.get("hash_value")
    if not isinstance(hash_type, str) or not isinstance(value, str) or not hash_type.strip() or not value.strip():
        return None
    return _Promise(hash_type, value.strip().lower())


def _statement_promise(client: WeChatPay, response: requests.Response) -> _Promise | None:
    if not response.headers.get(_STATEMENT_DIGEST):
        return None
    verifier = StatementVerifier(client._verifier, _STATEMENT_DIGEST)  # noqa: SLF001 (the client's own room)
    return _Promise("SHA1", verifier.promised(response))


def _applied_again(client: WeChatPay, source: Response[Any]) -> Response[Any] | None:
    """Ask once more for the answer whose URL has expired; None where that must not be asked again."""
    request = source.request
    if request is None or request.method != "GET":
        return None
    try:
        way = route(client, request.url or "")
    except ConfigurationError:  # of another client's origin, or not a URL that leaves as it is written
        return None
    if not way.signed:
        return None
    response = client.run(_call(client, way, stream=False))
    response._data = JSON.decode(response.content)  # noqa: SLF001
    if not isinstance(response.data, dict):
        raise CodecError("the answer that should lead to the file is no JSON object")
    return response


def _fetched(job: _Job, url: str, promise: _Promise | None, *, verified: bool) -> Saved:
    """Get a URL and save it; once more from the start if the connection breaks inside the body."""
    client = job.client
    way = route(client, url)
    call = _call(client, way, stream=True)
    restartable = isinstance(job.to, str | os.PathLike) or _is_seekable(job.to)
    attempts = call.retries + 1 if restartable else 1
    while True:
        attempts -= 1
        response = client.run(call)
        signed = _statement_promise(client, response) if way.signed else None
        try:
            return _saved(
                job, response, signed or promise, patience=call.deadline, verified=verified or signed is not None
            )
        except requests.RequestException:
            if attempts <= 0:
                raise


def _call(client: WeChatPay, way: Route, *, stream: bool) -> Call:
    headers = {"Accept": "*/*"}
    signer = client._signer if way.signed else None  # noqa: SLF001 (the client's own room)
    if way.signed:
        if signer is None:
            msg = "the platform's files are asked for by APIv3, signed: give private_key= and serial=, or signer="
            raise ConfigurationError(msg)
        headers["Wechatpay-Serial"] = client.own_serial() or client.certificates.default_serial

    def answer(response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        if not 200 <= response.status_code < 300:
            raise refusal(response, name=f"GET {way.label}", about="", verbs="")
        return response

    return Call(
        verb="GET",
        label=way.label,
        urls=way.urls,
        headers=headers,
        body=None,
        signer=signer,
        verifier=client._verifier if way.signed else None,  # noqa: SLF001
        answer=answer,
        repeatable=True,
        timeout=client._timeout,  # noqa: SLF001
        retries=client._retries,  # noqa: SLF001
        deadline=client._deadline,  # noqa: SLF001
        stream=stream,
        foreign=not way.signed,
    )


def _saved(
    job: _Job, response: requests.Response, promise: _Promise | None, *, patience: float, verified: bool
) -> Saved:
    digest = None if promise is None else new_digest(promise.hash_type)
    bound = Bound(job.max_size)
    received = pieces(response, patience=patience, bound=bound, progress=job.progress)
    path = Path(job.to) if isinstance(job.to, str | os.PathLike) else None
    try:
        with closing(received), closing(_unpacked(response, received, bound)) as content:
            if path is not None:
                size = _into_path(path, content, promise, digest, response)
            else:
                size = _into_file(cast("IO[bytes]", job.to), content, promise, digest, response)
    except BaseException:
        if response._content is False:  # noqa: SLF001 (no public way to ask whether it was read)
            response.close()
        raise
    if promise is None or digest is None:
        return Saved(path, size, None, None, verified=False)
    return Saved(path, size, promise.hash_type, promise.digest, verified=verified)


def _into_path(
    path: Path,
    content: Iterator[memoryview | bytes],
    promise: _Promise | None,
    digest: Digest | None,
    response: requests.Response,
) -> int:
    part = path.with_name(f".{path.name[:40]}.{os.urandom(8).hex()}.part")
    try:
        with part.open("xb", buffering=0) as file:
            size = _written(file, content, digest)
        _compare(promise, digest, response)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return size


def _into_file(
    file: IO[bytes],
    content: Iterator[memoryview | bytes],
    promise: _Promise | None,
    digest: Digest | None,
    response: requests.Response,
) -> int:
    start = file.tell() if _is_seekable(file) else None
    try:
        size = _written(file, content, digest)
        _compare(promise, digest, response)
    except BaseException:
        if start is not None:
            file.seek(start)
            file.truncate()
        raise
    return size


def _is_seekable(file: IO[bytes]) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def _written(file: IO[bytes] | Any, content: Iterator[memoryview | bytes], digest: Digest | None) -> int:
    size = 0
    for piece in content:
        if digest is not None:
            digest.update(piece)
        left = memoryview(piece)
        while left:  # an unbuffered file may take less than it is given
            count = file.write(left)
            if count is None and not isinstance(file, io.RawIOBase):
                break  # a writer of the user's own that does not count: it took all
            if not count:
                raise OSError("the file to save to takes no more bytes")
            left = left[count:]
        size += len(piece)
    return size


def _compare(promise: _Promise | None, digest: Digest | None, response: requests.Response) -> None:
    if promise is not None and digest is not None and digest.hexdigest() != promise.digest:
        msg = f"the file is not the one the platform announced: its {promise.hash_type} is another; it was not kept"
        raise SignatureError(msg, response=response)


def _unpacked(
    response: requests.Response, content: Iterator[memoryview | bytes], bound: Bound
) -> Generator[memoryview | bytes]:
    """Yield what is inside gzip, if that is what came."""
    first: memoryview | bytes = b""
    for piece in content:
        first = bytes(first) + bytes(piece) if first else piece
        if len(first) >= len(_GZIP):
            break
    entire = chain((first,), content)
    if bytes(first[:2]) != _GZIP:
        yield from entire
        return
    try:
        yield from bound.watched(decoded(entire, "gzip"))
    except DecodeError as error:
        raise damaged("file", error, response.request) from None
