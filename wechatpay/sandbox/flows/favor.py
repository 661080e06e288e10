"""Stocks of cash coupons: created, started, paused, stopped, told; their merchants, goods and URL of notifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import AccountType, Entry
from wechatpay.sandbox.flows.favor_rules import (
    callback_url,
    new_number,
    paged,
    repeated,
    set_callback_url,
    time_of,
)
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_coupons import FAVOR_STOCK
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BASE", "PRODUCT", "STOCKS", "book_budget", "face_value", "find", "least_total", "routes"]

routes = Routes()

STOCKS = Objects(Words("coupon stock", "代金券批次"), "out_request_no", "stock_id", states=FAVOR_STOCK)
BASE = "v3/marketing/favor"
ONE = f"{BASE}/stocks/{{stock_id}}"
PRODUCT = "favor"
WRONG_RULE = "批次发放规则或核销规则有误，请修改后重试"
WRONG_BUDGET = "批次预算等于批次面额乘以发券数"
"""https://developers.weixin.qq.com/community/personal/oCJUsw3ta4al6FPF-Is9Nqv43VKg/question."""
MOST_PER_USER = 60
"""More coupons for one user need a permission: https://developers.weixin.qq.com/community/pay/doc/0008c209abc2f0b4b23d7ef1651000."""
LONGEST, LATEST = timedelta(days=90), timedelta(days=365)
"""How long a stock can be used, and when it begins at the latest: https://pay.weixin.qq.com/doc/v3/partner/4012534537."""
TOLD = ("stock_name", "available_begin_time", "available_end_time", "no_cash", "stock_type")
PREPAID: AccountType = "OPERATION"
"""The account that prepaid coupons are paid from."""


def face_value(sent: dict[str, Any], total: int = 0) -> int:
    """Return what a coupon is worth, in fen, at most; for an order of so many fen if a total is given."""
    use = sent["coupon_use_rule"]
    fixed, percent, exchange = (use.get(f"{kind}_coupon") or {} for kind in ("fixed_normal", "discount", "exchange"))
    if sent["stock_type"] == "NORMAL":
        return int(fixed.get("coupon_amount") or 0)
    most = int(percent.get("discount_amount_max") or 0)
    if sent["stock_type"] in ("DISCOUNT", "DISCOUNT_CUT"):
        off = total * (100 - int(percent.get("discount_percent") or 100)) // 100
        return min(most, off) if total else most
    return max(0, total - int(exchange.get("exchange_price") or 0))


def least_total(sent: dict[str, Any]) -> int:
    """Return the smallest total that a coupon can be used for, in fen."""
    use = sent["coupon_use_rule"]
    rules = [use.get(f"{kind}_coupon") or {} for kind in ("fixed_normal", "discount", "exchange")]
    return max(int(rule.get("transaction_minimum") or 0) for rule in rules)


def check_rules(context: SandboxContext, sent: dict[str, Any]) -> None:
    """Refuse a stock whose rules the platform does not take."""
    begin, end = (time_of(sent[name], name) for name in ("available_begin_time", "available_end_time"))
    now, rule = context.now(), sent["stock_use_rule"]
    if sent["belong_merchant"] != context.account.mchid:
        raise Refusal(400, "INVALID_REQUEST", "非法的商户号")
    if rule["max_coupons_per_user"] > MOST_PER_USER:
        raise Refusal(403, "NO_AUTH", "你配置的信息需要开通特殊权限")
    late = begin < now - timedelta(minutes=1) or begin > now + LATEST
    empty = rule["max_coupons"] < 1 or (sent["stock_type"] == "NORMAL" and face_value(sent) < 1)
    if late or empty or not timedelta(0) < end - begin <= LONGEST:
        raise Refusal(400, "INVALID_REQUEST", WRONG_RULE)
    if sent["stock_type"] == "NORMAL" and rule["max_amount"] != face_value(sent) * rule["max_coupons"]:
        raise Refusal(400, "PARAM_ERROR", WRONG_BUDGET)


