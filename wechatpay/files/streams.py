"""The body of a response, chunk by chunk, in constant memory and within a bound."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import requests
from attrs import define, field
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from chainable.decoding import codings, decoded
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.transport import extend_deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from chainable.connections import Deadline
    from chainable.response import Response

__all__ = ["MAX_SIZE", "Body", "Bound", "damaged", "is_read", "iter_chunks", "maybe_sent", "peek", "read_text"]

MAX_SIZE = 2 * 1024**3
"""Bytes of a download, at most, by default."""

_BUFFER = 256 * 1024
_PEEKED = 64
_LONGEST_TEXT = 1024 * 1024
_MOST_DIGITS = 18
# Deflate expands one byte to 1,032 at most; only nested compression exceeds that.
_MOST_FOLD = 1_100
_ANY_FOLD = 16 * 1024 * 1024


@safe_repr
@define(eq=False)
class Bound:
    """
    The limit for one file, at each layer of its compression, and the bytes that have arrived.

    ``earlier`` has the bytes of the parts before this one, which count as well.
    """

    max_size: int = MAX_SIZE
    arrived: int = 0
    earlier: int = 0

    def check(self, size: int) -> None:
        """
        Compare the size of one layer with the limit.

        Raises:
            CodecError: The size is more than *max_size*, or, above 16 MiB, more than
                a single compression can make of the bytes that arrived.
        """
        if self.earlier + size > self.max_size:
            msg = Words(
                f"the file is larger than max_size, {self.max_size} bytes, as it arrives or unpacked, and was not "
                "kept: if you expect such a file, give a larger max_size=",
                f"文件（下载或解压后）超过 max_size（{self.max_size} 字节），没有保留：如果确实这么大，请调大 max_size",
            )
            raise CodecError(msg)
        if size > _ANY_FOLD and size > self.arrived * _MOST_FOLD:
            msg = Words(
                f"the file unpacks to more than {_MOST_FOLD} times the {self.arrived} bytes that arrived, as if made "
                "to fill a disk, and was not saved: check where its URL leads before you download it again",
                f"文件解压后超过下载的 {self.arrived} 字节的 {_MOST_FOLD} 倍，像是有意占满磁盘，没有保存：重新下载前请核对其地址",
            )
            raise CodecError(msg)

    def limited(self, layer: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the content of a layer; raise as :meth:`check` before the chunk that exceeds the limit."""
        size = 0
        for piece in layer:
            size += len(piece)
            self.check(size)
            yield piece


