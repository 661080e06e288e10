"""Orders of Pay Score: created, confirmed by the user, completed, paid; a paid one is an order like any other."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words, translate
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows import orders, payments
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.payscore_permissions import ended
from wechatpay.sandbox.flows.states_payscore import SERVICE_ORDER
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["SERVICES", "TRADE_TYPE", "confirm", "paid", "place", "routes"]

routes = Routes()

SERVICES = Objects(
    Words("service order", "支付分订单"),
    "out_order_no",
    "order_id",
    inside="order",
    state="phase",
    states=SERVICE_ORDER,
    missing="ORDER_NOT_EXIST",
)
REFUSED = {"DONE": ("ORDER_DONE", "单据已完成"), "REVOKED": ("ORDER_CANCELED", "单据已取消")}
WRONG_STATE = ("INVALID_ORDER_STATE", "单据状态错误")
DIRECT, PARTNER, BANK, OVERSEAS = (
    f"v3/payscore/{whose}serviceorder" for whose in ("", "partner/", "acquiringbank/", "oversea/partner/")
)
ALL = (DIRECT, PARTNER, BANK, OVERSEAS)
CASH_ON_DELIVERY = tuple(
    f"v3/payscore/{whose}servicepayondeliveryorder" for whose in ("", "partner/", "acquiringbank/")
)
TRADE_TYPE = "PAYSCORE"
UNCONFIRMED = timedelta(days=30)
"""How long a user can confirm an order: https://pay.weixin.qq.com/doc/v3/partner/4013194035."""
DEPOSITS = ("DEPOSIT", "ADVANCE", "CASH_DEPOSIT")
"""The names of a ``risk_fund`` that bounds ``total_amount``: https://pay.weixin.qq.com/doc/v3/merchant/4012587955."""
DOING = {"USER_CONFIRM": ("DOING", "USER_CONFIRM"), "MCH_COMPLETE": ("DOING", "MCH_COMPLETE")}
TIME = re.compile(r"\d{8}(\d{6})?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
"""yyyyMMdd and yyyyMMddHHmmss at home, RFC 3339 abroad."""


@routes.on(*(f"POST {base}" for base in (*ALL, *CASH_ON_DELIVERY)))
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Create an order; the user confirms it, unless it needs no confirmation."""
    order = place(context, dict(call.body))
    context.schedule("confirm_service", order["out_order_no"], when="confirm")
    return context.respond(call, order)


@routes.on(*(f"POST {base}/direct-complete" for base in (DIRECT, PARTNER)))
def create_completed(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Create an order for a service that is over, and ask for the money."""
    order = place(context, dict(call.body), direct=True)
    context.schedule("pay_service", order["out_order_no"], when="pay")
    return None if call.operation.answer == "empty" else context.respond(call, order)


def place(context: SandboxContext, sent: dict[str, Any], *, direct: bool = False) -> dict[str, Any]:
    """Return a new order, or the one there is if it has the same parameters; ``direct``: for a service that is over."""
    number = str(sent["out_order_no"])
    known = SERVICES.get(context, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", "订单重入参数校验失败")
        return SERVICES.of(current(context, known))
    timely(sent, {})
    confirmed = direct or sent.get("need_user_confirm") is False
    if confirmed and ended(context, sent):
        raise Refusal(403, "NO_AUTH", "用户未授权服务")
    order = {
        **sent,
        "mchid": context.account.mchid,
        "out_order_no": number,
        "order_id": digits(28, "service", number),
        "phase": "USER_CONFIRM" if confirmed else "CREATED",
        "package": letters(48, "service", number),
    }
    entry = {"sent": sent, "order": order, "requests": {}, "created": context.clock()}
    if confirmed:
        order["openid"] = orders.openid(sent, number)
    if direct:
        total = asked(sent, sent)
        SERVICES.move(entry, "complete" if total else "waive", **completed(total))
    save(context, entry)
    return order


def save(context: SandboxContext, entry: dict[str, Any]) -> None:
    """Store an order with the members that say how it stands."""
    order = SERVICES.of(entry)
    order["state"], order["state_description"] = DOING.get(order["phase"], (order["phase"], None))
    SERVICES.save(context, entry)


def current(context: SandboxContext, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as it stands now: an order that nobody confirmed in thirty days has expired."""
    if SERVICES.of(entry)["phase"] == "CREATED" and entry["created"] + UNCONFIRMED.total_seconds() <= context.clock():
        SERVICES.move(entry, "expire")
        save(context, entry)
    return entry


def timely(sent: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Refuse times of another form, and a service that ends before it begins."""
    known, given = before.get("time_range") or {}, sent.get("time_range") or {}
    for name, value in given.items():
        if name.endswith("_time") and value and not (TIME.fullmatch(value) or value == "OnAccept"):
            raise Refusal.of_field("body", f"/time_range/{name}", "时间格式应为yyyyMMddHHmmss或yyyyMMdd", value=value)
    start, end = given.get("start_time") or known.get("start_time") or "", given.get("end_time") or ""
    first, last = (re.sub(r"\D", "", each)[: len("yyyymmddhhmmss")] for each in (start, end))
    size = min(len(first), len(last))
    if last[:size] < first[:size] or (start == end and len(end) == len("yyyymmddhhmmss")):
        raise Refusal.of_field("body", "/time_range/end_time", "服务结束时间应晚于服务开始时间", value=end)


def asked(sent: Mapping[str, Any], order: Mapping[str, Any]) -> int:
    """
    Return the fen that a completion asks for; a total that is not that of its items, or above the deposit, is refused.

    https://pay.weixin.qq.com/doc/v3/merchant/4012587955
    """
    total = fen(sent.get("total_amount") or 0, "/total_amount", 0)
    sums = [
        sum(
            fen(each.get("amount") or 0, f"/{name}/{index}/amount", 0)
            for index, each in enumerate(sent.get(name) or ())
        )
        for name in ("post_payments", "post_discounts")
    ]
    if "post_payments" in sent and total != sums[0] - sums[1]:
        issue = f"应等于后付费项目金额之和减去商户优惠金额之和，即 {sums[0]} - {sums[1]}"
        raise Refusal.of_field("body", "/total_amount", issue, value=total)
    deposit = order.get("risk_fund") or {}
    if deposit.get("name") in DEPOSITS and total > deposit["amount"]:
        raise Refusal.of_field("body", "/total_amount", f"不能超过服务风险金 {deposit['amount']}", value=total)
    return total


def completed(total: int) -> dict[str, Any]:
    """Return the members of an order whose payment is asked for."""
    return {"total_amount": total, "need_collection": total > 0, "collection": collection(total) if total else None}


def collection(total: int, detail: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return how the money of an order stands: with the detail of its payment once it is paid."""
    if detail is None:
        return {"state": "USER_PAYING", "total_amount": total, "paying_amount": total, "paid_amount": 0}
    paid = {"state": "USER_PAID", "total_amount": total, "paying_amount": 0, "paid_amount": total}
    return {**paid, "details": [{"seq": 1, "amount": total, **detail}]}


@routes.action("confirm_service", "用户确认支付分订单；商户收到通知。")
def confirm(context: SandboxContext, number: str) -> dict[str, Any]:
    """Confirm a Pay Score order as the user; the merchant is notified."""
    with context.change():
        entry = current(context, SERVICES.entry(context, number))
        SERVICES.move(entry, "confirm", openid=orders.openid(entry["sent"], number))
        save(context, entry)
        return tell(context, SERVICES.of(entry), "confirm")


@routes.action("pay_service", "用户支付已完结的支付分订单，生成单独的微信支付订单号；商户收到通知。")
def paid(context: SandboxContext, number: str) -> dict[str, Any]:
    """Pay a completed Pay Score order as the user, under a transaction_id of its own; the merchant is notified."""
    with context.change():
        entry = SERVICES.entry(context, number)
        order = SERVICES.of(entry)
        SERVICES.move(entry, "pay")
        (trade,) = payments.pay(context, trade_of(context, order)["out_trade_no"])
        detail = {
            "paid_type": "NEWTON",
            "paid_time": re.sub(r"\D", "", trade["success_time"])[: len("yyyymmddhhmmss")],
            "transaction_id": trade["transaction_id"],
        }
        order["collection"] = collection(order["total_amount"], detail)
        save(context, entry)
        return tell(context, order, "pay")


def trade_of(context: SandboxContext, order: dict[str, Any]) -> dict[str, Any]:
    """Return the order that a service order is paid by: its number is the platform's, not ``out_order_no``."""
    partner = "sub_mchid" in order
    parties = chosen(order, "appid", "mchid")
    if partner:
        parties = {f"sp_{name}": value for name, value in parties.items()} | chosen(order, "sub_mchid", "sub_appid")
    return orders.place(
        context,
        {
            "description": order.get("service_introduction"),
            "payer": {"sp_openid" if partner else "openid": order["openid"]},
            "settle_info": {"profit_sharing": order.get("profit_sharing") is True},
            **chosen(order, "attach", "goods_tag"),
        },
        number=digits(28, "service payment", order["order_id"]),
        family="partner" if partner else "direct",
        trade_type=TRADE_TYPE,
        total=order["total_amount"],
        parties=parties,
    )


def tell(context: SandboxContext, order: dict[str, Any], change: str) -> dict[str, Any]:
    """Notify the merchant of a change, by the members that the event has, and return the order."""
    event = SERVICE_ORDER.transitions[change].notifies
    documented = (each.name for each in webhook_payloads.event_of(event, "v3").resource)
    context.notify(order.get("notify_url"), event, chosen(order, *documented))
    return order


def found(context: SandboxContext, sent: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return the entry of a number; that of another sub-merchant, service or appid is none."""
    entry = SERVICES.find(context, number)
    order = SERVICES.of(entry)
    appids = (order.get("appid"), order.get("sub_appid"))
    if (
        sent.get("sub_mchid") != order.get("sub_mchid")
        or sent.get("service_id", order.get("service_id")) != order.get("service_id")
        or sent.get("appid", order.get("appid")) not in appids
    ):
        raise Refusal(404, SERVICES.missing, f"单据不存在: {number} 的服务ID、appid或子商户号不一致")
    return current(context, entry)


@routes.on(*(f"GET {base}" for base in ALL))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an order as it stands."""
    number = call.query.get("out_order_no") or call.query.get("query_id")
    if not number:
        raise Refusal.of_field("query", "/out_order_no", "out_order_no 与 query_id 必填其一")
    return context.respond(call, SERVICES.of(found(context, call.query, number)))


def changed(context: SandboxContext, call: ReceivedCall, change: str, **members: Any) -> Any:
    """
    Carry out a change of the order of a call, and return the response.

    The same request again has the same response: https://pay.weixin.qq.com/doc/v3/merchant/4012587905
    """
    entry = found(context, call.body, call.variables["out_order_no"])
    order, deed = SERVICES.of(entry), call.operation.path.rpartition("/")[2]
    again = entry["requests"].get(deed) == call.body and (deed == "cancel") == (order["phase"] == "REVOKED")
    if deed == "pay" or not again:
        try:
            SERVICES.move(entry, change, **members)
        except ValueError as error:
            code, message = REFUSED.get(order["phase"], WRONG_STATE)
            raise Refusal(400, code, f"{message}: {translate(error.args[0], 'zh')}") from None
        entry["requests"][deed] = dict(call.body)
        save(context, entry)
    return None if call.operation.answer == "empty" else context.respond(call, order)


@routes.on(*(f"POST {base}/{{out_order_no}}/cancel" for base in ALL))
def cancel(context: SandboxContext, call: ReceivedCall) -> Any:
    """Take an order back, until it is paid."""
    return changed(context, call, "cancel", collection=None)


@routes.on(*(f"POST {base}/{{out_order_no}}/modify" for base in (DIRECT, PARTNER, BANK)))
def modify(context: SandboxContext, call: ReceivedCall) -> Any:
    """Ask for less."""
    order = SERVICES.of(found(context, call.body, call.variables["out_order_no"]))
    total, before = asked(call.body, order), int(order.get("total_amount") or 0)
    if total > before and order["phase"] == "MCH_COMPLETE":
        raise Refusal(400, "INVALID_REQUEST", f"修改后的金额 {total} 不能大于原完结金额 {before}")
    sent = chosen(call.body, "post_payments", "post_discounts")
    return changed(context, call, "modify" if total else "waive", **sent, **completed(total))


@routes.on(*(f"POST {base}/{{out_order_no}}/complete" for base in ALL))
def complete(context: SandboxContext, call: ReceivedCall) -> Any:
    """End the service, and ask for the money."""
    number = call.variables["out_order_no"]
    order = SERVICES.of(found(context, call.body, number))
    timely(call.body, order)
    total = asked(call.body, order)
    sent = chosen(call.body, "post_payments", "post_discounts", "profit_sharing", "goods_tag")
    for name in ("time_range", "location"):
        if name in call.body:
            sent[name] = {**(order.get(name) or {}), **call.body[name]}
    answer = changed(context, call, "complete" if total else "waive", **sent, **completed(total))
    context.schedule("pay_service", number, when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/pay" for base in (DIRECT, PARTNER)))
def collect(context: SandboxContext, call: ReceivedCall) -> Any:
    """Ask for the money once more."""
    answer = changed(context, call, "collect")
    context.schedule("pay_service", call.variables["out_order_no"], when="pay")
    return answer


@routes.on(*(f"POST {base}/{{out_order_no}}/sync" for base in ALL))
def sync(context: SandboxContext, call: ReceivedCall) -> Any:
    """Record that the merchant was paid in another way: no money moves here."""
    order = SERVICES.of(found(context, call.body, call.variables["out_order_no"]))
    total = int(order.get("total_amount") or 0)
    detail = {"paid_type": "MCH", "paid_time": call.body["detail"]["paid_time"]}
    return changed(context, call, "sync", collection=collection(total, detail))


@routes.on(
    *(
        f"POST {base}/{{out_order_no}}/send-{message}message"
        for base in (DIRECT, PARTNER)
        for message in ("pending", "prepaid")
    )
)
def send_message(context: SandboxContext, call: ReceivedCall) -> None:
    """Tell the user what the service costs; the order is under way."""
    order = SERVICES.of(found(context, call.body, call.variables["out_order_no"]))
    asked(call.body, order)
    if order["phase"] not in DOING:
        code, message = REFUSED.get(order["phase"], WRONG_STATE)
        raise Refusal(400, code, message)
