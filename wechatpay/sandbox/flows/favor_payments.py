"""Cash coupons in payments: an order is paid with one, and the refund of the whole order gives it back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import orders, payments, refunds
from wechatpay.sandbox.flows.favor import PRODUCT, STOCKS, book_budget, face_value
from wechatpay.sandbox.flows.favor_coupons import COUPONS, current
from wechatpay.sandbox.flows.favor_files import write
from wechatpay.sandbox.flows.favor_rules import at_this_time, callback_url
from wechatpay.sandbox.flows.objects import chosen
from wechatpay.sandbox.flows.orders import ORDERS, payable, whose
from wechatpay.sandbox.flows.states_coupons import FAVOR_COUPON
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext

__all__ = ["routes", "use"]

routes = Routes()

TRADE_TYPES = {"JSAPI": "MICROAPP", "APP": "APPPAY", "MICROPAY": "CARD", "FACEPAY": "FACE", "PAP": "PPAY"}


@routes.action("use_coupon", "用户使用一张代金券支付订单；商户收到通知。")
def use(context: SandboxContext, number: str, coupon: str) -> list[dict[str, Any]]:
    """Pay an order with a coupon as the user who has it; the merchant is notified."""
    with context.change():
        order = ORDERS.entry(context, number)
        chosen_coupon = current(context, COUPONS.entry(context, coupon, "coupon_id"))
        payable(context, order)
        COUPONS.in_state(chosen_coupon, "SENDED")
        stock = STOCKS.entry(context, chosen_coupon["stock_id"])
        applicable, goods = goods_of(order, stock)
        worth = value(chosen_coupon, stock, applicable)
        reason = unusable(context, order, chosen_coupon, stock, applicable, worth)
        if reason is not None:
            raise ValueError(
                Words(f"the coupon {coupon} cannot be used: {reason}", f"代金券 {coupon} 不可用：{reason.zh}")
            )
        order["promotion_detail"] = [promotion(order, chosen_coupon, worth, goods)]
        ORDERS.save(context, order)
        return payments.pay(context, number, openid=chosen_coupon["openid"])


def goods_of(order: dict[str, Any], stock: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Return what of an order's total a stock applies to, in fen, and the goods it is limited to."""
    detail = order["sent"].get("detail")
    listed = detail.get("goods_detail") or () if isinstance(detail, dict) else ()
    if not stock["items"]:
        return order["total"], []
    goods = [each for each in listed if each["merchant_goods_id"] in stock["items"]]
    return sum(each["unit_price"] * each["quantity"] for each in goods), goods


def value(coupon: dict[str, Any], stock: dict[str, Any], total: int) -> int:
    """Return what a coupon pays of so many fen."""
    if stock["sent"]["stock_type"] in ("NORMAL", "RANDOM"):
        amount: int = coupon["normal_coupon_information"]["coupon_amount"]
        return amount
    return face_value(stock["sent"], total)


def unusable(
    context: SandboxContext,
    order: dict[str, Any],
    coupon: dict[str, Any],
    stock: dict[str, Any],
    applicable: int,
    worth: int,
) -> Words | None:
    """Return why a coupon cannot be used for an order now; None: it can."""
    rule = stock["sent"]["coupon_use_rule"]
    fixed = (rule.get("coupon_available_time") or {}).get("fix_available_time") or {}
    spans = [{"begin_time": fixed.get("begin_time", 0), "end_time": fixed.get("end_time", 86399)}]
    payer = (order["sent"].get("payer") or {}).get("openid") or order["sent"].get("openid")
    merchants = rule.get("available_merchants") or [context.account.mchid]
    begun = datetime.fromisoformat(coupon["available_begin_time"]) <= context.now()
    way = TRADE_TYPES.get(order["trade_type"], "OTHER")
    checks = (
        (payer in (None, coupon["openid"]), Words("it is another user's", "该券属于其他用户")),
        (begun, Words("its time has not come", "未到可用时间")),
        (
            at_this_time(context.now(), fixed.get("available_week_day"), spans),
            Words("not on this day or at this hour", "不在可用时段"),
        ),
        (
            applicable >= coupon["normal_coupon_information"]["transaction_minimum"] and applicable > 0,
            Words("the order's amount is below its threshold", "未达到使用门槛"),
        ),
        (0 < worth < order["total"], Words("it would pay the whole order", "优惠金额应小于订单金额")),
        (
            not rule.get("goods_tag") or order["sent"].get("goods_tag") in rule["goods_tag"],
            Words("the order has another goods_tag", "订单优惠标记不符"),
        ),
        (
            not rule.get("trade_type") or way in rule["trade_type"],
            Words("not for this way of paying", "不支持该支付方式"),
        ),
        (
            (whose(order) or context.account.mchid) in merchants,
            Words("not for this merchant", "不支持该商户"),
        ),
    )
    return next((reason for holds, reason in checks if not holds), None)


