"""The coupons of an order, in its ``promotion_detail``: who pays which part of its total, and what a refund gives back."""

from __future__ import annotations

from typing import Any

__all__ = ["discount", "keep", "payer_total", "refund", "settled", "v2"]


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


def refund(order: dict[str, Any], amount: int) -> dict[str, Any]:
    """
    Take so many fen of what is left of an order: coupons bear their share, and a refund of all the rest all of theirs.

    Returns:
        The amounts of the refund, in fen, and its ``promotion_detail``.
    """
    coupons, left = order.get("promotion_detail") or [], order["total"] - order["refunded"]
    shares = [(each["amount"] - done) * amount // left for each, done in zip(coupons, returned(order), strict=True)]
    unfunded = sum(share for each, share in zip(coupons, shares, strict=True) if each["type"] == "NOCASH")
    order["coupons_refunded"] = [done + share for done, share in zip(returned(order), shares, strict=True)]
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


def keep(order: dict[str, Any], refund: dict[str, Any]) -> None:
    """Undo the share of the coupons in a refund that was closed."""
    shares = [each["refund_amount"] for each in refund["promotion_detail"]]
    order["coupons_refunded"] = [done - share for done, share in zip(returned(order), shares, strict=True)]


def returned(order: dict[str, Any]) -> list[int]:
    """Return what refunds gave back of each coupon, in fen."""
    known: list[int] = order.get("coupons_refunded") or [0] * len(order.get("promotion_detail") or ())
    return known


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
