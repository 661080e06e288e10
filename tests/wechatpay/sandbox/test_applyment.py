"""Applications to become a merchant, and sub-merchants with their settlement accounts."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.flows import applyment, applyment_forms, states_applyment

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox import Sandbox
    from wechatpay.sandbox.flows.states import States

SUB = "/v3/applyment4sub/applyment"
ECOMMERCE = "/v3/ecommerce/applyments"
SUBJECT = "/v3/apply4subject/applyment"
CODE = "1900013511_10000"
NAME, ACCOUNT, PHONE = "李小满", "6222020200112233445", "13900139000"
TABLES = {name: getattr(states_applyment, name) for name in states_applyment.__all__}
ENDS = {
    "APPLYMENT": {"APPLYMENT_STATE_FINISHED", "APPLYMENT_STATE_CANCELED"},
    "ECOMMERCE_APPLYMENT": {"FINISH", "FROZEN", "CANCELED"},
    "INTENTION": {"APPLYMENT_STATE_PASSED", "APPLYMENT_STATE_CANCELED"},
    "SETTLEMENT_CHANGE": {"AUDIT_SUCCESS", "AUDIT_FAIL"},
    "CANCELLATION": {"REJECTED", "CANCEL_SUCCESS"},
    "VERIFICATION": {"SUCCESS", "FAIL"},
    "SUB_MERCHANT": {"HAS_BEEN_CANCELLED"},
}


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_the_ends_are_those_of_the_official_pages(name: str) -> None:
    table: States = TABLES[name]
    reached = set(table.first)
    for _ in table.transitions:
        reached |= {each.after for each in table.transitions.values() if reached & {*each.before}}
    assert reached == table.all
    assert table.ends == ENDS[name]


def test_the_states_are_those_of_the_catalogue() -> None:
    asked = catalogue.operation("GET v3/applyment4sub/applyment/business_code/{business_code}")
    fields = asked.response.fields if asked else ()
    listed = {value for each in fields if each.name == "applyment_state" for value in each.enum}
    assert states_applyment.APPLYMENT.all | states_applyment.INTENTION.all == listed


def media(merchant: Any, content: bytes = b"picture", **meta: str) -> str:
    digest = hashlib.sha256(content).hexdigest()
    sent = {"filename": "a.png", "sha256": digest, **meta}
    return str(merchant.upload("/v3/merchant/media/upload", sent, content).data["media_id"])


@pytest.fixture
def sent(merchant: Any) -> dict[str, Any]:
    """Return a 特约商户's application."""
    secret, picture = merchant.encrypt, media(merchant)
    return {
        "business_code": CODE,
        "contact_info": {
            "contact_type": "LEGAL",
            "contact_name": secret(NAME),
            "mobile_phone": secret(PHONE),
            "contact_email": secret("a@example.com"),
        },
        "subject_info": {
            "subject_type": "SUBJECT_TYPE_ENTERPRISE",
            "business_license_info": {
                "license_copy": picture,
                "license_number": "123456789012345678",
                "merchant_name": "李小满茶铺",
                "legal_person": "李小满",
            },
            "identity_info": {
                "id_doc_type": "IDENTIFICATION_TYPE_IDCARD",
                "id_card_info": {
                    "id_card_copy": picture,
                    "id_card_national": picture,
                    "id_card_name": secret(NAME),
                    "id_card_number": secret("110101199003071234"),
                    "card_period_begin": "2019-08-01",
                    "card_period_end": "2039-08-01",
                },
            },
        },
        "business_info": {
            "merchant_shortname": "茶铺",
            "service_phone": "0758xxxxxx",
            "sales_info": {"sales_scenes_type": ["SALES_SCENES_MP"], "mp_info": {"mp_pics": [picture]}},
        },
        "settlement_info": {"settlement_id": "719"},
        "bank_account_info": {
            "bank_account_type": "BANK_ACCOUNT_TYPE_CORPORATE",
            "account_name": secret(NAME),
            "account_bank": "工商银行",
            "bank_address_code": "110000",
            "account_number": secret(ACCOUNT),
        },
    }


