"""
What a message of the channel costs: received, decoded, handled and confirmed, beside a bare loop.

Run ``python benchmarks/tmc.py``.  A server in a process of its own hands out
messages, at most 200 unconfirmed at a time, as the platform does; it is made
of plain sockets and takes less time than both clients, so that these are what
is measured.  It tells the seconds from the request for messages to the last
confirmation.  The bare loop is one thread on the same WebSocket library:
receive, read all headers with ``struct``, read the JSON, call a function, send
the confirmation.  Both take turns, so that a busy machine slows them alike;
the figures are medians over the turns, the ratios those of neighbours.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from threading import Event
from typing import TYPE_CHECKING, Any

from websockets.server import ServerProtocol
from websockets.sync.client import connect

from taobao_top import TaobaoTop
from taobao_top.tmc import TMC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def outbound(payload: bytes) -> bytes:
    """A binary frame of the WebSocket protocol, as servers send it."""
    return b"\x82" + (bytes([len(payload)]) if len(payload) < 126 else struct.pack(">BH", 126, len(payload))) + payload


def inbound(peer: socket.socket) -> Iterator[list[int]]:
    """Yield the lengths of the binary frames of each read; their masked payload is not decoded."""
    waiting, closed = b"", False
    while not closed and (data := peer.recv(1 << 16)):
        waiting += data
        at, lengths = 0, []
        while len(waiting) - at >= 8:
            length = waiting[at + 1] & 127
            start = at + 6
            if length == 126:
                (length,) = struct.unpack_from(">H", waiting, at + 2)
                start = at + 8
            if len(waiting) < start + length:
                break
            if waiting[at] == 0x82:
                lengths.append(length)
            closed = waiting[at] == 0x88
            at = start + length
        waiting = waiting[at:]
        yield lengths


def served(peer: socket.socket) -> float:
    """Acknowledge, then hand out as many messages as are confirmed, and those of the window; the seconds it took."""
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    protocol = ServerProtocol()
    protocol.receive_data(peer.recv(1 << 16))
    request: Any = protocol.events_received()[0]
    protocol.send_response(protocol.accept(request))
    peer.sendall(b"".join(protocol.data_to_send()))
    wanted = int(request.path[1:])
    base = time.time_ns()
    frames = [outbound(message(base + number)) for number in range(wanted)]
    came, out, begun, took = 0, 0, 0.0, 0.0
    for lengths in inbound(peer):
        for _ in lengths:
            came += 1
            if came == 1:
                peer.sendall(outbound(b"\x02\x01\x05\x00" + text(TOKEN) + b"\x00\x00"))
            elif came == 2:  # the request for messages; what follows are confirmations
                begun = time.perf_counter()
        if begun and came - 2 == wanted and not took:
            took = time.perf_counter() - begun
        elif begun and out < wanted:
            due = min(wanted, came - 2 + WINDOW)
            peer.sendall(b"".join(frames[out:due]))
            out = due
    return took


def serving() -> None:
    """Serve one client after the other, and print the seconds of each."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            peer, _ = listening.accept()
            with peer:
                print(served(peer), flush=True)


def bare(url: str, wanted: int) -> None:
    """All messages, by hand."""
    shapes = {2: struct.Struct("<b"), 5: struct.Struct("<q"), 6: struct.Struct("<q")}
    i16, i32, i64 = struct.Struct("<h"), struct.Struct("<i"), struct.Struct("<q")
    start = b"\x02\x02\x05\x00" + text(TOKEN) + member("__kind", b"\x02\x02") + member("id", b"\x05")
    handled = 0

    def handle(content: Any) -> None:
        nonlocal handled
        handled += content["tid"] > 0

    with connect(url, compression=None, proxy=None) as channel:
        channel.send(b"\x02\x00" + member("app_key", b"\x01" + text("12345678")) + b"\x00\x00")
        channel.recv()
        channel.send(b"\x02\x02\x05\x00" + text(TOKEN) + member("__kind", b"\x02\x01") + b"\x00\x00")
        while handled < wanted:
            data = channel.recv(decode=False)
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
            channel.send(start + i64.pack(found["id"]) + b"\x00\x00")


def ours(url: str, wanted: int) -> None:
    """All messages, with TMC as it comes: claims, four workers."""
    done, handled = Event(), []
    with TaobaoTop(app_key="12345678", app_secret="made-up-secret") as top:
        tmc = TMC(top, url=url, proxy=None)

        @tmc.taobao_trade_TradeChanged
        def handle(message: Any) -> None:
            handled.append(message.content["tid"])
            if len(handled) == wanted:
                done.set()

        with tmc:
            done.wait()


def measure(turns: int = 15, messages: int = 3000) -> dict[str, list[tuple[float, float]]]:
    """Microseconds per message of both, turn by turn: as time passed, and of this process's processor time."""
    contenders: dict[str, Callable[[str, int], None]] = {"bare": bare, "ours": ours}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            answers: Iterator[str] = iter(server.stdout or ())
            url = f"ws://127.0.0.1:{int(next(answers))}/{messages}"
            for _ in range(turns):
                for name, contender in contenders.items():
                    begun = time.process_time()
                    contender(url, messages)
                    processor = time.process_time() - begun
                    passed = float(next(answers))
                    taken[name].append((passed / messages * 1e6, processor / messages * 1e6))
        finally:
            server.terminate()
    return taken


def report(taken: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians and ratios."""
    for column, what in enumerate(("time", "processor time")):
        floor, mine = ([turn[column] for turn in taken[name]] for name in ("bare", "ours"))
        ratios = [its / own for its, own in zip(floor, mine, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        print(
            f"{what:15} bare {statistics.median(floor):6.1f} µs   ours {statistics.median(mine):6.1f} µs   "
            f"bare / ours {statistics.median(ratios):.2f} (half of the turns {low:.2f}-{high:.2f})"
        )
    print(f"goal: bare / ours >= {GOAL}; load {os.getloadavg()[0]:.1f}, {len(taken['ours'])} turns")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serving()
    report(measure())
