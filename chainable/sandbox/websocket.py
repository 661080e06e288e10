"""One WebSocket on a connection of the server; the ``websockets`` library reads and writes its frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from chainable.extras import extra

with extra("sandbox", "websockets"):
    from websockets.frames import Opcode
    from websockets.protocol import State
    from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.frames import Frame

__all__ = ["WebSocket"]

LARGEST = 1024 * 1024
"""Bytes of a message."""
FRAGMENTS = 256
"""How many frames a message may come in."""
LINGER = 10.0
"""Seconds that the client may take to close its side."""
DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Link(Protocol):
    """The connection beneath; :meth:`close` sends everything before."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Protocol(ServerProtocol):
    """The library's protocol, which may leave pings unanswered."""

    def __init__(self) -> None:
        super().__init__(max_size=LARGEST)
        self.answers_pings: Callable[[], bool] = lambda: True

    def send_frame(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.PONG or self.answers_pings():
            super().send_frame(frame)


class WebSocket:
    """
    Whole messages in and out; used in the thread of the server's loop.

    The request to upgrade is answered at once, with a refusal if the handshake is wrong.
    """

    def __init__(self, head: bytes, link: Link) -> None:
        self._link = link
        self._protocol = _Protocol()
        self._parts: list[bytes] = []
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.writable = asyncio.Event()
        """Set while the client reads."""
        self.writable.set()
        self.cut = link.abort
        """Resets the connection."""
        self._silent = False
        self._over = False
        self._protocol.receive_data(head)
        for asked in self._protocol.events_received():
            self._protocol.send_response(self._protocol.accept(asked))  # type: ignore[arg-type]  # a request
        self._flush()

    @property
    def is_open(self) -> bool:
        """True until one side closes it."""
        return not self._over and self._protocol.state is State.OPEN

    # for the handler

    def answer_pings_if(self, wanted: Callable[[], bool]) -> None:
        """Answer a ping only if *wanted* returns True; without this call every ping is answered."""
        self._protocol.answers_pings = wanted

    async def receive(self) -> bytes | None:
        """Return the next message, an empty one for text; None once it is over."""
        if self._messages.empty() and not self._silent:
            self._link.resume_reading()
        return await self._messages.get()

    async def send(self, data: bytes) -> None:
        """Send a message once the client takes it; do nothing if it is over."""
        await self.writable.wait()
        if self.is_open:
            self._protocol.send_binary(data)
            self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """Close it; do nothing if it is over."""
        if self.is_open:
            self._protocol.send_close(code, reason)
            self._flush()
            self._end()
            asyncio.get_running_loop().call_later(LINGER, self._link.close)
            if not self._silent:
                self._link.resume_reading()  # the client closes its side

    def silence(self) -> None:
        """Read nothing from now on, not even pings."""
        self._silent = True
        self._link.pause_reading()

    # for the connection

    def received(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            self._take(frame)  # type: ignore[arg-type]  # the request came first
        self._flush()
        if not self.is_open:
            self._end()

    def lost(self) -> None:
        """End it: the connection is closed."""
        self._end()
        self.writable.set()

    def _end(self) -> None:
        self._over = True
        self._messages.put_nowait(None)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in DATA or self._over:
            return
        if frame.opcode is not Opcode.CONT:
            self._parts.clear()
        self._parts.append(b"" if frame.opcode is Opcode.TEXT else bytes(frame.data))
        if frame.fin:
            self._messages.put_nowait(b"".join(self._parts))
            self._link.pause_reading()
        elif len(self._parts) >= FRAGMENTS:
            self._link.abort()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._link.write(data)
            else:
                self._link.close()