@routes.on(f"POST {BASE}/coupon-stocks")
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create a stock, which nobody gets coupons of before it is started."""
    sent = dict(call.body)
    number = str(sent["out_request_no"])
    stock = repeated(STOCKS, context, number, sent)
    if stock is None:
        check_rules(context, sent)
        stock = {
            "out_request_no": number,
            "stock_id": new_number(context, STOCKS, "1", 8, number),
            "state": "unactivated",
            "sent": sent,
            "create_time": context.stamp(),
            "items": list(sent["coupon_use_rule"].get("available_items") or ()),
            "sent_coupons": {"total": 0, "amount": 0, "day": "", "today": 0, "amount_today": 0},
            "used_amount": 0,
        }
        STOCKS.save(context, stock)
    return context.respond(call, chosen(stock, "stock_id", "create_time"))


def find(context: SandboxContext, stock_id: str, creator: str | None) -> dict[str, Any]:
    """Return the stock of this number that this merchant created; another is refused."""
    stock = STOCKS.get(context, stock_id)
    if stock is None or stock["stock_id"] != stock_id or creator != context.account.mchid:
        raise Refusal(404, STOCKS.missing, "批次不存在")
    return stock


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the stock of a call."""
    return find(context, call.variables["stock_id"], str(call["stock_creator_mchid"]))


def facts(stock: dict[str, Any]) -> dict[str, Any]:
    """Return a stock as queries tell it."""
    sent = stock["sent"]
    use = sent["coupon_use_rule"]
    shown = {
        **chosen(sent["stock_use_rule"], "max_coupons", "max_amount", "max_amount_by_day", "max_coupons_per_user"),
        **chosen(sent["stock_use_rule"], "natural_person_limit", "prevent_api_abuse"),
        **chosen(use, "combine_use", "fixed_normal_coupon", "goods_tag", "trade_type"),
        "coupon_type": "NORMAL",
    }
    return {
        **chosen(sent, *TOLD),
        **chosen(stock, "stock_id", "create_time", "start_time", "stop_time"),
        "stock_creator_mchid": sent["belong_merchant"],
        "status": stock["state"],
        "stock_use_rule": shown,
        "singleitem": bool(stock["items"]),
        "distributed_coupons": stock["sent_coupons"]["total"],
    }


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a stock as it stands."""
    return context.respond(call, facts(found(context, call)))


@routes.on(f"GET {BASE}/stocks")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the stocks of a merchant by state and time of creation."""
    asked = call.query
    first, last = (
        time_of(asked[name], name) if asked.get(name) else None for name in ("create_start_time", "create_end_time")
    )
    stocks = []
    for stock in context.store.all(STOCKS.kind) if asked["stock_creator_mchid"] == context.account.mchid else ():
        created = datetime.fromisoformat(stock["create_time"])
        if asked.get("status", stock["state"]) == stock["state"] and (first or created) <= created <= (last or created):
            stocks.append(facts(stock))
    return context.respond(call, paged(call, stocks, 10, most=10))


