"""Applications: merchants that join (进件), confirm their wish, change what the platform knows of them, or leave."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable
from wechatpay.sandbox.flows.states_applications import (
    ALTERATION,
    APPLYMENT,
    BRAND_APPLYMENT,
    CLOSING,
    ECOMMERCE_APPLYMENT,
    REJECTED,
    SUBJECT_APPLYMENT,
)
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["APPLICATIONS", "Application", "routes"]

routes = Routes()

SIGNED_WITHIN = timedelta(days=7)
"""How long a merchant can verify its account by a payment."""


@frozen
class Application:
    """
    One kind of application.

    Args:
        objects: Its numbers and states.
        submit: The operations that submit it.
        query: The operations that tell its state.
        revoke: The operations that take it back.
        texts: What the platform says of each state.
        told: The members of the request that its state tells as well.
    """

    objects: Objects
    submit: tuple[str, ...]
    query: tuple[str, ...]
    texts: dict[str, str]
    revoke: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


ALTERATION_TEXTS = {
    "APPLYMENT_STATE_AUDITING": "审核中",
    "APPLYMENT_STATE_REJECTED": "已驳回",
    "APPLYMENT_STATE_MODIFING": "修改中",
    "APPLYMENT_STATE_FINISHED": "已完成",
    "APPLYMENT_STATE_CANCELED": "已作废",
}


def alteration(path: str, kind: Words, party: str) -> Application:
    """Return the row of one of the three alterations, which differ in their paths and in what names the merchant."""
    base = f"v3/mchalterapply/{path}"
    return Application(
        Objects(kind, "out_request_no", "apply_id", states=ALTERATION, missing="APPLYMENT_NOTEXIST"),
        submit=(f"POST {base}",),
        query=(f"GET {base}/{{apply_id}}", f"GET {base}/merchant/{{{party}}}/out-request-no/{{out_request_no}}"),
        revoke=(f"POST {base}/{{apply_id}}/revoke",),
        texts=ALTERATION_TEXTS,
        told=("merchant_code", "sub_mchid"),
    )


APPLICATIONS = (
    Application(
        Objects(
            Words("applyment", "特约商户进件申请单"),
            "business_code",
            "applyment_id",
            state="applyment_state",
            states=APPLYMENT,
            missing="APPLYMENT_NOTEXIST",
        ),
        submit=("POST v3/applyment4sub/applyment/",),
        query=(
            "GET v3/applyment4sub/applyment/business_code/{business_code}",
            "GET v3/applyment4sub/applyment/applyment_id/{applyment_id}",
        ),
        texts={
            "APPLYMENT_STATE_AUDITING": "审核中",
            "APPLYMENT_STATE_REJECTED": "已驳回",
            "APPLYMENT_STATE_TO_BE_CONFIRMED": "待账户验证",
            "APPLYMENT_STATE_TO_BE_SIGNED": "待签约",
            "APPLYMENT_STATE_SIGNING": "开通权限中",
            "APPLYMENT_STATE_FINISHED": "已完成",
            "APPLYMENT_STATE_CANCELED": "已作废",
        },
    ),
    Application(
        Objects(
            Words("marketplace applyment", "二级商户进件申请单"),
            "out_request_no",
            "applyment_id",
            state="applyment_state",
            states=ECOMMERCE_APPLYMENT,
            missing="APPLYMENT_NOTEXIST",
        ),
        submit=(
            "POST v3/ecommerce/applyments/",
            "POST v3/ecommerce/applyments/submit-account-hosting-applyment",
        ),
        query=(
            "GET v3/ecommerce/applyments/out-request-no/{out_request_no}",
            "GET v3/ecommerce/applyments/{applyment_id}",
        ),
        revoke=(
            "POST v3/ecommerce/applyments/out-request-no/{out_request_no}/revoke",
            "POST v3/ecommerce/applyments/{applyment_id}/revoke",
        ),
        texts={
            "CHECKING": "资料校验中",
            "ACCOUNT_NEED_VERIFY": "待账户验证",
            "AUDITING": "审核中",
            "REJECTED": "已驳回",
            "NEED_SIGN": "待签约",
            "FINISH": "完成",
            "FROZEN": "已冻结",
            "CANCELED": "已作废",
        },
    ),
    Application(
        Objects(
            Words("account wish", "商户开户意愿申请单"),
            "business_code",
            "applyment_id",
            state="applyment_state",
            states=SUBJECT_APPLYMENT,
            missing="APPLYMENT_NOTEXIST",
        ),
        submit=("POST v3/apply4subject/applyment",),
        query=("GET v3/apply4subject/applyment",),
        revoke=(
            "POST v3/apply4subject/applyment/{business_code}/cancel",
            "POST v3/apply4subject/applyment/{applyment_id}/cancel",
        ),
        texts={},
    ),
    Application(
        Objects(
            Words("brand applyment", "品牌入驻申请单"),
            "business_code",
            "applyment_id",
            state="applyment_state",
            states=BRAND_APPLYMENT,
            missing="RESOURCE_NOT_EXISTS",
        ),
        submit=("POST v3/brand/applyments",),
        query=(
            "GET v3/brand/applyments/applyment-id/{applyment_id}",
            "GET v3/brand/applyments/business-code/{business_code}",
        ),
        revoke=("POST v3/brand/applyments/cancel-applyment",),
        texts={
            "APPLYMENT_STATE_WAITING_AUDIT": "待审核",
            "APPLYMENT_STATE_WAITING_AUTH": "待授权确认",
            "APPLYMENT_STATE_OPEN_ACCOUNT": "开通中",
            "APPLYMENT_STATE_FINISH": "已完成",
            "APPLYMENT_STATE_AUDIT_REJECTED": "审核驳回",
            "APPLYMENT_STATE_CANCELED": "已撤销",
        },
    ),
    alteration("mchcontactalterapplyment", Words("administrator alteration", "超管变更申请单"), "merchant_code"),
    alteration("mchsubjectalterapplyment", Words("subject alteration", "资料变更申请单"), "merchant_code"),
    alteration("merchantnamealterapplyment", Words("name alteration", "商户简称变更申请单"), "sub_mchid"),
    Application(
        Objects(
            Words("closing application", "商户注销申请单"),
            "out_apply_no",
            state="cancel_state",
            states=CLOSING,
        ),
        submit=("POST v3/ecommerce/account/cancel-applications",),
        query=("GET v3/ecommerce/account/cancel-applications/out-apply-no/{out_apply_no}",),
        texts={},
        told=("sub_mchid",),
    ),
)
BY_OPERATION = {key: each for each in APPLICATIONS for key in (*each.submit, *each.query, *each.revoke)}
ENDS_OPEN = frozenset({"APPLYMENT_STATE_FINISHED", "FINISH", "APPLYMENT_STATE_FINISH"})
TO_SIGN = frozenset({"APPLYMENT_STATE_TO_BE_SIGNED", "NEED_SIGN"})
REFUSED = frozenset({REJECTED, "REJECTED", "APPLYMENT_STATE_AUDIT_REJECTED"})
SCANNED = frozenset({"APPLYMENT_STATE_WAITING_AUTH", "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT"})


def told(context: SandboxContext, kind: Application, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what a query tells of an application; None leaves a member out."""
    objects, state = kind.objects, entry[kind.objects.state]
    number, text = entry[objects.number], kind.texts.get(entry[objects.state])
    link = f"{context.base_url}_sandbox/pages/applyment?number={number}"
    rejected = state in REFUSED
    details = [
        {"field": entry["field"], "field_name": entry["field"], "param_name": entry["field"],
         "reject_reason": entry["reason"]}
    ] if rejected else None  # fmt: skip
    verifying = state == "ACCOUNT_NEED_VERIFY"
    return {
        **entry["named"],
        "merchant_code": entry["named"].get("merchant_code") or entry["named"].get("sub_mchid"),
        objects.number: number,
        **({objects.id: as_told(kind, entry)} if objects.id else {}),
        objects.state: state,
        f"{objects.state}_msg": text,
        f"{objects.state}_desc": text,
        "sub_mchid": entry["named"].get("sub_mchid") or (entry["sub_mchid"] if state in ENDS_OPEN else None),
        "brand_id": digits(8, "brand", number) if state in ENDS_OPEN else None,
        "sign_url": link if state in TO_SIGN else None,
        "sign_state": "SIGNED" if state in ENDS_OPEN else "UNSIGNED" if state in TO_SIGN else "NOT_SIGNABLE",
        "legal_validation_url": link if verifying else None,
        "account_validation": validation(context, entry) if verifying else None,
        "qrcode_data": link if state in SCANNED else None,
        "authorization_confirmation_qr_code": link if state in SCANNED else None,
        "audit_detail": details,
        "audit_reject_detail": details,
        "audit_reject_reason": entry["reason"] if rejected else None,
        "reject_reason": entry["reason"] if rejected else None,
        "reject_param": entry["field"] if rejected else None,
        "update_time": entry["update_time"],
    }


