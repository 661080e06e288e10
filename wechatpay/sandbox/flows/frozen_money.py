"""The money of an order that waits to be shared: held from its payment on, until it is shared, refunded or unfrozen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox.context import SandboxContext

__all__ = ["DAYS", "DAYS_OF_SUBS", "freeze", "of_order", "over", "owner_of", "subsidised", "thaw", "waits"]

WAITING = "frozen order"
LAST = "frozen order looked for"
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
    """Return the owner of the money that an order brought in."""
    parties = order["parties"]
    return owner_of(context, parties.get("sub_mchid") or parties.get("sub_mch_id"))


def freeze(context: SandboxContext, order: dict[str, Any], net: int) -> None:
    """Hold what a payment brought in, in fen without commission, if the order is to be shared; it is stored later."""
    if waits(order):
        owner, number = of_order(context, order), order["out_trade_no"]
        order["frozen"] = net
        accounts.hold(context, net, owner=owner)
        until = context.now().date() + timedelta(days=DAYS_OF_SUBS if owner else DAYS)
        context.store.put(WAITING, number, {"out_trade_no": number}, day=until.isoformat())
        if context.store.get(LAST, "day") is None:
            context.store.put(LAST, "day", {"day": context.day()})


def over(context: SandboxContext) -> Iterator[str]:
    """Return, once, the numbers of the orders whose money has waited too long: until the day before."""
    known, today = context.store.get(LAST, "day"), context.now().date()
    day = date.fromisoformat(known["day"]) if known else today
    while day < today:
        yield from (each["out_trade_no"] for each in context.store.all(WAITING, day.isoformat()))
        day += timedelta(days=1)
    if known:
        context.store.put(LAST, "day", {"day": today.isoformat()})


def thaw(context: SandboxContext, order: dict[str, Any], amount: int | None = None) -> int:
    """Hold so many fen of an order no more, or as many as there are; return how many. The order is stored later."""
    held = order.get("frozen", 0)
    thawed = int(held if amount is None else min(held, amount))
    if thawed:
        order["frozen"] = held - thawed
        accounts.release(context, thawed, owner=of_order(context, order))
    return thawed
