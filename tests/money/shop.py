"""
A shop that sends payments which must not be repeated, from many places at once.

``python shop.py WAY COUNT FOLDER TRANSPORT``: a process of its own for each way
of running code at once.  Its input is one line of JSON with the platform's ports;
it prints one line of JSON: the outcome of each payment, by its number.
"""

from __future__ import annotations

import sys

WAY = sys.argv[1] if __name__ == "__main__" else "threads"
if WAY == "gevent early":
    from gevent import monkey

    monkey.patch_all()

import asyncio
import contextlib
import json
import random
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from chainable import DirectTransport
from chainable.errors import ChainableError
from wechatpay import WeChatPay

if WAY == "gevent late":
    from gevent import monkey

    monkey.patch_all()

import requests

PUBLIC_ID = "PUB_KEY_ID_0119000001092025"
SERIAL = "3775B6A45ACD588826D15E583A95F5DD12345678"
ROUTES = ("plain", "secure", "forwarding", "tunnel", "dead")


def flipping_resolver(chance: random.Random) -> None:
    """Resolve the platform's name to this server, to another one, or not at all."""
    resolve = socket.getaddrinfo

    def flip(host: Any, *args: Any, **options: Any) -> Any:
        if host != "pay.test":
            return resolve(host, *args, **options)
        dice = chance.random()
        if dice < 0.05:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve("127.0.0.2" if dice < 0.12 else "127.0.0.1", *args, **options)

    socket.getaddrinfo = flip


class Shop:
    """Its clients, one for each route to the platform, and what became of each payment."""

    def __init__(self, ports: dict[str, int], folder: Path, transport: str) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.outcomes: dict[str, str] = {}
        self.chance = random.Random(repr(ports))
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            dead = unused.getsockname()[1]
        places: dict[str, dict[str, Any]] = {
            "plain": {"base_url": f"http://127.0.0.1:{ports['plain']}/", "proxies": {}},
            "secure": {"base_url": f"https://pay.test:{ports['secure']}/", "proxies": {}},
            "forwarding": {
                "base_url": "http://127.0.0.1:9/",
                "proxies": {"http": f"http://127.0.0.1:{ports['forwarding']}"},
            },
            "tunnel": {
                "base_url": f"https://pay.test:{ports['secure']}/",
                "proxies": {"https": f"http://127.0.0.1:{ports['tunnel']}"},
            },
            "dead": {"base_url": f"http://127.0.0.1:{dead}/", "proxies": {}},
        }
        if transport == "direct":
            places = {
                "plain": {"base_url": places["plain"]["base_url"]},
                "secure": {"base_url": places["secure"]["base_url"]},
                "dead": {"base_url": places["dead"]["base_url"]},
            }
        self.routes = [name for name in ROUTES if name in places]
        self.clients = {
            name: WeChatPay(
                mchid="1900000109",
                serial=SERIAL,
                private_key=key,
                certs={PUBLIC_ID: str(folder / "platform.pem")},
                verify=str(folder / "ca.pem"),
                timeout=(20, 0.3),
                retries=2,
                deadline=30,
                on_attempt=self.on_attempt,
                **place,
                **({"transport": DirectTransport(pool_maxsize=8)} if transport == "direct" else {"pool_maxsize": 8}),
            )
            for name, place in places.items()
        }
        self.nested = False

    def on_attempt(self, attempt: Any) -> None:
        """Make a call inside a call now and then, one that cannot connect."""
        if not self.nested and self.chance.random() < 0.1:
            self.distraction()

    def distraction(self) -> None:
        """A call of another client that sends nothing, in whatever place this one interrupts."""
        self.nested = True
        # A handler that interrupts the first import of a module finds it half-made, whatever it calls.
        with contextlib.suppress(requests.RequestException, ChainableError, ImportError):
            self.clients["dead"]["v3/unknown/metrics"].post(json={"id": "x"}, params={"q": "distraction"}, retries=0)
        self.nested = False

    def pay(self, number: int) -> None:
        """Send one payment, and note what became of it."""
        name = f"n{number}"
        chain = self.clients[self.routes[number % len(self.routes)] if number % 20 else "dead"]["v3/unknown/pay"]
        self.note(name, lambda: chain.post(json={"id": name}, params={"q": name}))

    def note(self, name: str, call: Any) -> None:
        """Note the outcome of a call: ok, mixed up, maybe, or unsent."""
        try:
            answer = call().data["id"]
        except (requests.RequestException, ChainableError) as error:
            self.outcomes[name] = "maybe" if error.maybe_sent else "unsent"
        else:
            self.outcomes[name] = "ok" if answer == name else "mixed up"

    def promise(self, number: int) -> None:
        """Send one payment through a promise."""
        name = f"n{number}"
        chain = self.clients[self.routes[number % len(self.routes)]]["v3/unknown/pay"]
        self.note(name, chain.post_async(json={"id": name}, params={"q": name}).wait)

    async def awaited(self, number: int) -> None:
        """Await one payment."""
        name = f"n{number}"
        chain = self.clients[self.routes[number % len(self.routes)]]["v3/unknown/pay"]
        promise = chain.post_async(json={"id": name}, params={"q": name})
        try:
            answer = (await promise).data["id"]
        except (requests.RequestException, ChainableError) as error:
            self.outcomes[name] = "maybe" if error.maybe_sent else "unsent"
        else:
            self.outcomes[name] = "ok" if answer == name else "mixed up"


def threads(shop: Shop, count: int) -> None:
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(shop.pay, range(count)))


def promises(shop: Shop, count: int) -> None:
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(shop.promise, range(count)))


def asyncio_tasks(shop: Shop, count: int) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(shop.awaited(number) for number in range(count)))

    asyncio.run(all_of_them())


def greenlets(shop: Shop, count: int) -> None:
    from gevent.pool import Pool

    Pool(48).map(shop.pay, range(count))


def signals(shop: Shop, count: int) -> None:
    """Interrupt the only thread every few milliseconds by a handler that makes a call of its own."""
    signal.signal(signal.SIGALRM, lambda *_: shop.distraction())
    for number in range(count):
        signal.setitimer(signal.ITIMER_REAL, 0.001 + shop.chance.random() * 0.01)
        shop.pay(number)
    signal.setitimer(signal.ITIMER_REAL, 0)


WAYS = {
    "threads": threads,
    "promises": promises,
    "asyncio": asyncio_tasks,
    "signals": signals,
    "gevent early": greenlets,
    "gevent late": greenlets,
}

if __name__ == "__main__":
    shop = Shop(json.loads(sys.stdin.readline()), Path(sys.argv[3]), sys.argv[4])
    flipping_resolver(shop.chance)
    threading.excepthook = lambda args: sys.exit(f"a thread failed: {args.exc_value!r}")
    WAYS[WAY](shop, int(sys.argv[2]))
    for client in shop.clients.values():
        client.close()
    print(json.dumps(shop.outcomes))
