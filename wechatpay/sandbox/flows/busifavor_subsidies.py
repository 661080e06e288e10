"""Subsidies of merchant coupons (营销补差): one merchant pays another for a coupon that it took; refunds return it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import Entry
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.busifavor import BASE, STOCKS
from wechatpay.sandbox.flows.busifavor_coupons import COUPONS, find_coupon
from wechatpay.sandbox.flows.favor_rules import new_number, repeated
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable
from wechatpay.sandbox.flows.orders import ORDERS, unfreeze_due
from wechatpay.sandbox.flows.refunds import REFUNDS
from wechatpay.sandbox.flows.states_coupons import SUBSIDY, SUBSIDY_RETURN
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["RETURNS", "SUBSIDIES", "routes"]

routes = Routes()

SUBSIDIES = Objects(
    Words("coupon subsidy", "营销补差付款单"), "out_subsidy_no", "subsidy_receipt_id", state="status", states=SUBSIDY
)
RETURNS = Objects(
    Words("coupon subsidy return", "营销补差回退单"),
    "out_subsidy_return_no",
    "subsidy_return_receipt_id",
    state="status",
    states=SUBSIDY_RETURN,
)
PAY, RETURN = f"{BASE}/subsidy/pay-receipts", f"{BASE}/subsidy/return-receipts"
MOST = 5000_00
"""The largest subsidy of an order, in fen: https://pay.weixin.qq.com/doc/v3/merchant/4017147321."""
ECHOED = ("stock_id", "coupon_code", "transaction_id", "payer_merchant", "payee_merchant", "amount", "description")


def owner(context: SandboxContext, mchid: str) -> str:
    """Return the owner of a merchant's accounts; empty: it is the sandbox's own."""
    return "" if mchid == context.account.mchid else mchid


def transfer(context: SandboxContext, payer: str, payee: str, amount: int, name: str, number: str) -> bool:
    """Move so many fen from a merchant to another; False if the payer has too little."""
    unfreeze_due(context)
    if accounts.balance(context, owner=owner(context, payer)).available < amount:
        return False
    for mchid, change in ((payer, -amount), (payee, amount)):
        entry = Entry(amount=change, name=name, number=number, voucher=number)
        accounts.book(context, entry, owner=owner(context, mchid))
    return True


