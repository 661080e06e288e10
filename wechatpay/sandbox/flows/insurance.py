"""Insurance: orders of shared power banks, and contracts that renew themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

routes = Routes()

ORDER = "insurance order"
CONTRACT = "insurance contract"
SIGN = "v3/papay/insurance-sign"
PRE_SIGN = f"{SIGN}/contracts/pre-entrust-sign"
BY_CODE = "plan-id/{plan_id}/out-contract-code/{out_contract_code}"


@routes.on("POST v3/hire-power-bank/insurance-orders")
def create_order(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Create an order; the same number with other parameters is refused."""
    sent = dict(call.body)
    number = str(sent["out_order_no"])
    known = context.store.get(ORDER, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"the order {number} exists with other parameters")
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
    context.store.put(ORDER, number, {"sent": sent, "order": order}, day=context.day())
    return context.respond(call, order)


@routes.on("GET v3/hire-power-bank/insurance-orders/{out_order_no}")
def query_order(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the order as it stands."""
    number = call["out_order_no"]
    known = context.store.get(ORDER, number)
    if known is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no insurance order {number}")
    return context.respond(call, known["order"])


@routes.action("change_insurance_order")
def change_order(context: SandboxContext, number: str, state: str) -> dict[str, Any]:
    """
    The state of an insurance order changes; the merchant is notified.

    Args:
        context: Of the sandbox.
        number: ``out_order_no``.
        state: The new ``order_receive_state``; the official page names no values.

    Raises:
        LookupError: Unknown order.
    """
    with context.change():
        known = context.store.entry(ORDER, number)
        known["order"]["order_receive_state"] = state
        context.store.put(ORDER, number, known)
        context.notify(known["sent"].get("notify_url"), "HIRE_POWER_BANK.RECEIVE_INSURANCE", known["order"])
        order: dict[str, Any] = known["order"]
        return order


@routes.on(*(f"POST {PRE_SIGN}/{kind}" for kind in ("app", "h5", "jsapi", "mini-program")))
def pre_sign(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    sent = dict(call.body)
    code = str(sent["out_contract_code"])
    known = context.store.get(CONTRACT, code)
    if known is not None and known["contract"]["contract_state"] == "SIGNED":
        raise Refusal(400, "INVALID_REQUEST", f"the contract {code} is signed already")
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
    save(
        context,
        {
            "contract": contract,
            "policy_periods": sent.get("policy_periods") or [],
            "notify_url": sent.get("contract_notify_url"),
        },
    )
    context.schedule("sign_contract", code, when="sign")
    return context.respond(call, {})


def save(context: SandboxContext, entry: dict[str, Any]) -> None:
    """Write a contract down."""
    contract = entry["contract"]
    context.store.put(CONTRACT, contract["out_contract_code"], entry, contract["contract_id"], day=context.day())


def sign(context: SandboxContext, number: str) -> dict[str, Any]:
    """
    The user signs a contract; the merchant is notified.

    Raises:
        LookupError: Unknown contract.
        ValueError: It is signed or ended already.
    """
    return moved(context, number, "UNSIGNED", "SIGNED", "INSURANCE_ENTRUST.SIGN", contract_signed_time=context.stamp())


def terminate(context: SandboxContext, number: str, mode: str = "USER_TERMINATE", remark: str = "") -> dict[str, Any]:
    """
    A contract ends; the merchant is notified.

    Raises:
        LookupError: Unknown contract.
        ValueError: It is not in force.
    """
    ended = {
        "contract_termination_mode": mode,
        "contract_terminated_time": context.stamp(),
        "contract_termination_remark": remark,
    }
    return moved(context, number, "SIGNED", "TERMINATED", "INSURANCE_ENTRUST.TERMINATE", contract_terminate_info=ended)


def moved(context: SandboxContext, number: str, before: str, after: str, event: str, **changes: Any) -> dict[str, Any]:
    """Return a contract brought from one state into another; the merchant is notified."""
    with context.change():
        entry = context.store.get(CONTRACT, number)
        if entry is None:
            raise LookupError(f"there is no contract {number}")
        contract: dict[str, Any] = entry["contract"]
        if contract["contract_state"] != before:
            raise ValueError(f"the contract {number} is {contract['contract_state']}, not {before}")
        contract |= {"contract_state": after, **changes}
        save(context, entry)
        content = {name: value for name, value in contract.items() if value is not None}
        context.notify(entry["notify_url"], event, content)
        return contract


def contract_of(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the contract that a path names, once it was signed."""
    number = str(call.variables.get("out_contract_code") or call.variables["contract_id"])
    entry = context.store.get(CONTRACT, number)
    if entry is None or entry["contract"]["contract_state"] == "UNSIGNED":
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"no contract {number} was signed")
    return entry


@routes.on(f"GET {SIGN}/contracts/{BY_CODE}")
def query_contract(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return a contract as it stands."""
    return context.respond(call, contract_of(context, call)["contract"])


@routes.on(f"POST {SIGN}/contracts/{BY_CODE}/terminate")
def terminate_contract(context: SandboxContext, call: Call) -> dict[str, Any]:
    """End a contract."""
    entry = contract_of(context, call)
    try:
        contract = terminate(
            context,
            entry["contract"]["out_contract_code"],
            "MCH_API_TERMINATE",
            str(call.body.get("contract_termination_remark") or ""),
        )
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
    return context.respond(call, contract)


@routes.on(f"GET {SIGN}/policy_periods/{BY_CODE}")
def query_periods(context: SandboxContext, call: Call) -> dict[str, Any]:
    """When money is taken."""
    entry = contract_of(context, call)
    return context.respond(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})


@routes.on(f"POST {SIGN}/policy-periods/plan-id/{{plan_id}}/contract-id/{{contract_id}}/modify")
def modify_periods(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Change when money is taken."""
    entry = contract_of(context, call)
    entry["policy_periods"] = call.body.get("policy_periods") or entry["policy_periods"]
    save(context, entry)
    return context.respond(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})
