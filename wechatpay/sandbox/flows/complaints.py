"""Complaints of users: made, answered, completed; and the URL of their notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

__all__ = ["COMPLAINT", "complain", "routes"]

routes = Routes()

COMPLAINT = "complaint"
ADDRESS = "complaint notification"
BASES = ("v3/merchant-service", "v3/global/merchant-service")
LIST = {BASES[0]: "complaints-v2", BASES[1]: "complaints"}
ONE = tuple(f"{base}/{LIST[base]}/{{complaint_id}}" for base in BASES)


@routes.action("complain")
def complain(
    context: SandboxContext, number: str, detail: str = "没有收到货", phone: str = "13800000000"
) -> dict[str, Any]:
    """
    A user complains about a paid order; the merchant is notified where it asked to be.

    Args:
        context: Of the sandbox.
        number: Number of the order.
        detail: What the user says.
        phone: The user's number; sent encrypted.

    Raises:
        LookupError: Unknown order.
    """
    with context.change():
        order = context.store.get(orders.ORDER, number)
        if order is None:
            raise LookupError(f"there is no order {number}")
        known = sum(1 for _ in context.store.all(COMPLAINT))
        complaint = {
            "complaint_id": digits(28, "complaint", number, str(known)),
            "complaint_time": context.stamp(),
            "complaint_detail": detail,
            "complaint_state": "PENDING",
            "complainted_mchid": context.account.mchid,
            "payer_phone": phone,
            "payer_openid": order["openid"],
            "complaint_order_info": [
                {
                    "transaction_id": order["transaction_id"],
                    "out_trade_no": order["out_trade_no"],
                    "amount": order["total"],
                }
            ],
            "complaint_full_refunded": order["refunded"] == order["total"],
            "incoming_user_response": False,
            "problem_description": detail,
            "user_complaint_times": 1,
            "problem_type": "OTHERS",
        }
        entry = {"complaint": complaint, "history": [said(context, 1, "USER_CREATE_COMPLAINT", detail)]}
        save(context, entry)
        notify(context, entry, "CREATE_COMPLAINT")
        return complaint


def said(context: SandboxContext, number: int, kind: str, text: str) -> dict[str, Any]:
    """Return one step of the negotiation."""
    return {
        "log_id": digits(20, "log", str(number), text),
        "operator": "投诉人" if kind.startswith("USER") else "商家",
        "operate_time": context.stamp(),
        "operate_type": kind,
        "operate_details": text,
    }


def save(context: SandboxContext, entry: dict[str, Any]) -> None:
    """Store a complaint."""
    complaint = entry["complaint"]
    context.store.put(COMPLAINT, complaint["complaint_id"], entry, day=complaint["complaint_time"][:10])


def notify(context: SandboxContext, entry: dict[str, Any], action: str) -> None:
    """Notify the merchant."""
    address = context.store.get(ADDRESS, "url")
    event = "COMPLAINT.CREATE" if action == "CREATE_COMPLAINT" else "COMPLAINT.STATE_CHANGE"
    content = {"complaint_id": entry["complaint"]["complaint_id"], "action_type": action}
    context.notify(address["url"] if address else None, event, content)


def found(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the complaint of a call."""
    number = call.variables["complaint_id"]
    entry = context.store.get(COMPLAINT, number)
    if entry is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no complaint {number}")
    return entry


def page(call: Call, entries: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Return a page of a list."""
    offset, limit = int(call.query.get("offset", 0)), int(call.query.get("limit", limit))
    return {"data": entries[offset : offset + limit], "limit": limit, "offset": offset, "total_count": len(entries)}


@routes.on(*(f"GET {base}/{LIST[base]}" for base in BASES))
def listing(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the complaints between two days."""
    begin, end = str(call.query["begin_date"]), str(call.query["end_date"])
    entries = [
        entry["complaint"]
        for entry in context.store.all(COMPLAINT)
        if begin <= entry["complaint"]["complaint_time"][:10] <= end
    ]
    return context.respond(call, page(call, entries, 10))


@routes.on(*(f"GET {path}" for path in ONE))
def query(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return a complaint as it stands."""
    return context.respond(call, found(context, call)["complaint"])


@routes.on(*(f"GET {path}/negotiation-historys" for path in ONE))
def history(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the history of the negotiation."""
    return context.respond(call, page(call, found(context, call)["history"], 100))


def step(context: SandboxContext, call: Call, state: str, kind: str, text: str, action: str) -> None:
    """Something the merchant did about a complaint."""
    entry = found(context, call)
    entry["complaint"]["complaint_state"] = state
    entry["history"].append(said(context, len(entry["history"]) + 1, kind, text))
    save(context, entry)
    notify(context, entry, action)


@routes.on(*(f"POST {path}/response" for path in ONE))
def respond(context: SandboxContext, call: Call) -> None:
    """Answer the user."""
    step(context, call, "PROCESSING", "MERCHANT_RESPONSE", str(call.body["response_content"]), "MERCHANT_RESPONSE")


@routes.on(*(f"POST {path}/complete" for path in ONE))
def complete(context: SandboxContext, call: Call) -> None:
    """Complete a complaint."""
    step(context, call, "PROCESSED", "MERCHANT_CONFIRM_COMPLETE", "", "MERCHANT_CONFIRM_COMPLETE")


@routes.on(*(f"{verb} {base}/complaint-notifications" for verb in ("POST", "PUT") for base in BASES))
def subscribe(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Set the URL of notifications."""
    context.store.put(ADDRESS, "url", {"url": call.body["url"]})
    return context.respond(call, {"mchid": context.account.mchid, "url": call.body["url"]})


@routes.on(*(f"GET {base}/complaint-notifications" for base in BASES))
def subscription(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the URL of notifications."""
    address = context.store.get(ADDRESS, "url")
    if address is None or not address["url"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "no address was given for complaints")
    return context.respond(call, {"mchid": context.account.mchid, "url": address["url"]})


@routes.on(*(f"DELETE {base}/complaint-notifications" for base in BASES))
def unsubscribe(context: SandboxContext, call: Call) -> None:
    """Remove the URL of notifications."""
    context.store.put(ADDRESS, "url", {"url": None})
