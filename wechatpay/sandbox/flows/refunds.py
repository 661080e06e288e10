"""Refunds: partial, several, each notified; v3 at home and abroad, and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import orders, orders_v2
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

__all__ = ["REFUND", "finish", "routes"]

routes = Routes()

REFUND = "refund"
DOMESTIC = "v3/refund/domestic/refunds"
ABROAD = ("v3/refunds", "v3/global/refunds")
MARKETPLACE = "v3/ecommerce/refunds"
OUTCOMES = {"SUCCESS": "REFUND.SUCCESS", "CLOSED": "REFUND.CLOSED", "ABNORMAL": "REFUND.ABNORMAL"}


def find(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return the refund with this number of the merchant's or of the platform's."""
    refund = context.store.get(REFUND, number)
    if refund is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no refund {number}")
    return refund


def save(context: SandboxContext, refund: dict[str, Any]) -> None:
    """Write the refund down."""
    context.store.put(REFUND, refund["out_refund_no"], refund, refund["refund_id"], day=refund["create_time"][:10])


def place(
    context: SandboxContext,
    order: dict[str, Any],
    sent: dict[str, Any],
    *,
    number: str,
    amount: int,
    total: int | None,
    version: str,
) -> dict[str, Any]:
    """Return a new refund, or the one there is if it has the same parameters."""
    known = context.store.get(REFUND, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"the refund {number} exists with other parameters")
        return known
    if order["state"] not in ("SUCCESS", "REFUND"):
        raise Refusal(
            403, "TRADE_ERROR", f"the order {order['out_trade_no']} is {order['state']}, nothing can be refunded"
        )
    if total is not None and total != order["total"]:
        raise Refusal(400, "INVALID_REQUEST", f"the order's total is {order['total']}, the refund says {total}")
    left = order["total"] - order["refunded"]
    if amount > left:
        raise Refusal(400, "INVALID_REQUEST", f"{amount} is more than the {left} that are left of the order")
    refund = {
        "out_refund_no": number,
        "refund_id": digits(29, "refund", context.account.mchid, number, context.stamp()),
        "out_trade_no": order["out_trade_no"],
        "transaction_id": order["transaction_id"],
        "amount": amount,
        "total": order["total"],
        "currency": order["currency"],
        "status": "PROCESSING",
        "create_time": context.stamp(),
        "success_time": None,
        "notify_url": sent.get("notify_url") or context.notify_url,
        "parties": order["parties"],
        "sent": sent,
        "version": version,
    }
    order["refunded"] += amount
    order["state"] = "REFUND"
    orders.save(context, order)
    save(context, refund)
    context.schedule("finish_refund", number, when="refund")
    return refund


@routes.action("finish_refund")
def finish(context: SandboxContext, number: str, status: str = "SUCCESS") -> dict[str, Any]:
    """
    End a refund; the merchant is notified.

    Args:
        context: Of the sandbox.
        number: ``out_refund_no`` or ``refund_id``.
        status: ``SUCCESS``, ``CLOSED`` or ``ABNORMAL``.

    Raises:
        LookupError: Unknown refund.
        ValueError: It has ended already, or the status is unknown.
    """
    if status not in OUTCOMES:
        raise ValueError(f"a refund ends as {', '.join(OUTCOMES)}, not as {status}")
    with context.change():
        refund = context.store.get(REFUND, number)
        if refund is None:
            raise LookupError(f"there is no refund {number}")
        if refund["status"] not in ("PROCESSING", "ABNORMAL"):
            raise ValueError(f"the refund {number} is {refund['status']} already")
        refund["status"] = status
        if status == "SUCCESS":
            refund["success_time"] = context.stamp()
            context.store.put(
                orders.MOVE,
                "refund " + refund["refund_id"],
                {
                    "kind": "refund",
                    "order": refund["out_trade_no"],
                    "refund": refund["out_refund_no"],
                    "amount": refund["amount"],
                    "fee": fee_of(context, refund),
                    "time": refund["success_time"],
                },
                day=context.day(),
            )
        elif status == "CLOSED":
            order = context.store.entry(orders.ORDER, refund["out_trade_no"])
            order["refunded"] -= refund["amount"]
            order["state"] = "REFUND" if order["refunded"] else "SUCCESS"
            orders.save(context, order)
        save(context, refund)
        notify(context, refund)
        return refund


