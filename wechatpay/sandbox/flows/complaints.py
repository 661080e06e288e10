"""Complaints of users: told, answered, completed; and where they are notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits

if TYPE_CHECKING:
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

__all__ = ["COMPLAINT", "complain", "routes"]

routes = Routes()

COMPLAINT = "complaint"
ADDRESS = "complaint notification"
BASES = ("v3/merchant-service", "v3/global/merchant-service")
LIST = {BASES[0]: "complaints-v2", BASES[1]: "complaints"}
ONE = tuple(f"{base}/{LIST[base]}/{{complaint_id}}" for base in BASES)


def complain(platform: Platform, number: str, detail: str = "没有收到货", phone: str = "13800000000") -> dict[str, Any]:
    """
    A user complains about a paid order; the merchant is notified where it asked to be.

    Args:
        platform: The platform.
        number: Number of the order.
        detail: What the user says.
        phone: The user's number; told encrypted.

    Raises:
        LookupError: There is no such order.
    """
    with platform.change():
        order = platform.ledger.get(orders.ORDER, number)
        if order is None:
            raise LookupError(f"there is no order {number}")
        known = sum(1 for _ in platform.ledger.all(COMPLAINT))
        complaint = {
            "complaint_id": digits(28, "complaint", number, str(known)),
            "complaint_time": platform.stamp(),
            "complaint_detail": detail,
            "complaint_state": "PENDING",
            "complainted_mchid": platform.account.mchid,
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
        entry = {"complaint": complaint, "history": [said(platform, 1, "USER_CREATE_COMPLAINT", detail)]}
        save(platform, entry)
        notify(platform, entry, "CREATE_COMPLAINT")
        return complaint


def said(platform: Platform, number: int, kind: str, text: str) -> dict[str, Any]:
    """One step of the negotiation."""
    return {
        "log_id": digits(20, "log", str(number), text),
        "operator": "投诉人" if kind.startswith("USER") else "商家",
        "operate_time": platform.stamp(),
        "operate_type": kind,
        "operate_details": text,
    }


def save(platform: Platform, entry: dict[str, Any]) -> None:
    """Write a complaint down."""
    complaint = entry["complaint"]
    platform.ledger.put(COMPLAINT, complaint["complaint_id"], entry, day=complaint["complaint_time"][:10])


def notify(platform: Platform, entry: dict[str, Any], action: str) -> None:
    """Tell the merchant."""
    address = platform.ledger.get(ADDRESS, "url")
    event = "COMPLAINT.CREATE" if action == "CREATE_COMPLAINT" else "COMPLAINT.STATE_CHANGE"
    content = {"complaint_id": entry["complaint"]["complaint_id"], "action_type": action}
    platform.notify(address["url"] if address else None, event, content)


def found(platform: Platform, call: Call) -> dict[str, Any]:
    """The complaint of a call."""
    number = call.variables["complaint_id"]
    entry = platform.ledger.get(COMPLAINT, number)
    if entry is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no complaint {number}")
    return entry


def page(call: Call, entries: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page of a list."""
    offset, limit = int(call.query.get("offset", 0)), int(call.query.get("limit", limit))
    return {"data": entries[offset : offset + limit], "limit": limit, "offset": offset, "total_count": len(entries)}


@routes.on(*(f"GET {base}/{LIST[base]}" for base in BASES))
def listing(platform: Platform, call: Call) -> dict[str, Any]:
    """The complaints between two days."""
    begin, end = str(call.query["begin_date"]), str(call.query["end_date"])
    entries = [
        entry["complaint"]
        for entry in platform.ledger.all(COMPLAINT)
        if begin <= entry["complaint"]["complaint_time"][:10] <= end
    ]
    return platform.answer(call, page(call, entries, 10))


@routes.on(*(f"GET {path}" for path in ONE))
def query(platform: Platform, call: Call) -> dict[str, Any]:
    """A complaint as it stands."""
    return platform.answer(call, found(platform, call)["complaint"])


@routes.on(*(f"GET {path}/negotiation-historys" for path in ONE))
def history(platform: Platform, call: Call) -> dict[str, Any]:
    """What was said so far."""
    return platform.answer(call, page(call, found(platform, call)["history"], 100))


def step(platform: Platform, call: Call, state: str, kind: str, text: str, action: str) -> None:
    """Something the merchant did about a complaint."""
    entry = found(platform, call)
    entry["complaint"]["complaint_state"] = state
    entry["history"].append(said(platform, len(entry["history"]) + 1, kind, text))
    save(platform, entry)
    notify(platform, entry, action)


@routes.on(*(f"POST {path}/response" for path in ONE))
def respond(platform: Platform, call: Call) -> None:
    """Answer the user."""
    step(platform, call, "PROCESSING", "MERCHANT_RESPONSE", str(call.body["response_content"]), "MERCHANT_RESPONSE")


@routes.on(*(f"POST {path}/complete" for path in ONE))
def complete(platform: Platform, call: Call) -> None:
    """Say that it is dealt with."""
    step(platform, call, "PROCESSED", "MERCHANT_CONFIRM_COMPLETE", "", "MERCHANT_CONFIRM_COMPLETE")


@routes.on(*(f"{verb} {base}/complaint-notifications" for verb in ("POST", "PUT") for base in BASES))
def subscribe(platform: Platform, call: Call) -> dict[str, Any]:
    """Say where complaints are to be notified."""
    platform.ledger.put(ADDRESS, "url", {"url": call.body["url"]})
    return platform.answer(call, {"mchid": platform.account.mchid, "url": call.body["url"]})


@routes.on(*(f"GET {base}/complaint-notifications" for base in BASES))
def subscription(platform: Platform, call: Call) -> dict[str, Any]:
    """Where complaints are notified."""
    address = platform.ledger.get(ADDRESS, "url")
    if address is None or not address["url"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "no address was given for complaints")
    return platform.answer(call, {"mchid": platform.account.mchid, "url": address["url"]})


@routes.on(*(f"DELETE {base}/complaint-notifications" for base in BASES))
def unsubscribe(platform: Platform, call: Call) -> None:
    """Notify complaints no longer."""
    platform.ledger.put(ADDRESS, "url", {"url": None})
