"""The simulated platform, without its ports: account, store, flows, notifications, user actions."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import asdict

from chainable.i18n import Words
from chainable.sandbox.actions import Suggestions, explained
from chainable.sandbox.clock import Clock
from chainable.sandbox.randomness import Randomness
from chainable.sandbox.snapshot import pack, unpack
from chainable.sandbox.store import Store
from wechatpay.sandbox import flows
from wechatpay.sandbox.account import KEYS, Account, load
from wechatpay.sandbox.context import SandboxContext
from wechatpay.sandbox.dispatcher import Dispatcher
from wechatpay.sandbox.faults import KINDS, STATUS_OF_CODE, Fault, Faults
from wechatpay.sandbox.journal import Journal
from wechatpay.sandbox.trigger import flat, trigger
from wechatpay.sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from wechatpay.sandbox.webhooks import Delivery

__all__ = ["Platform"]

AUTOMATIC = frozenset({"pay", "refund", "confirm", "sign", "finish"})


class Platform:
    """
    State and behaviour of the platform; the arguments are those of :class:`wechatpay.sandbox.Sandbox`.

    Attributes:
        clock: Its time, in seconds since the epoch: ``clock.advance(days=1)`` lets orders, transfers and bills age.
        account: The merchant, and the platform's keys.
        store: Orders, refunds and all other objects.
        context: The part that flows work with.
        dispatcher: Answers requests.
        callbacks: The notifications, and the merchant's responses.
        journal: The last requests.
        faults: The faults in force.
    """

    def __init__(
        self,
        *,
        mchid: str,
        appids: Iterable[str],
        data: Path | None,
        strict: bool,
        journal_size: int,
        faults: Iterable[Fault],
        clock: Callable[[], float],
        automatic: Collection[str],
        callback_scale: float,
        callback_hosts: tuple[str, ...],
        notify_url: str | None,
        seed: int | str | None = None,
        keys: str = "both",
    ) -> None:
        unknown = sorted(set(automatic) - AUTOMATIC)
        if unknown:
            raise ValueError(
                Words(
                    f"nothing automatic is called {unknown[0]!r}: there are {', '.join(sorted(AUTOMATIC))}",
                    f"automatic 没有 {unknown[0]!r}，可选：{'、'.join(sorted(AUTOMATIC))}",
                )
            )
        if keys not in KEYS:
            raise ValueError(Words(f"keys: one of {', '.join(KEYS)}", f"keys：可选 {'、'.join(KEYS)}"))
        self.faults = Faults(faults, strict=lambda: strict)
        self.clock = Clock(clock)
        self.store = Store(data)
        saved = self.store.setting("account")
        kept = load(saved) if saved else None
        self.account = Account(mchid, clock=self.clock, saved=kept, random=Randomness(seed), keys=keys)
        self.account.appids.update(appids)
        self._persistent = data is not None
        if saved is None:
            self._save_account()
        self.callbacks = Webhooks(self.account, self.clock, self.store, scale=callback_scale, hosts=callback_hosts)
        self.journal = Journal(journal_size)
        self.context = SandboxContext(
            self.account,
            self.store,
            self.callbacks,
            clock=self.clock,
            actions=flows.routes.actions,
            strict=strict,
            automatic=automatic,
            faults=self.faults,
        )
        self.faults.strict = lambda: self.context.strict
        self.dispatcher = Dispatcher(self.context, flows.routes, journal=self.journal, faults=self.faults)
        self.dispatcher.rotate = self.rotate
        self._initial = {"strict": strict, "automatic": frozenset(automatic), "notify_url": notify_url}
        if notify_url is not None:
            self.context.notify_url = notify_url
        self.clock.offset = float(self.store.setting("clock") or 0)
        self.clock.on_move(lambda: self.store.set("clock", str(self.clock.offset)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.account.mchid}>"

    # actions of users and of the platform

    @property
    def actions(self) -> dict[str, Callable[..., Any]]:
        """Actions of users and of the platform by name: for the command line and for other languages."""
        return {
            **{name: partial(action, self.context) for name, action in flows.routes.actions.items()},
            "advance": self.advance,
            "fault": self._add_fault,
            "clear_faults": self._clear_faults,
            "notify_at": self.notify_at,
            "rotate": self.rotate,
            "retire": self.retire,
        }

    def _act(self, action: str, *arguments: Any, **options: Any) -> Any:
        return self.context.act(action, *arguments, **options)

    def pay(self, number: str, *, openid: str | None = None) -> list[dict[str, Any]]:
        """Pay an order, or all of a combined one, as the user; the merchant is notified."""
        paid: list[dict[str, Any]] = self._act("pay", number, openid=openid)
        return paid

    def fail_payment(self, number: str) -> dict[str, Any]:
        """Fail to pay an order as its user: it becomes ``PAYERROR``."""
        return dict(self._act("fail_payment", number))

    def finish_refund(self, number: str, status: str = "SUCCESS") -> dict[str, Any]:
        """End a refund as ``SUCCESS``, ``CLOSED`` or ``ABNORMAL``; the merchant is notified."""
        return dict(self._act("finish_refund", number, status))

    def confirm_transfer(self, number: str, state: str = "SUCCESS", reason: str = "") -> dict[str, Any]:
        """Accept a transfer as the user, or end it as ``FAIL`` (for a reason) or ``CANCELLED``; it is notified."""
        return dict(self._act("confirm_transfer", number, state, reason))

    def change_insurance_order(self, number: str, state: str) -> dict[str, Any]:
        """Change the ``order_receive_state`` of an insurance order; the merchant is notified."""
        return dict(self._act("change_insurance_order", number, state))

    def sign_contract(self, number: str) -> dict[str, Any]:
        """Sign a contract, for insurance or for deductions, as the user; the merchant is notified."""
        return dict(self._act("sign_contract", number))

    def terminate_contract(self, number: str) -> dict[str, Any]:
        """Terminate a contract as the user; the merchant is notified."""
        return dict(self._act("terminate_contract", number))

    def confirm_service(self, number: str) -> dict[str, Any]:
        """Confirm a Pay Score order as the user; the merchant is notified."""
        return dict(self._act("confirm_service", number))

    def pay_service(self, number: str) -> dict[str, Any]:
        """Pay a completed Pay Score order as the user; the merchant is notified."""
        return dict(self._act("pay_service", number))

    def complain(self, number: str, detail: str = "没有收到货") -> dict[str, Any]:
        """Complain about an order as the user; the merchant is notified if it set a URL for complaints."""
        return dict(self._act("complain", number, detail))

    def confirm_authorization(self, number: str) -> dict[str, Any]:
        """Allow transfers without confirmation as the user; the merchant is notified."""
        return dict(self._act("confirm_authorization", number))

    def close_authorization(self, number: str) -> dict[str, Any]:
        """Withdraw that permission as the user; the merchant is notified."""
        return dict(self._act("close_authorization", number))

    @explained("把沙箱的时钟拨快若干秒。")
    def advance(self, seconds: str) -> float:
        """
        Set the clock ahead by so many seconds.

        They are digits as text; by how many it is ahead now is returned.
        """
        try:
            wanted = float(seconds)
        except ValueError:
            raise ValueError(Words(f"seconds: {seconds!r} is no number", f"seconds：{seconds!r} 不是数字")) from None
        return self.clock.advance(wanted)

    def fault(self, kind: str, **settings: Any) -> Fault:
        """Add a fault: a kind of :data:`wechatpay.sandbox.KINDS`, with the settings of :class:`wechatpay.sandbox.Fault`."""
        return self.faults.add(kind, **settings)

    @explained(
        "添加故障，用完或移除之前一直有效。",
        kind=Suggestions(KINDS),
        code=Suggestions(STATUS_OF_CODE),
        executed=("true", "false"),
    )
    def _add_fault(
        self,
        kind: str,
        operation: str = "",
        match: str = "",
        code: str = "",
        status: str = "",
        message: str = "",
        times: str = "",
        after: str = "",
        seconds: str = "",
        executed: str = "",
    ) -> dict[str, Any]:
        """Add a fault; it is in force until it is used up or cleared."""
        given = {name: value for name, value in locals().items() if name != "self" and value}
        return asdict(self.faults.add(given.pop("kind", ""), **given))

    @explained("移除全部故障。")
    def _clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    @explained("设置请求没有 notify_url 时使用的通知地址。")
    def notify_at(self, url: str | None) -> None:
        """
        Set the URL of notifications whose request has no ``notify_url``.

        None sends none.
        """
        self.context.notify_url = url

    def trigger(
        self,
        event: str,
        to: str,
        set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the command line)
        *,
        version: str = "v3",
        forgery: str = "",
        duplicates: int = 0,
        concurrent: bool = False,
    ) -> Delivery:
        """
        Send a notification of any kind.

        Args:
            event: Its ``event_type``; the slug of a v2 message without one.
            to: The URL it goes to.
            set: Values of its content by dotted name: ``{'amount.total': 1}``; the rest is made up.
            version: ``v3`` or ``v2``.
            forgery: One of :data:`wechatpay.sandbox.FORGERIES`.
            duplicates: How many more times it is sent.
            concurrent: Whether those go out at the same moment.

        Raises:
            LookupError: Unknown event.
            ValueError: Unknown forgery.
        """
        notice = trigger(self.context, event, dict(set or {}), version)
        return self.callbacks.send(to, notice, forgery=forgery, duplicates=duplicates, concurrent=concurrent)

    def notification(
        self, event: str, content: Mapping[str, Any] | None = None, *, version: str = "v3", forgery: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """
        Return the headers and body of a notification, for the test client of a web framework; nothing is sent.

        The sandbox need not be started::

            headers, body = sandbox.notification("TRANSACTION.SUCCESS", {"out_trade_no": "order-1"})
            answer = flask_app.test_client().post("/notify", headers=headers, data=body)

        Args:
            event: Its ``event_type``; the slug of a v2 message without one.
            content: Values of its content, nested or by dotted name: ``{"amount.total": 1}``; the rest is made up.
            version: ``v3``: JSON, signed and encrypted; ``v2``: XML.
            forgery: One of :data:`wechatpay.sandbox.FORGERIES`.

        Raises:
            LookupError: Unknown event.
            ValueError: Unknown forgery.
        """
        notice = trigger(self.context, event, flat(content or {}), version)
        return self.callbacks.signed(notice, forgery)

    # the platform's keys

    @explained("生成新的平台证书，从此用它签名。")
    def rotate(self) -> str:
        """
        Make a newer platform certificate that signs from now on.

        Its serial is returned.
        """
        serial = self.account.rotate()
        self._save_account()
        return serial

    @explained("停用一张平台证书，如同它已过期。")
    def retire(self, serial: str) -> None:
        """
        Drop a platform certificate, as if it had expired.

        Raises:
            LookupError: None has this serial.
        """
        self.account.retire(serial)
        self._save_account()

    def _save_account(self) -> None:
        if self._persistent:
            self.store.set("account", json.dumps(self.account.save()))

    # state

    def snapshot(self) -> bytes:
        """
        Return the state: objects, notifications, platform certificates, clock and faults; the platform's keys are in it.

        What was requested is no state: the journal stays as it is when a snapshot is restored.
        """
        with self.context.lock, self.store.lock:
            members = {
                "clock": self.clock.offset,
                "faults": [asdict(fault) for fault in self.faults],
                "certificates": self.account.certificates_saved(),
                "settings": {**self._settings(), "automatic": sorted(self.context.automatic)},
                "store": self.store.dump(),
            }
        return pack("wechatpay", self.account.identity, members)

    def restore(self, snapshot: bytes) -> None:
        """
        Bring back the state that :meth:`snapshot` returned; nothing of before is notified any more.

        Raises:
            ValueError: It is no snapshot of a sandbox with this account: one with the same ``state`` file or ``seed``.
        """
        members = unpack("wechatpay", self.account.identity, snapshot)
        with self.context.lock:
            self.callbacks.clear()
        self.callbacks.settle()
        with self.context.lock:
            self.store.load(members["store"])
            self.account.load_certificates(members["certificates"])
            self.faults.replace(map(self.faults.TYPE.read, members["faults"]))
            self.context.strict = members["settings"]["strict"]
            self.context.automatic = frozenset(members["settings"]["automatic"])
            self.clock.move(members["clock"])
        self.callbacks.resume()

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self.context, name) for name in self._initial}

    def reset(self) -> None:
        """Drop state, requests, faults and rotations, and set the clock to now; account and keys stay."""
        with self.context.lock:
            self.clock.move(0.0)
            self.store.clear()
            for name, value in self._initial.items():
                setattr(self.context, name, value)
            self.journal.clear()
            self.faults.clear()
            self.callbacks.clear()
            self.account.restore()
            self._save_account()
            self.dispatcher.forget_nonces()
        self.callbacks.settle()
