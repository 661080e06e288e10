"""Merchant coupons of users: sent, received, told, used, given back, made void; they expire when their time is over."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows.busifavor import BASE, PRODUCT, STOCKS, find, period
from wechatpay.sandbox.flows.favor_rules import (
    at_this_time,
    callback_url,
    expired,
    new_number,
    once,
    paged,
    receive_once,
    send_once,
)
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_coupons import BUSIFAVOR_COUPON
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = [
    "COUPONS",
    "current",
    "facts",
    "find_coupon",
    "make_or_say_why",
    "new_coupon",
    "receive",
    "routes",
    "store_new",
]

routes = Routes()

COUPONS = Objects(Words("merchant coupon", "商家券"), "key", state="coupon_state", states=BUSIFAVOR_COUPON)
ACTIONS = f"{BASE}/coupons"
USERS = f"{BASE}/users/{{openid}}/coupons"
CHANNEL = "BUSICOUPON_SEND_CHANNEL"
STOCK_FACTS = ("stock_name", "belong_merchant", "comment", "goods_name", "stock_type", "coupon_use_rule")
SHOWN = ("custom_entrance", "display_pattern_info")
INTERNAL = ("key", "openid", "appid", "sender", "subsidies", "subsidized", "associate_time", "upload_time")
TIMES = {"use": "use_time", "return": "return_time", "deactivate": "deactivate_time"}


def new_coupon(stock: dict[str, Any], code: str, **members: Any) -> dict[str, Any]:
    """Return a coupon of this code that nobody has yet."""
    stock_id = stock["stock_id"]
    return {
        "key": f"{stock_id}/{code}",
        "coupon_code": code,
        "stock_id": stock_id,
        "coupon_state": "AVAILABLE",
        **members,
    }


def store_new(context: SandboxContext, coupon: dict[str, Any], *names: str) -> None:
    """Store a coupon with the names that it is found by; the day of the store is an index, here of a user's coupons."""
    context.store.put(COUPONS.kind, coupon["key"], coupon, *names, day=coupon.get("openid", ""))


