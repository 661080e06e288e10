"""
One connection of the server.

A sandbox that has to show the raw target and the raw bytes of a request, break off in the middle of a response and
reset a connection needs to stand on the transport itself; httptools reads the messages, asyncio does the rest.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from chainable.extras import extra
from chainable.sandbox import limits
from chainable.sandbox.header_values import header_lines
from chainable.sandbox.http import Reply, Request
from chainable.sandbox.tls_connection import TlsConnection

with extra("sandbox", "httptools"):
    import httptools

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Coroutine

    from chainable.sandbox.websocket import WebSocket

__all__ = ["Listener", "Serving"]

LOOK = 1.0  # seconds, at most, between two looks at the time a connection has left
LINGER = 10.0  # seconds that a client may take to read the end of a response
PIPELINED = 32  # requests that may wait for the one before them
REASONS = {status.value: status.phrase for status in HTTPStatus}

logger = logging.getLogger(__name__)


@frozen(eq=False)
class Serving:
    """The handler and limits that the connections of a server share, and their running tasks."""

    handle: Callable[[Request], Reply | Awaitable[Reply]]
    largest: int
    keep_alive: float
    tasks: set[asyncio.Task[None]] = field(factory=set)


@frozen(eq=False)
class Listener:
    """One port of the host ``main`` or ``backup``, with TLS if it has a context; 0 takes a free port."""

    host: str
    address: str
    context: ssl.SSLContext | None = field(default=None, repr=False)
    port: int = 0

    def bind(self, port: int) -> socket.socket:
        """Return a socket that listens already: connections are queued from now on."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        return socket.create_server((self.address, port), family=family, backlog=1024, dualstack_ipv6=dual)


