"""One connection to the message channel: open, sign on, confirm messages, close."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from itertools import count
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from chainable.errors import ChainableError, CodecError
from chainable.masking import Secret, safe_repr
from taobao_top.errors import TopError, rule_of
from taobao_top.signing import MD5Signer
from taobao_top.tmc.codec import CONNECT, CONNECTACK, LIMIT, SEND, SENDACK, Byte, Frame, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from ssl import SSLContext

    from websockets.sync.client import ClientConnection

__all__ = ["ChannelError", "Connection", "ConnectionConfig"]

PULL, CONFIRM, DATA, FAILED = map(Byte, (1, 2, 3, 20))
_FAILED = (OSError, WebSocketException)  # raised when a connection cannot be opened, or is lost

_logger = logging.getLogger("taobao_top")
# At DEBUG the library logs the bytes of frames, with the session's token: never log below INFO.
_wire = logging.getLogger("taobao_top.tmc.wire")
_wire.setLevel(logging.INFO)
# The library logs unanswered pings with a traceback; the closed connection is logged anyway.
_wire.addFilter(lambda record: record.msg != "keepalive ping failed")


class ChannelError(ChainableError):
    """
    The channel could not be opened, or was lost.

    Args:
        message: The reason.
        maybe_sent: Whether the platform may have the message that was being published.
    """

    def __init__(self, message: str, *, maybe_sent: bool = False) -> None:
        super().__init__(message)
        self.maybe_sent = maybe_sent


@safe_repr
@frozen(kw_only=True)
class ConnectionConfig:
    """The settings of connections; see :class:`taobao_top.tmc.TMC`."""

    url: str
    app_key: str
    secret: Secret[str]
    group: str
    clock: Callable[[], float] = field(repr=False)
    timeout: float
    ping_every: float
    ssl: SSLContext | None
    proxy: Any = field(repr=False)

    def content(self, address: str) -> dict[str, str]:
        """Return the content of CONNECT, signed over exactly app_key, group_name and timestamp."""
        signed = {
            "app_key": self.app_key,
            "group_name": self.group,
            "timestamp": str(int(self.clock() * 1000)),
        }
        return signed | {"sign": MD5Signer(self.secret).sign(signed), "sdk": "taobao_top", "intranet_ip": address}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a connection, and close it at the end of the block; ChannelError or TopError if that fails."""
        try:
            opened = connect(
                self.url,
                ssl=self.ssl,
                proxy=self.proxy,
                compression=None,
                open_timeout=self.timeout,
                close_timeout=self.timeout,
                ping_interval=self.ping_every,
                ping_timeout=self.timeout,
                max_size=LIMIT,
                logger=_wire,
            )
        except _FAILED as error:
            msg = f"the message channel could not be reached: {_why(error)}"
            raise ChannelError(msg) from error
        with opened as socket:
            connection = Connection(socket, self._token(socket))
            try:
                yield connection
            finally:
                connection.abandon()

    def _token(self, socket: ClientConnection) -> str | None:
        try:
            socket.send(encode(Frame(type=CONNECT, content=self.content(socket.local_address[0]))))
            frame = decode(socket.recv(self.timeout, decode=False))
        except (*_FAILED, CodecError) as error:
            msg = f"the message channel did not acknowledge the connection: {type(error).__name__}"
            raise ChannelError(msg) from error
        if frame.type != CONNECTACK:
            msg = f"the message channel answered with a message of type {frame.type}, not CONNECTACK"
            raise ChannelError(msg)
        if frame.status_code:
            raise refusal("connect", frame)
        return frame.token


def refusal(action: str, frame: Frame) -> TopError:
    """Build the error of an acknowledgement whose status is not 0."""
    status = frame.status_code or 0
    code = str(status)
    rule = rule_of(code, "")
    advice = f" ({rule.advice})" if rule.advice else ""
    return TopError(
        f"message channel, {action}: code {code}: {frame.status_phrase or '?'}{advice}",
        code=code,
        sub_msg=frame.status_phrase or "",
        throttled=rule.throttled,
        retryable=rule.retry_policy != "none" or status >= 500,
        maybe_sent=False,
    )


