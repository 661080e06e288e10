"""An HTTP listener on this machine that receives the redirect of an authorisation page."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["RedirectListener"]

_PAGE = '<!doctype html><meta charset="utf-8"><title>✓</title><p>可以关闭本页，回到命令行。<p>Close this page and return to the command line.'


class RedirectListener:
    """
    A listener on 127.0.0.1, for the time of its context; a port in use raises OSError, 0 is any free one.

    It takes ``GET`` requests to one path, and answers them with a page that does not show the query.
    """

    def __init__(self, port: int, path: str) -> None:
        results: Queue[dict[str, str]] = Queue()

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                found = urlsplit(self.path)
                body = _PAGE.encode() if found.path == path else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html;charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)
                if body:
                    results.put(dict(parse_qsl(found.query)))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
                """Keep quiet: a request line has the code."""

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

    def wait(self, seconds: float) -> dict[str, str] | None:
        """Return the query of the next redirect; None after a timeout in seconds."""
        try:
            return self._results.get(timeout=seconds)
        except Empty:
            return None
