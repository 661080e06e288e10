"""
Files from the platform: streamed, unpacked, checked, and there as a whole or not at all.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012124982
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from attrs import frozen
from requests.exceptions import ContentDecodingError

from chainable.call import Call
from chainable.codecs import JSON
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from chainable.masking import safe_repr
from wechatpay.apiv3.errors import refusal
from wechatpay.files.digests import new_digest
from wechatpay.files.statements import StatementVerifier
from wechatpay.files.streams import maybe_sent, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from urllib.parse import SplitResult

    from chainable.response import Response
    from wechatpay.client import WeChatPay
    from wechatpay.files.digests import Digest

__all__ = ["PLATFORM_HOSTS", "Saved", "download"]

PLATFORM_HOSTS = frozenset(
    {
        "api.mch.weixin.qq.com",
        "api2.mch.weixin.qq.com",
        "apihk.mch.weixin.qq.com",
        "apius.mch.weixin.qq.com",
        "api.wechatpay.cn",
        "api2.wechatpay.cn",
    }
)
"""Hosts of the platform's API: a URL out of an answer is signed for these only."""

_STATEMENT_DIGEST = "Wechatpay-Statement-Sha1"
_GZIP = b"\x1f\x8b"
_PIECE = 256 * 1024
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


def download(
    client: WeChatPay,
    source: Response[Any] | str,
    to: str | os.PathLike[str] | IO[bytes],
    *,
    progress: Callable[[int, int | None], object] | None = None,
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
        progress: Is told the bytes received so far and the bytes expected
            (None if unknown), after each piece of up to 256 KiB, which has to
            come within the client's ``deadline``.

    Raises:
        requests.RequestException: The network failed, or the body is damaged.
        APIError: The platform refused.
        SignatureError: The content is not the one the platform vouches for.
        ConfigurationError: The URL is unusable.
        CodecError: The answer leads to no file.
    """
    if isinstance(source, str):
        return _fetched(client, source, None, to, progress, verified=False)
    if not isinstance(source, requests.Response):
        msg = f"download: an answer or a URL was expected, not {type(source).__name__}"
        raise TypeError(msg)
    data = None if source._content is False else source.data  # noqa: SLF001 (no public way to ask whether it was read)
    if not isinstance(data, dict):
        promise = _statement_promise(client, source)
        return _saved(source, to, promise, progress, patience=client._deadline, verified=promise is not None)  # noqa: SLF001
    url = _url(data)
    try:
        return _fetched(client, url, _promised(data), to, progress, verified=source.verified)
    except APIError as error:
        if error.status_code not in _RENEW or source.request.method != "GET":
            raise
    again = _applied_again(client, source)
    return _fetched(client, _url(again.data), _promised(again.data), to, progress, verified=again.verified)


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
    if not isinstance(hash_type, str) or not isinstance(value, str) or not hash_type or not value:
        return None
    return _Promise(hash_type, value.lower())


def _statement_promise(client: WeChatPay, response: requests.Response) -> _Promise | None:
    if not response.headers.get(_STATEMENT_DIGEST):
        return None
    verifier = StatementVerifier(client._verifier, _STATEMENT_DIGEST)  # noqa: SLF001 (the client's own room)
    return _Promise("SHA1", verifier.promised(response))


def _applied_again(client: WeChatPay, source: Response[Any]) -> Response[Any]:
    """Ask once more for the answer whose URL has expired."""
    parts = urlsplit(source.request.url or "")
    origin = f"{parts.scheme}://{parts.netloc}/"
    target = f"{parts.path.removeprefix('/')}?{parts.query}" if parts.query else parts.path.removeprefix("/")
    call = _call(client, (origin + target,), parts.path.removeprefix("/"), stream=False)
    response = client._pipeline.run(call)  # noqa: SLF001 (the client's own room)
    response._data = JSON.decode(response.content)  # noqa: SLF001
    if not isinstance(response.data, dict):
        raise CodecError("the answer that should lead to the file is no JSON object")
    return response


def _fetched(
    client: WeChatPay,
    url: str,
    promise: _Promise | None,
    to: str | os.PathLike[str] | IO[bytes],
    progress: Callable[[int, int | None], object] | None,
    *,
    verified: bool,
) -> Saved:
    """Get a URL and save it; once more from the start if the connection breaks inside the body."""
    urls, label, own = _targets(client, url)
    call = _call(client, urls, label, stream=True, plain=not own)
    restartable = isinstance(to, str | os.PathLike) or to.seekable()
    attempts = call.retries + 1 if restartable else 1
    while True:
        attempts -= 1
        response = client._pipeline.run(call)  # noqa: SLF001 (the client's own room)
        signed = _statement_promise(client, response) if own else None
        try:
            return _saved(
                response,
                to,
                signed or promise,
                progress,
                patience=call.deadline,
                verified=verified or signed is not None,
            )
        except requests.RequestException:
            if attempts <= 0:
                raise


def _targets(client: WeChatPay, url: str) -> tuple[tuple[str, ...], str, bool]:
    """Give where a URL leads from here, its path, and whether it is the platform's own."""
    parts = _split(url)
    path = parts.path.removeprefix("/")
    target = f"{path}?{parts.query}" if parts.query else path
    own = [base for base in (client.base_url, client.backup_url) if base is not None]
    if parts.netloc.lower() in {urlsplit(base).netloc.lower() for base in own}:
        return (f"{parts.scheme}://{parts.netloc}/{target}",), path, True
    if parts.hostname in PLATFORM_HOSTS:
        if client.base_url is not None:  # a sandbox or a forwarder: nothing else is reached
            return tuple(base + target for base in own), path, True
        if parts.scheme != "https":
            msg = "download: the platform's files are fetched by https only"
            raise ConfigurationError(msg)
        return (url,), path, True
    if parts.scheme != "https":
        msg = f"download: {parts.hostname} is a foreign host, and those are asked by https only"
        raise ConfigurationError(msg)
    return (url,), path, False


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in {"http", "https"} and "@" not in parts.netloc
        if usable and url.isascii() and not any(character <= " " for character in url):
            return parts
    except ValueError:
        pass
    msg = "download: this is no URL that can be called"
    raise ConfigurationError(msg)


def _call(client: WeChatPay, urls: tuple[str, ...], label: str, *, stream: bool, plain: bool = False) -> Call:
    headers = {"Accept": "*/*"}
    signer = None if plain else client._signer  # noqa: SLF001 (the client's own room)
    if not plain:
        if signer is None:
            msg = "the platform's files are asked for by APIv3, signed: give private_key= and serial=, or signer="
            raise ConfigurationError(msg)
        headers["Wechatpay-Serial"] = client.own_serial() or client.certificates.default_serial

    def answer(response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        if not 200 <= response.status_code < 300:
            raise refusal(response, name=f"GET {label}", about="", verbs="")
        return response

    return Call(
        verb="GET",
        label=label,
        urls=urls,
        headers=headers,
        body=None,
        signer=signer,
        verifier=None if plain else client._verifier,  # noqa: SLF001
        answer=answer,
        repeatable=True,
        timeout=client._timeout,  # noqa: SLF001
        retries=client._retries,  # noqa: SLF001
        deadline=client._deadline,  # noqa: SLF001
        stream=stream,
    )


def _saved(
    response: requests.Response,
    to: str | os.PathLike[str] | IO[bytes],
    promise: _Promise | None,
    progress: Callable[[int, int | None], object] | None,
    *,
    patience: float,
    verified: bool,
) -> Saved:
    digest = None if promise is None else new_digest(promise.hash_type)
    content = _unpacked(response, _announced(response, progress, patience))
    if isinstance(to, str | os.PathLike):
        path = Path(to)
        size = _into_path(path, content, promise, digest, response)
    else:
        path = None
        size = _into_file(to, content, promise, digest, response)
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
    part = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}.part")
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
    start = file.tell() if file.seekable() else None
    try:
        size = _written(file, content, digest)
        _compare(promise, digest, response)
    except BaseException:
        if start is not None:
            file.seek(start)
            file.truncate()
        raise
    return size


def _written(file: IO[bytes] | Any, content: Iterator[memoryview | bytes], digest: Digest | None) -> int:
    size = 0
    for piece in content:
        if digest is not None:
            digest.update(piece)
        left = memoryview(piece)
        while left:  # an unbuffered file may take less than it is given
            left = left[file.write(left) :]
        size += len(piece)
    return size


def _compare(promise: _Promise | None, digest: Digest | None, response: requests.Response) -> None:
    if promise is not None and digest is not None and digest.hexdigest() != promise.digest:
        msg = f"the file is not the one the platform announced: its {promise.hash_type} is another; it was not kept"
        raise SignatureError(msg, response=response)


def _announced(
    response: requests.Response, progress: Callable[[int, int | None], object] | None, patience: float
) -> Iterator[memoryview]:
    """Give the body, and tell of each piece."""
    if progress is None:
        yield from pieces(response, patience=patience)
        return
    length = response.headers.get("Content-Length", "")
    expected = int(length) if length.isdigit() and "Content-Encoding" not in response.headers else None
    done = 0
    for piece in pieces(response, patience=patience):
        yield piece
        done += len(piece)
        progress(done, expected)


def _unpacked(response: requests.Response, content: Iterator[memoryview]) -> Iterator[memoryview | bytes]:
    """Give what is inside gzip, if that is what came."""
    first: memoryview | bytes = b""
    for piece in content:
        first = bytes(first) + bytes(piece) if first else piece
        if len(first) >= len(_GZIP):
            break
    if bytes(first[:2]) != _GZIP:
        yield first
        yield from content
        return
    unpacker = zlib.decompressobj(wbits=31)
    waiting: memoryview | bytes | None = first
    try:
        while waiting is not None:
            while waiting:
                if unpacker.eof:  # another member follows
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(waiting, _PIECE)
                waiting = unpacker.unconsumed_tail or unpacker.unused_data
            waiting = next(content, None)
    except zlib.error:
        msg = "the file is damaged: it is gzip that does not unpack"
        raise maybe_sent(ContentDecodingError(msg, request=response.request)) from None
    if not unpacker.eof:
        msg = "the file is damaged: its gzip ends too early"
        raise maybe_sent(ContentDecodingError(msg, request=response.request))