@pytest.fixture
def sub(merchant: Any, sent: dict[str, Any]) -> Callable[[], Any]:
    """Submit an application, and return what queries it."""
    answer = merchant.post(f"{SUB}/", sent)
    assert answer.status == 200, answer.data
    number = answer.data["applyment_id"]

    def ask() -> Any:
        by_id = merchant.get(f"{SUB}/applyment_id/{number}").data
        assert merchant.get(f"{SUB}/business_code/{CODE}").data == by_id
        assert (by_id["applyment_id"], by_id["business_code"]) == (number, CODE)
        return by_id

    return ask


@pytest.fixture
def shop(merchant: Any) -> Callable[..., Any]:
    """Submit a 电商二级商户's application."""
    secret, picture = merchant.encrypt, media(merchant)

    def submit(target: str = f"{ECOMMERCE}/", **members: Any) -> Any:
        content = {
            "out_request_no": CODE,
            "organization_type": "2401",
            "id_card_info": {
                "id_card_copy": picture,
                "id_card_national": picture,
                "id_card_name": secret(NAME),
                "id_card_number": secret("110101199003071234"),
                "id_card_valid_time_begin": "2019-08-01",
                "id_card_valid_time": "2039-08-01",
            },
            "account_info": {
                "bank_account_type": "75",
                "account_bank": "工商银行",
                "account_name": secret(NAME),
                "account_number": secret(ACCOUNT),
            },
            "contact_info": {"contact_type": "65", "contact_name": secret(NAME)},
            "sales_scene_info": {"store_name": "茶铺"},
            "merchant_shortname": "茶铺",
            **members,
        }
        return merchant.post(target, content)

    return submit


# forms

LICENSE, CERTIFICATE = "business_license_info", "certificate_info"


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("INDIVIDUAL", LICENSE),
        ("ENTERPRISE", LICENSE),
        ("GOVERNMENT", CERTIFICATE),
        ("INSTITUTIONS_CLONED", CERTIFICATE),
        ("OTHERS", CERTIFICATE),
        ("MICRO", None),
    ],
)
def test_an_applicant_has_a_licence_or_a_certificate(
    merchant: Any, sent: dict[str, Any], subject: str, wanted: str | None
) -> None:
    # 主体为个体户/企业，必填; 主体为政府机关/事业单位/其他组织时，必填: https://pay.weixin.qq.com/doc/v3/partner/4012719997
    sent["subject_info"] |= {"subject_type": f"SUBJECT_TYPE_{subject}"}
    license_info = sent["subject_info"].pop(LICENSE)
    answer = merchant.post(f"{SUB}/", sent)
    if wanted is None:
        assert answer.status == 200
        return
    assert (answer.data["code"], answer.data["detail"]["field"]) == ("PARAM_ERROR", f"/subject_info/{wanted}")
    picture = license_info["license_copy"]
    sent["subject_info"][wanted] = {
        LICENSE: license_info,
        CERTIFICATE: {
            "cert_copy": picture,
            "cert_type": "CERTIFICATE_TYPE_2388",
            "cert_number": "1",
            "merchant_name": "茶铺",
            "company_address": "深圳",
            "legal_person": "李小满",
            "period_begin": "2019-08-01",
            "period_end": "2029-08-01",
        },
    }[wanted]
    assert merchant.post(f"{SUB}/", sent).status == 200


@pytest.mark.parametrize(
    ("identity", "wanted"),
    [
        ({"id_doc_type": "IDENTIFICATION_TYPE_IDCARD"}, "id_card_info"),
        ({"id_doc_type": "IDENTIFICATION_TYPE_OVERSEA_PASSPORT"}, "id_doc_info"),
        ({"id_doc_type": "IDENTIFICATION_TYPE_IDCARD", "id_holder_type": "SUPER"}, "authorize_letter_copy"),
    ],
)
def test_a_legal_person_shows_a_document(
    sandbox: Sandbox, merchant: Any, sent: dict[str, Any], identity: dict[str, str], wanted: str
) -> None:
    sent["subject_info"]["identity_info"] = identity
    answer = merchant.post(f"{SUB}/", sent)
    assert answer.data["detail"]["field"] == f"/subject_info/identity_info/{wanted}"
    sandbox.context.strict = False
    assert merchant.post(f"{SUB}/", sent).status == 200


