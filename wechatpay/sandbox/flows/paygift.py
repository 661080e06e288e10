"""Gifts after payment (支付有礼): activities that give the payers of an order coupons of the merchant's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import busifavor, busifavor_coupons
from wechatpay.sandbox.flows.favor_rules import new_number, once, paged, repeated, time_of
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.orders import ORDERS, whose
from wechatpay.sandbox.flows.states_coupons import ACTIVITY
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["ACTIVITIES", "claim", "routes"]

routes = Routes()

ACTIVITIES = Objects(
    Words("gift activity", "支付有礼活动"), "out_request_no", "activity_id", state="activity_status", states=ACTIVITY
)
BASE = "v3/marketing/paygiftactivity"
ONE = f"{BASE}/activities/{{activity_id}}"
LONGEST, LATEST = timedelta(days=90), timedelta(days=365)
"""How long an activity is, and when it ends at the latest: https://pay.weixin.qq.com/doc/v3/merchant/4012487898."""
AWARDS = {"SINGLE_COUPON": (1, 1), "GIFT_PACKAGE": (3, 5)}
CLAIM = "gift of an order"
CHANGES = {"pause": "pause_time", "resume": "recovery_time"}


@routes.on(f"POST {BASE}/unique-threshold-activity")
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create an activity, which goes on between its times."""
    sent = dict(call.body)
    number = str(sent["activity_base_info"]["out_request_no"])
    activity = repeated(ACTIVITIES, context, number, sent)
    if activity is None:
        stocks = awards(context, sent["award_send_rule"])
        check_times(context, sent["activity_base_info"])
        rule = sent["award_send_rule"]
        given = rule.get("merchant_id_list") or ()
        manual = rule["merchant_option"] == "MANUAL_INPUT_MERCHANT"
        merchants = given if manual else [stock["facts"]["belong_merchant"] for stock in stocks]
        activity = {
            "out_request_no": number,
            "activity_id": new_number(context, ACTIVITIES, "1", 8, number),
            "activity_status": "CREATE_ACT_STATUS",
            "activity_type": "FULL_SEND_ACT_TYPE",
            "sent": sent,
            "create_time": context.stamp(),
            "update_time": context.stamp(),
            "merchants": {mchid: context.stamp() for mchid in merchants},
        }
        ACTIVITIES.save(context, activity)
    return context.respond(call, chosen(activity, "activity_id", "create_time"))


def awards(context: SandboxContext, rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the stocks that an activity gives coupons of; another number than the platform takes is refused."""
    given, (least, most) = rule.get("award_list") or [], AWARDS[rule["send_content"]]
    stocks = [busifavor.find(context, str(each["stock_id"])) for each in given]
    if not least <= len(stocks) <= most:
        raise Refusal(400, "INVALID_REQUEST", f"{rule['send_content']}的奖品应为{least}至{most}个")
    return stocks


def check_times(context: SandboxContext, info: dict[str, Any]) -> None:
    """Refuse an activity whose times the platform does not take."""
    begin, end = (time_of(info[name], "activity_base_info", name) for name in ("begin_time", "end_time"))
    now = context.now()
    if not timedelta(0) < end - begin <= LONGEST or not now < end <= now + LATEST:
        raise Refusal(400, "INVALID_REQUEST", "活动时间有误：有效期最长90天，最长可配置1年内的活动")


def current(context: SandboxContext, activity: dict[str, Any]) -> dict[str, Any]:
    """Return an activity as it stands now: it begins and ends by itself."""
    info, before = activity["sent"]["activity_base_info"], activity["activity_status"]
    due = (("begin", "begin_time"), ("end", "end_time"))
    for change, name in due:
        possible = activity["activity_status"] in ACTIVITY.transitions[change].before
        if possible and time_of(info[name]) <= context.now():
            ACTIVITIES.move(activity, change, update_time=info[name])
    if activity["activity_status"] != before:
        ACTIVITIES.save(context, activity)
    return activity


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the activity of a call."""
    number = call.variables["activity_id"]
    activity = ACTIVITIES.get(context, number)
    if activity is None or activity["activity_id"] != number:
        raise Refusal(404, ACTIVITIES.missing, "活动不存在")
    return current(context, activity)


def facts(context: SandboxContext, activity: dict[str, Any]) -> dict[str, Any]:
    """Return an activity as queries tell it."""
    own, sent = context.account.mchid, activity["sent"]
    told = ("activity_id", "activity_type", "activity_status", "create_time", "update_time", *CHANGES.values())
    return {
        **chosen(activity, *told),
        **chosen(sent, "activity_base_info", "advanced_setting"),
        "award_send_rule": {"full_send_rule": sent["award_send_rule"]},
        "creator_merchant_id": own,
        "belong_merchant_id": own,
    }


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an activity as it stands."""
    return context.respond(call, facts(context, found(context, call)))


@routes.on(f"GET {BASE}/activities")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the activities by name, state and award."""
    asked, shown = call.query, []
    for activity in context.store.all(ACTIVITIES.kind):
        told = facts(context, current(context, activity))
        named = asked.get("activity_name", "") in told["activity_base_info"]["activity_name"]
        if named and asked.get("activity_status", told["activity_status"]) == told["activity_status"]:
            shown.append(told)
    return context.respond(call, paged(call, shown, most=100))


@routes.on(f"GET {ONE}/merchants")
def merchants_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the merchants whose payments an activity gives gifts for."""
    activity = found(context, call)
    listed = [
        {"mchid": mchid, "merchant_name": f"商户{mchid}", "create_time": since, "update_time": since}
        for mchid, since in activity["merchants"].items()
    ]
    return context.respond(call, {**paged(call, listed, most=100), **chosen(activity, "activity_id")})


