"""Combined orders, v3 and v2: several orders that are paid together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable
from wechatpay.sandbox.flows.orders import STATES, TRADE_TYPES, close, facts, find, front_end, own_number, place
from wechatpay.sandbox.flows.orders_v2 import CLOSING, PLACING, codes_v2, facts_v2
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

COMBINED = Objects(
    Words("combined order", "合单"), "combine_out_trade_no", "combine_transaction_id", missing="ORDER_NOT_EXIST"
)


@routes.on(*(f"POST v3/combine-transactions/{kind}" for kind in ("app", "h5", "jsapi", "native", "miniprogram")))
def combine(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Order several at once, paid in one go."""
    sent = dict(call.body)
    own_number(context, sent)
    place_combined(context, sent, TRADE_TYPES[call.operation.path.rpartition("/")[2]])
    return context.respond(call, front_end(context, letters(28, str(sent["combine_out_trade_no"]))))


def place_combined(context: SandboxContext, sent: dict[str, Any], trade_type: str) -> None:
    """Place the orders of a combined one, or accept the same request once more; what differs is refused."""
    number = str(sent["combine_out_trade_no"])
    subs = list(sent.get("sub_orders") or ())
    if known_combined(context, number, sent, [sub.get("out_trade_no") for sub in subs]):
        return
    orders = []
    for index, sub in enumerate(subs):
        amount = sub.get("amount") or {}
        order = place(
            context,
            {**sub, **(sent.get("combine_payer_info") or {})},
            number=str(sub.get("out_trade_no") or f"{number}-{index}"),
            family="combine",
            trade_type=trade_type,
            total=fen(amount.get("total_amount"), f"/sub_orders/{index}/amount/total_amount"),
            currency=amount.get("currency"),
            expire=sent.get("time_expire"),
            combined=number,
        )
        orders.append(order["out_trade_no"])
    if not orders:
        raise Refusal.of_field("body", "/sub_orders", "子单列表不能为空")
    parties = chosen(sent, "combine_appid", "combine_mchid")
    keep_combined(context, number, "combine", orders, parties, sent)


def known_combined(context: SandboxContext, number: str, sent: dict[str, Any], subs: list[Any]) -> bool:
    """
    Return whether a combined order is there already, unpaid and with the same parameters.

    One that is paid, closed or differs is refused, and one that names an order twice.
    """
    twice = next((each for each in subs if each is not None and subs.count(each) > 1), None)
    if twice is not None:
        raise Refusal.of_field("body", "/sub_orders", "子单商户订单号重复", value=twice)
    known = COMBINED.get(context, number)
    if known is None:
        return False
    states = {order["state"] for order in orders_of(context, known)}
    if states & {"SUCCESS", "REFUND"}:
        raise Refusal(403, "OUT_TRADE_NO_USED", f"该订单已支付: 合单 {number}")
    if states & {"CLOSED", "REVOKED"}:
        raise Refusal(400, "ORDER_CLOSED", f"订单已关闭: 合单 {number}")
    COMBINED.same(known, sent, number)
    return True


def keep_combined(
    context: SandboxContext,
    number: str,
    family: str,
    orders: list[str],
    parties: dict[str, Any],
    sent: Mapping[str, Any],
) -> None:
    """Remember which orders are paid together."""
    combined = {
        "combine_out_trade_no": number,
        "combine_transaction_id": platform_number(context, "transaction", "combined", number),
        "family": family,
        "orders": orders,
        "parties": {**parties, "combine_out_trade_no": number},
        "notify_url": sent.get("notify_url"),
        "scene_info": sent.get("scene_info"),
        "sent": dict(sent),
    }
    COMBINED.save(context, combined)
    context.schedule("pay", number, when="pay")