@define(eq=False)
class _Wire:
    """The bytes as they arrive, with their limits."""

    raw: Any
    request: requests.PreparedRequest | None
    expected: int | None
    attempt_state: Deadline | None
    patience: float | None = None
    bound: Bound | None = None
    progress: Callable[[int, int | None], object] | None = None
    amount: int = _BUFFER
    done: int = 0
    released: bool = False
    buffer: memoryview = field(factory=lambda: memoryview(bytearray(_BUFFER)))

    def chunks(self) -> Iterator[memoryview]:
        """Yield the body as it was sent; a chunk is valid until the next one."""
        try:
            while True:
                if self.patience is not None:
                    extend_deadline(self, self.patience)
                with _as_requests_errors(self.request):
                    count = _readinto(self.raw, self.buffer[: self.amount])
                if not count:
                    break
                self.done += count
                if self.bound is not None:
                    self.bound.arrived = self.done
                    self.bound.check(self.done)
                yield self.buffer[:count]
                if self.progress is not None:
                    self.progress(self.done, self.expected)
            if self.expected is None or self.done == self.expected:
                self.released = True
                getattr(self.raw, "_fp", self.raw).close()  # Sentry ends its span here: it does not see ``readinto``
                getattr(self.raw, "release_conn", self.raw.close)()  # that of vcrpy 8 has no connection
        finally:
            self.close()
        if not self.released:
            msg = Words(
                f"the body ended after {self.done} of {self.expected} bytes",
                f"正文共 {self.expected} 字节，收到 {self.done} 字节就结束了",
            )
            raise maybe_sent(ChunkedEncodingError(msg, request=self.request))

    def decoded(self, names: tuple[str, ...]) -> Iterator[memoryview | bytes]:
        """Yield the decoded body, each coding within the bound."""
        chunks: Iterator[memoryview | bytes] = self.chunks()
        for name in names:
            chunks = self._limited(decoded(chunks, name))
        try:
            yield from chunks
        except DecodeError as error:
            raise damaged(Words("body", "正文"), error, self.request) from None

    def _limited(self, layer: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a layer within the current bound; ``Bound.limited`` has one from the start."""
        size = 0
        for piece in layer:
            size += len(piece)
            if self.bound is not None:
                self.bound.check(size)
            yield piece

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        if not self.released:
            self.raw.close()


class Body:
    """
    The body of a response that is still on its connection.

    Replaces ``response.raw`` once its beginning was read.  Unlike urllib3, it
    decodes each content coding in constant memory, within a bound, and to its end.
    """

    def __init__(self, response: requests.Response) -> None:
        # A reference to the response would be a cycle, which keeps the connection until garbage collection.
        headers: Mapping[str, str] = response.headers
        state: Deadline | None = getattr(response, "attempt_state", None)
        self.wire = _Wire(response.raw, response.request, content_length(headers), state)
        self._start = b""
        try:
            self._rest = self.wire.decoded(codings(headers.get("Content-Encoding", "")))
        except CodecError:
            self.wire.close()
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wire.raw, name)

    def peek(self, size: int) -> bytes:
        """Return the first bytes of the body: *size* of them, or all if there are fewer."""
        self.wire.amount, self.wire.bound = size, Bound(_LONGEST_TEXT)
        while len(self._start) < size and (piece := next(self._rest, None)) is not None:
            self._start += piece
        self.wire.amount, self.wire.bound = _BUFFER, None
        return self._start[:size]

    def views(self) -> Iterator[memoryview | bytes]:
        """Yield the rest of the body; a chunk is valid until the next one."""
        start, self._start = self._start, b""
        if start:
            yield start
        yield from self._rest

    def stream(self, amt: int = _BUFFER, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the rest of the body, decoded, in chunks of at most *amt* bytes."""
        del decode_content
        for piece in self.views():
            for at in range(0, len(piece), amt):
                yield bytes(piece[at : at + amt])


def content_length(headers: Mapping[str, str]) -> int | None:
    """Return ``Content-Length`` in bytes; None if it is missing or unusable."""
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def is_read(response: requests.Response) -> bool:
    """Return whether the body was read; ``response.content`` would read it."""
    return response._content is not False  # noqa: SLF001 (requests has no public name for it)


def peek(response: requests.Response) -> bytes:
    """
    Return the first 64 bytes of a body on its connection; the response can still be read from its beginning.

    Raises:
        requests.RequestException: The connection broke, or the body is damaged.
        CodecError: The body is compressed in a way that was not requested, or
            its first MiB unpacks to nothing.
    """
    body = Body(response)
    try:
        start = body.peek(_PEEKED)
    except CodecError:
        body.wire.close()
        raise CodecError(
            Words(
                "the body has nothing in its first 1 MiB, as if made to keep its reader busy",
                "正文的前 1 MiB 解压后没有内容，像是有意拖住读取方",
            )
        ) from None
    response.raw = body
    return start


def read_text(response: Response[Any]) -> bytes:
    """Read a whole short body, which becomes ``response.content``; raise CodecError if it is larger than 1 MiB."""
    if not is_read(response):
        try:
            response.set_content(b"".join(map(bytes, iter_chunks(response, bound=Bound(_LONGEST_TEXT)))))
        except CodecError:
            raise CodecError(
                Words(
                    "text came in place of a file, and it is larger than 1 MiB", "收到的是文本而不是文件，且超过 1 MiB"
                )
            ) from None
    return response.content


def iter_chunks(
    response: requests.Response,
    *,
    patience: float | None = None,
    bound: Bound | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> Generator[memoryview | bytes]:
    """
    Yield the decoded body; a chunk is valid until the next one.

    Args:
        response: A response that was read, or whose body is on its connection.
        patience: Seconds in which each 256 KiB have to arrive, so that a very
            slow body ends; None for no limit.
        bound: Limits the bytes that arrive, and what each content coding unpacks to.
        progress: Called after each chunk with the bytes received and the
            bytes expected (None if unknown).

    Raises:
        requests.RequestException: The connection broke, the body ended too
            early, or it does not decompress.
        CodecError: The body exceeds the bound, or is compressed in a way that
            was not requested.
    """
    bound = Bound() if bound is None else bound
    if is_read(response):
        content = response.content
        bound.arrived = len(content)
        bound.check(bound.arrived)
        yield memoryview(content)
        if progress is not None:
            progress(len(content), len(content))
        return
    body = response.raw if isinstance(response.raw, Body) else Body(response)
    wire = body.wire
    wire.patience, wire.bound, wire.progress = patience, bound, progress
    try:
        bound.arrived = wire.expected or 0
        bound.check(bound.arrived)  # before the first byte is written
        bound.arrived = wire.done
        yield from body.views()
    finally:
        wire.close()


def _readinto(raw: Any, buffer: memoryview) -> int:
    """Read without decoding; urllib3's ``readinto`` makes a bytes object for each chunk, a third slower."""
    connection: Any = getattr(raw, "_fp", None)
    if not hasattr(connection, "readinto"):
        # The read() of vcrpy 8's responses takes a size alone.
        plain = {"decode_content": False} if "decode_content" in signature(raw.read).parameters else {}
        piece = raw.read(len(buffer), **plain)
        buffer[: len(piece)] = piece
        return len(piece)
    return int(connection.readinto(buffer) or 0)


class _as_requests_errors:  # noqa: N801 (a context manager, used like those of contextlib)
    """Raises the errors of a broken connection as those of requests."""

    def __init__(self, request: requests.PreparedRequest | None) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ReadTimeoutError | TimeoutError):
            raise maybe_sent(
                requests.ReadTimeout(
                    Words("the next piece of the body did not come in time", "下一段正文没有按时到达"),
                    request=self._request,
                )
            ) from None
        if isinstance(error, HTTPError | OSError | ValueError) or type(error).__module__ == "http.client":
            msg = Words(
                f"the connection broke inside the body ({type(error).__name__})",
                f"连接在正文传输中断开（{type(error).__name__}）",
            )
            raise maybe_sent(ChunkedEncodingError(msg, request=self._request)) from None


def damaged(what: Words, error: DecodeError, request: requests.PreparedRequest | None) -> requests.RequestException:
    """Build requests' error for a body or a file that does not decompress."""
    reason = Words("it does not decompress", "无法解压")
    if "too early" in str(error):
        reason = Words("its compression ends too early", "压缩数据不完整")
    message = Words(f"the {what} is damaged: {reason}", f"{what.zh}已损坏：{reason.zh}")
    return maybe_sent(ContentDecodingError(message, request=request))


def maybe_sent(error: requests.RequestException) -> requests.RequestException:
    """Mark a failure inside a response: the request has arrived."""
    error.maybe_sent = True  # type: ignore[attr-defined]  # the settled name; requests has none
    return error
