"""Money to users: bills that the user confirms, v2 transfers and red packets."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import accounts, transfer_authorizations
from wechatpay.sandbox.flows.accounts import Entry
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.endings import reason_of
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable, refusing
from wechatpay.sandbox.flows.orders_v2 import moment
from wechatpay.sandbox.flows.states import TRANSFER
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BILLS", "PAYMENTS", "confirm", "routes"]

routes = Routes()

BILLS = Objects(
    Words("transfer bill", "转账单"),
    "out_bill_no",
    "transfer_bill_no",
    inside="bill",
    states=TRANSFER,
    missing="NOT_FOUND",
)
PAYMENTS = Objects(Words("v2 transfer", "v2 转账"), "number", missing="NOT_FOUND")
BASE = "v3/fund-app/mch-transfer/transfer-bills"
PARTNER = "v3/fund-app/mch-transfer/partner/transfer-bills"
MARKETPLACE = "v3/ecommerce/mch-transfer/transfer-bills"
QQ = "v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills"
WAITING = "WAIT_USER_CONFIRM"
REASONS = partial(choices, "MCHTRANSFER.BILL.FINISHED", "fail_reason")
OUTCOMES = ("SUCCESS", "FAIL", "CANCELLED")
REJECTED = "MERCHANT_REJECT"
REFUSED = "refused transfer"
CONFIRMED_WITHIN = timedelta(days=1)
"""How long a transfer waits for its user: https://pay.weixin.qq.com/doc/v3/merchant/4012715191."""


