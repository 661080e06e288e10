"""Money to users: bills that the user confirms, batches, v2 transfers and red packets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import transfer_authorizations
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable, page, refusing
from wechatpay.sandbox.flows.orders_v2 import moment
from wechatpay.sandbox.flows.states import TRANSFER
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BATCHES", "BILLS", "confirm", "routes"]

routes = Routes()

BILLS = Objects(
    Words("transfer bill", "转账单"),
    "out_bill_no",
    "transfer_bill_no",
    inside="bill",
    states=TRANSFER,
    missing="NOT_FOUND",
)
BATCHES = Objects(Words("transfer batch", "转账批次"), "out_batch_no", "batch_id", missing="NOT_FOUND")
PAYMENTS = Objects(Words("v2 transfer", "v2 转账"), "number", missing="NOT_FOUND")
BASE = "v3/fund-app/mch-transfer/transfer-bills"
PARTNER = "v3/fund-app/mch-transfer/partner/transfer-bills"
MARKETPLACE = "v3/ecommerce/mch-transfer/transfer-bills"
BATCH_BASES = ("v3/transfer/batches", "v3/partner-transfer/batches")
QQ = "v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills"
WAITING = "WAIT_USER_CONFIRM"
OUTCOMES = ("SUCCESS", "FAIL", "CANCELLED")
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
    if authorised:
        number_of_it = sent.get("authorization_id") or sent.get("out_authorization_no")
        transfer_authorizations.allowed(context, number_of_it, sent.get("openid"))
    asked = sent.get("authorization_info")
    if asked:
        transfer_authorizations.ask(context, {"appid": sent.get("appid"), "openid": sent.get("openid"), **asked})
    bill = {
        "mch_id": context.account.mchid,
        "mchid": context.account.mchid,
        "out_bill_no": number,
        "transfer_bill_no": platform_number(context, "transfer", number),
        "appid": sent.get("appid"),
        "state": "PROCESSING" if authorised else WAITING,
        "transfer_amount": fen(sent.get("transfer_amount"), "/transfer_amount"),
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
    BILLS.save(context, entry)
    context.schedule("confirm_transfer", number, when="" if authorised else "confirm")
    return context.respond(call, {**bill, **(asked or {})})


@routes.action("confirm_transfer")
def confirm(context: SandboxContext, number: str, state: str = "SUCCESS", reason: str = "") -> dict[str, Any]:
    """
    Take the money as the user, or end the transfer as ``FAIL`` or ``CANCELLED``; the merchant is notified.

    ``reason`` is the ``fail_reason`` of ``FAIL``, by default ``MERCHANT_REJECT``.
    """
    if reason and state != "FAIL":
        raise ValueError(
            Words(f"a transfer that ends as {state} has no reason", f"转账单终态为 {state} 时没有失败原因")
        )
    if state not in OUTCOMES:
        raise ValueError(
            Words(
                f"a transfer ends as {', '.join(OUTCOMES)}, not as {state}",
                f"转账单的最终状态应为 {'、'.join(OUTCOMES)}，不能是 {state}",
            )
        )
    with context.change():
        expire(context, BILLS.entry(context, number))
        entry = ended(context, number, state, (reason or "MERCHANT_REJECT") if state == "FAIL" else None)
        asked = entry["sent"].get("authorization_info")
        if asked and state == "SUCCESS":
            transfer_authorizations.confirm(context, asked["out_authorization_no"])
        return entry


def ended(context: SandboxContext, number: str, state: str, reason: str | None) -> dict[str, Any]:
    """End a transfer, notify the merchant, and return its entry."""
    entry = BILLS.change(context, number, state, update_time=context.stamp(), fail_reason=reason)
    names = {each.name for each in webhook_payloads.event_of(entry["event"], "v3").resource} - {"user_name"}
    if "mch_id" in names:  # of a sub-merchant's transfer it is called mchid
        names -= {"mch_id" if entry["sent"].get("sub_mchid") else "mchid"}
    content = {name: value for name, value in entry["bill"].items() if name in names}
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


@routes.on(*(f"POST {base}" for base in BATCH_BASES))
def batch(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Transfer to many at once."""
    sent = dict(call.body)
    number = str(sent["out_batch_no"])
    known = BATCHES.repeated(context, number, sent)
    if known is None:
        total = sum_of(sent, sent.get("transfer_detail_list") or [])
        known = {
            "sent": sent,
            "create_time": context.stamp(),
            "batch_id": platform_number(context, "batch", number),
            "out_batch_no": number,
            "total": total,
        }
        BATCHES.save(context, known)
        context.schedule(finish, number)
    return context.respond(call, {**known, "batch_status": "ACCEPTED"})


