"""Complaints of users: made, answered, refunded or not, completed; and the URL of their notifications."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.numbers import platform_number
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
TIMES = "complaints of an order"
BASES = ("v3/merchant-service", "v3/global/merchant-service")
LIST = {BASES[0]: "complaints-v2", BASES[1]: "complaints"}
FIRST = "v3/merchant-service/complaints"
"""The paths of the first version, which are deprecated and name a complaint by its transaction_id."""
ONE = tuple(f"{base}/{LIST[base]}/{{complaint_id}}" for base in BASES)
PROBLEMS = ("REFUND", "SERVICE_NOT_WORK", "OTHERS")
LONGEST = 30
"""Days between begin_date and end_date: https://pay.weixin.qq.com/doc/v3/merchant/4012533431."""
REFUNDS = {
    "APPROVE": ("MERCHANT_APPROVE_REFUND", "MERCHANT_APPROVE_REFUND"),
    "REJECT": ("MERCHANT_REFUSE_RERUND", "MERCHANT_REJECT_REFUND"),  # the platform's own spelling
}
"""What a decision about a refund is called in the history, and in notifications."""
FIRST_TYPES = {
    "MERCHANT_CONFIRM_COMPLETE": "MERCHANT_LAUNCH_CONFIRM_PROCESS",
    "MERCHANT_APPROVE_REFUND": "SELLER_REFUND",
    "MERCHANT_REFUSE_RERUND": "MERCHANT_RESPONSE",
}
"""Steps that the first version calls otherwise."""


@routes.action(
    "complain", "用户投诉一笔订单；商户设置了投诉通知地址时收到通知。", problem=PROBLEMS, immediate=("true", "false")
)
def complain(
    context: SandboxContext,
    number: str,
    detail: str = "没有收到货",
    phone: str = "13800000000",
    problem: str = "REFUND",
    immediate: str = "false",
) -> dict[str, Any]:
    """Complain about an order as its user; the merchant is notified where it asked to be."""
    with context.change():
        order = orders.ORDERS.entry(context, number)
        if order["success_time"] is None:
            raise ValueError(Words(f"the order {number} has not been paid", f"订单 {number} 尚未支付"))
        times = (context.store.get(TIMES, order["out_trade_no"]) or {"times": 0})["times"] + 1
        context.store.put(TIMES, order["out_trade_no"], {"times": times})
        complaint = {
            "complaint_id": platform_number(context, "complaint", order["out_trade_no"], str(times)),
            "complaint_time": context.stamp(),
            "complaint_detail": detail,
            "complaint_state": "PENDING",
            "complainted_mchid": orders.whose(order) or context.account.mchid,
            "payer_phone": phone,
            "payer_openid": order["openid"],
            "complaint_order_info": [
                {
                    "transaction_id": order["transaction_id"],
                    "out_trade_no": order["out_trade_no"],
                    "amount": order["total"],
                }
            ],
            "incoming_user_response": False,
            "problem_description": detail,
            "user_complaint_times": times,
            "problem_type": problem,
            "apply_refund_amount": order["total"] - order["refunded"] if problem == "REFUND" else None,
            "need_immediate_service": str(immediate).lower() == "true",
        }
        entry = {"complaint": complaint, "history": [said(context, 1, "USER_CREATE_COMPLAINT", detail)]}
        id_, trade = complaint["complaint_id"], order["transaction_id"]
        context.store.put(COMPLAINTS.kind, id_, entry, trade, day=context.day())
        notify(context, entry, "CREATE_COMPLAINT")
        return shown(context, entry)


@routes.action("reply_complaint", "用户在投诉中留言，等待商户回复；商户收到通知。")
def reply(context: SandboxContext, number: str, text: str = "请尽快处理") -> dict[str, Any]:
    """Write to the merchant about a complaint as its user, who waits for a response; the merchant is notified."""
    with context.change():
        entry = COMPLAINTS.entry(context, number)
        entry["complaint"]["incoming_user_response"] = True
        entry["history"].append(said(context, len(entry["history"]) + 1, "USER_RESPONSE", text))
        COMPLAINTS.save(context, entry)
        notify(context, entry, "USER_RESPONSE")
        return shown(context, entry)