def fee_of(context: SandboxContext, refund: dict[str, Any]) -> int:
    """Return the commission that comes back with a refund: of all refunds of a whole order, all of it."""
    order = context.store.entry(orders.ORDER, refund["out_trade_no"])
    before = order["total"] - order["returned"]
    after = before - refund["amount"]
    order["returned"] += refund["amount"]
    orders.save(context, order)
    return orders.commission(before) - orders.commission(after)


def notify(context: SandboxContext, refund: dict[str, Any]) -> None:
    """Notify the merchant that a refund has ended."""
    if refund["version"] == "v2":
        content = {
            "out_refund_no": refund["out_refund_no"],
            "out_trade_no": refund["out_trade_no"],
            "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
            "refund_fee": refund["amount"],
            "refund_id": refund["refund_id"],
            "refund_recv_accout": "支付用户的零钱",
            "refund_request_source": "API",
            "refund_status": {"SUCCESS": "SUCCESS", "CLOSED": "REFUNDCLOSE"}.get(refund["status"], "CHANGE"),
            "settlement_refund_fee": refund["amount"],
            "settlement_total_fee": refund["total"],
            "success_time": (refund["success_time"] or "")[:19].replace("T", " "),
            "total_fee": refund["total"],
            "transaction_id": refund["transaction_id"],
        }
        context.notify(refund["notify_url"], "refund-processed", content, "v2")
        return
    parties = {name: value for name, value in refund["parties"].items() if name.endswith("mchid")}
    content = {
        **parties,
        "out_trade_no": refund["out_trade_no"],
        "transaction_id": refund["transaction_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_id": refund["refund_id"],
        "refund_status": refund["status"],
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": refund["total"],
            "refund": refund["amount"],
            "payer_total": refund["total"],
            "payer_refund": refund["amount"],
        },
    }
    if refund["success_time"]:
        content["success_time"] = refund["success_time"]
    context.notify(refund["notify_url"], OUTCOMES[refund["status"]], content)


