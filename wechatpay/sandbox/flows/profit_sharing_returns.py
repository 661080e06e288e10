"""Profit sharing: parts that their receivers give back."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import accounts, frozen_money, orders
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.endings import reason_of
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects
from wechatpay.sandbox.flows.profit_sharing import MOST, NOT_YET, SPLITS, notify
from wechatpay.sandbox.flows.profit_sharing_receivers import BASES
from wechatpay.sandbox.flows.states_sharing import RETURN
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["RETURNS", "finish", "place", "returned_of", "routes", "told"]

routes = Routes()

RETURNS = Objects(
    Words("profit sharing return", "分账回退"), "out_return_no", "return_id", state="result", states=RETURN
)
RETURNABLE = timedelta(days=180)
"""https://pay.weixin.qq.com/doc/v3/partner/4012467097, which has the other limits, too."""
ANSWER = "GET v3/profitsharing/return-orders/{out_return_no}"
REASONS = partial(choices, ANSWER, "fail_reason")
ENDS = ("SUCCESS", "FAILED")
POOR = "BALANCE_NOT_ENOUGH"


def part_to_return(split: dict[str, Any], account: str) -> dict[str, Any]:
    """Return the part of a merchant who received one; another's is refused."""
    for part in split["receivers"]:
        if (part["account"], part["type"]) == (account, "MERCHANT_ID") and not part["rest"]:
            found: dict[str, Any] = part
            return found
    raise Refusal(400, "INVALID_REQUEST", "回退方不存在")


def check(context: SandboxContext, split: dict[str, Any], part: dict[str, Any], amount: int) -> None:
    """Refuse to take back what was not paid, more than that, too late or too often."""
    if split["state"] != "FINISHED" or part["result"] != "SUCCESS":
        said = "仅支持对分账单状态为FINISHED、分账结果result为SUCCESS的分账单执行回退操作"
        raise Refusal(400, "INVALID_REQUEST", said)
    if datetime.fromisoformat(part["finish_time"]) + RETURNABLE < context.now():
        raise Refusal(400, "INVALID_REQUEST", "分账回退的时限是180天")
    if amount > part["amount"] - part["returned"]:
        raise Refusal(403, "NOT_ENOUGH", "剩余可回退的金额不足")
    if split["returns"] >= MOST:
        raise Refusal(400, "INVALID_REQUEST", f"对同一笔分账单最多能发起{MOST}次分账回退请求")


def place(
    context: SandboxContext, call: ReceivedCall, sent: dict[str, Any], account: str, amount: int
) -> dict[str, Any]:
    """
    Return a new return, or the one there is if it has the same parameters.

    A receiver with too little money lets it fail; where the answer has no reason for that, the request is refused.
    """
    orders.unfreeze_due(context)
    split = SPLITS.find(context, sent.get("out_order_no") or sent.get("order_id"))
    number = str(sent["out_return_no"])
    known = RETURNS.repeated(context, number, sent)
    if known is not None:
        return known
    part = part_to_return(split, account)
    check(context, split, part, amount)
    poor = accounts.balance(context, "BASIC", frozen_money.owner_of(context, account)).available < amount
    if poor and POOR not in choices(call.operation.key, "fail_reason"):
        raise Refusal(403, "NOT_ENOUGH", "可用余额不足，请充值后重新发起")
    known = {
        "sent": sent,
        "sub_mchid": split["sub_mchid"],
        "transaction_id": split["transaction_id"],
        "order_id": split["order_id"],
        "out_order_no": split["out_order_no"],
        "out_return_no": number,
        "return_id": platform_number(context, "split", "return", number, context.stamp()),
        "return_mchid": account,
        "amount": amount,
        "description": sent.get("description"),
        "result": "PROCESSING",
        "fail_reason": None,
        "create_time": context.stamp(),
        "finish_time": NOT_YET,
    }
    part["returned"] += amount
    split["returns"] += 1
    SPLITS.save(context, split)
    RETURNS.save(context, known)
    if poor or "finish" in context.automatic:
        known = finish(context, number)
    return known


@routes.action(
    "finish_return",
    "结束分账回退：成功并通知商户，或失败；接收方余额不足时以 BALANCE_NOT_ENOUGH 失败。",
    result=ENDS,
    reason=REASONS,
)
def finish(context: SandboxContext, number: str, result: str = "SUCCESS", reason: str = "") -> dict[str, Any]:
    """
    End the return of a part as ``SUCCESS``, of which the merchant is notified, or as ``FAILED``; a receiver that has too
    little money ends it as ``FAILED`` for ``BALANCE_NOT_ENOUGH``.
    """
    told = reason_of(RETURNS.kind, result, reason, ENDS[1:], REASONS())
    with context.change():
        orders.unfreeze_due(context)
        known = RETURNS.entry(context, number)
        number = known["out_return_no"]
        split = SPLITS.entry(context, known["out_order_no"])
        payer = frozen_money.owner_of(context, known["return_mchid"])
        if result == "SUCCESS" and accounts.balance(context, "BASIC", payer).available < known["amount"]:
            result, told = "FAILED", POOR
        RETURNS.move(known, result, finish_time=context.stamp(), fail_reason=told)
        RETURNS.save(context, known)
        part = part_to_return(split, known["return_mchid"])
        if result == "FAILED":
            part["returned"] -= known["amount"]
            SPLITS.save(context, split)
            return known
        order = orders.ORDERS.entry(context, split["transaction_id"])
        moved = {"name": RETURN.transitions[result].books, "number": known["return_id"], "voucher": number}
        accounts.book(context, accounts.Entry(amount=-known["amount"], **moved), owner=payer)
        owner = frozen_money.of_order(context, order)
        accounts.book(context, accounts.Entry(amount=known["amount"], **moved), owner=owner)
        given = {**known, "type": "MERCHANT_ID", "account": known["return_mchid"]}
        numbers = {"order_id": known["return_id"], "out_order_no": number}
        notify(context, RETURN.transitions[result].notifies, split, given, numbers)
        return known


def told(call: ReceivedCall, known: dict[str, Any]) -> dict[str, Any]:
    """Return a return with the names that the operation's answer has; that of brands says FAIL for FAILED."""
    result = known["result"]
    if result == "FAILED" and "FAIL" in choices(call.operation.key, "result"):
        result = "FAIL"
    return {
        **known,
        "sent": None,
        "result": result,
        "return_no": known["return_id"],
        "return_account": known["return_mchid"],
        "return_amount": known["amount"],
    }


@routes.on("POST v3/profitsharing/return-orders", *(f"POST {base}/returnorders" for base in BASES[1:]))
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a receiver's part back."""
    sent = dict(call.body)
    known = place(context, call, sent, str(sent.get("return_mchid")), fen(sent.get("amount"), "/amount"))
    return context.respond(call, told(call, known))


def returned_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the return that a query names, of the split that it names."""
    known = RETURNS.find(context, call["out_return_no"])
    if str(call.get("out_order_no", known["out_order_no"])) != known["out_order_no"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "记录不存在")
    return known


@routes.on("GET v3/profitsharing/return-orders/{out_return_no}", *(f"GET {base}/returnorders" for base in BASES[1:]))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a return as it stands."""
    return context.respond(call, told(call, returned_of(context, call)))
