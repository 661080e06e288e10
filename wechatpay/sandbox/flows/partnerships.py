"""Partnerships (委托营销): a merchant lets another send coupons of its stocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import busifavor, favor
from wechatpay.sandbox.flows.favor_rules import once, paged
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_coupons import PARTNERSHIP
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["PARTNERSHIPS", "routes"]

routes = Routes()

PARTNERSHIPS = Objects(Words("partnership", "合作关系"), "key", states=PARTNERSHIP)
BASE = "v3/marketing/partnerships"
TOLD = ("partner", "authorized_data", "build_time", "terminate_time", "create_time", "update_time")


def name_of(context: SandboxContext, sent: Mapping[str, Any]) -> str:
    """Return what identifies the partnership of a request: partner and stock; an unknown stock is refused."""
    partner, data = sent["partner"], sent["authorized_data"]
    member = "appid" if partner["type"] == "APPID" else "merchant_id"
    if not partner.get(member):
        raise Refusal.of_field("body", f"/partner/{member}", f"类型为{partner['type']}时必填")
    stock = str(data.get("stock_id") or "")
    if stock:
        if data["business_type"] == "FAVOR_STOCK":
            favor.find(context, stock, context.account.mchid)
        else:
            busifavor.find(context, stock)
    return f"{partner['type']} {partner[member]} {data['business_type']} {stock}"


@routes.on(f"POST {BASE}/build")
def build(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Let a partner send coupons; one that was ended is built anew."""

    def answer() -> dict[str, Any]:
        name = name_of(context, call.body)
        partnership = PARTNERSHIPS.get(context, name)
        now = context.stamp()
        if partnership is None:
            partnership = {
                "key": name,
                **chosen(call.body, "partner", "authorized_data"),
                "state": "ESTABLISHED",
                "build_time": now,
                "create_time": now,
                "update_time": now,
            }
        elif partnership["state"] == "TERMINATED":
            PARTNERSHIPS.move(partnership, "build", build_time=now, update_time=now)
            del partnership["terminate_time"]
        PARTNERSHIPS.save(context, partnership)
        return context.respond(call, partnership)

    return once(context, call, key_of(call), answer)


@routes.on(f"POST {BASE}/terminate")
def terminate(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """End a partnership."""

    def answer() -> dict[str, Any]:
        name = name_of(context, call.body)
        now = context.stamp()
        with refusing():
            partnership = PARTNERSHIPS.change(context, name, "terminate", terminate_time=now, update_time=now)
        return context.respond(call, partnership)

    return once(context, call, key_of(call), answer)


def key_of(call: ReceivedCall) -> str:
    """Return the key by which a repeated request is recognised."""
    key = call.request.header("idempotency-key")
    if not key:
        raise Refusal.of_field("header", "/Idempotency-Key", "此字段为必填项")
    return key


@routes.on(f"GET {BASE}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the partnerships of a partner, or for a stock."""
    asked = {name: json.loads(call.query[name]) for name in ("partner", "authorized_data") if call.query.get(name)}
    shown = [
        chosen(partnership, *TOLD)
        for partnership in context.store.all(PARTNERSHIPS.kind)
        if all(partnership[name].get(member) == value for name in asked for member, value in asked[name].items())
    ]
    return context.respond(call, paged(call, shown, most=50))
