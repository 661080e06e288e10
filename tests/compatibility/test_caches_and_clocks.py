"""requests-cache in the place of requests.Session, and clocks that freezegun and time-machine stop, around both lanes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CACHE = """
import requests_cache

def install():
    requests_cache.install_cache(backend="memory")

INSTALL_FIRST
from chainable import DirectTransport
from wechatpay.sandbox import Sandbox
INSTALL_LATER

with Sandbox() as sandbox:
    lent = requests_cache.CachedSession(backend="memory")
    for number, options in {
        "default0": {}, "direct00": {"transport": DirectTransport()}, "lent0000": {"http_session": lent}
    }.items():
        with sandbox.client(base_url=sandbox.base_url, **options) as client:
            sent = {"description": "x", "out_trade_no": number, "notify_url": "https://shop.example/n", "appid": sandbox.account.appid}
            sent = {**sent, "mchid": sandbox.account.mchid, "amount": {"total": 1}}
            client.v3.pay.transactions.native.post(json=sent)
            query = client.v3.pay.transactions.out_trade_no._out_trade_no_
            states = []
            for _ in range(2):
                states.append(query.get(out_trade_no=number, params={"mchid": sandbox.account.mchid}).data["trade_state"])
                if len(states) == 1:
                    sandbox.pay(number)
            print(number, *states)
"""
CLOCK = """
import re
from chainable import DirectTransport
from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

with Sandbox() as sandbox, TopSandbox() as top_sandbox:
    for day in ("2026-01-01", "2027-07-07"):
        with STOPPED:
            for direct in (False, True):
                lanes = [{"transport": DirectTransport()} if direct else {} for _ in range(2)]
                with (
                    sandbox.client(base_url=sandbox.base_url, **lanes[0]) as client,
                    top_sandbox.client(gateway=top_sandbox.gateway, **lanes[1]) as top,
                ):
                    answer = client.v3.certificates.get()
                    stamp = re.search(r'timestamp="([0-9]+)"', answer.request.headers["Authorization"])[1]
                    print(answer.status_code, stamp, top.taobao.time.get().data["time"])
"""


def printed(program: str) -> list[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_bundle"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("when", ["FIRST", "LATER"])
def test_a_query_is_never_answered_from_a_cache(when):
    """The cache is installed before or after the package is imported: either way, a query returns today's state."""
    program = CACHE.replace(f"INSTALL_{when}", "install()").replace("INSTALL_FIRST", "").replace("INSTALL_LATER", "")
    assert printed(program) == [f"{number} NOTPAY SUCCESS" for number in ("default0", "direct00", "lent0000")]


@pytest.mark.parametrize(
    ("library", "stopped"),
    [
        ("from freezegun import freeze_time", "freeze_time(day)"),
        ("import time_machine", "time_machine.travel(day, tick=False)"),
    ],
)
def test_a_stopped_clock_is_that_of_clients_and_sandboxes(library, stopped):
    """Requests are signed with the time that the test has set."""
    first, second = "200 1767225600 2026-01-01 08:00:00", "200 1814918400 2027-07-07 08:00:00"
    assert printed(f"{library}\n{CLOCK.replace('STOPPED', stopped)}") == [first, first, second, second]
