"""What the platform refuses at once: forms of parameters, and what does not belong together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.parameter_rules import Limit, limit_of

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
URL = "https://shop.example/notify"
REPORTED = [{"info_type": name, "info_content": "x"} for name in ("活动名称", "奖励说明")]


def order(merchant: Any, **changes: Any) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": "order-0001",
        "notify_url": URL,
        "amount": {"total": 100},
        **changes,
    }


def combined(merchant: Any, changes: dict[str, Any], **sub: Any) -> dict[str, Any]:
    one = {
        "mchid": merchant.account.mchid,
        "sub_mchid": "1900000119",
        "attach": "a",
        "amount": {"total_amount": 1, "currency": "CNY"},
        "out_trade_no": "part-0001",
        "description": "商品",
        **sub,
    }
    return {
        "combine_appid": merchant.account.appid,
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "combined-0001",
        "notify_url": URL,
        "sub_orders": [one],
        **changes,
    }


def transfer(merchant: Any, **changes: Any) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "out_bill_no": "T1",
        "openid": OPENID,
        "transfer_amount": 100,
        "transfer_remark": "x",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": REPORTED,
        **changes,
    }


@pytest.mark.parametrize(
    "url",
    [
        "foo",
        " https://www.weixin.qq.com/wxpay/pay.php",  # a capture
        "https://a.cn/b?x=1",
        "https://a.cn/b#c",
        "ftp://a.cn/b",
        "https://",
        "",
    ],
)
def test_notify_urls_of_another_form_are_refused(merchant: Any, url: str) -> None:
    partner = {"sp_appid": merchant.account.appid, "sp_mchid": merchant.account.mchid, "sub_mchid": "1900000110"}
    placed = {name: value for name, value in order(merchant).items() if name not in ("appid", "mchid")}
    refund = {
        "out_trade_no": "order-0001",
        "out_refund_no": "R1",
        "amount": {"refund": 1, "total": 1, "currency": "CNY"},
    }
    for path, sent in (
        ("pay/transactions/native", order(merchant)),
        ("pay/partner/transactions/native", {**placed, **partner}),
        ("combine-transactions/native", combined(merchant, {})),
        ("refund/domestic/refunds", refund),
        ("fund-app/mch-transfer/transfer-bills", transfer(merchant)),
    ):
        answer = merchant.post(f"/v3/{path}", {**sent, "notify_url": url})
        assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR"), path
        assert "输入源“/body/notify_url”映射到值字段“通知地址”字符串规则校验失败" in answer.data["message"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/notify", "http://localhost:5000", "http://127.0.0.1:9/", URL])
def test_notify_urls_of_tests_are_taken(merchant: Any, url: str) -> None:
    assert merchant.post("/v3/pay/transactions/native", order(merchant, notify_url=url)).status == 200


def test_appids_are_bound_to_the_merchant(sandbox: Sandbox, merchant: Any) -> None:
    wrong = "wx0000000000000000"
    answer = merchant.post("/v3/pay/transactions/native", order(merchant, appid=wrong))
    assert answer.status == 400
    assert answer.data == {"code": "APPID_MCHID_NOT_MATCH", "message": "appid和mch_id不匹配，请检查后再试"}
    answer = merchant.post("/v3/combine-transactions/native", combined(merchant, {"combine_appid": wrong}))
    assert answer.data["code"] == "APPID_MCHID_NOT_MATCH"
    answer = merchant.post("/v3/fund-app/mch-transfer/transfer-bills", transfer(merchant, appid=wrong))
    assert answer.data == {"code": "INVALID_REQUEST", "message": "APPID不存在"}
    sandbox.context.strict = False
    assert merchant.post("/v3/pay/transactions/native", order(merchant, appid=wrong)).status == 200


def test_further_appids_can_be_bound(new_merchant: Any) -> None:
    with Sandbox(appids=["wx0000000000000001"]) as sandbox:
        merchant = new_merchant(sandbox)
        answer = merchant.post("/v3/pay/transactions/native", order(merchant, appid="wx0000000000000001"))
    assert answer.status == 200


@pytest.mark.parametrize(
    ("changes", "sub", "field"),
    [
        ({}, {"amount": {"total_amount": 0, "currency": "CNY"}}, "/sub_orders/0/amount/total_amount"),
        ({}, {"out_trade_no": "1"}, "/sub_orders/0/out_trade_no"),
        ({"time_expire": "2090-01-01"}, {}, "/time_expire"),
        ({"combine_payer_info": {"openid": "1"}}, {}, "/combine_payer_info/openid"),
    ],
)
def test_parts_of_combined_orders(merchant: Any, changes: dict[str, Any], sub: dict[str, Any], field: str) -> None:
    answer = merchant.post("/v3/combine-transactions/native", combined(merchant, changes, **sub))
    assert answer.data["code"] == "PARAM_ERROR"
    assert f"“/body{field}”" in answer.data["message"]


def test_the_currency_at_home_is_one(merchant: Any) -> None:
    sent = combined(merchant, {}, amount={"total_amount": 1, "currency": "USD"})
    answer = merchant.post("/v3/combine-transactions/native", sent)
    assert answer.data["message"] == "参数错误"
    assert answer.data["detail"] == {
        "location": "body",
        "field": "/sub_orders/0/amount/currency",
        "issue": "Currency code is invalid",
        "value": "USD",
    }


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"out_bill_no": "T-1"}, "PARAM_ERROR", "^[0-9a-zA-Z]+$"),
        ({"out_bill_no": "T_1"}, "PARAM_ERROR", "^[0-9a-zA-Z]+$"),
        ({"out_bill_no": "1" * 33}, "PARAM_ERROR", "字节数 33，大于最大值 32"),
        ({"transfer_remark": "长" * 33}, "PARAM_ERROR", "字符数 33，大于最大值 32"),
        ({"transfer_amount": 1}, "INVALID_REQUEST", "超过单笔转账上下限"),
        ({"transfer_amount": 200_000}, "PARAM_ERROR", "2000元"),
        ({"transfer_amount": 29, "user_name": "张三"}, "PARAM_ERROR", "0.3元"),
        ({"transfer_scene_report_infos": REPORTED[:1]}, "PARAM_ERROR", "未传入完整且对应的转账场景报备信息"),
        ({"transfer_scene_id": "1005"}, "PARAM_ERROR", "未传入完整且对应的转账场景报备信息"),
        ({"openid": "1"}, "PARAM_ERROR", "“用户标识”"),
    ],
)
def test_transfers(merchant: Any, changes: dict[str, Any], code: str, words: str) -> None:
    if "user_name" in changes:
        changes = {**changes, "user_name": merchant.encrypt(changes["user_name"])}
    answer = merchant.post("/v3/fund-app/mch-transfer/transfer-bills", transfer(merchant, **changes))
    assert (answer.status, answer.data["code"]) == (400, code)
    assert words in answer.data["message"]


@pytest.mark.parametrize(
    "query",
    [
        "tradebill?bill_date=20260301",
        "tradebill?bill_date=2026-13-01",
        "fundflowbill?bill_date=20260301",
        "tradebill?bill_date=2026-03-01&bill_type=RECHARGE_REFUND",
    ],
)
def test_bills(merchant: Any, query: str) -> None:
    answer = merchant.get(f"/v3/bill/{query}")
    assert (answer.status, answer.data["code"], answer.data["detail"]["location"]) == (400, "PARAM_ERROR", "query")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"body": "长" * 43},
            "输入源“/body/xml/body”映射到值字段“商品描述”字符串规则校验失败，字节数 129，大于最大值 128",
        ),
        ({"total_fee": "0"}, "输入源“/body/xml/total_fee”映射到数值字段“标价金额”规则校验失败，值低于最小值 1"),
        ({"spbill_create_ip": "localhost"}, "invalid spbill_create_ip"),
        ({"trade_type": "WAP"}, "“/body/xml/trade_type”"),
        ({"notify_url": "foo"}, "“/body/xml/notify_url”映射到值字段“通知地址”"),
        ({"fee_type": "USD"}, "参数错误"),
        ({"time_expire": "2090-01-01"}, "“/body/xml/time_expire”"),
        ({"out_trade_no": "中"}, "“/body/xml/out_trade_no”"),
        ({"openid": "1"}, "“/body/xml/openid”"),
    ],
)
def test_orders_of_v2(merchant: Any, changes: dict[str, Any], message: str) -> None:
    sent = {
        "appid": merchant.account.appid,
        "body": "商品",
        "out_trade_no": "v2-0001",
        "total_fee": "1",
        "spbill_create_ip": "127.0.0.1",
        "notify_url": URL,
        "trade_type": "NATIVE",
        **changes,
    }
    answer = merchant.v2("/pay/unifiedorder", sent).xml
    assert answer["return_code"] == "FAIL"
    assert message in answer["return_msg"]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH", "商户号mch_id与appid不匹配"),
        ({"trade_type": "JSAPI"}, "PARAM_ERROR", "JSAPI支付必须传openid"),
        ({"time_expire": "20200101000000"}, "PARAM_ERROR", "time_expire时间过短，刷卡至少1分钟，其他5分钟"),
    ],
)
def test_orders_of_v2_that_fail(merchant: Any, changes: dict[str, Any], code: str, message: str) -> None:
    sent = {
        "appid": merchant.account.appid,
        "body": "商品",
        "out_trade_no": "v2-0001",
        "total_fee": "1",
        "spbill_create_ip": "127.0.0.1",
        "notify_url": URL,
        "trade_type": "NATIVE",
        **changes,
    }
    answer = merchant.v2("/pay/unifiedorder", sent).xml
    assert (answer["return_code"], answer["result_code"], answer["err_code"]) == ("SUCCESS", "FAIL", code)
    assert answer["err_code_des"] == message


@pytest.mark.parametrize(("seconds", "result"), [(30, "FAIL"), (600, "SUCCESS")])
def test_v2_gives_a_user_a_minute_at_least(merchant: Any, seconds: int, result: str) -> None:
    until = merchant.sandbox.context.now() + timedelta(seconds=seconds)
    sent = {
        "appid": merchant.account.appid,
        "body": "商品",
        "out_trade_no": "v2-0001",
        "total_fee": "1",
        "spbill_create_ip": "127.0.0.1",
        "notify_url": URL,
        "trade_type": "NATIVE",
        "product_id": "1",
        "time_expire": f"{until:%Y%m%d%H%M%S}",
    }
    assert merchant.v2("/pay/unifiedorder", sent).xml["result_code"] == result


def test_v2_ignores_unknown_fields_and_takes_ipv6(merchant: Any) -> None:
    sent = {
        "appid": merchant.account.appid,
        "body": "商品",
        "out_trade_no": "v2-0001",
        "total_fee": "1",
        "spbill_create_ip": "2001:db8::1",
        "notify_url": URL,
        "trade_type": "NATIVE",
        "op_user_id": merchant.account.mchid,
    }
    assert merchant.v2("/pay/unifiedorder", sent).xml["result_code"] == "SUCCESS"


def test_limits_measure_bytes_characters_and_numbers() -> None:
    assert Limit(3).holds("长")
    assert "字节数 6，大于最大值 3" in str(Limit(3).refusal("body", "/a", "长长"))
    assert Limit(2, unit="字符数").holds("长长")
    assert str(Limit(2).refusal("query", "/a", 3)) == "输入源“/query/a”映射到数值字段“a”规则校验失败，值高于最大值 2"
    assert not any((Limit(2).holds(3), Limit(9, 5).holds("长"), Limit(pattern="^a+$").holds("ab")))
    assert Limit().holds("anything")
    assert limit_of("v3/anything", "/notify_url") is limit_of("v3/other", "/deep/notify_url")
    assert limit_of("v3/anything", "/notify") is None