def facts(refund: dict[str, Any]) -> dict[str, Any]:
    """Return a refund as v3 tells it; None leaves a field out."""
    amount, total, currency = refund["amount"], refund["total"], refund["currency"]
    return {
        "refund_id": refund["refund_id"],
        "id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "transaction_id": refund["transaction_id"],
        "out_trade_no": refund["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "recv_account": "支付用户零钱",
        "success_time": refund["success_time"],
        "create_time": refund["create_time"],
        "status": refund["status"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": total,
            "refund": amount,
            "from": None,
            "payer_total": total,
            "payer_refund": amount,
            "settlement_refund": amount,
            "settlement_total": total,
            "discount_refund": 0,
            "currency": currency,
            "payer_currency": currency,
        },
        "promotion_detail": None,
        "detail": None,
    }


def order_of(context: SandboxContext, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the order that a request names."""
    number = sent.get("out_trade_no") or sent.get("transaction_id")
    if not number:
        raise Refusal.of_field("body", "/transaction_id", "transaction_id or out_trade_no is needed")
    try:
        return orders.find(context, str(number))
    except Refusal as refusal:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", refusal.message) from None


@routes.on(f"POST {DOMESTIC}", *(f"POST {path}" for path in ABROAD), f"POST {MARKETPLACE}/apply")
def refund_v3(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Ask for a refund."""
    sent = dict(call.body)
    amount = sent.get("amount") or {}
    refund = place(
        context,
        order_of(context, sent),
        sent,
        number=str(sent["out_refund_no"]),
        amount=fen(amount.get("refund"), "/amount/refund"),
        total=amount.get("total"),
        version="v3",
    )
    return context.respond(call, facts(refund))


@routes.on(
    f"GET {DOMESTIC}/{{out_refund_no}}",
    *(
        f"GET {path}/{by}"
        for path in (*ABROAD, MARKETPLACE)
        for by in ("id/{refund_id}", "out-refund-no/{out_refund_no}")
    ),
)
def query_v3(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return a refund as it stands."""
    return context.respond(call, facts(find(context, next(iter(call.variables.values())))))


@routes.on(*(f"GET {path}" for path in ABROAD))
def list_v3(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the refunds of an order, page by page."""
    order = order_of(context, dict(call.query))
    found = refunds_of(context, order)
    offset, count = int(call.query.get("offset", 0)), int(call.query.get("count", 10))
    page = found[offset : offset + count]
    return context.respond(
        call,
        {
            **orders.facts(context, {**order, "family": "global"}),
            "data": [{name: value for name, value in facts(refund).items() if value is not None} for refund in page],
            "total_num": len(found),
            "current_total_num": len(page),
        },
    )


def refunds_of(context: SandboxContext, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all refunds of an order, oldest first."""
    return [each for each in context.store.all(REFUND) if each["out_trade_no"] == order["out_trade_no"]]


@routes.on(
    f"POST {DOMESTIC}/{{refund_id}}/apply-abnormal-refund", f"POST {MARKETPLACE}/{{refund_id}}/apply-abnormal-refund"
)
def abnormal(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Send the money of an abnormal refund to another account."""
    refund = find(context, call.variables["refund_id"])
    if refund["status"] != "ABNORMAL":
        raise Refusal(400, "INVALID_REQUEST", f"the refund is {refund['status']}, not ABNORMAL")
    refund["status"] = "PROCESSING"
    save(context, refund)
    context.schedule("finish_refund", refund["out_refund_no"], when="refund")
    return context.respond(call, facts(refund))


# v2


@routes.on("POST v2/secapi/pay/refund", "POST v2/secapi/pay/refundv2", "POST v2/deposit/refund")
def refund_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Ask for a refund, v2."""
    sent = sent_v2(call)
    order = orders_v2.find_v2(context, call)
    total = sent.get("total_fee")
    try:
        refund = place(
            context,
            order,
            sent,
            number=str(sent["out_refund_no"]),
            amount=fen(sent.get("refund_fee"), "/refund_fee"),
            total=int(total) if total else None,
            version="v2",
        )
    except Refusal as refusal:
        raise Refusal(200, refusal.code, refusal.message) from None
    return context.respond(
        call,
        {
            **orders_v2.common_v2(call),
            "transaction_id": refund["transaction_id"],
            "out_trade_no": refund["out_trade_no"],
            "out_refund_no": refund["out_refund_no"],
            "refund_id": refund["refund_id"],
            "refund_fee": refund["amount"],
            "total_fee": refund["total"],
            "cash_fee": refund["total"],
            "cash_refund_fee": refund["amount"],
        },
    )


@routes.on("POST v2/pay/refundquery", "POST v2/pay/refundqueryv2", "POST v2/deposit/refundquery")
def query_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Refunds as they stand, v2: one, or all of an order, with numbered names."""
    named = call.body.get("out_refund_no") or call.body.get("refund_id")
    if named:
        refund = context.store.get(REFUND, str(named))
        found = [refund] if refund else []
    else:
        found = refunds_of(context, orders_v2.find_v2(context, call))
    if not found:
        raise Refusal(200, "REFUNDNOTEXIST", "there is no such refund")
    first = found[0]
    result: dict[str, Any] = {
        **orders_v2.common_v2(call),
        "transaction_id": first["transaction_id"],
        "out_trade_no": first["out_trade_no"],
        "total_fee": first["total"],
        "cash_fee": first["total"],
        "fee_type": first["currency"],
        "refund_count": len(found),
        "total_refund_count": len(found),
    }
    for index, refund in enumerate(found):
        result |= {
            f"out_refund_no_{index}": refund["out_refund_no"],
            f"refund_id_{index}": refund["refund_id"],
            f"refund_channel_{index}": "ORIGINAL",
            f"refund_fee_{index}": refund["amount"],
            f"refund_status_{index}": {"CLOSED": "REFUNDCLOSE", "ABNORMAL": "CHANGE"}.get(
                refund["status"], refund["status"]
            ),
            f"refund_recv_accout_{index}": "支付用户的零钱",
            f"refund_success_time_{index}": (refund["success_time"] or "")[:19].replace("T", " ") or None,
        }
    return context.respond(call, result)
