"""Settings of sandboxes, whole and broken."""

from __future__ import annotations

import os
import re

import pytest

from tests.loopback import QuietHandler, serving


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("WECHATPAY_", "TAOBAO_TOP_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared_wechatpay():
    from wechatpay.sandbox import Sandbox

    with Sandbox(callback_scale=0.001) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_wechatpay):
    yield shared_wechatpay
    shared_wechatpay.reset()


@pytest.fixture
def settings(sandbox):
    """The settings that ``from_env`` reads, names in lower case."""
    found = {name.removeprefix("WECHATPAY_").lower(): value for name, value in sandbox.env().items()}
    found["certs"] = dict(part.split("=") for part in found["certs"].split(","))
    return found


@pytest.fixture(scope="session")
def shared_top():
    from taobao_top.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def gateway(shared_top):
    yield shared_top
    shared_top.application.faults.clear()
    shared_top.application.clock.offset = 0


@pytest.fixture
def app(gateway):
    return {name.removeprefix("TAOBAO_TOP_").lower(): value for name, value in gateway.env().items()}


CHINESE = re.compile(r"[一-鿿，：。]")


def chinese(text):
    return CHINESE.search(getattr(text, "zh", ""))


@pytest.fixture
def complete():
    """Make sure that findings say all in Chinese as well; only what is data has no words."""

    def look(findings):
        for finding in findings:
            assert finding.state in "✓!✗"
            assert chinese(finding.found) or re.fullmatch(r"[\w.]+", finding.found), finding
            for text in filter(None, (finding.meaning, finding.fix)):
                assert chinese(text), finding
            if finding.state != "✓":
                assert finding.meaning, finding
                assert finding.fix, finding
            assert chinese(finding.check) or " and " not in finding.check, finding
        return findings

    return look


@pytest.fixture
def states():
    """Return the states of findings, without the slowness of a machine that runs tests."""
    return lambda findings: {finding.state for finding in findings if not finding.meaning.startswith("Slow:")}


@pytest.fixture
def shop():
    """A notify_url by plain http: answers with ``status``."""

    class Handler(QuietHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

    with serving(Handler, "/notify") as server:
        server.status = 204
        yield server
