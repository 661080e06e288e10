"""Moments and dates go in as such, or as text."""

from datetime import date, datetime

from wechatpay import WeChatPay


def good(client: WeChatPay, moment: datetime, day: date) -> None:
    client.v3.bill.tradebill.get(params={"bill_date": day})
    client.v3.bill.tradebill.get(params={"bill_date": "2026-11-20"})
    client.v3.pay.transactions.native.post(
        json={
            "appid": "wx",
            "mchid": "1",
            "description": "tea",
            "out_trade_no": "1",
            "notify_url": "https://shop.example/paid",
            "amount": {"total": 1},
            "time_expire": moment,
        }
    )


def wrong(client: WeChatPay, day: date) -> None:
    client.v3.bill.tradebill.get(params={"bill_date": 20261120})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
