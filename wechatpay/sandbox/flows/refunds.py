"""Refunds: partial, several, each notified; v3 at home and abroad, and v2."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import orders, orders_v2, promotions, trades
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, one_variable, page, refusing
from wechatpay.sandbox.flows.states import ORDER, REFUND
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

    Hook = Callable[[SandboxContext, dict[str, Any]], None]

__all__ = ["REFUNDS", "finish", "on_refunded", "refunds_of", "routes"]

routes = Routes()

REFUNDS = Objects(Words("refund", "退款"), "out_refund_no", "refund_id", state="status", states=REFUND)
DOMESTIC = "v3/refund/domestic/refunds"
ABROAD = ("v3/refunds", "v3/global/refunds")
MARKETPLACE = "v3/ecommerce/refunds"
OUTCOMES = ("SUCCESS", "CLOSED", "ABNORMAL")
MOST = 50
"""How many refunds an order can have: https://pay.weixin.qq.com/doc/v3/partner/4012709253."""
REFUNDABLE = timedelta(days=365)
"""How long an order can be refunded after its payment: the same page."""
CODES_V2 = {"RESOURCE_NOT_EXISTS": "ORDERNOTEXIST", "NOT_ENOUGH": "NOTENOUGH"}
"""The codes of v3 for a refund that is refused, and those of v2."""
STATES_V2 = {"CLOSED": "REFUNDCLOSE", "ABNORMAL": "CHANGE"}
AMOUNTS = ("payer_total", "payer_refund", "settlement_refund", "settlement_total", "discount_refund")
HOOKS: list[Hook] = []


def on_refunded(hook: Hook) -> Hook:
    """Register the function below: it is called with each refund that succeeds."""
    HOOKS.append(hook)
    return hook


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
    known = REFUNDS.repeated(context, number, sent)
    if known is not None:
        return known
    if order["state"] not in ("SUCCESS", "REFUND"):
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"原订单不存在: {order['out_trade_no']} 的状态是 {order['state']}")
    if total is not None and total != order["total"]:
        raise Refusal(400, "INVALID_REQUEST", f"订单金额不一致: 订单金额 {order['total']}，请求中为 {total}")
    if len(order["refunds"]) >= MOST:
        raise Refusal(400, "INVALID_REQUEST", f"每个支付订单的部分退款次数不能超过{MOST}次")
    if datetime.fromisoformat(order["success_time"]) + REFUNDABLE < context.now():
        raise Refusal(400, "TRADE_OVERDUE", "订单已超过可退款的最大期限")
    left = order["total"] - order["refunded"]
    if amount > left:
        raise Refusal(400, "INVALID_REQUEST", f"退款金额大于订单剩余可退金额: 退款 {amount}，剩余 {left}")
    refund = {
        "out_refund_no": number,
        "refund_id": platform_number(context, "refund", number, context.stamp()),
        "out_trade_no": order["out_trade_no"],
        "transaction_id": order["transaction_id"],
        "amount": amount,
        "total": order["total"],
        **promotions.refund(order, amount, refunds_of(context, order) if order.get("promotion_detail") else ()),
        "currency": order["currency"],
        "status": "PROCESSING",
        "create_time": context.stamp(),
        "success_time": None,
        "notify_url": sent.get("notify_url") or context.notify_url,
        # without a notify_url v3, too, is notified by v2 at the console's: https://pay.weixin.qq.com/doc/v3/merchant/4013071200
        "notified": version if sent.get("notify_url") else "v2",
        "parties": order["parties"],
        "sent": sent,
    }
    orders.ORDERS.move(order, "refund")
    order["refunded"] += amount
    order["refunds"].append(number)
    trades.refunded(context, order, refund, ORDER.transitions["refund"].books, fee_of(order))
    order["fee_returned"] += refund["fee"]
    orders.ORDERS.save(context, order)
    REFUNDS.save(context, refund)
    context.schedule("finish_refund", number, when="refund")
    return refund


@routes.action("finish_refund", "结束退款：成功、关闭或异常；商户收到通知。", status=OUTCOMES)
def finish(context: SandboxContext, number: str, status: str = "SUCCESS") -> dict[str, Any]:
    """End a refund as ``SUCCESS``, ``CLOSED`` or ``ABNORMAL``; the merchant is notified."""
    with context.change():
        refund = REFUNDS.entry(context, number)
        REFUNDS.move(refund, status)
        if status == "SUCCESS":
            refund["success_time"] = context.stamp()
        elif status == "CLOSED":
            order = orders.ORDERS.entry(context, refund["out_trade_no"])
            order["refunded"] -= refund["amount"]  # the order stays REFUND, which is an end
            order["fee_returned"] -= refund["fee"]
            trades.closed(context, order, refund, REFUND.transitions[status].books)
            orders.ORDERS.save(context, order)
        trades.end_refund(context, refund)
        REFUNDS.save(context, refund)
        for hook in HOOKS if status == "SUCCESS" else ():
            hook(context, refund)
        notify(context, refund)
        return refund


