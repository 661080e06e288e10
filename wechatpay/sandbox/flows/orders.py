"""Transactions of every kind, v3 and v2: ordered, paid, asked for, closed, taken back."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes, sent_v2
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

__all__ = ["COMBINED", "MOVE", "ORDER", "pay", "routes", "sample"]

routes = Routes()

PAID: list[Callable[[Platform, dict[str, Any]], None]] = []
"""What else happens when an order is paid."""
ORDER = "order"
COMBINED = "combined order"
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


# what every kind shares


def commission(fen: int) -> int:
    """What the platform keeps of an amount, to the fen."""
    return int((Decimal(fen) * RATE).quantize(Decimal(1), ROUND_HALF_UP))


def chosen(sent: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The members of these names, as far as they were sent."""
    return {name: sent[name] for name in names if name in sent}


def own_number(platform: Platform, sent: Mapping[str, Any], location: str = "body") -> None:
    """Refuse a request for another merchant."""
    names = [name for name in ("mchid", "sp_mchid", "combine_mchid") if name in sent]
    if names and all(sent[name] != platform.account.mchid for name in names):
        raise Refusal.of_field(
            location,
            f"/{names[0]}",
            f"is not the merchant that signed the request, {platform.account.mchid}",
            value=sent[names[0]],
        )


def find(platform: Platform, number: str) -> dict[str, Any]:
    """The order with this number of the merchant's or of the platform's."""
    order = platform.ledger.get(ORDER, number)
    if order is None:
        raise Refusal(404, "ORDER_NOT_EXIST", f"there is no order {number}")
    return expired(platform, order)


