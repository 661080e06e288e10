"""One connection to the message channel: opened and signed on, told what was handled, closed."""

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

__all__ = ["ChannelError", "Connection", "Opening"]

PULL, CONFIRM, DATA, FAILED = map(Byte, (1, 2, 3, 20))
_FAILED = (OSError, WebSocketException)  # what a connection that cannot be opened or was lost raises

_logger = logging.getLogger("taobao_top")
# The library writes the bytes of frames, the session's token among them, at DEBUG: that level is left out.
_wire = logging.getLogger("taobao_top.tmc.wire")
_wire.setLevel(logging.INFO)
# What it says of unanswered pings comes with a traceback; that the connection was closed is told anyway.
_wire.addFilter(lambda record: record.msg != "keepalive ping failed")


class ChannelError(ChainableError):
    """
    The channel could not be opened, or was lost.

    Args:
        message: What happened.
        maybe_sent: The platform may have what was to be published.
    """

    def __init__(self, message: str, *, maybe_sent: bool = False) -> None:
        super().__init__(message)
        self.maybe_sent = maybe_sent


@safe_repr
@frozen(kw_only=True)
class Opening:
    """
    How connections are opened.

    Attributes:
        url: ``ws://…`` or ``wss://…``.
        app_key: The app's number.
        secret: The app_secret.
        group: The group of consumers.
        clock: Gives seconds since 1970.
        timeout: Seconds to connect, and to be acknowledged.
        ping_every: Seconds between pings; each has ``timeout`` seconds to be answered.
        ssl: How TLS is verified; None for the machine's own certificates.
        proxy: A proxy's URL, None for none, True for that of the environment.
    """

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
        """
        Give what CONNECT says: who we are, signed over exactly app_key, group_name and timestamp.

        Args:
            address: This machine's own.
        """
        signed = {
            "app_key": self.app_key,
            "group_name": self.group,
            "timestamp": str(int(self.clock() * 1000)),
        }
        return signed | {"sign": MD5Signer(self.secret).sign(signed), "sdk": "taobao_top", "intranet_ip": address}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """
        Open a connection, and close it in the end.

        Raises:
            ChannelError: It could not be opened.
            TopError: The platform refused it.
        """
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


def refusal(what: str, frame: Frame) -> TopError:
    """Make the error of an acknowledgement whose status is not 0."""
    status = frame.status_code or 0
    code = str(status)
    rule = rule_of(code, "")
    advice = f" ({rule.advice})" if rule.advice else ""
    return TopError(
        f"message channel, {what}: code {code}: {frame.status_phrase or '?'}{advice}",
        code=code,
        sub_msg=frame.status_phrase or "",
        throttled=rule.throttled,
        retryable=rule.repeat != "none" or status >= 500,
        maybe_sent=False,
    )


class Connection:
    """
    An open connection; all methods may be called by any thread, :meth:`receive` by one at a time.

    Args:
        socket: The WebSocket.
        token: What CONNECTACK handed out.
    """

    def __init__(self, socket: ClientConnection, token: str | None) -> None:
        self._socket = socket
        self._token = token
        self._flags = count(1)
        self._waiting: dict[int, Future[Frame]] = {}
        self._lock = threading.Lock()
        # A confirmation differs from another in its last eight bytes, and the two that end a frame.
        self._confirmation = encode(self._frame({"__kind": CONFIRM, "id": 0}))[:-10]

    def _frame(self, content: Mapping[str, Any], flag: int | None = None) -> Frame:
        return Frame(type=SEND, token=self._token, flag=flag, content=content)

    def receive(self, timeout: float) -> bytes | None:
        """
        Wait for a frame; acknowledgements are passed to who waits for them.

        Returns:
            The frame's bytes; none for an acknowledgement; None when nothing came within *timeout* seconds.

        Raises:
            ChannelError: The connection is closed.
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
        """Let nobody wait any longer for acknowledgements."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.cancel()

    def pull(self) -> None:
        """Ask for messages; ChannelError when the connection is closed."""
        self._send(encode(self._frame({"__kind": PULL})))

    def confirm(self, number: int) -> None:
        """Tell that a message was handled; ChannelError when the connection is closed."""
        self._send(self._confirmation + number.to_bytes(8, "little", signed=True) + b"\x00\x00")

    def fail(self, number: int, reason: str) -> None:
        """Tell that a message was not handled and is to come again; ChannelError when the connection is closed."""
        self._send(encode(self._frame({"__kind": FAILED, "id": number, "msg": reason})))

    def publish(self, content: Mapping[str, Any], timeout: float, waits: Callable[[], object]) -> None:
        """
        Publish a message, and wait until it is acknowledged.

        Args:
            content: What is in it.
            timeout: Seconds to wait.
            waits: Called when it was sent, for somebody is to read now.

        Raises:
            TopError: The platform refused it.
            ChannelError: It was not acknowledged, or could not be sent.
            CodecError: It does not fit into a frame.
        """
        future: Future[Frame] = Future()
        flag = next(self._flags)
        data = encode(self._frame({"__kind": DATA, **content}, flag))
        with self._lock:
            self._waiting[flag] = future
        try:
            self._send(data)
            waits()
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
        """Close, after all that was sent; nothing happens when it is closed."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except ConnectionClosed as error:
            raise ChannelError(_closed(error), maybe_sent=True) from error


_SENDACK = bytes([SENDACK])


def _why(error: Exception) -> str:
    # Other errors are told by their kind only: the words of some hold the URL of a proxy, and its password.
    if isinstance(error, SSLCertVerificationError):
        return f"its certificate is refused, {error.verify_message}: ssl= takes a context that trusts its authority"
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
