"""Sub-merchants: their violations, told at the URL that was set; whether they are closed; whose identity is checked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows.applyment import check_media
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_applyment import CANCELLATION, VERIFICATION
from wechatpay.sandbox.flows.sub_merchants import SUB_MERCHANTS
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

CANCELLATIONS = Objects(
    Words("cancel application", "注销申请单"), "out_apply_no", state="cancel_state", states=CANCELLATION
)
VERIFICATIONS = Objects(Words("identity verification", "身份核实单"), "verification_id", states=VERIFICATION)
ADDRESS = "violation notification"
NOTIFICATIONS = "v3/merchant-risk-manage/violation-notifications"
INACTIVE = "v3/compliance/inactive-merchant-identity-verification/merchants"
VIOLATIONS = ("PUNISH", "INTERCEPT", "APPEAL")
ANSWER = f"GET {INACTIVE}/{{sub_mchid}}/verifications/{{verification_id}}"
APPLICATIONS = "v3/ecommerce/account/cancel-applications"


@routes.on(f"POST {NOTIFICATIONS}", f"PUT {NOTIFICATIONS}")
def subscribe(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set the URL of notifications; PUT needs one that was set before."""
    if call.operation.method == "PUT":
        address(context)
    context.store.put(ADDRESS, "url", {"url": call.body["notify_url"]})
    return context.respond(call, {"notify_url": call.body["notify_url"]})


def address(context: SandboxContext) -> str:
    """Return the URL of notifications; none is refused."""
    found = context.store.get(ADDRESS, "url")
    if found is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "回调地址不存在")
    return str(found["url"])


@routes.on(f"GET {NOTIFICATIONS}")
def subscription(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the URL of notifications."""
    return context.respond(call, {"notify_url": address(context)})


@routes.on(f"DELETE {NOTIFICATIONS}")
def unsubscribe(context: SandboxContext, call: ReceivedCall) -> None:
    """Remove the URL of notifications."""
    address(context)
    context.store.delete(ADDRESS, "url")


@routes.action(
    "report_violation", "处罚特约商户、拦截其交易或受理申诉；商户设置了通知地址时收到通知。", kind=VIOLATIONS
)
def report(
    context: SandboxContext, number: str, kind: str = "PUNISH", risk: str = "GAMBLING", plan: str = "关闭支付权限"
) -> dict[str, Any]:
    """Punish a sub-merchant, intercept its trades or take its appeal; the merchant is notified where it asked to be."""
    with context.change():
        merchant = SUB_MERCHANTS.entry(context, number)
        count = merchant["violations"] = merchant.get("violations", 0) + 1
        SUB_MERCHANTS.save(context, merchant)
        content = {
            "sub_mchid": number,
            "company_name": merchant["merchant_shortname"],
            "record_id": digits(16, "violation", number, str(count)),
            "punish_plan": plan,
            "punish_time": context.stamp(),
            "punish_description": plan,
            "risk_type": risk,
            "risk_description": risk,
        }
        asked = context.store.get(ADDRESS, "url")
        context.notify(asked["url"] if asked else None, f"VIOLATION.{kind}", content)
        return content


@routes.on(f"POST {APPLICATIONS}")
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Apply to close a sub-merchant; a repeat returns what there is."""
    check_media(context, call.body)
    sent = chosen(call.body, "sub_mchid", "out_apply_no", "application_info")
    number = str(sent["out_apply_no"])
    entry = CANCELLATIONS.repeated(context, number, sent)
    if entry is None:
        SUB_MERCHANTS.find(context, sent["sub_mchid"])
        entry = {
            **chosen(sent, "sub_mchid", "out_apply_no"),
            "sent": sent,
            "cancel_state": CANCELLATION.first[0],
            "update_time": context.stamp(),
        }
        CANCELLATIONS.save(context, entry)
    return shown(context, call, entry)


def shown(context: SandboxContext, call: ReceivedCall, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an application as its operations show it."""
    return context.respond(call, {name: value for name, value in entry.items() if name != "sent"})


@routes.on(f"GET {APPLICATIONS}/out-apply-no/{{out_apply_no}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application to close a sub-merchant."""
    return shown(context, call, CANCELLATIONS.find(context, call.variables["out_apply_no"]))


@routes.action("review_cancellation", "审核二级商户的注销申请：通过或驳回。")
def review(context: SandboxContext, number: str, reject: str = "") -> dict[str, Any]:
    """Decide about an application to close a sub-merchant."""
    with context.change():
        time = {"update_time": context.stamp()}
        if reject:
            return CANCELLATIONS.change(context, number, "reject", reject_reason=reject, **time)
        entry = CANCELLATIONS.change(context, number, "succeed", **time)
        SUB_MERCHANTS.change(context, entry["sub_mchid"], "cancel")
        return entry


@routes.on(f"POST {INACTIVE}")
def verify(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask an inactive sub-merchant to prove its identity; while that is under way, return the same verification."""
    merchant = SUB_MERCHANTS.find(context, call.body["sub_mchid"])
    with refusing():
        SUB_MERCHANTS.in_state(merchant, "NORMAL")
    known = VERIFICATIONS.get(context, merchant.get("verification", ""))
    if known is None or known["state"] != "PROCESSING":
        count = merchant["verifications"] = merchant.get("verifications", 0) + 1
        known = {
            "verification_id": digits(28, "verification", merchant["sub_mchid"], str(count)),
            "sub_mchid": merchant["sub_mchid"],
            "state": VERIFICATION.first[0],
            "create_time": context.stamp(),
        }
        VERIFICATIONS.save(context, known)
        SUB_MERCHANTS.save(context, merchant | {"verification": known["verification_id"]})
    return context.respond(call, known)


@routes.on(f"GET {INACTIVE}/{{sub_mchid}}/verifications/{{verification_id}}")
def verification(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return what became of a verification."""
    found = VERIFICATIONS.find(context, call.variables["verification_id"])
    if found["sub_mchid"] != call.variables["sub_mchid"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "身份核实单不存在")
    return context.respond(call, found)


@routes.action(
    "finish_verification", "结束不活跃商户的身份核实：通过或失败。", fail=partial(choices, ANSWER, "fail_reason")
)
def finish(context: SandboxContext, number: str, fail: str = "") -> dict[str, Any]:
    """End the verification of an inactive merchant: well, or as failed."""
    with context.change():
        time = {"finish_time": context.stamp()}
        if fail:
            return VERIFICATIONS.change(context, number, "fail", fail_reason=fail, **time)
        return VERIFICATIONS.change(context, number, "succeed", **time)
