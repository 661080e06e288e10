"""
Every Python block of the guide runs, page by page, against the sandboxes.

A block of class ``theirs`` shows another library: it is only compiled.  What
stands in ``.. given::`` runs too and is not shown.
"""

import os
import queue
import re
import textwrap
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    "index.rst",
    *sorted(
        str(path.relative_to(DOCS))
        for folder in ("guide", "coming-from", "rehearsing")
        for path in (DOCS / folder).glob("*.rst")
    ),
]
BLOCK = re.compile(r"^( *)\.\. (given::|code-block:: python)\n((?:[ \t]*\n|\1 +\S.*\n)+)", re.MULTILINE)


def blocks(page):
    text = (DOCS / page).read_text("utf-8") + "\n"
    for match in BLOCK.finditer(text):
        lines = match[3].splitlines()
        options = []
        while lines and lines[0].strip().startswith(":"):
            options.append(lines.pop(0).strip())
        line = text[: match.start()].count("\n") + 2
        yield line, textwrap.dedent("\n".join(lines)), any("theirs" in option for option in options)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.fixture(scope="module")
def shared_top_sandbox():
    with TopSandbox() as started:
        yield started


@pytest.fixture
def top_sandbox(shared_top_sandbox):
    with TopSandbox(beside=shared_top_sandbox) as started:
        yield started


@pytest.fixture(scope="module")
def inbox():
    """A merchant's server that accepts whatever comes and keeps it."""
    arrived = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/notify", arrived
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def keep():
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page, sandbox, top_sandbox, inbox, keep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in {**sandbox.env(), **top_sandbox.env()}.items():
        monkeypatch.setenv(name, value)
    sandbox.reset()
    sandbox.write_files(tmp_path)

    def notification_of(event, version="v3"):
        url, arrived = inbox
        sandbox.trigger(event, to=url, version=version)
        return arrived.get(timeout=60)

    names = {
        "notification_of": notification_of,
        "sandbox": sandbox,
        "running": sandbox,
        "keep": keep,
        "top_sandbox": top_sandbox,
        "client": sandbox.client(),
        "top": top_sandbox.client(),
        "__name__": "guide",
    }
    ran = 0
    for line, code, theirs in blocks(page):
        compiled = compile("\n" * (line - 1) + code, str(DOCS / page), "exec")
        if not theirs:
            exec(compiled, names)
            ran += 1
    assert ran or "pains" in page
    assert Path.cwd() == tmp_path
    assert os.environ["WECHATPAY_MCHID"] == sandbox.account.mchid
