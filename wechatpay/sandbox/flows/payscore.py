"""Orders of Pay Score: created, confirmed by the user, completed, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states import COLLECTION, SERVICE_ORDER
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["SERVICES", "confirm", "paid", "routes"]

routes = Routes()

SERVICES = Objects(
    Words("service order", "支付分订单"),
    "out_order_no",
    "order_id",
    inside="order",
    states=SERVICE_ORDER,
    missing="ORDER_NOT_EXIST",
    hidden=("package", "notify_url"),
)
WRONG_STATE = "INVALID_ORDER_STATE"
DIRECT, PARTNER, BANK, OVERSEAS = (
    f"v3/payscore/{whose}serviceorder" for whose in ("", "partner/", "acquiringbank/", "oversea/partner/")
)
ALL = (DIRECT, PARTNER, BANK, OVERSEAS)


@routes.on(*(f"POST {base}" for base in ALL))
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create an order; the user confirms it."""
    order = place(context, dict(call.body))
    context.schedule("confirm_service", order["out_order_no"], when="confirm")
    return context.respond(call, order)


@routes.on(*(f"POST {base}/direct-complete" for base in (DIRECT, PARTNER)))
def create_completed(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Create an order for a service that is over, and ask for the money."""
    order = place(context, dict(call.body), direct=True)
    context.schedule("pay_service", order["out_order_no"], when="pay")
    if call.operation.answer == "empty":
        return None
    return context.respond(call, {**order, "state_description": "MCH_COMPLETE"})


def place(context: SandboxContext, sent: dict[str, Any], *, direct: bool = False) -> dict[str, Any]:
    """Return a new order, or the one there is if it has the same parameters."""
    number = str(sent["out_order_no"])
    known = SERVICES.repeated(context, number, sent)
    if known is None:
        order = {
            **sent,
            "mchid": context.account.mchid,
            "out_order_no": number,
            "order_id": digits(28, "service", number),
            "state": "CREATED",
            "state_description": "USER_CONFIRM",
            "package": letters(48, "service", number),
        }
        if direct:
            order |= {"state": "DONE"} | completed(fen(sent.get("total_amount") or 0, "/total_amount", 0))
        known = {"sent": sent, "order": order}
        SERVICES.save(context, known)
    return SERVICES.of(known)


def completed(total: int) -> dict[str, Any]:
    """Return the fields of an order whose payment is requested."""
    return {
        "state_description": None,
        "need_collection": total > 0,
        "collection": collection("USER_PAYING", total),
    }


def collection(state: str, total: int) -> dict[str, Any]:
    """Return how the money of an order stands."""
    paid = total if state == "USER_PAID" else 0
    return {"state": state, "total_amount": total, "paying_amount": total - paid, "paid_amount": paid}


def collecting(context: SandboxContext, number: str, change: str, **members: Any) -> dict[str, Any]:
    """
    Carry out a change of a completed order's collection, store the order and return it.

    Raises LookupError for an unknown number, ValueError if the order is not completed, or paid already.
    """
    entry = SERVICES.entry(context, number)
    order = SERVICES.of(entry)
    SERVICES.in_state(order, "DONE")
    what = Words(f"collection of the service order {number}", f"支付分订单 {number} 的收款")
    state = COLLECTION.after(change, order["collection"]["state"], what)
    order.update(members)
    order["collection"] = collection(state, order.get("total_amount") or 0)
    SERVICES.save(context, entry)
    return order


@routes.action("confirm_service")
def confirm(context: SandboxContext, number: str) -> dict[str, Any]:
    """Confirm an order as the user; the merchant is notified."""
    return SERVICES.tell(context, number, "confirm", state_description="MCH_COMPLETE")


@routes.action("pay_service")
def paid(context: SandboxContext, number: str) -> dict[str, Any]:
    """Pay a completed order as the user; the merchant is notified."""
    with context.change():
        order = collecting(context, number, "pay")
        content = {name: value for name, value in order.items() if name not in SERVICES.hidden}
        context.notify(order.get("notify_url"), COLLECTION.transitions["pay"].notifies, content)
        return order


@routes.on(*(f"GET {base}" for base in ALL))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order as it stands."""
    number = call.query.get("out_order_no") or call.query.get("query_id")
    if not number:
        raise Refusal.of_field("query", "/out_order_no", "out_order_no or query_id is needed")
    return context.respond(call, SERVICES.find(context, number)["order"])


def changed(context: SandboxContext, call: ReceivedCall, change: str, **members: Any) -> dict[str, Any]:
    """Carry out a change of the order of a call, or of its collection, and return the response."""
    number = call.variables["out_order_no"]
    with refusing(SERVICES.missing, WRONG_STATE):
        if change in SERVICES.states.transitions:
            return context.respond(call, SERVICES.change(context, number, change, **members)["order"])
        return context.respond(call, collecting(context, number, change, **members))


@routes.on(*(f"POST {base}/{{out_order_no}}/cancel" for base in ALL))
def cancel(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take an order back."""
    return changed(context, call, "cancel", state_description=None)


@routes.on(*(f"POST {base}/{{out_order_no}}/modify" for base in (DIRECT, PARTNER, BANK)))
def modify(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for less."""
    order = SERVICES.of(SERVICES.find(context, call.variables["out_order_no"]))
    total, before = fen(call.body["total_amount"], "/total_amount", 0), int(order.get("total_amount") or 0)
    if total > before:
        raise Refusal(400, "INVALID_REQUEST", f"{total} is more than the {before} that were asked for")
    sent = chosen(call.body, "post_payments", "post_discounts", "total_amount")
    return changed(context, call, "modify", **sent, need_collection=total > 0)


@routes.on(*(f"POST {base}/{{out_order_no}}/complete" for base in ALL))
def complete(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the service, and ask for the money."""
    sent = chosen(call.body, "post_payments", "post_discounts", "total_amount", "time_range", "location")
    answer = changed(context, call, "complete", **sent, **completed(fen(sent["total_amount"], "/total_amount", 0)))
    context.schedule("pay_service", call.variables["out_order_no"], when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/pay" for base in (DIRECT, PARTNER)))
def collect(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for the money once more."""
    answer = changed(context, call, "collect")
    context.schedule("pay_service", call.variables["out_order_no"], when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/sync" for base in ALL))
def sync(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Record that the merchant was paid in another way."""
    return changed(context, call, "sync")
