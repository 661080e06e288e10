"""
What a large bill costs: 200 MB streamed to a file with its SHA-1 checked, beside hand-written code.

Run ``python benchmarks/streaming.py`` (about half a minute; Linux).  The
server and every download have processes of their own; the contenders take
turns, so that a busy machine slows them alike.  Memory is the peak over the
download, beyond what the process took after a small one before it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000
PIECE = (b"`2026-01-01 10:00:00,`wx1234567890abcdef,`1900000109\r\n" * 20_000)[:MEGABYTE]
SMALL = 2
GOAL_OF_FLOOR, GOAL_OF_MEMORY = 1.0, 4.0


def serve() -> None:
    """Answer ``GET /N`` with N megabytes; print the port first."""
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)

    def work(connection: socket.socket) -> None:
        with connection:
            while head := connection.recv(65536):
                count = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (count * MEGABYTE))
                for _ in range(count):
                    connection.sendall(PIECE)

    while True:
        threading.Thread(target=work, args=server.accept()[:1], daemon=True).start()


def digest_of(count: int) -> str:
    digest = hashlib.sha1()
    for _ in range(count):
        digest.update(PIECE)
    return digest.hexdigest()


def floor(url: str) -> Callable[[int, Path], object]:
    """Stream, hash, write, compare, move into place: what one writes by hand."""
    import requests

    session = requests.Session()

    def fetch(count: int, to: Path) -> object:
        digest = hashlib.sha1()
        part = to.with_suffix(".part")
        with session.get(f"{url}{count}", stream=True, timeout=30) as response, part.open("wb") as file:
            response.raise_for_status()
            for piece in response.iter_content(64 * 1024):
                digest.update(piece)
                file.write(piece)
        assert digest.hexdigest() == DIGESTS[count]
        return part.replace(to)

    return fetch


def ours(url: str) -> Callable[[int, Path], object]:
    """``client.download`` of an answer that names URL and hash; the request for the file is signed."""
    import requests
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    from chainable import Response
    from wechatpay import WeChatPay

    key = generate_private_key(65537, 2048)
    client = WeChatPay(
        mchid="1900000109", serial="7A" * 20, private_key=key, certs={"PUB_KEY_ID_1": key.public_key()}, base_url=url
    )

    def fetch(count: int, to: Path) -> object:
        answer: Any = Response()
        members = {"hash_type": "SHA1", "hash_value": DIGESTS[count], "download_url": f"{url}{count}"}
        answer._content = json.dumps(members).encode()
        answer._data = members
        answer.verified = True
        answer.request = requests.Request("GET", url).prepare()
        saved = client.download(answer, to)
        assert saved.verified
        return saved

    return fetch


CONTENDERS = {"floor": floor, "ours": ours}
DIGESTS: dict[int, str] = {}


def status(name: str) -> int:
    """Kilobytes of this process, by their name in ``/proc``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def worker(name: str, port: str, megabytes: str) -> None:
    """Download once; print MB/s and the growth in megabytes."""
    count = int(megabytes)
    for each in (SMALL, count):
        DIGESTS[each] = digest_of(each)
    fetch = CONTENDERS[name](f"http://127.0.0.1:{port}/")
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "bill.csv"
        fetch(SMALL, to)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = status("VmRSS")
        started = time.perf_counter()
        fetch(count, to)
        seconds = time.perf_counter() - started
        assert to.stat().st_size == count * MEGABYTE
        print(json.dumps([count / seconds, (status("VmHWM") - before) / 1024]))


def measure(turns: int, megabytes: int) -> dict[str, dict[str, float]]:
    """Medians over the turns, and of the ratios in each turn."""
    script = str(Path(__file__).resolve())
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    memory: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with subprocess.Popen([sys.executable, script, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            for turn in range(turns):
                for name in list(CONTENDERS)[:: 1 if turn % 2 else -1]:
                    command = [sys.executable, script, "--worker", name, port, str(megabytes)]
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    rate, growth = json.loads(done.stdout)
                    rates[name].append(rate)
                    memory[name].append(growth)
        finally:
            server.terminate()
    return {
        name: {
            "MB/s": statistics.median(rates[name]),
            "x floor": statistics.median(mine / its for mine, its in zip(rates[name], rates["floor"], strict=True)),
            "RSS +MB": max(memory[name]),
        }
        for name in CONTENDERS
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.worker:
        worker(*options.worker)
    else:
        print(f"{'':8}{'MB/s':>10}{'x floor':>10}{'RSS +MB':>10}")
        for name, row in measure(options.turns, options.megabytes).items():
            print(f"{name:8}{row['MB/s']:>10.0f}{row['x floor']:>10.2f}{row['RSS +MB']:>10.1f}")
        print(f"goals: x floor >= {GOAL_OF_FLOOR}, RSS <= +{GOAL_OF_MEMORY} MB whatever the size")


if __name__ == "__main__":
    main()