def test_an_agent_shows_documents_and_a_letter(merchant: Any, sent: dict[str, Any], shop: Any) -> None:
    sent["contact_info"] |= {"contact_type": "SUPER", "contact_id_doc_type": "IDENTIFICATION_TYPE_IDCARD"}
    answer = merchant.post(f"{SUB}/", sent)
    assert answer.data["detail"]["field"] == "/contact_info/contact_id_number"
    contact = {"contact_type": "66", "contact_name": merchant.encrypt(NAME)}
    assert shop(contact_info=contact).data["detail"]["field"] == "/contact_info/contact_id_card_number"


def test_a_shop_that_is_no_person_has_a_licence(shop: Any) -> None:
    assert shop(organization_type="2").data["detail"]["field"] == "/business_license_info"


@pytest.mark.parametrize("path", applyment_forms.FORMS)
def test_forms_name_documented_members(path: str) -> None:
    operation = catalogue.operation(f"POST {path}")
    assert operation is not None
    for condition in applyment_forms.FORMS[path]:
        for member in condition.members:
            fields = operation.request.json or ()
            for name in member.split("/"):
                found = [each for each in fields if each.name == name]
                assert found, member
                fields = found[0].fields


# 特约商户进件


def test_an_application_is_audited_verified_signed_and_ends_with_a_sub_merchant(
    sandbox: Sandbox, merchant: Any, sub: Any
) -> None:
    act = sandbox.actions
    asked = sub()
    assert asked["applyment_state"] == "APPLYMENT_STATE_AUDITING"
    assert asked["sign_url"].startswith("https://")
    assert "sub_mchid" not in asked
    assert "audit_detail" not in asked
    with pytest.raises(ValueError, match="APPLYMENT_STATE_AUDITING, not APPLYMENT_STATE_TO_BE_SIGNED"):
        act["sign_applyment"](CODE)
    act["review_applyment"](CODE, verify=True)
    assert sub()["applyment_state"] == "APPLYMENT_STATE_TO_BE_CONFIRMED"
    act["verify_account"](CODE)
    assert sub()["applyment_state"] == "APPLYMENT_STATE_TO_BE_SIGNED"
    with pytest.raises(ValueError, match="not APPLYMENT_STATE_SIGNING"):
        act["finish_applyment"](CODE)
    act["sign_applyment"](CODE)
    with pytest.raises(ValueError, match="signed already"):
        act["sign_applyment"](CODE)
    assert sub()["applyment_state"] == "APPLYMENT_STATE_SIGNING"
    act["finish_applyment"](CODE)
    end = sub()
    assert end["applyment_state"] == "APPLYMENT_STATE_FINISHED"
    assert "sign_url" not in end
    number = end["sub_mchid"]
    settlement = merchant.get(f"/v3/apply4sub/sub_merchants/{number}/settlement").data
    assert settlement["account_number"] == "62***************45"
    assert settlement["account_type"] == "ACCOUNT_TYPE_BUSINESS"
    assert settlement["verify_result"] == "VERIFY_SUCCESS"
    order = {
        "sp_appid": merchant.account.appid,
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": number,
        "description": "x",
        "out_trade_no": "partner-order-1",
        "notify_url": "https://example.com/n",
        "amount": {"total": 1},
    }
    assert "code_url" in merchant.post("/v3/pay/partner/transactions/native", order).data


