"""A port of this machine that takes what is posted to it."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Receiver"]

_LARGEST = 1 << 20


class Receiver:
    """
    Listens while its context lasts, on 127.0.0.1.

    Args:
        take: Is given headers and body of each request; gives the status to answer with and what
            :meth:`wait` is to give, None for nothing.
        port: 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, take: Callable[[dict[str, str], bytes], tuple[int, object]], port: int = 0) -> None:
        came: Queue[object] = Queue()

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or ""
                size = min(int(length), _LARGEST) if length.isdecimal() else 0
                status, result = take(dict(self.headers), self.rfile.read(size))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if result is not None:
                    came.put(result)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
                """Say nothing: what came is told by who waits."""

        self._came = came
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def wait(self, seconds: float) -> object:
        """Give the next result; None if none came in so many seconds."""
        try:
            return self._came.get(timeout=seconds)
        except Empty:
            return None
