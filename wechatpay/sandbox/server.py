"""
The server: HTTP/1.1 on loopback.

A gateway that has to show the raw target and the raw bytes of a request, break
off in the middle of an answer and reset a connection needs to stand on the
transport itself; httptools reads the messages, asyncio does the rest.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from collections import deque
from contextlib import ExitStack
from functools import cached_property
from http import HTTPStatus
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any

import httptools
from attrs import evolve, field, frozen
from cryptography import x509

from chainable.sandbox import limits
from chainable.sandbox.header_values import header_value
from wechatpay.sandbox.http import Reply, Request
from wechatpay.sandbox.tls_connection import TlsConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

__all__ = ["Listener", "Server"]

KEEP_ALIVE = 8.0  # seconds, as the platform's hosts have it
LARGEST = 32 * 1024 * 1024
LOOK = 1.0  # seconds, at most, between two looks at the time a connection has left
LINGER = 10.0  # seconds that a client may take to read the end of an answer
PIPELINED = 32  # requests that may wait for the one before them
REASONS = {status.value: status.phrase for status in HTTPStatus}


@frozen(eq=False)
class Listener:
    """
    One port.

    Args:
        host: What it stands for: ``main`` or ``backup``.
        address: The address it is bound to.
        context: TLS, if it speaks TLS.
        port: The port; 0 takes a free one at the first start.
    """

    host: str
    address: str
    context: ssl.SSLContext | None = field(default=None, repr=False)
    port: int = 0

    def bind(self, port: int) -> socket.socket:
        """Return a socket that listens already: connections are queued from now on."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self.address, port))
            bound.listen(256)
        except OSError as error:
            bound.close()
            raise OSError(error.errno, error.strerror, f"{self.address}:{port}") from None
        return bound


