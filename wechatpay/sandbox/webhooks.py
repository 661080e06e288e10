"""Notifications to the merchant: signed, encrypted, retried on the platform's schedule, forged on demand."""

from __future__ import annotations

import base64
import heapq
import itertools
import secrets
import ssl
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread
from typing import TYPE_CHECKING

import urllib3

from chainable.destination import Destination
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.pinned import PinnedPools
from wechatpay.sandbox import apiv2
from wechatpay.sandbox.delivery import Attempt, Delivery, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.sandbox.store import Store
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.faults import Fault

__all__ = ["FORGERIES", "SCHEDULE", "Attempt", "Delivery", "Notice", "Webhooks"]

SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds between the attempts, a little more than a day in all."""

FORGERIES = {
    "signature": "signed with a key that is not the platform's",
    "probe": "a probe of the platform, followed by the genuine message",
    "stale": "signed an hour ago",
    "serial": "names an unknown key",
    "body": "altered after it was signed",
    "missing": "without signature headers",
}
TIMEOUT = 5.0
WORKERS = 128
AT_ONCE = 8
"""Attempts at the same moment to one URL: a receiver that hangs delays its own notifications only."""
KEPT = 4096
MOVED = 0.1
"""Seconds after which a clock that was set ahead is seen."""
DELIVERY = "_delivery"


class Webhooks:
    """
    Sends notices, and remembers the last deliveries.

    Args:
        account: Whose keys sign.
        clock: Seconds since the epoch.
        store: Keeps the deliveries.
        scale: Factor on the schedule's seconds; 0 repeats at once.
        hosts: Hosts besides loopback that may be called; ``*`` for all.
        size: How many deliveries are kept.
    """

    def __init__(
        self,
        account: Account,
        clock: Callable[[], float],
        store: Store,
        *,
        scale: float = 0.01,
        hosts: tuple[str, ...] = (),
        size: int = 500,
    ) -> None:
        self.scale = scale
        self._account = account
        self._clock = clock
        self._store = store
        self._records = store.records(DELIVERY)
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._size = size
        self._deliveries: deque[Delivery] = deque(maxlen=size)
        self._order = itertools.count()
        self._due: list[tuple[float, int, Delivery, str]] = []
        self._changed = Condition()
        self._held: list[Delivery] = []
        self._under_way: Counter[str] = Counter()
        self._behind: dict[str, deque[tuple[Delivery, str]]] = {}
        self._pending = 0
        self._stopped = False
        self._pool = ThreadPoolExecutor(WORKERS, "wechatpay-sandbox-callback")
        self._pools = PinnedPools(self._may_go_to, timeout=TIMEOUT, context=self._trusted, size=AT_ONCE)
        self._thread: Thread | None = None
        self._serial = store.setting("callback_serial") or ""

    @property
    def serial(self) -> str:
        """The platform key that signs: the one that the merchant's last request named."""
        known = self._account.platform_private_key(self._serial) is not None
        return self._serial if known else self._account.signer()

    @serial.setter
    def serial(self, serial: str) -> None:
        if serial != self._serial:
            self._serial = serial
            self._store.set("callback_serial", serial)

    def __iter__(self) -> Iterator[Delivery]:
        with self._changed:
            return iter(tuple(self._deliveries))

    def __len__(self) -> int:
        return len(self._deliveries)

    def __getitem__(self, index: int) -> Delivery:
        return self._deliveries[index]

    # sending

    def send(
        self,
        url: str,
        notice: Notice,
        *,
        forgery: str = "",
        duplicates: int = 0,
        concurrent: bool = False,
        fault: Fault | None = None,
    ) -> Delivery:
        """
        Send a notice, again and again until it is accepted or a day of the schedule is over.

        Args:
            url: The merchant's ``notify_url``.
            notice: The message.
            forgery: One of :data:`FORGERIES`; a forged message is tried once, after a probe the genuine one follows.
            duplicates: How many more times the genuine message is sent although it may have been accepted.
            concurrent: Whether the duplicates go out at the same moment.
            fault: What happens to it on its way.
        """
        check_forgery(forgery)
        with self._store.lock, self._changed:
            delivery = Delivery(int(self._records.last or 0) + 1, notice, url, fault=fault.kind if fault else "")
            self._deliveries.append(delivery)
            if not self._may_call(url):
                delivery.state, delivery.next = "blocked", None
                delivery.headers, _ = self._headers(notice, "")
            elif delivery.fault == "lost":
                delivery.state, delivery.next = "lost", None
            elif delivery.fault == "out_of_order":
                self._held.append(delivery)
            else:
                self._put(delivery, fault.seconds if fault and fault.kind == "late" else 0.0, forgery)
                for number in range(duplicates):
                    self._put(delivery, 0.0 if concurrent else self.scale * (number + 1), "duplicate")
                if delivery.fault == "doubled":
                    self._put(delivery, 0.0, "duplicate")
            self._keep(delivery)
        return delivery

    def signed(self, notice: Notice, forgery: str = "") -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of an attempt, which is not made; ValueError for an unknown forgery."""
        check_forgery(forgery)
        return self._headers(notice, forgery)

    def resume(self) -> None:
        """Continue the deliveries of the store: waiting ones are sent when they are due."""
        with self._store.lock, self._changed:
            self._serial = self._store.setting("callback_serial") or ""
            kept = [Delivery.read(members) for members in self._records.values()]
            self._deliveries.extend(kept)
            for delivery in kept:
                if delivery.state == "waiting":
                    self._put(delivery, max((delivery.due or 0.0) - self._clock(), 0.0), "")

    def redeliver(self, id: int) -> Delivery:  # noqa: A002 (what it is)
        """Send the message of this delivery once more; LookupError if it is not kept any more."""
        found = self.find(id)
        return self.send(found.url, found.notice)

    def find(self, id: int) -> Delivery:  # noqa: A002 (what it is)
        """Return the delivery of this number; LookupError if it is not kept any more."""
        found = next((delivery for delivery in self if delivery.id == id), None)
        if found is None:
            raise LookupError(Words(f"delivery {id} is not kept", f"没有回调 {id} 的记录"))
        return found

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until nothing is pending; return False after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout)

    def clear(self) -> None:
        """Drop all deliveries, the waiting ones unsent; the platform public key signs again."""
        self.serial = ""
        with self._store.lock, self._changed:
            self._pending -= len(self._due) + sum(map(len, self._behind.values()))
            self._due.clear()
            self._behind.clear()
            self._held.clear()
            self._store.clear(DELIVERY)
            for delivery in self._deliveries:
                if delivery.state == "waiting":
                    delivery.state, delivery.next, delivery.due = "given up", None, None
                delivery.forgotten = True
            self._deliveries.clear()
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until the attempts under way have ended, which takes no longer than one may: nothing of before arrives."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending == len(self._due), TIMEOUT)

    def stop(self) -> None:
        """Stop sending; waiting deliveries stay in the store."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pools.close()

    def _trusted(self) -> ssl.SSLContext:
        """Trust the system's authorities and the sandbox's own."""
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=self._account.ca)
        return context

    def _may_go_to(self, destination: Destination) -> bool:
        return destination.is_loopback or "*" in self._hosts or destination.host in self._hosts

    def _may_call(self, url: str) -> bool:
        try:
            return self._may_go_to(Destination.of(url))
        except ConfigurationError:
            return False

    def _keep(self, delivery: Delivery) -> None:
        with self._store.transaction():
            self._records.put(str(delivery.id), delivery.as_json())
            self._records.trim(self._size)

    def _put(self, delivery: Delivery, delay: float, forgery: str) -> None:
        delivery.next = delay
        delivery.due = self._clock() + delay
        self._pending += 1
        heapq.heappush(self._due, (delivery.due, next(self._order), delivery, forgery))
        if self._thread is None:
            self._thread = Thread(target=self._run, name="wechatpay-sandbox-callbacks", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                if not self._due:
                    self._changed.wait()
                elif (delay := self._due[0][0] - self._clock()) > 0:
                    self._changed.wait(min(delay, MOVED))
                else:
                    _, _, delivery, forgery = heapq.heappop(self._due)
                    self._submit(delivery, forgery)

    def _submit(self, delivery: Delivery, forgery: str) -> None:
        """Attempt it now, or when an attempt at the same URL has ended."""
        if self._under_way[delivery.url] < AT_ONCE:
            self._under_way[delivery.url] += 1
            self._pool.submit(self._try, delivery, forgery)
        else:
            self._behind.setdefault(delivery.url, deque()).append((delivery, forgery))

    def _try(self, delivery: Delivery, forgery: str) -> None:
        if not delivery.forgotten:
            self._attempt(delivery, forgery)
        with self._changed:
            self._pending -= 1
            self._under_way[delivery.url] -= 1
            if not self._under_way[delivery.url]:
                del self._under_way[delivery.url]
            if self._behind.get(delivery.url) and not self._stopped:
                self._submit(*self._behind[delivery.url].popleft())
            self._changed.notify_all()

    def _attempt(self, delivery: Delivery, forgery: str) -> None:
        kind = "" if forgery == "duplicate" else forgery
        headers, body = self._headers(delivery.notice, kind)
        started = time.perf_counter()
        status, answer, error = 0, b"", ""
        try:
            status, answer = self._pools.post(delivery.url, body, headers)
        except (urllib3.exceptions.HTTPError, ConfigurationError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        accepted = taken(delivery.notice.version, status, answer)
        attempt = Attempt(
            self._clock(),
            kind,
            status,
            answer[:KEPT].decode(errors="replace"),
            error,
            (time.perf_counter() - started) * 1000,
            accepted,
            forgery == "duplicate",
            headers,
        )
        with self._store.lock, self._changed:
            delivery.attempts.append(attempt)
            self._go_on(delivery, attempt)
            held, self._held = self._held, []
            for each in held:  # they come behind this one
                self._put(each, 0.0, "")

    def _go_on(self, delivery: Delivery, attempt: Attempt) -> None:
        if delivery.forgotten:
            return
        scheduled = sum(1 for each in delivery.attempts if not each.forgery and not each.duplicate)
        if any(each.accepted and not each.forgery for each in delivery.attempts):
            delivery.state, delivery.next, delivery.due = "accepted", None, None
        elif attempt.forgery not in ("", "probe") or scheduled > len(SCHEDULE) or delivery.state == "given up":
            delivery.state, delivery.next, delivery.due = "given up", None, None
        elif not attempt.duplicate:
            self._put(delivery, SCHEDULE[max(scheduled - 1, 0)] * self.scale, "")
        self._keep(delivery)

    def _headers(self, notice: Notice, forgery: str) -> tuple[dict[str, str], bytes]:
        account, purpose = self._account, f"notification {notice.id}"
        headers = {
            "Content-Type": notice.content_type,
            "Request-ID": f"08{account.random.hex(12, purpose).upper()}-0",
            "User-Agent": "Mozilla/4.0",
        }
        body = notice.body
        if notice.version == "v2":
            return headers, forged_xml(body) if forgery else body
        if forgery == "missing":
            return headers, body
        timestamp = str(int(self._clock()) - (3600 if forgery == "stale" else 0))
        nonce = account.random.hex(16, purpose)
        message = b"\n".join((timestamp.encode(), nonce.encode(), body, b""))
        serial = self.serial
        signature = account.sign(serial, message)
        if forgery == "signature":
            signature = base64.b64encode(secrets.token_bytes(256)).decode()
        elif forgery == "probe":
            signature = "WECHATPAY/SIGNTEST/" + signature[19:]
        elif forgery == "body":
            body = body[:-1] + b" }"
        headers |= {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Serial": "0" * 40 if forgery == "serial" else serial,
        }
        return headers, body


def check_forgery(forgery: str) -> None:
    """Raise ValueError for an unknown forgery."""
    if forgery and forgery not in FORGERIES:
        raise ValueError(
            Words(
                f"no forgery is called {forgery!r}: there are {', '.join(FORGERIES)}",
                f"没有伪造方式 {forgery!r}，可选：{'、'.join(FORGERIES)}",
            )
        )


def taken(version: str, status: int, answer: bytes) -> bool:
    """Return whether the response accepts the message: v3 by its status, v2 by its XML."""
    if version == "v3":
        return status in (200, 204)
    try:
        return status == 200 and apiv2.read(answer).get("return_code") == "SUCCESS"
    except ValueError:
        return False


def forged_xml(body: bytes) -> bytes:
    """Return a v2 message whose signature, or encrypted part, is not genuine."""
    parameters = apiv2.read(body)
    name = "sign" if "sign" in parameters else "req_info"
    parameters[name] = base64.b64encode(secrets.token_bytes(48)).decode() if name == "req_info" else "0" * 32
    return apiv2.write(parameters)
