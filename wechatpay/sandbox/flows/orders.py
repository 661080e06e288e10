"""Orders of every kind, v3: placed, queried, closed, reversed."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

routes = Routes()

ORDER = "order"
MOVE = "move"
RATE = Decimal("0.006")
TRADE_TYPES = {
    "app": "APP",
    "app-with-contract": "APP",
    "h5": "MWEB",
    "mweb": "MWEB",
    "jsapi": "JSAPI",
    "jsapi-with-contract": "JSAPI",
    "miniprogram": "JSAPI",
    "native": "NATIVE",
    "scannedpos": "NATIVE",
    "codepay": "MICROPAY",
    "micropay": "MICROPAY",
    "pay": "MICROPAY",
}
STATES = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "已关闭",
    "REVOKED": "已撤销",
    "USERPAYING": "用户支付中",
    "PAYERROR": "支付失败",
}
DIRECT = "v3/pay/transactions"
PARTNER = "v3/pay/partner/transactions"
GLOBAL = ("v3/transactions", "v3/global/transactions")
ASKED = ("description", "notify_url", "goods_tag", "time_expire", "support_fapiao", "settle_info")
"""Members of a request that some answers give back, and no notification."""
ECHOED = ("attach", *ASKED)
ORDERING = (
    *(
        f"POST {DIRECT}/{kind}"
        for kind in ("app", "h5", "jsapi", "native", "codepay", "app-with-contract", "jsapi-with-contract")
    ),
    *(
        f"POST {PARTNER}/{kind}"
        for kind in (
            "app",
            "h5",
            "jsapi",
            "native",
            "codepay",
            "miniprogram",
            "scannedpos",
            "app-with-contract",
            "jsapi-with-contract",
        )
    ),
    *(f"POST {base}/{kind}" for base in GLOBAL for kind in ("app", "jsapi", "mweb", "native")),
    "POST v3/transactions/micropay",
    "POST v3/global/micropay/transactions/pay",
)
NUMBER = "out-trade-no/{out_trade_no}"
ID = "id/{transaction_id}"
QUERYING = tuple(f"GET {base}/{by}" for base in (DIRECT, PARTNER, *GLOBAL) for by in (NUMBER, ID))
CLOSING = (
    *(f"POST {base}/{NUMBER}/close" for base in (DIRECT, PARTNER, *GLOBAL)),
    *(f"POST {base}/{ID}/close" for base in GLOBAL),
)
REVERSING = (
    *(
        f"POST {base}/{NUMBER}/reverse"
        for base in (DIRECT, PARTNER, "v3/transactions", "v3/global/micropay/transactions")
    ),
    *(f"POST {base}/{ID}/reverse" for base in ("v3/transactions", "v3/global/micropay/transactions")),
)


def commission(fen: int) -> int:
    """Return the platform's commission of an amount, in fen."""
    return int((Decimal(fen) * RATE).quantize(Decimal(1), ROUND_HALF_UP))


