"""An HTTP listener on this machine that receives POST requests."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["WebhookListener"]

_LARGEST = 1 << 20


class WebhookListener:
    """
    A listener on 127.0.0.1, for the time of its context; a port in use raises OSError, 0 is any free one.

    *handle* takes headers and body of each request, and returns the status of the response and the result for
    :meth:`wait`, or None.
    """

    def __init__(self, handle: Callable[[dict[str, str], bytes], tuple[int, object]], port: int = 0) -> None:
        results: Queue[object] = Queue()

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or ""
                size = min(int(length), _LARGEST) if length.isdecimal() else 0
                status, result = handle(dict(self.headers), self.rfile.read(size))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if result is not None:
                    results.put(result)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
                """Keep quiet: the caller of wait() reports."""

        self._results = results
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
        """The URL of the listener."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def wait(self, seconds: float) -> object:
        """Return the next result; None after a timeout in seconds."""
        try:
            return self._results.get(timeout=seconds)
        except Empty:
            return None
