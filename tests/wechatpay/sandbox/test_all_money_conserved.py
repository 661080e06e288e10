"""Money of every flow is neither made nor lost: random sequences of splits, coupons, subsidies, withdrawals, batches."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.wechatpay.sandbox import test_contracts, test_favor, test_payscore
from tests.wechatpay.sandbox.test_money_conserved import URL, Told, commission, told
from wechatpay.sandbox.context import BEIJING
from wechatpay.sandbox.flows import accounts, orders
from wechatpay.sandbox.flows.bill_files import FILE, Bill

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox import Sandbox

__all__ = ["told"]

SUB, RECEIVER = "1900000119", "86693852"
OWNERS = ("", SUB, RECEIVER)
ACCOUNTS = (*(("BASIC", each) for each in OWNERS), ("OPERATION", ""))
STOCK = {"stock_use_rule": {"max_coupons": 1000, "max_amount": 50000, "max_coupons_per_user": 60}}
"""So many coupons of 0.50 yuan as one sequence never uses, for as long as stocks go."""
DAY = 86400
number = st.integers(0, 99)


@define
class Order:
    number: str
    total: int
    owner: str = ""
    share: bool = False
    subsidy: int = 0
    """What it may get; 0: it waits for none."""
    group: tuple[str, ...] = ()
    id: str = ""
    coupon: tuple[str, str, int] | None = None
    paid: datetime | None = None
    frozen: int = 0
    refunded: int = 0
    fee: int = 0
    shared: int = 0
    given: int | None = None
    """The subsidy that it got."""
    given_back: int = 0

    @property
    def settled(self) -> int:
        return self.total - (self.coupon[2] if self.coupon and self.coupon[0] == "NOCASH" else 0)

    @property
    def days(self) -> int:
        return 180 if self.owner else 30


@define
class Refund:
    number: str
    order: Order
    amount: int
    share: int
    fee: int
    id: str
    state: str = "PROCESSING"
    subsidy: bool = False


@define
class Split:
    number: str
    order: Order
    amount: int
    receiver: str
    state: str = "PENDING"
    finished: datetime | None = None
    returned: int = 0


@define
class Part:
    """What is on its way: the return of a split, a withdrawal, a batch."""

    number: str
    amounts: list[int]
    account: tuple[Any, str] = ("BASIC", "")
    state: str = "PROCESSING"
    split: Split | None = None


@define
class Model:
    orders: list[Order] = field(factory=list)
    refunds: list[Refund] = field(factory=list)
    splits: list[Split] = field(factory=list)
    returns: list[Part] = field(factory=list)
    withdrawals: list[Part] = field(factory=list)
    batches: list[Part] = field(factory=list)
    total: dict[tuple[str, str], int] = field(factory=lambda: {**dict.fromkeys(ACCOUNTS, 0), ACCOUNTS[-1]: 100_000_000})
    notices: int = 0
    serial: int = 0
    days: list[str] = field(factory=list)
    bills: dict[tuple[str, str, str, str], bytes | None] = field(factory=dict)

    def held(self, account: tuple[str, str]) -> int:
        waiting = [each.amounts[0] for each in self.withdrawals if each.account == account and each.state == "SENT"]
        frozen = [each.frozen for each in self.orders if ("BASIC", each.owner) == account]
        return sum(waiting) + sum(frozen)

    def available(self, account: tuple[str, str]) -> int:
        return self.total[account] - self.held(account)

    def new(self, what: str) -> str:
        self.serial += 1
        return f"{what}{self.serial:06}"


class Money(RuleBasedStateMachine):
    """Each rule asks the sandbox, and the model says what has to come of it."""

    merchant: Any
    told: Told

    def __init__(self) -> None:
        super().__init__()
        self.sandbox: Sandbox = self.merchant.sandbox
        self.sandbox.reset()
        self.context = self.sandbox.context
        self.context.automatic, self.context.strict = frozenset(), False
        self.sandbox.clock.advance(datetime(2026, 3, 2, 20, tzinfo=BEIJING).timestamp() - self.sandbox.clock())
        self.act = self.sandbox.actions
        for each in ("", SUB):
            self.act["set_sharing_ratio"](each or self.merchant.account.mchid, "10000")
        who = {"appid": "wx1", "type": "MERCHANT_ID", "account": RECEIVER, "relation_type": "STORE"}
        for base in ("profitsharing", "ecommerce/profitsharing"):
            assert self.post(f"/v3/{base}/receivers/add", who).status == 200
        self.contract = test_contracts.signed(self.sandbox, self.merchant)
        long = {**STOCK, "available_end_time": test_favor.at(self.merchant, days=89)}
        self.stocks = {
            "NOCASH": test_favor.running(self.merchant, "stock-1", **long),
            "CASH": test_favor.running(self.merchant, "stock-2", no_cash=False, **long),
        }
        self.ends = self.now + timedelta(days=89)
        self.told.notices.clear()
        self.model = Model()
        self.model.total[ACCOUNTS[-1]] -= 50000  # the budget of the prepaid stock

    def post(self, path: str, sent: dict[str, Any]) -> Any:
        return self.merchant.post(path, sent)

    @property
    def now(self) -> datetime:
        return self.context.now()

    def pick(self, found: list[Any], index: int, state: str = "") -> Any:
        """Return one of them; mostly one in a state that something can happen in."""
        likely = [each for each in found if each.state == state] if state and index < 80 else []
        return (likely or found)[index % len(likely or found)]

    def either(self, possible: bool, work: Callable[..., Any], *arguments: Any) -> bool:
        """Do what a user or the platform does: it works exactly if it is possible."""
        if possible:
            work(*arguments)
        else:
            with pytest.raises(ValueError, match=" "):
                work(*arguments)
        return possible

    def move(self, amount: int, owner: str = "", account: str = "BASIC") -> None:
        self.model.total[account, owner] += amount

    def take_frozen(self, order: Order, amount: int) -> bool:
        """Take so much of an order's money, what waits first; False: there is too little."""
        thawed = min(order.frozen, amount)
        if self.model.available(("BASIC", order.owner)) + thawed < amount:
            return False
        order.frozen -= thawed
        self.move(-amount, order.owner)
        return True

    def paid(self, order: Order, made: Any) -> None:
        order.paid, order.id = self.now, made["transaction_id"]
        net = order.settled - commission(order.settled)
        order.frozen = net if order.share else 0
        self.move(net, order.owner)

    # orders

    @rule(
        total=st.integers(200, 9000),
        kind=st.sampled_from(["own", "sub", "both"]),
        share=st.sampled_from([True, True, True, False]),
        coupon=st.sampled_from(["", "", "NOCASH", "CASH", "unpaid"]),
    )
    def order(self, total: int, kind: str, share: bool, coupon: str) -> None:
        new, account = self.model.new, self.merchant.account
        sent = {"description": "x", "notify_url": URL, "amount": {"total": total, "currency": "CNY"}}
        sent["settle_info"] = {"profit_sharing": share}
        if kind == "both":
            head = {"combine_appid": account.appid, "combine_mchid": account.mchid, "notify_url": URL}
            one = {"mchid": account.mchid, "attach": "x", "description": "x"}
            one["amount"] = {"total_amount": total, "currency": "CNY"}
            subsidy = {"settle_info": {"profit_sharing": share, "subsidy_amount": 100}}
            both = [Order(new("order"), total, SUB, share, 100), Order(new("order"), total)]
            subs = [{**one, "out_trade_no": each.number} for each in both]
            subs[0] |= {"sub_mchid": SUB, **subsidy}
            name = new("both")
            for each in both:
                each.group = (name,)
            answers = [
                self.post(
                    "/v3/combine-transactions/native", {**head, "combine_out_trade_no": name, "sub_orders": subs}
                ).status
                for _ in range(2)
            ]
            self.model.orders += both
        else:
            order = Order(new("order"), total, SUB if kind == "sub" else "", share)
            own = {"appid": account.appid, "mchid": account.mchid}
            theirs = {"sp_appid": account.appid, "sp_mchid": account.mchid, "sub_mchid": SUB}
            path = "partner/transactions" if kind == "sub" else "transactions"
            whole = {**sent, **(theirs if kind == "sub" else own), "out_trade_no": order.number}
            answers = [self.post(f"/v3/pay/{path}/native", whole).status for _ in range(2)]
            self.model.orders.append(order)
        assert answers == [200, 200]
        if coupon != "unpaid":
            self.pay_with(self.model.orders[-1], coupon)
            self.sandbox.clock.advance(minutes=1)

    @precondition(lambda self: any(each.paid is None for each in self.model.orders))
    @rule(index=number)
    def pay(self, index: int) -> None:
        self.pay_with(self.pick([each for each in self.model.orders if each.paid is None], index), "")

    def pay_with(self, order: Order, coupon: str) -> None:
        group = [each for each in self.model.orders if each.group and each.group == order.group] or [order]
        self.model.notices += 1
        if coupon and not order.group and not order.owner and self.now < self.ends:
            sent = test_favor.send(self.merchant, self.stocks[coupon], self.model.new("send"))
            order.coupon = (coupon, sent.data["coupon_id"], 50)
            made = self.act["use_coupon"](order.number, order.coupon[1])
        else:
            made = self.sandbox.pay(order.group[0] if order.group else order.number)
        for each, one in zip(group, made, strict=True):
            self.paid(each, one)

    @rule(total=st.integers(1, 9000), how=st.sampled_from(["deduction", "score"]))
    def taken(self, total: int, how: str) -> None:
        """Take money under a contract, or for a service order."""
        name = self.model.new(how)
        order = Order(name, total)
        if how == "deduction":
            amount = {"amount": {"total": total, "currency": "CNY"}}
            sent = test_contracts.deducted(URL, self.contract, name, **amount)
            assert self.post("/v3/papay/pay/transactions/apply", sent).status == 200
            self.model.notices += 1
            assert self.post("/v3/papay/pay/transactions/apply", sent).status == 403
            made = orders.ORDERS.entry(self.context, name)
        else:
            test_payscore.completed(self.sandbox, self.merchant, total, name)
            service = self.act["pay_service"](name)
            self.either(False, self.act["pay_service"], name)
            made = orders.ORDERS.entry(self.context, service["collection"]["details"][0]["transaction_id"])
            order.number = made["out_trade_no"]
            self.model.notices += 2
        self.paid(order, made)
        self.model.orders.append(order)

    # refunds

    @precondition(lambda self: any(each.paid for each in self.model.orders))
    @rule(index=number, part=st.sampled_from([1, 10, 33, 50, 100]), rest=st.booleans())
    def refund(self, index: int, part: int, rest: bool) -> None:
        order = self.pick([each for each in self.model.orders if each.paid], index)
        amount = max(order.total - order.refunded, 1) if rest else max(order.total * part // 100, 1)
        name = self.model.new("refund")
        sent = {"transaction_id": order.id, "out_refund_no": name, "notify_url": URL}
        sent |= {"amount": {"refund": amount, "total": order.total, "currency": "CNY"}}
        if order.owner:
            sent["sub_mchid"] = order.owner
        answers = [self.post("/v3/refund/domestic/refunds", sent) for _ in range(2)]
        assert order.paid is not None
        possible = order.refunded + amount <= order.total and order.paid + timedelta(days=365) >= self.now
        share = 0
        if order.coupon and possible:
            counted = (e for e in self.model.refunds if e.order is order and e.state != "CLOSED")
            share = (order.coupon[2] - sum(e.share for e in counted)) * amount // (order.total - order.refunded)
        left = commission(order.settled * max(order.total - order.refunded - amount, 0) // order.total)
        fee = max(commission(order.settled) - left - order.fee, 0)
        back = amount - (share if order.coupon and order.coupon[0] == "NOCASH" else 0)
        if not possible:
            assert [each.status for each in answers] == [400, 400]
        elif not self.take_frozen(order, back - fee):
            assert [each.status for each in answers] == [403, 403]
        else:
            assert [each.status for each in answers] == [200, 200]
            assert answers[0].data == answers[1].data
            order.refunded += amount
            order.fee += fee
            self.model.refunds.append(Refund(name, order, amount, share, fee, answers[0].data["refund_id"]))

    @precondition(lambda self: self.model.refunds)
    @rule(index=number, state=st.sampled_from(["SUCCESS", "CLOSED", "ABNORMAL"]))
    def finish_refund(self, index: int, state: str) -> None:
        refund = self.pick(self.model.refunds, index, "PROCESSING")
        possible = refund.state == "PROCESSING" or (refund.state == "ABNORMAL" != state)
        if self.either(possible, self.sandbox.finish_refund, refund.number, state):
            refund.state, order = state, refund.order
            self.model.notices += 1
            if state == "CLOSED":
                order.refunded -= refund.amount
                order.fee -= refund.fee
                unfunded = refund.share if order.coupon and order.coupon[0] == "NOCASH" else 0
                self.move(refund.amount - unfunded - refund.fee, order.owner)

    # splits

    @precondition(lambda self: any(each.frozen for each in self.model.orders))
    @rule(
        index=number, part=st.integers(0, 100), whole=st.booleans(), kind=st.sampled_from([RECEIVER, RECEIVER, "user"])
    )
    def split(self, index: int, part: int, whole: bool, kind: str) -> None:
        order = self.pick([e for e in self.model.orders if e.paid and e.share and (e.frozen or index > 80)], index)
        amount, whole = order.total * part // 100, whole or part == 0
        name = self.model.new("split")
        base = "ecommerce/profitsharing" if order.owner else "profitsharing"
        type_ = "MERCHANT_ID" if kind == RECEIVER else "PERSONAL_OPENID"
        if kind != RECEIVER:
            who = {"appid": "wx1", "type": type_, "account": kind, "relation_type": "USER"}
            self.post(f"/v3/{base}/receivers/add", who)
        receiver = {"type": type_, "account": kind, "amount": amount, "description": "x"}
        if order.owner:
            receiver |= {"receiver_account": kind}
        sent = {"appid": "wx1", "transaction_id": order.id, "out_order_no": name, "notify_url": URL}
        sent |= {"receivers": [receiver] if amount else [], "unfreeze_unsplit": whole, "finish": whole}
        if order.owner:
            sent["sub_mchid"] = order.owner
        answers = [self.post(f"/v3/{base}/orders", sent) for _ in range(2)]
        assert order.paid is not None
        early = order.paid + timedelta(minutes=1) > self.now
        waits = bool(order.subsidy) and order.given is None
        if early or waits:
            expected = 400
        elif order.paid + timedelta(days=order.days) <= self.now or not 0 < order.frozen >= amount:
            expected = 403
        elif order.shared + amount > order.total - order.refunded:
            expected = 403 if order.owner else 400
        else:
            expected = 200
        assert [each.status for each in answers] == [expected, expected], answers[0].data
        if expected == 200:
            assert answers[0].data == answers[1].data
            order.frozen -= amount
            order.shared += amount
            self.move(-amount, order.owner)
            rest = whole and order.frozen
            order.frozen = 0 if whole else order.frozen
            if amount or rest:
                self.model.splits.append(Split(name, order, amount, kind))

    @precondition(lambda self: self.model.splits)
    @rule(index=number, state=st.sampled_from(["SUCCESS", "SUCCESS", "CLOSED"]))
    def finish_split(self, index: int, state: str) -> None:
        split = self.pick(self.model.splits, index, "PENDING")
        if self.either(split.state == "PENDING", self.act["finish_split"], split.number, state):
            split.state, split.finished = state, self.now
            if state == "CLOSED":
                split.order.shared -= split.amount
                self.move(split.amount, split.order.owner)
            elif split.amount:
                self.model.notices += 1
                if split.receiver == RECEIVER:
                    self.move(split.amount, RECEIVER)

    @precondition(lambda self: self.model.splits)
    @rule(index=number, part=st.sampled_from([30, 50, 100]))
    def give_back(self, index: int, part: int) -> None:
        split = self.pick(self.model.splits, index, "SUCCESS")
        amount, name = max(split.amount * part // 100, 1), self.model.new("back")
        base = "ecommerce/profitsharing/returnorders" if split.order.owner else "profitsharing/return-orders"
        sent = {"out_order_no": split.number, "out_return_no": name, "return_mchid": RECEIVER, "amount": amount}
        sent["description"] = "x"
        if split.order.owner:
            sent["sub_mchid"] = split.order.owner
        answers = [self.post(f"/v3/{base}", sent) for _ in range(2)]
        late = split.finished and split.finished + timedelta(days=180) < self.now
        if split.receiver != RECEIVER or not split.amount or split.state != "SUCCESS" or late:
            assert [each.status for each in answers] == [400, 400]
        elif amount > split.amount - split.returned:
            assert [each.status for each in answers] == [403, 403]
        elif split.order.owner and amount > self.model.available(("BASIC", RECEIVER)):
            assert [each.status for each in answers] in ([403, 403], [200, 200])
            if answers[0].status == 200:
                self.model.returns.append(Part(name, [amount], state="FAILED", split=split))
        else:
            assert [each.status for each in answers] == [200, 200]
            poor = amount > self.model.available(("BASIC", RECEIVER))
            state = "FAILED" if poor else "PROCESSING"
            split.returned += 0 if poor else amount
            self.model.returns.append(Part(name, [amount], state=state, split=split))

    @precondition(lambda self: self.model.returns)
    @rule(index=number, state=st.sampled_from(["SUCCESS", "SUCCESS", "FAILED"]))
    def finish_return(self, index: int, state: str) -> None:
        known = self.pick(self.model.returns, index, "PROCESSING")
        if self.either(known.state == "PROCESSING", self.act["finish_return"], known.number, state):
            if known.amounts[0] > self.model.available(("BASIC", RECEIVER)):
                state = "FAILED"
            known.state = state
            if state == "FAILED":
                known.split.returned -= known.amounts[0]
            else:
                self.model.notices += 1
                self.move(-known.amounts[0], RECEIVER)
                self.move(known.amounts[0], known.split.order.owner)

    # subsidies

    @precondition(lambda self: any(each.paid and each.subsidy for each in self.model.orders))
    @rule(index=number, amount=st.sampled_from([60, 100, 101]))
    def subsidise(self, index: int, amount: int) -> None:
        order = self.pick([each for each in self.model.orders if each.paid and each.subsidy], index)
        sent = {"sub_mchid": SUB, "transaction_id": order.id, "amount": amount, "description": "x"}
        answers = [self.post("/v3/ecommerce/subsidies/create", sent).status for _ in range(2)]
        again = order.given == amount
        possible = again or (
            order.given is None and order.share and (amount == 100 or (amount < 100 and order.refunded > 0))
        )
        assert answers == [200 if possible else 400] * 2
        if possible and not again:
            order.given = amount
            assert order.paid is not None
            if order.paid.date() + timedelta(days=180) >= self.now.date():
                order.frozen += amount
            self.move(amount, SUB)
            self.move(-amount, "", "OPERATION")

    @precondition(lambda self: any(each.order.given for each in self.model.refunds))
    @rule(index=number, amount=st.sampled_from([10, 60]))
    def subsidy_back(self, index: int, amount: int) -> None:
        refund = self.pick([each for each in self.model.refunds if each.order.given], index)
        order, name = refund.order, self.model.new("subback")
        sent = {"sub_mchid": SUB, "transaction_id": order.id, "amount": amount, "description": "x"}
        sent |= {"out_order_no": name, "refund_id": refund.id}
        answers = [self.post("/v3/ecommerce/subsidies/return", sent).status for _ in range(2)]
        if refund.subsidy or amount > order.given - order.given_back:
            assert answers == [400, 400]
        elif not self.take_frozen(order, amount):
            assert answers == [403, 403]
        else:
            assert answers == [200, 200]
            refund.subsidy = True
            order.given_back += amount
            self.move(amount, "", "OPERATION")

    # withdrawals and batches

    @precondition(lambda self: len(self.model.withdrawals) < 6)
    @rule(account=st.sampled_from([*ACCOUNTS[:2], ACCOUNTS[-1]]), part=st.sampled_from([10, 100, 101]))
    def withdraw(self, account: tuple[str, str], part: int) -> None:
        amount, name = self.model.available(account) * part // 100 + (part > 100), self.model.new("withdraw")
        if account[0] == "OPERATION" and part == 100:
            amount = 1000
        if not amount:
            return
        sent: dict[str, Any] = {"out_request_no": name, "amount": amount, "notify_url": URL}
        sent["account_type"] = account[0]
        if account[1]:
            sent["sub_mchid"] = account[1]
        path = "/v3/ecommerce/fund/withdraw" if account[1] else "/v3/merchant/fund/withdraw"
        answers = [self.post(path, sent) for _ in range(2)]
        expected = 200 if amount <= self.model.available(account) else 403
        assert [each.status for each in answers] == [expected] * 2
        if expected == 200:
            assert answers[0].data == answers[1].data
            self.model.withdrawals.append(Part(name, [amount], account, "SENT"))

    @precondition(lambda self: self.model.withdrawals)
    @rule(index=number, state=st.sampled_from(["SUCCESS", "FAIL", "CLOSE", "REFUND"]))
    def finish_withdrawal(self, index: int, state: str) -> None:
        known = self.pick(self.model.withdrawals, index, "SUCCESS" if state == "REFUND" else "SENT")
        possible = known.state == ("SUCCESS" if state == "REFUND" else "SENT")
        if self.either(possible, self.act["finish_withdrawal"], known.number, state):
            known.state = state
            self.model.notices += 1
            amount = {"SUCCESS": -known.amounts[0], "REFUND": known.amounts[0]}.get(state, 0)
            self.move(amount, known.account[1], known.account[0])

    @precondition(lambda self: len(self.model.batches) < 4)
    @rule(amounts=st.lists(st.integers(30, 900), min_size=1, max_size=3))
    def batch(self, amounts: list[int]) -> None:
        name = self.model.new("batch")
        details = [
            {"out_detail_no": f"x{at}", "transfer_amount": each, "transfer_remark": "x", "openid": "o1"}
            for at, each in enumerate(amounts)
        ]
        sent = {"appid": "wx1", "out_batch_no": name, "batch_name": "x", "batch_remark": "x", "notify_url": URL}
        sent |= {"total_amount": sum(amounts), "total_num": len(amounts), "transfer_detail_list": details}
        answers = [self.post("/v3/transfer/batches", sent) for _ in range(2)]
        assert [each.status for each in answers] == [200, 200]
        assert answers[0].data == answers[1].data
        self.move(-sum(amounts), "", "OPERATION")
        self.model.batches.append(Part(name, amounts, state="ACCEPTED"))

    @precondition(lambda self: self.model.batches)
    @rule(index=number, at=st.integers(0, 2), state=st.sampled_from(["SUCCESS", "FAIL", "CLOSED", "FINISHED"]))
    def finish_batch(self, index: int, at: int, state: str) -> None:
        known = self.pick(self.model.batches, index)
        detail = at % len(known.amounts)
        over = known.state in ("CLOSED", "FINISHED")
        if state == "CLOSED":
            if self.either(known.state == "ACCEPTED", self.act["finish_batch"], known.number, state):
                known.state = state
                self.model.notices += 1
                self.move(sum(known.amounts), "", "OPERATION")
        elif state == "FINISHED":
            if self.either(not over, self.act["finish_batch"], known.number):
                known.state = state
                self.model.notices += 1
        else:
            done = known.amounts[detail] == 0
            if self.either(not over and not done, self.act["finish_batch_detail"], known.number, f"x{detail}", state):
                self.move(known.amounts[detail] if state == "FAIL" else 0, "", "OPERATION")
                known.amounts[detail] = 0  # it has ended
                known.state = "PROCESSING" if any(known.amounts) else "FINISHED"
                self.model.notices += not any(known.amounts)

    # time

    @rule(days=st.sampled_from([0.0, 0.0, 1.0, 3.0, 31.0, 60.0]))
    def wait(self, days: float) -> None:
        self.sandbox.clock.advance(minutes=2)
        self.sandbox.clock.advance(days=days)
        for order in self.model.orders:
            if order.paid is None and days >= 1:  # in a week it would close: pay it
                self.model.orders = [each for each in self.model.orders if each.paid]
                break

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        orders.unfreeze_due(self.context)
        today = self.now.date()
        for order in self.model.orders:
            if order.paid and order.paid.date() + timedelta(days=order.days) < today:
                order.frozen = 0
        for account, total in self.model.total.items():
            known = accounts.balance(self.context, *account)
            assert (known.total, known.held) == (total, self.model.held(account)), account
            assert known.total >= known.held >= 0
        assert len(self.told.notices) == self.model.notices
        self.look_at_bills()

    def look_at_bills(self) -> None:
        """Look at the bills of a day that has just ended, which stay as they are until the end."""
        if self.context.day() in self.model.days:
            return
        if self.model.days:
            for account, owner in ACCOUNTS:
                for what in ("trade", "funds") if account == "BASIC" else ("funds",):
                    key = (what, self.model.days[-1], account if what == "funds" else "ALL", owner)
                    self.model.bills[key] = Bill(*key).content(self.context)
        self.model.days.append(self.context.day())

    def teardown(self) -> None:
        """Compare every state and coupon, and all bills with themselves and with the balances."""
        store = self.sandbox.store
        for refund in self.model.refunds:
            assert store.entry("refund", refund.number)["status"] == refund.state
        for known in self.model.returns:
            assert store.entry("profit sharing return", known.number)["result"] == known.state
        for known in self.model.batches:
            assert store.entry("transfer batch", known.number)["batch_status"] == known.state
        self.coupons_are_those_of_the_model()
        store.clear(FILE)
        for key, content in self.model.bills.items():
            assert Bill(*key).content(self.context) == content
        for account, total in self.model.total.items():
            rows = [row for day in self.model.days for row in rows_of(self.context, "funds", day, *account)]
            opening = 100_000_000 if account[0] == "OPERATION" else 0
            for row in rows:
                opening += fen(row[6]) * (1 if row[5] == "收入" else -1)
                assert fen(row[7]) == opening
            assert opening == total
        trades = [row for day in self.model.days for row in rows_of(self.context, "trade", day, "ALL", "")]
        assert len(trades) == sum(each.paid is not None for each in self.model.orders) + len(self.model.refunds)

    def coupons_are_those_of_the_model(self) -> None:
        """A coupon is back exactly when all of its order was refunded; stocks spend what refunds did not give back."""
        used = dict.fromkeys(self.stocks, 0)
        for order in self.model.orders:
            if order.coupon:
                done = [each for each in self.model.refunds if each.order is order and each.state == "SUCCESS"]
                state = "SENDED" if sum(each.amount for each in done) == order.total else "USED"
                assert self.sandbox.store.entry("coupon", order.coupon[1])["status"] == state
                used[order.coupon[0]] += order.coupon[2] - sum(each.share for each in done)
        for kind, stock in self.stocks.items():
            assert self.sandbox.store.entry("coupon stock", stock)["used_amount"] == used[kind]


def fen(yuan: str) -> int:
    return int(yuan.replace(".", ""))


def rows_of(context: Any, what: str, day: str, kind: str, owner: str) -> list[list[str]]:
    """Return the rows of a bill, without head and totals."""
    content = Bill(what, day, kind, owner).content(context)
    lines = content.decode().split("\r\n") if content else []
    return [line[1:].split(",`") for line in lines if line.startswith("`")][:-1]


def test_sequences(sandbox: Sandbox, merchant: Any, told: Told) -> None:
    Money.merchant, Money.told = merchant, told
    bounded = settings(
        max_examples=12,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],  # a failure is told within seconds, unshortened
    )
    run_state_machine_as_test(Money, settings=bounded)  # type: ignore[no-untyped-call] (of hypothesis)


# at once


class Shop:
    """One thing of each kind, in a state in which the next can happen."""

    def __init__(self, merchant: Any) -> None:
        self.merchant, self.sandbox, self.act = merchant, merchant.sandbox, merchant.sandbox.actions
        self.sandbox.context.strict = False
        self.post = merchant.post

    def order(self) -> None:
        account = self.merchant.account
        head = {"combine_appid": account.appid, "combine_mchid": account.mchid, "combine_out_trade_no": "both0001"}
        one = {"mchid": account.mchid, "attach": "x", "description": "x"}
        one["amount"] = {"total_amount": 1000, "currency": "CNY"}
        shared = {"sub_mchid": SUB, "settle_info": {"profit_sharing": True, "subsidy_amount": 100}}
        subs = [{**one, **shared, "out_trade_no": "order001"}, {**one, "out_trade_no": "order002"}]
        self.post("/v3/combine-transactions/native", {**head, "sub_orders": subs, "notify_url": URL})

    def pay(self) -> None:
        self.sandbox.pay("both0001")

    def of_order(self) -> dict[str, Any]:
        found = orders.ORDERS.entry(self.sandbox.context, "order001")
        return {"sub_mchid": SUB, "transaction_id": found["transaction_id"], "description": "x"}

    def subsidise(self) -> None:
        self.post("/v3/ecommerce/subsidies/create", {**self.of_order(), "amount": 100})

    def split(self) -> None:
        self.sandbox.clock.advance(minutes=1)
        who = {"appid": "wx1", "type": "MERCHANT_ID", "account": RECEIVER, "relation_type": "STORE"}
        self.post("/v3/ecommerce/profitsharing/receivers/add", who)
        self.act["set_sharing_ratio"](SUB, "10000")

    def share(self) -> None:
        part = {"type": "MERCHANT_ID", "receiver_account": RECEIVER, "amount": 300, "description": "x"}
        sent = {**self.of_order(), "appid": "wx1", "out_order_no": "split001", "receivers": [part], "finish": False}
        self.post("/v3/ecommerce/profitsharing/orders", {**sent, "notify_url": URL})

    def finish_split(self) -> None:
        self.act["finish_split"]("split001")

    def give_back(self) -> None:
        sent = {"sub_mchid": SUB, "out_order_no": "split001", "out_return_no": "back0001", "return_mchid": RECEIVER}
        self.post("/v3/ecommerce/profitsharing/returnorders", {**sent, "amount": 100, "description": "x"})

    def finish_return(self) -> None:
        self.act["finish_return"]("back0001")

    def withdraw(self) -> None:
        sent = {"out_request_no": "withdraw", "amount": 500, "notify_url": URL}
        self.post("/v3/merchant/fund/withdraw", {**sent, "account_type": "BASIC"})

    def finish_withdrawal(self) -> None:
        self.act["finish_withdrawal"]("withdraw")

    def batch(self) -> None:
        details = [{"out_detail_no": f"x{each}", "transfer_amount": 100, "openid": "o1"} for each in range(2)]
        sent = {"appid": "wx1", "out_batch_no": "batch001", "total_amount": 200, "total_num": 2, "notify_url": URL}
        self.post("/v3/transfer/batches", {**sent, "transfer_detail_list": details})

    def fail_one(self) -> None:
        self.act["finish_batch_detail"]("batch001", "x0", "FAIL")

    def finish_batch(self) -> None:
        self.act["finish_batch"]("batch001")

    def sign(self) -> None:
        self.contract = test_contracts.signed(self.sandbox, self.merchant)

    def deduct(self) -> None:
        self.post("/v3/papay/pay/transactions/apply", test_contracts.deducted(URL, self.contract))

    def serve(self) -> None:
        test_payscore.completed(self.sandbox, self.merchant, 1000)

    def pay_service(self) -> None:
        self.act["pay_service"](test_payscore.NUMBER)

    def coupon(self) -> None:
        stock = test_favor.running(self.merchant)
        self.number = test_favor.send(self.merchant, stock).data["coupon_id"]
        test_favor.order(self.merchant, "order003")

    def use_coupon(self) -> None:
        self.act["use_coupon"]("order003", self.number)


PAID = ["order", "pay"]
SHARED = [*PAID, "subsidise", "split", "share"]
GIVEN = [*SHARED, "finish_split"]


@pytest.mark.parametrize(
    ("before", "work", "changes", "notices"),
    [
        (["order"], "pay", {("BASIC", ""): (994, 0), ("BASIC", SUB): (994, 994)}, 1),
        (PAID, "subsidise", {("BASIC", SUB): (100, 100), ("OPERATION", ""): (-100, 0)}, 0),
        (SHARED[:-1], "share", {("BASIC", SUB): (-300, -300)}, 0),
        (SHARED, "finish_split", {("BASIC", RECEIVER): (300, 0)}, 1),
        (GIVEN, "give_back", {}, 0),
        ([*GIVEN, "give_back"], "finish_return", {("BASIC", SUB): (100, 0), ("BASIC", RECEIVER): (-100, 0)}, 1),
        (PAID, "withdraw", {("BASIC", ""): (0, 500)}, 0),
        ([*PAID, "withdraw"], "finish_withdrawal", {("BASIC", ""): (-500, -500)}, 1),
        ([], "batch", {("OPERATION", ""): (-200, 0)}, 0),
        (["batch"], "fail_one", {("OPERATION", ""): (100, 0)}, 0),
        (["batch", "fail_one"], "finish_batch", {}, 1),
        (["sign"], "deduct", {("BASIC", ""): (99, 0)}, 1),
        (["serve"], "pay_service", {("BASIC", ""): (994, 0)}, 1),
        (["coupon"], "use_coupon", {("BASIC", ""): (149, 0)}, 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_eight_at_once_have_one_effect(
    merchant: Any,
    told: Told,
    before: list[str],
    work: str,
    changes: dict[tuple[Any, str], tuple[int, int]],
    notices: int,
) -> None:
    shop, context = Shop(merchant), merchant.sandbox.context
    for each in before:
        getattr(shop, each)()

    def balances() -> dict[tuple[Any, str], tuple[int, int]]:
        found = {account: accounts.balance(context, *account) for account in ACCOUNTS}
        return {account: (each.total, each.held) for account, each in found.items()}

    began = balances()
    told.notices.clear()
    together = threading.Barrier(8)

    def one(_: int) -> None:
        together.wait()
        with suppress(ValueError):  # done already
            getattr(shop, work)()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(8)))
    ended = balances()
    moved = {each: (ended[each][0] - began[each][0], ended[each][1] - began[each][1]) for each in ACCOUNTS}
    assert {account: each for account, each in moved.items() if each != (0, 0)} == changes
    assert len(told.notices) == notices
