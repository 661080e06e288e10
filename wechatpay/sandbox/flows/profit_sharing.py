"""Profit sharing: splits of a paid order, what is left of it, returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.orders_v2 import time_v2
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["SPLITS", "routes"]

routes = Routes()

SPLITS = Objects(Words("profit sharing order", "分账单"), "out_order_no", "order_id")
RETURNS = Objects(Words("profit sharing return", "分账回退"), "out_return_no")
RECEIVER = "profit sharing receiver"
BASES = ("v3/profitsharing", "v3/brand/profitsharing", "v3/ecommerce/profitsharing")


def paid_order(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return the order with this number of the platform's, if it is paid."""
    order = orders.ORDERS.find(context, number, "RESOURCE_NOT_EXISTS")
    if order["success_time"] is None:
        raise Refusal(400, "INVALID_REQUEST", f"the transaction {number} is not paid")
    return order


def left(context: SandboxContext, order: dict[str, Any]) -> int:
    """How much of an order can still be shared, in fen."""
    if order.get("unfrozen"):
        return 0
    gone = sum(
        receiver["amount"]
        for split in context.store.all(SPLITS.kind)
        if split["transaction_id"] == order["transaction_id"]
        for receiver in split["receivers"]
    )
    return max(int(order["total"] - order["refunded"] - gone), 0)


def unfreeze(context: SandboxContext, order: dict[str, Any]) -> None:
    """Release the rest of the money to the merchant."""
    order["unfrozen"] = True
    orders.ORDERS.save(context, order)


def tell(context: SandboxContext, call: ReceivedCall, split: dict[str, Any], state: str) -> dict[str, Any]:
    """Return a split as the platform tells it."""
    pending = {"result": "PENDING"} if state == "PROCESSING" else {}
    receivers = [{**each, **pending} for each in split["receivers"]]
    return context.respond(call, {**split, "receivers": receivers, "sent": None, "state": state, "status": state})


