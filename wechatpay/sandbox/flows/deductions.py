"""Deductions under a contract, v3 and v2: applied for, scheduled, reversed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import orders, orders_v2, payments
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.combined_orders import COMBINED, combined_facts, place_combined
from wechatpay.sandbox.flows.contracts import CONTRACTS, GLOBAL, PAY, PLATFORM, found, found_v2, signed_once
from wechatpay.sandbox.flows.objects import chosen, one_variable, refusing
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

NUMBER = "out-trade-no/{out_trade_no}"


def in_force(context: SandboxContext, number: Any) -> dict[str, Any]:
    """Return the contract of a deduction; one that is not in force is refused."""
    contract = signed_once(context, number)
    with refusing():
        CONTRACTS.in_state(contract, "SIGNED")
    return contract


def deduction(
    context: SandboxContext, contract: dict[str, Any], sent: dict[str, Any], family: str, parties: dict[str, Any]
) -> dict[str, Any]:
    """Return the order of a deduction, which no user has to pay."""
    amount = sent["amount"]
    return orders.place(
        context,
        {
            **sent,
            "notify_url": sent.get("transaction_notify_url") or sent.get("notify_url"),
            "openid": contract["openid"],
        },
        number=str(sent["out_trade_no"]),
        family=family,
        trade_type="AUTH",
        total=fen(amount["total"], "/amount/total"),
        currency=amount.get("currency"),
        parties=parties,
    )


def whose(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parties of a deduction: a merchant, or a service provider for one."""
    if "sub_mchid" in sent:
        return {"sp_mchid": context.account.mchid, **chosen(sent, "sp_appid", "sub_mchid", "sub_appid")}
    return {"mchid": context.account.mchid, **chosen(sent, "appid")}


@routes.on(f"POST {PAY}/transactions/apply", f"POST {PAY}/partner/transactions/apply")
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Deduct money; it is taken after the answer, and notified."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"])
    family = "partner" if "sub_mchid" in sent else "direct"
    order = deduction(context, contract, sent, family, whose(context, sent))
    if contract["schedule"]:
        contract["schedule"] |= {
            "schedule_state": "PAID",
            "deduct_amount": {"total": order["total"], "currency": order["currency"]},
            "deduct_date": context.day(),
        }
        CONTRACTS.save(context, contract)
    context.schedule("pay", order["out_trade_no"])
    return context.respond(call, {"out_trade_no": order["out_trade_no"], "amount": sent["amount"]})


@routes.on(
    f"POST {PAY}/schedules/contract-id/{{contract_id}}/schedule",
    f"POST {PAY}/partner/schedules/contract-id/{{contract_id}}/schedule",
)
def schedule(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Announce the amount of a deduction."""
    contract = in_force(context, call.variables["contract_id"])
    contract["schedule"] = {
        "schedule_state": "SCHEDULED",
        "deduct_start_date": context.day(),
        "deduct_end_date": (context.now() + timedelta(days=7)).date().isoformat(),
        "scheduled_amount": call.body["schedule_amount"],
    }
    CONTRACTS.save(context, contract)
    return context.respond(call, contract["schedule"])


@routes.on(
    f"GET {PAY}/schedules/contract-id/{{contract_id}}", f"GET {PAY}/partner/schedules/contract-id/{{contract_id}}"
)
def query_schedule(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the announced deduction."""
    return context.respond(call, found(context, call)["schedule"] or {"schedule_state": "NO_SCHEDULED"})


@routes.on(f"POST {GLOBAL}/transactions")
def deduct_abroad(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Deduct money abroad, at once."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"])
    order = deduction(context, contract, sent, "global", whose(context, sent))
    payments.pay(context, order["out_trade_no"])
    return response_abroad(context, call, order["out_trade_no"])


@routes.on(f"GET {GLOBAL}/transactions/{NUMBER}", f"GET {GLOBAL}/transactions/{{transaction_id}}")
def query_abroad(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a deduction abroad as it stands."""
    return response_abroad(context, call, one_variable(call))


def response_abroad(context: SandboxContext, call: ReceivedCall, number: str) -> dict[str, Any]:
    """Return the response of a deduction abroad."""
    order = orders.find(context, number)
    return context.respond(
        call, {**orders.facts(context, order), "transaction_id": order["transaction_id"], "payer": orders.payer(order)}
    )


@routes.on(f"POST {GLOBAL}/transactions/{NUMBER}/reverse")
def reverse_abroad(context: SandboxContext, call: ReceivedCall) -> None:
    """Take a deduction back."""
    orders.reverse(context, orders.find(context, call.variables["out_trade_no"]))


@routes.on(f"POST {PLATFORM}/transactions")
def deduct_combined(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Deduct for several merchants at once."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"])
    number = str(sent["combine_out_trade_no"])
    if COMBINED.get(context, number) is None:
        place_combined(context, {**sent, "combine_payer_info": {"openid": contract["openid"]}}, "AUTH")
        payments.pay(context, number)
    return context.respond(call, combined_facts(context, COMBINED.find(context, number)))


@routes.on(f"POST {PLATFORM}/transactions/{{combine_out_trade_no}}/reverse")
def reverse_combined(context: SandboxContext, call: ReceivedCall) -> None:
    """Take the deductions for several merchants back."""
    for number in COMBINED.find(context, one_variable(call))["orders"]:
        orders.reverse(context, orders.find(context, number))


@routes.on("POST v2/pay/pappayapply", "POST v2/pay/partner/pappayapply")
def apply_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Deduct money by v2; it is taken after the answer, and notified."""
    contract = found_v2(context, call)
    with refusing():
        CONTRACTS.in_state(contract, "SIGNED")
    order = orders_v2.placed_v2(context, call, "PAP", openid=contract["openid"])
    context.schedule("pay", order["out_trade_no"])
    return context.respond(call, {})
