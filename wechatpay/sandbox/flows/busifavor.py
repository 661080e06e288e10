"""Stocks of merchant coupons: created, changed, told; their budget, and the URL of notifications."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows.favor_rules import (
    callback_url,
    new_number,
    once,
    repeated,
    set_callback_url,
    time_of,
)
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.states_coupons import BUSIFAVOR_STOCK
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BASE", "ONE", "PRODUCT", "STOCKS", "find", "not_over", "period", "routes"]

routes = Routes()

STOCKS = Objects(
    Words("merchant coupon stock", "商家券批次"),
    "out_request_no",
    "stock_id",
    state="stock_state",
    states=BUSIFAVOR_STOCK,
)
BASE = "v3/marketing/busifavor"
ONE = f"{BASE}/stocks/{{stock_id}}"
PRODUCT = "busifavor"
RULES = {"NORMAL": "fixed_normal_coupon", "DISCOUNT": "discount_coupon", "EXCHANGE": "exchange_coupon"}
CHANGES = tuple(BUSIFAVOR_STOCK.transitions)
BUDGETS = ("max_coupons", "max_coupons_by_day")
MERGED = ("custom_entrance", "display_pattern_info", "coupon_use_rule", "stock_send_rule", "notify_config")


def period(sent: dict[str, Any]) -> tuple[Any, Any]:
    """Return from when to when coupons of a stock can be used."""
    times = sent["coupon_use_rule"]["coupon_available_time"]
    at = ("coupon_use_rule", "coupon_available_time")
    begin, end = (time_of(times[name], *at, name) for name in ("available_begin_time", "available_end_time"))
    return begin, end


def not_over(context: SandboxContext, stock: dict[str, Any]) -> None:
    """Refuse a request about a stock whose time is over."""
    if period(stock["sent"])[1] <= context.now():
        raise Refusal(400, "INVALID_REQUEST", "批次已过期")


@routes.on(f"POST {BASE}/stocks")
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create a stock, which runs at once."""
    sent = dict(call.body)
    number = str(sent["out_request_no"])
    stock = repeated(STOCKS, context, number, sent)
    if stock is None:
        begin, end = period(sent)
        if not timedelta(0) < end - begin <= timedelta(days=366) or end <= context.now():
            raise Refusal(400, "INVALID_REQUEST", "券可核销时间有误：结束时间应晚于开始时间与当前时间，最长1年")
        rule = RULES[sent["stock_type"]]
        if not sent["coupon_use_rule"].get(rule):
            raise Refusal.of_field("body", f"/coupon_use_rule/{rule}", "该批次类型必填")
        stock = {
            "out_request_no": number,
            "stock_id": new_number(context, STOCKS, "1", 16, number),
            "stock_state": "RUNNING",
            "sent": sent,
            "facts": {name: value for name, value in sent.items() if name != "out_request_no"},
            "create_time": context.stamp(),
            "sent_coupons": {"total": 0, "amount": 0, "day": "", "today": 0, "amount_today": 0},
            "codes": {"total_count": 0, "available_count": 0},
        }
        STOCKS.save(context, stock)
    return context.respond(call, chosen(stock, "stock_id", "create_time"))


def find(context: SandboxContext, stock_id: str) -> dict[str, Any]:
    """Return the stock of this number of the platform's; another is refused."""
    stock = STOCKS.get(context, stock_id)
    if stock is None or stock["stock_id"] != stock_id:
        raise Refusal(404, STOCKS.missing, "批次不存在")
    return stock


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a stock as it stands."""
    stock = find(context, call.variables["stock_id"])
    sent = stock["sent_coupons"]
    today = sent["day"] == context.day()
    counts = {
        "total_send_num": sent["total"],
        "total_send_amount": sent["amount"],
        "today_send_num": sent["today"] if today else 0,
        "today_send_amount": sent["amount_today"] if today else 0,
    }
    uploads = stock["facts"]["coupon_code_mode"] == "MERCHANT_UPLOAD"
    return context.respond(
        call,
        {
            **stock["facts"],
            **chosen(stock, "stock_id", "stock_state"),
            "send_count_information": counts,
            "coupon_code_count": stock["codes"] if uploads else None,
        },
    )


@routes.on(f"PATCH {ONE}")
def modify(context: SandboxContext, call: ReceivedCall) -> None:
    """Change what a stock tells; its coupons tell it too."""

    def change() -> None:
        stock = find(context, call.variables["stock_id"])
        not_over(context, stock)
        for name, value in call.body.items():
            known = stock["facts"].get(name)
            if name != "out_request_no":
                stock["facts"][name] = {**(known or {}), **value} if name in MERGED else value
        STOCKS.save(context, stock)

    once(context, call, str(call.body["out_request_no"]), change)


@routes.on(f"PATCH {ONE}/budget")
def modify_budget(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Change how many coupons of a stock can be sent, in all or on a day; what is so now has to be known."""

    def change() -> dict[str, Any]:
        stock = find(context, call.variables["stock_id"])
        not_over(context, stock)
        rule, sent = stock["facts"]["stock_send_rule"], call.body
        targets = [name for name in BUDGETS if sent.get(f"target_{name}")]
        if not targets:
            raise Refusal.of_field("body", "/target_max_coupons", "总预算与单日预算的调整必填其一")
        for name in targets:
            if sent.get(f"current_{name}") != rule.get(name):
                raise Refusal(400, "INVALID_REQUEST", f"当前批次{name}与请求不一致")
            rule[name] = sent[f"target_{name}"]
        if rule["max_coupons"] < stock["sent_coupons"]["total"]:
            raise Refusal(400, "INVALID_REQUEST", "批次最大发放个数不能小于已发放个数")
        STOCKS.save(context, stock)
        return context.respond(call, chosen(rule, *BUDGETS))

    return once(context, call, str(call.body["modify_budget_request_no"]), change)


@routes.action(
    "change_merchant_stock", "在商户平台上更改商家券批次：暂停、重新开始或停止；已发的券仍有效。", change=CHANGES
)
def move(context: SandboxContext, number: str, change: str = "pause") -> dict[str, Any]:
    """Change a stock of merchant coupons in the console: ``pause``, ``restart`` or ``stop``; sent ones stay valid."""
    with context.change():
        return STOCKS.change(context, number, change)


@routes.on(f"POST {BASE}/callbacks")
def subscribe(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set the URL of notifications."""
    mchid = own_merchant(context, call)
    set_callback_url(context, PRODUCT, call.body["notify_url"])
    facts = {"update_time": context.stamp(), "notify_url": call.body["notify_url"], "mchid": mchid}
    return context.respond(call, facts)


@routes.on(f"GET {BASE}/callbacks")
def subscription(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the URL of notifications."""
    mchid = own_merchant(context, call)
    url = callback_url(context, PRODUCT)
    if url is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "未设置事件通知地址")
    return context.respond(call, {"notify_url": url, "mchid": mchid})


def own_merchant(context: SandboxContext, call: ReceivedCall) -> str:
    """Return the merchant whose URL it is: the caller; another is refused."""
    if call.get("mchid", context.account.mchid) != context.account.mchid:
        raise Refusal(400, "MCH_NOT_EXISTS", "商户号不存在")
    return context.account.mchid
