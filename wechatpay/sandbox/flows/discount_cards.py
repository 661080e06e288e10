"""Discount cards (先享卡): a user takes the reward first, and pays it back unless the agreement is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import orders, payments
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable, refusing
from wechatpay.sandbox.flows.states_payscore import DISCOUNT_CARD
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["end", "pay_back", "routes", "take"]

routes = Routes()

CARDS = Objects(Words("discount card", "先享卡"), "out_card_code", "card_id", states=DISCOUNT_CARD)
BASE = "v3/discount-card/cards"
LASTS = timedelta(days=30)
RECORDS = {
    "objective_completion_records": (
        "objectives",
        "objective_id",
        "completion_count",
        "objective_completion_serial_no",
    ),
    "reward_usage_records": ("rewards", "reward_id", "usage_count", "reward_usage_serial_no"),
}
"""Each list of records: what it is about, the member that names it, what it counts, its number."""
ENDS = ("FINISHED", "DUE_TO_QUIT", "EARLY_QUIT")


@routes.on(f"POST {BASE}")
def prepare(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Prepare a card; the user takes it behind the token."""
    sent = dict(call.body)
    code = str(sent["out_card_code"])
    if CARDS.repeated(context, code, sent) is None:
        own = {"mchid": context.account.mchid, "card_id": letters(32, "discount card", code), "state": "PREPARED"}
        CARDS.save(context, {**sent, **own, "sent": sent, "objectives": [], "rewards": []})
    context.schedule("take_card", code, when="sign")
    return context.respond(call, {"prepare_card_token": letters(32, "card token", code)})


def move(context: SandboxContext, card: dict[str, Any], change: str, **members: Any) -> dict[str, Any]:
    """Carry out a change of a card, store it, notify the merchant, and return it."""
    CARDS.move(card, change, **members)
    CARDS.save(context, card)
    event = DISCOUNT_CARD.transitions[change].notifies
    names = (each.name for each in webhook_payloads.event_of(event, "v3").resource)
    context.notify(card["notify_url"], event, chosen(card, *names))
    return card


@routes.action("take_card", "用户领取先享卡；商户收到通知。")
def take(context: SandboxContext, number: str, openid: str = "") -> dict[str, Any]:
    """Take a discount card as the user with this openid; the merchant is notified."""
    with context.change():
        begin = context.now()
        times = {"begin_time": begin, "end_time": begin + LASTS}
        members = {
            "openid": openid or orders.openid({}, number),
            "create_time": context.stamp(),
            "time_range": {name: each.isoformat(timespec="seconds") for name, each in times.items()},
        }
        return move(context, CARDS.entry(context, number), "take", **members)


@routes.action("end_card", "结束先享卡的约定；未完成时用户需要退回优惠。商户收到通知。", how=ENDS)
def end(context: SandboxContext, number: str, how: str = "FINISHED") -> dict[str, Any]:
    """
    End the agreement of a discount card; unless it was kept, the user has to pay the rewards back. The merchant is
    notified.
    """
    with context.change():
        card = CARDS.entry(context, number)
        total = sum(each["amount"] for each in card["rewards"])
        if how == "FINISHED":
            return move(context, card, "finish", total_amount=total)
        owed = {"pay_amount": total, "pay_state": "PAYING"}
        return move(context, card, "break", total_amount=total, unfinished_reason=how, pay_information=owed)


@routes.action("pay_card", "用户退回先享卡的优惠，生成单独的微信支付订单号；商户收到通知。")
def pay_back(context: SandboxContext, number: str) -> dict[str, Any]:
    """Pay the rewards of a discount card back as its user, under a transaction_id; the merchant is notified."""
    with context.change():
        card = CARDS.entry(context, number)
        owed = card.get("pay_information") or {}
        if owed.get("pay_state") != "PAYING" or not owed["pay_amount"]:
            raise ValueError(Words(f"nothing is owed for the discount card {number}", f"先享卡 {number} 无需付款"))
        trade = orders.place(
            context,
            {"description": "先享卡", "payer": {"openid": card["openid"]}},
            number=digits(28, "card payment", card["card_id"]),
            family="direct",
            trade_type="PAYSCORE",
            total=owed["pay_amount"],
            parties=chosen(card, "appid", "mchid"),
        )
        (paid,) = payments.pay(context, trade["out_trade_no"])
        done = {"pay_state": "PAID", "transaction_id": paid["transaction_id"], "pay_time": paid["success_time"]}
        return move(context, card, "pay", pay_information={**owed, **done})


@routes.on(f"GET {BASE}/{{out_card_code}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a card as it stands, once it was taken."""
    card = CARDS.find(context, one_variable(call))
    if card["state"] == "PREPARED":
        raise Refusal(404, CARDS.missing, "先享卡不存在")
    return context.respond(call, card)


@routes.on(f"POST {BASE}/{{out_card_code}}/add-user-records")
def add_records(context: SandboxContext, call: ReceivedCall) -> None:
    """Write down what the user did for the agreement, and used of the rewards; a record's number counts once."""
    card = CARDS.find(context, one_variable(call))
    with refusing():
        CARDS.in_state(card, "ONGOING")
    for records, (about, id_, count, serial) in RECORDS.items():
        for record in call.body.get(records) or ():
            of = next((each for each in card[about] if each[id_] == record[id_]), None)
            if of is None:
                named = {id_: record[id_], "name": record["description"], "unit": "次", "count": 0, "amount": 0}
                of = {**named, "count_type": "COUNT_LIMIT", records: []}
                card[about].append(of)
            if record[serial] in (each[serial] for each in of[records]):
                continue
            sign = -1 if "DECREASE" in (record.get("completion_type"), record.get("usage_type")) else 1
            of[records].append(record)
            of["count"] += sign * record[count]
            of["amount"] += sign * int(record.get("amount") or 0)
    CARDS.save(context, card)
