"""
What a message of the channel costs: received, decoded, handled and confirmed, beside a bare loop.

Run ``python benchmarks/tmc.py``.  A server in a process of its own hands out
messages, at most 200 unconfirmed at a time, as the platform does.  The bare
loop is one thread on the same WebSocket library: receive, read the headers
with ``struct``, read the JSON, send the confirmation.  Both take turns, so
that a busy machine slows them alike; the figures are medians over the turns.
"""

from __future__ import annotations

import json
import statistics
import struct
import subprocess
import sys
import time
from threading import Event
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect
from websockets.sync.server import serve

from taobao_top import TaobaoTop
from taobao_top.tmc import TMC

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.sync.server import ServerConnection

GOAL = 0.6
WINDOW = 200
TOPIC = "taobao_trade_TradeChanged"
CONTENT = {
    "buyer_nick": "made_up_buyer",
    "payment": "44.00",
    "status": "WAIT_SELLER_SEND_GOODS",
    "iid": 9223372036854775807,
    "oid": 2067719225654838,
    "tid": 2067719225654838,
    "type": "guarantee_trade",
    "post_fee": "0.00",
    "seller_nick": "商家测试帐号1",
}
TOKEN = "0123456789abcdef0123456789abcdef"


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<i", len(raw)) + raw


def member(name: str, value: bytes) -> bytes:
    return b"\x01\x00" + text(name) + value


def message(number: int) -> bytes:
    """A Data frame of ten headers."""
    moment = struct.pack("<bq", 6, int(time.time() * 1000))
    return b"".join(
        (
            b"\x02\x02",
            member("__kind", b"\x02\x03"),
            member("id", struct.pack("<bq", 5, number)),
            member("topic", b"\x01" + text(TOPIC)),
            member("content", b"\x01" + text(json.dumps(CONTENT, ensure_ascii=False))),
            member("dataid", b"\x01" + text(f"{number:x}")),
            member("publisher", b"\x01" + text("4272")),
            member("userid", struct.pack("<bq", 5, 2054718218)),
            member("nick", b"\x01" + text("sandbox_seller")),
            member("time", moment),
            member("outtime", moment),
            b"\x00\x00",
        )
    )


def served(socket: ServerConnection) -> None:
    """Acknowledge, then hand out as many messages as are confirmed, and those of the window."""
    wanted = int((socket.request.path if socket.request else "/0")[1:])
    base = time.time_ns()
    frames = [message(base + number) for number in range(wanted)]
    socket.recv()
    socket.send(b"\x02\x01\x05\x00" + text(TOKEN) + b"\x00\x00")
    socket.recv()  # the request for messages
    for frame in frames[:WINDOW]:
        socket.send(frame)
    waiting = iter(frames[WINDOW:])
    for confirmation in socket:
        if b"__kind\x02\x02" in confirmation:  # type: ignore[operator]  # bytes: only binary frames come
            frame = next(waiting, None)
            if frame is not None:
                socket.send(frame)


def bare(url: str, wanted: int) -> float:
    """Seconds for all messages, by hand."""
    shapes = {2: struct.Struct("<b"), 5: struct.Struct("<q"), 6: struct.Struct("<q")}
    i16, i32, i64 = struct.Struct("<h"), struct.Struct("<i"), struct.Struct("<q")
    start = b"\x02\x02\x05\x00" + text(TOKEN) + member("__kind", b"\x02\x02") + member("id", b"\x05")
    handled = 0

    def handle(content: Any) -> None:
        nonlocal handled
        handled += content["tid"] > 0

    with connect(url, compression=None, proxy=None) as socket:
        socket.send(b"\x02\x00" + member("app_key", b"\x01" + text("12345678")) + b"\x00\x00")
        socket.recv()
        begun = time.perf_counter()
        socket.send(b"\x02\x02\x05\x00" + text(TOKEN) + member("__kind", b"\x02\x01") + b"\x00\x00")
        while handled < wanted:
            data = socket.recv()
            at, found = 2, {}
            while i16.unpack_from(data, at)[0]:
                end = at + 6 + i32.unpack_from(data, at + 2)[0]
                name = data[at + 6 : end].decode()
                kind = data[end]
                at = end + 1
                if kind == 1:
                    end = at + 4 + i32.unpack_from(data, at)[0]
                    found[name] = data[at + 4 : end].decode()
                    at = end
                else:
                    shape = shapes[kind]
                    (found[name],) = shape.unpack_from(data, at)
                    at += shape.size
            handle(json.loads(found["content"]))
            socket.send(start + i64.pack(found["id"]) + b"\x00\x00")
        return time.perf_counter() - begun


def ours(url: str, wanted: int) -> float:
    """Seconds for all messages, with TMC as it comes: claims, four workers."""
    done, handled, begun = Event(), [], 0.0
    with TaobaoTop(app_key="12345678", app_secret="made-up-secret") as top:
        tmc = TMC(top, url=url, proxy=None)

        @tmc.taobao_trade_TradeChanged
        def handle(message: Any) -> None:
            handled.append(message.content["tid"])
            if len(handled) == wanted:
                done.set()

        begun = time.perf_counter()
        with tmc:
            done.wait()
            took = time.perf_counter() - begun
    return took


def measure(turns: int = 9, messages: int = 3000) -> dict[str, float]:
    """Messages per second of both, and the ratio."""
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline()) if server.stdout else 0
            url = f"ws://127.0.0.1:{port}/{messages}"
            contenders: dict[str, Callable[[str, int], float]] = {"bare": bare, "ours": ours}
            rates: dict[str, list[float]] = {name: [] for name in contenders}
            for _ in range(turns):
                for name, contender in contenders.items():
                    rates[name].append(messages / contender(url, messages))
        finally:
            server.terminate()
    result = {name: statistics.median(values) for name, values in rates.items()}
    ratios = [mine / its for mine, its in zip(rates["ours"], rates["bare"], strict=True)]
    return result | {"ours / bare": statistics.median(ratios)}


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        with serve(served, "127.0.0.1", 0, compression=None) as endpoint:
            print(endpoint.socket.getsockname()[1], flush=True)
            endpoint.serve_forever()
    for name, value in measure().items():
        print(f"{name:14} {value:10,.2f}" if "/" in name else f"{name:14} {value:10,.0f} messages/s")
    print(f"goal: ours / bare >= {GOAL}")
