"""
Money safety: thousands of payments that must not be repeated, against a platform that breaks in every way.

Nothing here depends on how fast a machine is: each payment may end as it
likes, but none arrives twice, none gets the answer of another, and "nothing
was sent" is never untrue.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COUNTS = {
    "threads": 2000,
    "promises": 600,
    "asyncio": 600,
    "signals": 80,
    "gevent early": 1000,
    "gevent late": 1000,
}


def run(way: str, count: int, folder: Path, transport: str) -> tuple[dict[str, str], Counter[str], Counter[str]]:
    """Return what the shop says of each payment, how often each arrived, and the faults that the platform had."""
    platform = subprocess.Popen(
        [sys.executable, str(HERE / "counting_server.py"), way, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    ports = platform.stdout.readline()
    shop = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "shop.py"), way, str(count), str(folder), transport],
        input=ports,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        timeout=500,
        check=False,
    )
    seen, _ = platform.communicate(timeout=60)
    assert shop.returncode == 0, shop.stderr[-4000:]
    saw = json.loads(seen)
    return json.loads(shop.stdout), Counter(saw["arrived"]), Counter(saw["faults"])


@pytest.mark.parametrize("way", list(COUNTS))
@pytest.mark.parametrize("transport", ["requests", "direct"])
def test_no_payment_is_sent_twice_mixed_up_or_wrongly_called_unsent(way, transport, tmp_path):
    outcomes, arrived, faults = run(way, COUNTS[way], tmp_path, transport)
    ends = Counter(outcomes.values())

    assert len(outcomes) == COUNTS[way]
    assert {number: times for number, times in arrived.items() if times > 1} == {}
    assert [number for number, end in outcomes.items() if end == "mixed up"] == []
    assert [number for number, end in outcomes.items() if end == "unsent" and arrived[number]] == []
    assert [number for number, end in outcomes.items() if end == "ok" and not arrived[number]] == []
    assert ends["ok"] > COUNTS[way] / 5
    assert ends["maybe"]
    assert ends["unsent"]
    assert len(faults) > 10, "the platform had too few kinds of faults to prove anything"
