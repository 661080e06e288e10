"""Withdrawals to a bank account: of a marketplace's sub-merchants, and of the merchant itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import accounts, frozen_money
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import documented
from wechatpay.sandbox.flows.endings import reason_of
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable
from wechatpay.sandbox.flows.orders import unfreeze_due
from wechatpay.sandbox.flows.states_sharing import WITHDRAWAL
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

WITHDRAWALS = Objects(Words("withdrawal", "提现单"), "out_request_no", "withdraw_id", state="status", states=WITHDRAWAL)
BASES = ("v3/ecommerce/fund/withdraw", "v3/merchant/fund/withdraw")
BAD_ENDS = ("FAIL", "REFUND", "CLOSE")


@routes.on(*(f"POST {base}" for base in BASES))
def withdraw(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Accept a withdrawal, and hold its money; more than can be spent is refused."""
    sent = dict(call.body)
    number = str(sent["out_request_no"])
    known = WITHDRAWALS.repeated(context, number, sent)
    if known is None:
        amount = fen(sent.get("amount"), "/amount")
        account: accounts.AccountType = sent.get("account_type") or "BASIC"
        owner = frozen_money.owner_of(context, sent.get("sub_mchid"))
        unfreeze_due(context)
        too_little = Refusal(403, "NOT_ENOUGH", "可用余额不足，请充值后重新发起")
        accounts.require(context, amount, account, owner, refusal=too_little)
        accounts.hold(context, amount, account, owner)
        known = {
            "sent": sent,
            **chosen(sent, "sub_mchid", "remark", "bank_memo"),
            "out_request_no": number,
            "withdraw_id": digits(28, "withdrawal", number, context.stamp()),
            "status": "CREATE_SUCCESS",
            "reason": None,
            "amount": amount,
            "account_type": account,
            "owner": owner,
            "create_time": context.stamp(),
            "update_time": context.stamp(),
        }
        WITHDRAWALS.save(context, known)
        context.schedule("finish_withdrawal", number, when="finish")
    return context.respond(call, facts(context, known))


def facts(context: SandboxContext, known: dict[str, Any]) -> dict[str, Any]:
    """Return a withdrawal under all the names that its members have; of the bank's account the last digits only."""
    return {
        **known,
        "sent": None,
        "mchid": context.account.mchid,
        "sp_mchid": context.account.mchid,
        "account_bank": "工商银行",
        "account_number": f"*{digits(4, 'bank account', known['owner'] or context.account.mchid)}",
    }


@routes.action(
    "finish_withdrawal", "结束提现：成功、失败、关闭，或成功后被银行退票；商户收到通知。", status=("SUCCESS", *BAD_ENDS)
)
def finish(context: SandboxContext, number: str, status: str = "SUCCESS", reason: str = "") -> dict[str, Any]:
    """
    End a withdrawal as ``SUCCESS``, ``FAIL``, ``CLOSE``, or as ``REFUND`` after ``SUCCESS``: the bank sends it back. The
    merchant is notified.
    """
    why = reason_of(WITHDRAWALS.kind, status, reason, BAD_ENDS)
    with context.change():
        known = WITHDRAWALS.entry(context, number)
        number = known["out_request_no"]
        WITHDRAWALS.move(known, status, update_time=context.stamp(), reason=why or "银行卡信息有误")
        if status == "SUCCESS":
            known["reason"] = None
        if status != "REFUND":
            accounts.release(context, known["amount"], known["account_type"], known["owner"])
        change = WITHDRAWAL.transitions[status]
        if change.books:
            amount = known["amount"] if status == "REFUND" else -known["amount"]
            entry = accounts.Entry(amount=amount, name=change.books, number=known["withdraw_id"], voucher=number)
            accounts.book(context, entry, known["account_type"], known["owner"])
        WITHDRAWALS.save(context, known)
        fields = webhook_payloads.event_of(change.notifies, "v3").resource
        url = known["sent"].get("notify_url") or context.notify_url
        context.notify(url, change.notifies, documented(fields, facts(context, known)))
        return known


@routes.on(
    *(f"GET {base}/out-request-no/{{out_request_no}}" for base in BASES),
    f"GET {BASES[0]}/{{withdraw_id}}",
    f"GET {BASES[1]}/withdraw-id/{{withdraw_id}}",
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a withdrawal as it stands, to the merchant number that it is of."""
    known = WITHDRAWALS.find(context, one_variable(call))
    if frozen_money.owner_of(context, call.query.get("sub_mchid")) != known["owner"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "记录不存在")
    return context.respond(call, facts(context, known))
