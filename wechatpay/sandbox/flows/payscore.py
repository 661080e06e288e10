"""Orders of Pay Score: created, confirmed by the user, completed, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
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
            order |= completed(fen(sent.get("total_amount") or 0, "/total_amount", 0))
        known = {"sent": sent, "order": order}
        SERVICES.save(context, known)
    return SERVICES.of(known)


def completed(total: int) -> dict[str, Any]:
    """Return the fields of an order whose payment is requested."""
    return {
        "state": "DONE",
        "state_description": None,
        "need_collection": total > 0,
        "collection": {"state": "USER_PAYING", "total_amount": total, "paying_amount": total, "paid_amount": 0},
    }


def received(total: int) -> dict[str, Any]:
    """How the money stands when it has come."""
    return {"state": "USER_PAID", "total_amount": total, "paying_amount": 0, "paid_amount": total}


def is_paid(order: dict[str, Any]) -> bool:
    """Return whether an order is paid."""
    return bool(order.get("collection", {}).get("state") == "USER_PAID")


def unpaid(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the order of a call that is completed; one that is paid is refused."""
    order = SERVICES.of(SERVICES.find(context, call.variables["out_order_no"]))
    with refusing(conflict=WRONG_STATE):
        SERVICES.in_state(order, "DONE")
    if is_paid(order):
        raise Refusal(400, WRONG_STATE, f"the service order {order['out_order_no']} is paid already")
    return order


@routes.action("confirm_service")
def confirm(context: SandboxContext, number: str) -> dict[str, Any]:
    """Confirm an order as the user; the merchant is notified."""
    changes = {"state": "DOING", "state_description": "MCH_COMPLETE"}
    return SERVICES.move(context, number, "CREATED", "PAYSCORE.USER_CONFIRM", **changes)


@routes.action("pay_service")
def paid(context: SandboxContext, number: str) -> dict[str, Any]:
    """Pay a completed order as the user; the merchant is notified."""
    order = SERVICES.of(SERVICES.entry(context, number))
    if is_paid(order):
        raise ValueError(Words(f"the service order {number} is paid already", f"支付分订单 {number} 已支付"))
    return SERVICES.move(
        context, number, "DONE", "PAYSCORE.USER_PAID", collection=received(order.get("total_amount", 0))
    )


@routes.on(*(f"GET {base}" for base in ALL))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order as it stands."""
    number = call.query.get("out_order_no") or call.query.get("query_id")
    if not number:
        raise Refusal.of_field("query", "/out_order_no", "out_order_no or query_id is needed")
    return context.respond(call, SERVICES.find(context, number)["order"])


def changed(context: SandboxContext, call: ReceivedCall, *states: str, **changes: Any) -> dict[str, Any]:
    """Change the order of a call, and return the response."""
    with refusing(SERVICES.missing, WRONG_STATE):
        entry = SERVICES.change(context, call.variables["out_order_no"], *states, **changes)
    return context.respond(call, entry["order"])


@routes.on(*(f"POST {base}/{{out_order_no}}/cancel" for base in ALL))
def cancel(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take an order back."""
    return changed(context, call, "CREATED", "DOING", state="REVOKED", state_description=None)


@routes.on(*(f"POST {base}/{{out_order_no}}/modify" for base in (DIRECT, PARTNER, BANK)))
def modify(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for less."""
    order = unpaid(context, call)
    total, before = fen(call.body["total_amount"], "/total_amount", 0), int(order.get("total_amount") or 0)
    if total > before:
        raise Refusal(400, "INVALID_REQUEST", f"{total} is more than the {before} that were asked for")
    sent = chosen(call.body, "post_payments", "post_discounts", "total_amount")
    return changed(context, call, "DONE", **sent, **completed(total))


@routes.on(*(f"POST {base}/{{out_order_no}}/complete" for base in ALL))
def complete(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the service, and ask for the money."""
    sent = chosen(call.body, "post_payments", "post_discounts", "total_amount", "time_range", "location")
    answer = changed(context, call, "DOING", **sent, **completed(fen(sent["total_amount"], "/total_amount", 0)))
    context.schedule("pay_service", call.variables["out_order_no"], when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/pay" for base in (DIRECT, PARTNER)))
def collect(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for the money once more."""
    unpaid(context, call)
    answer = changed(context, call, "DONE")
    context.schedule("pay_service", call.variables["out_order_no"], when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/sync" for base in ALL))
def sync(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Record that the merchant was paid in another way."""
    order = unpaid(context, call)
    return changed(context, call, "DONE", collection=received(order.get("total_amount", 0)))