class Connection:
    """An open connection; threads may share it, but :meth:`receive` runs in one at a time."""

    def __init__(self, socket: ClientConnection, token: str | None) -> None:
        self._socket = socket
        self._token = token
        self._flags = count(1)
        self._waiting: dict[int, Future[Frame]] = {}
        self._lock = threading.Lock()
        # Confirmations differ only in the eight bytes of the number, before the two that end the frame.
        self._confirmation = encode(self._frame({"__kind": CONFIRM, "id": 0}))[:-10]

    def _frame(self, content: Mapping[str, Any], flag: int | None = None) -> Frame:
        return Frame(type=SEND, token=self._token, flag=flag, content=content)

    def receive(self, timeout: float) -> bytes | None:
        """
        Wait for a frame; an acknowledgement is passed to the thread that waits for it.

        Returns:
            The frame's bytes; empty for an acknowledgement; None when nothing arrived within *timeout* seconds.
        """
        try:
            data = self._socket.recv(timeout, decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise ChannelError(_closed(error)) from error
        if data[1:2] != _SENDACK:
            return data
        self._acknowledged(data)
        return b""

    def _acknowledged(self, data: bytes) -> None:
        try:
            frame = decode(data)
        except CodecError as error:
            _logger.warning("message channel: an acknowledgement could not be read: %s", error)
            return
        with self._lock:
            future = self._waiting.pop(frame.flag or 0, None)
        if future is not None:
            future.set_result(frame)
        elif frame.status_code:
            _logger.warning("%s", refusal("send", frame))

    def abandon(self) -> None:
        """Cancel all waits for acknowledgements."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.cancel()

    def pull(self) -> None:
        """Ask for messages; ChannelError when the connection is closed."""
        self._send(encode(self._frame({"__kind": PULL})))

    def confirm(self, number: int) -> None:
        """Confirm that a message was handled; ChannelError when the connection is closed."""
        self._send(self._confirmation + number.to_bytes(8, "little", signed=True) + b"\x00\x00")

    def fail(self, number: int, reason: str) -> None:
        """Report a failed message, to be delivered again; ChannelError when the connection is closed."""
        self._send(encode(self._frame({"__kind": FAILED, "id": number, "msg": reason})))

    def publish(self, content: Mapping[str, Any], timeout: float, on_sent: Callable[[], object]) -> None:
        """
        Publish a message, and wait *timeout* seconds until it is acknowledged.

        ``on_sent`` is called before the wait: another thread has to read now.
        """
        future: Future[Frame] = Future()
        flag = next(self._flags)
        data = encode(self._frame({"__kind": DATA, **content}, flag))
        with self._lock:
            self._waiting[flag] = future
        try:
            self._send(data)
            on_sent()
            frame = future.result(timeout)
        except (FutureTimeoutError, CancelledError) as error:
            msg = "the message was not acknowledged: it may be published or not"
            raise ChannelError(msg, maybe_sent=True) from error
        finally:
            with self._lock:
                self._waiting.pop(flag, None)
        if frame.status_code:
            raise refusal("publish", frame)

    def close(self) -> None:
        """Close after everything was sent; does nothing when closed."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except ConnectionClosed as error:
            raise ChannelError(_closed(error), maybe_sent=True) from error


_SENDACK = bytes([SENDACK])


def _why(error: Exception) -> str:
    # Only the type of other errors: their messages may hold a proxy's URL with its password.
    if isinstance(error, SSLCertVerificationError):
        return f"its certificate is refused, {error.verify_message}: pass a context that trusts its authority as ssl="
    if isinstance(error, InvalidStatus):
        return f"it answered with the HTTP status {error.response.status_code}"
    words = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}, {words}" if words else type(error).__name__


def _closed(error: ConnectionClosed) -> str:
    if error.rcvd is not None:
        reason = f"code {error.rcvd.code} {error.rcvd.reason}"
    elif error.sent is not None:
        reason = f"by us, code {error.sent.code} {error.sent.reason}"
    else:
        reason = "without a word"
    return f"the message channel was closed: {reason}".rstrip()
