"""Insurance, transfers, Pay Score, complaints, certificates and files."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

INSURANCE = {
    "out_order_no": "6e8369071cd942c0476613f9d1ce9ca3",
    "openid": "2323dfsdf342342",
    "notify_url": "https://api.test.com",
    "service_id": "实例值",
}


# insurance


def test_an_insurance_order_is_seen_again(merchant: Any) -> None:
    made = merchant.post("/v3/hire-power-bank/insurance-orders", INSURANCE).data
    assert list(made) == [
        "order_id",
        "out_order_no",
        "openid",
        "max_claim_count",
        "claimed_count",
        "order_receive_time",
        "order_begin_time",
        "order_end_time",
        "order_receive_state",
    ]
    assert merchant.post("/v3/hire-power-bank/insurance-orders", INSURANCE).data == made
    assert merchant.get(f"/v3/hire-power-bank/insurance-orders/{INSURANCE['out_order_no']}").data == made
    other = merchant.post("/v3/hire-power-bank/insurance-orders", {**INSURANCE, "openid": "x"})
    assert other.data["code"] == "INVALID_REQUEST"
    assert merchant.post("/v3/hire-power-bank/insurance-orders").data["detail"]["location"] == "body"
    assert merchant.get("/v3/hire-power-bank/insurance-orders/none").data["code"] == "RESOURCE_NOT_EXISTS"


def test_an_insurance_order_changes(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    merchant.post("/v3/hire-power-bank/insurance-orders", {**INSURANCE, "notify_url": receiver.url})
    number = INSURANCE["out_order_no"]
    sandbox.change_insurance_order(number, "EXPIRED")
    assert merchant.get(f"/v3/hire-power-bank/insurance-orders/{number}").data["order_receive_state"] == "EXPIRED"
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "HIRE_POWER_BANK.RECEIVE_INSURANCE"
    assert resource["order_receive_state"] == "EXPIRED"
    with pytest.raises(LookupError, match="no insurance order x"):
        sandbox.change_insurance_order("x", "EXPIRED")


def contract(merchant: Any, url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "plan_id": 12535,
        "out_contract_code": "wxwtdk20200910100000",
        "insured_display_name": "*明",
        "contract_notify_url": url,
        "policy_start_date": "2019-11-22",
        "policy_end_date": "2020-11-22",
        "policy_periods": [
            {
                "policy_period_id": 1,
                "estimated_deduct_date": "2019-11-22",
                "estimated_deduct_amount": {"total": 1, "currency": "CNY"},
            }
        ],
        "amount": {"total": 1, "currency": "CNY"},
        "real_identity": {
            "real_name": merchant.encrypt("张三"),
            "id_card_number": merchant.encrypt("110101199003070000"),
            "identity_type": "ID_CARD",
        },
    }


SIGN = "/v3/papay/insurance-sign"
BY_CODE = "plan-id/12535/out-contract-code/wxwtdk20200910100000"


def test_a_contract_is_signed_changed_and_ended(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    target = f"{SIGN}/contracts/pre-entrust-sign/jsapi"
    assert merchant.post(target, contract(merchant, receiver.url)).data["redirect_url"].startswith("http")
    assert sandbox.journal[-1].opened == {
        "body/real_identity/real_name": "张三",
        "body/real_identity/id_card_number": "110101199003070000",
    }
    assert merchant.get(f"{SIGN}/contracts/{BY_CODE}").status == 404
    signed = sandbox.sign_contract("wxwtdk20200910100000")
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["contract_state"] == "SIGNED"
    output = merchant.get(f"{SIGN}/contracts/{BY_CODE}").data
    assert (output["contract_state"], output["plan_id"]) == ("SIGNED", 12535)
    assert merchant.post(target, contract(merchant)).data["code"] == "INVALID_REQUEST"
    with pytest.raises(ValueError, match="not UNSIGNED"):
        sandbox.sign_contract("wxwtdk20200910100000")
    with pytest.raises(LookupError, match="no contract x"):
        sandbox.sign_contract("x")

    periods = f"{SIGN}/policy_periods/{BY_CODE}"
    assert merchant.get(periods).status == 200
    fresh = [{"policy_period_id": 2, "estimated_deduct_date": "2020-01-01", "estimated_deduct_amount": {"total": 2}}]
    modify = f"{SIGN}/policy-periods/plan-id/12535/contract-id/{signed['contract_id']}/modify"
    sandbox.context.strict = False
    assert merchant.post(modify, {"policy_periods": fresh}).status in (200, 204)
    entry = sandbox.store.get("insurance contract", signed["contract_id"])
    assert entry is not None
    assert entry["policy_periods"] == fresh

    ended = merchant.post(f"{SIGN}/contracts/{BY_CODE}/terminate", {"contract_termination_remark": "x"})
    assert ended.status == 200
    again = merchant.post(f"{SIGN}/contracts/{BY_CODE}/terminate", {"contract_termination_remark": "x"})
    assert again.data["code"] == "INVALID_REQUEST"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "INSURANCE_ENTRUST.TERMINATE"


def test_users_may_sign_and_end_contracts_by_themselves(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset({"sign"})
    merchant.post(
        f"{SIGN}/contracts/pre-entrust-sign/app", {k: v for k, v in contract(merchant).items() if k != "real_identity"}
    )
    assert merchant.get(f"{SIGN}/contracts/{BY_CODE}").data["contract_state"] == "SIGNED"
    assert sandbox.terminate_contract("wxwtdk20200910100000")["contract_state"] == "TERMINATED"


# transfers

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"


def transfer(merchant: Any, url: str = "http://127.0.0.1:9/", number: str = "plfk2020042013") -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "out_bill_no": number,
        "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
        "user_name": merchant.encrypt("张三"),
        "transfer_amount": 400000,
        "transfer_remark": "报销",
        "notify_url": url,
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [
            {"info_type": "活动名称", "info_content": "有礼"},
            {"info_type": "奖励说明", "info_content": "一等奖"},
        ],
    }


def test_a_transfer_waits_for_the_user(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sent = transfer(merchant, receiver.url)
    made = merchant.post(BILLS, sent).data
    assert (made["state"], bool(made["package_info"])) == ("WAIT_USER_CONFIRM", True)
    assert merchant.post(BILLS, sent).data["transfer_bill_no"] == made["transfer_bill_no"]
    assert merchant.post(BILLS, {**sent, "transfer_amount": 40}).data["code"] == "INVALID_REQUEST"
    sandbox.confirm_transfer("plfk2020042013")
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["state"] == "SUCCESS"
    output = merchant.get(f"{BILLS}/out-bill-no/plfk2020042013").data
    assert output["state"] == "SUCCESS"
    assert merchant.decrypt(output["user_name"]) == "张三"
    by_id = merchant.get(f"{BILLS}/transfer-bill-no/{made['transfer_bill_no']}").data
    assert by_id["out_bill_no"] == "plfk2020042013"
    assert merchant.post(f"{BILLS}/out-bill-no/plfk2020042013/cancel").data["code"] == "INVALID_REQUEST"
    with pytest.raises(ValueError, match="is SUCCESS, not WAIT_USER_CONFIRM"):
        sandbox.confirm_transfer("plfk2020042013")
    with pytest.raises(LookupError, match="no transfer bill x"):
        sandbox.confirm_transfer("x")
    with pytest.raises(ValueError, match="'BOGUS' is not a choice; choose one of SUCCESS, FAIL, CANCELLED"):
        sandbox.confirm_transfer("plfk2020042013", "BOGUS")
    with pytest.raises(ValueError, match="reason: 'MERCHANT_REJECTS' is not a choice; did you mean 'MERCHANT_REJECT'"):
        sandbox.confirm_transfer("plfk2020042013", "FAIL", "MERCHANT_REJECTS")
    assert merchant.get(f"{BILLS}/out-bill-no/x").data["code"] == "NOT_FOUND"


def test_a_transfer_is_cancelled_fails_or_needs_no_confirmation(sandbox: Sandbox, merchant: Any) -> None:
    merchant.post(BILLS, transfer(merchant))
    assert merchant.post(f"{BILLS}/out-bill-no/plfk2020042013/cancel").data["state"] == "CANCELING"
    assert merchant.get(f"{BILLS}/out-bill-no/plfk2020042013").data["state"] == "CANCELLED"
    merchant.post(BILLS, transfer(merchant, number="B2"))
    sandbox.confirm_transfer("B2", "FAIL")
    assert merchant.get(f"{BILLS}/out-bill-no/B2").data["fail_reason"] == "MERCHANT_REJECT"
    sandbox.context.strict = False
    unknown = {**transfer(merchant, number="B3"), "out_authorization_no": "A3"}
    assert merchant.post(f"{BILLS}/transfer", unknown).data["code"] == "RESOURCE_NOT_EXISTS"
    sandbox.context.automatic = frozenset({"confirm"})
    merchant.post(BILLS, transfer(merchant, number="B4"))
    assert merchant.get(f"{BILLS}/out-bill-no/B4").data["state"] == "SUCCESS"


# Pay Score

SERVICE = "/v3/payscore/serviceorder"
WHICH = {"appid": "wxd678efh567hg6787", "service_id": "2002000000000558128851361561536"}


def service(number: str = "1234323JKHDFE1243252", url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    return {
        **WHICH,
        "out_order_no": number,
        "service_introduction": "某某酒店",
        "time_range": {"start_time": "20091225091010"},
        "risk_fund": {"name": "DEPOSIT", "amount": 10000},
        "notify_url": url,
    }


COMPLETION = {**WHICH, "post_payments": [{"name": "就餐费用", "amount": 500}], "total_amount": 500}


def state(merchant: Any, number: str = "1234323JKHDFE1243252") -> Any:
    query = "&".join(f"{name}={value}" for name, value in WHICH.items())
    return merchant.get(f"{SERVICE}?out_order_no={number}&{query}").data


def test_a_service_order_goes_its_way(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    one = f"{SERVICE}/1234323JKHDFE1243252"
    made = merchant.post(SERVICE, service(url=receiver.url)).data
    assert made["state"] == "CREATED"
    assert merchant.post(SERVICE, service(url=receiver.url)).data["package"] == made["package"]
    again = merchant.post(SERVICE, service(url="https://x")).data
    assert (again["code"], again["message"]) == ("INVALID_REQUEST", "订单重入参数校验失败")
    assert merchant.post(f"{one}/complete", COMPLETION).data["code"] == "INVALID_ORDER_STATE"
    sandbox.confirm_service("1234323JKHDFE1243252")
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "PAYSCORE.USER_CONFIRM"
    with pytest.raises(ValueError, match="is USER_CONFIRM, not CREATED"):
        sandbox.confirm_service("1234323JKHDFE1243252")
    assert state(merchant)["state_description"] == "USER_CONFIRM"
    # DOING until the money is there: https://pay.weixin.qq.com/doc/v3/partner/4013194035
    asked = merchant.post(f"{one}/complete", COMPLETION).data
    assert (asked["state"], asked["state_description"]) == ("DOING", "MCH_COMPLETE")
    assert state(merchant)["collection"]["state"] == "USER_PAYING"
    less = {**COMPLETION, "total_amount": 400, "reason": "用户投诉"}
    less["post_discounts"] = [{"name": "满20减1元", "description": "不与其他优惠叠加", "amount": 100}]
    assert merchant.post(f"{one}/modify", less).data["total_amount"] == 400
    assert merchant.post(f"{one}/pay", WHICH).status == 200
    sandbox.pay_service("1234323JKHDFE1243252")
    told = state(merchant)["collection"]
    (detail,) = told.pop("details")
    assert told == {"state": "USER_PAID", "total_amount": 400, "paying_amount": 0, "paid_amount": 400}
    assert (detail["amount"], detail["paid_type"]) == (400, "NEWTON")
    assert (state(merchant)["state"], "state_description" in state(merchant)) == ("DONE", False)
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "PAYSCORE.USER_PAID"
    with pytest.raises(LookupError, match="no service order x"):
        sandbox.pay_service("x")


def test_a_service_order_is_cancelled_or_paid_otherwise(sandbox: Sandbox, merchant: Any) -> None:
    merchant.post(SERVICE, service())
    assert merchant.post(f"{SERVICE}/1234323JKHDFE1243252/cancel", {**WHICH, "reason": "x"}).status == 200
    assert state(merchant)["state"] == "REVOKED"
    merchant.post(SERVICE, service("second"))
    sandbox.confirm_service("second")
    merchant.post(f"{SERVICE}/second/complete", COMPLETION)
    sync = {**WHICH, "type": "Order_Paid", "detail": {"paid_time": "20091225091210"}}
    assert merchant.post(f"{SERVICE}/second/sync", sync).data["collection"]["paid_amount"] == 500
    assert merchant.post(f"{SERVICE}/third/cancel", {**WHICH, "reason": "x"}).data["code"] == "ORDER_NOT_EXIST"
    query = "&".join(f"{name}={value}" for name, value in WHICH.items())
    assert merchant.get(f"{SERVICE}?{query}").data["detail"]["field"] == "/out_order_no"


def test_users_may_confirm_and_pay_services_by_themselves(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset({"confirm", "pay"})
    merchant.post(SERVICE, service())
    merchant.post(f"{SERVICE}/1234323JKHDFE1243252/complete", COMPLETION)
    assert state(merchant)["collection"]["state"] == "USER_PAID"


def test_a_provider_has_service_orders_too(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/payscore/partner/serviceorder"
    sent = {**service(url=receiver.url), "sub_mchid": "1900000110"}
    assert merchant.post(base, sent).data["sub_mchid"] == "1900000110"
    sandbox.confirm_service("1234323JKHDFE1243252")
    query = f"{base}?out_order_no=1234323JKHDFE1243252&service_id={WHICH['service_id']}&sub_mchid=1900000110"
    assert merchant.get(query).data["state"] == "DOING"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["sub_mchid"] == "1900000110"


def test_a_service_that_is_over_is_paid_without_confirmation(sandbox: Sandbox, merchant: Any) -> None:
    sent = {**WHICH, "out_order_no": "over", "time_range": {"start_time": "20091225091010"}, "total_amount": 500}
    for _ in range(2):
        assert merchant.post(f"{SERVICE}/direct-complete", sent).data["state"] == "DOING"
    assert state(merchant, "over")["collection"]["paying_amount"] == 500
    sandbox.pay_service("over")
    assert state(merchant, "over")["collection"]["paid_amount"] == 500
    other = {**sent, "out_order_no": "other", "sub_mchid": "1900000110", "sub_appid": "wx2"}
    other |= {"service_introduction": "某某酒店", "notify_url": "http://127.0.0.1:9/"}
    answer = merchant.post("/v3/payscore/partner/serviceorder/direct-complete", other)
    assert answer.status == 204, answer.data
    assert state(merchant, "other")["code"] == "ORDER_NOT_EXIST"  # it is the sub-merchant's
    query = f"out_order_no=other&service_id={WHICH['service_id']}&sub_mchid=1900000110"
    assert merchant.get(f"/v3/payscore/partner/serviceorder?{query}").data["state"] == "DOING"


# complaints


def paid(sandbox: Sandbox, merchant: Any, number: str = "order001", total: int = 1000) -> str:
    body = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": total},
    }
    merchant.post("/v3/pay/transactions/native", body)
    return str(sandbox.pay(number)[0]["transaction_id"])


def test_a_complaint_is_notified_answered_and_completed(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/merchant-service"
    assert merchant.get(f"{base}/complaint-notifications").data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(f"{base}/complaint-notifications", {"url": receiver.url}).data["url"] == receiver.url
    assert merchant.get(f"{base}/complaint-notifications").data["url"] == receiver.url
    paid(sandbox, merchant)
    number = sandbox.complain("order001")["complaint_id"]
    assert sandbox.callbacks.wait()
    told = receiver.opened(sandbox)[1]
    assert (told["complaint_id"], told["action_type"]) == (number, "CREATE_COMPLAINT")
    day = sandbox.context.day()
    listed = merchant.get(f"{base}/complaints-v2?begin_date={day}&end_date={day}").data
    assert (listed["total_count"], listed["data"][0]["complaint_id"]) == (1, number)
    assert merchant.decrypt(listed["data"][0]["payer_phone"]) == "13800000000"
    assert merchant.get(f"{base}/complaints-v2?begin_date=2019-01-01&end_date=2019-01-01").data["total_count"] == 0
    one = f"{base}/complaints-v2/{number}"
    assert merchant.get(one).data["complaint_state"] == "PENDING"
    whose = {"complainted_mchid": merchant.account.mchid}
    assert merchant.post(f"{one}/response", {**whose, "response_content": "已解决"}).status == 204
    assert merchant.get(one).data["complaint_state"] == "PROCESSING"
    assert merchant.post(f"{one}/complete", whose).status == 204
    assert merchant.get(one).data["complaint_state"] == "PROCESSED"
    history = merchant.get(f"{one}/negotiation-historys").data["data"]
    assert [each["operate_details"] for each in history] == ["没有收到货", "已解决", ""]
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "COMPLAINT.STATE_CHANGE"
    assert merchant.call("DELETE", f"{base}/complaint-notifications").status == 204
    assert merchant.get(f"{base}/complaint-notifications").status == 404
    sandbox.complain("order001")
    assert len(list(sandbox.store.all("complaint"))) == 2
    assert merchant.get(f"{base}/complaints-v2/none").status == 404
    with pytest.raises(LookupError, match="no order none"):
        sandbox.complain("none")


# keys and files


def test_certificates_are_sealed_and_rotated(sandbox: Sandbox, merchant: Any) -> None:
    old = sandbox.account.certificate_serial
    new = sandbox.rotate()
    answer = merchant.get("/v3/certificates", headers={"wechatpay-serial": None})
    assert answer.headers["Wechatpay-Serial"] == new
    assert answer.signed()
    assert [entry["serial_no"] for entry in answer.data["data"]] == [old, new]
    for entry in answer.data["data"]:
        sealed = entry["encrypt_certificate"]
        pem = AESGCM(sandbox.account.apiv3_key.encode()).decrypt(
            sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), sealed["associated_data"].encode()
        )
        assert f"{x509.load_pem_x509_certificate(pem).serial_number:040X}" == entry["serial_no"]
        assert entry["effective_time"].endswith("+08:00")
    sandbox.retire(old)
    assert [entry["serial_no"] for entry in merchant.get("/v3/certificates").data["data"]] == [new]
    assert merchant.get("/v3/certificates?algorithm_type=SM2").data["code"] == "RESOURCE_NOT_EXISTS"


def test_the_echo_calls_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sent = {"echo_message": "hello", "encrypted_echo_message": merchant.encrypt("张三"), "notify_url": receiver.url}
    assert merchant.post("/v3/security/echo", sent).data["echo_message"] == "hello"
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "SECURITY_ECHO.SUCCESS"
    assert merchant.decrypt(resource["encrypt_echo_message"]) == "张三"
    assert merchant.post("/v3/security/echo", {"echo_message": "hello"}).data == {"echo_message": "hello"}


def test_pictures_are_stored_and_served(sandbox: Sandbox, merchant: Any) -> None:
    picture = b"\x89PNG\r\n\x00\r\n--x1y"
    meta = {"sha256": hashlib.sha256(picture).hexdigest(), "filename": "图.png"}
    target = "/v3/merchant-service/images/upload"
    number = merchant.upload(target, meta, picture).data["media_id"]
    served = merchant.get(f"/v3/merchant-service/images/{number}")
    assert served.body == picture
    assert served.reply.content_type == "image/png"
    assert "Wechatpay-Signature" not in served.headers
    assert merchant.get("/v3/merchant-service/images/none").status == 404
    wrong = merchant.upload(target, {**meta, "sha256": "0" * 64}, picture)
    assert wrong.data["detail"]["field"] == "/meta/sha256"
    assert merchant.upload(target, meta, picture, name="picture").data["detail"]["field"] == "/file"
    # a name that contains SM3 does not choose the digest
    assert merchant.upload(target, {**meta, "filename": "bSM3k.png"}, picture, filename="bSM3k.png").data["media_id"]


def test_an_upload_of_nothing_is_refused(merchant: Any, form: Any) -> None:
    meta = b'{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","filename":"a.png"}'
    body = form({"meta": meta}, {"file": ("a.png", b"")})
    kind = {"content-type": "multipart/form-data; boundary=x1y2"}
    answer = merchant.send(merchant.request("POST", "/v3/merchant/media/upload", body, covered=meta, headers=kind))

    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert "文件内容为空" in answer.issue


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x1y2", "multipart/form-data"])
@pytest.mark.parametrize("last", [False, True])
def test_an_upload_may_leave_its_boundary_out_and_have_its_meta_last(
    merchant: Any, form: Any, kind: str, *, last: bool
) -> None:
    picture = b"\x89PNG"
    meta = json.dumps({"filename": "a.png", "sha256": hashlib.sha256(picture).hexdigest()}).encode()
    body = form({"meta": meta}, {"file": ("a.png", picture)})
    if last:
        parts = body.removesuffix(b"--x1y2--\r\n").split(b"--x1y2\r\n")
        body = b"--x1y2\r\n" + parts[2] + b"--x1y2\r\n" + parts[1] + b"--x1y2--\r\n"
    request = merchant.request("POST", "/v3/merchant/media/upload", body, covered=meta, headers={"content-type": kind})
    assert merchant.send(request).data["media_id"]


def test_an_upload_has_to_be_multipart_with_meta(merchant: Any, form: Any) -> None:
    target, headers = "/v3/merchant/media/upload", {"content-type": "multipart/form-data; boundary=x1y2"}

    def issue(body: bytes, kind: str = "multipart/form-data; boundary=x1y2", covered: bytes | None = None) -> str:
        answer = merchant.send(merchant.request("POST", target, body, covered=covered, headers={"content-type": kind}))
        detail = answer.data["detail"]
        return str(detail.get("detail", detail)["issue"])

    meta = b'{"sha256":"x","filename":"a.png"}'
    good = form({"meta": b"{}"}, {"file": ("a.png", b"x")})
    assert "没有boundary" in issue(good[1:], "multipart/form-data")
    assert "没有以boundary结束" in issue(good[:-8])
    assert "没有空行" in issue(b"--x1y2\r\nmeta\r\n--x1y2--\r\n")
    assert issue(b"--x1y2\r\nA: \xff\r\n\r\nmeta\r\n--x1y2--\r\n") == "multipart报文无法解析: 不是UTF-8编码"
    assert "没有name" in issue(b"--x1y2\r\nA: b\r\n\r\nmeta\r\n--x1y2--\r\n")
    assert "sign not match" in issue(form({}, {"file": ("a.png", b"x")}))
    as_file = form({}, {"meta": ("meta.json", meta), "file": ("a.png", b"x")})
    assert "sign not match" in issue(as_file, covered=meta)  # the platform takes it for a file
    assert "缺少文件" in issue(form({"meta": meta, "file": b"x"}, {}), covered=meta)
    assert "meta不是UTF-8编码的JSON" in issue(form({"meta": b"{"}, {"file": ("a.png", b"x")}), covered=b"{")
    assert "应为JSON对象" in issue(form({"meta": b"[]"}, {"file": ("a.png", b"x")}), covered=b"[]")
    whole = merchant.send(merchant.request("POST", target, good, headers=headers))
    assert "签了整个 multipart 请求体" in whole.issue
    assert "必填" in merchant.post(target, {}).issue


@pytest.mark.usefixtures("stopped")
def test_everything_else_answers_the_same_to_the_same(merchant: Any) -> None:
    target = "/v3/marketing/membercard-open/cards?offset=0&limit=10"
    first, second = merchant.get(target), merchant.get(target)
    assert first.body == second.body
    other = merchant.get(target.replace("limit=10", "limit=9"))
    assert other.body != first.body
