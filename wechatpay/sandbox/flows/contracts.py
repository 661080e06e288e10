"""Contracts for deductions, and the deductions: at home, for platforms, abroad, and by v2."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

from wechatpay.sandbox import notices
from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import insurance, orders
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.messages import Reply
    from wechatpay.sandbox.platform import Platform

__all__ = ["CONTRACT", "routes", "sign", "terminate"]

routes = Routes()

CONTRACT = "contract"
LIFETIME = timedelta(days=10 * 365)

SIGN = "v3/papay/sign"
SCHEDULED = "v3/papay/scheduled-deduct-sign"
PAY = "v3/papay/pay"
PLATFORM = "v3/ecommerce/combine-papay"
GLOBAL = "v3/global/papay"
BY_CODE = "plan-id/{plan_id}/out-contract-code/{out_contract_code}"
NUMBER = "out-trade-no/{out_trade_no}"


@frozen
class Family:
    """
    One kind of contract.

    Args:
        path: How the paths of its operations begin.
        notify_url: The field of a request that says where the contract is notified.
        signed: The event of a signed contract.
        ended: The event of an ended one.
        version: ``v3`` or ``v2``.
    """

    path: str
    notify_url: str
    signed: str
    ended: str
    version: str = "v3"


FAMILIES = (
    Family(PLATFORM, "notify_url", "ECOMMERCE_ENTRUST.SIGN", "ECOMMERCE_ENTRUST.TERMINATE"),
    Family(GLOBAL, "success_notify_url", "PAPAY.SIGN", "PAPAY.TERMINATE"),
    Family("v3/", "contract_notify_url", "ENTRUST.SIGN", "ENTRUST.TERMINATE"),
    Family("v2/", "notify_url", "pap-contract-state-changed", "pap-contract-state-changed", "v2"),
)
MODES_V2 = {"USER_TERMINATE": 2, "MCH_API_TERMINATE": 3}


def family_of(path: str) -> Family:
    """The kind of contract that an operation is about."""
    return next(family for family in FAMILIES if path.startswith(family.path))


def prepare(platform: Platform, path: str, code: str, sent: Mapping[str, Any], url: Any) -> dict[str, Any]:
    """A contract for the user to sign; one that is signed already is refused."""
    known = platform.ledger.get(CONTRACT, code)
    if known is not None and known["state"] == "SIGNED":
        raise Refusal(400, "INVALID_REQUEST", f"the contract {code} is signed already")
    contract = {
        "code": code,
        "contract_id": digits(18, "contract", platform.account.mchid, code),
        "path": path,
        "sent": dict(sent),
        "openid": orders.openid(sent, code),
        "state": "UNSIGNED",
        "signed_time": None,
        "expired_time": None,
        "ended": None,
        "schedule": None,
        "notify_url": url,
    }
    save(platform, contract)
    return contract


def save(platform: Platform, contract: dict[str, Any]) -> None:
    """Write a contract down."""
    platform.ledger.put(CONTRACT, contract["code"], contract, contract["contract_id"], day=platform.day())


def sign(platform: Platform, number: str) -> dict[str, Any]:
    """
    The user signs a contract, of insurance too; the merchant is notified.

    Raises:
        LookupError: There is no such contract.
        ValueError: It is signed or ended already.
    """
    with platform.change():
        contract = platform.ledger.get(CONTRACT, number)
        if contract is None:
            return insurance.sign(platform, number)
        in_state(contract, "UNSIGNED")
        contract["state"] = "SIGNED"
        contract["signed_time"] = platform.stamp()
        contract["expired_time"] = (platform.now() + LIFETIME).isoformat(timespec="seconds")
        save(platform, contract)
        return notify(platform, contract)


def terminate(platform: Platform, number: str, mode: str = "USER_TERMINATE", remark: str = "") -> dict[str, Any]:
    """
    A contract ends, of insurance too; the merchant is notified.

    Raises:
        LookupError: There is no such contract.
        ValueError: It is not in force.
    """
    with platform.change():
        contract = platform.ledger.get(CONTRACT, number)
        if contract is None:
            return insurance.terminate(platform, number, mode, remark)
        in_state(contract, "SIGNED")
        contract["state"] = "TERMINATED"
        contract["ended"] = {
            "contract_termination_mode": mode,
            "contract_terminated_time": platform.stamp(),
            "contract_termination_remark": remark,
        }
        save(platform, contract)
        return notify(platform, contract)


def in_state(contract: dict[str, Any], state: str) -> None:
    """ValueError for a contract in another state."""
    if contract["state"] != state:
        raise ValueError(f"the contract {contract['code']} is {contract['state']}, not {state}")


def notify(platform: Platform, contract: dict[str, Any]) -> dict[str, Any]:
    """Tell the merchant that a contract was signed, or has ended; what it says."""
    family = family_of(contract["path"])
    name = family.ended if contract["ended"] else family.signed
    event = notices.event_of(name, family.version)
    told = facts(platform, contract) if family.version == "v3" else facts_v2(platform, contract)
    names = {each.name for each in (event.resource if family.version == "v3" else event.fields)}
    content = {member: value for member, value in told.items() if member in names and value is not None}
    platform.notify(contract["notify_url"], name, content, family.version)
    return content


def facts(platform: Platform, contract: dict[str, Any]) -> dict[str, Any]:
    """A contract as v3 tells it, under all the names that operations and events have; None leaves a field out."""
    sent, ended = contract["sent"], contract["ended"]
    estimated = sent.get("deduct_schedule")
    schedule = contract["schedule"] or {"schedule_state": "NO_SCHEDULED"}
    return {
        "mchid": platform.account.mchid,
        "sp_mchid": platform.account.mchid,
        **orders.chosen(sent, "appid", "sp_appid", "sub_mchid", "sub_appid", "sub_openid", "out_user_code", "attach"),
        "contract_id": contract["contract_id"],
        "plan_id": sent.get("plan_id"),
        "out_contract_code": contract["code"],
        "contract_display_account": sent.get("contract_display_account"),
        "user_display_name": sent.get("user_display_name"),
        "contract_state": contract["state"],
        "state": contract["state"],
        "contract_signed_time": contract["signed_time"],
        "signed_time": contract["signed_time"],
        "contract_expired_time": contract["expired_time"],
        "operate_time": ended["contract_terminated_time"] if ended else contract["signed_time"],
        "contract_terminate_info": ended,
        "contract_termination_mode": ended["contract_termination_mode"] if ended else None,
        "terminated_time": ended["contract_terminated_time"] if ended else None,
        "termination_mode": ended["contract_termination_mode"] if ended else None,
        "termination_note": ended["contract_termination_remark"] if ended else None,
        "openid": contract["openid"],
        "sp_openid": contract["openid"],
        "deduct_schedule": {**estimated, **schedule} if estimated else None,
    }


def facts_v2(platform: Platform, contract: dict[str, Any]) -> dict[str, Any]:
    """A contract as v2 tells it, under all the names that operations and the event have."""
    sent, ended = contract["sent"], contract["ended"] or {}
    mode = ended.get("contract_termination_mode")
    signed, terminated = time_v2(contract["signed_time"]), time_v2(ended.get("contract_terminated_time"))
    return {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        **orders.chosen(sent, "appid", "sub_appid", "sub_mch_id", "request_serial", "contract_display_account"),
        "mch_id": platform.account.mchid,
        "contract_id": contract["contract_id"],
        "plan_id": sent.get("plan_id"),
        "contract_code": contract["code"],
        "contract_state": 1 if ended else 0,
        "change_type": "DELETE" if ended else "ADD",
        "operate_time": terminated or signed,
        "contract_signed_time": signed,
        "contract_expired_time": time_v2(contract["expired_time"]),
        "contract_terminated_time": terminated,
        "contract_termination_mode": MODES_V2[mode] if mode else None,
        "contract_termination_remark": ended.get("contract_termination_remark"),
        "openid": contract["openid"],
    }


def time_v2(stamp: str | None) -> str | None:
    """A time as the contracts of v2 write it."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%d %H:%M:%S") if stamp else None


