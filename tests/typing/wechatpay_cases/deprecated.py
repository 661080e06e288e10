"""Operations that the platform gave up are marked."""

from wechatpay import WeChatPay


def marked(client: WeChatPay) -> None:
    client.v3.refunds.id._refund_id_.get(refund_id="1", params={})  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    client["v3/refunds/id/{refund_id}"].get_async(refund_id="1", params={})  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]


def not_marked(client: WeChatPay) -> None:
    client.v3.refund.domestic.refunds._out_refund_no_.get(out_refund_no="1")
