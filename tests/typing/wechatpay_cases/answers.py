"""The types of ``.data``."""

from typing_extensions import assert_type

from chainable import Response
from wechatpay import WeChatPay


def keys(client: WeChatPay) -> None:
    data = client.v3.refund.domestic.refunds._out_refund_no_.get(out_refund_no="1").data
    assert_type(data["refund_id"], str)
    assert_type(data["amount"]["refund"], int)
    data["refunds_id"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]


def no_body(client: WeChatPay) -> None:
    closed = client.v3.pay.transactions.out_trade_no._out_trade_no_.close
    assert_type(closed.post(out_trade_no="1", json={"mchid": "1"}), Response[None])


def files(client: WeChatPay) -> None:
    assert_type(client.v3.billdownload.file.get(params={"token": "t"}).data, bytes)
