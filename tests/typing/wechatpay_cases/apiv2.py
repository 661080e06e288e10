"""APIv2: what the client fills in need not be given, answers are texts."""

from typing_extensions import assert_type

from wechatpay import WeChatPay


def filled_in(client: WeChatPay) -> None:
    answer = client.v2.pay.orderquery.post(xml={"appid": "wx", "out_trade_no": "1"})
    assert_type(answer.data["return_code"], str)
    assert_type(
        client.v2.pay.orderquery(xml={"appid": "wx", "mch_id": "1", "transaction_id": "1"}).data["nonce_str"], str
    )


def wrong(client: WeChatPay) -> None:
    client.v2.pay.orderquery.post(json={"appid": "wx"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.v2.secapi.pay.refund.post(xml={"appid": "wx", "out_trade_no": "1", "total_fee": 1, "refund_fee": 1})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.v2.pay.orderquery.post(xml={"appid": "wx", "out_trade_num": "1"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]


def a_page_for_a_browser_is_not_called(client: WeChatPay) -> None:
    client.v2.papay.entrustweb
    client.v2.papay.entrustweb.get(params={})  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
