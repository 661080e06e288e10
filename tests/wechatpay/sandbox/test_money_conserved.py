"""Money is neither made nor lost: random sequences against a model of its own, and eight threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from attrs import define, field
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from wechatpay.sandbox.context import BEIJING
from wechatpay.sandbox.flows import accounts, orders
from wechatpay.sandbox.flows.bill_files import FILE, Bill
from wechatpay.sandbox.flows.refunds import REFUNDS
from wechatpay.sandbox.flows.transfers import BILLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wechatpay.sandbox import Sandbox

URL = "http://127.0.0.1:9/notify"
SUB = "1900000119"
WEEK, DAY = 7 * 86400, 86400


class Told:
    """Takes the notifications that would go out."""

    def __init__(self) -> None:
        self.serial = ""
        self.notices: list[Any] = []

    def send(self, url: str, notice: Any, **_: Any) -> None:
        self.notices.append((url, notice))


@pytest.fixture
def told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(sandbox.context, "webhooks", told)
    sandbox.context.automatic = frozenset()
    return told


class Shop:
    """What a merchant asks for."""

    def __init__(self, sandbox: Sandbox, merchant: Any) -> None:
        self.sandbox, self.merchant = sandbox, merchant
        self.mchid, self.appid = sandbox.account.mchid, sandbox.account.appid

    def order(self, number: str, total: int, kind: str) -> Any:
        sent = {"description": "x", "out_trade_no": number, "amount": {"total": total, "currency": "CNY"}}
        own = {"appid": self.appid, "mchid": self.mchid}
        if kind == "code":
            payer = {
                "payer": {"auth_code": f"13{crc32(number.encode()):016}"},
                "scene_info": {"store_info": {"id": "1"}},
            }
            return self.merchant.post("/v3/pay/transactions/codepay", {**sent, **own, **payer})
        sent["notify_url"] = URL
        if kind == "sub":
            parties = {"sp_appid": self.appid, "sp_mchid": self.mchid, "sub_mchid": SUB}
            return self.merchant.post("/v3/pay/partner/transactions/native", {**sent, **parties})
        return self.merchant.post("/v3/pay/transactions/native", {**sent, **own})

    def close(self, number: str, kind: str) -> Any:
        whose = {"sp_mchid": self.mchid, "sub_mchid": SUB} if kind == "sub" else {"mchid": self.mchid}
        partner = "partner/" if kind == "sub" else ""
        return self.merchant.post(f"/v3/pay/{partner}transactions/out-trade-no/{number}/close", whose)

    def reverse(self, number: str) -> Any:
        sent = {"appid": self.appid, "mchid": self.mchid}
        return self.merchant.post(f"/v3/pay/transactions/out-trade-no/{number}/reverse", sent)

    def refund(self, number: str, order: str, amount: int, total: int, kind: str) -> Any:
        sent = {"out_trade_no": order, "out_refund_no": number, "notify_url": URL}
        whose = {"sub_mchid": SUB} if kind == "sub" else {}
        amounts = {"amount": {"refund": amount, "total": total, "currency": "CNY"}}
        return self.merchant.post("/v3/refund/domestic/refunds", {**sent, **whose, **amounts})

    def transfer(self, number: str, amount: int) -> Any:
        reports = [{"info_type": name, "info_content": "x"} for name in ("活动名称", "奖励说明")]
        sent = {"appid": self.appid, "out_bill_no": number, "openid": "o-MYE42l80oelYMDE34nYD456Xoy", "notify_url": URL}
        rest = {"transfer_remark": "x", "transfer_scene_id": "1000", "transfer_scene_report_infos": reports}
        path = "/v3/fund-app/mch-transfer/transfer-bills"
        return self.merchant.post(path, {**sent, **rest, "transfer_amount": amount})

    def cancel(self, number: str) -> Any:
        return self.merchant.post(f"/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{number}/cancel")

    def query_transfer(self, number: str) -> Any:
        return self.merchant.get(f"/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{number}").data


# the model


@define
class Order:
    number: str
    total: int
    kind: str
    created: float
    state: str = "NOTPAY"
    paid: float = 0.0
    refunded: int = 0
    fee: int = 0


@define
class Refund:
    number: str
    order: Order
    amount: int
    fee: int
    state: str = "PROCESSING"


@define
class Transfer:
    number: str
    amount: int
    created: float
    state: str = "WAIT_USER_CONFIRM"


@define
class Model:
    orders: list[Order] = field(factory=list)
    refunds: list[Refund] = field(factory=list)
    transfers: list[Transfer] = field(factory=list)
    basic: dict[str, int] = field(factory=lambda: {"": 0, SUB: 0})
    operation: int = 100_000_000
    notices: int = 0
    bills: dict[tuple[str, str, str], bytes | None] = field(factory=dict)


def commission(fen: int) -> int:
    return (fen * 6 + 500) // 1000


def owner(order: Order) -> str:
    return SUB if order.kind == "sub" else ""


class Money(RuleBasedStateMachine):
    """Each rule asks the sandbox, and the model says what has to come of it."""

    shop: Shop
    told: Told

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = self.shop.sandbox
        self.sandbox.reset()
        self.sandbox.context.automatic = frozenset()
        self.told.notices.clear()
        self.sandbox.clock.advance(datetime(2026, 3, 2, 20, tzinfo=BEIJING).timestamp() - self.sandbox.clock())
        self.model = Model()

    @property
    def now(self) -> float:
        return self.sandbox.clock()

    def pick(self, found: list[Any], index: int) -> Any:
        return found[index % len(found)]

    def act(self, possible: bool, work: Callable[..., Any], *arguments: Any) -> None:
        """Do what a user or the platform does: it works exactly if it is possible."""
        if possible:
            work(*arguments)
        else:
            with pytest.raises(ValueError, match=r"is |time_expire"):
                work(*arguments)

    def lapse(self, order: Order) -> None:
        """Close an order that nobody paid in a week, as any touch of it does."""
        if order.state == "NOTPAY" and order.created + WEEK <= self.now:
            order.state = "CLOSED"

    @rule(total=st.integers(1, 20000), kind=st.sampled_from(["own", "sub", "code"]))
    def order(self, total: int, kind: str) -> None:
        order = Order(f"order{len(self.model.orders):04}", total, kind, self.now)
        answers = [self.shop.order(order.number, total, kind)]
        if kind == "code":
            order.state, order.paid = "SUCCESS", self.now
            self.model.basic[""] += total - commission(total)
        else:
            answers.append(self.shop.order(order.number, total, kind))
        assert {answer.status for answer in answers} == {200}
        self.model.orders.append(order)

    @precondition(lambda self: self.model.orders)
    @rule(index=st.integers(0, 99))
    def pay(self, index: int) -> None:
        order = self.pick(self.model.orders, index)
        self.lapse(order)
        possible = order.state == "NOTPAY"
        self.act(possible, self.sandbox.pay, order.number)
        if possible:
            order.state, order.paid = "SUCCESS", self.now
            self.model.basic[owner(order)] += order.total - commission(order.total)
            self.model.notices += 1

    @precondition(lambda self: self.model.orders)
    @rule(index=st.integers(0, 99))
    def close(self, index: int) -> None:
        order = self.pick(self.model.orders, index)
        self.lapse(order)
        status = self.shop.close(order.number, order.kind).status
        assert status == (204 if order.state in ("NOTPAY", "CLOSED") else 400)
        if status == 204:
            order.state = "CLOSED"

    @precondition(lambda self: self.model.orders)
    @rule(index=st.integers(0, 99))
    def reverse(self, index: int) -> None:
        order = self.pick(self.model.orders, index)
        if order.kind == "sub":
            return
        self.lapse(order)
        net = order.total - commission(order.total)
        early = order.paid + WEEK >= self.now
        possible = order.kind == "code" and early and order.state in ("SUCCESS", "REVOKED")
        enough = order.state == "REVOKED" or net <= self.model.basic[""]
        expected = 400 if not possible else 200 if enough else 403
        assert self.shop.reverse(order.number).status == expected
        if expected == 200 and order.state == "SUCCESS":
            order.state = "REVOKED"
            self.model.basic[""] -= net

    @precondition(lambda self: self.model.orders)
    @rule(index=st.integers(0, 99), part=st.integers(1, 100))
    def refund(self, index: int, part: int) -> None:
        order = self.pick(self.model.orders, index)
        self.lapse(order)
        amount = max(order.total * part // 100, 1)
        number = f"refund{len(self.model.refunds):04}"
        fee = max(commission(order.total) - commission(order.total - order.refunded - amount) - order.fee, 0)
        possible = order.state in ("SUCCESS", "REFUND") and order.refunded + amount <= order.total
        enough = amount - fee <= self.model.basic[owner(order)]
        answer = self.shop.refund(number, order.number, amount, order.total, order.kind)
        if not possible or not enough:
            assert answer.status == (404 if order.state not in ("SUCCESS", "REFUND") else 400 if not possible else 403)
            return
        assert answer.data["status"] == "PROCESSING"
        order.state = "REFUND"
        order.refunded += amount
        order.fee += fee
        self.model.basic[owner(order)] -= amount - fee
        self.model.refunds.append(Refund(number, order, amount, fee))

    @precondition(lambda self: self.model.refunds)
    @rule(index=st.integers(0, 99))
    def refund_again(self, index: int) -> None:
        refund = self.pick(self.model.refunds, index)
        order = refund.order
        answer = self.shop.refund(refund.number, order.number, refund.amount, order.total, order.kind).data
        assert (answer["status"], answer["amount"]["refund"]) == (refund.state, refund.amount)

    @precondition(lambda self: self.model.refunds)
    @rule(index=st.integers(0, 99), state=st.sampled_from(["SUCCESS", "CLOSED", "ABNORMAL"]))
    def finish(self, index: int, state: str) -> None:
        refund = self.pick(self.model.refunds, index)
        possible = refund.state == "PROCESSING" or (refund.state == "ABNORMAL" != state)
        self.act(possible, self.sandbox.finish_refund, refund.number, state)
        if not possible:
            return
        refund.state = state
        self.model.notices += 1
        if state == "CLOSED":
            refund.order.refunded -= refund.amount
            refund.order.fee -= refund.fee
            self.model.basic[owner(refund.order)] += refund.amount - refund.fee

    @rule(amount=st.integers(50, 20000))
    def transfer(self, amount: int) -> None:
        number = f"transfer{len(self.model.transfers):04}"
        answers = [self.shop.transfer(number, amount).data for _ in range(2)]
        assert answers[0] == answers[1]
        self.model.transfers.append(Transfer(number, amount, self.now))
        self.model.operation -= amount

    @precondition(lambda self: self.model.transfers)
    @rule(index=st.integers(0, 99), state=st.sampled_from(["SUCCESS", "FAIL", "CANCELLED", "cancel"]))
    def end_transfer(self, index: int, state: str) -> None:
        transfer = self.pick(self.model.transfers, index)
        possible = transfer.state == "WAIT_USER_CONFIRM"
        if state == "cancel":
            assert self.shop.cancel(transfer.number).status == (200 if possible else 400)
            state = "CANCELLED"
        else:
            self.act(possible, self.sandbox.confirm_transfer, transfer.number, state)
        if possible:
            self.end(transfer, state)

    def end(self, transfer: Transfer, state: str) -> None:
        transfer.state = state
        self.model.notices += 1
        if state != "SUCCESS":
            self.model.operation += transfer.amount

    @rule(share=st.integers(1, 100))
    def share(self, share: int) -> None:
        """Money leaves the account for a receiver."""
        amount = self.model.basic[""] * share // 100
        if amount:
            out = accounts.Entry(amount=-amount, name="分账", number="30000", voucher="split")
            accounts.book(self.sandbox.context, out)
            self.model.basic[""] -= amount

    @rule(hours=st.sampled_from([1, 5, 23, 24, 100]))
    def wait(self, hours: int) -> None:
        self.sandbox.clock.advance(hours=hours)
        for transfer in self.model.transfers:
            if transfer.state == "WAIT_USER_CONFIRM" and transfer.created + DAY <= self.now:
                assert self.shop.query_transfer(transfer.number)["state"] == "FAIL"
                self.end(transfer, "FAIL")

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        context = self.sandbox.context
        for whose, total in self.model.basic.items():
            assert accounts.balance(context, owner=whose).total == total >= 0
        assert accounts.balance(context, "OPERATION").total == self.model.operation
        assert len(self.told.notices) == self.model.notices

    @invariant()
    def past_days_do_not_change(self) -> None:
        """Look at the bills of a day that has just ended, which stay as they are until the end."""
        context, today = self.sandbox.context, self.sandbox.context.day()
        for day in days(context, today):
            for what, kind, whose in (
                ("trade", "ALL", ""),
                ("funds", "BASIC", ""),
                ("funds", "BASIC", SUB),
                ("funds", "OPERATION", ""),
            ):
                if (day, f"{what} {kind}", whose) not in self.model.bills:
                    content = Bill(what, day, kind, whose).content(context)
                    self.model.bills[(day, f"{what} {kind}", whose)] = content

    def teardown(self) -> None:
        """Compare every state, all entries with the balances, and all bills with themselves."""
        context = self.sandbox.context
        for order in self.model.orders:
            self.lapse(order)
            assert orders.find(context, order.number)["state"] == order.state
        for refund in self.model.refunds:
            assert REFUNDS.entry(context, refund.number)["status"] == refund.state
        for transfer in self.model.transfers:
            assert BILLS.entry(context, transfer.number)["bill"]["state"] == transfer.state
        for account, whose, opening in (("BASIC", "", 0), ("BASIC", SUB, 0), ("OPERATION", "", 100_000_000)):
            self.adds_up(account, whose, opening)
        self.sandbox.store.clear(FILE)
        for (day, name, whose), content in self.model.bills.items():
            what, kind = name.split()
            assert Bill(what, day, kind, whose).content(context) == content

    def adds_up(self, account: Any, whose: str, total: int) -> None:
        """Each entry starts where the one before ended, over all days; the last ends at the balance."""
        context = self.sandbox.context
        for day in [*days(context, context.day()), context.day()]:
            for entry in accounts.entries(context, day, account, whose):
                total += entry["amount"]
                assert entry["balance"] == total >= 0
            assert accounts.at_the_end_of(context, day, account, whose).total == total
        assert accounts.balance(context, account, whose).total == total


def days(context: Any, before: str) -> Iterator[str]:
    """Return the days from the first one of the machine until this one."""
    first = datetime(2026, 3, 2, tzinfo=BEIJING).timestamp()
    for index in range(400):
        day = datetime.fromtimestamp(first + index * DAY, BEIJING).date().isoformat()
        if day >= before:
            return
        yield day


def test_sequences(sandbox: Sandbox, merchant: Any, told: Told) -> None:
    Money.shop, Money.told = Shop(sandbox, merchant), told
    bounded = settings(
        max_examples=20,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],  # a failure is told within seconds, unshortened
    )
    run_state_machine_as_test(Money, settings=bounded)  # type: ignore[no-untyped-call] (of hypothesis)


# at once


def pay_first(shop: Shop) -> None:
    shop.order("order001", 10000, "own")
    shop.sandbox.pay("order001")


def refund_first(shop: Shop) -> None:
    pay_first(shop)
    shop.refund("refund01", "order001", 3000, 10000, "own")


@pytest.mark.parametrize(
    ("prepare", "work", "basic", "operation", "notices"),
    [
        (lambda s: s.order("order001", 10000, "own"), lambda s: s.sandbox.pay("order001"), [10000, -60], [], 1),
        (lambda s: None, lambda s: s.order("order001", 10000, "code"), [10000, -60], [], 0),
        (lambda s: s.order("order001", 10000, "own"), lambda s: s.close("order001", "own"), [], [], 0),
        (pay_first, lambda s: s.refund("refund01", "order001", 3000, 10000, "own"), [-3000, 18], [], 0),
        (refund_first, lambda s: s.sandbox.finish_refund("refund01"), [], [], 1),
        (refund_first, lambda s: s.sandbox.finish_refund("refund01", "CLOSED"), [3000, -18], [], 1),
        (lambda s: s.order("order001", 10000, "code"), lambda s: s.reverse("order001"), [60, -10000], [], 0),
        (lambda s: None, lambda s: s.transfer("transfer01", 500), [], [-500], 0),
        (lambda s: s.transfer("transfer01", 500), lambda s: s.sandbox.confirm_transfer("transfer01"), [], [], 1),
        (lambda s: s.transfer("transfer01", 500), lambda s: s.cancel("transfer01"), [], [500], 1),
    ],
    ids=["pay", "code", "close", "refund", "finish", "close refund", "reverse", "transfer", "confirm", "cancel"],
)
def test_eight_at_once_have_one_effect(
    sandbox: Sandbox,
    merchant: Any,
    told: Told,
    prepare: Callable[[Shop], Any],
    work: Callable[[Shop], Any],
    basic: list[int],
    operation: list[int],
    notices: int,
) -> None:
    shop = Shop(sandbox, merchant)
    prepare(shop)
    before = [len(moved(sandbox, account)) for account in ("BASIC", "OPERATION")]
    told.notices.clear()
    together = threading.Barrier(8)

    def one(_: int) -> None:
        together.wait()
        with suppress(ValueError):  # done already
            work(shop)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(8)))
    assert moved(sandbox, "BASIC")[before[0] :] == basic
    assert moved(sandbox, "OPERATION")[before[1] :] == operation
    assert len(told.notices) == notices


def moved(sandbox: Sandbox, account: Any) -> list[int]:
    """Return the amounts of today's entries."""
    return [each["amount"] for each in accounts.entries(sandbox.context, sandbox.context.day(), account)]
