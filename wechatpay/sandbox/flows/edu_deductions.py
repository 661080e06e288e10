"""Deductions of schools (教育续费通): contracts by user, announcements, deductions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.contracts import CONTRACTS, EDUCATION, facts, prepare
from wechatpay.sandbox.flows.deductions import deduction, in_force, take
from wechatpay.sandbox.flows.objects import chosen, one_variable, page
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

OF_USER = "education contracts of a user"
TRADE_STATES = {"NOTPAY": "ACCEPTED", "PAYERROR": "PAY_FAIL"}
"""``trade_state`` of a deduction, where it is not that of its order: https://pay.weixin.qq.com/doc/v3/partner/4012465567."""


@routes.on(f"POST {EDUCATION}/contracts/presign")
def presign(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Prepare the contract of a plan and a ``user_id``; it is signed behind the token, and notified at the console's URL."""
    sent = dict(call.body)
    code = f"{sent['plan_id']}-{sent['user_id']}"
    contract = prepare(context, call.operation.path, code, sent, context.notify_url)
    user = contract["openid"]
    known = context.store.get(OF_USER, user) or {"codes": []}
    context.store.put(OF_USER, user, {"codes": list(dict.fromkeys([*known["codes"], code]))})
    context.schedule("sign_contract", code, when="sign")
    return context.respond(call, {"presign_token": letters(32, "presign", code)})


@routes.on(f"GET {EDUCATION}/user/{{openid}}/contracts")
def contracts_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the contracts that a user signed under a plan."""
    known = context.store.get(OF_USER, call.variables["openid"]) or {"codes": []}
    found = [CONTRACTS.entry(context, code) for code in known["codes"]]
    told = [
        facts(context, contract)
        for contract in found
        if contract["state"] != "UNSIGNED"
        and str(contract["sent"]["plan_id"]) == str(call.query["plan_id"])
        and call.query.get("sub_mchid") == contract["sent"].get("sub_mchid")
    ]
    wanted = call.query.get("contract_status")
    told = [each for each in told if wanted in (None, each["contract_information"]["contract_status"])]
    names = ("sp_mchid", "appid", "sub_mchid", "sub_appid", "openid", "sub_openid", "plan_id", "contract_information")
    shown, offset, limit = page(call, [chosen(each, *names) for each in told], 20)
    return context.respond(call, {"data": shown, "total_count": len(told), "offset": offset, "limit": limit})


@routes.on(f"POST {EDUCATION}/user-notifications/{{contract_id}}/send")
def announce(context: SandboxContext, call: ReceivedCall) -> None:
    """Tell the user of a deduction; the contract is in force."""
    in_force(context, call.variables["contract_id"], call.body)


@routes.on(f"POST {EDUCATION}/transactions")
def apply(context: SandboxContext, call: ReceivedCall) -> None:
    """Deduct money; it is taken after the answer, and notified."""
    sent = {**call.body, "description": call.body["body"]}
    contract = in_force(context, sent["contract_id"], sent)
    partner = "sub_mchid" in sent
    parties = {"sp_appid": sent["appid"], "sp_mchid": context.account.mchid, **chosen(sent, "sub_mchid", "sub_appid")}
    own = {"appid": sent["appid"], "mchid": context.account.mchid}
    order = deduction(context, contract, sent, "partner" if partner else "direct", parties if partner else own)
    context.schedule(take, order["out_trade_no"])


@routes.on(
    f"GET {EDUCATION}/transactions/id/{{transaction_id}}", f"GET {EDUCATION}/transactions/out-trade-no/{{out_trade_no}}"
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a deduction as it stands."""
    order = orders.find(context, one_variable(call), by=next(iter(call.variables)))
    orders.same_merchant(order, call.query)
    if "device_information" not in order["sent"]:
        raise Refusal(404, orders.ORDERS.missing, "订单不存在")
    told = orders.facts(context, order)
    return context.respond(
        call,
        {
            **told,
            **chosen(order["sent"], "appid", "sub_mchid", "sub_appid", "device_information"),
            "sp_mchid": context.account.mchid,
            "trade_state": TRADE_STATES.get(order["state"], order["state"]),
            "trade_state_description": told["trade_state_desc"],
            "amount": {"total": order["total"], "currency": order["currency"]},
            "payer": {"openid": order["openid"]},
        },
    )
