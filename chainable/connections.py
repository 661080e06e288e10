"""
urllib3's connections and pools, with the state of the attempt that they serve.

The state of an attempt (its deadline, its target, its stage) is one object.
It is passed down as the timeout of the request and is set on the connection
that serves the attempt.  It is never looked up by thread, so that greenlets,
signal handlers and nested calls do not share it.
"""

from __future__ import annotations

import errno
import http.client
import io
import queue
import re
import socket
import ssl
import time
from collections import deque
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout
from urllib3.util.connection import allowed_gai_family

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["POOLS", "AttemptState", "Deadline", "Stage"]

IDLE = 7.0  # seconds; the platforms close an idle connection after about 8
_ADDRESSES = 8  # of a host, of which each may take the whole time to connect: a host has rarely more
_CHUNK = 64 * 1024  # bytes sent under one timeout
_INTERIM = 20  # interim responses before the final one
_FIELDS = 100  # so many header fields, interim or final, are too many: http.client counts the blank line
_LINE = 65536  # bytes of a header field
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)\r?\n").fullmatch


class Stage(Enum):
    """How far an attempt got on a connection of this module."""

    UNTOUCHED = "no connection was requested"
    CONNECTING = "nothing was sent"
    SENDING = "bytes of the request may have been sent"


class Deadline:
    """
    The limits of the waits of one attempt.

    Args:
        read: Seconds to wait for each piece that is sent or received.
        expires: The deadline, on the monotonic clock.
    """

    def __init__(self, read: float, expires: float) -> None:
        self.read = read
        self.expires = expires

    def remaining(self) -> float:
        """Return the seconds that are left; raise TimeoutError after the deadline."""
        left = self.expires - time.monotonic()
        if left <= 0:
            msg = "the deadline of the call has passed"
            raise TimeoutError(msg)
        return left

    def patience(self) -> float:
        """Return the seconds that the next wait may take; raise TimeoutError after the deadline."""
        return min(self.remaining(), self.read)


@safe_repr
class AttemptState(Deadline, Timeout):
    """
    The state of one attempt.

    It is a urllib3 Timeout, because the timeout is the only object of the
    caller that requests passes to the pool unchanged.

    Args:
        connect: Seconds to connect.
        read: Seconds to wait for each piece that is sent or received.
        expires: The deadline, on the monotonic clock.

    Attributes:
        target: The target of the request line. It bypasses urllib3, which logs
            targets (the query may hold a session) and normalises their
            percent-encoding (the signature covers the original).
        stage: How far the attempt got.
    """

    def __init__(self, connect: float, read: float, expires: float) -> None:
        Timeout.__init__(self, connect=connect, read=read)
        Deadline.__init__(self, read, expires)
        self.target = ""
        self.stage = Stage.UNTOUCHED

    def clone(self) -> AttemptState:
        """Return this object: urllib3 copies a timeout to start its timer, which one without a total never reads."""
        return self

    def start_connect(self) -> float:
        """Return the time; there is no timer."""
        return time.monotonic()


class _Reader(io.RawIOBase):
    """Reads a socket within the deadline, and counts the bytes."""

    def __init__(self, sock: _Socket) -> None:
        self.sock = sock
        self._raw: Any = sock.plain.makefile("rb", buffering=0)
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        if self.sock.is_cut:
            return 0
        self.sock.apply_timeout()
        try:
            count: int | None = self._raw.readinto(buffer)
        except ssl.SSLEOFError:
            self.sock.is_cut = True
            return 0
        self._received += count or 0
        return count

    def tell(self) -> int:
        """Return the number of bytes received; a buffered reader subtracts those that it still holds."""
        return self._received

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            super().close()


