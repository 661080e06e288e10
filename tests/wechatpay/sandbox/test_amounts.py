"""Amounts that move are positive fen, and what is left of them is never less than nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

NUMBER = "amount01"
NOBODY = "http://127.0.0.1:9/"
IMPOSSIBLE = (0, -5, 2**63)


def paid(sandbox: Sandbox, merchant: Any, total: int = 1000) -> str:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "茶",
        "out_trade_no": NUMBER,
        "notify_url": NOBODY,
        "amount": {"total": total},
        "settle_info": {"profit_sharing": True},
    }
    merchant.post("/v3/pay/transactions/native", sent)
    who = {"appid": "wx1", "type": "MERCHANT_ID", "account": "86693852", "relation_type": "STORE"}
    merchant.post("/v3/profitsharing/receivers/add", who)
    transaction = str(sandbox.pay(NUMBER)[0]["transaction_id"])
    sandbox.clock.advance(minutes=1)
    return transaction


def refused(answer: Any, field: str) -> bool:
    said = answer.data["message"]
    return bool(answer.data["code"] == "PARAM_ERROR" and (f"/body{field}”" in said or f"body {field}：" in said))


@pytest.mark.parametrize("fen", IMPOSSIBLE)
@pytest.mark.parametrize("strict", [True, False])
def test_orders_and_refunds(sandbox: Sandbox, merchant: Any, fen: int, strict: bool) -> None:
    sandbox.context.strict = strict
    paid(sandbox, merchant)
    order = {"appid": "wx1", "mchid": merchant.account.mchid, "description": "x", "out_trade_no": "amount02"}
    answer = merchant.post("/v3/pay/transactions/native", {**order, "notify_url": NOBODY, "amount": {"total": fen}})
    assert refused(answer, "/amount/total")
    refund = {"out_trade_no": NUMBER, "out_refund_no": "R1"}
    amount = {"refund": fen, "total": 1000, "currency": "CNY"}
    answer = merchant.post("/v3/refund/domestic/refunds", {**refund, "amount": amount})
    assert answer.status == 400
    assert sandbox.store.entry("order", NUMBER)["refunded"] == 0


@pytest.mark.parametrize("fen", IMPOSSIBLE)
def test_parts_of_a_combined_order(merchant: Any, fen: int) -> None:
    sub = {
        "mchid": merchant.account.mchid,
        "sub_mchid": "1900000110",
        "attach": "x",
        "amount": {"total_amount": fen, "currency": "CNY"},
        "out_trade_no": "part01",
        "description": "x",
    }
    sent = {
        "combine_appid": "wx1",
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "combined01",
        "sub_orders": [sub],
        "notify_url": NOBODY,
    }
    assert refused(merchant.post("/v3/combine-transactions/native", sent), "/sub_orders/0/amount/total_amount")


@pytest.mark.parametrize("fen", [0, -5])
def test_refunds_of_v2(sandbox: Sandbox, merchant: Any, fen: int) -> None:
    paid(sandbox, merchant)
    sent = {"appid": "wx1", "out_trade_no": NUMBER, "out_refund_no": "R1", "total_fee": 1000, "refund_fee": fen}
    result = merchant.v2("/secapi/pay/refund", sent).xml
    assert result["return_code"] == "FAIL"
    assert "/body/xml/refund_fee" in result["return_msg"]
    assert sandbox.store.entry("order", NUMBER)["refunded"] == 0


@pytest.mark.parametrize("fen", IMPOSSIBLE)
def test_transfers(merchant: Any, fen: int) -> None:
    sent = {
        "appid": "wx1",
        "out_bill_no": "T1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "user_name": merchant.encrypt("张三"),
        "transfer_amount": fen,
        "transfer_remark": "x",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [
            {"info_type": "活动名称", "info_content": "x"},
            {"info_type": "奖励说明", "info_content": "x"},
        ],
    }
    assert refused(merchant.post("/v3/fund-app/mch-transfer/transfer-bills", sent), "/transfer_amount")
    one = {
        "out_detail_no": "D1",
        "transfer_amount": fen,
        "transfer_remark": "x",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    }
    one["user_name"] = merchant.encrypt("张三")
    batch = {
        "appid": "wx1",
        "out_batch_no": "B1",
        "batch_name": "x",
        "batch_remark": "x",
        "total_amount": 1,
        "total_num": 1,
        "transfer_scene_id": "1000",
        "transfer_detail_list": [one],
    }
    assert refused(merchant.post("/v3/transfer/batches", batch), "/transfer_detail_list/0/transfer_amount")


@pytest.mark.parametrize("fen", IMPOSSIBLE)
def test_transfers_of_v2(sandbox: Sandbox, merchant: Any, fen: int) -> None:
    sandbox.context.strict = False
    sent = {"mch_appid": "wx1", "partner_trade_no": "T1", "openid": "o1", "check_name": "NO_CHECK", "amount": fen}
    result = merchant.v2("/mmpaymkttransfers/promotion/transfers", {**sent, "desc": "x"}, number="mchid")
    assert "/amount" in result.xml["err_code_des"]


@pytest.mark.parametrize("fen", IMPOSSIBLE)
def test_shares_and_their_returns(sandbox: Sandbox, merchant: Any, fen: int) -> None:
    transaction = paid(sandbox, merchant)
    part = {"type": "MERCHANT_ID", "account": "86693852", "amount": 300, "description": "x"}
    sent = {"appid": "wx1", "transaction_id": transaction, "out_order_no": "P1", "unfreeze_unsplit": False}
    answer = merchant.post("/v3/profitsharing/orders", {**sent, "receivers": [part, {**part, "amount": fen}]})
    assert refused(answer, "/receivers/1/amount")
    merchant.post("/v3/profitsharing/orders", {**sent, "receivers": [part]})
    back = {"out_order_no": "P1", "out_return_no": "R1", "return_mchid": "86693852", "description": "x", "amount": fen}
    assert refused(merchant.post("/v3/profitsharing/return-orders", back), "/amount")
    whose = {"appid": "wx1", "transaction_id": transaction, "out_order_no": "P2"}
    parts = json.dumps([{**part, "amount": fen}])
    result = merchant.v2("/secapi/pay/profitsharing", {**whose, "receivers": parts}, "HMAC-SHA256").xml
    assert result.get("result_code") != "SUCCESS"
    assert merchant.get(f"/v3/profitsharing/transactions/{transaction}/amounts").data["unsplit_amount"] == 694


def test_nothing_is_left_to_share_of_what_was_refunded(sandbox: Sandbox, merchant: Any) -> None:
    transaction = paid(sandbox, merchant)
    part = {"type": "MERCHANT_ID", "account": "86693852", "amount": 300, "description": "x"}
    sent = {"appid": "wx1", "transaction_id": transaction, "out_order_no": "P1", "unfreeze_unsplit": False}
    merchant.post("/v3/profitsharing/orders", {**sent, "receivers": [part]})
    other = accounts.Entry(amount=1000, name="交易", number="4200", voucher="another order")
    accounts.book(sandbox.context, other)  # what was shared out is refunded from other money
    amount = {"refund": 1000, "total": 1000, "currency": "CNY"}
    refund = {"out_trade_no": NUMBER, "out_refund_no": "R1", "amount": amount}
    assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200
    assert merchant.get(f"/v3/profitsharing/transactions/{transaction}/amounts").data["unsplit_amount"] == 0
    end = {"transaction_id": transaction, "out_order_no": "P2", "description": "x"}
    assert merchant.post("/v3/profitsharing/orders/unfreeze", end).data["code"] == "NOT_ENOUGH"


SERVICE = "/v3/payscore/serviceorder"
WHICH = {"appid": "wxd678efh567hg6787", "service_id": "2002000000000558128851361561536"}


def completed(sandbox: Sandbox, merchant: Any) -> None:
    sent = {
        **WHICH,
        "out_order_no": NUMBER,
        "service_introduction": "某某酒店",
        "time_range": {"start_time": "20091225091010"},
        "risk_fund": {"name": "DEPOSIT", "amount": 10000},
        "notify_url": NOBODY,
    }
    merchant.post(SERVICE, sent)
    sandbox.confirm_service(NUMBER)
    assert merchant.post(f"{SERVICE}/{NUMBER}/complete", asking(-1)).data["code"] == "PARAM_ERROR"
    merchant.post(f"{SERVICE}/{NUMBER}/complete", asking(500))


def asking(fen: int) -> dict[str, Any]:
    return {**WHICH, "post_payments": [{"name": "x", "amount": fen}], "total_amount": fen}


def collection(merchant: Any) -> Any:
    query = "&".join(f"{name}={value}" for name, value in WHICH.items())
    return merchant.get(f"{SERVICE}?out_order_no={NUMBER}&{query}").data["collection"]


def test_a_service_order_that_asks_for_less_collects_less(sandbox: Sandbox, merchant: Any) -> None:
    completed(sandbox, merchant)
    less = {**asking(200), "reason": "x"}
    asked = {"state": "USER_PAYING", "total_amount": 200, "paying_amount": 200, "paid_amount": 0}
    assert merchant.post(f"{SERVICE}/{NUMBER}/modify", less).data["collection"] == asked
    more = merchant.post(f"{SERVICE}/{NUMBER}/modify", {**asking(201), "reason": "x"})
    assert more.data["code"] == "INVALID_REQUEST"
    assert merchant.post(f"{SERVICE}/{NUMBER}/modify", {**asking(-1), "reason": "x"}).data["code"] == "PARAM_ERROR"
    assert collection(merchant) == asked


def test_a_service_order_is_paid_once(sandbox: Sandbox, merchant: Any) -> None:
    completed(sandbox, merchant)
    sandbox.pay_service(NUMBER)
    for deed, sent in (
        ("modify", {**asking(100), "reason": "x"}),
        ("pay", WHICH),
        ("sync", {**WHICH, "type": "Order_Paid", "detail": {"paid_time": "20091225091210"}}),
    ):
        assert merchant.post(f"{SERVICE}/{NUMBER}/{deed}", sent).data["code"] == "ORDER_DONE"
    with pytest.raises(ValueError, match="is DONE, not MCH_COMPLETE"):
        sandbox.pay_service(NUMBER)
    assert collection(merchant)["paid_amount"] == 500
    assert [each.notice.event_type for each in sandbox.callbacks] == ["PAYSCORE.USER_CONFIRM", "PAYSCORE.USER_PAID"]
