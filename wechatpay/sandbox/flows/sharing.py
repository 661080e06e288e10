"""Profit sharing: splits of a paid order, what is left of it, returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits

if TYPE_CHECKING:
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

__all__ = ["SPLIT", "routes"]

routes = Routes()

SPLIT = "profit sharing order"
RETURN = "profit sharing return"
RECEIVER = "profit sharing receiver"
BASES = ("v3/profitsharing", "v3/brand/profitsharing", "v3/ecommerce/profitsharing")


def paid_order(platform: Platform, number: str) -> dict[str, Any]:
    """The order with this number of the platform's, if it is paid."""
    order = platform.ledger.get(orders.ORDER, number)
    if order is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no transaction {number}")
    if order["success_time"] is None:
        raise Refusal(400, "INVALID_REQUEST", f"the transaction {number} is not paid")
    return order


def left(platform: Platform, order: dict[str, Any]) -> int:
    """How much of an order can still be shared, in fen."""
    if order.get("unfrozen"):
        return 0
    gone: int = sum(
        receiver["amount"]
        for split in platform.ledger.all(SPLIT)
        if split["transaction_id"] == order["transaction_id"]
        for receiver in split["receivers"]
    )
    return int(order["total"]) - int(order["refunded"]) - gone


def unfreeze(platform: Platform, order: dict[str, Any]) -> None:
    """Give the merchant what is left."""
    order["unfrozen"] = True
    orders.save(platform, order)


def tell(platform: Platform, call: Call, split: dict[str, Any], state: str) -> dict[str, Any]:
    """A split as the platform tells it."""
    return platform.answer(call, {**split, "sent": None, "state": state, "status": state})


@routes.on(*(f"POST {base}/orders" for base in BASES))
def share(platform: Platform, call: Call) -> dict[str, Any]:
    """Split an order."""
    sent = dict(call.body)
    number = str(sent["out_order_no"])
    known = platform.ledger.get(SPLIT, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"{number} exists with other parameters")
        return tell(platform, call, known, "PROCESSING")
    order = paid_order(platform, str(sent["transaction_id"]))
    receivers = sent.get("receivers") or []
    wanted = sum(int(receiver["amount"]) for receiver in receivers)
    rest = left(platform, order)
    if wanted > rest:
        raise Refusal(403, "NOT_ENOUGH", f"{wanted} is more than the {rest} that are left to share")
    split = keep(
        platform, sent, number, [shared(platform, number, index, each) for index, each in enumerate(receivers)]
    )
    if sent.get("unfreeze_unsplit") or sent.get("finish"):
        unfreeze(platform, order)
    for receiver in split["receivers"]:
        notify(platform, "PROFITSHARING.SUCCESS", split, receiver)
    return tell(platform, call, split, "PROCESSING")


def notify(platform: Platform, name: str, split: dict[str, Any], moved: dict[str, Any]) -> None:
    """Tell the merchant that a part was paid, or came back; where, no request says."""
    sub_mchid = split["sub_mchid"]
    content = {
        "mchid": None if sub_mchid else platform.account.mchid,
        "sp_mchid": platform.account.mchid if sub_mchid else None,
        "sub_mchid": sub_mchid,
        "transaction_id": split["transaction_id"],
        "order_id": split["order_id"],
        "out_order_no": split["out_order_no"],
        "receiver": {member: moved[member] for member in ("type", "account", "amount", "description")},
        "success_time": moved["finish_time"],
    }
    platform.notify(platform.notify_url, name, content)


def shared(platform: Platform, number: str, index: int, receiver: dict[str, Any]) -> dict[str, Any]:
    """One receiver's part, paid."""
    return {
        "amount": int(receiver["amount"]),
        "description": receiver.get("description", ""),
        "type": receiver.get("type", "MERCHANT_ID"),
        "account": receiver.get("account") or receiver.get("receiver_account") or receiver.get("receiver_mchid"),
        "result": "SUCCESS",
        "detail_id": digits(26, number, str(index)),
        "create_time": platform.stamp(),
        "finish_time": platform.stamp(),
        "fail_reason": None,
    }