class _Socket:
    """
    A socket whose waits end at the deadline of its attempt.

    Attributes:
        plain: The socket itself.
        state: The attempt that it serves now.
        reusable: The last response was read exactly to its end, so the next
            bytes belong to the next response.
        is_cut: TLS ended without its closing alert: bytes of the response may be missing.
    """

    def __init__(self, plain: Any, state: Deadline) -> None:
        self.plain = plain
        self.state = state
        self.reusable = True
        self.is_cut = False
        self._timeout: float | None = None
        if hasattr(plain, "suppress_ragged_eofs"):
            plain.suppress_ragged_eofs = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def settimeout(self, seconds: float | None) -> None:
        """Ignore urllib3's timeouts: it uses that of connecting also to send."""

    def apply_timeout(self) -> None:
        """Limit the next wait; raise TimeoutError after the deadline."""
        seconds = self.state.patience()
        if seconds != self._timeout:
            self.plain.settimeout(seconds)
            self._timeout = seconds

    def sendall(self, data: Buffer) -> None:
        """Send all data; the timeout applies to each 64 KiB, the deadline to all of it."""
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            self.apply_timeout()
            try:
                self.plain.sendall(view[start : start + _CHUNK])
            except ssl.SSLEOFError as error:  # urllib3 reads the response if the error is that of plain HTTP
                raise BrokenPipeError(errno.EPIPE, "the server closed the connection") from error

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))


def _read_fields(stream: io.BufferedIOBase) -> http.client.HTTPMessage:
    """Read header fields as http.client does, whose parser of e-mail takes ten times as long."""
    lines: list[bytes] = []
    while (line := stream.readline(_LINE + 1)) not in {b"\r\n", b"\n"}:
        if len(line) > _LINE:
            raise http.client.LineTooLong("header line")
        if not line.endswith(b"\n"):  # http.client takes it for whole, without the fields that say where the body ends
            raise http.client.HTTPException("the response ends inside its header")
        lines.append(line)
        if len(lines) >= _FIELDS:
            raise http.client.HTTPException(f"a response has {_FIELDS} header fields or more")
    message = http.client.HTTPMessage()
    for line in lines:
        field = _FIELD(line)
        if field is None:  # folded, or broken: what it means is for that parser to say
            block = b"".join(lines)
            # That parser ends a line at a carriage return alone, others do not (RFC 9112, 2.2).
            if block.count(b"\r") != block.count(b"\r\n"):
                raise http.client.HTTPException("a header field has a carriage return without a line feed")
            return http.client.parse_headers(io.BytesIO(block))
        message.set_raw(field[1].decode(), field[2].decode("iso-8859-1"))
    return message