def promotion(order: dict[str, Any], coupon: dict[str, Any], worth: int, goods: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a coupon as the order tells it: https://pay.weixin.qq.com/doc/v3/merchant/4012791880."""
    told = {
        "coupon_id": coupon["coupon_id"],
        "name": coupon["coupon_name"],
        "scope": "SINGLE" if goods else "GLOBAL",
        "type": "NOCASH" if coupon["no_cash"] else "CASH",
        "amount": worth,
        "stock_id": coupon["stock_id"],
        "wechatpay_contribute": 0,
        "merchant_contribute": worth,
        "other_contribute": 0,
        "currency": order["currency"],
    }
    if goods:
        first = goods[0]
        told["goods_detail"] = [
            {
                "goods_id": first["merchant_goods_id"],
                "quantity": first["quantity"],
                "unit_price": first["unit_price"],
                "discount_amount": worth,
            }
        ]
    return told


@orders.on_paid
def consume(context: SandboxContext, order: dict[str, Any]) -> None:
    """Use the coupons that an order is paid with; the merchant that made them is notified."""
    for each in order.get("promotion_detail") or ():
        coupon = COUPONS.entry(context, each["coupon_id"], "coupon_id")
        goods = [
            {**chosen(one, "goods_id", "quantity", "discount_amount"), "price": one["unit_price"]}
            for one in each.get("goods_detail") or ()
        ]
        consumed: dict[str, Any] = {
            "consume_time": order["success_time"],
            "consume_mchid": whose(order) or context.account.mchid,
            "transaction_id": order["transaction_id"],
            "consume_amount": each["amount"],
        }
        if goods:
            consumed["goods_detail"] = goods
        COUPONS.move(coupon, "use", consume_information=consumed)
        COUPONS.save(context, coupon)
        spend(context, each["stock_id"], each["amount"])
        write(context, "use", order, each, "")
        content = {name: told for name, told in coupon.items() if name not in COUPONS.hidden}
        context.notify(callback_url(context, PRODUCT), FAVOR_COUPON.transitions["use"].notifies, content)


def spend(context: SandboxContext, stock_id: str, amount: int) -> None:
    """Count so many fen of a stock's budget as used; negative when they come back, to the merchant if it has the rest."""
    stock = STOCKS.entry(context, stock_id)
    stock["used_amount"] += amount
    if amount < 0 and not stock["sent"]["no_cash"] and "budget_returned" in stock:
        stock["budget_returned"] -= amount
        book_budget(context, stock, "return the budget", -amount)
    STOCKS.save(context, stock)


@refunds.on_refunded
def give_back(context: SandboxContext, refund: dict[str, Any]) -> None:
    """Give the coupons of an order that is refunded whole back to their user."""
    order = ORDERS.entry(context, refund["out_trade_no"])
    back = [each["amount"] for each in refunds.refunds_of(context, order) if each["status"] == "SUCCESS"]
    whole = sum(back) == order["total"]
    for each, share in zip(order.get("promotion_detail") or (), refund["promotion_detail"], strict=True):
        spend(context, each["stock_id"], -share["refund_amount"])
        write(context, "refund", order, {**each, "amount": share["refund_amount"]}, refund["refund_id"])
        if whole:
            unused(context, each["coupon_id"])


@orders.on_reversed
def reverse(context: SandboxContext, order: dict[str, Any]) -> None:
    """Give the coupons of an order that is reversed back to their user."""
    for each in order.get("promotion_detail") or ():
        spend(context, each["stock_id"], -each["amount"])
        write(context, "refund", order, each, order["transaction_id"])
        unused(context, each["coupon_id"])


def unused(context: SandboxContext, number: str) -> None:
    """Let a coupon be used once more."""
    coupon = COUPONS.entry(context, number, "coupon_id")
    COUPONS.move(coupon, "return")
    del coupon["consume_information"]
    COUPONS.save(context, coupon)
