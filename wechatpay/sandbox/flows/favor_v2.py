"""Cash coupons by v2: the same stocks and coupons, sent and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import favor
from wechatpay.sandbox.flows.favor_coupons import COUPONS, current, make
from wechatpay.sandbox.flows.favor_rules import repeated, time_of
from wechatpay.sandbox.flows.orders_v2 import codes_v2, time_v2
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

SENDING = {
    "INVALID_REQUEST": "AL_STOCK_OVER",
    "REQUEST_BLOCKED": "AL_STOCK_OVER",
    "NOT_ENOUGH": "AL_STOCK_OVER",
    "RULE_LIMIT": "USER_AL_GET_COUPON",
}
"""The codes of v3 for a coupon that is not sent, and those of v2: https://pay.weixin.qq.com/wiki/doc/api/tools/sp_coupon.php?chapter=12_3."""
STATUS = {"unactivated": 1, "audit": 2, "running": 4, "stoped": 8, "paused": 16}


@routes.on("POST v2/mmpaymkttransfers/send_coupon")
def send(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Send a user a coupon of a running stock."""
    body, number = call.body, str(call.body["partner_trade_no"])
    sent = {
        "stock_id": str(body["coupon_stock_id"]),
        "openid": str(body["openid"]),
        "appid": str(body["appid"]),
        "out_request_no": number,
        "stock_creator_mchid": context.account.mchid,
    }
    with codes_v2(SENDING):
        coupon = repeated(COUPONS, context, number, sent)
        if coupon is None:
            coupon = make(context, favor.find(context, sent["stock_id"], context.account.mchid), number, sent)
    counts = {"resp_count": 1, "success_count": 1, "failed_count": 0, "ret_code": "SUCCESS", "ret_msg": ""}
    told = {"coupon_stock_id": sent["stock_id"], "coupon_id": coupon["coupon_id"], "openid": sent["openid"]}
    return context.respond(call, {**told, **counts})


@routes.on("POST v2/mmpaymkttransfers/query_coupon_stock")
def query_stock(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a stock as it stands."""
    with codes_v2({}):
        stock = favor.find(context, str(call.body["coupon_stock_id"]), context.account.mchid)
    sent, rule = stock["sent"], stock["sent"]["stock_use_rule"]
    begin, end, created = (
        time_of(text).astimezone(context.now().tzinfo)
        for text in (sent["available_begin_time"], sent["available_end_time"], stock["create_time"])
    )
    moments = {"begin_time": begin, "end_time": end, "create_time": created}
    return context.respond(
        call,
        {
            "coupon_stock_id": stock["stock_id"],
            "coupon_name": sent["stock_name"],
            "coupon_value": favor.face_value(sent),
            "coupon_mininumn": favor.least_total(sent),
            "coupon_stock_status": STATUS[stock["state"]],
            "coupon_total": rule["max_coupons"],
            "max_quota": rule["max_coupons_per_user"],
            "is_send_num": stock["sent_coupons"]["total"],
            "coupon_budget": rule["max_amount"],
            **{name: int(moment.timestamp()) for name, moment in moments.items()},
            **{f"{name}_t": time_v2(moment.isoformat()) for name, moment in moments.items()},
        },
    )


@routes.on("POST v2/mmpaymkttransfers/querycouponsinfo")
def query_coupon(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a coupon as it stands."""
    number = str(call.body["coupon_id"])
    coupon = COUPONS.get(context, number)
    asked = (number, str(call.body["openid"]), str(call.body["stock_id"]))
    if coupon is None or asked != (coupon["coupon_id"], coupon["openid"], coupon["stock_id"]):
        raise Refusal(200, COUPONS.missing, "代金券不存在")
    coupon = current(context, coupon)
    worth = coupon["normal_coupon_information"]
    used = (coupon.get("consume_information") or {}).get("consume_amount", 0)
    return context.respond(
        call,
        {
            "coupon_stock_id": coupon["stock_id"],
            "coupon_id": number,
            "coupon_value": worth["coupon_amount"],
            "coupon_mininumn": worth["transaction_minimum"],
            "coupon_name": coupon["coupon_name"],
            "coupon_state": coupon["status"],
            "coupon_desc": coupon["description"],
            "coupon_use_value": used,
            "coupon_remain_value": 0 if used else worth["coupon_amount"],
            "send_source": "NORMAL",
        },
    )