class _Response(http.client.HTTPResponse):
    """A response that raises if its framing is ambiguous."""

    _ambiguous = False

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status line of the final response, after any interim ones (RFC 9110, 15.2)."""
        for _ in range(_INTERIM + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed lacks it
            if not 100 <= status < 200:
                return version, status, reason
            if not version.startswith("HTTP/1."):
                raise http.client.UnknownProtocol(version)
            if status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.HTTPException("the server switches protocols, which the request did not ask for")
            for _ in range(_FIELDS):
                line = self.fp.readline(_LINE + 1)
                if line in {b"\r\n", b"\n"}:
                    break
                if not line.endswith(b"\n"):
                    raise http.client.HTTPException("an interim response ends inside its header")
            else:
                raise http.client.HTTPException(f"an interim response has more than {_FIELDS} header fields")
        raise http.client.HTTPException(f"more than {_INTERIM} interim responses")

    def begin(self) -> None:
        """Read the header; raise HTTPException if its fields disagree on where the body ends."""
        if self.headers is not None:  # already read
            return
        version, status, reason = self._read_status()
        self.code = self.status = status
        self.reason = reason.strip()
        if version in {"HTTP/1.0", "HTTP/0.9"}:
            self.version = 10
        elif version.startswith("HTTP/1."):
            self.version = 11
        else:
            raise http.client.UnknownProtocol(version)
        self.headers = self.msg = _read_fields(self.fp)
        if self.debuglevel > 0:
            print(*(f"header: {name}: {value}" for name, value in self.headers.items()), sep="\n")  # noqa: T201
        self.chunked = self._is_chunked()
        self.chunk_left = None
        length = self._content_length()
        self._ambiguous = self.chunked and length is not None
        self.length = None if self.chunked else length
        is_head: bool = self._method == "HEAD"  # pyright: ignore[reportAttributeAccessIssue]  # typeshed lacks it
        if is_head or status in {http.client.NO_CONTENT, http.client.NOT_MODIFIED}:
            self.length = 0
        closes: bool = self._check_close()  # pyright: ignore[reportAttributeAccessIssue]  # likewise
        self.will_close = closes or (self.length is None and not self.chunked)

    def _is_chunked(self) -> bool:
        values = self.headers.get_all("Transfer-Encoding", ())
        if values and [value.lower() for value in values] != ["chunked"]:
            raise http.client.HTTPException("Transfer-Encoding is other than chunked")
        return bool(values)

    def _content_length(self) -> int | None:
        lengths = {value.strip() for value in self.headers.get_all("Content-Length", ())}
        if len(lengths) > 1 or not all(value.isascii() and value.isdigit() for value in lengths):
            raise http.client.HTTPException("Content-Length is invalid, or there are several that differ")
        try:
            return int(lengths.pop()) if lengths else None
        except ValueError:  # Python converts no more than 4300 digits.
            raise http.client.HTTPException("Content-Length is too large") from None

    def _close_conn(self) -> None:
        """Close the body, and mark the connection as reusable if nothing follows; raise if the body may be cut."""
        is_cut = False
        buffer: Any = self.fp
        reader = getattr(buffer, "raw", None)
        if isinstance(reader, _Reader):
            complete = self.chunked or not self.length
            reader.sock.reusable = complete and not self._ambiguous and buffer.tell() == reader.tell()
            is_cut = reader.sock.is_cut and complete and self.length is None and not self.chunked
        super()._close_conn()  # type: ignore[misc]  # typeshed lacks it
        if is_cut and not self.closed:  # Closed before its end, it need not be whole.
            raise http.client.HTTPException("TLS ended without its closing alert: the body may be cut")

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:
            raise http.client.HTTPException("a chunk of the response has a negative size")
        data: bytes = super()._safe_read(amt)  # type: ignore[misc]  # typeshed lacks it
        return data


class _Connection(HTTPConnection):
    """A connection that records the stage of its attempt."""

    response_class = _Response
    state: AttemptState | None = None  # None while it is idle
    idle_since: float | None = None
    _buffered: list[Any] | None = None  # the parts of the request that are sent in one packet

    def connect(self) -> None:
        state: Any = self.state
        state.stage = Stage.CONNECTING
        super().connect()
        self.sock = _Socket(self.sock, state)

    def _new_conn(self) -> Any:
        """
        Connect, and leave the socket with the time that a handshake may take.

        urllib3 gives each address of a host the whole time to connect, and the handshake as well.
        """
        state: Any = self.state
        seconds: Any = self.timeout
        self.timeout = self._time_for_each_address(seconds, state.remaining())
        try:
            sock = super()._new_conn()
        finally:
            self.timeout = seconds
        try:
            sock.settimeout(min(seconds, state.remaining()))
        except BaseException:
            sock.close()
            raise
        return sock

    def _time_for_each_address(self, seconds: float, left: float) -> float:
        if seconds * _ADDRESSES <= left:
            return seconds
        found: list[Any] = []
        with suppress(OSError, UnicodeError):  # which connecting reports
            found = socket.getaddrinfo(self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        return min(seconds, left / max(1, len(found)))

    def _tunnel(self) -> None:
        """Ask a proxy for a tunnel; urllib3 waits for each piece of its response, however many there are."""
        state: Any = self.state
        seconds: Any = self.timeout
        plain: Any = self.sock
        bounded: Any = _Socket(plain, Deadline(seconds, state.expires))
        self.sock = bounded
        super()._tunnel()
        self.sock = plain
        plain.settimeout(min(seconds, state.remaining()))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        sock: Any = self.sock
        state: Any = self.state
        sock.state = state
        sock.reusable = False
        state.stage = Stage.SENDING
        # http.client sends header and body separately. One packet is faster, and a reset cannot come between the two.
        body = kwargs.get("body")
        self._buffered = [] if isinstance(body, bytes) and len(body) < _CHUNK else None
        super().request(method, state.target, *args, **kwargs)
        if self._buffered is not None:
            packet, self._buffered = b"".join(self._buffered), None
            sock.sendall(packet)

    def send(self, data: Any) -> None:
        if self._buffered is None:
            super().send(data)
        else:
            self._buffered.append(data)

    def close(self) -> None:
        self._buffered = None
        super().close()


class _PlainConnection(_Connection):
    pass


class _SecureConnection(_Connection, HTTPSConnection):
    pass


_OURS: dict[Any, Any] = {HTTPConnection: _PlainConnection, HTTPSConnection: _SecureConnection}
_URLOPEN = HTTPConnectionPool.urlopen


class _Stack:
    """
    The idle connections of a pool, the last one used on top.

    ``queue.LifoQueue`` waits for a lock.  If a signal handler raises during
    that wait, the lock stays locked and all later calls hang.  This stack
    needs no lock: ``append`` and ``pop`` of a deque are atomic.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._items: deque[Any] = deque()

    def get(self, *, block: bool = False, timeout: float | None = None) -> Any:
        """Return the connection used last; raise queue.Empty without one."""
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, *, block: bool = False) -> None:
        """Keep a connection; raise queue.Full if there are ``maxsize`` already."""
        if len(self._items) >= self._maxsize:
            raise queue.Full
        self._items.append(item)

    def qsize(self) -> int:
        """Return the number of connections kept."""
        return len(self._items)

    def empty(self) -> bool:
        """Return whether no connection is kept; vcrpy asks it."""
        return not self._items

    def close_ours(self) -> None:
        """Close the connections of this module: a recorder takes its own only, and drops these."""
        for conn in list(self._items):
            if isinstance(conn, _Connection):
                conn.close()