def said(context: SandboxContext, number: int, kind: str, text: str, **more: Any) -> dict[str, Any]:
    """Return one step of the negotiation."""
    return {
        "log_id": digits(20, "log", str(number), text),
        "operator": "投诉人" if kind.startswith("USER") else "商家",
        "operate_time": context.stamp(),
        "operate_type": kind,
        "operate_details": text,
        **more,
    }


def shown(context: SandboxContext, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a complaint as it stands: whether its order was refunded whole is the order's."""
    complaint: dict[str, Any] = entry["complaint"]
    order = orders.ORDERS.entry(context, complaint["complaint_order_info"][0]["out_trade_no"])
    return {**complaint, "complaint_full_refunded": order["refunded"] == order["total"]}


def notify(context: SandboxContext, entry: dict[str, Any], action: str) -> None:
    """Notify the merchant, with the members that captured notifications have besides those of the official page."""
    address, complaint = context.store.get(ADDRESS, "url"), entry["complaint"]
    event = "COMPLAINT.CREATE" if action == "CREATE_COMPLAINT" else "COMPLAINT.STATE_CHANGE"
    content = {"complaint_id": complaint["complaint_id"], "action_type": action, **first_form(complaint)}
    context.notify(address["url"] if address else None, event, content)


def first_form(complaint: dict[str, Any]) -> dict[str, Any]:
    """Return a complaint in the form of the first version, which notifications still have."""
    (order,) = complaint["complaint_order_info"]
    waiting = complaint["complaint_state"] == "PENDING"
    return {
        **order,
        **{name: complaint[name] for name in ("complaint_time", "complaint_detail", "payer_phone")},
        "complaint_state": "MERCHANT_REFUNDED" if complaint.get("complaint_full_refunded") else "PAYER_COMPLAINTED",
        "complaint_handle_state": "WAIT_MERCHANT_RESPONSE" if waiting else complaint["complaint_state"],
    }


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the complaint of a call: by its number, or the last one about a ``transaction_id``."""
    number = call.variables.get("complaint_id") or call["transaction_id"]
    return COMPLAINTS.find(context, number)


@routes.on(*(f"GET {base}/{LIST[base]}" for base in BASES), f"GET {FIRST}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the complaints between two days, of one merchant number if it is given."""
    begin, end = day_of(call, "begin_date"), day_of(call, "end_date")
    if not 0 <= (end - begin).days <= LONGEST:
        raise Refusal.of_field("query", "/end_date", f"应为begin_date当日至其后 {LONGEST} 天", value=str(end))
    days = (str(begin + timedelta(days=number)) for number in range((end - begin).days + 1))
    wanted = call.query.get("complainted_mchid") or call.query.get("sub_mchid")
    entries = [
        entry
        for day in days
        for entry in context.store.all(COMPLAINTS.kind, day)
        if wanted in (None, entry["complaint"]["complainted_mchid"])
    ]
    found, offset, limit = page(call, entries, 10)
    data = [shown(context, entry) for entry in found]
    data = [first_form(each) for each in data] if call.operation.path == FIRST else data
    return context.respond(call, {"data": data, "limit": limit, "offset": offset, "total_count": len(entries)})


def day_of(call: ReceivedCall, name: str) -> date:
    """Return a day of the query, ``yyyy-mm-dd``; another form is refused."""
    try:
        return date.fromisoformat(str(call.query[name]))
    except ValueError:
        raise Refusal.of_field("query", f"/{name}", "日期格式应为yyyy-MM-DD", value=call.query[name]) from None


@routes.on(*(f"GET {path}" for path in ONE))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a complaint as it stands."""
    return context.respond(call, shown(context, found(context, call)))


@routes.on(f"GET {FIRST}/{{transaction_id}}")
def query_first(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the last complaint about an order as it stands."""
    return context.respond(call, first_form(shown(context, found(context, call))))


@routes.on(f"GET {FIRST}/{{transaction_id}}/negotiation-historys")
def history_first(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the history of the last complaint about an order."""
    steps = [
        {
            "operate_user": each["operator"],
            "operate_type": FIRST_TYPES.get(each["operate_type"], each["operate_type"]),
            **{name: each[name] for name in ("operate_time", "operate_details", "image_list") if name in each},
        }
        for each in found(context, call)["history"]
    ]
    return context.respond(call, {"complaint_negotiation_history": steps})


@routes.on("POST v3/merchant-service/feedbacks")
def feed_back(context: SandboxContext, call: ReceivedCall) -> None:
    """Answer the user, and ask to complete the complaint."""
    text = str(call.body["feedback_content"])
    step(context, call, "respond", "MERCHANT_RESPONSE", text)
    if call.body.get("launch_confirm_process"):
        step(context, call, "complete", "MERCHANT_CONFIRM_COMPLETE", "")


@routes.on(*(f"GET {path}/negotiation-historys" for path in ONE))
def history(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the history of the negotiation."""
    entries = [
        {name: value for name, value in each.items() if name != "idempotent_id"}
        for each in found(context, call)["history"]
    ]
    steps, offset, limit = page(call, entries, 100)
    return context.respond(call, {"data": steps, "limit": limit, "offset": offset, "total_count": len(entries)})


def step(
    context: SandboxContext, call: ReceivedCall, change: str, kind: str, text: str, action: str = "", **more: Any
) -> dict[str, Any]:
    """Write down what the merchant did about a complaint, notify it, and return the step."""
    entry = found(context, call)
    complaint = entry["complaint"]
    whose = call.body.get("complainted_mchid", complaint["complainted_mchid"])
    if whose != complaint["complainted_mchid"]:
        raise Refusal.of_field("body", "/complainted_mchid", "与投诉单的被诉商户号不一致", value=whose)
    over = change == "respond" and complaint["complaint_state"] == "PROCESSED"
    COMPLAINTS.move(entry, "respond after the end" if over else change, incoming_user_response=False)
    taken = said(context, len(entry["history"]) + 1, kind, text, **more)
    entry["history"].append(taken)
    COMPLAINTS.save(context, entry)
    notify(context, entry, action or kind)
    return taken


@routes.on(*(f"POST {path}/response" for path in ONE))
def respond(context: SandboxContext, call: ReceivedCall) -> None:
    """Answer the user."""
    base = f"{call.request.origin or context.base_url}v3/merchant-service/images"
    images = [f"{base}/{media_id}" for media_id in call.body.get("response_images") or ()]
    more: dict[str, Any] = {"image_list": images} if images else {}
    step(context, call, "respond", "MERCHANT_RESPONSE", str(call.body["response_content"]), **more)


@routes.on(f"POST {ONE[0]}/response-immediate-service")
def respond_at_once(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Answer a user who waits for it; the same ``idempotent_id`` again is the same answer."""
    entry, number = found(context, call), str(call.body["idempotent_id"])
    if not entry["complaint"]["need_immediate_service"]:
        raise Refusal(400, "INVALID_REQUEST", "该投诉单不需要即时服务")
    known = next((each for each in entry["history"] if each.get("idempotent_id") == number), None)
    message = call.body["message"]
    taken = known or step(
        context, call, "respond", "MERCHANT_RESPONSE", "", normal_message=message, idempotent_id=number
    )
    return context.respond(call, {"log_id": taken["log_id"]})


@routes.on(*(f"POST {path}/complete" for path in ONE))
def complete(context: SandboxContext, call: ReceivedCall) -> None:
    """Complete a complaint."""
    step(context, call, "complete", "MERCHANT_CONFIRM_COMPLETE", "")


@routes.on(f"POST {ONE[0]}/update-refund-progress")
def approve_refund(context: SandboxContext, call: ReceivedCall) -> None:
    """Approve or reject the refund that a user asks for: https://pay.weixin.qq.com/doc/v3/merchant/4012467256."""
    if found(context, call)["complaint"]["problem_type"] != "REFUND":
        raise Refusal(400, "INVALID_REQUEST", "该投诉单不是申请退款单")
    kind, action = REFUNDS[call.body["action"]]
    text = str(call.body.get("remark") or call.body.get("reject_reason") or "")
    step(context, call, "respond", kind, text, action)


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
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "未设置投诉通知回调地址")
    return context.respond(call, {"mchid": context.account.mchid, "url": address["url"]})


@routes.on(*(f"DELETE {base}/complaint-notifications" for base in BASES))
def unsubscribe(context: SandboxContext, call: ReceivedCall) -> None:
    """Remove the URL of notifications."""
    context.store.put(ADDRESS, "url", {"url": None})