def expired(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """The order, closed if its time is over."""
    if order["state"] == "NOTPAY" and order["expires"] and order["expires"] <= platform.clock():
        order["state"] = "CLOSED"
        save(platform, order)
    return order


def save(platform: Platform, order: dict[str, Any]) -> None:
    """Write the order down."""
    platform.ledger.put(ORDER, order["out_trade_no"], order, order["transaction_id"], day=order["created"][:10])


def place(
    platform: Platform,
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
    """A new order, or the one there is if it has the same parameters; what differs is refused."""
    known = platform.ledger.get(ORDER, number)
    if known is not None:
        known = expired(platform, known)
        if known["state"] in ("SUCCESS", "REFUND"):
            raise Refusal(403, "OUT_TRADE_NO_USED", f"the order {number} is paid already")
        if known["state"] in ("CLOSED", "REVOKED"):
            raise Refusal(400, "ORDER_CLOSED", f"the order {number} is closed")
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"the order {number} exists with other parameters")
        return known
    order = {
        "out_trade_no": number,
        "transaction_id": digits(28, platform.account.mchid, number, platform.stamp()),
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
        "created": platform.stamp(),
        "expires": deadline(platform, expire),
        "success_time": None,
        "combined": combined,
        "key": letters(28, number, platform.stamp()),
    }
    save(platform, order)
    return order


def openid(sent: Mapping[str, Any], number: str) -> str:
    """Who pays: the openid of the request, or one that depends on the order's number."""
    payer = sent.get("payer") or {}
    for place_ in (payer, sent):
        for name in ("openid", "sp_openid", "sub_openid"):
            if place_.get(name):
                return str(place_[name])
    return "o" + letters(27, number)


def deadline(platform: Platform, expire: str | None) -> float | None:
    """When the order closes by itself, if that lies ahead."""
    if not expire:
        return None
    try:
        if expire.isdigit():
            moment = datetime.strptime(expire, "%Y%m%d%H%M%S").replace(tzinfo=platform.now().tzinfo)
        else:
            moment = datetime.fromisoformat(expire.replace(":60+", ":59+"))  # a leap second
    except ValueError:
        raise Refusal.of_field("body", "/time_expire", "not a time", value=expire) from None
    return moment.timestamp() if moment.timestamp() > platform.clock() else None


def pay(platform: Platform, number: str, *, openid: str | None = None) -> list[dict[str, Any]]:
    """
    Pay an order, or all orders of a combined one; the merchant is notified.

    Raises:
        LookupError: There is no such order.
        ValueError: It cannot be paid any more.
    """
    with platform.change():
        combined = platform.ledger.get(COMBINED, number)
        numbers = combined["orders"] if combined else [number]
        paid = []
        for each in numbers:
            order = platform.ledger.get(ORDER, each)
            if order is None:
                raise LookupError(f"there is no order {each}")
            order = expired(platform, order)
            if order["state"] not in ("NOTPAY", "USERPAYING"):
                raise ValueError(f"the order {each} cannot be paid, it is {order['state']}")
            paid.append(order)
        for order in paid:
            settle(platform, order, openid)
            for deed in PAID:
                deed(platform, order)
        if combined:
            notify_combined(platform, combined, paid)
        else:
            notify(platform, paid[0])
        return paid


def settle(platform: Platform, order: dict[str, Any], payer: str | None = None) -> None:
    """Move the money."""
    order["state"] = "SUCCESS"
    order["success_time"] = platform.stamp()
    if payer:
        order["openid"] = payer
    save(platform, order)
    platform.ledger.put(
        MOVE,
        "pay " + order["transaction_id"],
        {
            "kind": "pay",
            "order": order["out_trade_no"],
            "amount": order["total"],
            "fee": commission(order["total"]),
            "time": order["success_time"],
        },
        day=platform.day(),
    )


def notify(platform: Platform, order: dict[str, Any]) -> None:
    """Tell the merchant that an order is paid."""
    if order["family"] == "v2":
        platform.notify(order["notify_url"], "transaction-success", facts_v2(platform, order), "v2")
    else:
        platform.notify(order["notify_url"], "TRANSACTION.SUCCESS", notified(facts(platform, order)))


def notified(told: dict[str, Any]) -> dict[str, Any]:
    """As much of an order as its notification says."""
    return {name: value for name, value in told.items() if name not in ASKED and value is not None}


def notify_combined(platform: Platform, combined: dict[str, Any], orders: list[dict[str, Any]]) -> None:
    """Tell the merchant that a combined order is paid."""
    if combined["family"] == "v2":
        content = {
            "return_code": "SUCCESS",
            "result_code": "SUCCESS",
            **combined["parties"],
            "combine_openid": orders[0]["openid"],
            "trade_type": orders[0]["trade_type"],
            "bank_type": "OTHERS",
            "sign_type": "HMAC-SHA256",
            "sub_order_list": {
                "order_num": len(orders),
                "order_list": [sub_facts_v2(platform, order) for order in orders],
            },
        }
        platform.notify(combined["notify_url"], "combined-transactions-success", content, "v2")
    else:
        platform.notify(combined["notify_url"], "TRANSACTION.SUCCESS", combined_facts(platform, combined))


# v3


def facts(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """An order as v3 tells it; None leaves a field out."""
    sent, paid = order["sent"], order["success_time"] is not None
    family, currency = order["family"], order["currency"]
    amount = {"total": order["total"], "currency": currency}
    if paid:
        amount |= {"payer_total": order["total"], "payer_currency": currency}
    told: dict[str, Any] = {
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
        told["id"] = told.pop("transaction_id")
    return told


def payer(order: dict[str, Any]) -> dict[str, str]:
    """Who paid, in the words of the order's family."""
    sent = order["sent"].get("payer") or {}
    if order["family"] != "partner":
        return {"openid": order["openid"]}
    told = {"sp_openid": sent.get("sp_openid") or order["openid"]}
    if sent.get("sub_openid"):
        told["sub_openid"] = sent["sub_openid"]
    return told


def sample(platform: Platform, number: str) -> dict[str, Any]:
    """What the notification of a paid order says: of this order, or of one that is made up."""
    order = platform.ledger.get(ORDER, number) if number else None
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
            "parties": {"appid": platform.account.appid, "mchid": platform.account.mchid},
            "openid": "o" + letters(27, chosen),
            "success_time": platform.stamp(),
        }
    told = facts(platform, {**order, "success_time": order["success_time"] or platform.stamp(), "state": "SUCCESS"})
    return notified(told)


@routes.on(*ORDERING)
def order_v3(platform: Platform, call: Call) -> Any:
    """Order: what the front end needs; with an authorisation code it is paid at once."""
    sent = dict(call.body)
    own_number(platform, sent)
    kind = call.operation.path.rpartition("/")[2]
    path = call.operation.path
    family = "partner" if path.startswith(PARTNER) else "direct" if path.startswith(DIRECT) else "global"
    parties = chosen(sent, "appid", "mchid", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid")
    amount = sent.get("amount") or {}
    order = place(
        platform,
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
        settle(platform, order)
        return platform.answer(call, facts(platform, order))
    platform.later_paid(order["out_trade_no"])
    return platform.answer(call, front_end(platform, order["key"]))


def front_end(platform: Platform, key: str) -> dict[str, Any]:
    """What each front end starts paying with."""
    prepay_id = f"wx{platform.now():%Y%m%d%H%M%S}{key[:20]}"
    link = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={key[:10]}"
    return {
        "prepay_id": prepay_id,
        "code_url": f"weixin://wxpay/bizpayurl?pr={key[:9]}zz",
        "h5_url": link,
        "mweb_url": link,
    }


@routes.on(*QUERYING)
def query_v3(platform: Platform, call: Call) -> dict[str, Any]:
    """An order as it stands."""
    own_number(platform, call.query, "query")
    number = call.variables.get("out_trade_no") or call.variables["transaction_id"]
    return platform.answer(call, facts(platform, find(platform, number)))


@routes.on(*CLOSING)
def close_v3(platform: Platform, call: Call) -> None:
    """Close an order nobody paid."""
    own_number(platform, call.body)
    close(platform, call.variables.get("out_trade_no") or call.variables["transaction_id"])


def close(platform: Platform, number: str) -> None:
    """Close an order; a paid one is refused."""
    order = find(platform, number)
    if order["state"] in ("SUCCESS", "REFUND"):
        raise Refusal(400, "ORDERPAID", f"the order {number} is paid, it cannot be closed: refund it")
    order["state"] = "CLOSED"
    save(platform, order)


@routes.on(*REVERSING)
def reverse_v3(platform: Platform, call: Call) -> Any:
    """Take an order back: an unpaid one is closed, of a paid one the money goes back."""
    own_number(platform, call.body)
    order = reverse(platform, call.variables.get("out_trade_no") or call.variables["transaction_id"])
    if call.operation.response.content == "empty":
        return None
    return platform.answer(call, {**order["parties"], "out_trade_no": order["out_trade_no"]})


def reverse(platform: Platform, number: str) -> dict[str, Any]:
    """Take an order back."""
    order = find(platform, number)
    if order["state"] == "SUCCESS":
        platform.ledger.put(
            MOVE,
            "reverse " + order["transaction_id"],
            {
                "kind": "reverse",
                "order": order["out_trade_no"],
                "amount": order["total"],
                "fee": commission(order["total"]),
                "time": platform.stamp(),
            },
            day=platform.day(),
        )
        order["refunded"] = order["total"]
    order["state"] = "REVOKED"
    save(platform, order)
    return order


# v3, combined


@routes.on(*(f"POST v3/combine-transactions/{kind}" for kind in ("app", "h5", "jsapi", "native", "miniprogram")))
def combine(platform: Platform, call: Call) -> dict[str, Any]:
    """Order several at once, paid in one go."""
    sent = dict(call.body)
    own_number(platform, sent)
    place_combined(platform, sent, TRADE_TYPES[call.operation.path.rpartition("/")[2]])
    return platform.answer(call, front_end(platform, letters(28, str(sent["combine_out_trade_no"]))))


def place_combined(platform: Platform, sent: dict[str, Any], trade_type: str) -> None:
    """The orders of a combined one."""
    number = str(sent["combine_out_trade_no"])
    orders = []
    for index, sub in enumerate(sent.get("sub_orders") or ()):
        amount = sub.get("amount") or {}
        order = place(
            platform,
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
    keep_combined(platform, number, "combine", orders, parties, sent)


def keep_combined(
    platform: Platform,
    number: str,
    family: str,
    orders: list[str],
    parties: dict[str, Any],
    sent: Mapping[str, Any],
) -> None:
    """Remember which orders are paid together."""
    transaction = digits(28, "combined", number)
    platform.ledger.put(
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
        day=platform.day(),
    )
    platform.later_paid(number)


def combined_facts(platform: Platform, combined: dict[str, Any]) -> dict[str, Any]:
    """A combined order as v3 tells it."""
    orders = [find(platform, number) for number in combined["orders"]]
    paid = any(order["success_time"] for order in orders)
    scene = combined["scene_info"]
    return {
        **combined["parties"],
        "combine_transaction_id": combined["combine_transaction_id"],
        "scene_info": {"device_id": scene["device_id"]} if isinstance(scene, dict) and "device_id" in scene else None,
        "sub_orders": [sub_facts(platform, order) for order in orders],
        "combine_payer_info": {"openid": orders[0]["openid"]} if paid else None,
    }


def sub_facts(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """One order of a combined one."""
    told = facts(platform, order)
    told["amount"] = {
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
    return {name: told[name] for name in names if told.get(name) is not None}


@routes.on(
    "GET v3/combine-transactions/out-trade-no/{combine_out_trade_no}",
    "GET v3/combine-transactions/id/{combine_transaction_id}",
    "GET v3/ecommerce/combine-papay/transactions/{combine_out_trade_no}",
)
def query_combined(platform: Platform, call: Call) -> dict[str, Any]:
    """A combined order as it stands."""
    return platform.answer(call, combined_facts(platform, find_combined(platform, next(iter(call.variables.values())))))


def find_combined(platform: Platform, number: str) -> dict[str, Any]:
    """The combined order of this number."""
    combined = platform.ledger.get(COMBINED, number)
    if combined is None:
        raise Refusal(404, "ORDER_NOT_EXIST", f"there is no combined order {number}")
    return combined


@routes.on("POST v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close")
def close_combined(platform: Platform, call: Call) -> None:
    """Close the orders of a combined one."""
    for number in find_combined(platform, call.variables["combine_out_trade_no"])["orders"]:
        close(platform, number)


# v2


@routes.on("POST v2/pay/unifiedorder", "POST v2/pay/contractorder", "POST v2/deposit/unifiedorder")
def order_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Order by v2."""
    order = placed_v2(platform, call, str(call.body.get("trade_type") or "JSAPI"))
    platform.later_paid(order["out_trade_no"])
    told = front_end(platform, order["key"])
    trade_type = order["trade_type"]
    return platform.answer(
        call,
        {
            **common_v2(call),
            "trade_type": trade_type,
            "prepay_id": told["prepay_id"],
            "code_url": told["code_url"] if trade_type == "NATIVE" else None,
            "mweb_url": told["mweb_url"] if trade_type == "MWEB" else None,
        },
    )


@routes.on("POST v2/pay/micropay", "POST v2/pay/facepay", "POST v2/deposit/micropay", "POST v2/deposit/facepay")
def pay_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Order and pay at once."""
    order = placed_v2(platform, call, "MICROPAY" if call.operation.path.endswith("micropay") else "FACEPAY")
    settle(platform, order)
    return platform.answer(call, {**common_v2(call), **facts_v2(platform, order)})


def placed_v2(platform: Platform, call: Call, trade_type: str, **known: Any) -> dict[str, Any]:
    """The order of a v2 request, and what is known besides."""
    sent = {**sent_v2(call), **known}
    parties = chosen(sent, "appid", "mch_id", "sub_appid", "sub_mch_id")
    try:
        return place(
            platform,
            sent,
            number=str(sent["out_trade_no"]),
            family="v2",
            trade_type=trade_type,
            total=fen(sent.get("total_fee"), "/total_fee"),
            currency=str(sent.get("fee_type") or "CNY"),
            expire=sent.get("time_expire"),
            parties=parties,
        )
    except Refusal as refusal:
        codes = {
            "OUT_TRADE_NO_USED": "ORDERPAID",
            "ORDER_CLOSED": "ORDERCLOSED",
            "INVALID_REQUEST": "OUT_TRADE_NO_USED",
        }
        raise Refusal(200, codes.get(refusal.code, refusal.code), refusal.message) from None


def common_v2(call: Call) -> dict[str, Any]:
    """What every v2 answer gives back."""
    names = ("appid", "mch_id", "sub_appid", "sub_mch_id", "device_info")
    return {
        "result_code": "SUCCESS",
        "err_code": None,
        "err_code_des": None,
        **{name: call.body[name] for name in names if name in call.body},
    }


def time_v2(stamp: str | None) -> str | None:
    """A time as v2 writes it."""
    return datetime.fromisoformat(stamp).strftime("%Y%m%d%H%M%S") if stamp else None


def facts_v2(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """An order as v2 tells it; None leaves a field out."""
    paid = order["success_time"] is not None
    return {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": order["parties"].get("appid", platform.account.appid),
        "mch_id": order["parties"].get("mch_id", platform.account.mchid),
        "sub_mch_id": order["parties"].get("sub_mch_id"),
        "openid": order["openid"] if paid else None,
        "is_subscribe": "N" if paid else None,
        "trade_type": order["trade_type"] if paid else None,
        "trade_state": order["state"],
        "trade_state_desc": STATES[order["state"]],
        "bank_type": "OTHERS" if paid else None,
        "total_fee": order["total"],
        "fee_type": order["currency"],
        "cash_fee": order["total"] if paid else None,
        "transaction_id": order["transaction_id"] if paid else None,
        "out_trade_no": order["out_trade_no"],
        "attach": order["sent"].get("attach"),
        "time_end": time_v2(order["success_time"]),
    }


def sub_facts_v2(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """One order of a combined one, v2."""
    told = facts_v2(platform, order)
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
    return {name: told[name] for name in names if told[name] is not None}


def number_v2(call: Call) -> str:
    """The number that a v2 request names an order by."""
    number = call.body.get("out_trade_no") or call.body.get("transaction_id")
    if not number:
        raise Refusal(200, "PARAM_ERROR", "out_trade_no or transaction_id is needed")
    return str(number)


def find_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """The order that a v2 request names."""
    try:
        return find(platform, number_v2(call))
    except Refusal as refusal:
        code = "ORDERNOTEXIST" if refusal.code == "ORDER_NOT_EXIST" else refusal.code
        raise Refusal(200, code, refusal.message) from None


@routes.on(
    "POST v2/pay/orderquery",
    "POST v2/pay/facepayquery",
    "POST v2/deposit/orderquery",
    "POST v2/pay/paporderquery",
    "POST v2/pay/partner/paporderquery",
)
def query_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """An order as it stands, v2."""
    return platform.answer(call, {**common_v2(call), **facts_v2(platform, find_v2(platform, call))})


@routes.on("POST v2/pay/closeorder")
def close_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Close an order, v2."""
    close(platform, find_v2(platform, call)["out_trade_no"])
    return platform.answer(call, {**common_v2(call), "result_msg": "OK"})


@routes.on("POST v2/secapi/pay/reverse", "POST v2/secapi/pay/facepayreverse", "POST v2/deposit/reverse")
def reverse_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Take an order back, v2."""
    reverse(platform, find_v2(platform, call)["out_trade_no"])
    return platform.answer(call, {**common_v2(call), "recall": "N"})


@routes.on("POST v2/pay/combinedorder")
def combine_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Order several at once, v2."""
    sent = dict(call.body)
    number = str(sent["combine_out_trade_no"])
    try:
        listed = json.loads(sent["sub_order_list"])["order_list"]
        orders = [
            place(
                platform,
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
    keep_combined(platform, number, "v2", orders, parties, sent)
    told = front_end(platform, letters(28, number))
    return platform.answer(
        call, {**common_v2(call), **parties, "trade_type": sent.get("trade_type"), "prepay_id": told["prepay_id"]}
    )


@routes.on("POST v2/pay/querycombinedorder")
def query_combined_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """A combined order as it stands, v2."""
    combined = found_combined_v2(platform, call)
    orders = [find(platform, number) for number in combined["orders"]]
    return platform.answer(
        call,
        {
            **common_v2(call),
            **combined["parties"],
            "combine_openid": orders[0]["openid"],
            "result_msg": "OK",
            "trade_state": orders[0]["state"],
            "trade_state_desc": STATES[orders[0]["state"]],
            "sub_order_list": json.dumps(
                {"order_num": len(orders), "order_list": [sub_facts_v2(platform, order) for order in orders]},
                ensure_ascii=False,
            ),
        },
    )


@routes.on("POST v2/pay/closecombinedorder")
def close_combined_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """Close the orders of a combined one, v2."""
    for number in found_combined_v2(platform, call)["orders"]:
        close(platform, number)
    return platform.answer(call, common_v2(call))


def found_combined_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """The combined order that a v2 request names."""
    try:
        return find_combined(platform, str(call.body["combine_out_trade_no"]))
    except Refusal as refusal:
        raise Refusal(200, "ORDERNOTEXIST", refusal.message) from None
