"""
The listeners: HTTP/1.1 on loopback, each byte under control.

A gateway that has to show the raw target and the raw bytes of a request, break
off in the middle of an answer and reset a connection needs to stand on the
transport itself; httptools reads the messages, asyncio does the rest.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from http import HTTPStatus
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any

import httptools
from attrs import field, frozen
from cryptography import x509

from wechatpay.sandbox.messages import Reply, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine

__all__ = ["Listener", "Server"]

KEEP_ALIVE = 8.0  # seconds, as the platform's hosts have it
LARGEST = 32 * 1024 * 1024
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
        """A socket that listens already: who connects now waits, nobody is refused."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self.address, port))
        bound.listen(256)
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
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._certificate: str | None = None
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        secure: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        presented = secure.getpeercert(binary_form=True) if secure else None
        if presented:
            number = x509.load_der_x509_certificate(presented).serial_number
            self._certificate = f"{number:040X}"
        self._idle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._waiting.clear()
        self._stop_timer()
        self._transport.close()  # Python 3.10 holds a TLS transport open until told

    def data_received(self, data: bytes) -> None:
        self._stop_timer()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # the request itself is answered; nothing else is spoken here
            self._transport.close()
        except httptools.HttpParserError:
            self._write(Reply(status=400, content_type="text/plain", body=b"Bad Request"), keep=False)

    # httptools

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if ("expect", "100-continue") in self._headers:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LARGEST:
            self._write(Reply(status=413, content_type="text/plain", body=b"Too large"), keep=False)

    def on_message_complete(self) -> None:
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            target=self._target.decode("latin-1"),
            headers=tuple(self._headers),
            body=bytes(self._body),
            secure=self._listener.context is not None,
            certificate=self._certificate,
            host=self._listener.host,
        )
        self._waiting.append((request, self._parser.should_keep_alive()))
        if not self._busy:
            self._next()

    # answers

    def _next(self) -> None:
        while self._waiting and not self._transport.is_closing():
            request, keep = self._waiting.popleft()
            reply = self._handle(request)
            if reply.delay:
                self._busy = True
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(reply.delay, self._late, reply, keep)
                return
            self._write(reply, keep=keep)
        self._busy = False
        self._idle()

    def _late(self, reply: Reply, keep: bool) -> None:
        self._write(reply, keep=keep)
        self._next()

    def _write(self, reply: Reply, *, keep: bool) -> None:
        if self._transport.is_closing():
            return
        if reply.cut in ("reset", "close"):
            self._end(reset=reply.cut == "reset")
            return
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, '')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(reply.body)}")
            if reply.body:
                lines.append(f"Content-Type: {reply.content_type}")
        if not keep:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if reply.cut:
            self._transport.write(head + reply.body[: len(reply.body) // 2])
            self._end(reset=reply.cut == "reset-body")
            return
        self._transport.write(head + reply.body)
        if not keep:
            self._transport.close()

    def _end(self, *, reset: bool) -> None:
        if reset:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._end(reset=True)

    def _idle(self) -> None:
        self._stop_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(KEEP_ALIVE, self._transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None and not self._busy:
            self._timer.cancel()
            self._timer = None


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
        self._serving: list[asyncio.Server | None] = [None] * len(listeners)
        self._connections: list[set[Connection]] = [set() for _ in listeners]
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = Thread(target=self._run, name="wechatpay-sandbox", daemon=True)

    def start(self) -> None:
        """Bind, and serve from now on."""
        sockets = [listener.bind(listener.port) for listener in self._listeners]
        self._ports = [bound.getsockname()[1] for bound in sockets]
        self._thread.start()
        for index, bound in enumerate(sockets):
            self._await(self._open(index, bound))

    def port(self, index: int) -> int:
        """The port of a listener."""
        return self._ports[index]

    def down(self, host: str = "main") -> None:
        """Stop listening for a host and drop its connections: connecting is refused."""
        for index in self._of(host):
            self._do(self._close(index))

    def up(self, host: str = "main") -> None:
        """Listen again on the same ports."""
        for index in self._of(host):
            if self._serving[index] is None:
                bound = self._listeners[index].bind(self._ports[index])
                self._do(self._open(index, bound))

    def stop(self) -> None:
        """Drop everything and end the thread."""
        for index in range(len(self._listeners)):
            self._await(self._close(index))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _of(self, host: str) -> list[int]:
        return [index for index, each in enumerate(self._listeners) if each.host == host]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Await the work, or start it when called by the serving thread itself."""
        if current_thread() is self._thread:
            self._tasks.add(task := self._loop.create_task(work))
            task.add_done_callback(self._tasks.discard)
        else:
            self._await(work)

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, index: int, bound: socket.socket) -> None:
        listener, connections = self._listeners[index], self._connections[index]
        self._serving[index] = await self._loop.create_server(
            lambda: Connection(self._handle, listener, connections),
            sock=bound,
            ssl=listener.context,
        )

    async def _close(self, index: int) -> None:
        serving = self._serving[index]
        if serving is not None:
            serving.close()
            self._serving[index] = None
        for connection in tuple(self._connections[index]):
            connection.abort()
        while self._connections[index]:  # noqa: ASYNC110 (each takes a turn of the loop or two to go)
            await asyncio.sleep(0)