@routes.on(f"POST {ONE}/start")
def start(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Start a stock; the budget of a prepaid one leaves the merchant's account."""
    stock = found(context, call)
    with refusing():
        STOCKS.move(stock, "start", start_time=context.stamp())
    budget = stock["sent"]["stock_use_rule"]["max_amount"]
    if not stock["sent"]["no_cash"]:
        short = Refusal(403, "NOT_ENOUGH", "商户余额不足，请充值后重试")
        accounts.require(context, budget, PREPAID, refusal=short)
        book_budget(context, stock, "start", -budget)
    STOCKS.save(context, stock)
    return context.respond(call, chosen(stock, "start_time", "stock_id"))


def book_budget(context: SandboxContext, stock: dict[str, Any], change: str, amount: int) -> None:
    """Book the budget of a stock, in fen; negative when it leaves the account."""
    name = FAVOR_STOCK.transitions[change].books
    entry = Entry(amount=amount, name=name, number=stock["stock_id"], voucher=stock["out_request_no"])
    accounts.book(context, entry, PREPAID)


@routes.on(*(f"POST {ONE}/{change}" for change in ("pause", "restart", "stop")))
def move(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Pause a stock, start it again, or stop it for good: nobody gets its coupons, and sent ones stay valid."""
    change = call.operation.path.rpartition("/")[2]
    stock = found(context, call)
    with refusing():
        STOCKS.move(stock, change, **{f"{change}_time": context.stamp()})
    STOCKS.save(context, stock)
    return context.respond(call, chosen(stock, f"{change}_time", "stock_id"))


@routes.action("return_coupon_budget", "平台结束已过可用时间的预充值批次，退回未用完的预算。")
def return_budget(context: SandboxContext, number: str) -> dict[str, Any]:
    """End a prepaid stock whose time is over as the platform: what coupons did not use of its budget comes back."""
    with context.change():
        stock = STOCKS.entry(context, number)
        if time_of(stock["sent"]["available_end_time"]) > context.now():
            raise ValueError(
                Words(f"the coupon stock {number} can still be used", f"代金券批次 {number} 仍在可用时间内")
            )
        left = 0 if stock["sent"]["no_cash"] else stock["sent"]["stock_use_rule"]["max_amount"] - stock["used_amount"]
        if "budget_returned" in stock:
            raise ValueError(
                Words(
                    f"the budget of the coupon stock {number} has come back already",
                    f"代金券批次 {number} 的预算已退回",
                )
            )
        STOCKS.move(stock, "return the budget", budget_returned=left)
        if left:
            book_budget(context, stock, "return the budget", left)
        STOCKS.save(context, stock)
        return stock


@routes.on(f"POST {ONE}/modify-goods-id")
def modify_goods(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add goods that coupons can be used for, and remove others."""
    stock = found(context, call)
    removed = set(call.body.get("delete_goods_id_list") or ())
    added = [each for each in call.body.get("add_goods_id_list") or () if each not in stock["items"]]
    stock["items"] = [each for each in stock["items"] if each not in removed] + added
    STOCKS.save(context, stock)
    # the answer calls the time of the change so: https://pay.weixin.qq.com/doc/v3/merchant/4017164667
    return context.respond(call, {"pause_time": context.stamp(), "stock_id": stock["stock_id"]})


@routes.on(f"GET {ONE}/merchants")
def merchants(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the merchants that coupons of a stock can be used at."""
    stock = found(context, call)
    usable = stock["sent"]["coupon_use_rule"].get("available_merchants") or [context.account.mchid]
    return context.respond(call, {**paged(call, list(usable), 50, most=50), "stock_id": stock["stock_id"]})


@routes.on(f"GET {ONE}/items")
def items(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the goods that coupons of a stock can be used for."""
    stock = found(context, call)
    return context.respond(call, {**paged(call, stock["items"], 100, most=100), "stock_id": stock["stock_id"]})


@routes.on(f"POST {BASE}/callbacks")
def subscribe(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set the URL of notifications; the switch can turn them off."""
    own_merchant(context, call)
    url = call.body["notify_url"]
    set_callback_url(context, PRODUCT, url if call.body.get("switch", True) else None)
    return context.respond(call, {"update_time": context.stamp(), "notify_url": url})


@routes.on(f"GET {BASE}/callbacks")
def subscription(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the URL of notifications."""
    own_merchant(context, call)
    url = callback_url(context, PRODUCT)
    if url is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "未设置消息通知地址")
    return context.respond(call, {"mchid": context.account.mchid, "notify_url": url})


def own_merchant(context: SandboxContext, call: ReceivedCall) -> None:
    """Refuse the URL of another merchant."""
    if call["mchid"] != context.account.mchid:
        raise Refusal(400, "MCH_NOT_EXISTS", "商户号不合法")
