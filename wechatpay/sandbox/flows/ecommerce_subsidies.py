"""Subsidies: what a marketplace adds to an order of its sub-merchant, so that more can be shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import accounts, frozen_money, orders, refunds
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_sharing import SUBSIDY
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

SUBSIDIES = Objects(Words("subsidy", "补差"), "transaction_id", "subsidy_id", states=SUBSIDY)
RETURNS = Objects(Words("subsidy return", "补差回退"), "out_order_no", "subsidy_refund_id")
TOO_LITTLE = "可用余额不足，请充值后重新发起"


def order_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the paid order that a request names; another sub-merchant's is refused."""
    orders.unfreeze_due(context)
    order = orders.ORDERS.find(context, call.body["transaction_id"], "RESOURCE_NOT_EXISTS", "transaction_id")
    if orders.whose(order) != call.body["sub_mchid"] or order["success_time"] is None:
        raise Refusal(400, "INVALID_REQUEST", "商户号和订单信息不匹配")
    return order


def subsidy_of(order: dict[str, Any], context: SandboxContext) -> dict[str, Any]:
    """Return the subsidy of an order, or the one it waits for."""
    return SUBSIDIES.get(context, order["transaction_id"]) or {
        "transaction_id": order["transaction_id"],
        "subsidy_id": digits(28, "subsidy", order["transaction_id"]),
        "state": "WAITING",
        "sent": None,
        "amount": 0,
        "returned": 0,
        "refunds": [],
    }


def move(context: SandboxContext, order: dict[str, Any], amount: int, name: str, numbers: tuple[str, str]) -> None:
    """Move so many fen from the marketplace's account to the sub-merchant's, or back if it is negative."""
    names: dict[str, Any] = {"name": name, "number": numbers[0], "voucher": numbers[1]}
    accounts.book(context, accounts.Entry(amount=-amount, **names), "OPERATION")
    accounts.book(context, accounts.Entry(amount=amount, **names), owner=frozen_money.of_order(context, order))


@routes.on("POST v3/ecommerce/subsidies/create")
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add to an order, once, what it was placed with at most; it waits to be shared with the rest."""
    sent, order = dict(call.body), order_of(context, call)
    amount = fen(sent.get("amount"), "/amount")
    subsidy = subsidy_of(order, context)
    if subsidy["sent"] is None:
        if not frozen_money.waits(order):
            raise Refusal(400, "INVALID_REQUEST", "非分账订单不支持补差")
        if amount > frozen_money.subsidised(order):
            raise Refusal(400, "INVALID_REQUEST", "补差金额不能超过下单时候的最大补差金额")
        if amount < frozen_money.subsidised(order) and not order["refunded"]:
            # https://pay.weixin.qq.com/doc/v3/partner/4012477631
            raise Refusal(400, "INVALID_REQUEST", "补差金额需要和下单的时候的补差金额保持一致")
        accounts.require(context, amount, "OPERATION", refusal=Refusal(403, "NOT_ENOUGH", TOO_LITTLE))
        with refusing():
            SUBSIDIES.move(subsidy, "create", sent=sent, amount=amount, success_time=context.stamp())
        SUBSIDIES.save(context, subsidy)
        voucher = str(sent.get("out_subsidy_no") or order["out_trade_no"])
        move(context, order, amount, SUBSIDY.transitions["create"].books, (subsidy["subsidy_id"], voucher))
        frozen_money.add(context, order, amount)
        orders.ORDERS.save(context, order | {"subsidised": True})
    elif subsidy["sent"] != sent:
        raise Refusal(400, "INVALID_REQUEST", "一笔订单只能补差一笔")
    return context.respond(call, {**sent, **chosen(subsidy, "subsidy_id", "success_time"), "result": "SUCCESS"})


@routes.on("POST v3/ecommerce/subsidies/cancel")
def cancel(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Say that an order gets no subsidy: it can be shared without."""
    order = order_of(context, call)
    subsidy = subsidy_of(order, context)
    if subsidy["state"] != "CANCELED":
        with refusing():
            SUBSIDIES.move(subsidy, "cancel")
        SUBSIDIES.save(context, subsidy)
        orders.ORDERS.save(context, order | {"subsidised": True})
    return context.respond(call, {**call.body, "result": "SUCCESS"})


@routes.on("POST v3/ecommerce/subsidies/return")
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take a subsidy back, in parts, one for each refund of the order."""
    sent, order = dict(call.body), order_of(context, call)
    number = str(sent["out_order_no"])
    known = RETURNS.repeated(context, number, sent)
    if known is None:
        subsidy, amount = subsidy_of(order, context), fen(sent.get("amount"), "/amount")
        refund_of(context, order, subsidy, sent.get("refund_id"))
        if amount > subsidy["amount"] - subsidy["returned"]:
            raise Refusal(400, "INVALID_REQUEST", "申请回退总金额不能超过补差金额")
        owner = frozen_money.of_order(context, order)
        frozen_money.thaw(context, order, amount)
        accounts.require(context, amount, owner=owner, refusal=Refusal(403, "NOT_ENOUGH", TOO_LITTLE))
        with refusing():
            SUBSIDIES.move(subsidy, "return", returned=subsidy["returned"] + amount)
        known = {
            "sent": sent,
            "out_order_no": number,
            "subsidy_refund_id": digits(28, "subsidy return", number),
            "success_time": context.stamp(),
        }
        name = SUBSIDY.transitions["return"].books
        move(context, order, -amount, name, (known["subsidy_refund_id"], number))
        for stored, entry in ((SUBSIDIES, subsidy), (RETURNS, known), (orders.ORDERS, order)):
            stored.save(context, entry)
    return context.respond(call, {**sent, **known, "sent": None, "result": "SUCCESS"})


def refund_of(context: SandboxContext, order: dict[str, Any], subsidy: dict[str, Any], number: Any) -> None:
    """Remember the refund that a subsidy is taken back for; another order's, or the same twice, is refused."""
    refund = refunds.REFUNDS.find(context, number)
    if refund["out_trade_no"] != order["out_trade_no"]:
        raise Refusal(400, "INVALID_REQUEST", "您的请求参数与订单信息不一致")
    if refund["refund_id"] in subsidy["refunds"]:
        raise Refusal(400, "INVALID_REQUEST", "一笔微信退款单只允许补差回退一次")
    subsidy["refunds"].append(refund["refund_id"])
