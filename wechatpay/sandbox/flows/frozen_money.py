"""The money of an order that waits to be shared: held from its payment on, until it is shared, refunded or unfrozen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox.context import SandboxContext

__all__ = [
    "DAYS",
    "DAYS_OF_SUBS",
    "add",
    "freeze",
    "last_day",
    "of_order",
    "over",
    "owner_of",
    "subsidised",
    "thaw",
    "waits",
]

WAITING = "frozen order"
LAST = "frozen order looked for"
PAID = ("sub_mchid", "sub_mch_id", "mchid", "mch_id")
"""The members of an order's parties that name who is paid, the first of them that is there."""
DAYS = 30
"""How long the money of an order waits: https://pay.weixin.qq.com/doc/v3/merchant/4014547102."""
DAYS_OF_SUBS = 180
"""The same of marketplaces and brands: https://pay.weixin.qq.com/doc/v3/partner/4012525463."""


def waits(order: dict[str, Any]) -> bool:
    """Return whether an order was placed to be shared: ``settle_info.profit_sharing``, in v2 ``profit_sharing`` Y."""
    sent = order["sent"]
    return bool((sent.get("settle_info") or {}).get("profit_sharing")) or sent.get("profit_sharing") == "Y"


def subsidised(order: dict[str, Any]) -> int:
    """Return what a marketplace promised to add to an order when it placed it, in fen."""
    return int((order["sent"].get("settle_info") or {}).get("subsidy_amount") or 0)


def owner_of(context: SandboxContext, mchid: str | None) -> str:
    """Return the owner of a merchant number's accounts, as :mod:`wechatpay.sandbox.flows.accounts` names it."""
    return "" if mchid in (None, context.account.mchid) else str(mchid)


def of_order(context: SandboxContext, order: dict[str, Any]) -> str:
    """Return the owner of the money that an order brought in; one of a combined order may be another merchant's."""
    return owner_of(context, next((order["parties"][name] for name in PAID if order["parties"].get(name)), None))


def last_day(context: SandboxContext, order: dict[str, Any]) -> date:
    """Return the last day on which the money of a paid order waits."""
    paid = datetime.fromisoformat(order["success_time"]).date()
    return paid + timedelta(days=DAYS_OF_SUBS if of_order(context, order) else DAYS)


def freeze(context: SandboxContext, order: dict[str, Any], net: int) -> None:
    """Hold what a payment brought in, in fen without commission, if the order is to be shared; it is stored later."""
    if waits(order):
        number = order["out_trade_no"]
        add(context, order, net)
        context.store.put(WAITING, number, {"out_trade_no": number}, day=last_day(context, order).isoformat())
        if context.store.get(LAST, "day") is None:
            context.store.put(LAST, "day", {"day": context.day()})


def add(context: SandboxContext, order: dict[str, Any], amount: int) -> None:
    """Hold so many fen more with a paid order, if its money can wait still; it is stored later."""
    if last_day(context, order) >= context.now().date():
        order["frozen"] = order.get("frozen", 0) + amount
        accounts.hold(context, amount, owner=of_order(context, order))


def over(context: SandboxContext) -> Iterator[tuple[str, str]]:
    """Return, once, the orders whose money has waited too long, until the day before: since when, and the number."""
    known, today = context.store.get(LAST, "day"), context.now().date()
    day = date.fromisoformat(known["day"]) if known else today
    if day < today:
        context.store.put(LAST, "day", {"day": today.isoformat()})
    while day < today:
        waiting, day = context.store.all(WAITING, day.isoformat()), day + timedelta(days=1)
        yield from ((day.isoformat(), each["out_trade_no"]) for each in waiting)


def thaw(context: SandboxContext, order: dict[str, Any], amount: int | None = None, day: str = "") -> int:
    """
    Hold so many fen of an order no more, or as many as there are; return how many. The order is stored later.

    ``day`` is that since which it is so, by default today.
    """
    held = order.get("frozen", 0)
    thawed = int(held if amount is None else min(held, amount))
    if thawed:
        order["frozen"] = held - thawed
        accounts.release(context, thawed, owner=of_order(context, order), day=day)
    return thawed