class Connection(asyncio.Protocol):
    """Requests in order, responses in the same order; a WebSocket once a request to upgrade is accepted."""

    def __init__(self, serving: Serving, listener: Listener, connections: set[Connection]) -> None:
        self._serving = serving
        self._listener = listener
        self._connections = connections
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request | Reply, bool]] = deque()
        self._late: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._busy = False
        self._stuck = False
        self._last = False
        self._channel: WebSocket | None = None
        self._loop = asyncio.get_running_loop()
        self.quiet_since = self._loop.time()
        """When it was accepted, or the last response went out: seconds of the loop."""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done once it is closed."""
        self._patience = min(limits.HEAD_SECONDS, serving.keep_alive)
        self._ends = 0.0
        self._allowance = limits.Allowance(serving.largest)
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
        self.closed.set_result(None)
        self._waiting.clear()
        self._busy = False
        for timer in (self._late, self._watch):
            if timer is not None:
                timer.cancel()
        if self._channel is not None:
            self._channel.lost()

    def pause_writing(self) -> None:
        if self._channel is not None:
            self._channel.writable.clear()
            return
        self._stuck = True  # a client that reads no responses gets no further ones
        self._ends = self._loop.time() + LINGER
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._channel is not None:
            self._channel.writable.set()
            return
        self._stuck = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            self._hear(data)
            return
        said = self._tls.incoming(data)
        self._transport.write(self._tls.outgoing())
        if said:
            self._hear(said)
        if self._tls.ended:
            self.close()

    # bytes

    def _hear(self, data: bytes) -> None:
        if self._channel is not None:
            self._channel.received(data)
            return
        allowance = self._allowance
        allowance.received(len(data), self._loop.time())
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # nothing but frames may follow, and those after the handshake
            if self._channel is None:
                self._transport.pause_reading()
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
            why = f"the body is larger than {self._serving.largest} bytes" if status == 413 else REASONS[status]
            self._waiting.append((Reply(status=status, content_type="text/plain", body=why.encode()), False))
            self._next()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._tls.outgoing()
        self._transport.write(data)

    def close(self) -> None:
        """Close when everything is sent."""
        self._ends = self._loop.time() + LINGER
        if self._late is not None:  # its client has gone
            self._late.cancel()
        if self._tls is not None and not self._transport.is_closing():
            self._tls.close()
            self._transport.write(self._tls.outgoing())
        self._transport.close()

    def abort(self, *, reset: bool = True) -> None:
        """Drop the connection at once, with a reset."""
        if reset:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def finish(self) -> None:
        """Answer the request that is being answered, and close."""
        self._waiting.clear()
        self._last = True
        if self._channel is not None:
            self._channel.close(1012, "the server ends")
        elif not self._busy:
            self.close()

    def pause_reading(self) -> None:
        """Take nothing from the client."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the client sends."""
        self._transport.resume_reading()

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
        fields = dict(reversed(self._headers))
        self._allowance.headers_complete(fields.get("content-length"))
        waits = fields.get("expect", "").lower() == "100-continue"
        if waits and not self._allowance.status:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

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
            secure=self._tls is not None,
            certificate=None if self._tls is None else self._tls.serial,
            host=self._listener.host,
        )
        self._waiting.append((request, self._parser.should_keep_alive() and not self._parser.should_upgrade()))
        self._next()

    # responses

    def _next(self) -> None:
        while self._waiting and not (self._busy or self._stuck or self._transport.is_closing()):
            request, keep = self._waiting.popleft()
            if isinstance(request, Reply):
                self._write(request, keep=keep)
                continue
            try:
                answer = self._serving.handle(request)
            except Exception as error:  # noqa: BLE001 (answered as an error of the sandbox, and logged)
                answer = _broken(error)
            if isinstance(answer, Reply):
                self._answer(request, answer, keep=keep)
            else:
                self._busy = True
                self._spawn(self._await(request, answer, keep=keep))
        if not self._busy:
            self.quiet_since, self._patience = self._loop.time(), self._serving.keep_alive

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._serving.tasks.add(task)
        task.add_done_callback(self._serving.tasks.discard)

    async def _await(self, request: Request, answer: Awaitable[Reply], *, keep: bool) -> None:
        try:
            reply = await answer
        except Exception as error:  # noqa: BLE001 (likewise)
            reply = _broken(error)
        self._busy = False
        if not self._transport.is_closing():
            self._answer(request, reply, keep=keep)
            self._go_on()

    def _answer(self, request: Request, reply: Reply, *, keep: bool) -> None:
        if reply.channel is not None:
            self._upgrade(request, reply.channel)
            return
        if request.method == "HEAD":  # whose response has no body
            reply = evolve(reply, body=b"")
        if reply.delay:
            self._busy = True
            self._late = self._loop.call_later(reply.delay, self._write_late, reply, keep)
        else:
            self._write(reply, keep=keep)

    def _write_late(self, reply: Reply, keep: bool) -> None:
        self._busy = False
        self._write(reply, keep=keep)
        self._go_on()

    def _go_on(self) -> None:
        self._next()
        if not (self._allowance.status or self._stuck or self._transport.is_closing()):
            self._transport.resume_reading()

    def _write(self, reply: Reply, *, keep: bool) -> None:
        keep = keep and not (self._last or reply.cut)
        if reply.cut not in ("reset", "close"):
            lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, '')}"]
            lines += header_lines(reply.headers)
            if reply.status != 204:
                lines.append(f"Content-Length: {len(reply.body)}")
                if reply.body:
                    lines += header_lines((("Content-Type", reply.content_type),))
            if not keep:
                lines.append("Connection: close")
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
            self.write(head + (reply.body[: len(reply.body) // 2] if reply.cut else reply.body))
        if reply.cut.startswith("reset"):
            self.abort()
        elif not keep:
            self.close()

    def _upgrade(self, request: Request, serve: Callable[[WebSocket], Coroutine[Any, Any, None]]) -> None:
        from chainable.sandbox.websocket import WebSocket

        self._busy = True
        self._waiting.clear()
        lines = [
            f"{request.method} {request.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in request.headers),
        ]
        self._channel = channel = WebSocket(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), self)
        if channel.is_open:
            self._spawn(_serve(channel, serve))

    # time

    def _look(self) -> None:
        """Close the connection on a timeout: an incomplete request, a silent client, one that does not read."""
        now = self._loop.time()
        ending = self._stuck or self._transport.is_closing()
        if ending:
            deadline = self._ends
        elif self._busy:
            deadline = now + LOOK
        else:
            deadline = self._allowance.deadline or self.quiet_since + self._patience
        if now < deadline:
            self._watch = self._loop.call_later(min(deadline - now, LOOK), self._look)
            return
        if ending:
            self._transport.abort()
            return
        if self._allowance.started is None:
            self.close()
        else:
            self._refuse(408)
        self._watch = self._loop.call_later(LOOK, self._look)

    @property
    def idle(self) -> bool:
        """True while no response is in progress."""
        return not self._busy and not self._transport.is_closing()


def _broken(error: Exception) -> Reply:
    """Log an error of the sandbox itself, and return the response for it."""
    logger.error("the sandbox could not answer", exc_info=error)
    return Reply(status=500, content_type="text/plain", body=REASONS[500].encode())


async def _serve(channel: WebSocket, serve: Callable[[WebSocket], Coroutine[Any, Any, None]]) -> None:
    """Serve a WebSocket, and close it at the end."""
    code = 1000
    try:
        await serve(channel)
    except Exception:
        logger.exception("the sandbox could not go on")
        code = 1011
    channel.close(code)
