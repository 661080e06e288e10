"""Pay Score parking: a plate's service, cars that are parked, and their orders, which are deducted later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.favor_rules import repeated
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.orders import ORDERS, facts, named, place, same_merchant
from wechatpay.sandbox.flows.states_parking import PARKING, PARKING_SERVICE
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["PARKINGS", "SERVICES", "routes"]

routes = Routes()

PARKINGS = Objects(Words("parking", "停车入场"), "out_parking_no", "id", states=PARKING)
SERVICES = Objects(Words("parking service", "车牌服务"), "plate_number", state="service_state", states=PARKING_SERVICE)
FAMILY = "parking"
ENTRANCE = ("out_parking_no", "plate_number", "plate_color", "start_time", "parking_name", "free_duration")
STATES = {"NOTPAY": "ACCEPTED", "PAYERROR": "PAY_FAIL"}
"""The states of orders that parking has other words for."""


def service_of(context: SandboxContext, plate: str) -> dict[str, Any]:
    """Return the service for a plate; until its user changes that, it is open."""
    new = {"plate_number": plate, "service_state": "NORMAL", "service_open_time": context.stamp()}
    return SERVICES.get(context, plate) or new


@routes.on("GET v3/vehicle/parking/services/find")
def find_service(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return whether a plate's user opened the service."""
    service = service_of(context, str(call.query["plate_number"]))
    told = {**chosen(call.query, "plate_color", "openid"), **service}
    if service["service_state"] == "OUT_SERVICE":
        told["service_open_time"] = None
    return context.respond(call, told)


@routes.on("POST v3/vehicle/parking/parkings")
def enter(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Record that a car is parked; without the service its entrance is blocked."""
    sent = dict(call.body)
    number = str(sent["out_parking_no"])
    parking = repeated(PARKINGS, context, number, sent)
    if parking is None:
        service = service_of(context, str(sent["plate_number"]))["service_state"]
        blocked = service != "NORMAL"
        parking = {
            **chosen(sent, *ENTRANCE, "sub_mchid", "notify_url"),
            "id": platform_number(context, "split", "parking", number),
            "sent": sent,
            "state": "BLOCKED" if blocked else "NORMAL",
            **({"block_reason": service} if blocked else {}),
        }
        # the other name is that of the car's latest entrance
        context.store.put(PARKINGS.kind, number, parking, parking["id"], f"plate {sent['plate_number']}")
    return context.respond(call, parking)


@routes.action("change_parking_service")
def change(context: SandboxContext, number: str, change: str = "pause") -> dict[str, Any]:
    """Change the service for a plate as its user: ``open``, ``pause`` or ``close``; a parked car is told about."""
    if change not in PARKING_SERVICE.transitions:
        changes = tuple(PARKING_SERVICE.transitions)
        raise ValueError(
            Words(
                f"a parking service has {', '.join(changes)}, not {change}",
                f"车牌服务的操作应为 {'、'.join(changes)}，不能是 {change}",
            )
        )
    with context.change():
        service = service_of(context, number)
        SERVICES.move(service, change)
        if change == "open":
            service["service_open_time"] = context.stamp()
        SERVICES.save(context, service)
        parking = PARKINGS.get(context, f"plate {number}")
        if parking is not None and not parking.get("left"):
            tell(context, parking, service["service_state"])
        return service


def tell(context: SandboxContext, parking: dict[str, Any], service: str) -> None:
    """Block or unblock the entrance of a car by its service, and notify the merchant if that changes anything."""
    blocked, was = service != "NORMAL", parking["state"] == "BLOCKED"
    if blocked:
        parking["block_reason"] = service
    if blocked != was:
        name = "block" if blocked else "unblock"
        PARKINGS.move(parking, name)
        content = {
            "sp_mchid": context.account.mchid,
            **chosen(parking, "sub_mchid", *ENTRANCE),
            "parking_id": parking["id"],
            "parking_state": parking["state"],
            "blocked_state_description": parking["block_reason"] if blocked else None,
            "state_update_time": context.stamp(),
        }
        context.notify(parking["notify_url"], PARKING.transitions[name].notifies, content)
    if not blocked:
        parking.pop("block_reason", None)
    PARKINGS.save(context, parking)


@routes.on("POST v3/vehicle/transactions/parking")
def charge(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Accept an order for parking, which is deducted later: it succeeds or fails, and the merchant is notified."""
    sent = dict(call.body)
    parking_id = (sent.get("parking_info") or {}).get("parking_id")
    if parking_id:
        parking = PARKINGS.find(context, parking_id, by="id")
        if parking["state"] == "BLOCKED":
            raise Refusal(400, "INVALID_REQUEST", f"停车入场状态不可扣费：{parking['block_reason']}")
        parking["left"] = True
        PARKINGS.save(context, parking)
    number = str(sent["out_trade_no"])
    order = place(
        context,
        sent,
        number=number,
        family=FAMILY,
        trade_type="PAP",
        total=fen(sent["amount"].get("total"), "/amount/total"),
        currency=sent["amount"].get("currency"),
        parties={"sp_mchid": context.account.mchid, **chosen(sent, "appid", "sub_appid", "sub_mchid")},
    )
    context.schedule("pay", number, when="pay")
    return context.respond(call, told_of(context, order))


def told_of(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order for parking as queries tell it."""
    told = facts(context, order)
    state = STATES.get(order["state"], order["state"])
    return {
        **told,
        "create_time": order["created"],
        "trade_state": state,
        "trade_state_description": told["trade_state_desc"],
        "user_repaid": None,
        "payer": told["payer"] or {"openid": order["openid"]},
    }


@routes.on("GET v3/vehicle/transactions/out-trade-no/{out_trade_no}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order for parking as it stands."""
    order = named(context, call)
    same_merchant(order, call.query)
    if order["family"] != FAMILY:
        raise Refusal(404, ORDERS.missing, "订单不存在")
    return context.respond(call, told_of(context, order))
