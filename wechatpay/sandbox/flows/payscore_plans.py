"""Plans of Pay Score: a merchant's plan of charges, what a user signs of it, and the service order of each charge."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import payscore
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_payscore import PLAN, SIGNED_PLAN
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["cancel", "routes", "sign"]

routes = Routes()

PLANS = Objects(Words("Pay Score plan", "支付分计划"), "merchant_plan_no", "plan_id", state="plan_state", states=PLAN)
SIGNED = Objects(
    Words("signed Pay Score plan", "支付分签约计划"),
    "merchant_sign_plan_no",
    "sign_plan_id",
    state="sign_state",
    states=SIGNED_PLAN,
    hidden=("sent", "plan"),
)
OWN, OF_USER = "v3/payscore/plan", "v3/payscore/sign-plan"
SUMS = {"total_original_price": "original_price", "total_actual_price": "actual_price"}
DETAIL_STATES = {"DONE": "USED", "REVOKED": "SIGN_PLAN_DETAIL_CANCEL"}
"""``plan_detail_state`` by the state of the detail's service order, where it is not ``USING``."""


def of_merchant(found: dict[str, Any], call: ReceivedCall, missing: str = "RESOURCE_NOT_EXISTS") -> dict[str, Any]:
    """Return a found plan; that of another sub-merchant is refused as unknown."""
    if call.get("sub_mchid") != found.get("sub_mchid"):
        raise Refusal(404, missing, "计划不存在")
    return found


@routes.on(*(f"POST {OWN}/{whose}payscore-plans" for whose in ("", "partner/")))
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create a plan; its totals are those of its details, of which there are as many as charges."""
    sent = dict(call.body)
    number = str(sent["merchant_plan_no"])
    plan = PLANS.repeated(context, number, sent)
    if plan is None:
        details = sent.get("plan_detail_list") or []
        expected = {name: sum(int(each[part]) for each in details) for name, part in SUMS.items()}
        for name, right in ({"deduction_quantity": len(details), **expected} if details else {}).items():
            if sent[name] != right:
                raise Refusal.of_field("body", f"/{name}", f"与计划明细不一致，应为 {right}", value=sent[name])
        plan = {
            **sent,
            "sent": sent,
            "mchid": context.account.mchid,
            "plan_id": digits(32, "plan", number),
            "plan_state": "NORMAL",
            "plan_detail_list": [{"plan_detail_no": index, **each} for index, each in enumerate(details, 1)],
        }
        PLANS.save(context, plan)
    return context.respond(call, plan)


@routes.on(*(f"GET {OWN}/{whose}payscore-plans/merchant-plan-no/{{merchant_plan_no}}" for whose in ("", "partner/")))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a plan as it stands."""
    return context.respond(call, of_merchant(PLANS.find(context, call.variables["merchant_plan_no"]), call))


