"""Premiums: announced and taken period by period out of an insurance contract, and its renewal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import deductions
from wechatpay.sandbox.flows.insurance import CONTRACTS, SIGN
from wechatpay.sandbox.flows.objects import refusing
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

PAY = "v3/papay/insurance-pay"
PERIOD = f"{PAY}/policy-periods/contract-id/{{contract_id}}/policy-period-id/{{policy_period_id}}"


def in_force(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the insurance contract of a call; one that is not in force is refused."""
    entry = CONTRACTS.find(context, call["contract_id"])
    with refusing():
        CONTRACTS.in_state(entry["contract"], "SIGNED")
    return entry


def period_of(entry: dict[str, Any], call: ReceivedCall) -> dict[str, Any]:
    """Return the period that a call names."""
    number = str(call["policy_period_id"])
    for period in entry["policy_periods"]:
        if str(period["policy_period_id"]) == number:
            found: dict[str, Any] = period
            return found
    raise Refusal(404, "RESOURCE_NOT_EXISTS", f"协议没有扣费期 {number}")


def unpaid(entry: dict[str, Any], call: ReceivedCall, number: str | None = None) -> dict[str, Any]:
    """Return the period that a call names; one paid by another deduction than this number's is refused."""
    period = period_of(entry, call)
    by = period.get("out_trade_no")
    if by is not None and by != number:
        which = period["policy_period_id"]
        raise Refusal(400, "INVALID_REQUEST", f"该扣费期已扣款成功: 扣费期 {which}，商户订单号 {by}")
    return period


def result(context: SandboxContext, call: ReceivedCall, period: dict[str, Any]) -> dict[str, Any]:
    """Return a period as it stands."""
    return context.respond(call, {"policy_period_state": "NO_SCHEDULED", **period})


@routes.on(f"POST {PERIOD}/schedule")
def schedule(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Announce the amount of a period."""
    entry = in_force(context, call)
    period = unpaid(entry, call)
    period |= {
        "policy_period_state": "SCHEDULED",
        "scheduled_amount": call.body["scheduled_amount"],
        "deduct_start_date": context.day(),
        "deduct_end_date": (context.now() + timedelta(days=7)).date().isoformat(),
    }
    CONTRACTS.save(context, entry)
    return result(context, call, period)


@routes.on(f"GET {PERIOD}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a period as it stands."""
    return result(context, call, period_of(in_force(context, call), call))


@routes.on(f"POST {PAY}/transactions/apply")
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take the premium of a period; it is paid after the answer, and notified."""
    sent = dict(call.body)
    entry = in_force(context, call)
    period = unpaid(entry, call, str(sent["out_trade_no"]))
    announced = period.get("scheduled_amount")
    if announced and announced["total"] != sent["amount"]["total"]:
        raise Refusal(400, "INVALID_REQUEST", "扣款金额与预约扣费金额不符")
    order = deductions.deduction(context, entry["contract"], sent, "direct", deductions.whose(context, sent))
    period["out_trade_no"] = order["out_trade_no"]
    CONTRACTS.save(context, entry)
    context.schedule(take, order["out_trade_no"])
    return context.respond(call, {"out_trade_no": order["out_trade_no"], "amount": sent["amount"]})


def take(context: SandboxContext, number: str) -> None:
    """Take the premium of a period, which is paid then, or can be tried again by another deduction."""
    order = deductions.take(context, number)
    sent = order["sent"]
    entry = CONTRACTS.entry(context, sent["contract_id"])
    (period,) = (each for each in entry["policy_periods"] if each.get("out_trade_no") == number)
    if order["state"] == "PAYERROR":
        del period["out_trade_no"]
    else:
        taken = {"deduct_amount": sent["amount"], "deduct_date": context.day()}
        period |= {"policy_period_state": "PAID", **taken}
    CONTRACTS.save(context, entry)


@routes.on(f"POST {SIGN}/contracts/plan-id/{{plan_id}}/contract-id/{{contract_id}}/renew")
def renew(context: SandboxContext, call: ReceivedCall) -> None:
    """Go on for further periods; the merchant is notified."""
    entry = in_force(context, call)
    periods = list(call.body["policy_periods"])
    last = max(str(period["estimated_deduct_date"]) for period in periods)
    entry["policy_periods"] += periods
    contract = entry["contract"]
    contract["contract_expired_time"] = max(contract["contract_expired_time"], f"{last}T23:59:59+08:00")
    CONTRACTS.save(context, entry)
    context.notify(entry["notify_url"], "INSURANCE_ENTRUST.RENEW", contract)
