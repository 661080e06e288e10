"""A sandbox of TOP, a caller that signs by hand, and a browser that looks at the page."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from taobao_top.sandbox import Sandbox
from tests.browser import REBOUND, chromium, visits
from tests.taobao_top.sandbox.conftest import Caller


class Page:
    """Asks what the page asks, over HTTP."""

    def __init__(self, sandbox, http):
        self.sandbox = sandbox
        self.http = http

    def reply(self, path, verb="GET", members=None, *, headers=None, app_key=True):
        url = f"{self.sandbox.origin}/_sandbox/{path}"
        asked = {"app_key": self.sandbox.account.app_key} if app_key else {}
        return self.http.request(verb, url, json=members, params=asked, headers=headers)

    def __call__(self, path, verb="GET", members=None):
        reply = self.reply(path, verb, members if verb == "GET" else members or {})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def last(self):
        """The newest entry in full."""
        return self(f"inspector/entries/{self.sandbox.journal[-1].number}")


class Server:
    """The user's server: answers as told, and keeps what it was sent."""

    def __init__(self):
        self.received = []
        self.answer = b'{"ok": true}'
        self.page = b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.received.append((self.path, dict(self.headers), body))
                self.result(server.answer, "application/json")

            def do_GET(self):
                self.result(server.page, "text/html")

            def result(self, body, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/spi"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def running():
    with Sandbox(https=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    """An app of its own on the server of the run."""
    with Sandbox(beside=running) as sandbox:
        yield sandbox


@pytest.fixture
def call(sandbox):
    caller = Caller(sandbox)
    yield caller
    caller.http.close()


@pytest.fixture
def ask(sandbox, call):
    return Page(sandbox, call.http)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium(REBOUND) as started:
        yield started


@pytest.fixture
def visit(browser, sandbox):
    """Open the page, in a language and a size."""
    with visits(browser) as open_page:
        yield lambda locale="en-GB", room="", url=None, **options: open_page(
            (url or sandbox.inspector_url) + (room and f"#{room}"), locale, **options
        )
