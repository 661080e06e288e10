"""Contracts for deductions, v3 and v2: signed, queried, terminated."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import insurance, orders
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.orders_v2 import moment
from wechatpay.sandbox.flows.states import CONTRACT
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.http import Reply
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

CONTRACTS = Objects(Words("contract", "委托代扣签约"), "code", "contract_id", states=CONTRACT)
LIFETIME = timedelta(days=10 * 365)
SIGN = "v3/papay/sign"
SCHEDULED = "v3/papay/scheduled-deduct-sign"
PAY = "v3/papay/pay"
PLATFORM = "v3/ecommerce/combine-papay"
GLOBAL = "v3/global/papay"
EDUCATION = "v3/edu-papay"
BY_CODE = "plan-id/{plan_id}/out-contract-code/{out_contract_code}"


@frozen
class Family:
    """One kind of contract: where its paths begin, its request's field for the URL, and its two events."""

    path: str
    notify_url: str
    signed: str
    ended: str
    version: str = "v3"


FAMILIES = (
    Family(PLATFORM, "notify_url", "ECOMMERCE_ENTRUST.SIGN", "ECOMMERCE_ENTRUST.TERMINATE"),
    Family(GLOBAL, "success_notify_url", "PAPAY.SIGN", "PAPAY.TERMINATE"),
    Family(EDUCATION, "notify_url", "ENTRUST.SIGNING", "ENTRUST.RELEASE"),
    Family("v3/", "contract_notify_url", "ENTRUST.SIGN", "ENTRUST.TERMINATE"),
    Family("v2/", "notify_url", "pap-contract-state-changed", "pap-contract-state-changed", "v2"),
)
SUB = ("sub_mchid", "sub_mch_id")
MODES = partial(
    choices, f"GET v3/papay/insurance-sign/contracts/{BY_CODE}", "contract_terminate_info", "contract_termination_mode"
)
MODES_V2 = {"USER_TERMINATE": 2, "MCH_API_TERMINATE": 3}


def family_of(path: str) -> Family:
    """Return the kind of contract that an operation is about."""
    return next(family for family in FAMILIES if path.startswith(family.path))


