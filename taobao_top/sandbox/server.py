"""uvicorn in a background thread: one port for HTTP and WebSocket, one for HTTPS."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvicorn

from taobao_top.sandbox.connections import KEEP_ALIVE, Channel, Connection

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp

__all__ = ["Server"]

GRACE = 1.0
"""How long calls that are being answered when the server ends may take, seconds."""

LARGEST_MESSAGE = 1024 * 1024
"""Of the message channel, bytes."""

TURNS = 3
"""Of the loop, until an aborted connection is closed: one for TLS, one for TCP beneath it, one for its callbacks."""


class _Uvicorn(uvicorn.Server):
    """uvicorn that signals when it accepts connections, and closes all of them at the end."""

    def __init__(self, config: uvicorn.Config, ready: threading.Semaphore) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.release()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await _ended(self.server_state.tasks, GRACE)
        # TLS waits for the other side to close as well, and a call may still be held back by a fault
        self.abort()
        await _ended(self.server_state.tasks, None)

    def abort(self) -> None:
        """Abort all connections."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


async def _ended(tasks: set[asyncio.Task[None]], timeout: float | None) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=timeout)


class Server:
    """
    A server on loopback.

    Args:
        app: What it serves.
        host: The address it binds.
        port: For HTTP; 0 takes a free one.
        https_port: For HTTPS; 0 takes a free one.
        certificate: PEM file of key and certificate; None leaves HTTPS out.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, https_port: int, certificate: Path | None) -> None:
        self._servers: list[_Uvicorn] = []
        self._ready = threading.Semaphore(0)
        self._sockets: list[socket.socket] = []
        with ExitStack() as opened:
            self._open(opened, app, host, port, None)
            if certificate is not None:
                self._open(opened, app, host, https_port, certificate)
            self._opened = opened.pop_all()
        self._thread = threading.Thread(target=self._run, name="taobao_top.sandbox", daemon=True)

    def _open(self, opened: ExitStack, app: ASGIApp, host: str, port: int, certificate: Path | None) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            ws=Channel,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ssl_certfile=certificate,
            ws_max_size=LARGEST_MESSAGE,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sockets.append(opened.enter_context(socket.create_server((host, port), family=family, backlog=1024)))
        self._servers.append(_Uvicorn(config, self._ready))

    @property
    def ports(self) -> list[int]:
        """The ports bound: HTTP, and HTTPS if there is one."""
        return [bound.getsockname()[1] for bound in self._sockets]

    def start(self) -> None:
        """Serve, and return once connections are taken."""
        self._thread.start()
        for _ in self._servers:
            self._ready.acquire()

    def stop(self) -> None:
        """Close all connections and end the thread, if it was started."""
        for server in self._servers:
            server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._opened.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        pairs = zip(self._servers, self._sockets, strict=True)
        await asyncio.gather(*(server.serve(sockets=[bound]) for server, bound in pairs))
        # what was accepted last begins to shake hands, and some may have done so by now
        await asyncio.sleep(0)
        handshakes = asyncio.all_tasks() - {asyncio.current_task()}
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)
        for server in self._servers:
            server.abort()
        for _ in range(TURNS):
            await asyncio.sleep(0)
