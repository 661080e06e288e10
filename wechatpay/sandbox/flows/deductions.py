"""Deductions under a contract, v3 and v2: announced, applied for, taken or refused, reversed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import insurance, orders, orders_v2, payments
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.combined_orders import COMBINED, combined_facts, place_combined
from wechatpay.sandbox.flows.contracts import CONTRACTS, GLOBAL, PAY, PLATFORM, found, found_v2, signed_once
from wechatpay.sandbox.flows.objects import chosen, one_variable, refusing
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.http import Reply
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

NUMBER = "out-trade-no/{out_trade_no}"
REFUSED = "refused deduction"
PARKING = "parking service"
FAILURES = {
    "NOTENOUGH": "用户账号余额不足",
    "ACCOUNTERROR": "用户账户状态异常",
    "BANKERROR": "银行系统异常",
    "RULELIMIT": "超过扣款限额",
    "USER_ACCOUNT_ABNORMAL": "用户账号注销",
    "CONTRACT_NOT_EXIST": "签约协议不存在",
}
"""Why a deduction fails: https://pay.weixin.qq.com/doc/v2/merchant/4011987377."""
NOTICES = tuple(f"POST v3/{whose}papay/contracts/{{contract_id}}" for whose in ("", "partner-"))
DAYTIME = range(7, 22)
"""The hours of Beijing in which users are told of a deduction: https://pay.weixin.qq.com/doc/v2/merchant/4011987402."""
WAITING = timedelta(days=2)
DURATION = 7
"""The day of the notice and the next, then so many days in which money can be taken: the same page."""


@routes.action(
    "refuse_deduction", "使该签约（含保险）的下一次扣款失败：订单变为 PAYERROR，商户收到通知。", code=FAILURES
)
def refuse(context: SandboxContext, number: str, code: str = "NOTENOUGH") -> dict[str, Any]:
    """Let the next deduction under a contract, of insurance too, fail: its order ends as PAYERROR, and is notified."""
    with context.change():
        insured, parking = insurance.CONTRACTS.get(context, number), context.store.get(PARKING, number)
        if parking is None:
            contract = insured["contract"] if insured else CONTRACTS.entry(context, number)
            if not insured:
                CONTRACTS.in_state(contract, "SIGNED")
            number = contract["contract_id"]
        refusal = {"contract_id": number, "code": code}
        context.store.put(REFUSED, number, refusal)
        return refusal


def refused(context: SandboxContext, contract_id: str) -> str | None:
    """Return why the deduction of a contract that is made now fails; None: it does not."""
    found = context.store.get(REFUSED, contract_id)
    context.store.delete(REFUSED, contract_id)
    return found["code"] if found else None


def take(context: SandboxContext, number: str) -> dict[str, Any]:
    """Take the money of a deduction's order, or fail to; the merchant is notified. Return the order."""
    order = orders.ORDERS.entry(context, number)
    contract_id = str(order["sent"].get("contract_id"))
    code = refused(context, contract_id)
    if code is None:
        (order,) = payments.pay(context, number)
        fulfilled(context, contract_id, order)
        return order
    payments.fail(context, number)
    order, reason = orders.ORDERS.entry(context, number), FAILURES[code]
    if order["family"] == "v2":
        content = {**orders_v2.facts_v2(context, order), "contract_id": contract_id, "trade_type": "PAP"}
        content |= {"result_code": "FAIL", "err_code": code, "err_code_des": reason}
        content |= {"openid": order["openid"], "trade_state": "PAY_FAIL", "trade_state_desc": None}
        context.notify(order["notify_url"], "pap-transaction-processed", content, "v2")
    else:
        content = {**orders.notified(orders.facts(context, order)), "trade_state_desc": reason}
        context.notify(order["notify_url"], "TRANSACTION.FAIL", content)
    return order


def fulfilled(context: SandboxContext, contract_id: str, order: dict[str, Any]) -> None:
    """Write down that the money of an announced period was taken: once."""
    contract = CONTRACTS.get(context, contract_id)
    if contract is not None and contract["schedule"]:
        contract["schedule"] |= {
            "schedule_state": "PAID",
            "deduct_amount": {"total": order["total"], "currency": order["currency"]},
            "deduct_date": context.day(),
        }
        CONTRACTS.save(context, contract)


def in_period(context: SandboxContext, contract: dict[str, Any], number: str, total: int) -> None:
    """
    Refuse a deduction that is not the announced one: of another amount, out of its days, or the second of its period.

    https://pay.weixin.qq.com/doc/v3/partner/4012468579, https://pay.weixin.qq.com/doc/v2/merchant/4011987402
    """
    announced = contract["schedule"]
    if announced is None or orders.ORDERS.get(context, number) is not None:
        return
    if announced["schedule_state"] == "PAID":
        raise Refusal(400, "INVALID_REQUEST", "该扣费周期内已扣款成功")
    if not announced["deduct_start_date"] <= context.day() <= announced["deduct_end_date"]:
        raise Refusal(400, "INVALID_REQUEST", "当前不在可扣费期内")
    limit = announced["scheduled_amount"]["total"]
    if total > limit or (contract.get("exact") and total != limit):
        raise Refusal(400, "INVALID_REQUEST", f"扣款金额与预约扣费金额不符: 扣款 {total} 分，预约 {limit} 分")