def as_told(kind: Application, entry: dict[str, Any]) -> Any:
    """Return the platform's number, which is an integer in the two largest kinds and text in the others."""
    number = entry[kind.objects.id]
    return int(number) if kind.objects.states in (APPLYMENT, ECOMMERCE_APPLYMENT, SUBJECT_APPLYMENT) else number


def validation(context: SandboxContext, entry: dict[str, Any]) -> dict[str, Any]:
    """Return the payment by which a company shows that the account is its own."""
    return {
        "pay_amount": int(digits(2, "validation", entry["sub_mchid"])),
        "destination_account_number": digits(16, "destination", entry["sub_mchid"]),
        "destination_account_name": "财付通支付科技有限公司",
        "destination_account_bank": "招商银行威盛大厦支行",
        "city": "深圳",
        "remark": "入驻账户验证",
        "deadline": (context.now() + SIGNED_WITHIN).strftime("%Y-%m-%d %H:%M:%S"),
    }


def submit(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Submit an application, or one that was rejected once more under its number."""
    kind = BY_OPERATION[call.operation.key]
    objects = kind.objects
    number = str(call.body[objects.number])
    # The papers of a person are recognised when they come again, and not kept.
    sent = hashlib.sha256(json.dumps(dict(call.body), sort_keys=True).encode()).hexdigest()
    entry = objects.get(context, number)
    if entry is None:
        platforms = digits(15, str(objects.kind), context.account.mchid, number)
        entry = {
            objects.number: number,
            **({objects.id: f"2{platforms}"} if objects.id else {}),
            objects.state: objects.states.first[0],
            "sub_mchid": f"19{digits(9, 'sub_mchid', str(objects.kind), number)[1:]}",
            "field": "",
            "reason": "",
        }
    elif entry[objects.state] in REFUSED:
        objects.move(entry, "submit again")
    elif entry["sent"] != sent:
        raise Refusal(400, "PROCESSING", "存在流程进行中的申请单，请检查是否重入")
    entry |= {"sent": sent, "named": chosen(call.body, *kind.told), "update_time": context.stamp()}
    objects.save(context, entry)
    return context.respond(call, told(context, kind, entry))


def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application as it stands."""
    kind = BY_OPERATION[call.operation.key]
    return context.respond(call, told(context, kind, named(context, call, kind)))


def revoke(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take an application back."""
    kind = BY_OPERATION[call.operation.key]
    entry = named(context, call, kind)
    try:
        kind.objects.move(entry, "revoke", update_time=context.stamp())
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", f"当前状态不允许撤销: {error}") from None
    kind.objects.save(context, entry)
    return context.respond(call, {**told(context, kind, entry), "result": "SUCCESS"})


def named(context: SandboxContext, call: ReceivedCall, kind: Application) -> dict[str, Any]:
    """Return the application that a request names, by the merchant's number or by the platform's."""
    names = (kind.objects.number, kind.objects.id or kind.objects.number)
    number = next((call.get(name) for name in names if call.get(name)), None) or one_variable(call)
    return kind.objects.find(context, number)


for _kind in APPLICATIONS:
    routes.on(*_kind.submit)(submit)
    routes.on(*_kind.query)(query)
    routes.on(*_kind.revoke)(revoke)


@routes.on("POST v3/ecommerce/applyments/submit-sign-verify-info")
def sign_by_proxy(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Sign for a merchant that the marketplace has verified."""
    kind = APPLICATIONS[1]
    entry = named(context, call, kind)
    try:
        kind.objects.move(entry, "sign", update_time=context.stamp())
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", f"当前状态不允许签约: {error}") from None
    kind.objects.save(context, entry)
    return context.respond(call, told(context, kind, entry))


@routes.action("advance_application")
def advance(
    context: SandboxContext, number: str, change: str = "", *, field: str = "", reason: str = ""
) -> dict[str, Any]:
    """
    Take an application (进件, 开户意愿, 变更, 注销) one step further, as the platform or as who signs it.

    ``change`` is a change of its state table, such as ``reject``, ``sign`` or ``freeze``; by default the next one on the
    way to the good end. ``field`` and ``reason`` say what is wrong with one that is rejected.
    """
    with context.change():
        kind, entry = found(context, number)
        objects = kind.objects
        change = change or next_change(objects, entry[objects.state])
        if change not in objects.states.transitions:
            known = ", ".join(objects.states.transitions)
            raise ValueError(
                Words(
                    f"an application of this kind cannot {change!r}: its changes are {known}",
                    f"该申请单没有操作 {change!r}，可用操作：{known}",
                )
            )
        objects.move(entry, change, update_time=context.stamp())
        if entry[objects.state] in REFUSED:
            entry |= {"field": field or "id_card_info", "reason": reason or "资料不清晰，请重新上传"}
        objects.save(context, entry)
        return {name: value for name, value in entry.items() if name != "sent"}


def found(context: SandboxContext, number: str) -> tuple[Application, dict[str, Any]]:
    """Return the application with this number of the merchant's or of the platform's, and its kind."""
    for kind in APPLICATIONS:
        entry = kind.objects.get(context, number)
        if entry is not None:
            return kind, entry
    raise LookupError(Words(f"there is no application {number}", f"申请单 {number} 不存在"))


def next_change(objects: Objects, state: str) -> str:
    """Return the change that leads on from a state, which is the first of its table; ValueError at an end."""
    for name, transition in objects.states.transitions.items():
        if state in transition.before and transition.by != "merchant":
            return name
    raise ValueError(Words(f"an application that is {state} goes no further", f"状态为 {state} 的申请单已结束"))
