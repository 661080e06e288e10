"""Insurance: orders of shared power banks, and contracts that renew themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.objects import Objects, refusing
from wechatpay.sandbox.flows.states import CONTRACT
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

ORDERS = Objects(Words("insurance order", "保险订单"), "out_order_no", inside="order")
CONTRACTS = Objects(
    Words("insurance contract", "保险签约"),
    "out_contract_code",
    "contract_id",
    inside="contract",
    state="contract_state",
    states=CONTRACT,
)
SIGN = "v3/papay/insurance-sign"
PRE_SIGN = f"{SIGN}/contracts/pre-entrust-sign"
BY_CODE = "plan-id/{plan_id}/out-contract-code/{out_contract_code}"


@routes.on("POST v3/hire-power-bank/insurance-orders")
def create_order(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create an order; the same number with other parameters is refused."""
    sent = dict(call.body)
    number = str(sent["out_order_no"])
    known = ORDERS.repeated(context, number, sent)
    if known is not None:
        return context.respond(call, known["order"])
    now = context.now()
    order = {
        "order_id": digits(28, context.account.mchid, number),
        "out_order_no": number,
        "openid": sent.get("openid", ""),
        "max_claim_count": 1,
        "claimed_count": 0,
        "order_receive_time": now.isoformat(timespec="seconds"),
        "order_begin_time": now.isoformat(timespec="seconds"),
        "order_end_time": (now + timedelta(days=1)).isoformat(timespec="seconds"),
        "order_receive_state": "RECEIVED",
    }
    ORDERS.save(context, {"sent": sent, "order": order})
    return context.respond(call, order)


@routes.on("GET v3/hire-power-bank/insurance-orders/{out_order_no}")
def query_order(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the order as it stands."""
    return context.respond(call, ORDERS.find(context, call["out_order_no"])["order"])


@routes.action("change_insurance_order", "更改保险订单的 order_receive_state（官方文档未列出取值）；商户收到通知。")
def change_order(context: SandboxContext, number: str, state: str) -> dict[str, Any]:
    """Change ``order_receive_state``, whose values the official page does not name; the merchant is notified."""
    with context.change():
        known = ORDERS.entry(context, number)
        order: dict[str, Any] = known["order"]
        order["order_receive_state"] = state
        ORDERS.save(context, known)
        context.notify(known["sent"].get("notify_url"), "HIRE_POWER_BANK.RECEIVE_INSURANCE", order)
        return order


@routes.on(*(f"POST {PRE_SIGN}/{kind}" for kind in ("app", "h5", "jsapi", "mini-program")))
def pre_sign(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    sent = dict(call.body)
    code = str(sent["out_contract_code"])
    known = CONTRACTS.get(context, code)
    if known is not None and known["contract"]["contract_state"] == "SIGNED":
        raise Refusal(400, "INVALID_REQUEST", f"该协议已签约: {code}")
    contract = {
        "mchid": context.account.mchid,
        "contract_id": digits(18, context.account.mchid, code),
        "appid": sent.get("appid"),
        "plan_id": sent["plan_id"],
        "out_contract_code": code,
        "insured_display_name": sent.get("insured_display_name"),
        "contract_state": "UNSIGNED",
        "contract_signed_time": None,
        "contract_expired_time": f"{sent.get('policy_end_date')}T23:59:59+08:00",
        "contract_terminate_info": None,
        "openid": sent.get("openid") or "o" + letters(27, code),
        "out_user_code": sent.get("out_user_code"),
    }
    periods, notify_url = sent.get("policy_periods") or [], sent.get("contract_notify_url")
    CONTRACTS.save(context, {"contract": contract, "policy_periods": periods, "notify_url": notify_url})
    context.schedule("sign_contract", code, when="sign")
    return context.respond(call, {})


def sign(context: SandboxContext, number: str) -> dict[str, Any]:
    """Sign a contract as the user; the merchant is notified."""
    return CONTRACTS.tell(context, number, "sign", "INSURANCE_ENTRUST.SIGN", contract_signed_time=context.stamp())


def terminate(context: SandboxContext, number: str, mode: str = "USER_TERMINATE", remark: str = "") -> dict[str, Any]:
    """End a contract; the merchant is notified."""
    info = {
        "contract_termination_mode": mode,
        "contract_terminated_time": context.stamp(),
        "contract_termination_remark": remark,
    }
    return CONTRACTS.tell(context, number, "terminate", "INSURANCE_ENTRUST.TERMINATE", contract_terminate_info=info)


def contract_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the contract that a path names, once it was signed."""
    number = str(call.variables.get("out_contract_code") or call.variables["contract_id"])
    entry = CONTRACTS.get(context, number)
    if entry is None or entry["contract"]["contract_state"] == "UNSIGNED":
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"签约协议不存在: {number}")
    return entry


@routes.on(f"GET {SIGN}/contracts/{BY_CODE}")
def query_contract(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a contract as it stands."""
    return context.respond(call, contract_of(context, call)["contract"])


@routes.on(f"POST {SIGN}/contracts/{BY_CODE}/terminate")
def terminate_contract(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End a contract."""
    code = contract_of(context, call)["contract"]["out_contract_code"]
    remark = str(call.body.get("contract_termination_remark") or "")
    with refusing():
        contract = terminate(context, code, "MCH_API_TERMINATE", remark)
    return context.respond(call, contract)


@routes.on(f"GET {SIGN}/policy_periods/{BY_CODE}")
def query_periods(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """When money is taken."""
    entry = contract_of(context, call)
    return context.respond(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})


@routes.on(f"POST {SIGN}/policy-periods/plan-id/{{plan_id}}/contract-id/{{contract_id}}/modify")
def modify_periods(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Change when money is taken."""
    entry = contract_of(context, call)
    entry["policy_periods"] = call.body.get("policy_periods") or entry["policy_periods"]
    CONTRACTS.save(context, entry)
    return context.respond(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})