def signed_once(platform: Platform, number: Any) -> dict[str, Any]:
    """The contract of this code or id, if it was ever signed; LookupError otherwise."""
    contract = platform.ledger.get(CONTRACT, str(number))
    if contract is None or contract["state"] == "UNSIGNED":
        raise LookupError(f"no contract {number} was signed")
    return contract


def found(platform: Platform, call: Call) -> dict[str, Any]:
    """The contract that a v3 path names."""
    try:
        return signed_once(
            platform, call.variables["out_contract_code" if "out_contract_code" in call.variables else "contract_id"]
        )
    except LookupError as error:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", str(error.args[0])) from None


# signing


@routes.on(
    f"POST {SIGN}/contracts/pre-entrust-sign",
    *(
        f"POST {SCHEDULED}/{whose}contracts/pre-entrust-sign/{kind}"
        for whose in ("", "partner/")
        for kind in ("app", "h5", "jsapi", "mini-program")
    ),
    f"POST {PLATFORM}/contracts/pre-entrust-sign",
    f"POST {PLATFORM}/contracts/pre-entrust-sign/mini-program",
    *(f"POST {GLOBAL}/contracts/{kind}-pre-entrust-sign" for kind in ("app", "h5", "jsapi", "miniprogram", "web")),
)
def pre_sign(platform: Platform, call: Call) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    path, sent = call.operation.path, dict(call.body)
    contract = prepare(platform, path, str(sent["out_contract_code"]), sent, sent.get(family_of(path).notify_url))
    platform.later_signed(contract["code"])
    return platform.answer(call, {**facts(platform, contract), **doors(platform, contract)})


