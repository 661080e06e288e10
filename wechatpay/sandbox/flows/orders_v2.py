"""Orders of APIv2."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import promotions
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.orders import (
    STATES,
    USED,
    alone,
    close,
    code_used,
    find,
    front_end,
    pay_by_code,
    place,
    reverse,
    same_merchant,
)
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes, sent_v2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

PLACING = {"OUT_TRADE_NO_USED": "ORDERPAID", "ORDER_CLOSED": "ORDERCLOSED"}
"""The codes of v3 for an order that cannot be placed, and those of v2."""
CLOSING = {"INVALID_REQUEST": "ORDERCLOSED"}
"""The same for one that cannot be closed."""


@contextmanager
def codes_v2(codes: Mapping[str, str]) -> Iterator[None]:
    """Refuse as v2 does: under status 200, with the code of v2 for that of v3."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(200, codes.get(refusal.code, refusal.code), refusal.message) from None


@routes.on("POST v2/pay/unifiedorder", "POST v2/pay/contractorder", "POST v2/deposit/unifiedorder")
def order_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Order by v2."""
    order = placed_v2(context, call, str(call.body.get("trade_type") or "JSAPI"))
    context.schedule("pay", order["out_trade_no"], when="pay")
    trade_type, result = order["trade_type"], front_end(context, order["key"])
    return context.respond(
        call,
        {
            "trade_type": trade_type,
            "prepay_id": result["prepay_id"],
            "code_url": result["code_url"] if trade_type == "NATIVE" else None,
            "mweb_url": result["mweb_url"] if trade_type == "MWEB" else None,
        },
    )


@routes.on(
    "POST v2/pay/micropay",
    "POST v2/pay/facepay",
    "POST v2/deposit/micropay",
    "POST v2/deposit/facepay",
    unfinished=True,
)
def pay_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Order and pay at once."""
    code = call.body.get("auth_code")  # a face has none
    if code_used(context, code, str(call.body["out_trade_no"])):
        raise Refusal(200, "AUTH_CODE_INVALID", f"101 {USED}")
    order = placed_v2(context, call, "MICROPAY" if call.operation.path.endswith("micropay") else "FACEPAY")
    with codes_v2({}):
        pay_by_code(context, order, code, entering=call.unfinished)
    return context.respond(call, facts_v2(context, order))


def placed_v2(context: SandboxContext, call: ReceivedCall, trade_type: str, **known: Any) -> dict[str, Any]:
    """Return the order of a v2 request, and what is known besides."""
    sent = {**sent_v2(call), **known}
    with codes_v2(PLACING):
        return place(
            context,
            sent,
            number=str(sent["out_trade_no"]),
            family="v2",
            trade_type=trade_type,
            total=fen(sent.get("total_fee"), "/total_fee"),
            currency=sent.get("fee_type"),
            expire=sent.get("time_expire"),
        )


def time_v2(stamp: str | None) -> str | None:
    """Return a time as v2 writes it."""
    return datetime.fromisoformat(stamp).strftime("%Y%m%d%H%M%S") if stamp else None


def moment(stamp: str | None) -> str:
    """Return a time as bills, and some responses of v2, write it; empty for none."""
    return f"{stamp[:10]} {stamp[11:19]}" if stamp else ""


def facts_v2(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as v2 tells it; None leaves a field out."""
    paid = order["success_time"] is not None
    return {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": order["parties"].get("appid", context.account.appid),
        "mch_id": order["parties"].get("mch_id", context.account.mchid),
        "sub_mch_id": order["parties"].get("sub_mch_id"),
        "openid": order["openid"] if paid else None,
        "is_subscribe": "N" if paid else None,
        "trade_type": order["trade_type"] if paid else None,
        "trade_state": order["state"],
        "trade_state_desc": STATES[order["state"]],
        "bank_type": "OTHERS" if paid else None,
        "total_fee": order["total"],
        "fee_type": order["currency"],
        **(promotions.v2(order) if paid else {}),
        "transaction_id": order["transaction_id"] if paid else None,
        "out_trade_no": order["out_trade_no"],
        "attach": order["sent"].get("attach"),
        "time_end": time_v2(order["success_time"]),
    }


def find_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the order that a v2 request names."""
    by = next((name for name in ("transaction_id", "out_trade_no") if call.body.get(name)), None)
    if by is None:
        raise Refusal(200, "PARAM_ERROR", "缺少参数：out_trade_no与transaction_id必填其一")
    order = find(context, str(call.body[by]), "ORDERNOTEXIST", by)
    same_merchant(order, call.body, "ORDERNOTEXIST")
    return order


@routes.on(
    "POST v2/pay/orderquery",
    "POST v2/pay/facepayquery",
    "POST v2/deposit/orderquery",
    "POST v2/pay/paporderquery",
    "POST v2/pay/partner/paporderquery",
)
def query_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order as it stands, v2."""
    return context.respond(call, facts_v2(context, find_v2(context, call)))


@routes.on("POST v2/pay/closeorder")
def close_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Close an order, v2."""
    with codes_v2(CLOSING):
        close(context, alone(find_v2(context, call)))
    return context.respond(call, {"result_msg": "OK"})


@routes.on("POST v2/secapi/pay/reverse", "POST v2/secapi/pay/facepayreverse", "POST v2/deposit/reverse")
def reverse_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take an order back, v2."""
    with codes_v2({"NOT_ENOUGH": "NOTENOUGH"}):
        reverse(context, find_v2(context, call))
    return context.respond(call, {"recall": "N"})
