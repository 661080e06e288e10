"""Objects are TypedDicts, importable, and checked member by member."""

from typing_extensions import assert_type

from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.alibaba.finance import CreateOrderRequest, InsuranceCreateorderData


def order() -> CreateOrderRequest:
    return {
        "identifier": "1",
        "order_id": "1",
        "total_guaranteed_amount": "100",
        "effective_time": "2026-11-21 00:00:00",
        "policy_list": [],
        "total_actual_received_amount": "100",
        "total_fee_amount": "1",
        "out_user_id": "1",
        "payment_type": "monthly",
        "item_id": "1",
        "institution": "1",
        "total_installments": 12,
        "product_code": "1",
        "expiration_time": "2027-11-21 00:00:00",
        "apply_time": "2026-11-21 00:00:00",
        "tenant": "1",
    }


def three_ways(top: TaobaoTop) -> None:
    create = top.alibaba.finance.insurance.createorder
    assert_type(create(create_order_request=order()), TopResponse[InsuranceCreateorderData])
    assert_type(create.post(create_order_request=order()), TopResponse[InsuranceCreateorderData])
    assert_type(create.post({"create_order_request": order()}), TopResponse[InsuranceCreateorderData])
    literal = top["alibaba.finance.insurance.createorder"]
    assert_type(literal.post({"create_order_request": order()}), TopResponse[InsuranceCreateorderData])
    assert_type(literal.post(create_order_request=order()).data.get("is_success"), bool | None)


def wrong(top: TaobaoTop) -> None:
    create = top.alibaba.finance.insurance.createorder
    create(create_order_request={"identifier": "1"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    create.post({"create_order_request": {"identifier": "1"}})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    create.post({"create_order": order()})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    create(create_order_request={**order(), "applied": "1"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    create.post()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
