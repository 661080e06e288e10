"""Commands run in this process, against sandboxes on loopback."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings

import pytest
from click.testing import CliRunner

from tests.loopback import QuietHandler, serving


class Outcome:
    """The result of a command."""

    def __init__(self, result):
        self.code = result.exit_code
        self.out = result.stdout
        self.err = result.stderr
        self.error = result.exception

    @property
    def data(self):
        return json.loads(self.out)


def _run(program, name, arguments, text=None):
    result = CliRunner().invoke(program, [str(each) for each in arguments], input=text, prog_name=name)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("WECHATPAY_", "TAOBAO_TOP_", "LC_", "LANG", "COLUMNS")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def wx():
    """Run ``wechatpay`` with these arguments."""
    from wechatpay.cli.program import program

    return lambda *arguments, text=None: _run(program, "wechatpay", arguments, text)


@pytest.fixture
def top():
    """Run ``taobao-top`` with these arguments."""
    from taobao_top.cli.program import program

    return lambda *arguments, text=None: _run(program, "taobao-top", arguments, text)


@pytest.fixture(scope="session")
def shared_wechatpay(tmp_path_factory):
    from wechatpay.sandbox import Sandbox

    with Sandbox(callback_scale=0.001) as sandbox:
        sandbox.file = sandbox.write_env(tmp_path_factory.mktemp("wx") / "sandbox.env")
        yield sandbox


@pytest.fixture
def sandbox(shared_wechatpay):
    yield shared_wechatpay
    shared_wechatpay.reset()


@pytest.fixture(scope="session")
def shared_top(tmp_path_factory):
    from taobao_top.sandbox import Sandbox

    with Sandbox() as sandbox:
        sandbox.file = sandbox.write_env(tmp_path_factory.mktemp("top") / "sandbox.env")
        yield sandbox


@pytest.fixture
def gateway(shared_top):
    yield shared_top
    app = shared_top.application
    app.faults.clear()
    app.throttle.clear()
    app.clock.advance(-app.clock.offset)


@pytest.fixture
def consumer(gateway):
    """Confirm each message of the gateway's sandbox; topics that contain ``fail`` fail, ``wait`` stay with it."""
    done = threading.Event()

    def consume():
        while not done.wait(0.01):
            for message in gateway.messages.take("default", 100, again=False):
                if "fail" in message.topic:
                    gateway.messages.fail(message.id, "no")
                elif "wait" not in message.topic:
                    gateway.messages.confirm(message.id)

    thread = threading.Thread(target=consume, daemon=True)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.fixture
def receiver():
    """A notify_url: answers with ``status`` and keeps what came."""

    class Handler(QuietHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.came.append((dict(self.headers), body))
            judged = server.status if server.judge is None else server.judge(*server.came[-1])
            self.send_response(200 if body.startswith(b"<") else judged)
            answer = b"<xml><return_code>SUCCESS</return_code></xml>" if body.startswith(b"<") else b""
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with serving(Handler, "/notify") as server:
        server.came, server.status, server.judge = [], 204, None
        yield server


@pytest.fixture
def interrupted():
    """Send this process a signal as soon as a condition holds."""
    threads = []

    def when(condition, number=signal.SIGINT):
        def watch():
            until = time.monotonic() + 60
            while not condition() and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(os.getpid(), number)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        threads.append(thread)

    yield when
    for thread in threads:
        thread.join()


@pytest.fixture
def waiting():
    """Return whether a command waits for its end: its signal handlers are set."""
    return lambda: signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
