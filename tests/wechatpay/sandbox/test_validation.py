"""Requests against the catalogue: what is refused, with which field and why."""

from __future__ import annotations

from typing import Any

import pytest

from chainable import APIError
from wechatpay import catalogue
from wechatpay.catalogue import Field
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.validation import Validator, numbered

NATIVE = "/v3/pay/transactions/native"


def order(merchant: Any, **changes: Any) -> dict[str, Any]:
    sent = {
        "appid": "wxd678efh567hg6787",
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": "1217752501201407033233368018",
        "notify_url": "https://merchant.example/notify",
        "amount": {"total": 100, "currency": "CNY"},
    }
    return {name: value for name, value in {**sent, **changes}.items() if value != "-"}


REQUIRED = "必填性规则校验失败，此字段为必填项"
WHOLE = "中，此字段需要一个合法的 64 位有符号整数"


@pytest.mark.parametrize(
    ("changes", "field", "words", "value"),
    [
        ({"appid": "-"}, "/appid", REQUIRED, ""),
        ({"appid": ""}, "/appid", "字符串规则校验失败，字符数 0，小于最小值 1", 0),
        ({"amount": {}}, "/amount/total", REQUIRED, ""),
        ({"amount": {"total": "100"}}, "/amount/total", WHOLE, "100"),
        ({"amount": {"total": True}}, "/amount/total", WHOLE, True),
        ({"amount": {"total": 0.01}}, "/amount/total", WHOLE, 0.01),
        ({"amount": {"total": 0}}, "/amount/total", "映射到数值字段“总金额”规则校验失败，值低于最小值 1", 0),
        ({"amount": 1}, "/amount", "需要一个 object 类型的 Json 值", 1),
        ({"amount": None}, "/amount", REQUIRED, ""),
        ({"limit_pay": "no_debit"}, "/limit_pay", "需要一个 array 类型的 Json 值", "no_debit"),
        ({"support_fapiao": "true"}, "/support_fapiao", "需要一个 boolean 类型的 Json 值", "true"),
        ({"appid": ["x"]}, "/appid", "需要一个 string 类型的 Json 值", ["x"]),
        ({"detail": {"goods_detail": [{"merchant_goods_id": "1"}]}}, "/detail/goods_detail/0/quantity", REQUIRED, ""),
        ({"description": "长" * 128}, "/description", "“商品描述”字符串规则校验失败，字符数 128，大于最大值 127", 128),
        ({"attach": "长" * 43}, "/attach", "“附加数据”字符串规则校验失败，字节数 129，大于最大值 128", 129),
        ({"out_trade_no": "12345"}, "/out_trade_no", "字节数 5，小于最小值 6", 5),
        ({"out_trade_no": "12345 6"}, "/out_trade_no", r"必须匹配正则表达式“^[0-9a-zA-Z_\-\|\*]+$”", "12345 6"),
    ],
)
def test_a_wrong_field_is_named(merchant: Any, changes: dict[str, Any], field: str, words: str, value: Any) -> None:
    answer = merchant.post(NATIVE, order(merchant, **changes))
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert answer.data["detail"] == {"location": "body", "value": value}
    assert f"输入源“/body{field}”映射到" in answer.data["message"]
    assert words in answer.data["message"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"attach": None}, "/attach", "不能为null"),
        ({"limit_pay": ["cash"]}, "/limit_pay/0", "可选值: no_balance、"),
        ({"mchid": "1"}, "/mchid", "与签名的商户号"),
        ({"amount": {"total": 1, "currency": "XYZ"}}, "/amount/currency", "Currency code is invalid"),
    ],
)
def test_other_mistakes_in_the_documented_form(merchant: Any, changes: dict[str, Any], field: str, words: str) -> None:
    answer = merchant.post(NATIVE, order(merchant, **changes))
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert (answer.data["detail"]["field"], answer.data["detail"]["location"]) == (field, "body")
    assert words in answer.issue


def test_unknown_fields_are_listed(merchant: Any) -> None:
    answer = merchant.post(NATIVE, order(merchant, colour="red", mch_id="1"))
    assert answer.data == {
        "code": "PARAM_ERROR",
        "message": "请求中含有未在API文档中定义的参数",
        "detail": {"location": None, "value": ["/body/colour", "/body/mch_id"]},
    }


def test_a_whole_number_with_a_point_is_an_integer(merchant: Any) -> None:
    assert merchant.post(NATIVE, order(merchant, amount={"total": 100.0})).status == 200


