"""
One connection of a :class:`chainable.DirectTransport`: HTTP/1.1 on a socket, with a deadline over every wait.

The end of a header block and of a body with ``Content-Length`` is found here;
httptools parses the header blocks and the chunks.  A response whose fields
disagree on where it ends is refused.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from email.message import Message
from typing import TYPE_CHECKING, Any, NamedTuple

from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict
from urllib3.exceptions import IncompleteRead
from urllib3.util.connection import allowed_gai_family
from urllib3.util.wait import wait_for_read

from chainable.extras import extra

with extra("direct", "httptools"):
    import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from chainable.connections import Deadline

__all__ = ["Body", "DirectConnection", "Head", "raw_response"]

_CHUNK = 64 * 1024  # bytes sent or received under one timeout
_LONGEST_HEAD = 64 * 1024  # bytes of a header block
_MOST_FIELDS = 99  # as many as http.client takes
_INTERIM = 20  # interim responses before the final one
_BLANK = b"\r\n\r\n"
_START = b"HTTP/1."
_LAST_CHUNK = b"0\r\n\r\n"
_BODILESS = {http.client.NO_CONTENT, http.client.NOT_MODIFIED}


class Head(NamedTuple):
    """
    The header of a final response.

    Attributes:
        status: The HTTP status.
        reason: The reason phrase.
        fields: The header fields as they were sent.
        headers: By name in lower case: the name as it was sent first, and the values joined by commas.
        length: The bytes of the body; None if its chunks or the end of the connection end it.
        chunks: What parses the chunks of the body; None if it has none.
        is_last: The server closes the connection after this response.
    """

    status: int
    reason: str
    fields: list[tuple[str, str]]
    headers: dict[str, tuple[str, str]]
    length: int | None
    chunks: tuple[_Events, Any] | None
    is_last: bool


class _Events:
    """Collects what httptools reports about one message."""

    __slots__ = ("body", "fields", "is_complete", "is_followed", "reason")

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.reason = ""
        self.body: list[bytes] = []
        self.is_complete = False
        self.is_followed = False

    def on_message_begin(self) -> None:
        if self.is_complete:
            self.is_followed = True

    def on_status(self, text: bytes) -> None:
        self.reason = text.decode("latin-1").strip()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, piece: bytes) -> None:
        if not self.is_complete:
            self.body.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True


class DirectConnection:
    """
    A connected socket, and the attempt that it serves.

    Attributes:
        deadline: The limits of the attempt.
        rest: The bytes that were received after the last header block.
        idle_since: When the last response ended, on the monotonic clock.
        is_cut: TLS ended without its closing alert: bytes of the response may be missing.
    """

    __slots__ = ("_sock", "_timeout", "deadline", "idle_since", "is_cut", "rest")

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock = sock
        self._timeout: float | None = sock.gettimeout()
        self.deadline = deadline
        self.rest = b""
        self.idle_since = 0.0
        self.is_cut = False

    @classmethod
    def open(
        cls, host: str, port: int, context: ssl.SSLContext | None, seconds: float, deadline: Deadline
    ) -> DirectConnection:
        """
        Connect to the first address of a host that accepts.

        Args:
            host: The host; its certificate must be for this name.
            port: The port.
            context: The TLS context; None for plain HTTP.
            seconds: The time to connect to one address, and for the handshake.
            deadline: The limits of the attempt. The system's resolver cannot be interrupted: it may exceed them.

        Raises:
            OSError: No address accepts, or the handshake fails.
        """
        sock = _connect(host, port, seconds, deadline)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                sock.settimeout(min(seconds, deadline.remaining()))
                sock = context.wrap_socket(
                    sock,
                    server_hostname=host.rstrip("."),
                    do_handshake_on_connect=False,
                    suppress_ragged_eofs=False,
                )
                sock.do_handshake()
            return cls(sock, deadline)
        except BaseException:
            sock.close()
            raise

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def has_unread_bytes(self) -> bool:
        """Return True if anything has arrived that no response has read: bytes, or the end of the connection."""
        sock = self._sock
        return bool(getattr(sock, "pending", int)()) or wait_for_read(sock, 0.0)

    def _apply_timeout(self) -> None:
        seconds = self.deadline.patience()
        if seconds != self._timeout:
            self._sock.settimeout(seconds)
            self._timeout = seconds

    def send(self, head: bytes, body: bytes) -> bool:
        """
        Send a request; a short one leaves in one packet.

        Returns:
            False if the server closed the connection before it read all. It may have responded.
        """
        try:
            if len(body) < _CHUNK:
                self._apply_timeout()
                self._sock.sendall(head + body)
                return True
            self._apply_timeout()
            self._sock.sendall(head)
            view = memoryview(body)
            for start in range(0, len(body), _CHUNK):
                self._apply_timeout()
                self._sock.sendall(view[start : start + _CHUNK])
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):  # the last is what TLS makes of both
            return False
        return True

    def receive(self) -> bytes:
        """Return the bytes that arrive next; none at the end of the connection."""
        self._apply_timeout()
        try:
            piece: bytes = self._sock.recv(_CHUNK)
        except ssl.SSLEOFError:
            self.is_cut = True
            return b""
        return piece

    def receive_into(self, view: memoryview) -> int:
        """Write the bytes that arrive next into a buffer, and return their number; 0 at the end of the connection."""
        self._apply_timeout()
        try:
            count: int = self._sock.recv_into(view)
        except ssl.SSLEOFError:
            self.is_cut = True
            return 0
        return count

    def read_head(self, method: str) -> Head:
        """
        Read the header of the final response, after any interim ones (RFC 9110, 15.2).

        Args:
            method: The method of the request.

        Raises:
            OSError: The connection failed.
            http.client.HTTPException: The header cannot be understood, or is too long.
        """
        for _ in range(_INTERIM + 1):
            events = _Events()
            parser = httptools.HttpResponseParser(events)
            try:
                _feed(parser, self._read_block())
                status = parser.get_status_code()
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                if parser.get_status_code() == http.client.SWITCHING_PROTOCOLS:
                    raise http.client.HTTPException(
                        "the server switches protocols, which the request did not ask for"
                    ) from None
                raise http.client.HTTPException(f"the response is malformed: {error}") from None
            if len(events.fields) > _MOST_FIELDS:
                raise http.client.HTTPException(f"a response has more than {_MOST_FIELDS} header fields")
            if status >= 200:
                return _head(method, status, events, parser)
            if status < 100 or status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.HTTPException(f"the status {status} is not one of a response to this request")
        raise http.client.HTTPException(f"more than {_INTERIM} interim responses")

    def _read_block(self) -> bytes:
        """Return one header block with its blank line; what follows is the new rest."""
        data = self.rest
        end = data.find(_BLANK)
        while end < 0:
            if len(data) > _LONGEST_HEAD:
                break
            if data and (not data.startswith(_START[: len(data)]) or b"\n\n" in data):
                raise http.client.HTTPException("the response does not begin as HTTP/1.1 does")
            piece = self.receive()
            if not piece:
                if data:
                    raise http.client.HTTPException("the response ends inside its header")
                raise http.client.RemoteDisconnected("the server closed the connection without a response")
            begun = len(data)
            data += piece
            end = data.find(_BLANK, max(0, begun - 3))
        if not 0 <= end <= _LONGEST_HEAD:
            raise http.client.HTTPException(f"the header of a response is longer than {_LONGEST_HEAD} bytes")
        end += len(_BLANK)
        self.rest = data[end:]
        if not data.startswith(_START):
            raise http.client.HTTPException("the response does not begin as HTTP/1.1 does")
        return data[:end]


def _connect(host: str, port: int, seconds: float, deadline: Deadline) -> Any:
    failure: OSError = OSError(f"the resolver knows no address of {host}")
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(found):
        sock: Any = None
        try:
            sock = socket.socket(family, kind, protocol)
            # A dead one leaves time for the next.
            sock.settimeout(min(seconds, deadline.remaining() / (len(found) - number)))
            sock.connect(address)
        except OSError as error:
            failure = error
            if sock is not None:
                sock.close()
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        else:
            return sock
    raise failure


def _feed(parser: Any, data: Buffer) -> None:
    """Feed a parser; an interrupt inside a callback, which httptools reports as an error of its own, passes."""
    try:
        parser.feed_data(data)
    except httptools.HttpParserCallbackError as error:
        raise (error.__context__ or error) from None


def _head(method: str, status: int, events: _Events, parser: Any) -> Head:
    """Return the header of a final response; raise HTTPException if its fields disagree on where the body ends."""
    headers: dict[str, tuple[str, str]] = {}
    for field in events.fields:
        key = field[0].lower()
        if key in headers:
            name, value = headers[key]
            headers[key] = (name, f"{value}, {field[1]}")
        else:
            headers[key] = field
    is_last = parser.get_http_version() != "1.1"
    if "connection" in headers:
        tokens = headers["connection"][1].lower().split(",")
        is_last = is_last or any(token.strip() == "close" for token in tokens)
    length: int | None = None
    chunks: tuple[_Events, Any] | None = None
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"][1].lower() != "chunked" or status in _BODILESS:
            raise http.client.HTTPException("Transfer-Encoding is other than chunked, or there can be no body")
        chunks = events, parser
    elif "content-length" in headers:
        length = int(headers["content-length"][1])  # httptools accepts one field with digits only
    if method == "HEAD" or status in _BODILESS:
        length, chunks = 0, None
    return Head(status, events.reason, events.fields, headers, length, chunks, is_last)


class Body(io.RawIOBase):
    """
    The body of a response, a file that reads it from its connection.

    At the end of the body the connection is returned, or closed if it cannot be
    used again.

    Args:
        connection: The connection; its rest is the beginning of the body.
        head: The header of the response.
        keep: Called with the connection if the next response can follow on it.
    """

    _connection: DirectConnection | None = None  # io closes every object, even one that was never made whole

    def __init__(
        self, connection: DirectConnection, head: Head, keep: Callable[[DirectConnection], object] | None
    ) -> None:
        self._connection = connection
        self._keep = None if head.is_last else keep
        self._left = head.length  # bytes
        self._chunks = head.chunks
        self._start, connection.rest = memoryview(connection.rest), b""
        self._decoded = memoryview(b"")  # bytes of chunks
        self._tail = b""
        if self._left == 0:
            self._finish(is_exact=not self._start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer, whose deadline is that of all its bytes; fewer come only at the end. An error closes."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            count = self._read_piece(view[done:])
            if not count:
                break
            done += count
        return done

    def read1(self, size: int = -1, /) -> bytes:
        """Return the bytes that arrive next, at most this number."""
        buffer = memoryview(bytearray(_CHUNK if size < 0 else size))
        return bytes(buffer[: self._read_piece(buffer)])

    def _read_piece(self, view: memoryview) -> int:
        """Read the next bytes; 0 at the end. An error closes the connection."""
        try:
            if self._chunks is not None:
                return self._read_chunks(*self._chunks, view)
            if self._connection is None or not view:
                return 0
            return self._read_plain(self._connection, view)
        except BaseException:
            self._drop()
            raise

    def _read_plain(self, connection: DirectConnection, view: memoryview) -> int:
        if self._left is not None:
            view = view[: self._left]
        if self._start:
            count = min(len(self._start), len(view))
            view[:count] = self._start[:count]
            self._start = self._start[count:]
        else:
            count = connection.receive_into(view)
        if self._left is None:
            if not count:
                if connection.is_cut:
                    raise http.client.HTTPException("TLS ended without its closing alert: the body may be cut")
                self._finish(is_exact=False)
            return count
        if not count:
            raise IncompleteRead(0, self._left)
        self._left -= count
        if not self._left:
            self._finish(is_exact=not self._start)
        return count

    def _read_chunks(self, events: _Events, parser: Any, view: memoryview) -> int:
        while not self._decoded and self._connection is not None:
            piece = self._start or self._connection.receive()
            self._start = memoryview(b"")
            if not piece:
                raise http.client.HTTPException("the response ends inside its chunks")
            try:
                _feed(parser, piece)
            except httptools.HttpParserError as error:
                if not events.is_complete:
                    raise http.client.HTTPException(f"the chunks of the response are malformed: {error}") from None
                events.is_followed = True
            self._tail = (self._tail + bytes(piece[-len(_LAST_CHUNK) :]))[-len(_LAST_CHUNK) :]
            self._decoded = memoryview(b"".join(events.body))
            events.body.clear()
            if events.is_complete:
                # httptools does not say where the body ended: nothing may follow the last chunk.
                self._finish(is_exact=self._tail == _LAST_CHUNK and not events.is_followed)
        count = min(len(self._decoded), len(view))
        view[:count] = self._decoded[:count]
        self._decoded = self._decoded[count:]
        return count

    def _finish(self, *, is_exact: bool) -> None:
        """Return the connection after the last byte of the body; close it if more bytes follow, or the server will."""
        connection, keep = self._connection, self._keep
        if connection is not None and keep is not None and is_exact:
            self._connection = self._keep = None
            keep(connection)
        else:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        self._drop()
        self._chunks = None
        super().close()


class _Original:
    """What requests and urllib3 ask the response of ``http.client`` for."""

    def __init__(self, method: str, fields: list[tuple[str, str]], body: Any) -> None:
        self._method = method
        self._fields = fields
        self._body = body

    @property
    def msg(self) -> Message:
        """The header fields; requests reads cookies from them."""
        message = Message()
        for name, value in self._fields:
            message[name] = value
        return message

    def isclosed(self) -> bool:
        """Return whether the body was closed."""
        return bool(self._body.closed)

    def close(self) -> None:
        """Close the body."""
        self._body.close()


class _RawResponse(HTTPResponse):
    """A response whose body was read: made in full only when one of its members is read, which is rare."""

    # The finaliser of io objects reads both, also of a response that was never made in full.
    auto_close = True
    _fp = None

    def __init__(self, method: str, head: Head) -> None:
        vars(self)["_of"] = method, head

    def __getattr__(self, name: str) -> Any:
        of: tuple[str, Head] | None = vars(self).pop("_of", None)
        if of is None:
            raise AttributeError(name)
        body = io.BytesIO()
        body.close()
        method, head = of
        super().__init__(**_settings(method, head, body))
        return getattr(self, name)


def _settings(method: str, head: Head, body: Any) -> dict[str, Any]:
    original: Any = _Original(method, head.fields, body)
    return {
        "body": body,
        "headers": HTTPHeaderDict(head.fields),
        "status": head.status,
        "version": 11,
        "version_string": "HTTP/1.1",
        "reason": head.reason,
        "preload_content": False,
        "original_response": original,
        "request_method": method,
    }


def raw_response(method: str, head: Head, body: Body | None) -> HTTPResponse:
    """Return urllib3's response for a body; None for one that was read."""
    return _RawResponse(method, head) if body is None else HTTPResponse(**_settings(method, head, body))
