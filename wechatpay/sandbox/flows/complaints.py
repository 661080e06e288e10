"""Complaints of users: made, answered, completed; and the URL of their notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.objects import Objects, page
from wechatpay.sandbox.flows.states import COMPLAINT
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["COMPLAINTS", "complain", "routes"]

routes = Routes()

COMPLAINTS = Objects(
    Words("complaint", "投诉"), "complaint_id", inside="complaint", state="complaint_state", states=COMPLAINT
)
ADDRESS = "complaint notification"
BASES = ("v3/merchant-service", "v3/global/merchant-service")
LIST = {BASES[0]: "complaints-v2", BASES[1]: "complaints"}
ONE = tuple(f"{base}/{LIST[base]}/{{complaint_id}}" for base in BASES)


@routes.action("complain")
def complain(
    context: SandboxContext, number: str, detail: str = "没有收到货", phone: str = "13800000000"
) -> dict[str, Any]:
    """Complain about an order as its user, with a phone number; the merchant is notified where it asked to be."""
    with context.change():
        order = orders.ORDERS.entry(context, number)
        known = sum(1 for _ in context.store.all(COMPLAINTS.kind))
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
        COMPLAINTS.save(context, entry)
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


def notify(context: SandboxContext, entry: dict[str, Any], action: str) -> None:
    """Notify the merchant."""
    address = context.store.get(ADDRESS, "url")
    event = "COMPLAINT.CREATE" if action == "CREATE_COMPLAINT" else "COMPLAINT.STATE_CHANGE"
    content = {"complaint_id": entry["complaint"]["complaint_id"], "action_type": action}
    context.notify(address["url"] if address else None, event, content)


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the complaint of a call."""
    return COMPLAINTS.find(context, call.variables["complaint_id"])


def listed(context: SandboxContext, call: ReceivedCall, entries: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """Return the response with a page of a list."""
    shown, offset, limit = page(call, entries, size)
    return context.respond(call, {"data": shown, "limit": limit, "offset": offset, "total_count": len(entries)})


@routes.on(*(f"GET {base}/{LIST[base]}" for base in BASES))
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the complaints between two days."""
    begin, end = str(call.query["begin_date"]), str(call.query["end_date"])
    entries = [
        entry["complaint"]
        for entry in context.store.all(COMPLAINTS.kind)
        if begin <= entry["complaint"]["complaint_time"][:10] <= end
    ]
    return listed(context, call, entries, 10)


@routes.on(*(f"GET {path}" for path in ONE))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a complaint as it stands."""
    return context.respond(call, found(context, call)["complaint"])


@routes.on(*(f"GET {path}/negotiation-historys" for path in ONE))
def history(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the history of the negotiation."""
    return listed(context, call, found(context, call)["history"], 100)


def step(context: SandboxContext, call: ReceivedCall, change: str, kind: str, text: str) -> None:
    """Something the merchant did about a complaint."""
    entry = found(context, call)
    COMPLAINTS.move(entry, change)
    entry["history"].append(said(context, len(entry["history"]) + 1, kind, text))
    COMPLAINTS.save(context, entry)
    notify(context, entry, kind)


@routes.on(*(f"POST {path}/response" for path in ONE))
def respond(context: SandboxContext, call: ReceivedCall) -> None:
    """Answer the user."""
    over = COMPLAINTS.of(found(context, call))["complaint_state"] == "PROCESSED"
    change = "respond after the end" if over else "respond"
    step(context, call, change, "MERCHANT_RESPONSE", str(call.body["response_content"]))


@routes.on(*(f"POST {path}/complete" for path in ONE))
def complete(context: SandboxContext, call: ReceivedCall) -> None:
    """Complete a complaint."""
    step(context, call, "complete", "MERCHANT_CONFIRM_COMPLETE", "")


@routes.on(f"POST {ONE[0]}/update-refund-progress")
def approve_refund(context: SandboxContext, call: ReceivedCall) -> None:
    """Approve or reject the refund that a user asks for: https://pay.weixin.qq.com/doc/v3/merchant/4012467256."""
    over = COMPLAINTS.of(found(context, call))["complaint_state"] == "PROCESSED"
    approved = call.body["action"] == "APPROVE"
    # the platform's own spelling
    kind = "MERCHANT_APPROVE_REFUND" if approved else "MERCHANT_REFUSE_RERUND"
    text = str(call.body.get("remark") or call.body.get("reject_reason") or "")
    step(context, call, "respond after the end" if over else "respond", kind, text)


@routes.on(*(f"{verb} {base}/complaint-notifications" for verb in ("POST", "PUT") for base in BASES))
def subscribe(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set the URL of notifications."""
    context.store.put(ADDRESS, "url", {"url": call.body["url"]})
    return context.respond(call, {"mchid": context.account.mchid, "url": call.body["url"]})


@routes.on(*(f"GET {base}/complaint-notifications" for base in BASES))
def subscription(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the URL of notifications."""
    address = context.store.get(ADDRESS, "url")
    if address is None or not address["url"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "no address was given for complaints")
    return context.respond(call, {"mchid": context.account.mchid, "url": address["url"]})


@routes.on(*(f"DELETE {base}/complaint-notifications" for base in BASES))
def unsubscribe(context: SandboxContext, call: ReceivedCall) -> None:
    """Remove the URL of notifications."""
    context.store.put(ADDRESS, "url", {"url": None})