def keep(platform: Platform, sent: dict[str, Any], number: str, receivers: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a split down."""
    split: dict[str, Any] = {
        "sent": sent,
        "sub_mchid": sent.get("sub_mchid"),
        "transaction_id": str(sent["transaction_id"]),
        "out_order_no": number,
        "order_id": digits(26, "split", number),
        "receivers": receivers,
    }
    platform.ledger.put(SPLIT, number, split, split["order_id"], day=platform.day())
    return split


def found(platform: Platform, number: str) -> dict[str, Any]:
    """The split of this number."""
    split = platform.ledger.get(SPLIT, number)
    if split is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no profit sharing order {number}")
    return split


@routes.on("GET v3/profitsharing/orders/{out_order_no}", *(f"GET {base}/orders" for base in BASES[1:]))
def query(platform: Platform, call: Call) -> dict[str, Any]:
    """A split as it stands."""
    return tell(platform, call, found(platform, str(call["out_order_no"])), "FINISHED")


@routes.on("POST v3/profitsharing/orders/unfreeze", *(f"POST {base}/finish-order" for base in BASES[1:]))
def finish(platform: Platform, call: Call) -> dict[str, Any]:
    """End the sharing of an order."""
    sent = dict(call.body)
    unfreeze(platform, paid_order(platform, str(sent["transaction_id"])))
    split = keep(platform, sent, str(sent["out_order_no"]), [])
    return tell(platform, call, split, "FINISHED")


@routes.on(
    "GET v3/profitsharing/transactions/{transaction_id}/amounts",
    *(f"GET {base}/orders/{{transaction_id}}/amounts" for base in BASES[1:]),
)
def amounts(platform: Platform, call: Call) -> dict[str, Any]:
    """What is left to share of an order."""
    number = call.variables["transaction_id"]
    return platform.answer(
        call, {"transaction_id": number, "unsplit_amount": left(platform, paid_order(platform, number))}
    )


@routes.on("POST v3/profitsharing/return-orders", *(f"POST {base}/returnorders" for base in BASES[1:]))
def give_back(platform: Platform, call: Call) -> dict[str, Any]:
    """Take a receiver's part back."""
    sent = dict(call.body)
    split = found(platform, str(sent.get("out_order_no") or sent.get("order_id")))
    number = str(sent["out_return_no"])
    known = platform.ledger.get(RETURN, number)
    if known is None:
        enough(platform, split, str(sent.get("return_mchid")), int(sent.get("amount") or 0))
        known = {
            "sub_mchid": sent.get("sub_mchid"),
            "order_id": split["order_id"],
            "out_order_no": split["out_order_no"],
            "out_return_no": number,
            "return_id": digits(26, "return", number),
            "return_no": digits(26, "return", number),
            "return_mchid": sent.get("return_mchid"),
            "amount": sent.get("amount"),
            "description": sent.get("description"),
            "result": "SUCCESS",
            "fail_reason": None,
            "create_time": platform.stamp(),
            "finish_time": platform.stamp(),
        }
        platform.ledger.put(RETURN, number, known, day=platform.day())
        receiver = {"type": "MERCHANT_ID", "account": str(sent.get("return_mchid"))}
        notify(platform, "PROFITSHARING.RETURN", split, {**known, **receiver})
    return platform.answer(call, known)


def enough(platform: Platform, split: dict[str, Any], account: str, amount: int) -> None:
    """Refuse to take back more than somebody was given."""
    given = sum(each["amount"] for each in split["receivers"] if each["account"] == account)
    back = sum(
        int(each["amount"])
        for each in platform.ledger.all(RETURN)
        if each["out_order_no"] == split["out_order_no"] and each["return_mchid"] == account
    )
    if amount > given - back:
        raise Refusal(403, "NOT_ENOUGH", f"{amount} is more than the {given - back} that {account} still has of this")


@routes.on("GET v3/profitsharing/return-orders/{out_return_no}", *(f"GET {base}/returnorders" for base in BASES[1:]))
def query_return(platform: Platform, call: Call) -> dict[str, Any]:
    """A return as it stands."""
    number = str(call["out_return_no"])
    known = platform.ledger.get(RETURN, number)
    if known is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no return {number}")
    return platform.answer(call, known)


@routes.on(*(f"POST {base}/receivers/add" for base in BASES))
def add_receiver(platform: Platform, call: Call) -> dict[str, Any]:
    """Allow somebody to receive parts."""
    sent = dict(call.body)
    platform.ledger.put(RECEIVER, str(sent.get("account") or sent.get("receiver_mchid")), sent)
    return platform.answer(call, {**sent, "brand_mchid": sent.get("brand_mchid")})


@routes.on(*(f"POST {base}/receivers/delete" for base in BASES))
def delete_receiver(platform: Platform, call: Call) -> dict[str, Any]:
    """Allow it no longer."""
    return platform.answer(call, dict(call.body))
