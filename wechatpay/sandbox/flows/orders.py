"""Orders of every kind, v3: placed, queried, closed, reversed."""

from __future__ import annotations

import re
import warnings
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows import frozen_money, promotions, trades
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states import ORDER
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

    Hook = Callable[[SandboxContext, dict[str, Any]], None]

routes = Routes()

ORDERS = Objects(Words("order", "订单"), "out_trade_no", "transaction_id", states=ORDER, missing="ORDER_NOT_EXIST")
NEVER_ORDERED = "closed number"
"""Numbers that were closed before there was an order: v3 accepts that, and refuses the order afterwards."""
CODE = "payment code"
"""Payment codes that were used, with the number of their order."""
USED = "每个二维码仅限使用一次，请刷新再试"
"""https://developers.weixin.qq.com/community/pay/doc/000ceec0720af85fbc4bab63056000."""
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
    "REFUND": "订单发生过退款，退款详情请查询退款单",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
    "REVOKED": "已撤销",
    "USERPAYING": "用户支付中",
    "PAYERROR": "支付失败",
}
DIRECT = "v3/pay/transactions"
PARTNER = "v3/pay/partner/transactions"
GLOBAL = ("v3/transactions", "v3/global/transactions")
ASKED = ("description", "notify_url", "goods_tag", "time_expire", "support_fapiao", "settle_info")
"""Members of a request that some answers give back, and no notification."""
ECHOED = ("attach", *ASKED, "trade_scene", "parking_info")
NUMBER = "out-trade-no/{out_trade_no}"
ID = "id/{transaction_id}"
KINDS = ("app", "h5", "jsapi", "native", "codepay", "app-with-contract", "jsapi-with-contract")
ORDERING = (
    *(f"{DIRECT}/{kind}" for kind in KINDS),
    *(f"{PARTNER}/{kind}" for kind in (*KINDS, "miniprogram", "scannedpos")),
    *(f"{base}/{kind}" for base in GLOBAL for kind in ("app", "jsapi", "mweb", "native")),
    "v3/transactions/micropay",
    "v3/global/micropay/transactions/pay",
)
REVERSED_ABROAD = ("v3/transactions", "v3/global/micropay/transactions")
REVERSIBLE = frozenset({"MICROPAY", "FACEPAY", "AUTH"})
"""Ways of paying without a front end: the merchant may not know how they ended."""
CLOSED_AFTER = timedelta(days=7)
"""How long an order without a time_expire can be paid: https://pay.weixin.qq.com/doc/v3/merchant/4012078634."""
SOONEST = 60
"""Seconds for which an order can be paid at least."""
ENTERING = 30
"""Seconds for which an order is not reversed after its user began to enter the password."""
BY_CODE = ("/codepay", "/micropay", "/micropay/transactions/pay")
PARTIES = ("appid", "mchid", "mch_id", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid", "sub_mch_id")


PAID: list[Hook] = []
REVERSED: list[Hook] = []


def on_paid(hook: Hook) -> Hook:
    """Register the function below: it is called with each order that is paid, in whatever way."""
    PAID.append(hook)
    return hook


def on_reversed(hook: Hook) -> Hook:
    """Register the function below: it is called with each paid order that is reversed."""
    REVERSED.append(hook)
    return hook


def commission(fen: int) -> int:
    """Return the platform's commission of an amount, in fen."""
    return int((Decimal(fen) * RATE).quantize(Decimal(1), ROUND_HALF_UP))


def own_number(context: SandboxContext, sent: Mapping[str, Any], location: str = "body") -> None:
    """Refuse a request for another merchant."""
    names = [name for name in ("mchid", "sp_mchid", "combine_mchid") if name in sent]
    if names and context.account.mchid not in map(sent.get, names):
        raise Refusal.of_field(
            location,
            f"/{names[0]}",
            f"与签名的商户号 {context.account.mchid} 不一致",
            value=sent[names[0]],
        )


def find(context: SandboxContext, number: str, missing: str = "", by: str = "") -> dict[str, Any]:
    """Return the order with this number of the merchant's or of the platform's; of the member ``by`` if it is named."""
    unfreeze_due(context)
    return expired(context, ORDERS.find(context, number, missing, by))


def unfreeze_due(context: SandboxContext) -> None:
    """Unfreeze what nobody shared in time, of all orders, until yesterday: before a balance counts or an order is read."""
    for day, number in frozen_money.over(context):
        order = ORDERS.entry(context, number)
        frozen_money.thaw(context, order, day=day)
        ORDERS.save(context, order)


def expired(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it stands now: one that nobody paid in seven days is closed."""
    if order["state"] == "NOTPAY" and order["closes"] <= context.clock():
        ORDERS.move(order, "expire")
        ORDERS.save(context, order)
    return order


def payable(context: SandboxContext, order: dict[str, Any]) -> None:
    """Raise ValueError if an order cannot be paid now: by its state, or after its time_expire, when it stays unpaid."""
    number = order["out_trade_no"]
    if order["state"] not in ORDER.transitions["pay"].before:
        raise ValueError(
            Words(
                f"the order {number} cannot be paid, it is {order['state']}",
                f"订单 {number} 不能支付，状态是 {order['state']}",
            )
        )
    if order["expires"] and order["expires"] <= context.clock():
        raise ValueError(
            Words(
                f"the order {number} cannot be paid, its time_expire is over",
                f"订单 {number} 已超过商户设置的最晚支付成功时间",
            )
        )


def whose(order: dict[str, Any]) -> str | None:
    """Return the sub-merchant of an order; None: it is the merchant's own."""
    number: str | None = order["parties"].get("sub_mchid") or order["parties"].get("sub_mch_id")
    return number


def same_merchant(order: dict[str, Any], sent: Mapping[str, Any], code: str = "INVALID_REQUEST") -> None:
    """Refuse a request of another sub-merchant than the order's, or of none."""
    asking = sent.get("sub_mchid") or sent.get("sub_mch_id")
    if order["family"] != "combine" and asking != whose(order):
        raise Refusal(400, code, "商户号和订单信息不匹配")


def place(
    context: SandboxContext,
    sent: dict[str, Any],
    *,
    number: str,
    family: str,
    trade_type: str,
    total: int,
    currency: str | None = None,
    expire: str | None = None,
    parties: dict[str, Any] | None = None,
    combined: str | None = None,
) -> dict[str, Any]:
    """Return a new order, or the one there is if it has the same parameters; what differs is refused."""
    known = ORDERS.get(context, number)
    if context.store.get(NEVER_ORDERED, number) is not None:
        raise Refusal(
            400,
            "ORDER_CLOSED",
            Words(
                f"the order {number} was closed before it was placed",
                f"订单已关闭: 商户订单号 {number} 在下单前已被关单",
            ),
        )
    if known is not None:
        state = expired(context, known)["state"]
        if state in ("SUCCESS", "REFUND"):
            raise Refusal(
                403, "OUT_TRADE_NO_USED", Words(f"the order {number} is paid already", f"该订单已支付: {number}")
            )
        if state in ("CLOSED", "REVOKED"):
            raise Refusal(400, "ORDER_CLOSED", Words(f"the order {number} is closed", f"订单已关闭: {number}"))
        if known["combined"] != combined or known["trade_type"] != trade_type:
            raise Refusal(
                403,
                "OUT_TRADE_NO_USED",
                Words(
                    f"the order {number} is there already, by another way",
                    f"商户订单号重复: {number} 已用其他支付方式下单",
                ),
            )
        ORDERS.same(known, sent, number)
        return known
    order: dict[str, Any] = {
        "out_trade_no": number,
        "transaction_id": platform_number(context, "transaction", number, context.stamp()),
        "family": family,
        "trade_type": trade_type,
        "state": "NOTPAY",
        "total": total,
        "currency": str(currency or "CNY"),
        "refunded": 0,
        "fee_returned": 0,
        "sent": sent,
        "parties": chosen(sent, *PARTIES) if parties is None else parties,
        "openid": openid(sent, number),
        "notify_url": sent.get("notify_url"),
        "created": context.stamp(),
        "expires": deadline(context, expire),
        "closes": context.clock() + CLOSED_AFTER.total_seconds(),
        "refunds": [],
        "success_time": None,
        "combined": combined,
        "key": letters(28, number, context.stamp()),
    }
    ORDERS.save(context, order)
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
    """
    Return when an order can be paid last, in seconds since the epoch: its time_expire, but a minute at least.

    An earlier one is moved by v3 (https://pay.weixin.qq.com/doc/v3/merchant/4012791856), and refused by v2, whose
    times are 14 digits.
    """
    if not expire:
        return None
    try:
        if expire.isdigit():
            moment = datetime.strptime(expire, "%Y%m%d%H%M%S").replace(tzinfo=context.now().tzinfo)
        else:
            text = re.sub(r":60\b", ":59", expire)  # a leap second
            moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal.of_field("body", "/time_expire", "应为带时区的时间，如 2018-06-08T10:34:56+08:00", value=expire)
    earliest = context.clock() + SOONEST
    if context.strict and expire.isdigit() and moment.timestamp() < earliest:
        raise Refusal(400, "PARAM_ERROR", "time_expire时间过短，刷卡至少1分钟，其他5分钟")
    return max(moment.timestamp(), earliest)


def settle(context: SandboxContext, order: dict[str, Any], payer: str | None = None) -> None:
    """Mark an order as paid, book the money, and do what else a payment brings about."""
    ORDERS.move(order, "pay")
    order["success_time"] = context.stamp()
    if payer:
        order["openid"] = payer
    fee = commission(promotions.settled(order))
    frozen_money.freeze(context, order, promotions.settled(order) - fee)
    ORDERS.save(context, order)
    trades.paid(context, order, ORDER.transitions["pay"].books, fee)
    for hook in PAID:
        hook(context, order)


def pay(context: SandboxContext, number: str, *, openid: str | None = None) -> list[dict[str, Any]]:
    """Deprecated: use :meth:`wechatpay.sandbox.Sandbox.pay`."""
    warnings.warn("flows.orders.pay is deprecated: use Sandbox.pay", DeprecationWarning, stacklevel=2)
    paid: list[dict[str, Any]] = context.act("pay", number, openid=openid)
    return paid


def code_used(context: SandboxContext, code: Any, number: str) -> bool:
    """Return whether another order used a payment code: it serves once, whatever came of that order."""
    used = context.store.get(CODE, str(code)) if code else None
    return used is not None and used["out_trade_no"] != number


def pay_by_code(context: SandboxContext, order: dict[str, Any], code: Any, *, entering: bool) -> None:
    """Pay an order by a payment code, at once or when the user has entered the password; a repeat pays no more."""
    if code:
        context.store.put(CODE, str(code), {"out_trade_no": order["out_trade_no"]})
    if order["state"] == "USERPAYING":
        raise Refusal(202, "USERPAYING", "需要用户输入支付密码")
    if entering:
        ORDERS.move(order, "enter")
        order["entering"] = context.clock()
        ORDERS.save(context, order)
    else:
        settle(context, order)


def notified(result: dict[str, Any]) -> dict[str, Any]:
    """As much of an order as its notification says."""
    return {name: value for name, value in result.items() if name not in ASKED and value is not None}


def facts(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as v3 tells it; None leaves a field out."""
    sent, paid = order["sent"], order["success_time"] is not None
    family, currency = order["family"], order["currency"]
    amount = {"total": order["total"], "payer_currency": currency}
    if paid or family == "global":
        amount |= {"currency": currency, "payer_total": promotions.payer_total(order)}
    home = family in ("direct", "partner")
    result: dict[str, Any] = {
        "attach": "" if home and paid else None,
        **{name: sent[name] for name in (("attach",) if home else ECHOED) if name in sent},
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
        "promotion_detail": order.get("promotion_detail") or ([] if home and not paid else None),
        "detail": None,
        "scene_info": {"device_id": ""} if home and not paid else None,
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
    made_up = number or "SANDBOX20250102103456"
    order = ORDERS.get(context, made_up) or {
        "out_trade_no": made_up,
        "transaction_id": platform_number(context, "transaction", made_up),
        "family": "direct",
        "trade_type": "JSAPI",
        "total": 100,
        "currency": "CNY",
        "sent": {"attach": ""},
        "parties": {"appid": context.account.appid, "mchid": context.account.mchid},
        "openid": "o" + letters(27, made_up),
        "success_time": None,
    }
    result = facts(context, {**order, "success_time": order["success_time"] or context.stamp(), "state": "SUCCESS"})
    return notified(result)


@routes.on(*(f"POST {path}" for path in ORDERING if path.endswith(BY_CODE)), unfinished=True)
@routes.on(*(f"POST {path}" for path in ORDERING if not path.endswith(BY_CODE)))
def order_v3(context: SandboxContext, call: ReceivedCall) -> Any:
    """Order: what the front end needs; with an authorisation code it is paid at once."""
    sent = dict(call.body)
    own_number(context, sent)
    path = call.operation.path
    trade_type = TRADE_TYPES[path.rpartition("/")[2]]
    amount, code = sent.get("amount") or {}, (sent.get("payer") or {}).get("auth_code")
    if trade_type == "MICROPAY" and code_used(context, code, str(sent["out_trade_no"])):
        raise Refusal(400, "PARAM_ERROR", USED)
    order = place(
        context,
        sent,
        number=str(sent["out_trade_no"]),
        family="partner" if path.startswith(PARTNER) else "direct" if path.startswith(DIRECT) else "global",
        trade_type=trade_type,
        total=fen(amount.get("total"), "/amount/total"),
        currency=amount.get("currency"),
        expire=sent.get("time_expire"),
    )
    if trade_type == "MICROPAY":
        pay_by_code(context, order, code, entering=call.unfinished)
        return context.respond(call, facts(context, order))
    context.schedule("pay", order["out_trade_no"], when="pay")
    return context.respond(call, front_end(context, order["key"]))


def front_end(context: SandboxContext, key: str) -> dict[str, Any]:
    """Return the fields that the front ends start a payment with."""
    prepay_id = f"wx{context.now():%Y%m%d%H%M%S}{key[:20]}"
    link = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={key[:10]}"
    return {
        "prepay_id": prepay_id,
        "code_url": f"weixin://wxpay/bizpayurl?pr={letters(9, key, context.stamp())}zz",
        "h5_url": link,
        "mweb_url": link,
    }


def named(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the order that a path names; one of another merchant or another kind of merchant is refused."""
    sent, location = (call.query, "query") if call.operation.method == "GET" else (call.body, "body")
    own_number(context, sent, location)
    by, number = next(
        (name, call.variables[name]) for name in ("out_trade_no", "transaction_id") if name in call.variables
    )
    order = find(context, number, by=by)
    path = call.operation.path
    if path.startswith(DIRECT) and whose(order) and order["family"] != "combine":
        raise Refusal(404, ORDERS.missing, f"订单不存在: 订单 {number} 不是该商户自己的订单")
    if path.startswith(PARTNER):
        same_merchant(order, sent)
    return order


@routes.on(*(f"GET {base}/{by}" for base in (DIRECT, PARTNER, *GLOBAL) for by in (NUMBER, ID)))
def query_v3(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order as it stands."""
    return context.respond(call, facts(context, named(context, call)))


@routes.on(
    *(f"POST {base}/{NUMBER}/close" for base in (DIRECT, PARTNER, *GLOBAL)),
    *(f"POST {base}/{ID}/close" for base in GLOBAL),
)
def close_v3(context: SandboxContext, call: ReceivedCall) -> None:
    """Close an unpaid order."""
    own_number(context, call.body)
    number = call.variables.get("out_trade_no")
    if number and ORDERS.get(context, number) is None:
        context.store.put(NEVER_ORDERED, number, {"out_trade_no": number})
    else:
        close(context, alone(named(context, call)))


def alone(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order; one that is part of a combined order is refused: it is paid and closed with the others."""
    if order["combined"]:
        raise Refusal(400, "INVALID_REQUEST", "合单支付订单只能使用合单关单API完成关单")
    return order


def close(context: SandboxContext, order: dict[str, Any]) -> None:
    """Close an order; a paid one is refused."""
    if order["state"] in ("SUCCESS", "REFUND"):
        number = order["out_trade_no"]
        raise Refusal(400, "ORDERPAID", f"订单已支付，不能关单，请申请退款: {number}")
    with refusing():
        ORDERS.move(order, "close")
    ORDERS.save(context, order)


@routes.on(
    *(f"POST {base}/{NUMBER}/reverse" for base in (DIRECT, PARTNER, *REVERSED_ABROAD)),
    *(f"POST {base}/{ID}/reverse" for base in REVERSED_ABROAD),
)
def reverse_v3(context: SandboxContext, call: ReceivedCall) -> Any:
    """Reverse an order: an unpaid one is closed, a paid one is returned."""
    order = reverse(context, named(context, call))
    if call.operation.response.content == "empty":
        return None
    return context.respond(call, {**order["parties"], "out_trade_no": order["out_trade_no"]})


def reverse(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """
    Reverse an order that no front end started, in the first seven days.

    https://pay.weixin.qq.com/doc/v2/merchant/4011941171
    """
    if order["state"] == "USERPAYING" and context.clock() < order["entering"] + ENTERING:
        raise Refusal(202, "USERPAYING", "用户支付中，需要输入密码")
    if order["trade_type"] not in REVERSIBLE:
        raise Refusal(400, "INVALID_REQUEST", f"{order['trade_type']} 订单不能撤销，请关单或申请退款")
    paid = order["success_time"]
    if paid and datetime.fromisoformat(paid) + CLOSED_AFTER < context.now():
        raise Refusal(400, "REVERSE_EXPIRE", "订单无法撤销")
    change = "return" if order["state"] == "SUCCESS" else "reverse"
    with refusing():
        ORDERS.move(order, change)
    if change == "return":
        order["refunded"] = order["total"]
        trades.reversed_(context, order, ORDER.transitions[change].books, commission(promotions.settled(order)))
    ORDERS.save(context, order)
    for hook in REVERSED if change == "return" else ():
        hook(context, order)
    return order
