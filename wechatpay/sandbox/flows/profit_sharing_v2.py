"""Profit sharing of APIv2: the same splits and returns, told in XML with JSON in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import profit_sharing_returns as returns
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.objects import chosen
from wechatpay.sandbox.flows.orders_v2 import time_v2
from wechatpay.sandbox.flows.profit_sharing import place, split_of
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

TOLD = ("type", "account", "amount", "description", "result", "fail_reason", "detail_id")


def parts_of(call: ReceivedCall) -> list[dict[str, Any]]:
    """Return the receivers of a request, which stand in it as JSON."""
    try:
        receivers = [{**each, "amount": int(each["amount"])} for each in json.loads(str(call.body["receivers"]))]
    except (KeyError, TypeError, ValueError, RecursionError):
        receivers = []
    if not receivers:
        raise Refusal(200, "PARAM_ERROR", "分账接收方列表格式错误")
    return receivers


def told(context: SandboxContext, call: ReceivedCall, split: dict[str, Any]) -> dict[str, Any]:
    """Return a split as v2 tells it."""
    receivers = [
        {name: value for name, value in chosen(each, *TOLD).items() if value is not None}
        | {"finish_time": time_v2(each["finish_time"])}
        for each in split["receivers"]
    ]
    return context.respond(
        call,
        {
            **chosen(split, "transaction_id", "out_order_no", "order_id"),
            "status": split["state"],
            "receivers": json.dumps(receivers, ensure_ascii=False),
        },
    )


@routes.on("POST v2/secapi/pay/profitsharing", "POST v2/secapi/pay/multiprofitsharing")
def share(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Split an order: once, which frees the rest, or one time of several."""
    whole = call.operation.path.endswith("/profitsharing")
    return told(context, call, place(context, call, sent_v2(call), parts_of(call), whole=whole))


@routes.on("POST v2/pay/profitsharingquery")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a split as it stands."""
    return told(context, call, split_of(context, call))


@routes.on("POST v2/secapi/pay/profitsharingfinish")
def unfreeze(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the sharing of an order."""
    return told(context, call, place(context, call, sent_v2(call), [], whole=True))


@routes.on("POST v2/secapi/pay/profitsharingreturn")
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a receiver's part back."""
    sent = sent_v2(call)
    amount = fen(sent["return_amount"], "/return_amount")
    return returned(context, call, returns.place(context, call, sent, str(sent["return_account"]), amount))


@routes.on("POST v2/pay/profitsharingreturnquery")
def query_return(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a return as it stands."""
    return returned(context, call, returns.returned_of(context, call))


def returned(context: SandboxContext, call: ReceivedCall, known: dict[str, Any]) -> dict[str, Any]:
    """Return a return as v2 tells it."""
    result = {**returns.told(call, known), "finish_time": time_v2(known["finish_time"])}
    return context.respond(call, {**result, "return_account_type": "MERCHANT_ID"})
