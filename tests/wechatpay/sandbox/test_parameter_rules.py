"""What the platform refuses at once: forms of parameters, and what does not belong together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.parameter_rules import Limit, limit_of
from wechatpay.sandbox.validation import Validator

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


def by_code(merchant: Any, code: str, number: str = "order-0001") -> Any:
    sent = order(merchant, out_trade_no=number, payer={"auth_code": code}, scene_info={"store_info": {"id": "1"}})
    del sent["notify_url"]
    return merchant.post("/v3/pay/transactions/codepay", sent)


def by_code_v2(merchant: Any, code: str, number: str = "order-0001") -> dict[str, str]:
    sent = {"appid": merchant.account.appid, "body": "商品", "out_trade_no": number, "total_fee": "1"}
    xml: dict[str, str] = merchant.v2("/pay/micropay", {**sent, "spbill_create_ip": "8.8.8.8", "auth_code": code}).xml
    return xml


@pytest.mark.parametrize(
    "code", ["1", "28763443825664394", "160061098828009406", "1300610988280094061", "13006109882800940x"]
)
def test_payment_codes_of_another_wallet(merchant: Any, code: str) -> None:
    # https://pay.weixin.qq.com/wiki/doc/api/micropay.php?chapter=5_1: 18 digits that begin with 10 to 15
    answer = by_code(merchant, code)
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert "“/body/payer/auth_code”" in answer.data["message"]
    told = by_code_v2(merchant, code)
    assert (told["return_code"], told["err_code"]) == ("SUCCESS", "AUTH_CODE_INVALID")
    assert told["err_code_des"] == "请扫描微信支付授权码（以10/11/12/13/14/15为前缀的18位数字）"


def test_one_payment_code_rehearses_many_orders(sandbox: Sandbox, merchant: Any) -> None:
    """On the platform it serves one; programs that rehearse have no telephone that shows a new one."""
    code = "130061098828009406"
    sandbox.fault("pending", operation="POST v3/pay/transactions/codepay", times=1)
    assert [by_code(merchant, code).status for _ in range(2)] == [202, 202]
    sandbox.pay("order-0001")
    assert by_code(merchant, code).data["code"] == "OUT_TRADE_NO_USED"
    assert by_code(merchant, code, "order-0002").data["trade_state"] == "SUCCESS"
    assert by_code_v2(merchant, code, "order-0003")["result_code"] == "SUCCESS"


def few(path: str, label: str, count: int, least: int) -> dict[str, Any]:
    message = f"输入源“/body/{path}”映射到字段“{label}”多重性规则校验失败，此字段个数为 {count} 个，低于最小值 {least}"
    return {"code": "PARAM_ERROR", "message": message, "detail": {"location": "body", "value": count}}


def test_profit_is_shared_with_somebody(merchant: Any) -> None:
    # https://developers.weixin.qq.com/community/pay/doc/000c622f78ccb82d89021471665c00
    sent = {"transaction_id": "4200000000000000000000000001", "out_order_no": "split-1", "receivers": []}
    for path, more in (
        ("profitsharing", {"unfreeze_unsplit": True}),
        ("ecommerce/profitsharing", {"sub_mchid": "1900000109", "finish": True}),
        ("brand/profitsharing", {"sub_mchid": "1900000109", "brand_mchid": "1900000108", "finish": True, "appid": "x"}),
    ):
        answer = merchant.post(f"/v3/{path}/orders", {**sent, **more})
        assert (answer.status, answer.data) == (400, few("receivers", "分账接收方列表", 0, 1)), path
    told = {name: value for name, value in sent.items() if name != "receivers"}
    assert (
        "“/body/receivers”"
        in merchant.post("/v3/profitsharing/orders", {**told, "unfreeze_unsplit": True}).data["message"]
    )
    sent = {**sent, "appid": merchant.account.appid, "receivers": "[]"}
    assert (
        merchant.v2("/secapi/pay/profitsharing", {**sent, "sign_type": "HMAC-SHA256"}, "HMAC-SHA256").xml["err_code"]
        == "PARAM_ERROR"
    )


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("orders", {"receivers": [{"description": "长" * 81}]}, "/receivers/0/description"),
        ("return-orders", {"description": "长" * 81}, "/description"),
        ("return-orders", {"out_return_no": "R" * 65}, "/out_return_no"),
        ("return-orders", {"out_return_no": "R 1"}, "/out_return_no"),
    ],
)
def test_texts_of_splits(merchant: Any, path: str, changes: dict[str, Any], field: str) -> None:
    receiver = {"type": "MERCHANT_ID", "account": "1900000109", "amount": 1, "description": "x"}
    receivers = [{**receiver, **each} for each in changes.get("receivers", ())]
    split = {"transaction_id": "4200000000000000000000000001", "unfreeze_unsplit": True, "receivers": receivers}
    back = {"out_return_no": "R1", "return_mchid": "1900000109", "amount": 1, "description": "x", **changes}
    sent = {"out_order_no": "split-1", **(split if path == "orders" else back)}
    answer = merchant.post(f"/v3/profitsharing/{path}", sent)
    assert answer.data["code"] == "PARAM_ERROR"
    assert f"“/body{field}”" in answer.data["message"]


@pytest.mark.parametrize(
    ("count", "own", "words"),
    [
        (0, False, "个数为 0 个，低于最小值 1"),
        (11, True, "个数为 11 个，高于最大值 10"),
        (51, False, "个数为 51 个，高于最大值 50"),
        (1, False, ""),
        (2, True, ""),
        (10, True, ""),
        (50, False, ""),
    ],
)
def test_how_many_orders_are_combined(merchant: Any, count: int, own: bool, words: str) -> None:
    # a merchant 2 to 10, a service provider 1 to 50: https://pay.weixin.qq.com/docs/merchant/products/combine-payment/
    # apilist-mini-program.html and …/docs/partner/products/combine-payment/apilist-jsapi.html
    whole = combined(merchant, {})
    sub = {name: value for name, value in whole["sub_orders"][0].items() if not own or name != "sub_mchid"}
    whole["sub_orders"] = [{**sub, "out_trade_no": f"part-{index:04}"} for index in range(count)]
    answer = merchant.post("/v3/combine-transactions/native", whole)
    assert answer.status == (400 if words else 200)
    assert not words or (answer.data["code"] == "PARAM_ERROR" and words in answer.data["message"])


def test_a_part_of_a_combined_order_has_an_upper_limit(merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013421298: ten million yuan
    sent = combined(merchant, {}, amount={"total_amount": 1_000_000_001, "currency": "CNY"})
    answer = merchant.post("/v3/combine-transactions/native", sent)
    assert "值高于最大值 1000000000" in answer.data["message"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"risk_fund": {"name": "RISK", "amount": 1}}, "/risk_fund/name"),
        ({"service_introduction": "长" * 21}, "/service_introduction"),
        ({"out_order_no": "rent 1"}, "/out_order_no"),
        ({"out_order_no": "r" * 33}, "/out_order_no"),
        ({"attach": "x" * 257}, "/attach"),
        ({"post_payments": [{"name": "费" * 21}]}, "/post_payments/0/name"),
        ({"post_payments": [{"name": "费", "description": "长" * 31}]}, "/post_payments/0/description"),
        ({"post_payments": [{"name": "费", "count": 101}]}, "/post_payments/0/count"),
        ({"post_payments": [{"name": f"费{index}"} for index in range(101)]}, "/post_payments"),
        ({"post_discounts": [{"name": "惠" * 21, "description": "x"}]}, "/post_discounts/0/name"),
        ({"post_discounts": [{"name": f"惠{index}", "description": "x"} for index in range(31)]}, "/post_discounts"),
        ({}, ""),
    ],
)
def test_pay_score_orders(merchant: Any, changes: dict[str, Any], field: str) -> None:
    # https://pay.weixin.qq.com/docs/merchant/products/weixin-pay-score/apilists.html
    sent = {
        "appid": merchant.account.appid,
        "service_id": "2002000000000558128851361561536",
        "out_order_no": "rent-1",
        "service_introduction": "长" * 20,
        "time_range": {"start_time": "OnAccept"},
        "risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": 1},
        "notify_url": URL,
        **changes,
    }
    answer = merchant.post("/v3/payscore/serviceorder", sent)
    assert answer.status == (400 if field else 200)
    assert not field or answer.data["code"] == "PARAM_ERROR"
    assert field in answer.data.get("message", "") or answer.data["detail"]["field"] == field


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://shop.example/notify", 400),
        ("http://93.184.216.34/notify", 400),
        (URL, 200),
        ("http://127.0.0.1:8000/notify", 200),
        ("http://localhost/notify", 200),
        ("http://app:8000/notify", 200),
        ("http://host.docker.internal/notify", 200),
        ("http://172.17.0.1/notify", 200),
    ],
)
def test_transfers_are_notified_over_https(merchant: Any, url: str, status: int) -> None:
    answer = merchant.post("/v3/fund-app/mch-transfer/transfer-bills", transfer(merchant, notify_url=url))
    assert answer.status == status
    assert status == 200 or "“/body/notify_url”" in answer.data["message"]


def batch(merchant: Any, count: int, **changes: Any) -> dict[str, Any]:
    one = {"transfer_amount": 100, "transfer_remark": "x", "openid": OPENID}
    return {
        "appid": merchant.account.appid,
        "out_batch_no": "B1",
        "batch_name": "x",
        "batch_remark": "x",
        "total_amount": 100 * count,
        "total_num": count,
        "transfer_detail_list": [{**one, "out_detail_no": f"D{index}"} for index in range(count)],
        **changes,
    }


def test_how_many_transfers_a_batch_has(merchant: Any) -> None:
    # https://pay.weixin.qq.com/docs/merchant/products/batch-transfer-to-balance/apilist.html
    answer = merchant.post("/v3/transfer/batches", batch(merchant, 1001))
    assert "“转账明细列表”多重性规则校验失败，此字段个数为 1001 个，高于最大值 1000" in answer.data["message"]
    # https://developers.weixin.qq.com/community/pay/doc/0000a4445008c0b15a1e6c0c951c00
    answer = merchant.post("/v3/transfer/batches", batch(merchant, 1, total_num=2))
    assert answer.data == {"code": "PARAM_ERROR", "message": "转账总笔数与明细转账笔数总和不相等"}


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("favor/coupon-stocks", "stock_name", "a" * 21),
        ("favor/coupon-stocks", "stock_name", "满1元_减5角"),
        ("favor/coupon-stocks", "comment", "长" * 61),
        ("busifavor/stocks", "stock_name", "长" * 22),
        ("busifavor/stocks", "goods_name", "长" * 16),
        ("busifavor/stocks", "comment", "长" * 21),
    ],
)
def test_texts_of_coupons(merchant: Any, path: str, field: str, value: str) -> None:
    # https://pay.weixin.qq.com/doc/v3/partner/4012534537,
    # https://pay.weixin.qq.com/docs/merchant/products/merchant-exclusive-coupon/apilist.html
    from wechatpay import catalogue

    operation = catalogue.operation(f"POST v3/marketing/{path}")
    assert operation is not None
    text = {each.name: "x" for each in operation.request.json or () if each.type == "string" and not each.enum}
    validator = Validator(operation.path, str)
    fields = tuple(each for each in operation.request.json or () if each.name in text)
    validator.check("body", fields, text)
    with pytest.raises(Refusal, match=f"/body/{field}”"):
        validator.check("body", fields, {**text, field: value})


@pytest.mark.parametrize("tag", ["/v3/pay/transactions/native", "/v3/combine-transactions/native"])
def test_tags_of_goods(merchant: Any, tag: str) -> None:
    long = "x" * 33
    sent = combined(merchant, {}, goods_tag=long) if "combine" in tag else order(merchant, goods_tag=long)
    assert "goods_tag" in merchant.post(tag, sent).data["message"]


def test_limits_measure_bytes_characters_and_numbers() -> None:
    assert Limit(3).holds("长")
    assert "字节数 6，大于最大值 3" in str(Limit(3).refusal("body", "/a", "长长"))
    assert Limit(2, unit="字符数").holds("长长")
    assert str(Limit(2).refusal("query", "/a", 3)) == "输入源“/query/a”映射到数值字段“a”规则校验失败，值高于最大值 2"
    assert not any((Limit(2).holds([1, 2, 3]), Limit(2, 1).holds([])))
    assert not any((Limit(2).holds(3), Limit(9, 5).holds("长"), Limit(pattern="^a+$").holds("ab")))
    assert Limit().holds("anything")
    assert limit_of("v3/anything", "/notify_url") is limit_of("v3/other", "/deep/notify_url")
    assert limit_of("v3/anything", "/notify") is None