class Connection(asyncio.Protocol):
    """One connection: requests in order, answers in the same order."""

    def __init__(
        self,
        handle: Callable[[Request], Reply],
        listener: Listener,
        connections: set[Connection],
    ) -> None:
        self._handle = handle
        self._listener = listener
        self._connections = connections
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request | Reply, bool]] = deque()
        self._late: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._busy = False
        self._stuck = False
        self._loop = asyncio.get_running_loop()
        self.quiet_since = self._loop.time()
        """When it was accepted, or the last answer went out: seconds of the loop."""
        self._ends = 0.0
        self._allowance = limits.Allowance(LARGEST)
        self._tls = None if listener.context is None else TlsConnection(listener.context)
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._waiting.clear()
        self._busy = False
        for timer in (self._late, self._watch):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        self._stuck = True  # a client that reads no answers gets no further ones
        self._ends = self._loop.time() + LINGER
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._stuck = False
        self._next()
        self._resume()

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            self._hear(data)
            return
        try:
            said = self._tls.incoming(data)
        except ssl.SSLError:
            self._flush(self._tls)  # the alert that says why
            self._transport.close()
            return
        self._flush(self._tls)
        if said:
            self._hear(said)
        if self._tls.ended:
            self._close()

    # bytes

    def _hear(self, data: bytes) -> None:
        allowance = self._allowance
        allowance.received(len(data), self._loop.time())
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # the request itself is answered; nothing else is spoken here
            self._close()
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            allowance.parsed()
            if allowance.status:
                self._refuse(allowance.status)
            elif len(self._waiting) > PIPELINED:
                self._transport.pause_reading()

    def _refuse(self, status: int) -> None:
        """Refuse an unreadable request in its turn, and close."""
        if not self._transport.is_closing():
            self._transport.pause_reading()
            body = REASONS[status].encode()
            self._waiting.append((Reply(status=status, content_type="text/plain", body=body), False))
            self._next()

    def _resume(self) -> None:
        if not (self._allowance.status or self._stuck or self._transport.is_closing()):
            self._transport.resume_reading()

    def _say(self, data: bytes) -> None:
        if self._tls is None:
            self._transport.write(data)
        else:
            self._tls.write(data)
            self._flush(self._tls)

    def _flush(self, tls: TlsConnection) -> None:
        self._transport.write(tls.outgoing())

    def _close(self) -> None:
        """Close when everything is sent."""
        self._ends = self._loop.time() + LINGER
        if self._late is not None:  # its client has gone
            self._late.cancel()
        if self._tls is not None and not self._transport.is_closing():
            self._tls.close()
            self._flush(self._tls)
        self._transport.close()

    @cached_property
    def _presented(self) -> str | None:
        """Serial of the client's certificate; available after the handshake."""
        certificate = None if self._tls is None else self._tls.certificate
        if certificate is None:
            return None
        return f"{x509.load_der_x509_certificate(certificate).serial_number:040X}"

    # httptools

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []
        self._body = bytearray()
        self._allowance.begin()

    def on_url(self, url: bytes) -> None:
        self._allowance.field(len(url))
        if not self._allowance.status:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        allowance = self._allowance
        allowance.field(len(name) + len(value))
        if not (allowance.status or allowance.in_body):  # trailers say nothing here
            self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        length = next((value for name, value in self._headers if name == "content-length"), None)
        self._allowance.headers_complete(length)
        if ("expect", "100-continue") in self._headers and not self._allowance.status:
            self._say(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._allowance.body(len(body))
        if not self._allowance.status:
            self._body += body

    def on_message_complete(self) -> None:
        if self._allowance.status:
            return
        self._allowance.complete()
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            target=self._target.decode("latin-1"),
            headers=tuple(self._headers),
            body=bytes(self._body),
            secure=self._listener.context is not None,
            certificate=self._presented,
            host=self._listener.host,
        )
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._next()

    # answers

    def _next(self) -> None:
        if self._busy:
            return
        while self._waiting and not self._stuck and not self._transport.is_closing():
            request, keep = self._waiting.popleft()
            reply = self._handle(request) if isinstance(request, Request) else request
            if isinstance(request, Request) and request.method == "HEAD":  # whose answer has no body
                reply = evolve(reply, body=b"")
            if reply.delay:
                self._busy = True
                self._late = self._loop.call_later(reply.delay, self._go_on, reply, keep)
                return
            self._write(reply, keep=keep)
        self.quiet_since = self._loop.time()

    def _go_on(self, reply: Reply, keep: bool) -> None:
        self._busy = False
        self._write(reply, keep=keep)
        self._next()
        self._resume()

    def _write(self, reply: Reply, *, keep: bool) -> None:
        if reply.cut in ("reset", "close"):
            self._end(reset=reply.cut == "reset")
            return
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, '')}"]
        lines += [f"{name}: {header_value(value)}" for name, value in reply.headers]
        if reply.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(reply.body)}")
            if reply.body:
                lines.append(f"Content-Type: {header_value(reply.content_type)}")
        if not keep:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if reply.cut:
            self._say(head + reply.body[: len(reply.body) // 2])
            self._end(reset=reply.cut == "reset-body")
            return
        self._say(head + reply.body)
        if not keep:
            self._close()

    def _end(self, *, reset: bool) -> None:
        if reset:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._end(reset=True)

    def _look(self) -> None:
        """Close the connection on a timeout: an incomplete request, a silent client, one that does not read."""
        now = self._loop.time()
        ending = self._stuck or self._transport.is_closing()
        if ending:
            deadline = self._ends
        elif self._busy:
            deadline = now + LOOK
        else:
            deadline = self._allowance.deadline or self.quiet_since + KEEP_ALIVE
        if now < deadline:
            self._watch = self._loop.call_later(min(deadline - now, LOOK), self._look)
            return
        if ending:
            self._transport.abort()
            return
        if self._allowance.started is None:
            self._close()
        else:
            self._refuse(408)
        self._watch = self._loop.call_later(LOOK, self._look)

    @property
    def idle(self) -> bool:
        """Whether it is idle: no response is in progress."""
        return not self._busy and not self._transport.is_closing()


class Server:
    """
    An event loop in a thread of its own that serves the listeners.

    Args:
        handle: Answers a request; called in that thread, one request at a time.
        listeners: The ports.
    """

    def __init__(self, handle: Callable[[Request], Reply], listeners: list[Listener]) -> None:
        self._handle = handle
        self._listeners = listeners
        self._ports = [listener.port for listener in listeners]
        self._bound: list[socket.socket | None] = [None] * len(listeners)
        self._connections: list[set[Connection]] = [set() for _ in listeners]
        self._accepted: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="wechatpay-sandbox", daemon=True)

    def start(self) -> None:
        """
        Bind the ports, and serve.

        Raises:
            OSError: A port is not to be had; nothing is left open then.
        """
        with ExitStack() as opened:
            sockets = [opened.enter_context(listener.bind(listener.port)) for listener in self._listeners]
            opened.pop_all()
        self._ports = [bound.getsockname()[1] for bound in sockets]
        self._loop = asyncio.SelectorEventLoop()
        for index, bound in enumerate(sockets):
            self._listen(index, bound)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._loop is not None

    def port(self, index: int) -> int:
        """Return the port of a listener."""
        return self._ports[index]

    def down(self, host: str = "main") -> None:
        """Stop listening for a host and drop its connections: connecting is refused."""
        indexes = self._of(host)
        if current_thread() is not self._thread:
            self._await(self._close, indexes)
            return
        self._deafen(indexes)
        self._closing.add(task := self._running.create_task(self._close(indexes)))
        task.add_done_callback(self._closing.discard)

    def up(self, host: str = "main") -> None:
        """Listen again on the same ports."""
        if current_thread() is self._thread:
            self._reopen(host)
        else:
            self._await(self._open, host)

    def stop(self) -> None:
        """Drop everything, wait until it is gone, and end the thread; nothing to do if it does not run."""
        if self._loop is None:
            return
        self._await(self._close, range(len(self._listeners)))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def _of(self, host: str) -> list[int]:
        return [index for index, each in enumerate(self._listeners) if each.host == host]

    def _run(self) -> None:
        asyncio.set_event_loop(self._running)
        self._running.run_forever()

    @property
    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the sandbox does not run: start it first")
        return self._loop

    def _await(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        """Run a coroutine in the serving thread, and wait for it."""
        loop = self._running
        asyncio.run_coroutine_threadsafe(work(*args), loop).result()

    async def _open(self, host: str) -> None:
        self._reopen(host)

    def _reopen(self, host: str) -> None:
        for index in self._of(host):
            if self._bound[index] is None:
                self._listen(index, self._listeners[index].bind(self._ports[index]))

    def _listen(self, index: int, bound: socket.socket) -> None:
        bound.setblocking(False)
        self._bound[index] = bound
        self._running.add_reader(bound, self._accept, index, bound)

    def _accept(self, index: int, bound: socket.socket) -> None:
        """
        Take one connection.

        An asyncio server that is closed while it accepts forgets what it has just accepted, and leaves
        it open; here every connection is known from the first moment.
        """
        try:
            accepted, _ = bound.accept()
        except OSError as error:  # the client has gone, or the process is out of file descriptors
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return
        if sum(map(len, self._connections)) >= limits.CONNECTIONS and not self._make_room():
            accepted.close()
            return
        listener, connections = self._listeners[index], self._connections[index]
        connected = self._running.connect_accepted_socket(
            lambda: Connection(self._handle, listener, connections), accepted
        )
        self._accepted.add(task := self._running.create_task(connected))
        task.add_done_callback(self._accepted.discard)

    def _make_room(self) -> bool:
        """Drop the connection that has been idle longest; False if none is idle."""
        idle = (each for connections in self._connections for each in connections if each.idle)
        longest = min(idle, key=lambda each: each.quiet_since, default=None)
        if longest is not None:
            longest.abort()
        return longest is not None

    def _deafen(self, indexes: Iterable[int]) -> None:
        """Close these ports."""
        for index in indexes:
            bound, self._bound[index] = self._bound[index], None
            if bound is not None:
                self._running.remove_reader(bound)
                bound.close()

    async def _close(self, indexes: Iterable[int]) -> None:
        """Close these ports and their connections, and wait until they are closed."""
        self._deafen(indexes)
        if self._accepted:
            await asyncio.wait(self._accepted)
        for index in indexes:
            while self._connections[index]:
                for connection in tuple(self._connections[index]):
                    connection.abort()
                await asyncio.sleep(0)
