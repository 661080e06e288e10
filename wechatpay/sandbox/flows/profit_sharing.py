"""Profit sharing: splits of a paid order, and what is left of it; v3, brands, marketplaces and v2 alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from wechatpay.sandbox.flows import accounts, frozen_money, orders
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import choices, documented
from wechatpay.sandbox.flows.endings import reason_of
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.profit_sharing_receivers import BASES, account_of, known, ratio_of, scope_of
from wechatpay.sandbox.flows.states_sharing import SHARE, SPLIT
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["MOST", "NOT_YET", "SPLITS", "finish", "notify", "place", "routes", "split_of"]

routes = Routes()

SPLITS = Objects(Words("profit sharing order", "分账单"), "out_order_no", "order_id", states=SPLIT)
MOST = 50
"""How often an order can be shared, among how many, and how often a split can be returned: the pages below."""
SETTLED_AFTER = timedelta(minutes=1)
"""https://pay.weixin.qq.com/doc/v3/partner/4015981574."""
ANSWER = "GET v3/profitsharing/orders/{out_order_no}"
REASONS = partial(choices, ANSWER, "receivers", "fail_reason")
ENDS = ("SUCCESS", "CLOSED")
NOT_YET = "1970-01-01T08:00:00+08:00"
"""The ``finish_time`` of a part that is on its way."""
REST = "解冻给分账方"
"""The description of the part that goes back to the merchant who shares."""


@frozen
class Product:
    """
    What differs between the products that share profit.

    Args:
        days: How long the money of an order waits.
        unmarked: The code for an order that was not placed for it.
        over: Status and code for more than the largest ratio.
        excess: What is said then.
    """

    days: int
    unmarked: str = "INVALID_REQUEST"
    over: tuple[int, str] = (403, "RULE_LIMIT")
    excess: str = "分账金额超出最大分账比例"


PRODUCTS = {
    "v3/profitsharing": Product(
        frozen_money.DAYS,
        over=(400, "INVALID_REQUEST"),
        excess="分账金额超出最大分账比例，最大可分账金额需等比例扣除退款与补差回退等逆向交易金额",
    ),
    "v3/brand": Product(frozen_money.DAYS_OF_SUBS),
    "v3/ecommerce": Product(frozen_money.DAYS_OF_SUBS),
    "v2": Product(frozen_money.DAYS, unmarked="NOT_SHARE_ORDER", over=(200, "AMOUNT_OVERDUE")),
}
"""https://pay.weixin.qq.com/doc/v3/merchant/4014547102, …/v3/partner/4012525463 (180 days), …/v3/partner/4015981574."""


def product_of(call: ReceivedCall) -> Product:
    """Return the product of a request."""
    return next(product for path, product in PRODUCTS.items() if call.operation.path.startswith(path))


def settled(context: SandboxContext, order: dict[str, Any], product: Product) -> dict[str, Any]:
    """Return an order as it stands now: what nobody shared in time was unfrozen."""
    if datetime.fromisoformat(order["success_time"]) + timedelta(days=product.days) <= context.now():
        frozen_money.thaw(context, order)
        orders.ORDERS.save(context, order)
    return order


