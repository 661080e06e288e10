"""Promises carry the type of the answer."""

from typing_extensions import assert_type

from wechatpay import WeChatPay


async def awaited(client: WeChatPay) -> None:
    response = await client.v3.hire_power_bank.insurance_orders._out_order_no_.get_async(out_order_no="1")
    assert_type(response.data["order_id"], str)


def followed(client: WeChatPay) -> None:
    promise = client.v3.hire_power_bank.insurance_orders._out_order_no_.getAsync(out_order_no="1")
    assert_type(promise.then(lambda response: response.data["claimed_count"]).wait(), int)
    promise.then(lambda response: response.data["claim_count"])  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
