"""The payment of orders: the user pays, the merchant is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows.combined_orders import COMBINED, combined_facts, listed_v2
from wechatpay.sandbox.flows.orders import ORDERS, expired, facts, notified, payable, settle, unfreeze_due
from wechatpay.sandbox.flows.orders_v2 import facts_v2
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext

routes = Routes()


@routes.action("pay", "用户支付订单，合单则一并支付；商户收到通知。")
def pay(context: SandboxContext, number: str, *, openid: str | None = None) -> list[dict[str, Any]]:
    """Pay an order, or all orders of a combined one; the merchant is notified."""
    with context.change():
        unfreeze_due(context)
        combined = COMBINED.get(context, number)
        if combined is None and (ORDERS.entry(context, number))["combined"]:
            raise ValueError(
                Words(
                    f"the order {number} is paid with the combined order it belongs to",
                    f"订单 {number} 属于合单，只能与合单一起支付",
                )
            )
        numbers = combined["orders"] if combined else [number]
        paid = [expired(context, ORDERS.entry(context, each)) for each in numbers]
        for order in paid:
            payable(context, order)
        for order in paid:
            settle(context, order, openid)
        if combined:
            notify_combined(context, combined, paid[0])
        else:
            notify(context, paid[0])
        return paid


@routes.action("enter_password", "用户开始输入密码：订单为 USERPAYING，直到执行 pay 或 fail_payment。")
def enter(context: SandboxContext, number: str) -> dict[str, Any]:
    """Let the user begin to enter the password: the order is ``USERPAYING`` until ``pay`` or ``fail_payment``."""
    with context.change():
        order = expired(context, ORDERS.entry(context, number))
        payable(context, order)
        ORDERS.move(order, "enter", entering=context.clock())
        ORDERS.save(context, order)
        return order


@routes.action("fail_payment", "用户余额不足，支付失败；不发通知。")
def fail(context: SandboxContext, number: str) -> dict[str, Any]:
    """Fail to pay an order as its user, for want of money; nobody is notified."""
    with context.change():
        order = expired(context, ORDERS.entry(context, number))
        ORDERS.move(order, "fail")
        ORDERS.save(context, order)
        return order


def notify(context: SandboxContext, order: dict[str, Any]) -> None:
    """Notify the merchant that an order is paid."""
    if order["family"] == "v2":
        content = {**facts_v2(context, order), "trade_state_desc": None}
        if order["trade_type"] == "PAP":
            content["contract_id"] = order["sent"].get("contract_id")
            context.notify(order["notify_url"], "pap-transaction-processed", content, "v2")
        else:
            context.notify(order["notify_url"], "transaction-success", {**content, "trade_state": None}, "v2")
    else:
        context.notify(order["notify_url"], "TRANSACTION.SUCCESS", notified(facts(context, order)))


def notify_combined(context: SandboxContext, combined: dict[str, Any], first: dict[str, Any]) -> None:
    """Notify the merchant that a combined order is paid."""
    if combined["family"] == "v2":
        content = {
            "return_code": "SUCCESS",
            "result_code": "SUCCESS",
            **combined["parties"],
            "combine_openid": first["openid"],
            "trade_type": first["trade_type"],
            "bank_type": "OTHERS",
            "sign_type": "HMAC-SHA256",
            "sub_order_list": listed_v2(context, combined),
        }
        context.notify(combined["notify_url"], "combined-transactions-success", content, "v2")
    else:
        context.notify(combined["notify_url"], "TRANSACTION.SUCCESS", combined_facts(context, combined))