def sharing_order(context: SandboxContext, call: ReceivedCall, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the order that a request shares; one that is not for sharing, another merchant's or too young is refused."""
    product, order = product_of(call), orders.ORDERS.get(context, str(sent["transaction_id"]))
    if order is None or order["success_time"] is None or not frozen_money.waits(order):
        raise Refusal(400, product.unmarked, "非分账订单不支持分账")
    asking, own = sent.get("sub_mchid") or sent.get("sub_mch_id"), orders.whose(order)
    if bool(asking) != bool(own):
        raise Refusal(
            400,
            "INVALID_REQUEST",
            "请求分账的交易模式和下单的交易模式不匹配，"
            "普通商户的交易只能普通商户发起分账，服务商下单的交易只能服务商发起分账",
        )
    if asking != own:
        raise Refusal(400, "INVALID_REQUEST", "商户号和订单信息不匹配")
    if context.now() < datetime.fromisoformat(order["success_time"]) + SETTLED_AFTER:
        raise Refusal(400, "INVALID_REQUEST", "订单处理中，请稍后重试")
    if frozen_money.subsidised(order) and not order.get("subsidised"):
        raise Refusal(400, "INVALID_REQUEST", "分账补贴还未到账，不能受理分账")
    return settled(context, order, product)


def repeated(split: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return a split that is asked for once more; its number with other receivers or parameters is refused."""
    if split["sent"].get("receivers") != sent.get("receivers"):
        raise Refusal(400, "PARAM_ERROR", "分账接收方与原请求不一致")
    SPLITS.same(split, sent, split["out_order_no"])
    return split


def place(
    context: SandboxContext, call: ReceivedCall, sent: dict[str, Any], receivers: list[dict[str, Any]], *, whole: bool
) -> dict[str, Any]:
    """Return a new split, or the one there is if it has the same parameters; if it is the whole, the rest is freed."""
    number = str(sent["out_order_no"])
    split = SPLITS.get(context, number)
    if split is not None:
        return repeated(split, sent)
    asked = [fen(each["amount"], f"/receivers/{index}/amount") for index, each in enumerate(receivers)]
    order = sharing_order(context, call, sent)
    own = orders.whose(order) or context.account.mchid
    parts = [chosen(each, "type", "amount", "description") | {"account": account_of(each)} for each in receivers]
    for each in parts:
        each["rest"] = (each.get("type", "MERCHANT_ID"), each["account"]) == ("MERCHANT_ID", own)
    given = sum(amount for amount, each in zip(asked, parts, strict=True) if not each["rest"])
    check(context, call, order, (sum(asked), given), parts)
    split = {
        "sent": sent,
        "sub_mchid": orders.whose(order),
        "transaction_id": order["transaction_id"],
        "out_order_no": number,
        "order_id": platform_number(context, "split", number, context.stamp()),
        "state": "PROCESSING",
        "scope": scope_of(call),
        "returns": 0,
    }
    frozen_money.thaw(context, order, sum(asked))
    rest = frozen_money.thaw(context, order) if whole else 0
    if rest:
        parts.append({"type": "MERCHANT_ID", "account": own, "amount": rest, "description": REST, "rest": True})
        split |= {"finish_amount": rest, "finish_description": sent.get("description")}
    split["receivers"] = [part_of(context, number, index, each) for index, each in enumerate(parts)]
    order["shared"] = order.get("shared", 0) + given
    order["splits"] = order.get("splits", 0) + 1
    orders.ORDERS.save(context, order)
    for part in split["receivers"]:
        if not part["rest"]:
            book(context, split, part, -part["amount"], frozen_money.of_order(context, order))
    SPLITS.save(context, split)
    context.schedule("finish_split", number, when="finish")
    return split


def check(
    context: SandboxContext,
    call: ReceivedCall,
    order: dict[str, Any],
    wanted: tuple[int, int],
    receivers: list[dict[str, Any]],
) -> None:
    """
    Refuse to share with strangers, more than there is, too often, or more than the ratio.

    ``wanted`` is the sum in fen, and what of it goes to others: the merchant's own part is only unfrozen.
    """
    product = product_of(call)
    if not all(each["rest"] or known(context, scope_of(call), each) for each in receivers):
        raise Refusal(400, "PARAM_ERROR", "分账接收方关系不存在，请检查参数中每个接收方的关系。")
    frozen_now = order.get("frozen", 0)
    if wanted[0] > frozen_now or not frozen_now:
        raise Refusal(403, "NOT_ENOUGH", "分账金额不足")
    if order.get("splits", 0) >= MOST or len(receivers) > MOST:
        raise Refusal(400, "INVALID_REQUEST", f"同一笔订单最多分账{MOST}次，每次可向{MOST}个接收方分账")
    ratio = ratio_of(context, str(call.get("brand_mchid") or orders.whose(order) or context.account.mchid))
    if wanted[1] and order.get("shared", 0) + wanted[1] > (order["total"] - order["refunded"]) * ratio // 10_000:
        raise Refusal(*product.over, product.excess)


def part_of(context: SandboxContext, number: str, index: int, receiver: dict[str, Any]) -> dict[str, Any]:
    """Return one receiver's part, on its way."""
    return {
        "type": "MERCHANT_ID",
        "description": "",
        "rest": False,
        **receiver,
        "amount": int(receiver["amount"]),
        "result": "PENDING",
        "detail_id": platform_number(context, "split detail", number, str(index)),
        "create_time": context.stamp(),
        "finish_time": NOT_YET,
        "fail_reason": None,
        "returned": 0,
    }


def book(
    context: SandboxContext, split: dict[str, Any], part: dict[str, Any], amount: int, owner: str, note: str = ""
) -> None:
    """Book so many fen of a part in the account of who gives or receives it, under the part's own number."""
    name, voucher = SHARE.transitions["SUCCESS"].books, split["out_order_no"]
    entry = accounts.Entry(amount=amount, name=name, number=part["detail_id"], voucher=voucher, note=note)
    accounts.book(context, entry, owner=owner)


@routes.action(
    "finish_split",
    "结束分账的各部分：成功或关闭；已删除的接收方以 NO_RELATION 关闭。每个成功的部分通知一次。",
    state=ENDS,
    reason=REASONS,
)
def finish(
    context: SandboxContext, number: str, state: str = "SUCCESS", reason: str = "", account: str = ""
) -> dict[str, Any]:
    """
    End the parts of a split as ``SUCCESS`` or ``CLOSED``; a receiver that was deleted in the meantime ends as ``CLOSED``
    for ``NO_RELATION``. A notification goes out for each part that is paid.
    """
    told = reason_of(SPLITS.kind, state, reason, ENDS[1:], REASONS())
    with context.change():
        split = SPLITS.entry(context, number)
        SPLITS.in_state(split, "PROCESSING")
        parts = [each for each in split["receivers"] if each["result"] == "PENDING"]
        for part in parts:
            if account in ("", part["account"]):
                stranger = not part["rest"] and not known(context, split["scope"], part)
                if part["rest"]:
                    end(context, split, part, "SUCCESS", None)
                elif stranger and state == "SUCCESS":
                    end(context, split, part, "CLOSED", "NO_RELATION")
                else:
                    end(context, split, part, state, told)
        if all(each["result"] != "PENDING" for each in split["receivers"]):
            SPLITS.move(split, "finish")
        SPLITS.save(context, split)
        return split


def end(context: SandboxContext, split: dict[str, Any], part: dict[str, Any], change: str, reason: str | None) -> None:
    """End one part: the receiver is paid and the merchant notified, or the money goes back to who shared it."""
    what = Words(f"part of {part['account']}", f"{part['account']} 的分账")
    part["result"] = SHARE.after(change, part["result"], what)
    part |= {"finish_time": context.stamp(), "fail_reason": reason}
    order = orders.ORDERS.entry(context, split["transaction_id"])
    if part["rest"]:
        return
    if change == "CLOSED":
        order["shared"] -= part["amount"]
        orders.ORDERS.save(context, order)
        owner = frozen_money.of_order(context, order)
        book(context, split, part, part["amount"], owner, f"分账失败退回 {reason}")
        return
    if part["type"] == "MERCHANT_ID":
        book(context, split, part, part["amount"], frozen_money.owner_of(context, part["account"]))
    numbers = chosen(split, "order_id", "out_order_no")
    notify(context, SHARE.transitions[change].notifies, split, part, numbers)


def notify(
    context: SandboxContext, name: str, split: dict[str, Any], moved: dict[str, Any], numbers: dict[str, str]
) -> None:
    """
    Notify the merchant that a part was paid or returned, where the split says or at the URL of the console.

    ``numbers`` are ``order_id`` and ``out_order_no``: 微信分账/回退单号 and 商户分账/回退单号, those of the return for one.
    """
    sub_mchid = split["sub_mchid"]
    content = {
        "mchid": None if sub_mchid else context.account.mchid,
        "sp_mchid": context.account.mchid if sub_mchid else None,
        "sub_mchid": sub_mchid,
        "transaction_id": split["transaction_id"],
        **numbers,
        "receiver": chosen(moved, "type", "account", "amount", "description"),
        "success_time": moved["finish_time"],
    }
    context.notify(split["sent"].get("notify_url") or context.notify_url, name, content)


# v3


def shaped(call: ReceivedCall, split: dict[str, Any]) -> dict[str, Any]:
    """Return a split with the names that the operation's answer has."""
    parts = []
    for each in split["receivers"]:
        merchant = each["account"] if each["type"] == "MERCHANT_ID" else None
        parts.append({**each, "receiver_account": each["account"], "receiver_mchid": merchant})
    return documented(call.operation.response.fields, {**split, "receivers": parts, "status": split["state"]})


@routes.on(*(f"POST {base}/orders" for base in BASES))
def share(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Split an order."""
    sent = dict(call.body)
    whole = bool(sent.get("unfreeze_unsplit") or sent.get("finish"))
    split = place(context, call, sent, sent.get("receivers") or [], whole=whole)
    return context.respond(call, shaped(call, split))


@routes.on("POST v3/profitsharing/orders/unfreeze", *(f"POST {base}/finish-order" for base in BASES[1:]))
def unfreeze(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """End the sharing of an order."""
    return context.respond(call, shaped(call, place(context, call, dict(call.body), [], whole=True)))


def split_of(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the split that a query names, of the order that it names."""
    split = SPLITS.find(context, call["out_order_no"])
    if str(call.get("transaction_id", split["transaction_id"])) != split["transaction_id"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "记录不存在")
    return split


@routes.on("GET v3/profitsharing/orders/{out_order_no}", *(f"GET {base}/orders" for base in BASES[1:]))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a split as it stands."""
    return context.respond(call, shaped(call, split_of(context, call)))


@routes.on(
    "GET v3/profitsharing/transactions/{transaction_id}/amounts",
    *(f"GET {base}/orders/{{transaction_id}}/amounts" for base in BASES[1:]),
    "POST v2/pay/profitsharingorderamountquery",
)
def amounts(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the amount of an order that can still be shared, without the commission."""
    number = str(call["transaction_id"])
    order = orders.ORDERS.find(context, number, "RESOURCE_NOT_EXISTS")
    if order["success_time"] is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "记录不存在")
    rest = settled(context, order, product_of(call)).get("frozen", 0)
    return context.respond(call, {"transaction_id": number, "unsplit_amount": rest})