def order_of(context: SandboxContext, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the paid order of a request; another is refused."""
    order = ORDERS.find(context, sent["transaction_id"], "RESOURCE_NOT_EXISTS", "transaction_id")
    if order["success_time"] is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "订单未支付")
    return order


def worth(coupon_rules: dict[str, Any], order: dict[str, Any]) -> int:
    """Return the discount of a coupon in fen, from what the order was after it; coupons to exchange have none."""
    percent = int((coupon_rules.get("discount_coupon") or {}).get("discount_percent") or 0)
    if percent:
        total: int = order["total"]
        return total * (100 - percent) // percent
    return int((coupon_rules.get("fixed_normal_coupon") or {}).get("discount_amount") or 0)


@routes.on(f"POST {PAY}")
def pay(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Pay a subsidy for a coupon that was used, to the merchant that took the payment."""
    sent = dict(call.body)
    number = str(sent["out_subsidy_no"])
    subsidy = repeated(SUBSIDIES, context, number, sent)
    if subsidy is None:
        amount = fen(sent["amount"], "/amount")
        coupon = find_coupon(context, str(sent["coupon_code"]), str(sent["stock_id"]))
        order = order_of(context, sent)
        stock = STOCKS.entry(context, coupon["stock_id"])["facts"]
        belongs = stock["belong_merchant"]
        if coupon["coupon_state"] != "USED" or stock["stock_type"] == "EXCHANGE":
            raise Refusal(400, "INVALID_REQUEST", "券未核销，或批次类型不支持补差")
        payers = (context.account.mchid, belongs)
        if sent["payer_merchant"] not in payers or sent["payee_merchant"] == sent["payer_merchant"]:
            raise Refusal(400, "INVALID_REQUEST", "补差扣款商户号应为制券商户号或归属商户号，且不同于入账商户号")
        subsidy = {
            **chosen(sent, *ECHOED),
            "out_subsidy_no": number,
            "subsidy_receipt_id": new_number(context, SUBSIDIES, "1120", 28, number),
            "sent": sent,
            "status": "ACCEPTED",
            "create_time": context.stamp(),
            "returned": 0,
        }
        left = min(worth(stock["coupon_use_rule"], order), MOST) - coupon.get("subsidized", 0)
        settle(context, subsidy, order, left)
        if subsidy["status"] == "SUCCESS":
            coupon["subsidized"] = coupon.get("subsidized", 0) + amount
        coupon.setdefault("subsidies", []).append(number)
        COUPONS.save(context, coupon)
        SUBSIDIES.save(context, subsidy)
    return context.respond(call, subsidy)


def settle(context: SandboxContext, subsidy: dict[str, Any], order: dict[str, Any], left: int) -> None:
    """Move the money of a subsidy, or let it fail for one of the documented reasons."""
    amount, name = subsidy["amount"], SUBSIDY.transitions["succeed"].books
    number = subsidy["subsidy_receipt_id"]
    if not (order["sent"].get("settle_info") or {}).get("profit_sharing"):
        reason = "NOT_INCOMESPLIT_ORDER"
    elif amount > left:
        reason = "EXCEED_SUBSIDY_AMOUNT_QUOTA"
    elif not transfer(context, subsidy["payer_merchant"], subsidy["payee_merchant"], amount, name, number):
        reason = "INSUFFICIENT_BALANCE"
    else:
        SUBSIDIES.move(subsidy, "succeed", success_time=context.stamp())
        return
    SUBSIDIES.move(subsidy, "fail", fail_reason=reason)


@routes.on(f"GET {PAY}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the subsidies of a coupon."""
    asked = call.query
    coupon = find_coupon(context, str(asked["coupon_code"]), str(asked["stock_id"]))
    numbers = [each for each in coupon.get("subsidies", ()) if each == asked.get("out_subsidy_no", each)]
    told = ("subsidy_receipt_id", *ECHOED, "status", "fail_reason", "success_time", "out_subsidy_no", "create_time")
    receipts = [chosen(SUBSIDIES.entry(context, number), *told) for number in numbers]
    return context.respond(call, {"pay_receipt_list": receipts})


@routes.on(f"GET {PAY}/{{subsidy_receipt_id}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a subsidy as it stands."""
    return context.respond(call, SUBSIDIES.find(context, one_variable(call), by="subsidy_receipt_id"))


@routes.on(f"POST {RETURN}")
def give_back(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a subsidy, or a part of it, after a refund of the order."""
    sent = dict(call.body)
    number = str(sent["out_subsidy_return_no"])
    returned = repeated(RETURNS, context, number, sent)
    if returned is None:
        amount = fen(sent["amount"], "/amount")
        subsidy = paid_subsidy(context, sent, amount)
        refund = REFUNDS.find(context, sent["refund_id"], by="refund_id")
        if refund["transaction_id"] != sent["transaction_id"]:
            raise Refusal(400, "INVALID_REQUEST", "退款单与订单不匹配")
        receipt = new_number(context, RETURNS, "2120", 28, number)
        returned = {
            **chosen(sent, *ECHOED, "refund_id"),
            "out_subsidy_return_no": number,
            "subsidy_return_receipt_id": receipt,
            "subsidy_receipt_id": subsidy["subsidy_receipt_id"],
            "sent": sent,
            "status": "RETURN_RECEIPT_ACCEPTED",
            "return_create_time": context.stamp(),
        }
        name = SUBSIDY_RETURN.transitions["succeed"].books
        if transfer(context, sent["payee_merchant"], sent["payer_merchant"], amount, name, receipt):
            RETURNS.move(returned, "succeed", return_done_time=context.stamp())
            back = subsidy["returned"] + amount
            SUBSIDIES.move(subsidy, "return all" if back == subsidy["amount"] else "return", returned=back)
            SUBSIDIES.save(context, subsidy)
        else:
            RETURNS.move(returned, "fail", fail_reason="INSUFFICIENT_BALANCE")
        RETURNS.save(context, returned)
    return context.respond(call, returned)


def paid_subsidy(context: SandboxContext, sent: dict[str, Any], amount: int) -> dict[str, Any]:
    """Return the subsidy that so many fen are returned of; without one of this order and merchants it is refused."""
    coupon = find_coupon(context, str(sent["coupon_code"]), str(sent["stock_id"]))
    for number in coupon.get("subsidies", ()):
        subsidy = SUBSIDIES.entry(context, number)
        same = all(subsidy[name] == sent[name] for name in ("transaction_id", "payer_merchant", "payee_merchant"))
        paid = subsidy["status"] in SUBSIDY.transitions["return"].before
        if same and paid and amount <= subsidy["amount"] - subsidy["returned"]:
            return subsidy
    raise Refusal(400, "INVALID_REQUEST", "没有可回退的补差付款单，或回退金额超过补差金额")


@routes.on(f"GET {RETURN}/{{subsidy_return_receipt_id}}")
def query_return(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the return of a subsidy as it stands."""
    return context.respond(call, RETURNS.find(context, one_variable(call), by="subsidy_return_receipt_id"))
