"""Place a Native order; a repeat is answered with the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable import APIError

if TYPE_CHECKING:
    from wechatpay import WeChatPay


class AlreadyPaid(Exception):
    """The order is paid: query it instead of paying it again."""


def place(client: WeChatPay, number: str, fen: int, notify_url: str) -> str:
    """Return the link of the QR code."""
    try:
        response = client.v3.pay.transactions.native.post(
            json={
                "appid": "wxd678efh567hg6787",
                "mchid": client.mchid,
                "description": "商品",
                "out_trade_no": number,
                "notify_url": notify_url,
                "amount": {"total": fen, "currency": "CNY"},
            }
        )
    except APIError as error:
        if error.code in {"ORDERPAID", "OUT_TRADE_NO_USED"}:
            raise AlreadyPaid(number) from error
        raise
    return response.data["code_url"]