def sum_of(sent: dict[str, Any], details: list[dict[str, Any]]) -> int:
    """Return the sum of a batch in fen; one that its totals do not fit, or that names a transfer twice, is refused."""
    total = sum(
        fen(each.get("transfer_amount"), f"/transfer_detail_list/{index}/transfer_amount")
        for index, each in enumerate(details)
    )
    if int(sent.get("total_amount", total)) != total:
        raise Refusal.of_field("body", "/total_amount", f"the transfers are {total}", value=sent["total_amount"])
    if int(sent.get("total_num", len(details))) != len(details):
        raise Refusal.of_field("body", "/total_num", f"there are {len(details)} transfers", value=sent["total_num"])
    numbers = [each.get("out_detail_no") for each in details]
    twice = next((each for each in numbers if numbers.count(each) > 1), None)
    if twice is not None:
        raise Refusal.of_field(
            "body", "/transfer_detail_list", "the number of a transfer stands here twice", value=twice
        )
    return total


def finish(context: SandboxContext, number: str) -> None:
    """All transfers of a batch are done; the merchant is notified."""
    with context.change():
        entry = BATCHES.entry(context, number)
        content = {
            "out_batch_no": number,
            "batch_id": entry["batch_id"],
            **totals(entry),
            "update_time": context.stamp(),
        }
        context.notify(entry["sent"].get("notify_url"), "MCHTRANSFER.BATCH.FINISHED", content)


def totals(entry: dict[str, Any]) -> dict[str, Any]:
    """Return how many transfers a finished batch has, and their amount."""
    count = len(entry["sent"].get("transfer_detail_list") or [])
    return {
        "batch_status": "FINISHED",
        "total_num": count,
        "total_amount": entry["total"],
        "success_num": count,
        "success_amount": entry["total"],
        "fail_num": 0,
        "fail_amount": 0,
    }


def detail(context: SandboxContext, entry: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """Return one transfer of a batch."""
    sent = entry["sent"]
    return {
        "mchid": context.account.mchid,
        "out_batch_no": entry["out_batch_no"],
        "batch_id": entry["batch_id"],
        "appid": sent.get("appid"),
        "out_detail_no": one["out_detail_no"],
        "detail_id": platform_number(context, "batch detail", entry["out_batch_no"], one["out_detail_no"]),
        "detail_status": "SUCCESS",
        "transfer_amount": one.get("transfer_amount"),
        "transfer_remark": one.get("transfer_remark"),
        "openid": one.get("openid"),
        "user_name": one.get("user_name"),
        "initiate_time": entry["create_time"],
        "update_time": entry["create_time"],
    }


@routes.on(
    *(f"GET {base}/{by}" for base in BATCH_BASES for by in ("batch-id/{batch_id}", "out-batch-no/{out_batch_no}"))
)
def query_batch(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a batch as it stands, with its transfers when asked for."""
    entry = BATCHES.find(context, one_variable(call))
    sent = entry["sent"]
    details = [detail(context, entry, one) for one in sent.get("transfer_detail_list") or []]
    shown, offset, limit = page(call, details, 20)
    asked = str(call.query.get("need_query_detail")).lower() == "true"
    told = {
        "mchid": context.account.mchid,
        "sp_mchid": context.account.mchid,
        **chosen(sent, "appid", "sp_appid", "sub_appid", "sub_mchid", "authorization_type", "batch_name"),
        **chosen(sent, "batch_remark", "transfer_purpose", "transfer_scene"),
        "out_batch_no": entry["out_batch_no"],
        "batch_id": entry["batch_id"],
        "batch_type": "API",
        "create_time": entry["create_time"],
        "update_time": entry["create_time"],
        **totals(entry),
    }
    return context.respond(
        call,
        {
            **told,
            "transfer_batch": told,
            "transfer_detail_list": [chosen(one, "detail_id", "out_detail_no", "detail_status") for one in shown]
            if asked
            else None,
            "offset": offset,
            "limit": limit,
        },
    )


@routes.on(
    *(
        f"GET {base}/{by}"
        for base in BATCH_BASES
        for by in (
            "batch-id/{batch_id}/details/detail-id/{detail_id}",
            "out-batch-no/{out_batch_no}/details/out-detail-no/{out_detail_no}",
        )
    ),
)
def query_detail(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return one transfer of a batch as it stands."""
    number, wanted = call.variables.values()
    entry = BATCHES.find(context, number)
    for one in entry["sent"].get("transfer_detail_list") or []:
        result = detail(context, entry, one)
        if wanted in (result["detail_id"], result["out_detail_no"]):
            return context.respond(call, result)
    raise Refusal(404, "NOT_FOUND", f"the batch has no transfer {wanted}")


# v2


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
        fen(sent.get(name), f"/{name}")
        payment = digits(28, "payment", number)
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
