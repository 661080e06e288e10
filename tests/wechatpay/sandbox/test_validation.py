"""Requests against the catalogue: what is refused, with which field and why."""

from __future__ import annotations

from typing import Any

import pytest

from chainable import APIError
from wechatpay import catalogue
from wechatpay.catalogue import Field
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.validation import Limit, Validator, numbered

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


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"appid": "-"}, "/appid", "required"),
        ({"appid": ""}, "/appid", "required"),
        ({"amount": {}}, "/amount/total", "required"),
        ({"amount": {"total": "100"}}, "/amount/total", "an integer is expected, not a string"),
        ({"amount": {"total": True}}, "/amount/total", "not a boolean"),
        ({"amount": {"total": 1.5}}, "/amount/total", "an integer is expected"),
        ({"amount": {"total": 0}}, "/amount/total", "0, 1 at least"),
        ({"amount": 1}, "/amount", "an object is expected, not a number"),
        ({"amount": None}, "/amount", "required"),
        ({"attach": None}, "/attach", "null is not allowed"),
        ({"limit_pay": "no_debit"}, "/limit_pay", "a list is expected"),
        ({"limit_pay": ["cash"]}, "/limit_pay/0", "not one of no_balance"),
        ({"support_fapiao": "true"}, "/support_fapiao", "a boolean is expected"),
        ({"appid": ["x"]}, "/appid", "not a list"),
        ({"appid": {}}, "/appid", "not an object"),
        ({"colour": "red"}, "/colour", "unknown"),
        ({"detail": {"goods_detail": [{"merchant_goods_id": "1"}]}}, "/detail/goods_detail/0/quantity", "required"),
        ({"description": "长" * 128}, "/description", "128 characters, 127 at most"),
        ({"out_trade_no": "12345"}, "/out_trade_no", "6 at least"),
        ({"out_trade_no": "12345 6"}, "/out_trade_no", "may stand here"),
        ({"mchid": "1"}, "/mchid", "is not the merchant that signed"),
    ],
)
def test_a_wrong_field_is_named(merchant: Any, changes: dict[str, Any], field: str, words: str) -> None:
    answer = merchant.post(NATIVE, order(merchant, **changes))
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert answer.data["detail"]["field"] == field
    assert answer.data["detail"]["location"] == "body"
    assert words in answer.issue


def test_a_whole_number_with_a_point_is_an_integer(merchant: Any) -> None:
    assert merchant.post(NATIVE, order(merchant, amount={"total": 100.0})).status == 200


def test_lenient_refuses_only_what_cannot_be_used(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    assert merchant.post(NATIVE, order(merchant, colour="red", appid="-", support_fapiao="true")).status == 200
    assert merchant.post(NATIVE, order(merchant, amount=1)).status == 400


def test_query_and_path_are_checked_too(merchant: Any) -> None:
    answer = merchant.get("/v3/pay/transactions/out-trade-no/123456")
    assert (answer.data["detail"]["location"], answer.data["detail"]["field"]) == ("query", "/mchid")
    answer = merchant.get("/v3/pay/transactions/out-trade-no/123456?mchid=1")
    assert "is not the merchant" in answer.issue
    target = "/v3/merchant-service/complaints-v2?begin_date=2019-01-01&end_date=2019-01-02&limit="
    assert merchant.get(target + "x").issue == "an integer is expected"
    assert merchant.get(target + "5").status == 200
    batch = "/v3/transfer/batches/out-batch-no/x?need_query_detail="
    assert merchant.get(batch + "perhaps").issue == "true or false is expected"
    assert merchant.get(batch + "false").status == 404


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
        "issue": "required, but missing",
    }


def test_encrypted_fields_have_to_open(merchant: Any) -> None:
    target = "/v3/security/echo"
    good = {"echo_message": "hello", "encrypted_echo_message": merchant.encrypt("张三")}
    answer = merchant.post(target, good)
    assert merchant.decrypt(answer.data["encrypted_echo_message"]) == "张三"
    assert merchant.sandbox.journal[-1].opened == {"body/encrypted_echo_message": "张三"}
    assert "not base64" in merchant.post(target, {**good, "encrypted_echo_message": "张三"}).issue
    assert "does not decrypt" in merchant.post(target, {**good, "encrypted_echo_message": "YWJj"}).issue
    answer = merchant.post(target, good, headers={"wechatpay-serial": None})
    assert answer.data["detail"]["field"] == "/Wechatpay-Serial"
    answer = merchant.post(target, good, headers={"wechatpay-serial": merchant.account.certificate_serial})
    assert "does not decrypt" in answer.issue