def test_a_rejected_application_is_submitted_again_under_its_id(
    sandbox: Sandbox, merchant: Any, sent: dict[str, Any], sub: Any
) -> None:
    before = sub()["applyment_id"]
    again = merchant.post(f"{SUB}/", sent)
    assert (again.status, again.data["code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert again.data["message"] == "存在流程进行中的申请单，请检查是否重入"
    sandbox.actions["review_applyment"](CODE, reject="license_copy,mp_pics", reason="照片不清晰")
    rejected = sub()
    assert rejected["applyment_state"] == "APPLYMENT_STATE_REJECTED"
    assert rejected["audit_detail"] == [
        {"field": "license_copy", "field_name": "营业执照照片", "reject_reason": "照片不清晰"},
        {"field": "mp_pics", "field_name": "mp_pics", "reject_reason": "照片不清晰"},
    ]
    assert merchant.post(f"{SUB}/", sent).data == {"applyment_id": before}
    assert sub()["applyment_state"] == "APPLYMENT_STATE_AUDITING"
    assert "audit_detail" not in sub()


@pytest.mark.parametrize(
    ("action", "state"),
    [("fail_applyment", "APPLYMENT_STATE_EDITTING"), ("cancel_applyment", "APPLYMENT_STATE_CANCELED")],
)
def test_an_application_fails_or_is_revoked(sandbox: Sandbox, sub: Any, action: str, state: str) -> None:
    sandbox.actions[action](CODE)
    assert sub()["applyment_state"] == state
    assert "sign_url" not in sub()
    with pytest.raises(ValueError, match=state):
        sandbox.actions["review_applyment"](CODE)


def test_media_that_were_never_uploaded_are_refused(merchant: Any, sent: dict[str, Any]) -> None:
    sent["business_info"]["sales_info"]["mp_info"]["mp_pics"].append("never")
    refused = merchant.post(f"{SUB}/", sent)
    assert (refused.status, refused.data["code"]) == (400, "PARAM_ERROR")
    assert refused.data["detail"]["field"] == "/business_info/sales_info/mp_info/mp_pics/1"
    sent["subject_info"]["business_license_info"]["license_copy"] = "never"
    refused = merchant.post(f"{SUB}/", sent)
    assert refused.data["detail"]["field"] == "/subject_info/business_license_info/license_copy"
    assert merchant.get(f"{SUB}/business_code/{CODE}").data["code"] == "RESOURCE_NOT_EXISTS"


def test_the_same_picture_has_the_same_media_id(merchant: Any) -> None:
    assert media(merchant, b"one") == media(merchant, b"one", filename="other.png") != media(merchant, b"two")
    answer = merchant.upload("/v3/merchant/media/upload", {"filename": "a.png", "sha256": "0" * 64}, b"one")
    assert answer.data["code"] == "PARAM_ERROR"


def test_personal_data_have_to_be_encrypted_and_are_not_kept(
    sandbox: Sandbox, merchant: Any, sent: dict[str, Any], sub: Any, shop: Any
) -> None:
    shop()
    kept = json.dumps(
        [list(sandbox.context.store.all(family.objects.kind)) for family in applyment.FAMILIES.values()],
        ensure_ascii=False,
    )
    assert CODE in kept
    assert not [each for each in (NAME, ACCOUNT, PHONE, "a@example.com") if each in kept]
    sent["contact_info"]["contact_name"] = NAME
    plain = merchant.post(f"{SUB}/", sent)
    assert plain.status == 400
    assert plain.data["detail"]["field"] == "/contact_info/contact_name"
    assert plain.data["code"] == "PARAM_ERROR"
    assert NAME not in json.dumps(plain.data, ensure_ascii=False)
    sent["contact_info"]["contact_name"] = merchant.encrypt(NAME, merchant.key.public_key())
    foreign = merchant.post(f"{SUB}/", sent)
    assert (foreign.status, foreign.data["code"]) == (400, "PARAM_ERROR")
    assert foreign.data["detail"]["field"] == "/contact_info/contact_name"


# 电商二级商户


def test_a_shop_verifies_its_account_signs_early_and_has_its_number(sandbox: Sandbox, merchant: Any, shop: Any) -> None:
    act = sandbox.actions
    number = shop().data["applyment_id"]
    target = f"{ECOMMERCE}/{number}"
    asked = merchant.get(target).data
    assert asked == merchant.get(f"{ECOMMERCE}/out-request-no/{CODE}").data
    assert (asked["applyment_state"], asked["sign_state"]) == ("CHECKING", "NOT_SIGNABLE")
    assert "sign_url" not in asked
    act["review_applyment"](CODE, verify=True)
    asked = merchant.get(target).data
    assert (asked["applyment_state"], asked["sign_state"]) == ("ACCOUNT_NEED_VERIFY", "UNSIGNED")
    asked_for = asked["account_validation"]
    assert merchant.decrypt(asked_for["account_name"]) == NAME
    assert merchant.decrypt(asked_for["account_no"]) == ACCOUNT
    assert 1 <= asked_for["pay_amount"] <= 100
    assert asked_for["deadline"] > f"{sandbox.context.now():%Y-%m-%d %H:%M:%S}"
    assert asked["legal_validation_url"] != asked["sign_url"]
    act["sign_applyment"](CODE)
    asked = merchant.get(target).data
    assert (asked["applyment_state"], asked["sign_state"]) == ("ACCOUNT_NEED_VERIFY", "SIGNED")
    act["verify_account"](CODE)
    asked = merchant.get(target).data
    assert asked["applyment_state"] == "AUDITING"
    assert "account_validation" not in asked
    act["review_applyment"](CODE)
    asked = merchant.get(target).data
    assert (asked["applyment_state"], asked["applyment_state_desc"]) == ("FINISH", "完成")
    kept = merchant.get(f"/v3/apply4sub/sub_merchants/{asked['sub_mchid']}/settlement").data
    assert kept["account_type"] == "ACCOUNT_TYPE_PRIVATE"


def test_a_shop_that_signs_at_the_end(sandbox: Sandbox, merchant: Any, shop: Any) -> None:
    shop()
    sandbox.actions["review_applyment"](CODE)
    asked = merchant.get(f"{ECOMMERCE}/out-request-no/{CODE}").data
    assert (asked["applyment_state"], asked["sign_state"]) == ("NEED_SIGN", "UNSIGNED")
    number = asked["sub_mchid"]
    checked: dict[str, Any] = {"verify_identity_type": "VERIFY_IDENTITY_TYPE_REMOTE", "verify_identity_result": False}
    body = {"out_request_no": CODE, "proxy_verify_identity_info": checked}
    assert merchant.post(f"{ECOMMERCE}/submit-sign-verify-info", body).data["code"] == "INVALID_REQUEST"
    checked["verify_identity_result"] = True
    assert merchant.post(f"{ECOMMERCE}/submit-sign-verify-info", body).status == 200
    asked = merchant.get(f"{ECOMMERCE}/out-request-no/{CODE}").data
    assert (asked["applyment_state"], asked["sub_mchid"]) == ("FINISH", number)
    assert merchant.post(f"{ECOMMERCE}/submit-sign-verify-info", {"out_request_no": CODE}).status == 400


def test_a_shop_is_rejected_frozen_or_revoked(sandbox: Sandbox, merchant: Any, shop: Any) -> None:
    act = sandbox.actions
    number = shop().data["applyment_id"]
    act["review_applyment"](CODE, reject="id_card_copy", reason="过期")
    asked = merchant.get(f"{ECOMMERCE}/{number}").data
    assert asked["audit_detail"] == [{"param_name": "id_card_copy", "reject_reason": "过期"}]
    assert shop().data["applyment_id"] == number
    assert merchant.post(f"{ECOMMERCE}/{number}/revoke").data == {"applyment_id": number, "out_request_no": CODE}
    assert merchant.get(f"{ECOMMERCE}/{number}").data["applyment_state"] == "CANCELED"
    again = merchant.post(f"{ECOMMERCE}/out-request-no/{CODE}/revoke")
    assert again.data["code"] == "INVALID_REQUEST"
    shop(f"{ECOMMERCE}/submit-account-hosting-applyment", out_request_no="hosted-1")
    act["review_applyment"]("hosted-1")
    act["freeze_applyment"]("hosted-1")
    assert merchant.get(f"{ECOMMERCE}/out-request-no/hosted-1").data["applyment_state"] == "FROZEN"
    with pytest.raises(LookupError, match="no applyment none"):
        act["freeze_applyment"]("none")


def test_money_after_the_deadline_verifies_nothing(
    sandbox: Sandbox, merchant: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop()
    sandbox.actions["review_applyment"](CODE, verify=True)
    context = sandbox.context
    later = context.clock() + (applyment.DEADLINE.days + 1) * 86400
    monkeypatch.setattr(context, "clock", lambda: later)
    with pytest.raises(ValueError, match="the deadline was"):
        sandbox.actions["verify_account"](CODE)


# 开户意愿


def test_a_sub_merchant_confirms_its_account(sandbox: Sandbox, merchant: Any) -> None:
    act = sandbox.actions
    act["add_sub_merchant"]("1900009231")
    submitted = catalogue.operation("POST v3/apply4subject/applyment")
    assert submitted
    fields = submitted.request.json or ()
    secret = merchant.encrypt
    picture = media(merchant)

    def made(each: Any) -> Any:
        if each.type in ("object", "object[]"):
            inner = {one.name: made(one) for one in each.fields if one.required or one.name == LICENSE}
            return inner if each.type == "object" else [inner]
        if each.type == "boolean":
            return True
        if each.encoded:
            return '["2014-01-01","长期"]'
        if each.encrypted:
            return secret(NAME)
        value = each.enum[0] if each.enum else picture if applyment.UPLOADED.search(each.name) else "2020-01-01"
        return [value] if each.type.endswith("[]") else value

    body = {each.name: made(each) for each in fields if each.required}
    body |= {"business_code": CODE, "addition_info": {"confirm_mchid_list": ["1900009231", "1900000000"]}}
    state = f"{SUBJECT}/merchants/1900009231/state"
    answer = merchant.post(SUBJECT, body)
    assert answer.status == 200, answer.data
    number = answer.data["applyment_id"]
    by_id, by_code = f"{SUBJECT}?applyment_id={number}", f"{SUBJECT}?business_code={CODE}"
    assert merchant.get(by_id).data == {"applyment_state": "APPLYMENT_STATE_WAITTING_FOR_AUDIT"}
    assert merchant.get(SUBJECT).data["code"] == "PARAM_ERROR"
    with pytest.raises(ValueError, match="no change ask to verify"):
        act["review_applyment"](CODE, verify=True)
    act["review_applyment"](CODE, reject="id_card_copy", reason="模糊")
    rejected = merchant.get(by_code).data
    assert (rejected["reject_param"], rejected["reject_reason"]) == ("id_card_copy", "模糊")
    assert merchant.post(SUBJECT, body).data == {"applyment_id": number}
    act["review_applyment"](CODE)
    assert merchant.get(by_code).data["applyment_state"] == "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT"
    assert merchant.get(by_code).data["qrcode_data"]
    act["verify_account"](CODE)
    assert merchant.get(state).data == {"authorize_state": "AUTHORIZE_STATE_UNAUTHORIZED"}
    act["sign_applyment"](CODE)
    assert merchant.get(by_code).data["applyment_state"] == "APPLYMENT_STATE_PASSED"
    assert merchant.get(state).data == {"authorize_state": "AUTHORIZE_STATE_AUTHORIZED"}
    refused = merchant.post(f"{SUBJECT}/{CODE}/cancel")
    assert refused.data["code"] == "INVALID_REQUEST"
    other = merchant.post(SUBJECT, {**body, "business_code": "other"}).data["applyment_id"]
    assert merchant.post(f"{SUBJECT}/{other}/cancel").status == 204
    assert merchant.get(f"{SUBJECT}?business_code=other").data["applyment_state"] == "APPLYMENT_STATE_CANCELED"
    assert merchant.get(f"{SUBJECT}/merchants/1/state").data["code"] == "RESOURCE_NOT_EXISTS"


# 结算账户


def test_a_settlement_account_is_changed(sandbox: Sandbox, merchant: Any) -> None:
    act, sub = sandbox.actions, "1900006491"
    base = f"/v3/apply4sub/sub_merchants/{sub}"
    assert merchant.get(f"{base}/settlement").data["code"] == "RESOURCE_NOT_EXISTS"
    act["add_sub_merchant"](sub)
    with pytest.raises(ValueError, match="already"):
        act["add_sub_merchant"](sub)
    before = merchant.get(f"{base}/settlement").data
    body = {
        "account_type": "ACCOUNT_TYPE_PRIVATE",
        "account_bank": "招商银行",
        "bank_address_code": "110000",
        "account_number": merchant.encrypt(ACCOUNT),
        "account_name": merchant.encrypt(NAME),
    }
    number = merchant.post(f"{base}/modify-settlement", body).data["application_no"]
    assert merchant.post(f"{base}/modify-settlement", body).data["code"] == "INVALID_REQUEST"
    asked = merchant.get(f"{base}/application/{number}").data
    assert (asked["verify_result"], asked["account_name"]) == ("AUDITING", "李*")
    v2 = merchant.get(f"{base}/application/{number}?account_number_rule=ACCOUNT_NUMBER_RULE_MASK_V2").data
    assert (asked["account_number"], v2["account_number"]) == ("62***************45", "622202*********3445")
    act["review_settlement"](number, reject="账户名不符")
    asked = merchant.get(f"{base}/application/{number}").data
    assert (asked["verify_result"], asked["verify_fail_reason"]) == ("AUDIT_FAIL", "账户名不符")
    assert merchant.get(f"{base}/settlement").data == before
    second = merchant.post(f"{base}/modify-settlement", body).data["application_no"]
    assert second != number
    act["review_settlement"](second)
    after = merchant.get(f"{base}/settlement").data
    assert (after["account_bank"], after["account_number"]) == ("招商银行", asked["account_number"])
    act["add_sub_merchant"]("1900000001")
    other = merchant.get(f"/v3/apply4sub/sub_merchants/1900000001/application/{number}")
    assert other.data["code"] == "RESOURCE_NOT_EXISTS"
    act["fail_settlement"](sub)
    assert merchant.get(f"{base}/settlement").data["verify_result"] == "VERIFY_FAIL"


# 点金计划


def test_gold_plan_is_switched(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.actions["add_sub_merchant"]("1900000109")
    base, sub = "/v3/goldplan/merchants", {"sub_mchid": "1900000109"}
    refused = merchant.call("PATCH", f"{base}/open-advertising-show", sub)
    assert refused.data["code"] == "INVALID_REQUEST"
    assert merchant.post(f"{base}/changegoldplanstatus", {**sub, "operation_type": "OPEN"}).data == sub
    assert merchant.call("PATCH", f"{base}/open-advertising-show", sub).status == 204
    assert merchant.post(f"{base}/close-advertising-show", sub).status == 204
    answer = merchant.post(f"{base}/changecustompagestatus", {**sub, "operation_type": "OPEN"})
    assert answer.data == {**sub, "operation_type": "OPEN"}
    kept = sandbox.context.store.entry("sub-merchant", "1900000109")["gold_plan"]
    assert kept == {"gold_plan": "OPEN", "advertising": "CLOSE", "custom_page": "OPEN"}


# 银行组件


def test_banks_cities_and_branches_fit_together(merchant: Any) -> None:
    base = "/v3/capital/capitallhh"
    found = merchant.get(
        f"{base}/banks/search-banks-by-bank-account?account_number={quote(merchant.encrypt(ACCOUNT), safe='')}"
    )
    (bank,) = found.data["data"]
    assert bank["account_bank"] == "工商银行"
    first = merchant.get(f"{base}/banks/personal-banking?offset=0&limit=4").data
    last = merchant.get(first["links"]["next"]).data
    assert bank in first["data"]
    assert (first["total_count"], first["count"], last["count"], last["offset"]) == (6, 4, 2, 4)
    assert ("prev" in first["links"], "next" in last["links"]) == (False, False)
    assert merchant.get(last["links"]["prev"]).data == first
    assert last["data"][-1]["account_bank"] == "其他银行"
    names = []
    for province in merchant.get(f"{base}/areas/provinces").data["data"]:
        for city in merchant.get(f"{base}/areas/provinces/{province['province_code']}/cities").data["data"]:
            target = f"{base}/banks/{bank['bank_alias_code']}/branches?city_code={city['city_code']}&limit=1"
            branch = merchant.get(target).data
            assert branch["total_count"] == 2
            names.append(branch["data"][0]["bank_branch_name"])
    assert "工商银行深圳市中心支行" in names
    assert len(set(names)) == len(names) == 4
    assert merchant.get(f"{base}/areas/provinces/77/cities").data["total_count"] == 0


# 违规通知，注销


def test_a_violation_is_told_where_the_merchant_asked(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    target, body = "/v3/merchant-risk-manage/violation-notifications", {"notify_url": receiver.url}
    sandbox.actions["add_sub_merchant"]("1900000109")
    for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
        assert merchant.call(method, target, sent).data["code"] == "RESOURCE_NOT_EXISTS"
    sandbox.actions["report_violation"]("1900000109")
    assert not receiver.received
    assert merchant.post(target, body).data == body
    assert merchant.call("PUT", target, body).data == merchant.get(target).data == body
    told = sandbox.actions["report_violation"]("1900000109", kind="INTERCEPT")
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource) == ("VIOLATION.INTERCEPT", told)
    assert merchant.call("DELETE", target).status == 204
    assert merchant.get(target).status == 404


def test_a_sub_merchant_is_closed(sandbox: Sandbox, merchant: Any) -> None:
    act, base = sandbox.actions, "/v3/ecommerce/account/cancel-applications"
    act["add_sub_merchant"]("1900000109")
    paper = {"application_type": "SP_CANCEL_ACCOUNT_APPLICATION", "application_media_id": "never"}
    body = {"sub_mchid": "1900000109", "out_apply_no": "close-1", "application_info": [paper]}
    assert merchant.post(base, body).data["detail"]["field"] == "/application_info/0/application_media_id"
    paper["application_media_id"] = media(merchant)
    assert merchant.post(base, {**body, "sub_mchid": "1"}).data["code"] == "RESOURCE_NOT_EXISTS"
    made = merchant.post(base, body).data
    assert made["cancel_state"] == "REVIEWING"
    assert merchant.post(base, body).data == made == merchant.get(f"{base}/out-apply-no/close-1").data
    assert merchant.post(base, {**body, "sub_mchid": "2"}).data["code"] == "INVALID_REQUEST"
    act["review_cancellation"]("close-1", reject="材料不清晰")
    asked = merchant.get(f"{base}/out-apply-no/close-1").data
    assert (asked["cancel_state"], asked["reject_reason"]) == ("REJECTED", "材料不清晰")
    assert merchant.post(base, {**body, "out_apply_no": "close-2"}).data["cancel_state"] == "REVIEWING"
    act["review_cancellation"]("close-2")
    assert merchant.get(f"{base}/out-apply-no/close-2").data["cancel_state"] == "CANCEL_SUCCESS"
    refused = merchant.post(
        "/v3/goldplan/merchants/changegoldplanstatus", {"sub_mchid": "1900000109", "operation_type": "OPEN"}
    )
    assert refused.data["code"] == "INVALID_REQUEST"


def test_an_inactive_sub_merchant_proves_its_identity(sandbox: Sandbox, merchant: Any) -> None:
    act, base = sandbox.actions, "/v3/compliance/inactive-merchant-identity-verification/merchants"
    body = {"sub_mchid": "1900009231"}
    assert merchant.post(base, body).data["code"] == "RESOURCE_NOT_EXISTS"
    act["add_sub_merchant"]("1900009231")
    first = merchant.post(base, body).data
    assert merchant.post(base, body).data == first
    target = f"{base}/1900009231/verifications/{first['verification_id']}"
    assert merchant.get(target).data["state"] == "PROCESSING"
    assert merchant.get(target.replace("/1900009231/", "/1/")).status == 404
    act["finish_verification"](first["verification_id"], fail="PROCESS_TIMEOUT")
    asked = merchant.get(target).data
    assert (asked["state"], asked["fail_reason"]) == ("FAIL", "PROCESS_TIMEOUT")
    with pytest.raises(ValueError, match="is FAIL, not PROCESSING"):
        act["finish_verification"](first["verification_id"])
    second = merchant.post(base, body).data
    assert second != first
    act["finish_verification"](second["verification_id"])
    target = f"{base}/1900009231/verifications/{second['verification_id']}"
    assert "finish_time" in merchant.get(target).data
    assert "fail_reason" not in merchant.get(target).data
