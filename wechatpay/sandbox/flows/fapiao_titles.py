"""Titles of electronic invoices: the user's application, the merchant's settings and card template."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["APPLICATIONS", "application_of", "callback_url", "card_of", "fill_title", "routes"]

routes = Routes()

APPLICATIONS = Objects(Words("invoice application", "发票申请单"), "fapiao_apply_id")
SETTINGS, TEMPLATE = "invoice settings", "invoice card template"
BASE = "v3/new-tax-control-fapiao"
LINK = timedelta(minutes=30)
"""How long a title can be filled in: https://pay.weixin.qq.com/doc/v3/partner/4015770776."""
NAMES = ("callback_url", "show_fapiao_cell", "support_vat_fapiao")


def application_of(context: SandboxContext, number: str, sub_mchid: str | None) -> dict[str, Any]:
    """Return an application; an unknown one, or that of another sub-merchant, is refused."""
    application = APPLICATIONS.find(context, number)
    if application["sub_mchid"] != sub_mchid:
        raise Refusal(404, APPLICATIONS.missing, f"发票申请单 {number} 不存在")
    return application


def begun(context: SandboxContext, number: str, limit: int | None, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Store an application without invoices, whose invoices may amount to so many fen, and return it."""
    application: dict[str, Any] = {
        "fapiao_apply_id": number,
        "sub_mchid": sent.get("sub_mchid"),
        "openid": sent.get("openid"),
        "limit": limit,
        "filled_until": None,
        "title": None,
        "sent": None,
        "invoices": [],
    }
    APPLICATIONS.save(context, application)
    return application


def of_order(context: SandboxContext, number: str) -> dict[str, Any] | None:
    """Return the application of a paid order, by the platform's number; None if there is no such order."""
    order = orders.ORDERS.get(context, number)
    if order is None or order["success_time"] is None:
        return None
    known = APPLICATIONS.get(context, order["transaction_id"])
    paid = {"sub_mchid": orders.whose(order), "openid": order["openid"]}
    return known or begun(context, order["transaction_id"], order["total"], paid)


def callback_url(context: SandboxContext) -> str | None:
    """Return the URL of notifications of invoices; None if the merchant set none."""
    return (context.store.get(SETTINGS, "own") or {}).get("callback_url")


@routes.on(f"PATCH {BASE}/merchant/development-config", f"GET {BASE}/merchant/development-config")
def settings(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set, or return, the URL of notifications and what the receipt shows."""
    known = context.store.get(SETTINGS, "own") or {"callback_url": ""}
    changed = {**known, **chosen(call.body, *NAMES)}
    if changed != known:
        context.store.put(SETTINGS, "own", changed)
    return context.respond(call, changed)


@routes.on(f"POST {BASE}/card-template")
def template(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set how the cards of an appid look."""
    appid = str(call.body["card_appid"])
    card = {"card_appid": appid, "card_id": "p" + letters(27, "invoice card", appid)}
    context.store.put(TEMPLATE, str(call.body.get("sub_mchid")), card)
    return context.respond(call, card)


def card_of(context: SandboxContext, application: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card that an invoice of an application becomes in the user's wallet."""
    card = context.store.get(TEMPLATE, str(application["sub_mchid"])) or {"card_appid": context.account.appid}
    user = application["openid"] or "o" + letters(27, application["fapiao_apply_id"])
    return {**card, "card_openid": user, "card_status": "INSERT_ACCEPTED"}


@routes.on(f"GET {BASE}/user-title/title-url")
def title_url(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Begin an application, or renew its link; the user fills in a title behind it."""
    number = str(call.query["fapiao_apply_id"])
    application = APPLICATIONS.get(context, number)
    if application is None:
        application = begun(context, number, int(call.query["total_amount"]), call.query)
    if application["sub_mchid"] != call.query.get("sub_mchid"):
        raise Refusal(400, "INVALID_REQUEST", f"发票申请单号 {number} 重复")
    application["filled_until"] = context.clock() + LINK.total_seconds()
    APPLICATIONS.save(context, application)
    token = letters(24, number, context.stamp())
    front_end = {
        "WEB": {"title_url": f"https://mp.weixin.qq.com/intp/invoice/usertitlewxa?action=list_auth&token={token}"},
        "MINIPROGRAM": {
            "miniprogram_appid": "wx9db2c16d0633c2e7",
            "miniprogram_path": f"pages/electronic-ticket/accept/index?token={token}",
            "miniprogram_user_name": "gh_86a091e50ad4@app",
        },
    }
    return context.respond(call, front_end[str(call.query["source"])])


@routes.action("fill_title", "用户填写抬头，申请发票；商户收到通知。")
def fill_title(
    context: SandboxContext,
    number: str,
    name: str = "深圳市南山区测试企业",
    taxpayer_id: str = "202003261233701778",
    phone: str = "",
    email: str = "",
) -> dict[str, Any]:
    """Apply for an invoice as the user: fill in the title of a company or a person. The merchant is notified."""
    with context.change():
        known = APPLICATIONS.get(context, number)
        order = orders.ORDERS.get(context, number) if known is None else None
        if order is not None and order["sent"].get("support_fapiao") is not True:
            raise ValueError(
                Words(f"the order {number} was placed without support_fapiao", f"订单 {number} 未传入 support_fapiao")
            )
        application = known or of_order(context, number) or APPLICATIONS.entry(context, number)
        until = application["filled_until"]
        if until is not None and until <= context.clock():
            raise ValueError(
                Words(f"the link of the application {number} has expired", f"发票申请单 {number} 的抬头填写链接已过期")
            )
        title = {"type": "ORGANIZATION" if taxpayer_id else "INDIVIDUAL", "name": name, "taxpayer_id": taxpayer_id}
        application["title"] = {**title, "phone": phone, "email": email, "amount": application["limit"]}
        APPLICATIONS.save(context, application)
        content = {
            "mchid": context.account.mchid,
            **chosen(application, "sub_mchid", "fapiao_apply_id"),
            "apply_time": context.stamp(),
        }
        context.notify(callback_url(context), "FAPIAO.USER_APPLIED", content)
        return application


@routes.on(f"GET {BASE}/user-title")
def title(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the title that the user filled in; none is refused."""
    application = application_of(context, str(call.query["fapiao_apply_id"]), call.query.get("sub_mchid"))
    if application["title"] is None:
        raise Refusal(404, APPLICATIONS.missing, "用户未填写抬头")
    return context.respond(call, {name: value or None for name, value in application["title"].items()})
