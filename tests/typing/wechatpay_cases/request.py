"""Keys and values of bodies and queries."""

from wechatpay import WeChatPay
from wechatpay.types.v3.refund import DomesticRefundsPostRequestAmount as RefundAmount


def good(client: WeChatPay) -> None:
    client.v3.pay.transactions.native.post(
        json={
            "appid": "wx",
            "mchid": "1900000109",
            "description": "tea",
            "out_trade_no": "1",
            "notify_url": "https://shop.example/paid",
            "amount": {"total": 100, "currency": "CNY"},
            "attach": None,
            "detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": 1, "unit_price": 100}]},
        }
    )
    client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200", params={"mchid": "1900000109"})


def wrong_key(client: WeChatPay) -> None:
    client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200", params={"mchid": "1", "mch": "1"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    refund = client.v3.refund.domestic.refunds
    amount: RefundAmount = {"refund": 1, "total": 1, "currency": "CNY"}
    refund.post(json={"out_refund_no": "1", "out_trade_no": "1", "amount": {**amount, "sum": 1}})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]


def missing_key(client: WeChatPay) -> None:
    client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200", params={})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.v3.refund.domestic.refunds.post(json={"out_refund_no": "1", "transaction_id": "1", "amount": {"refund": 1}})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]


def wrong_value(client: WeChatPay) -> None:
    refund = client.v3.refund.domestic.refunds
    amount: RefundAmount = {"refund": 1, "total": 1, "currency": "CNY"}
    refund.post(json={"out_refund_no": 1, "amount": amount})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    refund.post(json={"out_refund_no": "1", "amount": {"refund": 1.5, "total": 1, "currency": "CNY"}})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    refund.post(json={"out_refund_no": None, "amount": amount})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]


def wrong_kind_of_body(client: WeChatPay) -> None:
    client.v3.pay.transactions.native.post(xml={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.v3.merchant.media.upload.post({"file": "shop.png"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.v3.certificates.get(json={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
