"""Combined orders, v3 and v2: several orders that are paid together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.orders import STATES, TRADE_TYPES, chosen, close, facts, find, front_end, own_number, place
from wechatpay.sandbox.flows.orders_v2 import common_v2, facts_v2
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

routes = Routes()

COMBINED = "combined order"


@routes.on(*(f"POST v3/combine-transactions/{kind}" for kind in ("app", "h5", "jsapi", "native", "miniprogram")))
def combine(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Order several at once, paid in one go."""
    sent = dict(call.body)
    own_number(context, sent)
    place_combined(context, sent, TRADE_TYPES[call.operation.path.rpartition("/")[2]])
    return context.respond(call, front_end(context, letters(28, str(sent["combine_out_trade_no"]))))


def place_combined(context: SandboxContext, sent: dict[str, Any], trade_type: str) -> None:
    """The orders of a combined one."""
    number = str(sent["combine_out_trade_no"])
    orders = []
    for index, sub in enumerate(sent.get("sub_orders") or ()):
        amount = sub.get("amount") or {}
        order = place(
            context,
            {**sub, **(sent.get("combine_payer_info") or {})},
            number=str(sub.get("out_trade_no") or f"{number}-{index}"),
            family="combine",
            trade_type=trade_type,
            total=fen(amount.get("total_amount"), f"/sub_orders/{index}/amount/total_amount"),
            currency=str(amount.get("currency") or "CNY"),
            expire=sent.get("time_expire"),
            parties=chosen(sub, "mchid", "sub_mchid", "sub_appid"),
            combined=number,
        )
        orders.append(order["out_trade_no"])
    if not orders:
        raise Refusal.of_field("body", "/sub_orders", "at least one order is needed")
    parties = chosen(sent, "combine_appid", "combine_mchid")
    keep_combined(context, number, "combine", orders, parties, sent)


def keep_combined(
    context: SandboxContext,
    number: str,
    family: str,
    orders: list[str],
    parties: dict[str, Any],
    sent: Mapping[str, Any],
) -> None:
    """Remember which orders are paid together."""
    transaction = digits(28, "combined", number)
    context.store.put(
        COMBINED,
        number,
        {
            "combine_out_trade_no": number,
            "combine_transaction_id": transaction,
            "family": family,
            "orders": orders,
            "parties": {**parties, "combine_out_trade_no": number},
            "notify_url": sent.get("notify_url"),
            "scene_info": sent.get("scene_info"),
        },
        transaction,
        day=context.day(),
    )
    context.schedule("pay", number, when="pay")


def combined_facts(context: SandboxContext, combined: dict[str, Any]) -> dict[str, Any]:
    """Return a combined order as v3 tells it."""
    orders = [find(context, number) for number in combined["orders"]]
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
        "mchid",
        "sub_mchid",
        "sub_appid",
        "out_trade_no",
        "trade_state",
        "trade_type",
        "transaction_id",
        "bank_type",
        "success_time",
        "attach",
        "amount",
    )
    return {name: result[name] for name in names if result.get(name) is not None}


@routes.on(
    "GET v3/combine-transactions/out-trade-no/{combine_out_trade_no}",
    "GET v3/combine-transactions/id/{combine_transaction_id}",
    "GET v3/ecommerce/combine-papay/transactions/{combine_out_trade_no}",
)
def query_combined(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return a combined order as it stands."""
    return context.respond(call, combined_facts(context, find_combined(context, next(iter(call.variables.values())))))


def find_combined(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return the combined order of this number."""
    combined = context.store.get(COMBINED, number)
    if combined is None:
        raise Refusal(404, "ORDER_NOT_EXIST", f"there is no combined order {number}")
    return combined


@routes.on("POST v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close")
def close_combined(context: SandboxContext, call: Call) -> None:
    """Close the orders of a combined one."""
    for number in find_combined(context, call.variables["combine_out_trade_no"])["orders"]:
        close(context, number)


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
def combine_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Order several at once, v2."""
    sent = dict(call.body)
    number = str(sent["combine_out_trade_no"])
    try:
        listed = json.loads(sent["sub_order_list"])["order_list"]
        orders = [
            place(
                context,
                sub,
                number=str(sub["out_trade_no"]),
                family="v2",
                trade_type=str(sent.get("trade_type")),
                total=fen(sub["total_fee"], "/sub_order_list"),
                currency=str(sub.get("fee_type") or "CNY"),
                expire=sent.get("time_expire"),
                parties=chosen(sub, "appid", "mch_id", "sub_mch_id"),
                combined=number,
            )["out_trade_no"]
            for sub in listed
        ]
    except (KeyError, TypeError, ValueError, RecursionError):
        orders = []
    if not orders:
        raise Refusal(200, "PARAM_ERROR", "sub_order_list has no order_list with numbers and amounts")
    parties = chosen(sent, "combine_appid", "combine_mch_id")
    keep_combined(context, number, "v2", orders, parties, sent)
    result = front_end(context, letters(28, number))
    return context.respond(
        call, {**common_v2(call), **parties, "trade_type": sent.get("trade_type"), "prepay_id": result["prepay_id"]}
    )


@routes.on("POST v2/pay/querycombinedorder")
def query_combined_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return a combined order as it stands, v2."""
    combined = found_combined_v2(context, call)
    orders = [find(context, number) for number in combined["orders"]]
    return context.respond(
        call,
        {
            **common_v2(call),
            **combined["parties"],
            "combine_openid": orders[0]["openid"],
            "result_msg": "OK",
            "trade_state": orders[0]["state"],
            "trade_state_desc": STATES[orders[0]["state"]],
            "sub_order_list": json.dumps(
                {"order_num": len(orders), "order_list": [sub_facts_v2(context, order) for order in orders]},
                ensure_ascii=False,
            ),
        },
    )


@routes.on("POST v2/pay/closecombinedorder")
def close_combined_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Close the orders of a combined one, v2."""
    for number in found_combined_v2(context, call)["orders"]:
        close(context, number)
    return context.respond(call, common_v2(call))


def found_combined_v2(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the combined order that a v2 request names."""
    try:
        return find_combined(context, str(call.body["combine_out_trade_no"]))
    except Refusal as refusal:
        raise Refusal(200, "ORDERNOTEXIST", refusal.message) from None