@routes.on(*(f"POST {base}/orders" for base in BASES))
def share(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Split an order."""
    sent = dict(call.body)
    whole = bool(sent.get("unfreeze_unsplit") or sent.get("finish"))
    return tell(context, call, place(context, sent, sent.get("receivers") or [], whole=whole), "PROCESSING")


def place(
    context: SandboxContext, sent: dict[str, Any], receivers: list[dict[str, Any]], *, whole: bool
) -> dict[str, Any]:
    """Return a new split, or the one there is if it has the same parameters; if it is the whole, the rest is freed."""
    number = str(sent["out_order_no"])
    known = SPLITS.repeated(context, number, sent)
    if known is not None:
        return known
    order = paid_order(context, str(sent["transaction_id"]))
    wanted = sum(fen(each["amount"], f"/receivers/{index}/amount") for index, each in enumerate(receivers))
    rest = left(context, order)
    if wanted > rest:
        raise Refusal(403, "NOT_ENOUGH", f"{wanted} is more than the {rest} that are left to share")
    split: dict[str, Any] = {
        "sent": sent,
        "sub_mchid": sent.get("sub_mchid") or sent.get("sub_mch_id"),
        "transaction_id": str(sent["transaction_id"]),
        "out_order_no": number,
        "order_id": platform_number(context, "split", number),
        "receivers": [shared(context, number, index, each) for index, each in enumerate(receivers)],
    }
    SPLITS.save(context, split)
    if whole:
        unfreeze(context, order)
    for receiver in split["receivers"]:
        notify(context, "PROFITSHARING.SUCCESS", split, receiver)
    return split


def notify(context: SandboxContext, name: str, split: dict[str, Any], moved: dict[str, Any]) -> None:
    """Notify the merchant that a part was paid or returned, at the URL of the console."""
    sub_mchid = split["sub_mchid"]
    content = {
        "mchid": None if sub_mchid else context.account.mchid,
        "sp_mchid": context.account.mchid if sub_mchid else None,
        "sub_mchid": sub_mchid,
        "transaction_id": split["transaction_id"],
        "order_id": split["order_id"],
        "out_order_no": split["out_order_no"],
        "receiver": chosen(moved, "type", "account", "amount", "description"),
        "success_time": moved["finish_time"],
    }
    context.notify(context.notify_url, name, content)


def shared(context: SandboxContext, number: str, index: int, receiver: dict[str, Any]) -> dict[str, Any]:
    """Return one receiver's part, paid."""
    return {
        "amount": int(receiver["amount"]),
        "description": receiver.get("description", ""),
        "type": receiver.get("type", "MERCHANT_ID"),
        "account": receiver.get("account") or receiver.get("receiver_account") or receiver.get("receiver_mchid"),
        "result": "SUCCESS",
        "detail_id": platform_number(context, "split detail", number, str(index)),
        "create_time": context.stamp(),
        "finish_time": context.stamp(),
        "fail_reason": None,
    }


@routes.on("GET v3/profitsharing/orders/{out_order_no}", *(f"GET {base}/orders" for base in BASES[1:]))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a split as it stands."""
    return tell(context, call, SPLITS.find(context, call["out_order_no"]), "FINISHED")


@routes.on("POST v3/profitsharing/orders/unfreeze", *(f"POST {base}/finish-order" for base in BASES[1:]))
def finish(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the sharing of an order."""
    return tell(context, call, place(context, dict(call.body), [], whole=True), "FINISHED")


@routes.on(
    "GET v3/profitsharing/transactions/{transaction_id}/amounts",
    *(f"GET {base}/orders/{{transaction_id}}/amounts" for base in BASES[1:]),
    "POST v2/pay/profitsharingorderamountquery",
)
def amounts(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the amount of an order that can still be shared."""
    number = str(call["transaction_id"])
    rest = left(context, paid_order(context, number))
    return context.respond(call, {"transaction_id": number, "unsplit_amount": rest})


@routes.on("POST v3/profitsharing/return-orders", *(f"POST {base}/returnorders" for base in BASES[1:]))
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a receiver's part back."""
    sent = dict(call.body)
    known = place_return(context, sent, str(sent.get("return_mchid")), fen(sent.get("amount"), "/amount"))
    return context.respond(call, {**known, "sent": None})


def place_return(context: SandboxContext, sent: dict[str, Any], account: str, amount: int) -> dict[str, Any]:
    """Return a new return, or the one there is if it has the same parameters."""
    split = SPLITS.find(context, sent.get("out_order_no") or sent.get("order_id"))
    number = str(sent["out_return_no"])
    known = RETURNS.repeated(context, number, sent)
    if known is not None:
        return known
    enough(context, split, account, amount)
    known = {
        "sent": sent,
        "sub_mchid": split["sub_mchid"],
        "order_id": split["order_id"],
        "out_order_no": split["out_order_no"],
        "out_return_no": number,
        "return_id": digits(26, "return", number),
        "return_no": digits(26, "return", number),
        "return_mchid": account,
        "return_account": account,
        "amount": amount,
        "return_amount": amount,
        "description": sent.get("description"),
        "result": "SUCCESS",
        "fail_reason": None,
        "create_time": context.stamp(),
        "finish_time": context.stamp(),
    }
    RETURNS.save(context, known)
    notify(context, "PROFITSHARING.RETURN", split, {**known, "type": "MERCHANT_ID", "account": account})
    return known


def enough(context: SandboxContext, split: dict[str, Any], account: str, amount: int) -> None:
    """Refuse to take back more than a receiver got."""
    given = sum(each["amount"] for each in split["receivers"] if each["account"] == account)
    back = sum(
        int(each["amount"])
        for each in context.store.all(RETURNS.kind)
        if each["out_order_no"] == split["out_order_no"] and each["return_mchid"] == account
    )
    if amount > given - back:
        raise Refusal(403, "NOT_ENOUGH", f"{amount} is more than the {given - back} that {account} still has of this")


@routes.on("GET v3/profitsharing/return-orders/{out_return_no}", *(f"GET {base}/returnorders" for base in BASES[1:]))
def query_return(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a return as it stands."""
    return context.respond(call, {**RETURNS.find(context, call["out_return_no"]), "sent": None})


@routes.on(*(f"POST {base}/receivers/add" for base in BASES))
def add_receiver(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add a receiver."""
    sent = dict(call.body)
    context.store.put(RECEIVER, str(sent.get("account") or sent.get("receiver_mchid")), sent)
    return context.respond(call, {**sent, "brand_mchid": sent.get("brand_mchid")})


@routes.on(*(f"POST {base}/receivers/delete" for base in BASES))
def delete_receiver(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Allow it no longer."""
    return context.respond(call, dict(call.body))


# v2


def parts_of(call: ReceivedCall) -> list[dict[str, Any]]:
    """Return the receivers of a v2 request, which stand in it as JSON."""
    try:
        receivers = json.loads(str(call.body["receivers"]))
        return [{**each, "amount": int(each["amount"])} for each in receivers]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Refusal(200, "PARAM_ERROR", "receivers is no JSON list with type, account and amount") from None


def told_v2(context: SandboxContext, call: ReceivedCall, split: dict[str, Any], status: str) -> dict[str, Any]:
    """Return a split as v2 tells it."""
    names = ("type", "account", "amount", "description", "result", "detail_id")
    receivers = [{**chosen(each, *names), "finish_time": time_v2(each["finish_time"])} for each in split["receivers"]]
    return context.respond(
        call,
        {
            **chosen(split, "transaction_id", "out_order_no", "order_id"),
            "status": status,
            "receivers": json.dumps(receivers, ensure_ascii=False),
        },
    )


@routes.on("POST v2/secapi/pay/profitsharing", "POST v2/secapi/pay/multiprofitsharing")
def share_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Split an order by v2: once, which frees the rest, or one time of several."""
    whole = call.operation.path.endswith("/profitsharing")
    return told_v2(context, call, place(context, sent_v2(call), parts_of(call), whole=whole), "PROCESSING")


@routes.on("POST v2/pay/profitsharingquery")
def query_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a split as it stands, v2."""
    return told_v2(context, call, SPLITS.find(context, call.body["out_order_no"]), "FINISHED")


@routes.on("POST v2/secapi/pay/profitsharingfinish")
def finish_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the sharing of an order, v2."""
    return told_v2(context, call, place(context, sent_v2(call), [], whole=True), "FINISHED")


@routes.on("POST v2/secapi/pay/profitsharingreturn")
def give_back_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a receiver's part back, v2."""
    sent = sent_v2(call)
    known = place_return(context, sent, str(sent["return_account"]), fen(sent["return_amount"], "/return_amount"))
    return returned_v2(context, call, known)


@routes.on("POST v2/pay/profitsharingreturnquery")
def query_return_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a return as it stands, v2."""
    return returned_v2(context, call, RETURNS.find(context, call.body["out_return_no"]))


def returned_v2(context: SandboxContext, call: ReceivedCall, known: dict[str, Any]) -> dict[str, Any]:
    """Return a return as v2 tells it."""
    result = {**known, "sent": None, "finish_time": time_v2(known["finish_time"])}
    return context.respond(call, {**result, "return_account_type": "MERCHANT_ID"})


@routes.on("POST v2/pay/profitsharingaddreceiver", "POST v2/pay/profitsharingremovereceiver")
def receiver_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add or remove a receiver, v2."""
    return context.respond(call, {"receiver": call.body["receiver"]})
