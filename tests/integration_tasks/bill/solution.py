"""Compare a day's trade bill with the shop's orders."""

from __future__ import annotations

from io import BytesIO

from chainable import APIError
from wechatpay import WeChatPay, bills


def differences(client: WeChatPay, day: str, orders: dict[str, int]) -> dict[str, str]:
    """Return the orders that differ, with how."""
    saved = BytesIO()
    billed: dict[str, int] = {}
    try:
        client.download(client.v3.bill.tradebill.get(params={"bill_date": day, "bill_type": "SUCCESS"}), saved)
    except APIError as error:
        if error.code != "NO_STATEMENT_EXIST":
            raise
    else:
        saved.seek(0)
        for row in bills.read(saved):
            if isinstance(row, bills.TradeRow):
                billed[row.out_trade_no] = int(row.total * 100)
    found: dict[str, str] = {}
    for number in billed.keys() | orders.keys():
        if number not in orders:
            found[number] = "missing here"
        elif number not in billed:
            found[number] = "missing there"
        elif billed[number] != orders[number]:
            found[number] = "amount"
    return found