def prepare(context: SandboxContext, path: str, code: str, sent: Mapping[str, Any], url: Any) -> dict[str, Any]:
    """Return a contract for the user to sign; one that is signed already is refused."""
    known = CONTRACTS.get(context, code)
    if known is not None and known["state"] == "SIGNED":
        raise Refusal(400, "INVALID_REQUEST", f"该协议已签约: {code}")
    contract = {
        "code": code,
        "contract_id": digits(18, "contract", context.account.mchid, code),
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
    CONTRACTS.save(context, contract)
    return contract


def is_of_insurance(context: SandboxContext, number: str) -> bool:
    """Return whether a number is that of an insurance contract."""
    return CONTRACTS.get(context, number) is None and insurance.CONTRACTS.get(context, number) is not None


@routes.action("sign_contract", "用户签约委托代扣（含保险）；商户收到通知。")
def sign(context: SandboxContext, number: str) -> dict[str, Any]:
    """Sign a contract, of insurance too, as the user; the merchant is notified."""
    with context.change():
        if is_of_insurance(context, number):
            return insurance.sign(context, number)
        changes = {
            "signed_time": context.stamp(),
            "expired_time": (context.now() + LIFETIME).isoformat(timespec="seconds"),
        }
        return notify(context, CONTRACTS.change(context, number, "sign", **changes))


@routes.action("terminate_contract", "解除委托代扣（含保险）的签约；商户收到通知。", mode=MODES)
def terminate(context: SandboxContext, number: str, mode: str = "USER_TERMINATE", remark: str = "") -> dict[str, Any]:
    """End a contract, of insurance too; the merchant is notified."""
    with context.change():
        if is_of_insurance(context, number):
            return insurance.terminate(context, number, mode, remark)
        ended = {
            "contract_termination_mode": mode,
            "contract_terminated_time": context.stamp(),
            "contract_termination_remark": remark,
        }
        return notify(context, CONTRACTS.change(context, number, "terminate", ended=ended))


def notify(context: SandboxContext, contract: dict[str, Any]) -> dict[str, Any]:
    """Notify the merchant that a contract was signed or has ended, and return the content."""
    family = family_of(contract["path"])
    name = family.ended if contract["ended"] else family.signed
    event = webhook_payloads.event_of(name, family.version)
    result = facts(context, contract) if family.version == "v3" else facts_v2(context, contract)
    names = {each.name for each in (event.resource if family.version == "v3" else event.fields)}
    content = {member: value for member, value in result.items() if member in names and value is not None}
    context.notify(contract["notify_url"], name, content, family.version)
    return content


def facts(context: SandboxContext, contract: dict[str, Any]) -> dict[str, Any]:
    """A contract as v3 tells it, under all the names that operations and events have; None leaves a field out."""
    sent, ended = contract["sent"], contract["ended"] or {}
    terminated, mode = ended.get("contract_terminated_time"), ended.get("contract_termination_mode")
    estimated = sent.get("deduct_schedule")
    schedule = contract["schedule"] or {"schedule_state": "NO_SCHEDULED"}
    return {
        "mchid": context.account.mchid,
        "sp_mchid": context.account.mchid,
        **chosen(sent, "appid", "sp_appid", "sub_mchid", "sub_appid", "sub_openid", "out_user_code", "attach"),
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
        "operate_time": terminated or contract["signed_time"],
        "contract_terminate_info": contract["ended"],
        "contract_termination_mode": mode,
        "terminated_time": terminated,
        "termination_mode": mode,
        "termination_note": ended.get("contract_termination_remark"),
        "openid": contract["openid"],
        "sp_openid": contract["openid"],
        "deduct_schedule": {**estimated, **schedule} if estimated else None,
        "contract_information": {
            "contract_id": contract["contract_id"],
            "contract_status": "DELETE" if ended else "ADD",
            "create_time": contract["signed_time"],
        },
    }


def facts_v2(context: SandboxContext, contract: dict[str, Any]) -> dict[str, Any]:
    """Return a contract as v2 tells it, under all the names that operations and the event have."""
    sent, ended = contract["sent"], contract["ended"] or {}
    mode = ended.get("contract_termination_mode")
    times = (contract["signed_time"], contract["expired_time"], ended.get("contract_terminated_time"))
    signed, expired, terminated = (moment(time) or None for time in times)
    return {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        **chosen(sent, "appid", "sub_appid", "sub_mch_id", "request_serial", "contract_display_account"),
        "mch_id": context.account.mchid,
        "contract_id": contract["contract_id"],
        "plan_id": sent.get("plan_id"),
        "contract_code": contract["code"],
        "contract_state": 1 if ended else 0,
        "change_type": "DELETE" if ended else "ADD",
        "operate_time": terminated or signed,
        "contract_signed_time": signed,
        "contract_expired_time": expired,
        "contract_terminated_time": terminated,
        "contract_termination_mode": MODES_V2[mode] if mode else None,
        "contract_termination_remark": ended.get("contract_termination_remark"),
        "openid": contract["openid"],
    }


def signed_once(
    context: SandboxContext, number: Any, asking: Mapping[str, Any], missing: str = "RESOURCE_NOT_EXISTS"
) -> dict[str, Any]:
    """Return the contract of this code or id; one that was never signed, or of another sub-merchant, is refused."""
    contract = CONTRACTS.get(context, str(number))
    sub_merchants = {
        str(sent[name]) for sent in (asking, contract["sent"] if contract else {}) for name in SUB if sent.get(name)
    }
    if contract is None or contract["state"] == "UNSIGNED" or len(sub_merchants) > 1:
        raise Refusal(404, missing, f"签约协议不存在: {number}")
    return contract


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the contract that a v3 path names."""
    number = call.variables.get("out_contract_code") or call.variables["contract_id"]
    return signed_once(context, number, {**call.query, **call.body})


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
def pre_sign(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    path, sent = call.operation.path, dict(call.body)
    contract = prepare(context, path, str(sent["out_contract_code"]), sent, sent.get(family_of(path).notify_url))
    context.schedule("sign_contract", contract["code"], when="sign")
    return context.respond(call, {**facts(context, contract), **doors(context, contract)})


def doors(context: SandboxContext, contract: dict[str, Any]) -> dict[str, Any]:
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
    f"GET {EDUCATION}/contracts/id/{{contract_id}}",
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a contract as it stands."""
    return context.respond(call, facts(context, found(context, call)))


@routes.on(
    f"POST {SIGN}/contracts/{BY_CODE}/terminate",
    f"POST {SIGN}/partner/contracts/{BY_CODE}/terminate",
    f"POST {PLATFORM}/contracts/{BY_CODE}/terminate",
    f"POST {GLOBAL}/contracts/{{contract_id}}/terminate",
    f"DELETE {EDUCATION}/contracts/{{contract_id}}",
)
def end(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """End a contract."""
    code = found(context, call)["code"]
    remark = call.body.get("contract_termination_remark") or call.body.get("termination_note") or ""
    with refusing():
        terminate(context, code, "MCH_API_TERMINATE", str(remark))
    if call.operation.answer == "empty":
        return None
    return context.respond(call, facts(context, found(context, call)))


@routes.on(
    *(
        f"{verb} v2/papay/{whose}{kind}"
        for whose in ("", "partner/")
        for verb, kind in (("GET", "entrustweb"), ("GET", "h5entrustweb"), ("POST", "preentrustweb"))
    )
)
def pre_sign_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | Reply:
    """Prepare a contract by v2."""
    sent = dict(call.body)
    contract = prepare(context, call.operation.path, str(sent["contract_code"]), sent, sent.get("notify_url"))
    context.schedule("sign_contract", contract["code"], when="sign")
    if call.operation.answer == "redirect":
        made: Reply = context.catalogue_response(call)
        return made
    names = {"return_msg": "OK", "result_msg": "OK"}
    return context.respond(call, {**facts_v2(context, contract), **doors(context, contract), **names})


def found_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the contract that a v2 request names."""
    number = call.body.get("contract_id") or call.body.get("contract_code")
    return signed_once(context, number, call.body, "CONTRACT_NOT_EXIST")


@routes.on("POST v2/papay/querycontract", "POST v2/papay/partner/querycontract")
def query_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a contract as it stands, v2."""
    return context.respond(call, facts_v2(context, found_v2(context, call)))


@routes.on("POST v2/papay/deletecontract", "POST v2/papay/partner/deletecontract")
def end_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End a contract, v2."""
    code = found_v2(context, call)["code"]
    with refusing():
        terminate(context, code, "MCH_API_TERMINATE", str(call.body.get("contract_termination_remark") or ""))
    return query_v2(context, call)


@orders.on_paid
def signed_while_paying(context: SandboxContext, order: dict[str, Any]) -> None:
    """An order that brings a contract with it: who pays it signs that too."""
    sent = order["sent"]
    wanted = sent.get("contract_info") or sent
    if wanted.get("contract_code"):
        path = "v2/pay/contractorder" if order["family"] == "v2" else "v3/pay/transactions"
        result = {**chosen(sent, "appid", "openid", "payer"), **wanted, "openid": order["openid"]}
        code = str(wanted["contract_code"])
        prepare(context, path, code, result, wanted.get("contract_notify_url"))
        sign(context, code)
