"""The money of an order that waits to be shared: held from its payment on, until it is shared, refunded or unfrozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext

__all__ = ["freeze", "of_order", "owner_of", "subsidised", "thaw", "waits"]


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
        order["frozen"] = net
        accounts.hold(context, net, owner=of_order(context, order))


def thaw(context: SandboxContext, order: dict[str, Any], amount: int | None = None) -> int:
    """Hold so many fen of an order no more, or as many as there are; return how many. The order is stored later."""
    held = order.get("frozen", 0)
    thawed = int(held if amount is None else min(held, amount))
    if thawed:
        order["frozen"] = held - thawed
        accounts.release(context, thawed, owner=of_order(context, order))
    return thawed