def doors(platform: Platform, contract: dict[str, Any]) -> dict[str, Any]:
    """Where each front end signs."""
    token = letters(32, "sign", contract["code"])
    link = f"https://payapp.weixin.qq.com/papay/entrust?session={token}"
    return {
        "pre_entrustweb_id": token,
        "session_id": token,
        "redirect_url": link,
        "sign_url": link,
        "show_code_url": link,
    }


@routes.on(
    f"GET {SIGN}/contracts/{BY_CODE}",
    f"GET {SIGN}/contracts/harmony-{BY_CODE}",
    f"GET {SIGN}/partner/contracts/{BY_CODE}",
    f"GET {PLATFORM}/contracts/{BY_CODE}",
    f"GET {GLOBAL}/contracts/out-contract-code/{{out_contract_code}}",
    f"GET {GLOBAL}/contracts/{{contract_id}}",
)
def query(platform: Platform, call: Call) -> dict[str, Any]:
    """A contract as it stands."""
    return platform.answer(call, facts(platform, found(platform, call)))


@routes.on(
    f"POST {SIGN}/contracts/{BY_CODE}/terminate",
    f"POST {SIGN}/partner/contracts/{BY_CODE}/terminate",
    f"POST {PLATFORM}/contracts/{BY_CODE}/terminate",
    f"POST {GLOBAL}/contracts/{{contract_id}}/terminate",
)
def end(platform: Platform, call: Call) -> dict[str, Any] | None:
    """End a contract."""
    code = found(platform, call)["code"]
    remark = call.body.get("contract_termination_remark") or call.body.get("termination_note") or ""
    try:
        terminate(platform, code, "MCH_API_TERMINATE", str(remark))
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
    if call.operation.answer == "empty":
        return None
    return platform.answer(call, facts(platform, found(platform, call)))


# deductions


def in_force(platform: Platform, number: Any) -> dict[str, Any]:
    """The contract of a deduction; one that is not in force is refused."""
    try:
        contract = signed_once(platform, number)
        in_state(contract, "SIGNED")
    except LookupError as error:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", str(error.args[0])) from None
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
    return contract


