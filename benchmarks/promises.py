"""
How many calls a second 64 promises make at a latency of 40 ms, on both lanes.

Run ``python benchmarks/promises.py``.  The lanes take turns; the figures are medians over the turns.  No client can make
more than 1,600: 64 calls every 40 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.contenders import SECRET, Place
from benchmarks.run import gateway
from chainable import DirectTransport
from taobao_top import TaobaoTop

PROMISES, LATENCY, TURNS, SECONDS = 64, 0.04, 7, 2.0
GOAL = 1_400


def made(place: Place, transport: Any = None) -> TaobaoTop:
    return TaobaoTop(
        app_key="12345678", app_secret=SECRET, session="s", gateway=place.base + "router/rest", verify=place.ca,
        max_promises=PROMISES, transport=transport,
    )  # fmt: skip


def turn(client: TaobaoTop, seconds: float) -> float:
    """Keep twice as many calls promised as may be under way, and return how many were answered a second."""
    started, answered, waiting = time.perf_counter(), 0, []
    while time.perf_counter() < started + seconds:
        waiting += [
            client.taobao.item.seller.get.post_async(fields="num_iid,title", num_iid=123)
            for _ in range(2 * PROMISES - len(waiting))
        ]
        waiting.pop(0).wait()
        answered += 1
    rate = answered / (time.perf_counter() - started)
    for promise in waiting:
        promise.wait()
    return rate


def main() -> None:
    with gateway(LATENCY) as (port, folder):
        place = Place(port, folder)
        transport = DirectTransport(pool_maxsize=PROMISES, verify=place.ca)
        clients = {"default": made(place), "direct": made(place, transport)}
        for client in clients.values():
            turn(client, 0.5)  # connects
        rates: dict[str, list[float]] = {name: [] for name in clients}
        for _ in range(TURNS):
            for name, client in clients.items():
                rates[name].append(turn(client, SECONDS))
        for name, client in clients.items():
            print(f"{name:10}{statistics.median(rates[name]):>8,.0f} calls/s")
            client.close()
    print(f"goal: {GOAL:,}; the limit is {PROMISES / LATENCY:,.0f}")


if __name__ == "__main__":
    main()
