"""The four fields of an insurance order are required, each of them."""

from typing_extensions import assert_type

from chainable import Promise, Response
from wechatpay import WeChatPay
from wechatpay.types.v3.hire_power_bank import InsuranceOrdersPostData, InsuranceOrdersPostRequest


def all_four(client: WeChatPay) -> None:
    order: InsuranceOrdersPostRequest = {
        "out_order_no": "1",
        "openid": "o",
        "notify_url": "https://shop.example/paid",
        "service_id": "5",
    }
    orders = client.v3.hire_power_bank.insurance_orders
    assert_type(orders.post(json=order), Response[InsuranceOrdersPostData])
    assert_type(orders.post_async(json=order), Promise[Response[InsuranceOrdersPostData]])
    assert_type(orders.postAsync(json=order), Promise[Response[InsuranceOrdersPostData]])
    assert_type(orders(json=order), Response[InsuranceOrdersPostData])
    assert_type(orders.post(json=order).data["order_id"], str)
    assert_type(orders.post(json=order).data["max_claim_count"], int)


def one_is_left_out(client: WeChatPay) -> None:
    orders = client.v3.hire_power_bank.insurance_orders
    orders.post(json={"openid": "o", "notify_url": "u", "service_id": "5"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    orders.post(json={"out_order_no": "1", "notify_url": "u", "service_id": "5"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    orders.post(json={"out_order_no": "1", "openid": "o", "service_id": "5"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    orders.post(json={"out_order_no": "1", "openid": "o", "notify_url": "u"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    orders.post_async(json={"out_order_no": "1", "openid": "o", "notify_url": "u"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    orders(json={"out_order_no": "1", "openid": "o", "notify_url": "u"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]


def the_whole_body_is_left_out(client: WeChatPay) -> None:
    client.v3.hire_power_bank.insurance_orders.post()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def the_path_is_a_literal(client: WeChatPay) -> None:
    client["v3/hire-power-bank/insurance-orders"].post(json={"openid": "o", "notify_url": "u", "service_id": "5"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.chain("v3/hire-power-bank/insurance-orders").post(json={"out_order_no": "1"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
