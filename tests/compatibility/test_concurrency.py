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
from tests.compatibility.calls import IMAGE, TOP, WECHAT, order
from wechatpay.sandbox import Sandbox

SHOP = Path(__file__).with_name("shop.py")
RIGHT = {
    **dict.fromkeys((*WECHAT, *TOP, "v3 download"), "200"),
    "v3 stream": str(len(IMAGE)),
    "v2 with mTLS": "ORDERNOTEXIST",
}


@pytest.fixture(scope="module")
def settings():
    """Return the environment of the shop, for a lane and a scheme."""
    with Sandbox(appids=["wx8888888888888888"]) as pay, TopSandbox() as top:
        with pay.client() as client:
            client.v3.merchant_service.images.upload.post(files={"file": ("a.png", IMAGE)})
            pay.clock.advance(days=-2)
            for number in ("in-the-bill", "in-the-next-bill"):  # which is asked for after midnight
                client.v3.pay.transactions.native.post(json=order(client, number))
                pay.pay(number)
                pay.clock.advance(days=1)
        own = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_bundle"))}
        secure = {**own, **pay.env(), **top.env(), "PYTHONWARNINGS": "ignore"}
        plain = {"WECHATPAY_BASE_URL": pay.base_url, "WECHATPAY_BACKUP_URL": "", "TAOBAO_TOP_GATEWAY": top.gateway}
        yield lambda lane, scheme="https": {**secure, "LANE": lane, **(plain if scheme == "http" else {})}


def check(outcomes, times, scheme="https"):
    found = {}
    for name, outcome in outcomes:
        found.setdefault(name, []).append(outcome)
    right = {name: {right} for name, right in RIGHT.items() if scheme == "https" or name != "v2 with mTLS"}
    assert {name: set(each) for name, each in found.items()} == right
    assert min(map(len, found.values())) >= times


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("lane", ["default", "direct"])
@pytest.mark.parametrize("way", ["gevent early", "gevent late", "uvloop"])
def test_a_program(settings, way, lane, scheme):
    done = subprocess.run(
        [sys.executable, str(SHOP), way],
        env=settings(lane, scheme),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout), 4, scheme)


@pytest.mark.parametrize("lane", ["default", "direct"])
@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["early", "late, after a fork"])
def test_gunicorn_with_gevent(settings, options, lane, tmp_path):
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
        server = subprocess.Popen(command, env=settings(lane), stdout=output, stderr=output, cwd=tmp_path)
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
