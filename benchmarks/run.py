"""
Our speed beside the floor's and the peers', in one run, as ratios.

``python benchmarks/run.py`` (about three minutes), ``--quick`` (half a minute). ``--save FILE`` keeps
the figures for ``python -m tools.plot_benchmarks``.
Peers that are not installed are left out: ``pip install wechatpayv3 taobaopy``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import certifi
import requests
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.contenders import GROUPS, SECRET, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
THREADS = 32


@contextmanager
def gateway(latency: float = 0.0) -> Iterator[tuple[int, Path]]:
    """
    Start the server in a process of its own, which waits so many seconds before each answer.

    The CA file holds the public roots as well, as a real one does.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(folder / "server.key")
        (folder / "server.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        (folder / "ca.pem").write_bytes(Path(certifi.where()).read_bytes() + b"\n" + authority.cert_pem.bytes())
        for owner in ("merchant", "platform"):
            key = rsa.generate_private_key(65537, 2048)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (folder / f"{owner}.pem").write_bytes(pem)
            (folder / f"{owner}_public.pem").write_bytes(
                key.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
        files = ["server.pem", "server.key", "platform.pem"]
        command = [sys.executable, str(HERE / "server.py"), *files, SECRET, str(latency)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server:
            try:
                assert server.stdout is not None
                yield int(server.stdout.readline()), folder
            finally:
                server.terminate()


def connections(place: Place) -> int:
    return int(requests.get(place.base + "count", verify=place.ca, timeout=5).json())


def sequential(calls: dict[str, Callable[[], Any]], rounds: int, count: int) -> dict[str, dict[str, float]]:
    """Interleave the contenders round by round; give medians and the medians of the per-round ratios."""
    wall: dict[str, list[float]] = {name: [] for name in calls}
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        names = list(calls)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            few = max(5, count // 10) if name not in {"floor", "limit", "ours", "ours, direct"} else count
            call = calls[name]
            call()
            started, used = time.perf_counter(), time.process_time()
            for _ in range(few):
                call()
            wall[name].append((time.perf_counter() - started) / few * 1000)
            cpu[name].append((time.process_time() - used) / few * 1000)
    return {
        name: {
            "ms": statistics.median(wall[name]),
            "cpu": statistics.median(cpu[name]),
            "x wall": statistics.median(a / b for a, b in zip(wall[name], wall["floor"], strict=True)),
            "x cpu": statistics.median(a / b for a, b in zip(cpu[name], cpu["floor"], strict=True)),
        }
        for name in calls
    }


def threaded(call: Callable[[], Any], seconds: float) -> float:
    """Count calls a second by 32 threads."""
    barrier, end, counts = threading.Barrier(THREADS + 1), [0.0], []

    def work() -> None:
        count = 0
        barrier.wait()
        while time.perf_counter() < end[0]:
            call()
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    end[0] = started + seconds
    barrier.wait()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def fresh(mode: str, group: str, name: str, port: int, folder: Path, amount: str) -> Any:
    """Measure in a process of its own."""
    command = [sys.executable, str(HERE / "run.py"), "--worker", mode, group, name, str(port), str(folder), amount]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def worker(mode: str, group: str, name: str, port: str, folder: str, amount: str) -> None:
    call = GROUPS[group][name](Place(int(port), Path(folder)))
    if mode == "cold":
        print(json.dumps(threaded(call, float(amount))))
    else:
        import psutil

        process = psutil.Process()
        for _ in range(500):
            call()
        before = process.memory_info().rss
        for _ in range(int(amount)):
            call()
        print(json.dumps((process.memory_info().rss - before) / 1024))


def flat(port: int, folder: Path, ids: int) -> float:
    """Memory over calls that each name another id, in KB."""
    code = f"""
import sys, psutil; sys.path.insert(0, {str(HERE.parent)!r})
from pathlib import Path
from benchmarks.contenders import *
from chainable.chain import path_of
from wechatpay import WeChatPay
place = Place({port}, Path({str(folder)!r}))
client = WeChatPay(mchid=MCHID, serial=SERIAL, private_key=place.merchant_key, certs={{KEY_ID: place.platform_key}}, base_url=place.base, verify=place.ca)
process = psutil.Process()
def run(first, count):
    for number in range(first, first + count):
        path_of(client[f'v3/pay/transactions/id/{{number:030}}']).resolve('GET').target({{}}, {{}})
        path_of(client.v3.pay.transactions.id._transaction_id_).resolve('GET').target({{'transaction_id': str(number)}}, {{}})
        client[f'v3/unknown/{{number:030}}']
run(0, 5000); before = process.memory_info().rss; run(5000, {ids}); print((process.memory_info().rss - before) / 1024)
"""
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


LIBRARIES = {
    "taobao_top": "import attrs, requests",
    "wechatpay": "import attrs, requests; from cryptography.hazmat.primitives.asymmetric import padding, rsa; "
    "from cryptography.hazmat.primitives import hashes, serialization; "
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
}


def imports(rounds: int) -> dict[str, float]:
    """Medians in ms: the libraries of a package in a fresh process, and then the package."""
    times: dict[str, list[float]] = {}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds + 1):  # the first compiles
        for package, libraries in LIBRARIES.items():
            code = (
                f"from time import perf_counter as now; first = now(); {libraries}; second = now(); import {package}; "
                "print(second - first, now() - second)"
            )
            done = subprocess.run(
                [sys.executable, "-c", code], check=True, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE
            )
            for name, seconds in zip((f"libraries of {package}", package), done.stdout.split(), strict=True):
                times.setdefault(name, []).append(float(seconds) * 1000)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def table(title: str, rows: dict[str, dict[str, Any]]) -> None:
    print(f"\n{title}")
    columns = list(next(iter(rows.values())))
    print(f"  {'':14}" + "".join(f"{column:>16}" for column in columns))
    for name, row in rows.items():
        cells = "".join(
            f"{row[column]:>16.2f}" if isinstance(row[column], float) else f"{row[column]!s:>16}" for column in columns
        )
        print(f"  {name:14}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sequential", action="store_true", help="calls one after the other only")
    parser.add_argument("--save", type=Path, help="write the figures of calls to this JSON file")
    parser.add_argument("--worker", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(*options.worker)
        return
    results: dict[str, Any] = {}
    rounds, count, seconds = (4, 100, 1.0) if options.quick else (12, 300, 3.0)
    with gateway() as (port, folder):
        place = Place(port, folder)
        os.environ["REQUESTS_CA_BUNDLE"] = place.ca  # the peers read their CA from the environment only
        for group, contenders in GROUPS.items():
            calls: dict[str, Callable[[], Any]] = {}
            for name, make in contenders.items():
                try:
                    calls[name] = make(place)
                    calls[name]()
                except ImportError:
                    print(f"({name} is not installed: left out)")
            rows: dict[str, dict[str, Any]] = dict(sequential(calls, rounds, count))
            results[group] = rows
            if options.sequential:
                table(group, rows)
                continue
            for name, call in calls.items():
                connections(place)
                for _ in range(100):
                    call()
                rows[name]["new conn/100"] = connections(place)
            rates: dict[str, list[float]] = {name: [] for name in calls}
            colds: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(3):
                for name, call in calls.items():
                    rates[name].append(threaded(call, seconds))
                    colds[name].append(fresh("cold", group, name, port, folder, "1.0"))
            for name in calls:
                rows[name]["32 thr/s"] = statistics.median(rates[name])
                rows[name]["x 32"] = statistics.median(a / b for a, b in zip(rates[name], rates["floor"], strict=True))
                rows[name]["cold/s"] = statistics.median(colds[name])
                rows[name]["x cold"] = statistics.median(
                    a / b for a, b in zip(colds[name], colds["floor"], strict=True)
                )
            table(group, rows)
            for name in {"ours", "ours, direct"} & calls.keys():
                growth = fresh("memory", group, name, port, folder, "5000")
                print(f"  memory over 5,000 calls, {name}: {growth:+.0f} KB")
        if not options.sequential:
            ids = 20_000 if options.quick else 100_000
            print(f"\nmemory over {ids:,} distinct ids: {flat(port, folder, ids):+.0f} KB")
    if options.save:
        rounded = {
            group: {name: {column: round(value, 3) for column, value in row.items()} for name, row in rows.items()}
            for group, rows in results.items()
        }
        options.save.write_text(json.dumps(rounded, indent=1) + "\n")
    if options.sequential:
        return
    print("\nimport, ms: a package after its libraries, each in a process of its own")
    for name, milliseconds in imports(5 if options.quick else 15).items():
        print(f"  {name:34}{milliseconds:>8.1f}")


if __name__ == "__main__":
    main()
