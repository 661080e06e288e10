"""What cash coupons and merchant coupons share: times, repeats, pages, numbers, and the URL of notifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.http import Refusal, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.flows.objects import Objects
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = [
    "at_this_time",
    "callback_url",
    "expired",
    "new_number",
    "once",
    "paged",
    "receive_once",
    "repeated",
    "send_once",
    "set_callback_url",
    "time_of",
]

REPEATED = "创建请求重入，但本次请求与上次请求信息不一致"
CALLBACKS = "coupon notification"
REQUEST = "coupon request"
RECEIVED = "coupons of a user"


def time_of(text: Any, *field: str) -> datetime:
    """Return the time that a request says, RFC 3339; another form is refused."""
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refusal(400, "PARAM_ERROR", "输入时间格式错误", {"location": "body", "field": pointer(*field)})
    return found


def repeated(objects: Objects, context: SandboxContext, number: str, sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the entry of this number of the merchant's, if there is one; other parameters than its own are refused."""
    known = objects.get(context, number)
    if known is None or known[objects.number] != number:
        return None
    if known["sent"] != sent:
        raise Refusal(400, "RESOURCE_ALREADY_EXISTS", REPEATED)
    return known


def once(
    context: SandboxContext, call: ReceivedCall, number: str, make: Callable[[], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Return the answer to a request, or the one that the same request with its number was given before."""
    name = f"{call.operation.key} {number}"
    sent = {**call.body, **call.variables, **call.query}
    known = context.store.get(REQUEST, name)
    if known is None:
        known = {"sent": sent, "answer": make()}
        context.store.put(REQUEST, name, known)
    elif known["sent"] != sent:
        raise Refusal(400, "RESOURCE_ALREADY_EXISTS", REPEATED)
    answer: dict[str, Any] | None = known["answer"]
    return answer


def receive_once(context: SandboxContext, stock_id: str, openid: str, most: int) -> None:
    """Count a coupon of a stock that a user receives; more than so many are refused."""
    holder = f"{stock_id}/{openid}"
    received = (context.store.get(RECEIVED, holder) or {"count": 0})["count"]
    if received >= most:
        raise Refusal(403, "RULE_LIMIT", "用户已达最大领券次数")
    context.store.put(RECEIVED, holder, {"count": received + 1})


def send_once(stock: dict[str, Any], day: str, amount: int, rule: Mapping[str, Any]) -> None:
    """Count a coupon of so many fen that is sent on a day; what the budget does not suffice for is refused."""
    sent = stock["sent_coupons"]
    if sent["day"] != day:
        sent |= {"day": day, "today": 0, "amount_today": 0}
    limits = {"max_coupons": "total", "max_coupons_by_day": "today"}
    amounts = {"max_amount": "amount", "max_amount_by_day": "amount_today"}
    for names, more in ((limits, 1), (amounts, amount)):
        for limit, counted in names.items():
            if rule.get(limit) and sent[counted] + more > rule[limit]:
                raise Refusal(403, "NOT_ENOUGH", "批次预算不足")
            sent[counted] += more


def new_number(context: SandboxContext, objects: Objects, prefix: str, length: int, *parts: str) -> str:
    """Return so many digits that begin so and that no object of this kind has."""
    known = (objects.kind, context.account.mchid, *parts)
    made = (prefix + digits(length - len(prefix) + 1, *known, str(attempt))[1:] for attempt in count())
    return next(number for number in made if objects.get(context, number) is None)


def expired(context: SandboxContext, objects: Objects, coupon: dict[str, Any], valid: str, end: str) -> dict[str, Any]:
    """Return a coupon as it stands now: one that is ``valid`` until a time that is over has expired."""
    if coupon[objects.state] == valid and datetime.fromisoformat(coupon[end]) <= context.now():
        objects.move(coupon, "expire")
        objects.save(context, coupon)
    return coupon


def at_this_time(now: datetime, days: list[int] | None, spans: Sequence[Mapping[str, int]]) -> bool:
    """
    Return whether a coupon that can be used on some days of the week, at some hours, can be used now.

    Args:
        now: The time in Beijing.
        days: Days of the week, Sunday is 0; None: all.
        spans: ``begin_time`` and ``end_time`` in seconds of the day; none: all day.
    """
    second = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(seconds=1)
    today = days is None or (now.weekday() + 1) % 7 in map(int, days)
    return today and (not spans or any(each["begin_time"] <= second <= each["end_time"] for each in spans))


def paged(call: ReceivedCall, entries: list[Any], size: int = 20, most: int | None = None) -> dict[str, Any]:
    """
    Return a page of a list, as responses tell it; ``offset`` counts pages, not entries.

    https://pay.weixin.qq.com/doc/v3/merchant/4012460489 (分页页码，从 0 开始)
    """
    offset, limit = int(call.query.get("offset", 0)), int(call.query.get("limit", size))
    if most is not None and limit > most:
        raise Refusal(400, "PARAM_ERROR", "页大小超过阈值", {"location": "query", "field": "/limit", "value": limit})
    shown = entries[offset * limit : (offset + 1) * limit]
    return {"total_count": len(entries), "offset": offset, "limit": limit, "data": shown}


def set_callback_url(context: SandboxContext, product: str, url: str | None) -> None:
    """Set the URL of a product's notifications."""
    context.store.put(CALLBACKS, product, {"product": product, "url": url})


def callback_url(context: SandboxContext, product: str) -> str | None:
    """Return the URL of a product's notifications; None: none was set."""
    known = context.store.get(CALLBACKS, product)
    url: str | None = known["url"] if known else None
    return url