@routes.on(f"GET {ONE}/goods")
def goods_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the goods of an activity: one by a threshold, as this API creates them, has none."""
    activity = found(context, call)
    return context.respond(call, {**paged(call, [], most=100), **chosen(activity, "activity_id")})


def going_on(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the activity of a call; one that has ended is refused."""
    activity = found(context, call)
    with refusing():
        ACTIVITIES.in_state(activity, *ACTIVITY.transitions["terminate"].before)
    return activity


@routes.on(f"POST {ONE}/merchants/add")
def add_merchants(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Add merchants; those that are no merchant numbers are told."""

    def answer() -> dict[str, Any]:
        activity = going_on(context, call)
        given = [str(mchid) for mchid in call.body["merchant_id_list"]]
        wrong = [mchid for mchid in given if not (mchid.isdigit() and 8 <= len(mchid) <= 15)]
        for mchid in given:
            if mchid not in wrong:
                activity["merchants"].setdefault(mchid, context.stamp())
        ACTIVITIES.save(context, activity)
        told = [{"mchid": mchid, "invalid_reason": "商户号不存在"} for mchid in wrong]
        ends = {"add_time": context.stamp(), "invalid_merchant_id_list": told}
        return context.respond(call, {**chosen(activity, "activity_id"), **ends})

    return once(context, call, str(call.body["add_request_no"]), answer)


@routes.on(f"POST {ONE}/merchants/delete")
def delete_merchants(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Delete merchants."""

    def answer() -> dict[str, Any]:
        activity = going_on(context, call)
        for mchid in call.body["merchant_id_list"]:
            activity["merchants"].pop(str(mchid), None)
        ACTIVITIES.save(context, activity)
        return context.respond(call, {**chosen(activity, "activity_id"), "delete_time": context.stamp()})

    return once(context, call, str(call.body["delete_request_no"]), answer)


@routes.on(f"POST {ONE}/terminate")
def terminate(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End an activity before its time."""
    activity = going_on(context, call)
    ACTIVITIES.move(activity, "terminate", update_time=context.stamp())
    ACTIVITIES.save(context, activity)
    return context.respond(call, {**chosen(activity, "activity_id"), "terminate_time": context.stamp()})


@routes.action("change_gift_activity", "在商户平台上暂停支付有礼活动，或恢复活动。", change=CHANGES)
def change(context: SandboxContext, number: str, change: str = "pause") -> dict[str, Any]:
    """Pause an activity in the console, or let it go on."""
    with context.change():
        activity = current(context, ACTIVITIES.entry(context, number, "activity_id"))
        ACTIVITIES.move(activity, change, **{CHANGES[change]: context.stamp(), "update_time": context.stamp()})
        ACTIVITIES.save(context, activity)
        return activity


@routes.action("claim_gift", "付款用户领取订单的支付有礼礼品。")
def claim(context: SandboxContext, number: str, activity: str) -> list[dict[str, Any]]:
    """Claim the gift of an activity for an order as the user who paid it."""
    with context.change():
        order = ORDERS.entry(context, number)
        giving = current(context, ACTIVITIES.entry(context, activity, "activity_id"))
        reason = without_gift(context, order, giving)
        if reason is not None:
            raise ValueError(Words(f"the order {number} has no gift: {reason}", f"订单 {number} 没有礼品：{reason.zh}"))
        context.store.put(CLAIM, f"{activity}/{number}", {"out_trade_no": number, "activity_id": activity})
        attached = {"transaction_id": order["transaction_id"], "activity_id": activity}
        sent = {"openid": order["openid"], "appid": context.account.appid}
        coupons = []
        for index, award in enumerate(giving["sent"]["award_send_rule"]["award_list"]):
            stock = busifavor.find(context, str(award["stock_id"]))
            serial = f"{activity}{order['transaction_id']}{index}"
            coupons.append(busifavor_coupons.make_or_say_why(context, stock, serial, sent, "PAYGIFT", **attached))
        return coupons


def without_gift(context: SandboxContext, order: dict[str, Any], activity: dict[str, Any]) -> Words | None:
    """Return why an order has no gift of an activity; None: it has one."""
    rule, setting = activity["sent"]["award_send_rule"], activity["sent"].get("advanced_setting") or {}
    tags, merchant = setting.get("goods_tags"), whose(order) or context.account.mchid
    checks = (
        (activity["activity_status"] == "ONGOING_ACT_STATUS", Words("the activity is not going on", "活动不在进行中")),
        (order["success_time"] is not None, Words("it is not paid", "订单未支付")),
        (order["total"] >= rule["transaction_amount_minimum"], Words("its amount is too small", "未达到消费金额门槛")),
        (merchant in activity["merchants"], Words("it is another merchant's", "不是活动商户的订单")),
        (not tags or order["sent"].get("goods_tag") in tags, Words("it has another goods_tag", "订单优惠标记不符")),
        (
            context.store.get(CLAIM, f"{activity['activity_id']}/{order['out_trade_no']}") is None,
            Words("it was claimed already", "已领取"),
        ),
    )
    return next((reason for holds, reason in checks if not holds), None)