class _Pool(HTTPConnectionPool):
    QueueCls: Any = _Stack

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802 (urllib3's name)
        """
        The class of new connections: ours in place of urllib3's.

        Recorders (vcrpy) put classes of theirs in place of urllib3's; a test with one must not reach the platform.
        """
        current = super().ConnectionCls
        return _OURS.get(current, current)

    @property
    def _is_patched(self) -> bool:
        """Whether somebody else's code serves the requests: it has to see the whole target."""
        return HTTPConnectionPool.urlopen is not _URLOPEN or super().ConnectionCls not in _OURS

    def urlopen(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        state: AttemptState = kwargs["timeout"]
        state.target = url
        seen = url if self._is_patched else url.partition("?")[0]
        return super().urlopen(method, seen, *args, **{**kwargs, "pool_timeout": state})

    def _get_conn(self, timeout: Any = None) -> Any:
        """Take a connection for an attempt, which is passed in place of the seconds to wait for a free one."""
        stack: Any = self.pool
        if stack is not None and self._is_patched:
            stack.close_ours()
        conn: Any = super()._get_conn()
        if not isinstance(conn, _Connection):
            return conn
        if conn.idle_since is not None and (time.monotonic() - conn.idle_since > IDLE or _has_unread_bytes(conn.sock)):
            conn.close()
        conn.state = timeout
        return conn

    def _put_conn(self, conn: Any) -> None:
        ours = _as_ours(conn)
        if ours is not None:
            if ours.state is None:
                return  # A signal's exception can make urllib3 return a connection twice; two calls would then share it.
            if ours.sock is not None and not ours.sock.reusable:
                ours.close()
            ours.idle_since = time.monotonic()
            ours.state = None
        super()._put_conn(conn)


def _as_ours(conn: Any) -> Any:
    """Return a connection of this module; None for one that a recorder put in its place."""
    return conn if isinstance(conn, _Connection) else None


def _has_unread_bytes(sock: Any) -> bool:
    """Return True if TLS holds decrypted bytes that no response has read; urllib3 checks the plain socket only."""
    return sock is not None and getattr(sock.plain, "pending", int)() > 0


class _SecurePool(_Pool, HTTPSConnectionPool):  # type: ignore[override]  # nobody sets ConnectionCls of an instance
    pass


POOLS = {"http": _Pool, "https": _SecurePool}
