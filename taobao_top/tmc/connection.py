"""One connection to the message channel: open, sign on, confirm messages, close."""

from __future__ import annotations

import logging
import socket as socket_options
import threading
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from itertools import count
from socket import IPPROTO_TCP
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from chainable.errors import ChainableError, CodecError
from chainable.i18n import Words, translate
from chainable.masking import Secret, safe_repr
from taobao_top.errors import TopError, rule_of
from taobao_top.signing import MD5Signer
from taobao_top.tmc.codec import CONNECT, CONNECTACK, LIMIT, SEND, SENDACK, Byte, Frame, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from ssl import SSLContext

__all__ = ["ChannelError", "Connection", "ConnectionConfig"]

PULL, CONFIRM, DATA, FAILED = map(Byte, (1, 2, 3, 20))
TCP_USER_TIMEOUT = getattr(socket_options, "TCP_USER_TIMEOUT", -1)
_INT_MAX = 2**31 - 1
_FAILED = (OSError, WebSocketException)  # raised when a connection cannot be opened, or is lost

_logger = logging.getLogger("taobao_top")
# At DEBUG the library logs the bytes of frames, with the session's token: never log below INFO.
_wire = logging.getLogger("taobao_top.tmc.wire")
_wire.setLevel(logging.INFO)
# The library logs unanswered pings with a traceback; the closed connection is logged anyway.
_wire.addFilter(lambda record: record.msg != "keepalive ping failed")


class _Socket(ClientConnection):
    """
    A connection whose server may leave pings unanswered.

    The server of top-link, on which the platform's channel stands, answers no
    pings.  One that has answered a ping, as a proxy may, has to go on.
    """

    @property
    def ping_timeout(self) -> float | None:  # an attribute of the library, read for each ping
        """Seconds to wait for the answer to a ping; None before the first answer."""
        return self._ping_timeout if self.latency else None

    @ping_timeout.setter
    def ping_timeout(self, seconds: float | None) -> None:
        self._ping_timeout = seconds


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
                create_connection=_Socket,
                max_size=LIMIT,
                logger=_wire,
            )
        except _FAILED as error:
            why = _why(error)
            msg = Words(f"the message channel could not be reached: {why}", f"无法连接消息通道：{translate(why, 'zh')}")
            raise ChannelError(msg) from error
        with opened as socket:
            self._limit_silence(socket)
            connection = Connection(socket, self._token(socket))
            with suppress(ConnectionClosed):  # the next frame to be received reports it
                socket.ping()  # learn at once whether this server answers
            try:
                yield connection
            finally:
                connection.abandon()

    def _limit_silence(self, socket: ClientConnection) -> None:
        # A peer that is gone acknowledges no bytes: without this, Linux sends pings for a quarter of an hour.
        # Not every system has the option, and the library's TLS inside a proxy's TLS has no options at all.
        milliseconds = min(int((self.ping_every + self.timeout) * 1000), _INT_MAX)
        with suppress(AttributeError, OSError):
            socket.socket.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds)

    def _token(self, socket: ClientConnection) -> str:
        try:
            socket.send(encode(Frame(type=CONNECT, content=self.content(socket.local_address[0]))))
            frame = decode(socket.recv(self.timeout, decode=False))
        except (*_FAILED, CodecError) as error:
            kind = type(error).__name__
            msg = f"the message channel did not acknowledge the connection: {kind}"
            raise ChannelError(Words(msg, f"消息通道没有确认连接：{kind}")) from error
        if frame.type != CONNECTACK:
            msg = f"the message channel answered with a message of type {frame.type}, not CONNECTACK"
            raise ChannelError(Words(msg, f"消息通道应答了类型为 {frame.type} 的消息，而不是 CONNECTACK"))
        if is_refused(frame):
            raise refusal(Words("connect", "连接"), frame)
        if not frame.token:
            # The official SDK for Java stops here as well, with "token is null": no frame would be accepted.
            raise ChannelError(
                Words(
                    "the message channel acknowledged the connection without a token: is url= the platform's channel?",
                    "消息通道确认了连接，却没有给出 token：url= 是平台的消息通道吗？",
                )
            )
        return frame.token


def is_refused(frame: Frame) -> bool:
    """Return whether an acknowledgement is an error: by its code, or by a phrase without one (top-link's isError)."""
    return bool(frame.status_code or frame.status_phrase)


def refusal(action: Words, frame: Frame) -> TopError:
    """Build the error of an acknowledgement that is one."""
    status = frame.status_code or 0
    code = str(status or "")
    rule = rule_of(code, "")
    phrase = frame.status_phrase or "?"
    return TopError(
        Words(
            f"message channel, {action}: code {code or '?'}: {phrase}" + (f" ({rule.advice})" if rule.advice else ""),
            f"消息通道，{action.zh}：错误码 {code or '?'}：{phrase}" + (f"（{rule.chinese}）" if rule.advice else ""),
        ),
        code=code,
        sub_msg=frame.status_phrase or "",
        throttled=rule.throttled,
        retryable=rule.retry_policy != "none" or status >= 500,
        maybe_sent=False,
    )


class Connection:
    """An open connection; threads may share it, but :meth:`receive` runs in one at a time."""

    def __init__(self, socket: ClientConnection, token: str) -> None:
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
        elif is_refused(frame):
            _logger.warning("%s", refusal(Words("send", "发送"), frame))

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
            msg = Words("the message was not acknowledged: it may be published or not", "发布未获确认：消息可能已发布")
            raise ChannelError(msg, maybe_sent=True) from error
        finally:
            with self._lock:
                self._waiting.pop(flag, None)
        if is_refused(frame):
            raise refusal(Words("publish", "发布"), frame)

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
        why = error.verify_message
        return Words(
            f"its certificate is refused, {why}: pass a context that trusts its authority as ssl=",
            f"其证书未通过验证（{why}）：请用 ssl= 传入信任其 CA 的 SSLContext",
        )
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Words(f"it answered with the HTTP status {status}", f"对方返回 HTTP 状态码 {status}")
    words = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}, {words}" if words else type(error).__name__


def _closed(error: ConnectionClosed) -> Words:
    frame = error.rcvd or error.sent
    if frame is None:
        return Words("the message channel was closed: without a word", "消息通道已断开：对方没有说明原因")
    reason = f"code {frame.code} {frame.reason}".rstrip()
    if error.rcvd is None:
        return Words(f"the message channel was closed: by us, {reason}", f"消息通道已由本端关闭：{reason}")
    return Words(f"the message channel was closed: {reason}", f"消息通道已断开：{reason}")