def test_lenient_refuses_only_what_cannot_be_used(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    assert merchant.post(NATIVE, order(merchant, colour="red", appid="-", support_fapiao="true")).status == 200
    assert merchant.post(NATIVE, order(merchant, amount=1)).status == 400


def test_query_and_path_are_checked_too(merchant: Any) -> None:
    answer = merchant.get("/v3/pay/transactions/out-trade-no/123456")
    assert answer.data["detail"]["location"] == "query"
    assert "/query/mchid" in answer.data["message"]
    answer = merchant.get("/v3/pay/transactions/out-trade-no/123456?mchid=1")
    assert "与签名的商户号" in answer.issue
    answer = merchant.get(f"/v3/pay/transactions/out-trade-no/{'1' * 35}?mchid={merchant.account.mchid}")
    assert answer.data["detail"] == {"location": "uri_template", "value": 35}
    assert answer.data["message"].startswith("输入源“/uri_template/out_trade_no”映射到值字段“商户订单号”")
    target = "/v3/merchant-service/complaints-v2?begin_date=2019-01-01&end_date=2019-01-02&limit="
    assert merchant.get(target + "x").data["message"].startswith("无法将输入源“/query/limit”映射到目标字段")
    assert merchant.get(target + "5").status == 200
    batch = "/v3/transfer/batches/out-batch-no/x?need_query_detail="
    assert "boolean" in merchant.get(batch + "perhaps").data["message"]
    assert merchant.get(batch + "false").status == 404
    assert merchant.get(batch + "true&limit=1").data["message"].endswith("规则校验失败，值低于最小值 20")


def test_required_headers_are_checked(merchant: Any) -> None:
    from wechatpay import catalogue

    operation = next(
        each
        for each in catalogue.operations()
        if each.method == "POST" and any(h.name == "Idempotency-Key" and h.required for h in each.request.headers or ())
    )
    target = "/" + operation.path.replace("{", "").replace("}", "")
    answer = merchant.post(target, {})
    assert answer.data["detail"] == {
        "location": "header",
        "field": "/Idempotency-Key",
        "issue": "此字段为必填项",
    }


def test_encrypted_fields_have_to_open(merchant: Any) -> None:
    target = "/v3/security/echo"
    good = {"echo_message": "hello", "encrypted_echo_message": merchant.encrypt("张三")}
    answer = merchant.post(target, good)
    assert merchant.decrypt(answer.data["encrypted_echo_message"]) == "张三"
    assert merchant.sandbox.journal[-1].opened == {"body/encrypted_echo_message": "张三"}
    assert "不是Base64编码" in merchant.post(target, {**good, "encrypted_echo_message": "张三"}).issue
    assert "解密失败" in merchant.post(target, {**good, "encrypted_echo_message": "YWJj"}).issue
    answer = merchant.post(target, good, headers={"wechatpay-serial": None})
    assert answer.data["detail"]["field"] == "/Wechatpay-Serial"
    answer = merchant.post(target, good, headers={"wechatpay-serial": merchant.account.certificate_serial})
    assert "解密失败" in answer.issue


def checked(fields: list[Field], value: dict[str, Any], *, text: bool = True, strict: bool = True) -> dict[str, Any]:
    return Validator("v2/x", lambda text: text, strict).check("body", fields, value, text=text)


def complaint(fields: list[Field], value: dict[str, Any], *, strict: bool = True) -> str:
    with pytest.raises(Refusal) as refusal:
        checked(fields, value, strict=strict)
    return refusal.value.message


def test_texts_that_hold_json_are_looked_into() -> None:
    inside = (Field("id", "string", required=True), Field("count", "number"))
    json_field = Field("scene", encoded="json", fields=inside)
    assert checked([json_field], {"scene": '{"id": "1", "count": 2}'}) == {"scene": '{"id": "1", "count": 2}'}
    assert "应为JSON格式的字符串" in complaint([json_field], {"scene": "{"})
    assert "object 类型" in complaint([json_field], {"scene": "[]"})
    listed = Field("ids", encoded="json", decoded="string[]")
    assert checked([listed], {"ids": '["1"]'})
    assert "array 类型" in complaint([listed], {"ids": "{}"})
    assert checked([Field("free", encoded="json")], {"free": "1"})
    assert checked([Field("form", encoded="urlencode", fields=inside)], {"form": "id%3D1"})
    assert checked([json_field], {"scene": "{"}, strict=False)


def test_numbers_in_text_are_numbers() -> None:
    fields = [Field("total", "integer"), Field("rate", "number"), Field("list", "string[]")]
    assert checked(fields, {"total": "1", "rate": "0.5", "list": "a,b"})
    assert "/rate”映射到目标字段“rate”中，此字段需要一个 number" in complaint(fields, {"rate": "1,5"})
    assert complaint(fields, {"total": "1.0"}) == f"无法将输入源“/body/xml/total”映射到目标字段“总金额”{WHOLE}"
    assert "array 类型" in complaint(fields, {"list": 1})


def test_of_alternatives_one_is_enough_and_none_is_refused() -> None:
    payer = Field(
        "payer", "object", fields=(Field("sp_openid"), Field("sub_openid")), one_of=(("sp_openid", "sub_openid"),)
    )
    assert checked([payer], {"payer": {"sub_openid": "o"}})
    assert checked([payer], {}) == {}
    for none in ({}, {"sp_openid": "", "sub_openid": None}):
        assert complaint([payer], {"payer": none}) == (
            "参数错误，请检查 body /payer/sp_openid：必填其一，不能为空: sp_openid、sub_openid"
        )
    assert checked([payer], {"payer": {}}, strict=False)
    payers = Field("payers", "object[]", fields=payer.fields, one_of=payer.one_of)
    assert "/payers/1/sp_openid：必填其一" in complaint([payers], {"payers": [{"sp_openid": "o"}, {}]})


ALTERNATIVES = [
    ("v3/refund/domestic/refunds", {"out_refund_no": "R1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}),
    (
        "v3/profitsharing/return-orders",
        {"out_return_no": "R1", "return_mchid": "1900000100", "amount": 1, "description": "x"},
    ),
]


@pytest.mark.parametrize(("path", "sent"), ALTERNATIVES)
def test_a_request_with_none_of_the_alternatives_is_refused(merchant: Any, path: str, sent: dict[str, Any]) -> None:
    (names,) = catalogue.operation(f"POST {path}").request.one_of["json"]  # type: ignore[union-attr]
    answer = merchant.post(f"/{path}", sent)
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert answer.data["detail"]["field"] == f"/{names[0]}"
    assert "、".join(names) in answer.data["message"]


def test_a_query_with_none_of_the_alternatives_is_refused(merchant: Any) -> None:
    answer = merchant.get("/v3/payscore/serviceorder?service_id=1&appid=wxd678efh567hg6787")
    assert answer.data["code"] == "PARAM_ERROR"
    assert "必填其一，不能为空: out_order_no、query_id" in answer.data["message"]


def test_a_lenient_sandbox_needs_a_number_too(new_merchant: Any) -> None:
    with Sandbox(strict=False) as sandbox:
        merchant = new_merchant(sandbox)
        refund = merchant.post("/v3/refund/domestic/refunds", dict(ALTERNATIVES[0][1]))
        order = merchant.get("/v3/payscore/serviceorder?service_id=1&appid=wxd678efh567hg6787")
    assert refund.data["detail"]["field"] == "/transaction_id"
    assert order.data["detail"]["field"] == "/out_order_no"


def test_partners_name_the_payer_by_either_openid(merchant: Any) -> None:
    sent = {
        "sp_appid": "wxd678efh567hg6787",
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": "1900000109",
        "description": "商品",
        "out_trade_no": "1217752501201407033233368018",
        "notify_url": "https://merchant.example/notify",
        "amount": {"total": 100},
    }
    path = "/v3/pay/partner/transactions/jsapi"
    refused = merchant.post(path, {**sent, "payer": {}})
    assert refused.data["detail"]["field"] == "/payer/sp_openid"
    for number, name in enumerate(("sp_openid", "sub_openid")):
        order = {**sent, "out_trade_no": f"T-00000{number}", "payer": {name: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}
        assert merchant.post(path, order).status == 200


def test_v2_queries_name_one_number(sandbox: Sandbox) -> None:
    with sandbox.client() as client, pytest.raises(APIError) as refused:
        client.v2.pay.orderquery.post(xml={"appid": "wxd678efh567hg6787"})
    assert "必填其一，不能为空: transaction_id、out_trade_no" in str(refused.value)


def test_bare_objects_take_anything() -> None:
    assert checked([Field("any", "object")], {"any": {"a": 1}}) == {"any": {"a": 1}}


def test_numbered_names_are_documented_ones() -> None:
    assert numbered("coupon_id_0", {"coupon_id_$n"})
    assert numbered("coupon_id_0_1", {"coupon_id_$n_$m"})
    assert not numbered("coupon", {"coupon_id_$n"})


def test_numbered_members_are_documented_by_their_pattern() -> None:
    fields = (Field("coupon_id_$n"),)
    sent = {"coupon_id_0": "1", "coupon_id_12": "2"}
    assert Validator("v3/anything", str).check("body", fields, sent) == sent
