"""Cash coupons of users: sent, received, told; they expire when their time is over."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows.favor import BASE, STOCKS, face_value, find, least_total
from wechatpay.sandbox.flows.favor_rules import (
    expired,
    new_number,
    paged,
    receive_once,
    repeated,
    send_once,
    time_of,
)
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.states_coupons import FAVOR_COUPON
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["COUPONS", "current", "make", "receive", "routes"]

routes = Routes()

COUPONS = Objects(
    Words("coupon", "代金券"),
    "out_request_no",
    "coupon_id",
    state="status",
    states=FAVOR_COUPON,
    hidden=("sent", "out_request_no", "openid", "appid"),
)
USERS = f"{BASE}/users/{{openid}}/coupons"


@routes.on(f"POST {USERS}")
def send(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Send a user a coupon of a running stock."""
    sent, openid = dict(call.body), call.variables["openid"]
    number = str(sent["out_request_no"])
    coupon = repeated(COUPONS, context, number, {**sent, "openid": openid})
    if coupon is None:
        stock = find(context, str(sent["stock_id"]), str(sent["stock_creator_mchid"]))
        coupon = make(context, stock, number, {**sent, "openid": openid})
    return context.respond(call, chosen(coupon, "coupon_id"))


@routes.action("receive_coupon", "用户在商户页面之外领取一张代金券。")
def receive(context: SandboxContext, number: str, openid: str) -> dict[str, Any]:
    """Receive a coupon of a stock as the user with this openid, outside of the merchant's own pages."""
    with context.change():
        stock = STOCKS.entry(context, number, "stock_id")
        serial = letters(20, "received", number, openid, str(stock["sent_coupons"]["total"]))
        sent = {"stock_id": number, "openid": openid, "appid": context.account.appid}
        try:
            return make(context, stock, serial, sent)
        except Refusal as refusal:
            english, chinese = f"{refusal.code} {refusal}", f"{refusal.code} {refusal.message}"
            raise ValueError(Words(f"the coupon cannot be received: {english}", f"无法领券：{chinese}")) from None


def make(context: SandboxContext, stock: dict[str, Any], number: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Return a new coupon of a stock; what the stock's state, time or limits do not allow is refused."""
    rules, now = stock["sent"], context.now()
    if stock["state"] != "running":
        raise Refusal(400, "INVALID_REQUEST", "活动已结束或未激活")
    if not time_of(rules["available_begin_time"]) <= now < time_of(rules["available_end_time"]):
        raise Refusal(403, "REQUEST_BLOCKED", "活动未开始或已结束")
    receive_once(context, stock["stock_id"], sent["openid"], rules["stock_use_rule"]["max_coupons_per_user"])
    worth = int(sent.get("coupon_value") or face_value(rules))
    send_once(stock, context.day(), worth, rules["stock_use_rule"])
    begin, end = usable(context, rules)
    coupon = {
        "out_request_no": number,
        "coupon_id": new_number(context, COUPONS, "9", 12, number),
        "sent": sent,
        "openid": sent["openid"],
        "appid": sent["appid"],
        "stock_creator_mchid": rules["belong_merchant"],
        "stock_id": stock["stock_id"],
        "coupon_name": rules["stock_name"],
        "status": "SENDED",
        "description": str(rules.get("comment") or rules["stock_name"]),
        "create_time": context.stamp(),
        "coupon_type": "NORMAL",
        "no_cash": rules["no_cash"],
        "singleitem": bool(stock["items"]),
        "available_begin_time": begin,
        "available_end_time": end,
        "normal_coupon_information": {
            "coupon_amount": worth,
            "transaction_minimum": int(sent.get("coupon_minimum") or least_total(rules)),
        },
    }
    # the day of the store is an index, here of the coupons of one user
    context.store.put(COUPONS.kind, number, coupon, coupon["coupon_id"], day=coupon["openid"])
    STOCKS.save(context, stock)
    return coupon


def usable(context: SandboxContext, rules: dict[str, Any]) -> tuple[str, str]:
    """Return from when to when a coupon that is sent now can be used."""
    now, rule = context.now(), rules["coupon_use_rule"].get("coupon_available_time") or {}
    begin, end = max(now, time_of(rules["available_begin_time"])), time_of(rules["available_end_time"])
    if rule.get("second_day_available"):
        begin = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    if rule.get("available_time_after_receive"):
        end = min(end, begin + timedelta(minutes=int(rule["available_time_after_receive"])))
    first, last = (each.astimezone(now.tzinfo).isoformat(timespec="seconds") for each in (begin, end))
    return first, last


def current(context: SandboxContext, coupon: dict[str, Any]) -> dict[str, Any]:
    """Return a coupon as it stands now."""
    return expired(context, COUPONS, coupon, "SENDED", "available_end_time")


def shown(coupon: dict[str, Any]) -> dict[str, Any]:
    """Return a coupon as queries tell it."""
    told = {name: value for name, value in coupon.items() if name not in (*COUPONS.hidden, "description")}
    if "consume_information" in told:
        consumed = told["consume_information"]
        told["consume_information"] = {name: consumed[name] for name in consumed if name != "consume_amount"}
    return told


@routes.on(f"GET {USERS}/{{coupon_id}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a coupon as it stands."""
    number = call.variables["coupon_id"]
    coupon = COUPONS.get(context, number)
    if coupon is None or coupon["coupon_id"] != number or coupon["openid"] != call.variables["openid"]:
        raise Refusal(404, COUPONS.missing, "代金券不存在")
    return context.respond(call, shown(current(context, coupon)))


@routes.on(f"GET {USERS}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """
    Return the coupons of a user; those that can be used at a merchant if ``available_mchid`` is given.

    https://pay.weixin.qq.com/doc/v3/merchant/4012534690 (with available_mchid the other filters have no effect)
    """
    asked, own = call.query, context.account.mchid
    coupons = [current(context, each) for each in context.store.all(COUPONS.kind, call.variables["openid"])]
    if asked.get("available_mchid"):
        usable_there = [each for each in coupons if each["status"] == "SENDED" and accepts(context, each, asked)]
        facts: dict[str, Any] = {
            "total_count": len(usable_there),
            "offset": 0,
            "limit": len(usable_there),
            "data": usable_there,
        }
    else:
        mine = all(asked.get(name, own) == own for name in ("creator_mchid", "sender_mchid"))
        chosen_ = [
            each for each in coupons if mine and all(asked.get(name, each[name]) == each[name] for name in FILTERS)
        ]
        facts = paged(call, chosen_)
    return context.respond(call, {**facts, "data": [shown(each) for each in facts["data"]]})


FILTERS = ("stock_id", "status")


def accepts(context: SandboxContext, coupon: dict[str, Any], asked: Any) -> bool:
    """Return whether the merchant that a query asks for accepts a coupon."""
    stock = STOCKS.entry(context, coupon["stock_id"])
    merchants = stock["sent"]["coupon_use_rule"].get("available_merchants") or [context.account.mchid]
    return asked["available_mchid"] in merchants
