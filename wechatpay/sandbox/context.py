"""The part of the sandbox that flows work with: account, store, time, notifications, responses."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from threading import RLock
from typing import TYPE_CHECKING, Any

from chainable.sandbox.header_values import location
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import FakeData
from wechatpay.sandbox.faults import Faults
from wechatpay.sandbox.http import Reply
from wechatpay.sandbox.members import members_of
from wechatpay.sandbox.validation import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType

    from chainable.sandbox.clock import Clock
    from chainable.sandbox.store import Store, Transaction
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.routing import ReceivedCall
    from wechatpay.sandbox.webhooks import Webhooks

__all__ = ["BEIJING", "SandboxContext"]

BEIJING = timezone(timedelta(hours=8))
PARTIES_V2 = ("appid", "mch_id", "sub_appid", "sub_mch_id", "device_info")
"""The parameters of a v2 request that its response repeats."""


class Change:
    """
    Holds a lock and a transaction; one inside another is a part of that.

    Attributes:
        depth: How many are inside one another.
        last: What is done at the end of the outermost one; nothing of it if that raises.
    """

    def __init__(self, lock: RLock, transaction: Transaction) -> None:
        self._lock = lock
        self._transaction = transaction
        self.depth = 0
        self.last: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._transaction.__enter__()
        except BaseException:
            self._lock.release()
            raise
        self.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.depth -= 1
        try:
            if not self.depth:
                last, self.last = self.last, []
                for each in last if kind is None else ():
                    each()
        except BaseException as failure:
            self._transaction.__exit__(type(failure), failure, failure.__traceback__)
            raise
        else:
            self._transaction.__exit__(kind, error, trace)
        finally:
            self._lock.release()


class SandboxContext:
    """
    State and services of one sandbox, handed to every flow.

    Args:
        account: The merchant, and the platform's keys.
        store: Orders, refunds and all other objects.
        webhooks: Sends notifications.
        clock: Seconds since the epoch; it can be set ahead.
        actions: Actions of users and of the platform, by name.
        strict: Whether requests are checked against the catalogue in full.
        automatic: The actions that happen by themselves: ``pay``, ``confirm``, ``sign``, ``refund``, ``finish``.
        faults: The faults in force, for those of notifications.

    Attributes:
        base_url: The URL of the sandbox, for links without a request; set when it starts, like the next two.
        https_url: The same with TLS.
        backup_url: The other host.
        lock: Held while a request is answered, or an action is carried out.
    """

    def __init__(
        self,
        account: Account,
        store: Store,
        webhooks: Webhooks,
        *,
        clock: Clock,
        actions: Mapping[str, Callable[..., Any]],
        strict: bool = True,
        automatic: Collection[str] = ("refund", "finish"),
        faults: Faults | None = None,
    ) -> None:
        self.account = account
        self.store = store
        self.webhooks = webhooks
        self.clock = clock
        self.strict = strict
        self.automatic = frozenset(automatic)
        self.base_url = "http://127.0.0.1/"
        self.https_url = self.backup_url = ""
        self.lock = RLock()
        self._change = Change(self.lock, store.transaction())
        self._actions = actions
        self._faults = Faults() if faults is None else faults
        self._scheduled: list[Callable[[], object]] = []

    def change(self) -> Change:
        """Hold the lock and a transaction: everything written inside is kept, or nothing."""
        return self._change

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Let go of the lock, which the thread holds once, so that others are served meanwhile."""
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()

    # time

    def now(self) -> datetime:
        """Return the time in Beijing."""
        return datetime.fromtimestamp(self.clock(), BEIJING)

    def stamp(self) -> str:
        """Return the time as v3 writes it."""
        return written(int(self.clock()))

    def day(self) -> str:
        """Return the day in Beijing, ``yyyy-mm-dd``."""
        return self.now().date().isoformat()

    # notifications

    @property
    def notify_url(self) -> str | None:
        """The URL for notifications whose request has no ``notify_url``, as set in the platform's console."""
        return self.store.setting("notify_url") or None

    @notify_url.setter
    def notify_url(self, url: str | None) -> None:
        self.store.set("notify_url", url or "")

    def notify(self, url: str | None, name: str, content: Mapping[str, Any], version: str = "v3") -> None:
        """
        Notify the merchant of an event, by type or slug, if there is a URL; members that are None are left out.

        Inside a change it is sent when the change is written, and not at all if the change raises.
        """
        if not url:
            return
        content = {member: value for member, value in content.items() if value is not None}
        notice = webhook_payloads.notice(self.account, name, content, self.stamp(), version=version)
        self._at_last(lambda: self.webhooks.send(str(url), notice, fault=self._faults.of_notification(name, content)))

    def _at_last(self, call: Callable[[], object]) -> None:
        """Call this at the end of the change that this thread is in; at once if it is in none."""
        with self.lock:
            if self._change.depth:
                self._change.last.append(call)
            else:
                call()

    # actions

    def act(self, action: str, *arguments: Any, **options: Any) -> Any:
        """Carry out an action of a user or of the platform by its name."""
        return self._actions[action](self, *arguments, **options)

    def schedule(self, action: str | Callable[[SandboxContext, str], object], number: str, when: str = "") -> None:
        """Carry out an action on an object after the response, if ``when`` is empty or in :attr:`automatic`."""
        if not when or when in self.automatic:
            run = partial(self.act, action) if isinstance(action, str) else partial(action, self)
            self._at_last(lambda: self._scheduled.append(lambda: run(number)))

    def run_scheduled(self) -> None:
        """Carry out the scheduled actions, each in a transaction of its own."""
        scheduled, self._scheduled = self._scheduled, []
        for action in scheduled:
            with suppress(LookupError, ValueError), self.change():  # already done concurrently
                action()

    # responses

    def respond(self, call: ReceivedCall, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the documented facts in the shape of the operation's response; required fields are made up."""
        if call.operation.path.startswith("v2/"):
            repeated = {name: call.body[name] for name in PARTIES_V2 if name in call.body}
            facts = {"result_code": "SUCCESS", "err_code": None, "err_code_des": None, **repeated, **facts}
        fields = call.operation.response.fields
        names = members_of(fields).by_name
        documented = {name: fact for name, fact in facts.items() if name in names or numbered(name, names)}
        return self._fake(call, sparse=True).fill(fields, documented)

    def catalogue_response(self, call: ReceivedCall) -> Any:
        """Return a made-up response of the shape that the catalogue documents."""
        content = call.operation.answer
        if content == "empty":
            return None
        if content in ("binary", "text"):
            text = f"sandbox file of {call.request.path}\n".encode()
            return Reply(body=text, content_type="application/octet-stream")
        if content == "redirect":
            url = (
                call.get("redirect_uri")
                or call.get("notify_url")
                or f"{call.request.origin or self.base_url}_sandbox/pages/h5"
            )
            return Reply(status=302, headers=(("Location", location(str(url))),), signed=False)
        return self._fake(call).fill(call.operation.response.fields)

    def _fake(self, call: ReceivedCall, *, sparse: bool = False) -> FakeData:
        known = {**call.query, **call.body, **call.variables}
        return FakeData(
            account=self.account,
            subject=lambda: f"{call.operation.key}\n{sorted(call.variables.items())}\n{identity(known)}",
            known=known,
            base_url=call.request.origin or self.base_url,
            version="v2" if call.operation.path.startswith("v2/") else "v3",
            now=self.stamp(),
            conceal=self.account.conceal,
            sparse=sparse,
        )


@lru_cache(maxsize=8)
def written(seconds: int) -> str:
    """Return a time in Beijing as v3 writes it."""
    return datetime.fromtimestamp(seconds, BEIJING).isoformat(timespec="seconds")


def identity(known: Mapping[str, Any]) -> str:
    """Return a digest of a request's parameters."""
    return hashlib.sha256(repr(sorted(known.items(), key=lambda item: item[0])).encode()).hexdigest()