def in_force(context: SandboxContext, number: Any, asking: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contract of a deduction; one that is not in force is refused."""
    contract = signed_once(context, number, asking)
    with refusing():
        CONTRACTS.in_state(contract, "SIGNED")
    return contract


def deduction(
    context: SandboxContext, contract: dict[str, Any], sent: dict[str, Any], family: str, parties: dict[str, Any]
) -> dict[str, Any]:
    """Return the order of a deduction, which no user has to pay."""
    amount = sent["amount"]
    order = orders.place(
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
    return untried(order, 403)


def untried(order: dict[str, Any], status: int) -> dict[str, Any]:
    """Return the order of a deduction; one that failed is refused: it is tried again under another number."""
    if order["state"] == "PAYERROR":
        raise Refusal(status, "OUT_TRADE_NO_USED", "商户订单号重复: 该订单扣款失败，请更换商户订单号")
    return order


def whose(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parties of a deduction: a merchant, or a service provider for one."""
    if "sub_mchid" in sent:
        return {"sp_mchid": context.account.mchid, **chosen(sent, "sp_appid", "sub_mchid", "sub_appid")}
    return {"mchid": context.account.mchid, **chosen(sent, "appid")}


@routes.on(*(f"POST {PAY}/{kind}transactions/apply" for kind in ("", "partner/", "harmony/")))
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Deduct money; it is taken after the answer, and notified."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"], sent)
    family = "partner" if "sub_mchid" in sent else "direct"
    in_period(context, contract, str(sent["out_trade_no"]), fen(sent["amount"]["total"], "/amount/total"))
    order = deduction(context, contract, sent, family, whose(context, sent))
    context.schedule(take, order["out_trade_no"])
    return context.respond(call, {"out_trade_no": order["out_trade_no"], "amount": sent["amount"]})


@routes.on(
    f"POST {PAY}/schedules/contract-id/{{contract_id}}/schedule",
    f"POST {PAY}/partner/schedules/contract-id/{{contract_id}}/schedule",
)
def schedule(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Announce the amount of a deduction."""
    contract = in_force(context, call.variables["contract_id"], call.body)
    contract["schedule"] = {
        "schedule_state": "SCHEDULED",
        "deduct_start_date": context.day(),
        "deduct_end_date": (context.now() + timedelta(days=7)).date().isoformat(),
        "scheduled_amount": call.body["schedule_amount"],
    }
    contract["exact"] = True
    CONTRACTS.save(context, contract)
    return context.respond(call, contract["schedule"])


@routes.on(*(f"{path}/notify" for path in NOTICES))
def announce(context: SandboxContext, call: ReceivedCall) -> None:
    """Tell the user of a deduction: at daytime, and two days before."""
    contract = in_force(context, call.variables["contract_id"], call.body)
    if context.now().hour not in DAYTIME:
        raise Refusal(400, "INVALID_REQUEST", "只能在北京时间每天7:00~22:00下发预扣费通知")
    first = context.now() + WAITING
    days = int((call.body.get("deduct_duration") or {}).get("count") or DURATION)
    amount = call.body["estimated_amount"]
    contract["schedule"] = {
        "schedule_state": "SCHEDULED",
        "deduct_start_date": first.date().isoformat(),
        "deduct_end_date": (first + timedelta(days=days - 1)).date().isoformat(),
        "scheduled_amount": {"total": amount["amount"], "currency": amount.get("currency") or "CNY"},
    }
    contract["exact"] = False
    CONTRACTS.save(context, contract)


@routes.on(*(f"{path}/fail-notify" for path in NOTICES))
def announce_again(context: SandboxContext, call: ReceivedCall) -> None:
    """Tell the user that a deduction failed and is tried again; it was announced, and is not taken yet."""
    contract = in_force(context, call.variables["contract_id"], call.body)
    if not contract["schedule"] or contract["schedule"]["schedule_state"] != "SCHEDULED":
        raise Refusal(400, "INVALID_REQUEST", "没有待重试的扣费")


@routes.on(
    f"GET {PAY}/schedules/contract-id/{{contract_id}}", f"GET {PAY}/partner/schedules/contract-id/{{contract_id}}"
)
def query_schedule(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the announced deduction."""
    return context.respond(call, found(context, call)["schedule"] or {"schedule_state": "NO_SCHEDULED"})


@routes.on(f"POST {GLOBAL}/transactions")
def deduct_abroad(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | Reply:
    """Deduct money abroad, at once."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"], sent)
    order = deduction(context, contract, sent, "global", whose(context, sent))
    if take(context, order["out_trade_no"])["state"] == "PAYERROR":
        return not_enough()
    return response_abroad(context, call, order["out_trade_no"])


def not_enough() -> Reply:
    """Return the answer to a deduction that failed at once; its order is kept: nothing is raised."""
    return Refusal(403, "NOT_ENOUGH", "余额不足").reply()


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
def deduct_combined(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | Reply:
    """Deduct for several merchants at once."""
    sent = dict(call.body)
    contract = in_force(context, sent["contract_id"], sent)
    number = str(sent["combine_out_trade_no"])
    placed, known = {**sent, "combine_payer_info": {"openid": contract["openid"]}}, COMBINED.get(context, number)
    if known is not None:
        COMBINED.same(known, placed, number)
        if orders.find(context, known["orders"][0])["state"] == "PAYERROR":
            return not_enough()
    else:
        place_combined(context, placed, "AUTH")
        if refused(context, contract["contract_id"]):
            for each in COMBINED.find(context, number)["orders"]:
                payments.fail(context, each)
            return not_enough()
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
    number, total = str(call.body["out_trade_no"]), fen(call.body["total_fee"], "/total_fee")
    with orders_v2.codes_v2({}):
        in_period(context, contract, number, total)
    order = untried(orders_v2.placed_v2(context, call, "PAP", openid=contract["openid"]), 200)
    context.schedule(take, order["out_trade_no"])
    return context.respond(call, {})
