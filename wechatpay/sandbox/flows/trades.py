"""What happens to the money of an order: a row of the trade bill, and an entry of the merchant's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import accounts, frozen_money, promotions
from wechatpay.sandbox.flows.accounts import Entry

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext

__all__ = ["MOVE", "closed", "end_refund", "paid", "refunded", "reversed_"]

MOVE = "move"
"""Rows of the trade bill by day; that of a payment has the number of its order."""
IN_BILLS = {"CLOSED": "FAIL", "ABNORMAL": "CHANGE"}
"""The states of a refund that bills have other words for: https://pay.weixin.qq.com/doc/v3/merchant/4013071246."""


def paid(context: SandboxContext, order: dict[str, Any], books: str, fee: int) -> None:
    """Book the payment of an order, its commission in fen."""
    context.store.put(MOVE, order["out_trade_no"], {"kind": "pay", "fee": fee}, day=context.day())
    numbers = (order["transaction_id"], order["out_trade_no"])
    accounts.book(
        context,
        Entry.of(books, promotions.settled(order), *numbers, by="system", fee=fee),
        owner=frozen_money.of_order(context, order),
    )


def returned(context: SandboxContext, order: dict[str, Any], entry: Entry, *, available: bool = False) -> None:
    """
    Take money of an order back from the account that it is in; too little of it is refused.

    Args:
        context: The sandbox.
        order: The order; what it has ``frozen``, waiting to be shared, is taken first. It is stored later.
        entry: What is booked.
        available: Whether only money that can be spent pays: ``funds_account`` ``AVAILABLE``.
    """
    owner, frozen, net = frozen_money.of_order(context, order), int(order.get("frozen", 0)), entry.fee - entry.amount
    thawed = 0 if available else min(frozen, net)
    if thawed:
        order["frozen"] = frozen - thawed
        accounts.release(context, thawed, owner=owner)
    accounts.require(context, net, owner=owner)
    accounts.book(context, entry, owner=owner)


def reversed_(context: SandboxContext, order: dict[str, Any], books: str, fee: int) -> None:
    """Book the reversal of a paid order: all of it goes back, with the commission."""
    number, total = order["out_trade_no"], promotions.settled(order)
    entry = Entry.of(books, -total, order["transaction_id"], number, fee=-fee, flow=order["transaction_id"])
    returned(context, order, entry)
    row = {"kind": "reverse", "order": number, "fee": fee, "time": context.stamp()}
    context.store.put(MOVE, f"reverse {number}", row, day=context.day())


def refunded(context: SandboxContext, order: dict[str, Any], refund: dict[str, Any], books: str, fee: int) -> None:
    """Book a refund that is accepted, with the commission that comes back; too little money is refused."""
    numbers = (refund["refund_id"], refund["out_refund_no"])
    entry = Entry.of(books, -refund["settlement_refund"], *numbers, fee=-fee, flow=order["transaction_id"])
    returned(context, order, entry, available=refund["sent"].get("funds_account") == "AVAILABLE")
    refund["fee"] = fee
    row = {
        "kind": "refund",
        "refund": refund["out_refund_no"],
        "fee": fee,
        "status": "PROCESSING",
        "ended": None,
        "day": context.day(),
    }
    context.store.put(MOVE, row_of(refund), row, day=context.day())


def closed(context: SandboxContext, order: dict[str, Any], refund: dict[str, Any], books: str) -> None:
    """Book the money of a refund that is closed: it comes back."""
    numbers = (refund["refund_id"], refund["out_refund_no"])
    entry = Entry.of(
        books, refund["settlement_refund"], *numbers, by="system", fee=refund["fee"], flow=order["transaction_id"]
    )
    accounts.book(context, entry, owner=frozen_money.of_order(context, order))


def end_refund(context: SandboxContext, refund: dict[str, Any]) -> None:
    """
    Write a refund's state into the trade bill, if the day it was accepted on is not over: later it is not updated.

    https://pay.weixin.qq.com/doc/v3/merchant/4013071254
    """
    row = context.store.entry(MOVE, row_of(refund))
    if row["day"] == context.day():
        row |= {"status": IN_BILLS.get(refund["status"], refund["status"]), "ended": refund["success_time"]}
        context.store.put(MOVE, row_of(refund), row)


def row_of(refund: dict[str, Any]) -> str:
    """Return the id of a refund's row."""
    return f"refund {refund['out_refund_no']}"
