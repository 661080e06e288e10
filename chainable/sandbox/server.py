"""The server of a sandbox: HTTP/1.1, and WebSockets, on ports of its own in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import ExitStack
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable.sandbox import limits
from chainable.sandbox.connection import Connection, Listener, Serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence

    from chainable.sandbox.http import Reply, Request

__all__ = ["Listener", "Server", "under"]

LARGEST = 64 * 1024 * 1024
"""Bytes that the body of a request may have."""
GRACE = 1.0
"""Seconds that responses in progress may take when the server ends."""


class Server:
    """
    An event loop in a thread of its own that serves the listeners.

    Args:
        handle: Answers a request in that thread, one request at a time; what would block is returned as an awaitable.
        listeners: The ports.
        keep_alive: Seconds that a connection is kept after a response.
        largest: Bytes that the body of a request may have.
    """

    def __init__(
        self,
        handle: Callable[[Request], Reply | Awaitable[Reply]],
        listeners: list[Listener],
        *,
        keep_alive: float,
        largest: int = LARGEST,
    ) -> None:
        self._serving = Serving(handle, largest, keep_alive)
        self._listeners = listeners
        self._ports = [listener.port for listener in listeners]
        self._bound: list[socket.socket | None] = [None] * len(listeners)
        self._connections: list[set[Connection]] = [set() for _ in listeners]
        self._accepted: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="sandbox", daemon=True)

    def bind(self) -> None:
        """Bind the ports: connections wait from now on; an OSError leaves nothing open."""
        with ExitStack() as opened:
            sockets = [opened.enter_context(listener.bind(listener.port)) for listener in self._listeners]
            opened.pop_all()
        self._bound = [*sockets]
        self._ports = [bound.getsockname()[1] for bound in sockets]

    def start(self) -> None:
        """Serve on the ports, which are bound now if :meth:`bind` was not called."""
        if None in self._bound:
            self.bind()
        self._loop = asyncio.SelectorEventLoop()
        for index, bound in enumerate(self._bound):
            assert bound is not None
            self._listen(index, bound)
        self._thread.start()

    @property
    def running(self) -> bool:
        """True between :meth:`start` and :meth:`stop`."""
        return self._loop is not None

    def origin(self, index: int) -> str:
        """Return the origin of a listener: ``http://127.0.0.1:…``."""
        listener = self._listeners[index]
        host = f"[{listener.address}]" if ":" in listener.address else listener.address
        return f"{'http' if listener.context is None else 'https'}://{host}:{self._ports[index]}"

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
        """Finish what is being answered, drop everything, and end the thread; nothing to do if it does not run."""
        if self._loop is None:
            self._deafen(range(len(self._listeners)))
            return
        self._await(self._end)
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
                self._bound[index] = bound = self._listeners[index].bind(self._ports[index])
                self._listen(index, bound)

    def _listen(self, index: int, bound: socket.socket) -> None:
        bound.setblocking(False)
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
        # asyncio does this only for sockets made with IPPROTO_TCP; without it a second write may wait 40 ms
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener, connections = self._listeners[index], self._connections[index]
        connected = self._running.connect_accepted_socket(
            lambda: Connection(self._serving, listener, connections), accepted
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
                if self._loop is not None:
                    self._loop.remove_reader(bound)
                bound.close()

    async def _close(self, indexes: Iterable[int], *, reset: bool = True) -> None:
        """Close these ports and their connections, and wait until they are closed."""
        self._deafen(indexes)
        if self._accepted:
            await asyncio.wait(self._accepted)
        for index in indexes:
            while self._connections[index]:
                for connection in tuple(self._connections[index]):
                    connection.abort(reset=reset)
                await asyncio.sleep(0)

    async def _end(self) -> None:
        """Close everything: within a moment what is being answered, at once what then is left."""
        every = range(len(self._listeners))
        self._deafen(every)
        left = [each for connections in self._connections for each in connections]
        for connection in left:
            connection.finish()
        if left:
            await asyncio.wait([each.closed for each in left], timeout=GRACE)
        await self._close(every, reset=False)
        if self._serving.tasks:
            await asyncio.wait(self._serving.tasks)
        await self._running.shutdown_default_executor()


def under(hosts: Sequence[str], url: str) -> str:
    """Return a URL with the first of these hosts in place of its own, unchanged without one."""
    if not hosts:
        return url
    parts = urlsplit(url)
    host = f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0]
    return parts._replace(netloc=f"{host}:{parts.port}").geturl()
