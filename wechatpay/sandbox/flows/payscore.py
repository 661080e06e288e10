"""Orders of Pay Score: created, confirmed by the user, completed, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

__all__ = ["SERVICE", "confirm", "paid", "routes"]

routes = Routes()

SERVICE = "service order"
DIRECT, PARTNER, BANK, OVERSEAS = (
    f"v3/payscore/{whose}serviceorder" for whose in ("", "partner/", "acquiringbank/", "oversea/partner/")
)
ALL = (DIRECT, PARTNER, BANK, OVERSEAS)


def found(platform: Platform, number: str) -> dict[str, Any]:
    """The order of this number."""
    entry = platform.ledger.get(SERVICE, number)
    if entry is None:
        raise Refusal(404, "ORDER_NOT_EXIST", f"there is no service order {number}")
    return entry


def in_state(entry: dict[str, Any], *states: str) -> None:
    """Refuse what an order in this state does not allow."""
    order = entry["order"]
    if order["state"] not in states:
        raise Refusal(
            400,
            "INVALID_ORDER_STATE",
            f"the service order {order['out_order_no']} is {order['state']}, not {' or '.join(states)}",
        )


def save(platform: Platform, entry: dict[str, Any]) -> None:
    """Write an order down."""
    order = entry["order"]
    platform.ledger.put(SERVICE, order["out_order_no"], entry, order["order_id"], day=platform.day())


@routes.on(*(f"POST {base}" for base in ALL))
def create(platform: Platform, call: Call) -> dict[str, Any]:
    """Create an order; the user confirms it."""
    order = place(platform, dict(call.body))
    platform.later_confirmed_service(order["out_order_no"])
    return platform.answer(call, order)


@routes.on(*(f"POST {base}/direct-complete" for base in (DIRECT, PARTNER)))
def create_completed(platform: Platform, call: Call) -> dict[str, Any] | None:
    """Create an order for a service that is over, and ask for the money."""
    order = place(platform, dict(call.body), direct=True)
    platform.later_paid_service(order["out_order_no"])
    if call.operation.answer == "empty":
        return None
    return platform.answer(call, {**order, "state_description": "MCH_COMPLETE"})


def place(platform: Platform, sent: dict[str, Any], *, direct: bool = False) -> dict[str, Any]:
    """A new order, or the one there is if it has the same parameters."""
    number = str(sent["out_order_no"])
    known = platform.ledger.get(SERVICE, number)
    if known is None:
        order = {
            **sent,
            "mchid": platform.account.mchid,
            "out_order_no": number,
            "order_id": digits(28, "service", number),
            "state": "CREATED",
            "state_description": "USER_CONFIRM",
            "package": letters(48, "service", number),
        }
        if direct:
            order |= completed(fen(sent.get("total_amount") or 0, "/total_amount", 0))
        known = {"sent": sent, "order": order}
        save(platform, known)
    elif known["sent"] != sent:
        raise Refusal(400, "INVALID_REQUEST", f"the service order {number} exists with other parameters")
    placed: dict[str, Any] = known["order"]
    return placed


def completed(total: int) -> dict[str, Any]:
    """What an order has when the money is asked for."""
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
    """Whether the money of an order has come."""
    return bool(order.get("collection", {}).get("state") == "USER_PAID")


def unpaid(platform: Platform, call: Call) -> dict[str, Any]:
    """The order of a call that is completed; one that is paid is refused."""
    entry = found(platform, call.variables["out_order_no"])
    in_state(entry, "DONE")
    order: dict[str, Any] = entry["order"]
    if is_paid(order):
        raise Refusal(400, "INVALID_ORDER_STATE", f"the service order {order['out_order_no']} is paid already")
    return order


def moved(
    platform: Platform, number: str, state: str, *, states: tuple[str, ...], event: str, **changes: Any
) -> dict[str, Any]:
    """An order brought into another state from outside; the merchant is notified."""
    with platform.change():
        entry = platform.ledger.get(SERVICE, number)
        if entry is None:
            raise LookupError(f"there is no service order {number}")
        order: dict[str, Any] = entry["order"]
        if order["state"] not in states:
            raise ValueError(f"the service order {number} is {order['state']}")
        order |= {"state": state, **changes}
        save(platform, entry)
        platform.notify(
            order.get("notify_url"),
            event,
            {name: value for name, value in order.items() if name not in ("package", "notify_url")},
        )
        return order


def confirm(platform: Platform, number: str) -> dict[str, Any]:
    """
    The user confirms an order.

    Raises:
        LookupError: There is no such order.
        ValueError: It is not waiting for that.
    """
    return moved(
        platform, number, "DOING", states=("CREATED",), event="PAYSCORE.USER_CONFIRM", state_description="MCH_COMPLETE"
    )


def paid(platform: Platform, number: str) -> dict[str, Any]:
    """
    The user pays a completed order.

    Raises:
        LookupError: There is no such order.
        ValueError: It is not completed, or paid already.
    """
    entry = platform.ledger.get(SERVICE, number) or {"order": {}}
    if is_paid(entry["order"]):
        raise ValueError(f"the service order {number} is paid already")
    total = entry["order"].get("total_amount", 0)
    return moved(platform, number, "DONE", states=("DONE",), event="PAYSCORE.USER_PAID", collection=received(total))


@routes.on(*(f"GET {base}" for base in ALL))
def query(platform: Platform, call: Call) -> dict[str, Any]:
    """An order as it stands."""
    number = call.query.get("out_order_no") or call.query.get("query_id")
    if not number:
        raise Refusal.of_field("query", "/out_order_no", "out_order_no or query_id is needed")
    return platform.answer(call, found(platform, str(number))["order"])


def changed(platform: Platform, call: Call, *states: str, **changes: Any) -> dict[str, Any]:
    """The order of a call, changed and told."""
    entry = found(platform, call.variables["out_order_no"])
    in_state(entry, *states)
    entry["order"] |= changes
    save(platform, entry)
    return platform.answer(call, entry["order"])


@routes.on(*(f"POST {base}/{{out_order_no}}/cancel" for base in ALL))
def cancel(platform: Platform, call: Call) -> dict[str, Any]:
    """Take an order back."""
    return changed(platform, call, "CREATED", "DOING", state="REVOKED", state_description=None)


@routes.on(*(f"POST {base}/{{out_order_no}}/modify" for base in (DIRECT, PARTNER, BANK)))
def modify(platform: Platform, call: Call) -> dict[str, Any]:
    """Ask for less."""
    order = unpaid(platform, call)
    total, before = fen(call.body["total_amount"], "/total_amount", 0), int(order.get("total_amount") or 0)
    if total > before:
        raise Refusal(400, "INVALID_REQUEST", f"{total} is more than the {before} that were asked for")
    sent = {name: call.body[name] for name in ("post_payments", "post_discounts", "total_amount") if name in call.body}
    return changed(platform, call, "DONE", **sent, **completed(total))


@routes.on(*(f"POST {base}/{{out_order_no}}/complete" for base in ALL))
def complete(platform: Platform, call: Call) -> dict[str, Any]:
    """End the service, and ask for the money."""
    names = ("post_payments", "post_discounts", "total_amount", "time_range", "location")
    sent = {name: call.body[name] for name in names if name in call.body}
    answer = changed(platform, call, "DOING", **sent, **completed(fen(sent["total_amount"], "/total_amount", 0)))
    platform.later_paid_service(call.variables["out_order_no"])
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/pay" for base in (DIRECT, PARTNER)))
def collect(platform: Platform, call: Call) -> dict[str, Any]:
    """Ask for the money once more."""
    unpaid(platform, call)
    answer = changed(platform, call, "DONE")
    platform.later_paid_service(call.variables["out_order_no"])
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/sync" for base in ALL))
def sync(platform: Platform, call: Call) -> dict[str, Any]:
    """The merchant was paid otherwise."""
    order = unpaid(platform, call)
    return changed(platform, call, "DONE", collection=received(order.get("total_amount", 0)))