def checked(fields: list[Field], value: dict[str, Any], *, text: bool = True, strict: bool = True) -> dict[str, Any]:
    return Validator("v2/x", lambda text: text, strict).check("body", fields, value, text=text)


def complaint(fields: list[Field], value: dict[str, Any], *, strict: bool = True) -> str:
    with pytest.raises(Refusal) as refusal:
        checked(fields, value, strict=strict)
    return f"{refusal.value.detail['field']} {refusal.value.detail['issue']}"


def test_texts_that_hold_json_are_looked_into() -> None:
    inside = (Field("id", "string", required=True), Field("count", "number"))
    json_field = Field("scene", encoded="json", fields=inside)
    assert checked([json_field], {"scene": '{"id": "1", "count": 2}'}) == {"scene": '{"id": "1", "count": 2}'}
    assert "holds JSON" in complaint([json_field], {"scene": "{"})
    assert "an object is expected" in complaint([json_field], {"scene": "[]"})
    listed = Field("ids", encoded="json", decoded="string[]")
    assert checked([listed], {"ids": '["1"]'})
    assert "a list is expected" in complaint([listed], {"ids": "{}"})
    assert checked([Field("free", encoded="json")], {"free": "1"})
    assert checked([Field("form", encoded="urlencode", fields=inside)], {"form": "id%3D1"})
    assert checked([json_field], {"scene": "{"}, strict=False)


def test_numbers_in_text_are_numbers() -> None:
    fields = [Field("total", "integer"), Field("rate", "number"), Field("list", "string[]")]
    assert checked(fields, {"total": "1", "rate": "0.5", "list": "a,b"})
    assert "a number is expected" in complaint(fields, {"rate": "1,5"})
    assert "an integer is expected" in complaint(fields, {"total": "1.0"})
    assert "a list is expected, not a number" in complaint(fields, {"list": 1})


def test_of_alternatives_one_is_enough_and_none_is_refused() -> None:
    payer = Field(
        "payer", "object", fields=(Field("sp_openid"), Field("sub_openid")), one_of=(("sp_openid", "sub_openid"),)
    )
    assert checked([payer], {"payer": {"sub_openid": "o"}})
    assert checked([payer], {}) == {}
    for none in ({}, {"sp_openid": "", "sub_openid": None}):
        assert complaint([payer], {"payer": none}) == (
            "/payer/sp_openid required, but missing or empty: at least one of sp_openid, sub_openid"
        )
    assert checked([payer], {"payer": {}}, strict=False)
    payers = Field("payers", "object[]", fields=payer.fields, one_of=payer.one_of)
    assert "/payers/1/sp_openid required" in complaint([payers], {"payers": [{"sp_openid": "o"}, {}]})


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
    assert ", ".join(names) in answer.data["message"]


def test_a_query_with_none_of_the_alternatives_is_refused(merchant: Any) -> None:
    answer = merchant.get("/v3/payscore/serviceorder?service_id=1&appid=wxd678efh567hg6787")
    assert answer.data["code"] == "PARAM_ERROR"
    assert "at least one of out_order_no, query_id" in answer.data["message"]


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
    assert "at least one of transaction_id, out_trade_no" in str(refused.value)


def test_bare_objects_take_anything() -> None:
    assert checked([Field("any", "object")], {"any": {"a": 1}}) == {"any": {"a": 1}}


def test_numbered_names_are_documented_ones() -> None:
    assert numbered("coupon_id_0", {"coupon_id_$n"})
    assert numbered("coupon_id_0_1", {"coupon_id_$n_$m"})
    assert not numbered("coupon", {"coupon_id_$n"})


def test_limits_measure_text_and_numbers() -> None:
    assert Limit(2, 1).complaint("abc") == "3 characters, 2 at most"
    assert Limit(2, 1).complaint(0) == "0, 1 at least"
    assert Limit(letters="a-z").complaint("A") == "only a-z may stand here"
    assert Limit().complaint("anything") is None