@routes.on(f"POST {ACTIONS}/send", f"POST {BASE}/product-coupons/send")
def send(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Send a user a coupon of a stock that runs."""
    sent = dict(call.body)
    number = str(sent["out_request_no"])

    def answer() -> dict[str, Any]:
        stock = find(context, str(sent["stock_id"]))
        coupon = make(context, stock, number, sent, "API")
        return context.respond(call, {**chosen(coupon, "stock_id", "coupon_code"), "out_request_no": number})

    return once(context, call, number, answer)


@routes.action("receive_merchant_coupon", "用户领取一张商家券。")
def receive(
    context: SandboxContext, number: str, openid: str, channel: str = "MINIAPP", coupon_code: str = ""
) -> dict[str, Any]:
    """Receive a coupon of a stock as the user with this openid."""
    with context.change():
        stock = STOCKS.entry(context, number, "stock_id")
        serial = letters(20, "received", number, openid, str(stock["sent_coupons"]["total"]))
        sent = {"openid": openid, "appid": context.account.appid, "coupon_code": coupon_code}
        return make_or_say_why(context, stock, serial, sent, channel)


def make_or_say_why(
    context: SandboxContext, stock: dict[str, Any], number: str, sent: dict[str, Any], channel: str, **attached: str
) -> dict[str, Any]:
    """Send a coupon as an action does: ValueError if it is refused."""
    try:
        return make(context, stock, number, sent, channel, **attached)
    except Refusal as refusal:
        english, chinese = f"{refusal.code} {refusal}", f"{refusal.code} {refusal.message}"
        raise ValueError(Words(f"the coupon cannot be received: {english}", f"无法领券：{chinese}")) from None


def make(
    context: SandboxContext, stock: dict[str, Any], number: str, sent: dict[str, Any], channel: str, **attached: str
) -> dict[str, Any]:
    """Send a coupon of a stock, and notify the merchant; what the stock's state, time or limits forbid is refused."""
    rules = stock["facts"]
    if stock["stock_state"] != "RUNNING" or period(rules)[1] <= context.now():
        raise Refusal(400, "INVALID_REQUEST", "活动已结束或未激活")
    receive_once(context, stock["stock_id"], sent["openid"], rules["stock_send_rule"]["max_coupons_per_user"])
    worth = (rules["coupon_use_rule"].get("fixed_normal_coupon") or {}).get("discount_amount") or 0
    send_once(stock, context.day(), worth, rules["stock_send_rule"])
    coupon = with_code(context, stock, number, str(sent.get("coupon_code") or ""))
    begin, end = usable(context, rules)
    COUPONS.move(
        coupon,
        "send",
        openid=sent["openid"],
        appid=sent["appid"],
        sender=context.account.mchid,
        send_request_no=number,
        receive_time=context.stamp(),
        available_start_time=begin,
        expire_time=end,
    )
    names = [f"{coupon['openid']}/{coupon['coupon_code']}"]
    if rules["coupon_code_mode"] == "WECHATPAY_MODE":
        names.append(coupon["coupon_code"])
    store_new(context, coupon, *names)
    STOCKS.save(context, stock)
    tell(context, stock, coupon, channel, attached)
    return coupon


def tell(
    context: SandboxContext, stock: dict[str, Any], coupon: dict[str, Any], channel: str, attached: dict[str, str]
) -> None:
    """Notify the merchant of a coupon that was sent; of its user if the stock has a ``notify_appid``."""
    content = {
        "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
        **chosen(coupon, "coupon_code", "stock_id"),
        "send_time": coupon["receive_time"],
        "openid": coupon["openid"] if (stock["facts"].get("notify_config") or {}).get("notify_appid") else None,
        "send_channel": f"{CHANNEL}_{channel}",
        "send_merchant": coupon["sender"],
        "attach_info": attached or None,
    }
    context.notify(callback_url(context, PRODUCT), BUSIFAVOR_COUPON.transitions["send"].notifies, content)


def with_code(context: SandboxContext, stock: dict[str, Any], number: str, given: str) -> dict[str, Any]:
    """Return the coupon to send: with the platform's code, the merchant's, or one that was uploaded."""
    mode = stock["facts"]["coupon_code_mode"]
    if bool(given) != (mode == "MERCHANT_API"):
        issue = "券code模式为MERCHANT_API时必填" if not given else f"券code模式为{mode}时不可传入"
        raise Refusal.of_field("body", "/coupon_code", issue)
    if mode == "MERCHANT_UPLOAD":
        available = f"available code {stock['stock_id']}"
        code = context.store.last(available)
        if code is None:
            raise Refusal(403, "NOT_ENOUGH", "批次可用券code不足")
        context.store.delete(available, code)
        stock["codes"]["available_count"] -= 1
        return COUPONS.entry(context, f"{stock['stock_id']}/{code}")
    if COUPONS.get(context, f"{stock['stock_id']}/{given}") is not None:
        raise Refusal(400, "RESOURCE_ALREADY_EXISTS", "券code已存在")
    return new_coupon(stock, given or new_number(context, COUPONS, "12", 22, number))


def usable(context: SandboxContext, rules: dict[str, Any]) -> tuple[str, str]:
    """
    Return from when to when a coupon that is sent now can be used.

    Days are natural days, the first of them counts: https://pay.weixin.qq.com/doc/v3/merchant/4012534855
    """
    now, times = context.now(), rules["coupon_use_rule"]["coupon_available_time"]
    begin, end = (each.astimezone(now.tzinfo) for each in period(rules))
    wait = int(times.get("wait_days_after_receive") or 0)
    received = datetime.combine(now.date() + timedelta(days=wait), time(), now.tzinfo) if wait else now
    begin = max(begin, received)
    days = int(times.get("available_day_after_receive") or 0)
    if days:
        end = min(end, datetime.combine(begin.date() + timedelta(days=days - 1), time(23, 59, 59), now.tzinfo))
    if times.get("available_second_after_receive"):
        end = min(end, begin + timedelta(seconds=int(times["available_second_after_receive"])))
    first, last = (each.isoformat(timespec="seconds") for each in (begin, end))
    return first, last


def current(context: SandboxContext, coupon: dict[str, Any]) -> dict[str, Any]:
    """Return a coupon as it stands now."""
    return expired(context, COUPONS, coupon, "SENDED", "expire_time")


def facts(context: SandboxContext, coupon: dict[str, Any]) -> dict[str, Any]:
    """Return a coupon as queries tell it, with what its stock tells now."""
    stock = STOCKS.entry(context, coupon["stock_id"])["facts"]
    rule = stock["stock_send_rule"]
    return {
        **chosen(stock, *STOCK_FACTS, *SHOWN),
        **{name: bool(rule.get(name)) for name in ("transferable", "shareable")},
        **{name: value for name, value in coupon.items() if name not in INTERNAL},
    }


@routes.on(f"GET {USERS}/{{coupon_code}}/appids/{{appid}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a coupon as it stands."""
    coupon = COUPONS.get(context, f"{call.variables['openid']}/{call.variables['coupon_code']}")
    if coupon is None:
        raise Refusal(404, COUPONS.missing, "券不存在")
    return context.respond(call, facts(context, current(context, coupon)))


@routes.on(f"GET {USERS}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the coupons of a user by stock, state and merchants; without the ``description``."""
    asked, own, shown = call.query, context.account.mchid, []
    for each in context.store.all(COUPONS.kind, call.variables["openid"]):
        told = facts(context, current(context, each))
        merchants = {"creator_merchant": own, "sender_merchant": each["sender"]}
        known = {**told, **merchants}
        if all(asked.get(name, known[name]) == known[name] for name in FILTERS):
            pattern = told.get("display_pattern_info") or {}
            told["display_pattern_info"] = {name: pattern[name] for name in pattern if name != "description"} or None
            shown.append({name: value for name, value in told.items() if value is not None})
    return context.respond(call, paged(call, shown))


FILTERS = ("stock_id", "coupon_state", "belong_merchant", "creator_merchant", "sender_merchant")


def find_coupon(context: SandboxContext, code: str, stock_id: str | None) -> dict[str, Any]:
    """Return the coupon that a request names; codes of the merchant's need their stock."""
    coupon = COUPONS.get(context, f"{stock_id}/{code}" if stock_id else code)
    if coupon is None or coupon["coupon_state"] == "AVAILABLE":
        raise Refusal(404, COUPONS.missing, "券不存在，或缺少批次号")
    return current(context, coupon)


def change(
    context: SandboxContext, call: ReceivedCall, name: str, coupon: dict[str, Any], **members: Any
) -> dict[str, Any]:
    """
    Carry out a change of a coupon, once for each number of a request.

    A number is refused for another coupon, and when the coupon went on since: its answer would no longer be true.
    """
    field = f"{name}_request_no"
    number = str(call.body[field])
    known = COUPONS.get(context, f"{name} {number}")
    after = BUSIFAVOR_COUPON.transitions[name].after
    if known is not None:
        if known["key"] != coupon["key"] or coupon.get(field) != number or coupon["coupon_state"] != after:
            raise Refusal(400, "RESOURCE_ALREADY_EXISTS", "请求单号已使用")
        return coupon
    with refusing():
        COUPONS.move(coupon, name, **{field: number, TIMES[name]: context.stamp()}, **members)
    store_new(context, coupon, f"{name} {number}")
    return coupon


@routes.on(f"POST {ACTIONS}/use")
def use(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Use a coupon of a user."""
    sent = call.body
    coupon = find_coupon(context, str(sent["coupon_code"]), sent.get("stock_id"))
    if sent.get("openid", coupon["openid"]) != coupon["openid"]:
        raise Refusal(400, "INVALID_REQUEST", "用户与券不匹配")
    if coupon["coupon_state"] == "SENDED" and not in_time(context, coupon):
        raise Refusal(400, "INVALID_REQUEST", "不在券可核销时间内")
    coupon = change(context, call, "use", coupon)
    return context.respond(call, {**chosen(coupon, "stock_id", "openid"), "wechatpay_use_time": coupon["use_time"]})


def in_time(context: SandboxContext, coupon: dict[str, Any]) -> bool:
    """Return whether a coupon can be used now, by its beginning, days, hours and irregular times."""
    now = context.now()
    times = STOCKS.entry(context, coupon["stock_id"])["facts"]["coupon_use_rule"]["coupon_available_time"]
    week, irregular = times.get("available_week"), times.get("irregulary_avaliable_time") or ()
    fits = [at_this_time(now, week.get("week_day"), week.get("available_day_time") or ())] if week else []
    fits += [
        datetime.fromisoformat(each["begin_time"]) <= now <= datetime.fromisoformat(each["end_time"])
        for each in irregular
    ]
    return datetime.fromisoformat(coupon["available_start_time"]) <= now and (not fits or any(fits))


@routes.on(f"POST {ACTIONS}/return")
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Give a used coupon back to its user."""
    coupon = find_coupon(context, str(call.body["coupon_code"]), str(call.body["stock_id"]))
    coupon = change(context, call, "return", coupon)
    if "use_time" in coupon:
        del coupon["use_time"], coupon["use_request_no"]
        COUPONS.save(context, coupon)
    return context.respond(call, {"wechatpay_return_time": coupon["return_time"]})


@routes.on(f"POST {ACTIONS}/deactivate")
def deactivate(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Make a coupon void."""
    coupon = find_coupon(context, str(call.body["coupon_code"]), str(call.body["stock_id"]))
    coupon = change(context, call, "deactivate", coupon, **chosen(call.body, "deactivate_reason"))
    return context.respond(call, {"wechatpay_deactivate_time": coupon["deactivate_time"]})


def associable(context: SandboxContext, call: ReceivedCall, *orders: str | None) -> dict[str, Any]:
    """Return the unused coupon of a call; one that is associated with another order than these is refused."""
    coupon = find_coupon(context, str(call.body["coupon_code"]), str(call.body["stock_id"]))
    with refusing():
        COUPONS.in_state(coupon, "SENDED")
    known = coupon.get("associate_out_trade_no")
    if known not in orders:
        raise Refusal(400, "INVALID_REQUEST", f"券关联的订单是 {known}" if known else "券未关联订单")
    return coupon


@routes.on(f"POST {ACTIONS}/associate")
def associate(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Associate a coupon that is not used yet with an order."""
    number = str(call.body["out_trade_no"])
    coupon = associable(context, call, None, number)
    coupon["associate_out_trade_no"] = number
    at = coupon.setdefault("associate_time", context.stamp())
    COUPONS.save(context, coupon)
    return context.respond(call, {"wechatpay_associate_time": at})


@routes.on(f"POST {ACTIONS}/disassociate")
def disassociate(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """End the association of a coupon with an order."""

    def answer() -> dict[str, Any]:
        coupon = associable(context, call, str(call.body["out_trade_no"]))
        del coupon["associate_out_trade_no"], coupon["associate_time"]
        COUPONS.save(context, coupon)
        return context.respond(call, {"wechatpay_disassociate_time": context.stamp()})

    return once(context, call, str(call.body["out_request_no"]), answer)


@routes.action("delete_merchant_coupon", "用户删除自己的一张商家券。")
def delete(context: SandboxContext, number: str, openid: str) -> dict[str, Any]:
    """Delete a merchant coupon as the user who has it."""
    with context.change():
        coupon = current(context, COUPONS.entry(context, f"{openid}/{number}"))
        COUPONS.move(coupon, "delete")
        COUPONS.save(context, coupon)
        return coupon
