"""Charge a payment code; ask while the outcome is open, reverse at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import requests

from chainable import APIError, ChainableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay import WeChatPay

APPID = "wxd678efh567hg6787"


def charge(client: WeChatPay, number: str, fen: int, auth_code: str, wait: Callable[[float], object]) -> bool:
    """Return whether the money has come; if not, none can come later."""
    try:
        sent = client.v3.pay.transactions.codepay.post(
            json={
                "appid": APPID,
                "mchid": client.mchid,
                "description": "商品",
                "out_trade_no": number,
                "amount": {"total": fen, "currency": "CNY"},
                "payer": {"auth_code": auth_code},
                "scene_info": {"store_info": {"id": "0001"}},
            }
        )
        if not sent.pending and sent.data.get("trade_state") == "SUCCESS":
            return True
    except (ChainableError, requests.RequestException) as error:
        if not error.maybe_sent:
            raise
    order = client.v3.pay.transactions.out_trade_no._out_trade_no_
    for _ in range(12):
        with suppress(ChainableError, requests.RequestException):
            state = order.get(out_trade_no=number, params={"mchid": client.mchid}).data["trade_state"]
            if state == "SUCCESS":
                return True
            if state != "USERPAYING":
                break
        wait(5)
    while True:
        try:
            reversal = order.reverse.post(out_trade_no=number, json={"appid": APPID, "mchid": client.mchid})
        except APIError as error:
            if not error.retryable:
                raise
        else:
            if not reversal.pending:
                return False
        wait(5)
