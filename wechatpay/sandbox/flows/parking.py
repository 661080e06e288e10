"""Parking: the service that a user opens for a plate, entrances, and what is charged without the user."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import deductions, orders, payments
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.states_parking import ENTRANCE, PARKING_SERVICE
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["block", "open_", "routes"]

routes = Routes()

SERVICES = Objects(Words("parking service", "停车服务"), "plate_number", state="service_state", states=PARKING_SERVICE)
ENTRANCES = Objects(Words("parking", "停车入场"), "out_parking_no", "id", states=ENTRANCE)
BASE = "v3/vehicle"
BLOCKS = ("OUT_SERVICE", "PAUSE")
TRADE_STATES = {"NOTPAY": "ACCEPTED", "PAYERROR": "PAY_FAIL"}
"""``trade_state`` of a charge, where it is not that of its order."""


@routes.action(
    "open_parking",
    "用户为车牌开通停车服务，或恢复服务。",
    color=partial(choices, f"POST {BASE}/parking/parkings", "plate_color"),
)
def open_(context: SandboxContext, number: str, color: str = "BLUE", openid: str = "") -> dict[str, Any]:
    """Open, or go on with, the service of a plate number as the user."""
    with context.change():
        service = SERVICES.get(context, number)
        if service is None:
            service = {"plate_number": number, "service_state": "NORMAL", "entrances": []}
        else:
            SERVICES.move(service, "open")
        service |= {"plate_color": color, "openid": openid or orders.openid({}, number)}
        service["service_open_time"] = context.stamp()
        SERVICES.save(context, service)
        return service


@routes.action("block_parking", "用户关闭或暂停车牌的停车服务；商户收到每个无法再扣费的入场的通知。", reason=BLOCKS)
def block(context: SandboxContext, number: str, reason: str = "OUT_SERVICE") -> dict[str, Any]:
    """
    Close the service of a plate number as the user, or pause it; the merchant is notified of each entrance that cannot
    be charged any more.
    """
    with context.change():
        service = SERVICES.entry(context, number)
        SERVICES.move(service, reason)
        for entrance in service["entrances"]:
            parking = ENTRANCES.change(context, entrance, "block", block_reason=reason)
            content = {
                "sp_mchid": context.account.mchid,
                "parking_id": parking["id"],
                "parking_state": parking["state"],
                "blocked_state_description": reason,
                "state_update_time": context.stamp(),
                **{name: value for name, value in parking.items() if name not in ("id", "state", "notify_url", "sent")},
            }
            context.notify(parking["notify_url"], ENTRANCE.transitions["block"].notifies, content)
        service["entrances"] = []
        SERVICES.save(context, service)
        return service


@routes.on(f"GET {BASE}/parking/services/find")
def service_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the service of a plate; ``OUT_SERVICE`` for one that no user opened it for."""
    names = ("plate_number", "plate_color", "openid")
    found = SERVICES.get(context, str(call.query["plate_number"]))
    return context.respond(call, {**chosen(call.query, *names), "service_state": "OUT_SERVICE", **(found or {})})


@routes.on(f"POST {BASE}/parking/parkings")
def enter(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Register an entrance; without an open service it is ``BLOCKED``."""
    sent = dict(call.body)
    number = str(sent["out_parking_no"])
    parking = ENTRANCES.repeated(context, number, sent)
    if parking is None:
        service = SERVICES.get(context, str(sent["plate_number"])) or {"service_state": "OUT_SERVICE"}
        state = service["service_state"]
        blocked = {"state": "BLOCKED", "block_reason": state}
        parking = {**sent, "sent": sent, "id": digits(20, "parking", number), "state": "NORMAL"}
        if state == "NORMAL":
            service["entrances"].append(number)
            SERVICES.save(context, service)
        else:
            parking |= blocked
        ENTRANCES.save(context, parking)
    return context.respond(call, parking)


@routes.on(f"POST {BASE}/transactions/parking")
def charge(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Charge for an entrance that is not blocked; the money is taken after the answer, and notified."""
    sent = dict(call.body)
    info = sent.get("parking_info") or {}
    parking = ENTRANCES.find(context, info.get("parking_id"), by="id")
    if parking["state"] != "NORMAL":
        raise Refusal(400, "INVALID_REQUEST", f"停车入场状态不可扣费: {parking['block_reason']}")
    service = SERVICES.find(context, parking["plate_number"])
    partner = "sub_mchid" in sent
    own = {"sp_appid": sent["appid"], "sp_mchid": context.account.mchid, **chosen(sent, "sub_mchid", "sub_appid")}
    order = orders.place(
        context,
        {
            **{name: value for name, value in sent.items() if name != "notify_url"},
            "charge_notify_url": sent["notify_url"],
        }
        | {"openid": service["openid"], "plate_number": parking["plate_number"]},
        number=str(sent["out_trade_no"]),
        family="partner" if partner else "direct",
        trade_type="PAP",
        total=fen(sent["amount"]["total"], "/amount/total"),
        parties=own if partner else {"appid": sent["appid"], "mchid": context.account.mchid},
    )
    context.schedule(take, deductions.untried(order, 403)["out_trade_no"])
    return context.respond(call, charged(context, order))


def take(context: SandboxContext, number: str) -> None:
    """Take the money of a charge, or fail to; the merchant is notified."""
    order = orders.ORDERS.entry(context, number)
    code = deductions.refused(context, order["sent"]["plate_number"])
    if code is None:
        payments.pay(context, number)
    else:
        payments.fail(context, number)
    content = charged(context, orders.ORDERS.entry(context, number))
    if code is not None:
        content["trade_state_description"] = deductions.FAILURES[code]
    event = "TRANSACTION.FAIL" if code else "TRANSACTION.SUCCESS"
    context.notify(order["sent"]["charge_notify_url"], event, content)


def charged(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return a charge as it stands."""
    sent = order["sent"]
    return {
        **orders.notified(orders.facts(context, order)),
        **chosen(sent, "appid", "sub_appid", "sub_mchid", "description", "trade_scene", "parking_info"),
        "sp_mchid": context.account.mchid,
        "create_time": order["created"],
        "trade_state": TRADE_STATES.get(order["state"], order["state"]),
        "user_repaid": "N",
        "payer": {"openid": order["openid"]},
        "amount": {"total": order["total"], "currency": order["currency"]},
    }


@routes.on(f"GET {BASE}/transactions/out-trade-no/{{out_trade_no}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a charge as it stands."""
    order = orders.find(context, call.variables["out_trade_no"], by="out_trade_no")
    orders.same_merchant(order, call.query)
    if "charge_notify_url" not in order["sent"]:
        raise Refusal(404, orders.ORDERS.missing, "订单不存在")
    return context.respond(call, charged(context, order))
