"""The coupons of an order, in its ``promotion_detail``: who pays which part of its total, and what a refund gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["discount", "payer_total", "refund", "refund_v2", "settled", "v2"]


def discount(order: dict[str, Any]) -> int:
    """Return what coupons pay of an order, in fen."""
    return sum(int(each["amount"]) for each in order.get("promotion_detail") or ())


def payer_total(order: dict[str, Any]) -> int:
    """Return what the user pays of an order, in fen."""
    return int(order["total"] - discount(order))


def settled(order: dict[str, Any]) -> int:
    """Return what the merchant receives of an order, in fen: all but coupons that nobody paid for (``NOCASH``)."""
    coupons = order.get("promotion_detail") or ()
    return int(order["total"] - sum(each["amount"] for each in coupons if each["type"] == "NOCASH"))


def refund(order: dict[str, Any], amount: int, before: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """
    Return the amounts of a refund, in fen, and its ``promotion_detail``.

    Coupons bear their share of what is left of the order, so the refund of all the rest bears all the rest of theirs.

    Args:
        order: The order.
        amount: What is refunded of it.
        before: Its earlier refunds; those that were closed do not count.
    """
    coupons = order.get("promotion_detail") or []
    counted = [each["promotion_detail"] for each in before if each["status"] != "CLOSED"] if coupons else []
    left = order["total"] - order["refunded"]
    shares = []
    for index, each in enumerate(coupons):
        borne = sum(known[index]["refund_amount"] for known in counted)
        shares.append((each["amount"] - borne) * amount // left)
    unfunded = sum(share for each, share in zip(coupons, shares, strict=True) if each["type"] == "NOCASH")
    return {
        "payer_total": payer_total(order),
        "payer_refund": amount - sum(shares),
        "settlement_total": settled(order),
        "settlement_refund": amount - unfunded,
        "discount_refund": sum(shares),
        "promotion_detail": [
            {
                **{name: each[name] for name in ("scope", "amount")},
                "promotion_id": each["coupon_id"],
                "type": "COUPON",
                "refund_amount": share,
            }
            for each, share in zip(coupons, shares, strict=True)
        ],
    }


def v2(order: dict[str, Any]) -> dict[str, Any]:
    """Return the coupons of an order as v2 tells them; nothing without any."""
    coupons = order.get("promotion_detail") or ()
    facts: dict[str, Any] = {"cash_fee": payer_total(order)}
    if coupons:
        facts |= {
            "settlement_total_fee": settled(order),
            "coupon_fee": discount(order),
            "coupon_count": len(coupons),
        }
    for index, each in enumerate(coupons):
        facts[f"coupon_id_{index}"] = each["coupon_id"]
        facts[f"coupon_type_{index}"] = "CASH" if each["type"] == "CASH" else "NO_CASH"
        facts[f"coupon_fee_{index}"] = each["amount"]
    return facts


def refund_v2(refund: dict[str, Any], suffix: str = "") -> dict[str, Any]:
    """Return the coupons in a refund as v2 tells them, with a suffix behind each name; nothing without any."""
    coupons = refund["promotion_detail"]
    if not coupons:
        return {}
    facts = {
        f"settlement_refund_fee{suffix}": refund["settlement_refund"],
        f"coupon_refund_fee{suffix}": refund["discount_refund"],
        f"coupon_refund_count{suffix}": len(coupons),
    }
    for index, each in enumerate(coupons):
        facts[f"coupon_refund_id{suffix}_{index}"] = each["promotion_id"]
        facts[f"coupon_refund_fee{suffix}_{index}"] = each["refund_amount"]
    return facts