@routes.on(
    *(
        f"POST {base}{tail}"
        for base in (BASE, PARTNER)
        for tail in ("", "/transfer", "/pre-transfer-with-authorization")
    ),
    f"POST {QQ}",
    f"POST {MARKETPLACE}",
)
def transfer(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Start a transfer; the user confirms it, unless authorised before."""
    sent = dict(call.body)
    number = str(sent["out_bill_no"])
    known = BILLS.repeated(context, number, sent)
    if known is not None:
        return context.respond(call, told(context, known))
    authorised = call.operation.path.endswith("/transfer")
    refusal = None
    if authorised:
        number_of_it = sent.get("authorization_id") or sent.get("out_authorization_no")
        authorization = transfer_authorizations.allowed(context, number_of_it, sent.get("openid"))
        refusal = refused(context, authorization["out_authorization_no"])
    asked = sent.get("authorization_info")
    if asked:
        transfer_authorizations.ask(context, {"appid": sent.get("appid"), "openid": sent.get("openid"), **asked})
    amount = fen(sent.get("transfer_amount"), "/transfer_amount")
    transfer_bill_no = platform_number(context, "transfer", number)
    bill = {
        "mch_id": context.account.mchid,
        "mchid": context.account.mchid,
        "out_bill_no": number,
        "transfer_bill_no": transfer_bill_no,
        "appid": sent.get("appid"),
        **chosen(sent, "sub_mchid", "transfer_scene_id"),
        "state": "PROCESSING" if authorised else WAITING,
        "transfer_amount": amount,
        "transfer_remark": sent.get("transfer_remark"),
        "openid": sent.get("openid"),
        "user_qq": sent.get("user_qq"),
        "user_name": sent.get("user_name"),
        "create_time": context.stamp(),
        "update_time": context.stamp(),
        "fail_reason": None,
        "package_info": None if authorised else letters(64, "package", number),
    }
    event = "MCHTRANSFER.QQWALLETBILL.FINISHED" if call.operation.path == QQ else "MCHTRANSFER.BILL.FINISHED"
    expires = None if authorised else context.clock() + CONFIRMED_WITHIN.total_seconds()
    entry = {"sent": sent, "bill": bill, "notify_url": sent.get("notify_url"), "event": event, "expires": expires}
    pay_out(context, "transfer", amount, transfer_bill_no, number)
    BILLS.save(context, entry)
    if refusal:
        context.schedule(partial(confirm, state="FAIL", reason=refusal), number)
    else:
        context.schedule("confirm_transfer", number, when="" if authorised else "confirm")
    return context.respond(call, {**bill, **(asked or {})})


def pay_out(
    context: SandboxContext, books: str, amount: int, number: str, voucher: str, refusal: Refusal | None = None
) -> None:
    """Take money for users from the operation account, which is refused if it has too little."""
    accounts.require(context, amount, "OPERATION", refusal=refusal or Refusal(403, "NOT_ENOUGH", "资金不足"))
    accounts.book(context, Entry.of(books, -amount, number, voucher), "OPERATION")


@routes.action("confirm_transfer", "用户收款，或将转账结束为失败或撤销；商户收到通知。", state=OUTCOMES, reason=REASONS)
def confirm(context: SandboxContext, number: str, state: str = "SUCCESS", reason: str = "") -> dict[str, Any]:
    """Take the money as the user, or end the transfer as ``FAIL`` or ``CANCELLED``; the merchant is notified."""
    why = reason_of(BILLS.kind, state, reason, ("FAIL",), (REJECTED,))
    with context.change():
        expire(context, BILLS.entry(context, number))
        entry = ended(context, number, state, why)
        asked = entry["sent"].get("authorization_info")
        if asked and state == "SUCCESS":
            transfer_authorizations.confirm(context, asked["out_authorization_no"])
        return entry


@routes.action("refuse_transfer", "使该授权下的下一次转账失败：转账单变为 FAIL，商户收到通知。", reason=REASONS)
def refuse(context: SandboxContext, number: str, reason: str = "PAYEE_ACCOUNT_ABNORMAL") -> dict[str, Any]:
    """Let the next transfer under an authorization, which no user confirms, fail: it ends as FAIL, and is notified."""
    with context.change():
        authorization = transfer_authorizations.in_force(context, number)
        refusal = {"out_authorization_no": authorization["out_authorization_no"], "reason": reason}
        context.store.put(REFUSED, refusal["out_authorization_no"], refusal)
        return refusal


def refused(context: SandboxContext, number: str) -> str | None:
    """Return why the transfer under an authorization that is made now fails; None: it does not."""
    found = context.store.get(REFUSED, number)
    context.store.delete(REFUSED, number)
    return found["reason"] if found else None


def ended(context: SandboxContext, number: str, state: str, reason: str | None) -> dict[str, Any]:
    """End a transfer, notify the merchant, and return its entry."""
    entry = BILLS.change(context, number, state, update_time=context.stamp(), fail_reason=reason)
    bill, books = entry["bill"], TRANSFER.transitions[state].books
    if books:
        back = Entry.of(books, bill["transfer_amount"], bill["transfer_bill_no"], bill["out_bill_no"], by="system")
        accounts.book(context, back, "OPERATION")
    names = {each.name for each in webhook_payloads.event_of(entry["event"], "v3").resource} - {"user_name"}
    if "mch_id" in names:  # of a sub-merchant's transfer it is called mchid
        names -= {"mch_id" if entry["sent"].get("sub_mchid") else "mchid"}
    content = {name: value for name, value in bill.items() if name in names}
    context.notify(entry["notify_url"], entry["event"], content)
    return entry


def expire(context: SandboxContext, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a transfer as it stands now: one that its user let lie for a day has failed."""
    bill = entry["bill"]
    if bill["state"] == WAITING and entry["expires"] <= context.clock():
        return ended(context, bill["out_bill_no"], "FAIL", "OVERDUE_CLOSE")
    return entry


def told(context: SandboxContext, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a transfer as the response of its request tells it: only one that waits has a page to confirm it."""
    bill: dict[str, Any] = expire(context, entry)["bill"]
    return bill if bill["state"] == WAITING else {**bill, "package_info": None}


@routes.on(
    *(f"GET {base}/out-bill-no/{{out_bill_no}}" for base in (BASE, PARTNER, MARKETPLACE)),
    *(f"GET {base}/transfer-bill-no/{{transfer_bill_no}}" for base in (BASE, MARKETPLACE)),
    f"GET {QQ}/{{out_bill_no}}",
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a bill as it stands."""
    entry = expire(context, BILLS.find(context, one_variable(call)))
    return context.respond(call, {**entry["bill"], "package_info": None})


@routes.on(
    *(f"POST {base}/out-bill-no/{{out_bill_no}}/cancel" for base in (BASE, PARTNER, MARKETPLACE)),
    f"POST {QQ}/{{out_bill_no}}/cancel",
)
def cancel(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a transfer back that the user has not confirmed."""
    number = call.variables["out_bill_no"]
    with refusing("NOT_FOUND"):
        expire(context, BILLS.entry(context, number))
        entry = BILLS.change(context, number, "cancel", update_time=context.stamp())
    answer = context.respond(call, entry["bill"])
    confirm(context, number, "CANCELLED")
    return answer


# v2

TOO_LITTLE = {"transfer": "您的付款帐号余额不足", "red packet": "帐号余额不足，请到商户平台充值后再重试"}


def number_of(call: ReceivedCall) -> str:
    """Return the merchant's number of a v2 transfer or red packet."""
    return str(call.body.get("partner_trade_no") or call.body.get("mch_billno"))


@routes.on(
    "POST v2/mmpaymkttransfers/promotion/transfers",
    "POST v2/mmpaymkttransfers/sendredpack",
    "POST v2/mmpaymkttransfers/sendgroupredpack",
    "POST v2/mmpaymkttransfers/sendminiprogramhb",
    "POST v2/mmpaysptrans/pay_bank",
)
def transfer_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Pay a user, v2."""
    number = number_of(call)
    sent = sent_v2(call)
    known = PAYMENTS.repeated(context, number, sent, "PARAM_ERROR")
    if known is None:
        name = "total_amount" if "total_amount" in sent else "amount"
        amount, payment = fen(sent.get(name), f"/{name}"), digits(28, "payment", number)
        books = "red packet" if "mch_billno" in sent else "transfer"
        pay_out(context, books, amount, payment, number, Refusal(200, "NOTENOUGH", TOO_LITTLE[books]))
        known = {"number": number, "sent": sent, "payment_no": payment, "time": context.stamp()}
        PAYMENTS.save(context, known)
    return context.respond(
        call,
        {
            **{name: value for name, value in sent.items() if not name.startswith("enc_")},
            "payment_no": known["payment_no"],
            "send_listid": known["payment_no"],
            "payment_time": moment(known["time"]),
            "cmms_amt": 0,
        },
    )


@routes.on(
    "POST v2/mmpaymkttransfers/gettransferinfo",
    "POST v2/mmpaymkttransfers/gethbinfo",
    "POST v2/mmpaysptrans/query_bank",
)
def query_transfer_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a transfer or red packet as it stands, v2."""
    number = number_of(call)
    known = PAYMENTS.find(context, number)
    sent, paid = known["sent"], moment(known["time"])
    amount = sent.get("amount") or sent.get("total_amount")
    return context.respond(
        call,
        {
            "partner_trade_no": number,
            "mch_billno": number,
            "detail_id": known["payment_no"],
            "payment_no": known["payment_no"],
            "status": "RECEIVED" if "total_amount" in sent else "SUCCESS",
            "openid": sent.get("openid") or sent.get("re_openid"),
            "payment_amount": amount,
            "total_amount": amount,
            "amount": amount,
            "transfer_time": paid,
            "payment_time": paid,
            "send_time": paid,
            "desc": sent.get("desc"),
        },
    )
