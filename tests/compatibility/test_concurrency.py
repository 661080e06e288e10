"""gevent, gunicorn with its workers, and uvloop around calls of every kind, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

SHOP = Path(__file__).with_name("shop.py")
RIGHT = {
    "v3": "200",
    "v3 promise": "200",
    "v2 with mTLS": "ORDERNOTEXIST",
    "top": "200",
    "top promise": "200",
}


@pytest.fixture(scope="module")
def settings():
    """The environment of the shop."""
    with Sandbox(appids=["wx8888888888888888"]) as pay, TopSandbox() as top:
        own = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_bundle"))}
        yield {**own, **pay.env(), **top.env(), "PYTHONWARNINGS": "ignore"}


def check(outcomes, times):
    found = {}
    for name, outcome in outcomes:
        found.setdefault(name, []).append(outcome)
    assert {name: set(each) for name, each in found.items()} == {name: {right} for name, right in RIGHT.items()}
    assert min(map(len, found.values())) >= times


@pytest.mark.parametrize("way", ["gevent early", "gevent late", "uvloop"])
def test_a_program(settings, way):
    done = subprocess.run(
        [sys.executable, str(SHOP), way], env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout), times=4)


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["early", "late, after a fork"])
def test_gunicorn_with_gevent(settings, options, tmp_path):
    """Its workers patch before they load the application; with ``--preload`` the clients are older than both."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", "--worker-class", "gevent", "--workers", "2"),
        *("--bind", f"127.0.0.1:{port}", "--worker-tmp-dir", str(tmp_path), "--pythonpath", str(SHOP.parent)),
        *(*options, "shop:application"),
    ]
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=settings, stdout=output, stderr=output, cwd=tmp_path)
    try:
        wait_for(port, server, log)
        with ThreadPoolExecutor(8) as pool:
            answers = [*pool.map(lambda _: requests.get(f"http://127.0.0.1:{port}/", timeout=60).json(), range(8))]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    check([outcome for answer in answers for outcome in answer], times=8)


def wait_for(port, server, log):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
