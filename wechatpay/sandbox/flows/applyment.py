"""
Applications to become a merchant (进件): of 特约商户, of 电商二级商户, and 开户意愿确认.

Each is submitted, reviewed, verified, signed. Only masked accounts and encrypted names of it are stored.
"""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import sub_merchants
from wechatpay.sandbox.flows.applyment_forms import check_form
from wechatpay.sandbox.flows.media import MEDIA
from wechatpay.sandbox.flows.objects import Objects, refusing
from wechatpay.sandbox.flows.states_applyment import APPLYMENT, ECOMMERCE_APPLYMENT, INTENTION
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["FAMILIES", "check_media", "routes"]

routes = Routes()

SUB = "v3/applyment4sub/applyment"
ECOMMERCE = "v3/ecommerce/applyments"
SUBJECT = "v3/apply4subject/applyment"
UPLOADED = re.compile(
    r"_(copy|copy_back|national|pics?|letter|letter_copy|commitment|video|qrcode|qr_code|additions|authorisation|media)$"
    r"|^(indoor_pic|qualifications|id_card_complete_statement|application_media_id|additional_materials)$"
)
"""The fields that hold the media_id of an upload."""
DEADLINE = timedelta(days=10)
"""How long the money of an account's verification may take."""
FIELD_NAMES = {
    "id_card_copy": "身份证人像面照片",
    "id_card_national": "身份证国徽面照片",
    "license_copy": "营业执照照片",
    "license_number": "注册号/统一社会信用代码",
    "merchant_name": "商户名称",
    "merchant_shortname": "商户简称",
    "legal_person": "经营者/法人姓名",
    "account_number": "银行账号",
    "account_name": "开户名称",
    "qualifications": "特殊资质图片",
}
"""What audit_detail calls fields; others by their own name."""


@frozen
class Family:
    """
    One kind of application.

    Args:
        objects: Its objects.
        account: The member of a request that holds the bank account.
        texts: ``applyment_state_msg`` or ``applyment_state_desc`` of each state.
    """

    objects: Objects
    account: str
    texts: Mapping[str, str]


SUB_FAMILY = Family(
    Objects(Words("applyment", "进件申请单"), "number", "applyment_id", states=APPLYMENT),
    "bank_account_info",
    {
        "EDITTING": "提交申请发生错误，请尝试重新提交",
        "AUDITING": "申请单正在审核中，超级管理员用微信打开“签约链接”，完成绑定微信号后，申请单进度将通过微信公众号通知超级管理员，引导完成后续步骤",
        "REJECTED": "请按照驳回原因修改申请资料，超级管理员用微信打开“签约链接”，完成绑定微信号，后续申请单进度将通过微信公众号通知超级管理员",
        "TO_BE_CONFIRMED": "请超级管理员使用微信打开返回的“签约链接”，根据页面指引完成账户验证",
        "TO_BE_SIGNED": "请超级管理员使用微信打开返回的“签约链接”，根据页面指引完成签约",
        "SIGNING": "系统开通相关权限中，请耐心等待",
        "FINISHED": "商户入驻申请已完成",
        "CANCELED": "申请单已被撤销",
    },
)
ECOMMERCE_FAMILY = Family(
    Objects(Words("ecommerce applyment", "二级商户进件申请单"), "number", "applyment_id", states=ECOMMERCE_APPLYMENT),
    "account_info",
    {
        "CHECKING": "资料校验中",
        "ACCOUNT_NEED_VERIFY": "待账户验证",
        "AUDITING": "审核中",
        "REJECTED": "已驳回",
        "NEED_SIGN": "待签约",
        "FINISH": "完成",
        "FROZEN": "已冻结",
        "CANCELED": "已作废",
    },
)
SUBJECT_FAMILY = Family(
    Objects(Words("account intention", "开户意愿申请单"), "number", "applyment_id", states=INTENTION), "", {}
)
FAMILIES = {SUB: SUB_FAMILY, ECOMMERCE: ECOMMERCE_FAMILY, SUBJECT: SUBJECT_FAMILY}
"""The kinds of applications by the beginning of their paths."""


def family_of(call: ReceivedCall) -> Family:
    """Return the kind of application that a call is about."""
    return FAMILIES["/".join(call.operation.path.split("/")[:3])]


