"""Connections of the server, limited in number, bytes and time."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chainable.sandbox import limits

if TYPE_CHECKING:
    import asyncio

__all__ = ["Channel", "Connection"]

KEEP_ALIVE = 75
"""Seconds that a connection is kept open after an answer."""
LOOK = 1.0
"""Seconds, at most, between two looks at the time a connection has left."""
LINGER = 10.0
"""Seconds that a client may take to read on, or to read the end of an answer."""
FRAGMENTS = 256
"""How many frames a message may come in."""
_ANY = 1 << 60  # the application limits bodies


class Connection(HttpToolsProtocol):
    """An HTTP connection that faults can cut, and that is closed when it takes too long."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._allowance = limits.Allowance(_ANY)
        self._watch: asyncio.TimerHandle
        self.quiet_since = self.loop.time()
        """When it was accepted, or the last answer went out: seconds of the loop."""
        self._patience = limits.HEAD_SECONDS
        self._stuck_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Keep the connection, if there is room for it."""
        full = len(self.connections) >= limits.CONNECTIONS and not self._make_room()
        super().connection_made(transport)
        # uvicorn asks the loggers of the process, and queries hold sessions
        self.access_log = False
        # asyncio does this only for sockets made with IPPROTO_TCP; without it every answer waits 40 ms
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}
        if full:
            transport.abort()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._unwatch()

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the limits."""
        self._allowance.received(len(data), self.loop.time())
        super().data_received(data)
        self._allowance.parsed()
        if self._allowance.status:
            self._refuse(self._allowance.status)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the message channel."""
        self._unwatch()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self._stuck_since = None
        super().resume_writing()

    # httptools

    def on_message_begin(self) -> None:
        """Start counting."""
        super().on_message_begin()
        self._allowance.begin()

    def on_url(self, url: bytes) -> None:
        """Count a piece of the target."""
        self._allowance.field(len(url))
        if not self._allowance.status:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header field; trailers say nothing here."""
        allowance = self._allowance
        allowance.field(len(name) + len(value))
        if not (allowance.status or allowance.in_body):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the response."""
        self._allowance.headers_complete(None)
        if not self._allowance.status:
            self.scope["state"] = {**self.app_state, "target": self.url.decode("latin-1")}
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        self._allowance.body(len(body))
        if not self._allowance.status:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        if not self._allowance.status:
            super().on_message_complete()
            self._allowance.complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.quiet_since, self._patience = self.loop.time(), KEEP_ALIVE
        super().on_response_complete()

    # limits

    @property
    def busy(self) -> bool:
        """True while a response is in progress."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> bool:
        """Drop the connection that has been idle longest; False if none is idle."""
        idle = [each for each in self.connections if isinstance(each, Connection) and not each.busy]
        longest = min(idle, key=lambda each: each.quiet_since, default=None)
        if longest is not None:
            longest.transport.abort()
        return longest is not None

    def _refuse(self, status: int) -> None:
        """Refuse an unreadable request, unless another response is in progress, and close."""
        if not self.transport.is_closing() and not self.pipeline and (not self.busy or not self.cycle.response_started):
            phrase = HTTPStatus(status).phrase
            head = f"HTTP/1.1 {status} {phrase}\r\nconnection: close\r\ncontent-length: {len(phrase)}\r\n\r\n"
            self.transport.write((head + phrase).encode())
        self.quiet_since = self.loop.time()
        self.transport.close()

    def _deadline(self) -> float | None:
        if self._stuck_since is not None:
            return self._stuck_since + LINGER
        if self.transport.is_closing():
            return self.quiet_since + LINGER
        if self._allowance.started is not None:
            return self._allowance.deadline
        return None if self.busy else self.quiet_since + self._patience

    def _look(self) -> None:
        """Close the connection on a timeout: an incomplete request, a silent client, one that does not read."""
        deadline, now = self._deadline(), self.loop.time()
        self._watch = self.loop.call_later(
            LOOK if deadline is None else min(max(deadline - now, 0.01), LOOK), self._look
        )
        if deadline is None or now < deadline:
            return
        if self._stuck_since is not None or self.transport.is_closing():
            self.transport.abort()
        elif self._allowance.started is None:
            self.transport.close()
        else:
            self._refuse(408)

    def _unwatch(self) -> None:
        self._watch.cancel()


class Channel(WebSocketsSansIOProtocol):
    """A WebSocket connection that limits the fragments of a message."""

    _pieces = 1  # of the message that is arriving; uvicorn's own list of them has another name in each version

    def handle_cont(self, event: Any) -> None:
        """Accept one more fragment."""
        self._pieces = 1 if event.fin else self._pieces + 1
        if self._pieces >= FRAGMENTS:
            self.transport.abort()
        else:
            super().handle_cont(event)
