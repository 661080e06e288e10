"""Insurance: orders of shared power banks, and contracts that renew themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

routes = Routes()

ORDER = "insurance order"
CONTRACT = "insurance contract"
SIGN = "v3/papay/insurance-sign"
PRE_SIGN = f"{SIGN}/contracts/pre-entrust-sign"
BY_CODE = "plan-id/{plan_id}/out-contract-code/{out_contract_code}"


@routes.on("POST v3/hire-power-bank/insurance-orders")
def create_order(platform: Platform, call: Call) -> dict[str, Any]:
    """Create an order; the same number with other parameters is refused."""
    sent = dict(call.body)
    number = str(sent["out_order_no"])
    known = platform.ledger.get(ORDER, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"the order {number} exists with other parameters")
        return platform.answer(call, known["order"])
    now = platform.now()
    order = {
        "order_id": digits(28, platform.account.mchid, number),
        "out_order_no": number,
        "openid": sent.get("openid", ""),
        "max_claim_count": 1,
        "claimed_count": 0,
        "order_receive_time": now.isoformat(timespec="seconds"),
        "order_begin_time": now.isoformat(timespec="seconds"),
        "order_end_time": (now + timedelta(days=1)).isoformat(timespec="seconds"),
        "order_receive_state": "RECEIVED",
    }
    platform.ledger.put(ORDER, number, {"sent": sent, "order": order}, day=platform.day())
    return platform.answer(call, order)


@routes.on("GET v3/hire-power-bank/insurance-orders/{out_order_no}")
def query_order(platform: Platform, call: Call) -> dict[str, Any]:
    """The order as it stands."""
    number = call["out_order_no"]
    known = platform.ledger.get(ORDER, number)
    if known is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no insurance order {number}")
    return platform.answer(call, known["order"])


def change_order(platform: Platform, number: str, state: str) -> dict[str, Any]:
    """
    The state of an insurance order changes; the merchant is notified.

    Args:
        platform: The platform.
        number: ``out_order_no``.
        state: The new ``order_receive_state``; the official page names no values.

    Raises:
        LookupError: There is no such order.
    """
    with platform.change():
        known = platform.ledger.entry(ORDER, number)
        known["order"]["order_receive_state"] = state
        platform.ledger.put(ORDER, number, known)
        platform.notify(known["sent"].get("notify_url"), "HIRE_POWER_BANK.RECEIVE_INSURANCE", known["order"])
        order: dict[str, Any] = known["order"]
        return order


@routes.on(*(f"POST {PRE_SIGN}/{kind}" for kind in ("app", "h5", "jsapi", "mini-program")))
def pre_sign(platform: Platform, call: Call) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    sent = dict(call.body)
    code = str(sent["out_contract_code"])
    known = platform.ledger.get(CONTRACT, code)
    if known is not None and known["contract"]["contract_state"] == "SIGNED":
        raise Refusal(400, "INVALID_REQUEST", f"the contract {code} is signed already")
    contract = {
        "mchid": platform.account.mchid,
        "contract_id": digits(18, platform.account.mchid, code),
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
        platform,
        {
            "contract": contract,
            "policy_periods": sent.get("policy_periods") or [],
            "notify_url": sent.get("contract_notify_url"),
        },
    )
    platform.later_signed(code)
    return platform.answer(call, {})


def save(platform: Platform, entry: dict[str, Any]) -> None:
    """Write a contract down."""
    contract = entry["contract"]
    platform.ledger.put(CONTRACT, contract["out_contract_code"], entry, contract["contract_id"], day=platform.day())


def sign(platform: Platform, number: str) -> dict[str, Any]:
    """
    The user signs a contract; the merchant is notified.

    Raises:
        LookupError: There is no such contract.
        ValueError: It is signed or ended already.
    """
    return moved(
        platform, number, "UNSIGNED", "SIGNED", "INSURANCE_ENTRUST.SIGN", contract_signed_time=platform.stamp()
    )


def terminate(platform: Platform, number: str, mode: str = "USER_TERMINATE", remark: str = "") -> dict[str, Any]:
    """
    A contract ends; the merchant is notified.

    Raises:
        LookupError: There is no such contract.
        ValueError: It is not in force.
    """
    ended = {
        "contract_termination_mode": mode,
        "contract_terminated_time": platform.stamp(),
        "contract_termination_remark": remark,
    }
    return moved(platform, number, "SIGNED", "TERMINATED", "INSURANCE_ENTRUST.TERMINATE", contract_terminate_info=ended)


def moved(platform: Platform, number: str, before: str, after: str, event: str, **changes: Any) -> dict[str, Any]:
    """A contract brought from one state into another; the merchant is notified."""
    with platform.change():
        entry = platform.ledger.get(CONTRACT, number)
        if entry is None:
            raise LookupError(f"there is no contract {number}")
        contract: dict[str, Any] = entry["contract"]
        if contract["contract_state"] != before:
            raise ValueError(f"the contract {number} is {contract['contract_state']}, not {before}")
        contract |= {"contract_state": after, **changes}
        save(platform, entry)
        content = {name: value for name, value in contract.items() if value is not None}
        platform.notify(entry["notify_url"], event, content)
        return contract


def contract_of(platform: Platform, call: Call) -> dict[str, Any]:
    """The contract that a path names, once it was signed."""
    number = str(call.variables.get("out_contract_code") or call.variables["contract_id"])
    entry = platform.ledger.get(CONTRACT, number)
    if entry is None or entry["contract"]["contract_state"] == "UNSIGNED":
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"no contract {number} was signed")
    return entry


@routes.on(f"GET {SIGN}/contracts/{BY_CODE}")
def query_contract(platform: Platform, call: Call) -> dict[str, Any]:
    """A contract as it stands."""
    return platform.answer(call, contract_of(platform, call)["contract"])


@routes.on(f"POST {SIGN}/contracts/{BY_CODE}/terminate")
def terminate_contract(platform: Platform, call: Call) -> dict[str, Any]:
    """End a contract."""
    entry = contract_of(platform, call)
    try:
        contract = terminate(
            platform,
            entry["contract"]["out_contract_code"],
            "MCH_API_TERMINATE",
            str(call.body.get("contract_termination_remark") or ""),
        )
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
    return platform.answer(call, contract)


@routes.on(f"GET {SIGN}/policy_periods/{BY_CODE}")
def query_periods(platform: Platform, call: Call) -> dict[str, Any]:
    """When money is taken."""
    entry = contract_of(platform, call)
    return platform.answer(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})


@routes.on(f"POST {SIGN}/policy-periods/plan-id/{{plan_id}}/contract-id/{{contract_id}}/modify")
def modify_periods(platform: Platform, call: Call) -> dict[str, Any]:
    """Change when money is taken."""
    entry = contract_of(platform, call)
    entry["policy_periods"] = call.body.get("policy_periods") or entry["policy_periods"]
    save(platform, entry)
    return platform.answer(call, {**entry["contract"], "policy_periods": entry["policy_periods"]})