@routes.on(
    *(f"POST {OWN}/{whose}payscore-plans/merchant-plan-no/{{merchant_plan_no}}/stop" for whose in ("", "partner/"))
)
def stop(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Stop a plan: nobody signs it any more, what was signed goes on; again changes nothing."""
    plan = of_merchant(PLANS.find(context, call.variables["merchant_plan_no"]), call)
    if plan["plan_state"] == "NORMAL":
        PLANS.move(plan, "stop", stop_mchid=context.account.mchid, stop_time=context.stamp())
        PLANS.save(context, plan)
    return context.respond(call, plan)


@routes.on(*(f"POST {OF_USER}/{whose}user-sign-plans" for whose in ("", "partner/")))
def prepare(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Prepare a plan for a user, who signs it behind the package."""
    sent = dict(call.body)
    number = str(sent["merchant_sign_plan_no"])
    signed = SIGNED.repeated(context, number, sent)
    if signed is None:
        plan = of_merchant(PLANS.find(context, sent["plan_id"], by="plan_id"), call)
        with refusing():
            PLANS.in_state(plan, "NORMAL")
        numbers = {each["plan_detail_no"]: each["merchant_plan_detail_no"] for each in sent["sign_plan_detail"]}
        if numbers.keys() != {each["plan_detail_no"] for each in plan["plan_detail_list"]}:
            raise Refusal.of_field("body", "/sign_plan_detail", "应与计划明细一一对应")
        signed = {
            **chosen(sent, "service_id", "appid", "sub_appid", "sub_mchid", "openid", "sub_openid"),
            **chosen(plan, "plan_id", "plan_name", "deduction_quantity", "total_actual_price"),
            "sent": sent,
            "mchid": context.account.mchid,
            "merchant_sign_plan_no": number,
            "sign_plan_id": digits(32, "signed plan", number),
            "merchant_callback_url": sent["notify_url"],
            "going_detail_no": 0,
            "sign_state": "UNSIGNED",
            "cancel_sign_type": "NOT_CANCEL",
            "plan_over_time": (context.now() + timedelta(days=plan["plan_duration"])).isoformat(timespec="seconds"),
            "total_origin_price": plan["total_original_price"],
            "signed_detail_list": [
                {**each, "plan_detail_state": "NOT_USED", "merchant_plan_detail_no": numbers[each["plan_detail_no"]]}
                for each in plan["plan_detail_list"]
            ],
        }
        SIGNED.save(context, signed)
    context.schedule("sign_plan", number, when="sign")
    return context.respond(call, {"sign_plan": signed, "package": letters(48, "signed plan", number)})


def current(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return a signed plan as its service orders and the time have made it; LookupError if it is unknown."""
    signed = SIGNED.entry(context, number)
    for each in signed["signed_detail_list"]:
        service = payscore.SERVICES.get(context, each["order_id"]) if "order_id" in each else None
        if service is not None:
            each["plan_detail_state"] = DETAIL_STATES.get(service["order"]["state"], "USING")
            each["actual_pay_price"] = service["order"].get("total_amount")
    used = all(each["plan_detail_state"] == "USED" for each in signed["signed_detail_list"])
    if signed["sign_state"] == "SIGNED" and used:
        SIGNED.move(signed, "finish")
    elif signed["sign_state"] in ("UNSIGNED", "SIGNED") and (
        datetime.fromisoformat(signed["plan_over_time"]) <= context.now()
    ):
        SIGNED.move(signed, "expire")
    if signed != SIGNED.get(context, number):
        SIGNED.save(context, signed)
    return signed


def move(context: SandboxContext, number: str, change: str, **members: str) -> dict[str, Any]:
    """Carry out a change of a signed plan, store it, notify the merchant, and return it."""
    with context.change():
        signed = current(context, number)
        SIGNED.move(signed, change, **members)
        SIGNED.save(context, signed)
        content = {name: value for name, value in signed.items() if name not in SIGNED.hidden}
        context.notify(signed["merchant_callback_url"], SIGNED_PLAN.transitions[change].notifies, content)
        return signed


@routes.action("sign_plan", "用户签约支付分计划；商户收到通知。")
def sign(context: SandboxContext, number: str) -> dict[str, Any]:
    """Sign a Pay Score plan as the user; the merchant is notified."""
    return move(context, number, "sign", sign_time=context.stamp())


@routes.action("cancel_plan", "用户取消已签约的支付分计划；商户收到通知。")
def cancel(context: SandboxContext, number: str, reason: str = "") -> dict[str, Any]:
    """Cancel a signed Pay Score plan as the user; the merchant is notified."""
    return end(context, number, "cancel", "USER", reason)


def end(context: SandboxContext, number: str, change: str, kind: str, reason: str) -> dict[str, Any]:
    """Cancel a signed plan: what is not used yet is cancelled with it."""
    return move(context, number, change, cancel_sign_time=context.stamp(), cancel_sign_type=kind, cancel_reason=reason)


def named(context: SandboxContext, call: ReceivedCall, number: str) -> dict[str, Any]:
    """Return the signed plan of this number; that of another sub-merchant, or an unknown one, is refused."""
    with refusing():
        return of_merchant(current(context, number), call)


@routes.on(
    *(
        f"GET {OF_USER}/{whose}user-sign-plans/merchant-sign-plan-no/{{merchant_sign_plan_no}}"
        for whose in ("", "partner/")
    )
)
def query_signed(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return what a user signed as it stands."""
    return context.respond(call, named(context, call, call.variables["merchant_sign_plan_no"]))


@routes.on(
    *(
        f"POST {OF_USER}/{whose}user-sign-plans/merchant-sign-plan-no/{{merchant_sign_plan_no}}/stop"
        for whose in ("", "partner/")
    )
)
def stop_signed(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Cancel what a user signed, as the merchant; again changes nothing."""
    signed = named(context, call, call.variables["merchant_sign_plan_no"])
    if signed["sign_state"] != "SIGN_PLAN_CANCEL":
        number, reason = signed["merchant_sign_plan_no"], str(call.body["stop_reason"])
        with refusing():
            signed = end(context, number, "stop", "MERCHANT", reason)
    return context.respond(call, signed)


@routes.on(*(f"POST {OF_USER}/{whose}serviceorder" for whose in ("", "partner/")))
def use(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create the service order of a detail of a signed plan; the user has confirmed it by signing."""
    sent = dict(call.body)
    signed = named(context, call, str(sent["sign_plan_id"]))
    details = {each["plan_detail_no"]: each for each in signed["signed_detail_list"]}
    detail = details.get(sent["plan_detail_no"])
    if detail is None:
        raise Refusal.of_field("body", "/plan_detail_no", "计划明细不存在", value=sent["plan_detail_no"])
    known = payscore.SERVICES.get(context, str(sent["out_trade_no"]))
    if known is None:
        with refusing():
            SIGNED.move(signed, "use", going_detail_no=detail["plan_detail_no"])
        if detail["plan_detail_state"] != "NOT_USED":
            raise Refusal(400, "INVALID_REQUEST", f"计划明细状态为 {detail['plan_detail_state']}，应为 NOT_USED")
    service = payscore.place(
        context,
        {
            **sent,
            "out_order_no": str(sent["out_trade_no"]),
            "need_user_confirm": False,
            "post_payments": [{"name": detail["plan_detail_name"], "amount": detail["original_price"]}],
            "post_discounts": [
                {"name": "计划优惠", "amount": detail["original_price"] - detail["actual_price"]},
            ],
            "risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": detail["actual_price"]},
        },
    )
    if known is None:
        detail |= {"order_id": service["order_id"], "plan_detail_state": "USING", "use_time": context.stamp()}
        SIGNED.save(context, signed)
    return context.respond(call, service)
