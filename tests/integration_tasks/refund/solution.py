"""Refund under one number: a repeat is the same refund."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wechatpay import WeChatPay


def refund(client: WeChatPay, order_number: str, refund_number: str, fen: int, total: int) -> str:
    """Return the state of the refund."""
    response = client.v3.refund.domestic.refunds.post(
        json={
            "out_trade_no": order_number,
            "out_refund_no": refund_number,
            "amount": {"refund": fen, "total": total, "currency": "CNY"},
        }
    )
    return str(response.data["status"])
