"""Applications: brands that join, and changes of what the platform knows of a merchant."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words, translate
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable
from wechatpay.sandbox.flows.states_applications import ALTERATION, BRAND_APPLYMENT, REJECTED
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["APPLICATIONS", "Application", "routes"]

routes = Routes()


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
        Objects(kind, "out_request_no", "apply_id", states=ALTERATION, missing="RESOURCE_NOT_EXISTS"),
        submit=(f"POST {base}",),
        query=(f"GET {base}/{{apply_id}}", f"GET {base}/merchant/{{{party}}}/out-request-no/{{out_request_no}}"),
        revoke=(f"POST {base}/{{apply_id}}/revoke",),
        texts=ALTERATION_TEXTS,
        told=("merchant_code", "sub_mchid"),
    )


APPLICATIONS = (
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
)
CHANGES = tuple(dict.fromkeys(change for each in APPLICATIONS for change in each.objects.states.transitions))
BY_OPERATION = {key: each for each in APPLICATIONS for key in (*each.submit, *each.query, *each.revoke)}
REFUSED = frozenset({REJECTED, "APPLYMENT_STATE_AUDIT_REJECTED"})


def told(context: SandboxContext, kind: Application, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what a query tells of an application; None leaves a member out."""
    objects, state = kind.objects, entry[kind.objects.state]
    number = entry[objects.number]
    link = f"{context.base_url}_sandbox/pages/applyment?number={number}"
    rejected = state in REFUSED
    return {
        **entry["named"],
        "merchant_code": entry["named"].get("merchant_code") or entry["named"].get("sub_mchid"),
        objects.number: number,
        objects.id: entry[objects.id],
        objects.state: state,
        f"{objects.state}_desc": kind.texts[state],
        "brand_id": digits(8, "brand", number) if state == "APPLYMENT_STATE_FINISH" else None,
        "authorization_confirmation_qr_code": link if state == "APPLYMENT_STATE_WAITING_AUTH" else None,
        "audit_reject_detail": [{"param_name": entry["field"], "reject_reason": entry["reason"]}] if rejected else None,
        "audit_reject_reason": entry["reason"] if rejected else None,
        "reject_reason": entry["reason"] if rejected else None,
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
            objects.id: f"2{platforms}",
            objects.state: objects.states.first[0],
            "field": "",
            "reason": "",
        }
    elif entry[objects.state] in REFUSED:
        objects.move(entry, "submit again")
    elif entry["sent"] != sent:
        raise Refusal(400, "RESOURCE_ALREADY_EXISTS", "存在流程进行中的申请单，请检查是否重入")
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
        raise Refusal(400, "INVALID_REQUEST", f"当前状态不允许撤销: {translate(error.args[0], 'zh')}") from None
    kind.objects.save(context, entry)
    return context.respond(call, {**told(context, kind, entry), "result": "SUCCESS"})


def named(context: SandboxContext, call: ReceivedCall, kind: Application) -> dict[str, Any]:
    """Return the application that a request names, by the merchant's number or by the platform's."""
    names = (kind.objects.number, kind.objects.id)
    number = next((call.get(name) for name in names if call.get(name)), None) or one_variable(call)
    return kind.objects.find(context, number)


for _kind in APPLICATIONS:
    routes.on(*_kind.submit)(submit)
    routes.on(*_kind.query)(query)
    routes.on(*_kind.revoke)(revoke)


@routes.action("advance_application", "把品牌入驻、资料变更等申请单推进一步：由平台或签约人操作。", change=CHANGES)
def advance(
    context: SandboxContext, number: str, change: str = "", *, field: str = "", reason: str = ""
) -> dict[str, Any]:
    """Take an application of a brand, or an alteration, one step further, as the platform or as who signs it."""
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
