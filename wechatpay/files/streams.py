"""The body of an answer, piece by piece, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from chainable import transport

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["beginning", "maybe_sent", "pieces"]

_BUFFER = 256 * 1024
_BEGINNING = 64


class _Rejoined:
    """A body whose beginning was read already, whole again."""

    def __init__(self, start: bytes, raw: Any) -> None:
        self._start = start
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amt: int = _BUFFER, decode_content: bool | None = None) -> Iterator[bytes]:
        """Give the body in pieces."""
        start, self._start = self._start, b""
        if start:
            yield start
        yield from self._raw.stream(amt, decode_content)

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer with the next bytes; 0 at the end."""
        count = len(self._start)
        if count:
            buffer[:count] = self._start
            self._start = b""
            return count
        return _readinto(self._raw, buffer)


def beginning(response: requests.Response) -> bytes:
    """
    Look at the first bytes of a body that is still on the connection.

    The response reads from its beginning afterwards.

    Raises:
        requests.RequestException: The connection broke.
    """
    start = b""
    raw: Any = response.raw
    with _told(response):
        while len(start) < _BEGINNING and (piece := raw.read(_BEGINNING - len(start), decode_content=True)):
            start += piece
    response.raw = _Rejoined(start, raw)
    return start


def pieces(response: requests.Response, *, patience: float | None = None) -> Iterator[memoryview]:
    """
    Give the body, through one buffer: a piece is valid until the next is asked for.

    Args:
        response: Read already, or still on its connection.
        patience: Seconds in which each 256 KiB have to come, so that a body
            which only drips ends as well; None for no such limit.

    Raises:
        requests.RequestException: The connection broke, or the body ended too early.
    """
    if response._content is not False:  # noqa: SLF001 (no public way to ask whether it was read)
        yield memoryview(response.content)
        return
    raw: Any = response.raw
    buffer = memoryview(bytearray(_BUFFER))
    expected = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    done = 0
    complete = False
    try:
        while True:
            if patience is not None:
                transport.extend_deadline(response, patience)
            with _told(response):
                count = _readinto(raw, buffer)
                if not count and transport.ended_early(raw):
                    raise DecodeError
            if not count:
                break
            done += count
            yield buffer[:count]
        complete = encoded or not expected.isdigit() or done == int(expected)
    finally:
        if complete:
            raw.release_conn()
        else:
            raw.close()
    if not complete:
        msg = f"the body ended after {done} of {expected} bytes"
        raise maybe_sent(ChunkedEncodingError(msg, request=response.request))


def _readinto(raw: Any, buffer: memoryview) -> int:
    """
    Read straight from the connection where nothing is compressed.

    urllib3's own ``readinto`` makes a new bytes object for each piece, which
    costs a third of the speed.
    """
    if isinstance(raw, _Rejoined):
        return raw.readinto(buffer)
    connection: Any = getattr(raw, "_fp", None)
    if "Content-Encoding" in raw.headers or not hasattr(connection, "readinto"):
        piece = raw.read(len(buffer), decode_content=True)
        buffer[: len(piece)] = piece
        return len(piece)
    return int(connection.readinto(buffer) or 0)


class _told:  # noqa: N801 (used like contextlib's own)
    """Turns what a broken connection raises into what requests raises."""

    def __init__(self, response: requests.Response) -> None:
        self._request = response.request

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ReadTimeoutError | TimeoutError):
            raise maybe_sent(
                requests.ReadTimeout("the next piece of the body did not come in time", request=self._request)
            ) from None
        if isinstance(error, DecodeError):
            raise maybe_sent(
                ContentDecodingError("the body is damaged: it does not decompress", request=self._request)
            ) from None
        if isinstance(error, HTTPError | OSError | ValueError) or type(error).__module__ == "http.client":
            msg = f"the connection broke inside the body ({type(error).__name__})"
            raise maybe_sent(ChunkedEncodingError(msg, request=self._request)) from None


def maybe_sent(error: requests.RequestException) -> requests.RequestException:
    """Mark a failure inside an answer: the request did arrive."""
    error.maybe_sent = True  # type: ignore[attr-defined]  # the settled name; requests has none
    return error