def check_media(context: SandboxContext, sent: Any, at: str = "") -> None:
    """Refuse a request that names a media_id which was never uploaded."""
    for name, value in sent.items():
        for index, each in enumerate(value if isinstance(value, list) else [value]):
            place = f"{at}/{name}/{index}" if isinstance(value, list) else f"{at}/{name}"
            if isinstance(each, dict):
                check_media(context, each, place)
            elif UPLOADED.search(name) and each and context.store.get(MEDIA, str(each)) is None:
                raise Refusal.of_field("body", place, "图片 MediaID 不存在，请先调用上传接口", value=each)


@routes.on(
    f"POST {SUB}/", f"POST {ECOMMERCE}/", f"POST {ECOMMERCE}/submit-account-hosting-applyment", f"POST {SUBJECT}"
)
def submit(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Submit an application, or submit one again that was rejected: it keeps its id."""
    family, sent = family_of(call), call.body
    if context.strict:
        check_form(call.operation.path, sent)
    check_media(context, sent)
    number = str(sent.get("business_code") or sent["out_request_no"])
    known = family.objects.get(context, number)
    if known is not None:
        try:
            family.objects.move(known, "submit", audit_detail=[])
        except ValueError:
            raise Refusal(400, "RESOURCE_ALREADY_EXISTS", "存在流程进行中的申请单，请检查是否重入") from None
    entry = {**(known or made(context, family, number)), **content(context, family, sent)}
    family.objects.save(context, entry)
    return context.respond(call, identity(entry))


def made(context: SandboxContext, family: Family, number: str) -> dict[str, Any]:
    """Return a new application."""
    serial = digits(9, family.objects.kind, context.account.mchid, number)
    return {
        "number": number,
        "applyment_id": f"2000002{serial}",
        "state": family.objects.states.first[0],
        "audit_detail": [],
        "signed": False,
    }


def content(context: SandboxContext, family: Family, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a request: nothing personal in plain text."""
    account = sent.get(family.account) or {}
    business = sent.get("business_info") or sent
    kept_account = sub_merchants.account_of(account)
    kept = {
        "name": str(business.get("merchant_shortname", "")),
        "account": kept_account,
        "confirmed": list((sent.get("addition_info") or {}).get("confirm_mchid_list", ())),
    }
    shown = {"account_name": account.get("account_name")}
    if kept_account["account_type"] == "ACCOUNT_TYPE_PRIVATE":
        shown["account_no"] = account.get("account_number")
    sealed = {name: context.account.conceal(str(value)) for name, value in shown.items() if value}
    return {**kept, "sealed": sealed}


def identity(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of an application, as its operations name them."""
    return {
        "business_code": entry["number"],
        "out_request_no": entry["number"],
        "applyment_id": int(entry["applyment_id"]),
    }


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the application that a call names by either number."""
    named = {**call.query, **call.body, **call.variables}
    objects = family_of(call).objects
    either = call.operation.path.endswith("/cancel")
    for name in ("applyment_id", "business_code", "out_request_no"):
        if name in named:
            by = "" if either else "applyment_id" if name == "applyment_id" else "number"
            try:
                return objects.entry(context, str(named[name]), by)
            except LookupError:
                raise Refusal(404, "RESOURCE_NOT_EXISTS", "申请单不存在") from None
    raise Refusal.of_field("query", "/applyment_id", "applyment_id 与 business_code 必填其一")


def link(entry: Mapping[str, Any], kind: str) -> str:
    """Return the link behind which a super administrator goes on."""
    token = letters(32, kind, entry["number"], entry["applyment_id"])
    return f"https://pay.weixin.qq.com/public/apply4ec_sign/s?applymentId={entry['applyment_id']}&{kind}={token}"


@routes.on(f"GET {SUB}/business_code/{{business_code}}", f"GET {SUB}/applyment_id/{{applyment_id}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application of a 特约商户."""
    entry = found(context, call)
    state = entry["state"].removeprefix("APPLYMENT_STATE_")
    facts = {
        **identity(entry),
        "applyment_state": entry["state"],
        "applyment_state_msg": SUB_FAMILY.texts[state],
        "sign_url": None if state in ("EDITTING", "CANCELED", "FINISHED") else link(entry, "sign"),
        "sub_mchid": entry.get("sub_mchid") if state == "FINISHED" else None,
        "audit_detail": entry["audit_detail"] if state == "REJECTED" else None,
    }
    return context.respond(call, facts)


@routes.on(f"GET {ECOMMERCE}/out-request-no/{{out_request_no}}", f"GET {ECOMMERCE}/{{applyment_id}}")
def query_ecommerce(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application of a 电商二级商户."""
    entry = found(context, call)
    state, signable = entry["state"], entry["state"] in ("ACCOUNT_NEED_VERIFY", "AUDITING", "NEED_SIGN")
    signing = "SIGNED" if entry["signed"] else "UNSIGNED" if signable else "NOT_SIGNABLE"
    verifying = state == "ACCOUNT_NEED_VERIFY"
    details = [{"param_name": each["field"], "reject_reason": each["reject_reason"]} for each in entry["audit_detail"]]
    facts = {
        **identity(entry),
        "applyment_state": state,
        "applyment_state_desc": ECOMMERCE_FAMILY.texts[state],
        "sign_state": signing,
        "sign_url": link(entry, "sign") if signing == "UNSIGNED" else None,
        "sub_mchid": entry.get("sub_mchid") if state in ("NEED_SIGN", "FINISH") else None,
        "account_validation": entry["validation"] | entry["sealed"] if verifying else None,
        "legal_validation_url": link(entry, "legal") if verifying else None,
        "audit_detail": details if state == "REJECTED" else None,
    }
    return context.respond(call, facts)


@routes.on(f"GET {SUBJECT}")
def query_subject(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application that confirms the will to open an account."""
    entry = found(context, call)
    rejected = entry["audit_detail"] if entry["state"].endswith("_REJECTED") else []
    scannable = "_CONFIRM_" in entry["state"] or entry["state"].endswith("_PASSED")
    facts = {
        "applyment_state": entry["state"],
        "qrcode_data": base64.b64encode(link(entry, "confirm").encode()).decode() if scannable else None,
        "reject_param": rejected[0]["field"] if rejected else None,
        "reject_reason": rejected[0]["reject_reason"] if rejected else None,
    }
    return context.respond(call, facts)


@routes.on(f"GET {SUBJECT}/merchants/{{sub_mchid}}/state")
def authorized(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return whether a sub-merchant confirmed that it wants its account."""
    merchant = sub_merchants.SUB_MERCHANTS.find(context, call.variables["sub_mchid"])
    state = "AUTHORIZED" if merchant["authorized"] else "UNAUTHORIZED"
    return context.respond(call, {"authorize_state": f"AUTHORIZE_STATE_{state}"})


@routes.on(
    f"POST {ECOMMERCE}/out-request-no/{{out_request_no}}/revoke",
    f"POST {ECOMMERCE}/{{applyment_id}}/revoke",
    f"POST {SUBJECT}/{{applyment_id}}/cancel",
    f"POST {SUBJECT}/{{business_code}}/cancel",
)
def revoke(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Revoke an application."""
    entry = found(context, call)
    with refusing():
        entry = family_of(call).objects.change(context, entry["number"], "cancel")
    return None if call.operation.answer == "empty" else context.respond(call, identity(entry))


@routes.on(f"POST {ECOMMERCE}/submit-sign-verify-info")
def sign_for_merchant(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Sign for a sub-merchant whose identity the platform of the shop has checked."""
    entry = found(context, call)
    checked = call.body.get("proxy_verify_identity_info")
    if checked is not None and not checked["verify_identity_result"]:
        raise Refusal(400, "INVALID_REQUEST", "核身未通过，不能签约")
    with refusing():
        sign(context, entry["number"])
    return context.respond(call, identity(entry))


# actions


def family_with(context: SandboxContext, number: str) -> tuple[Objects, dict[str, Any]]:
    """Return an application of any kind; LookupError if there is none."""
    for family in FAMILIES.values():
        entry = family.objects.get(context, number)
        if entry is not None:
            return family.objects, entry
    return SUB_FAMILY.objects, SUB_FAMILY.objects.entry(context, number)


def step(objects: Objects, entry: Mapping[str, Any], *names: str) -> str:
    """Return the first of these changes that is possible now; if none is, the last."""
    known = objects.states.transitions
    return next((name for name in names if name in known and entry["state"] in known[name].before), names[-1])


@routes.action("review_applyment", "审核进件申请单：通过、驳回其中的字段，或先要求账户验证。", verify=("true", "false"))
def review(
    context: SandboxContext, number: str, reject: str = "", reason: str = "", *, verify: str | bool = "false"
) -> dict[str, Any]:
    """Approve an application, reject fields of it for a reason, or ask for a verification of its account first."""
    with context.change():
        objects, entry = family_with(context, number)
        if reject:
            details = [
                {"field": name, "field_name": FIELD_NAMES.get(name, name), "reject_reason": reason}
                for name in reject.split(",")
            ]
            objects.move(entry, "reject", audit_detail=details)
        elif verify in (True, "true"):
            require(objects, "ask to verify")
            objects.move(entry, "ask to verify", validation=validation(context, entry))
        else:
            approve(context, objects, entry)
        objects.save(context, entry)
        return entry


def approve(context: SandboxContext, objects: Objects, entry: dict[str, Any]) -> None:
    """Let the audit pass; a 电商二级商户 has its number from then on."""
    if entry["state"] == "CHECKING":
        objects.move(entry, "check")
    early = "approve signed" if entry["signed"] else "approve"
    objects.move(entry, early if early in objects.states.transitions else "approve")
    if objects is ECOMMERCE_FAMILY.objects:
        number = sub_merchants.add(context, entry["name"], entry["account"], entry["applyment_id"])
        entry["sub_mchid"] = number


def validation(context: SandboxContext, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return to whom, and until when, a merchant sends money to prove that the account is its own."""
    return {
        "pay_amount": int(digits(3, "amount", entry["number"])[1:]) + 1,
        "destination_account_number": "755915679610" + digits(8, entry["applyment_id"]),
        "destination_account_name": "财付通支付科技有限公司",
        "destination_account_bank": "招商银行威盛大厦支行",
        "city": "深圳",
        "remark": "入驻账户验证",
        "deadline": f"{context.now() + DEADLINE:%Y-%m-%d %H:%M:%S}",
    }


@routes.action("verify_account", "商户按时汇款，完成申请单的账户验证；或由联系人确认。")
def verify(context: SandboxContext, number: str) -> dict[str, Any]:
    """Verify the account of an application as its merchant, by money sent in time; or confirm as its contact."""
    with context.change():
        objects, entry = family_with(context, number)
        deadline = entry.get("validation", {}).get("deadline", "9")
        if deadline < f"{context.now():%Y-%m-%d %H:%M:%S}":
            raise ValueError(Words(f"the deadline was {deadline}", f"账户验证已于 {deadline} 截止"))
        return objects.change(context, entry["number"], "verify")


@routes.action("sign_applyment", "超级管理员打开链接签约；开户意愿则由法人确认。")
def sign(context: SandboxContext, number: str) -> dict[str, Any]:
    """Sign behind the link as super administrator; for an account wish, confirm as legal person."""
    with context.change():
        objects, entry = family_with(context, number)
        if entry["signed"]:
            raise ValueError(Words(f"{objects.kind} {number} is signed already", f"{objects.kind.zh} {number} 已签约"))
        objects.move(entry, step(objects, entry, "sign early", "sign while audited", "sign"), signed=True)
        for confirmed in entry["confirmed"]:
            merchant = sub_merchants.SUB_MERCHANTS.get(context, confirmed)
            if merchant is not None:
                sub_merchants.SUB_MERCHANTS.save(context, merchant | {"authorized": True})
        objects.save(context, entry)
        return entry


@routes.action("finish_applyment", "为已签约的特约商户开通权限，商户号从此生效。")
def finish(context: SandboxContext, number: str) -> dict[str, Any]:
    """Grant a signed merchant its rights: it has its number from then on."""
    with context.change():
        entry = SUB_FAMILY.objects.change(context, number, "finish")
        entry["sub_mchid"] = sub_merchants.add(context, entry["name"], entry["account"], entry["applyment_id"])
        SUB_FAMILY.objects.save(context, entry)
        return entry


def require(objects: Objects, change: str) -> None:
    """Raise ValueError if applications of this kind have no such change."""
    if change not in objects.states.transitions:
        raise ValueError(Words(f"{objects.kind}: no change {change}", f"{objects.kind.zh}没有“{change}”这一变化"))


def change_of_any(context: SandboxContext, number: str, change: str) -> dict[str, Any]:
    """Carry out a change on an application of any kind that has it."""
    with context.change():
        objects, entry = family_with(context, number)
        require(objects, change)
        return objects.change(context, entry["number"], change)


@routes.action("cancel_applyment", "超级管理员撤销申请单。")
def cancel(context: SandboxContext, number: str) -> dict[str, Any]:
    """Revoke an application as its super administrator."""
    return change_of_any(context, number, "cancel")


@routes.action("freeze_applyment", "冻结电商二级商户的申请单，或开户意愿申请单。")
def freeze(context: SandboxContext, number: str) -> dict[str, Any]:
    """Freeze the application of a marketplace's merchant, or an account wish."""
    return change_of_any(context, number, "freeze")


@routes.action("fail_applyment", "提交在受理后失败，商户需要重新提交。")
def fail(context: SandboxContext, number: str) -> dict[str, Any]:
    """Let the submission fail after it was accepted: the merchant has to submit it again."""
    return change_of_any(context, number, "fail")