def orders_of(context: SandboxContext, combined: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the orders of a combined one."""
    return [find(context, number) for number in combined["orders"]]


def combined_facts(context: SandboxContext, combined: dict[str, Any]) -> dict[str, Any]:
    """Return a combined order as v3 tells it."""
    orders = orders_of(context, combined)
    paid = any(order["success_time"] for order in orders)
    scene = combined["scene_info"]
    return {
        **combined["parties"],
        "combine_transaction_id": combined["combine_transaction_id"],
        "scene_info": {"device_id": scene["device_id"]} if isinstance(scene, dict) and "device_id" in scene else None,
        "sub_orders": [sub_facts(context, order) for order in orders],
        "combine_payer_info": {"openid": orders[0]["openid"]} if paid else None,
    }


def sub_facts(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return one order of a combined one."""
    result = facts(context, order)
    result["amount"] = {
        "total_amount": order["total"],
        "payer_amount": order["total"] if order["success_time"] else 0,
        "currency": order["currency"],
        "payer_currency": order["currency"],
    }
    names = (
        *("mchid", "sub_mchid", "sub_appid", "out_trade_no", "trade_state", "trade_type"),
        *("transaction_id", "bank_type", "success_time", "attach", "amount"),
    )
    return {name: result[name] for name in names if result.get(name) is not None}


@routes.on(
    "GET v3/combine-transactions/out-trade-no/{combine_out_trade_no}",
    "GET v3/combine-transactions/id/{combine_transaction_id}",
    "GET v3/ecommerce/combine-papay/transactions/{combine_out_trade_no}",
)
def query_combined(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a combined order as it stands."""
    return context.respond(call, combined_facts(context, COMBINED.find(context, one_variable(call))))


@routes.on("POST v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close")
def close_combined(context: SandboxContext, call: ReceivedCall) -> None:
    """Close the orders of a combined one."""
    subs = [sub.get("out_trade_no") for sub in call.body.get("sub_orders") or ()]
    close_all(context, COMBINED.find(context, one_variable(call)), subs)


def close_all(context: SandboxContext, combined: dict[str, Any], subs: list[Any]) -> None:
    """Close the orders of a combined one; a request that names others, or not all of them, is refused."""
    if sorted(map(str, subs)) != sorted(combined["orders"]):
        raise Refusal(400, "INVALID_REQUEST", "子单信息与下单时的子单信息不一致")
    for order in orders_of(context, combined):
        close(context, order)


def sub_facts_v2(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return one order of a combined one, v2."""
    result = facts_v2(context, order)
    names = (
        "appid",
        "mch_id",
        "openid",
        "total_fee",
        "cash_fee",
        "transaction_id",
        "out_trade_no",
        "attach",
        "time_end",
    )
    return {name: result[name] for name in names if result[name] is not None}


@routes.on("POST v2/pay/combinedorder")
def combine_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Order several at once, v2."""
    sent = sent_v2(call)
    number = str(sent["combine_out_trade_no"])
    subs = subs_v2(sent.get("sub_order_list"), "out_trade_no", "total_fee")
    parties = chosen(sent, "combine_appid", "combine_mch_id")
    with codes_v2(PLACING):
        if not known_combined(context, number, sent, [sub["out_trade_no"] for sub in subs]):
            orders = [
                place(
                    context,
                    sub,
                    number=str(sub["out_trade_no"]),
                    family="v2",
                    trade_type=str(sent.get("trade_type")),
                    total=fen(sub["total_fee"], "/sub_order_list"),
                    currency=sub.get("fee_type"),
                    expire=sent.get("time_expire"),
                    combined=number,
                )["out_trade_no"]
                for sub in subs
            ]
            keep_combined(context, number, "v2", orders, parties, sent)
    result = front_end(context, letters(28, number))
    return context.respond(call, {**parties, "trade_type": sent.get("trade_type"), "prepay_id": result["prepay_id"]})


def subs_v2(text: Any, *names: str) -> list[dict[str, Any]]:
    """Return the orders of a v2 request, a JSON list or an object with order_list; each has members of these names."""
    try:
        found = json.loads(str(text))
        subs = list(found["order_list"] if isinstance(found, dict) else found)
        complete = all(sub[name] for sub in subs for name in names)
    except (KeyError, TypeError, ValueError, RecursionError):
        subs, complete = [], False
    if not subs or not complete:
        raise Refusal(200, "PARAM_ERROR", f"参数错误，请检查 sub_order_list：子单缺少 {'、'.join(names)}")
    return subs


@routes.on("POST v2/pay/querycombinedorder")
def query_combined_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a combined order as it stands, v2."""
    combined = find_v2(context, call)
    first = find(context, combined["orders"][0])
    return context.respond(
        call,
        {
            **combined["parties"],
            "combine_openid": first["openid"],
            "result_msg": "OK",
            "trade_state": first["state"],
            "trade_state_desc": STATES[first["state"]],
            "sub_order_list": json.dumps(listed_v2(context, combined), ensure_ascii=False),
        },
    )


@routes.on("POST v2/pay/closecombinedorder")
def close_combined_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Close the orders of a combined one, v2."""
    subs = subs_v2(call.body.get("sub_order_list"), "out_trade_no")
    with codes_v2(CLOSING):
        close_all(context, find_v2(context, call), [sub["out_trade_no"] for sub in subs])
    return context.respond(call, {})


def find_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the combined order that a v2 request names."""
    return COMBINED.find(context, call.body["combine_out_trade_no"], "ORDERNOTEXIST")


def listed_v2(context: SandboxContext, combined: dict[str, Any]) -> dict[str, Any]:
    """Return the orders of a combined one as v2 lists them."""
    listed = [sub_facts_v2(context, order) for order in orders_of(context, combined)]
    return {"order_num": len(listed), "order_list": listed}