def deduction(
    platform: Platform, contract: dict[str, Any], sent: dict[str, Any], family: str, parties: dict[str, Any]
) -> dict[str, Any]:
    """The order of a deduction, which no user has to pay."""
    amount = sent["amount"]
    return orders.place(
        platform,
        {
            **sent,
            "notify_url": sent.get("transaction_notify_url") or sent.get("notify_url"),
            "openid": contract["openid"],
        },
        number=str(sent["out_trade_no"]),
        family=family,
        trade_type="AUTH",
        total=fen(amount["total"], "/amount/total"),
        currency=str(amount.get("currency") or "CNY"),
        expire=None,
        parties=parties,
    )


def whose(platform: Platform, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Who deducts: a merchant, or a service provider for one."""
    if "sub_mchid" in sent:
        return {"sp_mchid": platform.account.mchid, **orders.chosen(sent, "sp_appid", "sub_mchid", "sub_appid")}
    return {"mchid": platform.account.mchid, **orders.chosen(sent, "appid")}


@routes.on(f"POST {PAY}/transactions/apply", f"POST {PAY}/partner/transactions/apply")
def apply(platform: Platform, call: Call) -> dict[str, Any]:
    """Deduct money; it is taken after the answer, and notified."""
    sent = dict(call.body)
    contract = in_force(platform, sent["contract_id"])
    family = "partner" if "sub_mchid" in sent else "direct"
    order = deduction(platform, contract, sent, family, whose(platform, sent))
    if contract["schedule"]:
        contract["schedule"] |= {
            "schedule_state": "PAID",
            "deduct_amount": {"total": order["total"], "currency": order["currency"]},
            "deduct_date": platform.day(),
        }
        save(platform, contract)
    platform.later_deducted(order["out_trade_no"])
    return platform.answer(call, {"out_trade_no": order["out_trade_no"], "amount": sent["amount"]})


@routes.on(
    f"POST {PAY}/schedules/contract-id/{{contract_id}}/schedule",
    f"POST {PAY}/partner/schedules/contract-id/{{contract_id}}/schedule",
)
def schedule(platform: Platform, call: Call) -> dict[str, Any]:
    """Say in advance how much will be deducted."""
    contract = in_force(platform, call.variables["contract_id"])
    contract["schedule"] = {
        "schedule_state": "SCHEDULED",
        "deduct_start_date": platform.day(),
        "deduct_end_date": (platform.now() + timedelta(days=7)).date().isoformat(),
        "scheduled_amount": call.body["schedule_amount"],
    }
    save(platform, contract)
    return platform.answer(call, contract["schedule"])


@routes.on(
    f"GET {PAY}/schedules/contract-id/{{contract_id}}", f"GET {PAY}/partner/schedules/contract-id/{{contract_id}}"
)
def query_schedule(platform: Platform, call: Call) -> dict[str, Any]:
    """What will be deducted."""
    return platform.answer(call, found(platform, call)["schedule"] or {"schedule_state": "NO_SCHEDULED"})


@routes.on(f"POST {GLOBAL}/transactions")
def deduct_abroad(platform: Platform, call: Call) -> dict[str, Any]:
    """Deduct money abroad, at once."""
    sent = dict(call.body)
    contract = in_force(platform, sent["contract_id"])
    order = deduction(platform, contract, sent, "global", whose(platform, sent))
    orders.pay(platform, order["out_trade_no"])
    return told_abroad(platform, call, order["out_trade_no"])


@routes.on(f"GET {GLOBAL}/transactions/{NUMBER}", f"GET {GLOBAL}/transactions/{{transaction_id}}")
def query_abroad(platform: Platform, call: Call) -> dict[str, Any]:
    """A deduction abroad as it stands."""
    return told_abroad(platform, call, next(iter(call.variables.values())))


def told_abroad(platform: Platform, call: Call, number: str) -> dict[str, Any]:
    """A deduction abroad as it is told."""
    order = orders.find(platform, number)
    return platform.answer(
        call, {**orders.facts(platform, order), "transaction_id": order["transaction_id"], "payer": orders.payer(order)}
    )


@routes.on(f"POST {GLOBAL}/transactions/{NUMBER}/reverse")
def reverse_abroad(platform: Platform, call: Call) -> None:
    """Take a deduction back."""
    orders.reverse(platform, call.variables["out_trade_no"])


@routes.on(f"POST {PLATFORM}/transactions")
def deduct_combined(platform: Platform, call: Call) -> dict[str, Any]:
    """Deduct for several merchants at once."""
    sent = dict(call.body)
    contract = in_force(platform, sent["contract_id"])
    number = str(sent["combine_out_trade_no"])
    known = platform.ledger.get(orders.COMBINED, number)
    if known is None:
        orders.place_combined(platform, {**sent, "combine_payer_info": {"openid": contract["openid"]}}, "AUTH")
        orders.pay(platform, number)
    return platform.answer(call, orders.combined_facts(platform, orders.find_combined(platform, number)))


@routes.on(f"POST {PLATFORM}/transactions/{{combine_out_trade_no}}/reverse")
def reverse_combined(platform: Platform, call: Call) -> None:
    """Take the deductions for several merchants back."""
    for number in orders.find_combined(platform, call.variables["combine_out_trade_no"])["orders"]:
        orders.reverse(platform, number)


# v2


@routes.on(
    *(
        f"{verb} v2/papay/{whose}{kind}"
        for whose in ("", "partner/")
        for verb, kind in (("GET", "entrustweb"), ("GET", "h5entrustweb"), ("POST", "preentrustweb"))
    )
)
def pre_sign_v2(platform: Platform, call: Call) -> dict[str, Any] | Reply:
    """Prepare a contract by v2."""
    sent = dict(call.body)
    contract = prepare(platform, call.operation.path, str(sent["contract_code"]), sent, sent.get("notify_url"))
    platform.later_signed(contract["code"])
    if call.operation.answer == "redirect":
        made: Reply = platform.made_up(call)
        return made
    names = {"return_msg": "OK", "result_msg": "OK", "err_code": None, "err_code_des": None}
    return platform.answer(call, {**facts_v2(platform, contract), **doors(platform, contract), **names})


def found_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """The contract that a v2 request names."""
    try:
        return signed_once(platform, call.body.get("contract_id") or call.body.get("contract_code"))
    except LookupError as error:
        raise Refusal(200, "CONTRACT_NOT_EXIST", str(error.args[0])) from None


@routes.on("POST v2/papay/querycontract", "POST v2/papay/partner/querycontract")
def query_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """A contract as it stands, v2."""
    return platform.answer(call, {**orders.common_v2(call), **facts_v2(platform, found_v2(platform, call))})


@routes.on("POST v2/papay/deletecontract", "POST v2/papay/partner/deletecontract")
def end_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """End a contract, v2."""
    code = found_v2(platform, call)["code"]
    try:
        terminate(platform, code, "MCH_API_TERMINATE", str(call.body.get("contract_termination_remark") or ""))
    except ValueError as error:
        raise Refusal(200, "INVALID_REQUEST", str(error)) from None
    return platform.answer(call, {**orders.common_v2(call), **facts_v2(platform, found_v2(platform, call))})


@routes.on("POST v2/pay/pappayapply", "POST v2/pay/partner/pappayapply")
def apply_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Deduct money by v2; it is taken after the answer, and notified."""
    contract = found_v2(platform, call)
    if contract["state"] != "SIGNED":
        raise Refusal(200, "INVALID_REQUEST", f"the contract {contract['code']} is {contract['state']}, not SIGNED")
    order = orders.placed_v2(platform, call, "PAP", openid=contract["openid"])
    platform.later_deducted(order["out_trade_no"])
    return platform.answer(call, orders.common_v2(call))


def signed_while_paying(platform: Platform, order: dict[str, Any]) -> None:
    """An order that brings a contract with it: who pays it signs that too."""
    sent = order["sent"]
    wanted = sent.get("contract_info") or sent
    if wanted.get("contract_code"):
        path = "v2/pay/contractorder" if order["family"] == "v2" else "v3/pay/transactions"
        told = {**orders.chosen(sent, "appid", "openid", "payer"), **wanted, "openid": order["openid"]}
        code = str(wanted["contract_code"])
        prepare(platform, path, code, told, wanted.get("contract_notify_url"))
        sign(platform, code)


orders.PAID.append(signed_while_paying)
