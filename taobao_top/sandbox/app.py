"""One app of the platform: its keys and its state."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from attrs import asdict

from chainable.sandbox.clock import Clock
from chainable.sandbox.snapshot import pack, unpack
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.faults import Faults
from taobao_top.sandbox.journal import Journal
from taobao_top.sandbox.messages import MessageQueue
from taobao_top.sandbox.rate_limits import Limit, Throttle
from taobao_top.sandbox.sessions import Sessions
from taobao_top.sandbox.trades import Trades

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.sandbox.randomness import Randomness
    from chainable.sandbox.store import Store
    from taobao_top.sandbox.account import Account

__all__ = ["Application"]

REPEATED_AFTER = 2.0
REMEMBERED = 10_000


class Application:
    """
    An app and its state.

    Attributes:
        random: Where its random values come from.
        clock: The sandbox's clock, as this app sees it: it can be set.
        lock: Held while a call is carried out.
        insurance: Insurance orders by identifier.
        searchable: The kinds of personal data (``phone``, ``nick``, ``receiver_name``) that are to be encrypted with
            an index.
        need_session: APIs that are refused without a session, beside those the catalogue marks.
        refuse_repeats: Whether the same signed request is refused at once; otherwise only after two seconds,
            since honest calls made within one second are the same request.
        on_reset: Called by :meth:`reset`: the settings of the gateway belong to its first app.
    """

    def __init__(
        self, account: Account, store: Store, clock: Callable[[], float], journal_size: int, random: Randomness
    ) -> None:
        self.account = account
        self.random = random
        self.clock = Clock(clock)
        self.lock = threading.RLock()
        self.journal = Journal(journal_size)
        self.faults = Faults()
        self.throttle = Throttle()
        self._store = store
        self._prefix = f"{account.app_key}/"
        self.sessions = Sessions(account, store, self.clock, random)
        self.queue = MessageQueue(self.clock, self.faults)
        self.clock.on_move(self.queue.wake)
        self.trades = Trades(store.records(f"{account.app_key}/trade"), self.clock, self.lock)
        self.insurance = store.records(f"{account.app_key}/insurance")
        self._settings = store.records(f"{account.app_key}/setting")
        self.searchable: set[str] = set()
        self.need_session: set[str] = set()
        self.refuse_repeats = False
        self.on_reset: Callable[[], object] = lambda: None
        self._seen: OrderedDict[str, float] = OrderedDict()
        self.clock.offset = self._settings.get("clock") or 0.0
        self.clock.on_move(lambda: self._settings.put("clock", self.clock.offset))

    def snapshot(self) -> bytes:
        """Return the state: records, sessions, messages, limits, clock and faults; the journal is no part of it."""
        with self.lock:
            members = {
                "clock": self.clock.offset,
                "faults": [fault.members() for fault in self.faults],
                "limits": [asdict(limit) for limit in self.throttle.limits],
                "bans": self.throttle.bans,
                "messages": self.queue.dump(),
                "store": self._store.dump(self._prefix),
            }
        return pack("taobao_top", self.account.app_key, members)

    def restore(self, snapshot: bytes) -> None:
        """Bring back the state that :meth:`snapshot` returned; ValueError if it is none of this app."""
        members = unpack("taobao_top", self.account.app_key, snapshot)
        with self.lock:
            self._store.load(members["store"], self._prefix)
            self.throttle.clear()
            for limit in members["limits"]:
                self.throttle.limit(Limit(**limit))
            for method, until, code, sub_code in members["bans"]:
                self.throttle.ban(until, method=method, code=code, sub_code=sub_code)
            self.faults.replace(map(self.faults.TYPE.read, members["faults"]))
            self.queue.load(members["messages"])
            self.clock.move(members["clock"])

    def kinds(self) -> dict[str, int]:
        """Return how many records there are of each kind."""
        kinds = self._store.kinds()
        return {kind.removeprefix(self._prefix): kinds[kind] for kind in kinds if kind.startswith(self._prefix)}

    def state(self, kind: str, offset: int = 0, limit: int = -1) -> dict[str, Any]:
        """Return so many records of a kind from a position on, and how many there are."""
        own = f"{self._prefix}{kind}"
        return {"entries": self._store.page(own, offset, limit), "total": self._store.count(own), "offset": offset}

    def reset(self) -> None:
        """
        Drop records, messages, limits, faults and the journal, set the clock to now and every switch back; the account
        stays.
        """
        with self.lock:
            self.searchable.clear()
            self.need_session.clear()
            self.refuse_repeats = False
            self.on_reset()
            self._store.clear(self._prefix)
            self.sessions.begin()
            self.throttle.clear()
            self.faults.clear()
            self.queue.load({})
            self.journal.clear()
            self.clock.move(0.0)
            self._seen.clear()

    @property
    def secret_version(self) -> int:
        """The version of the key that ``taobao.top.secret.get`` returns."""
        return self._settings.get("secret_version") or 1

    @secret_version.setter
    def secret_version(self, version: int) -> None:
        self._settings.put("secret_version", version)

    def rotate_secret(self) -> int:
        """Make a new key for ``taobao.top.secret.get``, and return its version."""
        self.secret_version += 1
        return self.secret_version

    def once(self, sign: str, now: float) -> None:
        """Remember a signed request; GatewayError 31 if it was accepted before: a signature belongs to one attempt."""
        first = self._seen.get(sign)
        if first is None:
            self._seen[sign] = now
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        elif self.refuse_repeats or now - first > REPEATED_AFTER:
            raise GatewayError(
                31,
                "sandbox.repeated-request",
                f"the very same signed request came {now - first:.1f} s ago: "
                "build timestamp and sign anew for every attempt",
            )