def chosen(sent: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the members of these names, as far as they were sent."""
    return {name: sent[name] for name in names if name in sent}


def own_number(context: SandboxContext, sent: Mapping[str, Any], location: str = "body") -> None:
    """Refuse a request for another merchant."""
    names = [name for name in ("mchid", "sp_mchid", "combine_mchid") if name in sent]
    if names and all(sent[name] != context.account.mchid for name in names):
        raise Refusal.of_field(
            location,
            f"/{names[0]}",
            f"is not the merchant that signed the request, {context.account.mchid}",
            value=sent[names[0]],
        )


def find(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return the order with this number of the merchant's or of the platform's."""
    order = context.store.get(ORDER, number)
    if order is None:
        raise Refusal(404, "ORDER_NOT_EXIST", f"there is no order {number}")
    return expired(context, order)


def expired(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return the order, closed if its time is over."""
    if order["state"] == "NOTPAY" and order["expires"] and order["expires"] <= context.clock():
        order["state"] = "CLOSED"
        save(context, order)
    return order


def save(context: SandboxContext, order: dict[str, Any]) -> None:
    """Store an order."""
    context.store.put(ORDER, order["out_trade_no"], order, order["transaction_id"], day=order["created"][:10])


def place(
    context: SandboxContext,
    sent: dict[str, Any],
    *,
    number: str,
    family: str,
    trade_type: str,
    total: int,
    currency: str,
    expire: str | None,
    parties: dict[str, Any],
    combined: str | None = None,
) -> dict[str, Any]:
    """Return a new order, or the one there is if it has the same parameters; what differs is refused."""
    known = context.store.get(ORDER, number)
    if known is not None:
        known = expired(context, known)
        if known["state"] in ("SUCCESS", "REFUND"):
            raise Refusal(403, "OUT_TRADE_NO_USED", f"the order {number} is paid already")
        if known["state"] in ("CLOSED", "REVOKED"):
            raise Refusal(400, "ORDER_CLOSED", f"the order {number} is closed")
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"the order {number} exists with other parameters")
        return known
    order = {
        "out_trade_no": number,
        "transaction_id": digits(28, context.account.mchid, number, context.stamp()),
        "family": family,
        "trade_type": trade_type,
        "state": "NOTPAY",
        "total": total,
        "currency": currency,
        "refunded": 0,
        "returned": 0,
        "sent": sent,
        "parties": parties,
        "openid": openid(sent, number),
        "notify_url": sent.get("notify_url"),
        "created": context.stamp(),
        "expires": deadline(context, expire),
        "success_time": None,
        "combined": combined,
        "key": letters(28, number, context.stamp()),
    }
    save(context, order)
    return order


def openid(sent: Mapping[str, Any], number: str) -> str:
    """Return the payer: the openid of the request, or one that depends on the order's number."""
    payer = sent.get("payer") or {}
    for place_ in (payer, sent):
        for name in ("openid", "sp_openid", "sub_openid"):
            if place_.get(name):
                return str(place_[name])
    return "o" + letters(27, number)


def deadline(context: SandboxContext, expire: str | None) -> float | None:
    """When the order closes by itself, if that lies ahead."""
    if not expire:
        return None
    try:
        if expire.isdigit():
            moment = datetime.strptime(expire, "%Y%m%d%H%M%S").replace(tzinfo=context.now().tzinfo)
        else:
            moment = datetime.fromisoformat(expire.replace(":60+", ":59+"))  # a leap second
    except ValueError:
        raise Refusal.of_field("body", "/time_expire", "not a time", value=expire) from None
    return moment.timestamp() if moment.timestamp() > context.clock() else None


def settle(context: SandboxContext, order: dict[str, Any], payer: str | None = None) -> None:
    """Mark an order as paid, and book the money."""
    order["state"] = "SUCCESS"
    order["success_time"] = context.stamp()
    if payer:
        order["openid"] = payer
    save(context, order)
    context.store.put(
        MOVE,
        "pay " + order["transaction_id"],
        {
            "kind": "pay",
            "order": order["out_trade_no"],
            "amount": order["total"],
            "fee": commission(order["total"]),
            "time": order["success_time"],
        },
        day=context.day(),
    )


def notified(result: dict[str, Any]) -> dict[str, Any]:
    """As much of an order as its notification says."""
    return {name: value for name, value in result.items() if name not in ASKED and value is not None}


def facts(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as v3 tells it; None leaves a field out."""
    sent, paid = order["sent"], order["success_time"] is not None
    family, currency = order["family"], order["currency"]
    amount = {"total": order["total"], "currency": currency}
    if paid:
        amount |= {"payer_total": order["total"], "payer_currency": currency}
    result: dict[str, Any] = {
        **{name: sent[name] for name in ECHOED if name in sent},
        **order["parties"],
        "out_trade_no": order["out_trade_no"],
        "trade_state": order["state"],
        "trade_state_desc": STATES[order["state"]],
        "trade_type": order["trade_type"] if paid or family == "global" else None,
        "transaction_id": order["transaction_id"] if paid else None,
        "bank_type": "OTHERS" if paid else None,
        "success_time": order["success_time"],
        "payer": payer(order) if paid else None,
        "amount": amount,
        "promotion_detail": None,
        "detail": None,
        "scene_info": None,
        "installment_info": None,
    }
    if family == "global":
        result["id"] = result.pop("transaction_id")
    return result


def payer(order: dict[str, Any]) -> dict[str, str]:
    """Return the payer's fields, by the order's family."""
    sent = order["sent"].get("payer") or {}
    if order["family"] != "partner":
        return {"openid": order["openid"]}
    result = {"sp_openid": sent.get("sp_openid") or order["openid"]}
    if sent.get("sub_openid"):
        result["sub_openid"] = sent["sub_openid"]
    return result


def sample(context: SandboxContext, number: str) -> dict[str, Any]:
    """Return the content of a payment's notification: of this order, or of a made-up one."""
    order = context.store.get(ORDER, number) if number else None
    if order is None:
        chosen = number or "SANDBOX20250102103456"
        order = {
            "out_trade_no": chosen,
            "transaction_id": digits(28, chosen),
            "family": "direct",
            "trade_type": "JSAPI",
            "state": "SUCCESS",
            "total": 100,
            "currency": "CNY",
            "sent": {"attach": ""},
            "parties": {"appid": context.account.appid, "mchid": context.account.mchid},
            "openid": "o" + letters(27, chosen),
            "success_time": context.stamp(),
        }
    result = facts(context, {**order, "success_time": order["success_time"] or context.stamp(), "state": "SUCCESS"})
    return notified(result)


@routes.on(*ORDERING)
def order_v3(context: SandboxContext, call: Call) -> Any:
    """Order: what the front end needs; with an authorisation code it is paid at once."""
    sent = dict(call.body)
    own_number(context, sent)
    kind = call.operation.path.rpartition("/")[2]
    path = call.operation.path
    family = "partner" if path.startswith(PARTNER) else "direct" if path.startswith(DIRECT) else "global"
    parties = chosen(sent, "appid", "mchid", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid")
    amount = sent.get("amount") or {}
    order = place(
        context,
        sent,
        number=str(sent["out_trade_no"]),
        family=family,
        trade_type=TRADE_TYPES[kind],
        total=fen(amount.get("total"), "/amount/total"),
        currency=str(amount.get("currency") or "CNY"),
        expire=sent.get("time_expire"),
        parties=parties,
    )
    if TRADE_TYPES[kind] == "MICROPAY":
        settle(context, order)
        return context.respond(call, facts(context, order))
    context.schedule("pay", order["out_trade_no"], when="pay")
    return context.respond(call, front_end(context, order["key"]))


def front_end(context: SandboxContext, key: str) -> dict[str, Any]:
    """Return the fields that the front ends start a payment with."""
    prepay_id = f"wx{context.now():%Y%m%d%H%M%S}{key[:20]}"
    link = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={key[:10]}"
    return {
        "prepay_id": prepay_id,
        "code_url": f"weixin://wxpay/bizpayurl?pr={key[:9]}zz",
        "h5_url": link,
        "mweb_url": link,
    }


@routes.on(*QUERYING)
def query_v3(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return an order as it stands."""
    own_number(context, call.query, "query")
    number = call.variables.get("out_trade_no") or call.variables["transaction_id"]
    return context.respond(call, facts(context, find(context, number)))


@routes.on(*CLOSING)
def close_v3(context: SandboxContext, call: Call) -> None:
    """Close an unpaid order."""
    own_number(context, call.body)
    close(context, call.variables.get("out_trade_no") or call.variables["transaction_id"])


def close(context: SandboxContext, number: str) -> None:
    """Close an order; a paid one is refused."""
    order = find(context, number)
    if order["state"] in ("SUCCESS", "REFUND"):
        raise Refusal(400, "ORDERPAID", f"the order {number} is paid, it cannot be closed: refund it")
    order["state"] = "CLOSED"
    save(context, order)


@routes.on(*REVERSING)
def reverse_v3(context: SandboxContext, call: Call) -> Any:
    """Reverse an order: an unpaid one is closed, a paid one is returned."""
    own_number(context, call.body)
    order = reverse(context, call.variables.get("out_trade_no") or call.variables["transaction_id"])
    if call.operation.response.content == "empty":
        return None
    return context.respond(call, {**order["parties"], "out_trade_no": order["out_trade_no"]})


def reverse(context: SandboxContext, number: str) -> dict[str, Any]:
    """Reverse an order."""
    order = find(context, number)
    if order["state"] == "SUCCESS":
        context.store.put(
            MOVE,
            "reverse " + order["transaction_id"],
            {
                "kind": "reverse",
                "order": order["out_trade_no"],
                "amount": order["total"],
                "fee": commission(order["total"]),
                "time": context.stamp(),
            },
            day=context.day(),
        )
        order["refunded"] = order["total"]
    order["state"] = "REVOKED"
    save(context, order)
    return order