def fee_of(order: dict[str, Any]) -> int:
    """Return the commission that comes back with a refund, in fen: of all refunds of a whole order, all of it."""
    total, settled = order["total"], promotions.settled(order)
    kept = orders.commission(settled * (total - order["refunded"]) // total)
    return max(orders.commission(settled) - kept - int(order["fee_returned"]), 0)


def notify(context: SandboxContext, refund: dict[str, Any]) -> None:
    """Notify the merchant that a refund has ended."""
    if refund["notified"] == "v2":
        content = {
            "out_refund_no": refund["out_refund_no"],
            "out_trade_no": refund["out_trade_no"],
            "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
            "refund_fee": refund["amount"],
            "refund_id": refund["refund_id"],
            "refund_recv_accout": "支付用户的零钱",
            "refund_request_source": "API",
            "refund_status": STATES_V2.get(refund["status"], refund["status"]),
            "settlement_refund_fee": refund["settlement_refund"],
            "settlement_total_fee": refund["settlement_total"],
            "success_time": orders_v2.moment(refund["success_time"]),
            "total_fee": refund["total"],
            "transaction_id": refund["transaction_id"],
        }
        context.notify(refund["notify_url"], "refund-processed", content, "v2")
        return
    content = {
        **{name: value for name, value in refund["parties"].items() if name.endswith("mchid")},
        "out_trade_no": refund["out_trade_no"],
        "transaction_id": refund["transaction_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_id": refund["refund_id"],
        "refund_status": refund["status"],
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": refund["total"],
            "refund": refund["amount"],
            "payer_total": refund["payer_total"],
            "payer_refund": refund["payer_refund"],
        },
        "success_time": refund["success_time"],
    }
    context.notify(refund["notify_url"], REFUND.transitions[refund["status"]].notifies, content)


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
            "from": [],
            **{name: refund[name] for name in AMOUNTS},
            "currency": currency,
            "payer_currency": currency,
        },
        "promotion_detail": refund["promotion_detail"],
        "detail": None,
    }


def order_of(context: SandboxContext, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the order that a request names."""
    names = [name for name in ("transaction_id", "out_trade_no") if sent.get(name)]
    if not names:
        raise Refusal.of_field("body", "/transaction_id", "transaction_id 与 out_trade_no 必填其一")
    order, *others = (orders.find(context, str(sent[name]), "RESOURCE_NOT_EXISTS", name) for name in names)
    if any(other["out_trade_no"] != order["out_trade_no"] for other in others):
        raise Refusal(400, "INVALID_REQUEST", "您的请求参数与订单信息不一致")
    orders.same_merchant(order, sent)
    return order


@routes.on(f"POST {DOMESTIC}", *(f"POST {path}" for path in ABROAD), f"POST {MARKETPLACE}/apply")
def refund_v3(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
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
def query_v3(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a refund as it stands."""
    return context.respond(call, facts(REFUNDS.find(context, one_variable(call))))


@routes.on(*(f"GET {path}" for path in ABROAD))
def list_v3(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the refunds of an order, page by page."""
    order = order_of(context, dict(call.query))
    found = refunds_of(context, order)
    shown, _, _ = page(call, found, 10, "count")
    return context.respond(
        call,
        {
            **orders.facts(context, {**order, "family": "global"}),
            "data": [{name: value for name, value in facts(refund).items() if value is not None} for refund in shown],
            "total_num": len(found),
            "current_total_num": len(shown),
        },
    )


def refunds_of(context: SandboxContext, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all refunds of an order, oldest first."""
    return [REFUNDS.entry(context, number) for number in order["refunds"]]


@routes.on(
    f"POST {DOMESTIC}/{{refund_id}}/apply-abnormal-refund", f"POST {MARKETPLACE}/{{refund_id}}/apply-abnormal-refund"
)
def abnormal(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Send the money of an abnormal refund to another account."""
    with refusing():
        refund = REFUNDS.change(context, call.variables["refund_id"], "elsewhere")
    context.schedule("finish_refund", refund["out_refund_no"], when="refund")
    return context.respond(call, facts(refund))


# v2


@routes.on("POST v2/secapi/pay/refund", "POST v2/secapi/pay/refundv2", "POST v2/deposit/refund")
def refund_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for a refund, v2."""
    sent = sent_v2(call)
    total = sent.get("total_fee")
    with orders_v2.codes_v2(CODES_V2):
        refund = place(
            context,
            orders_v2.find_v2(context, call),
            sent,
            number=str(sent["out_refund_no"]),
            amount=fen(sent.get("refund_fee"), "/refund_fee"),
            total=int(total) if total else None,
            version="v2",
        )
    return context.respond(
        call,
        {
            "transaction_id": refund["transaction_id"],
            "out_trade_no": refund["out_trade_no"],
            "out_refund_no": refund["out_refund_no"],
            "refund_id": refund["refund_id"],
            "refund_fee": refund["amount"],
            "total_fee": refund["total"],
            "cash_fee": refund["payer_total"],
            "cash_refund_fee": refund["payer_refund"],
            **promotions.refund_v2(refund),
        },
    )


@routes.on("POST v2/pay/refundquery", "POST v2/pay/refundqueryv2", "POST v2/deposit/refundquery")
def query_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Refunds as they stand, v2: one, or all of an order, with numbered names."""
    named = call.body.get("out_refund_no") or call.body.get("refund_id")
    if named:
        refund = REFUNDS.get(context, str(named))
        found = [refund] if refund else []
    else:
        found = refunds_of(context, orders_v2.find_v2(context, call))
    if not found:
        raise Refusal(200, "REFUNDNOTEXIST", "退款订单查询失败：退款不存在")
    first = found[0]
    result: dict[str, Any] = {
        "transaction_id": first["transaction_id"],
        "out_trade_no": first["out_trade_no"],
        "total_fee": first["total"],
        "cash_fee": first["payer_total"],
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
            f"refund_status_{index}": STATES_V2.get(refund["status"], refund["status"]),
            f"refund_recv_accout_{index}": "支付用户的零钱",
            f"refund_success_time_{index}": orders_v2.moment(refund["success_time"]) or None,
            **promotions.refund_v2(refund, f"_{index}"),
        }
    return context.respond(call, result)
