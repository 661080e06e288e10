"""The uses and refunds of a stock's cash coupons, as files."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows.accounts import yuan
from wechatpay.sandbox.flows.bill_files import offer
from wechatpay.sandbox.flows.favor import BASE, find
from wechatpay.sandbox.flows.favor_rules import time_of
from wechatpay.sandbox.flows.objects import chosen
from wechatpay.sandbox.flows.orders import whose
from wechatpay.sandbox.flows.orders_v2 import moment
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes", "write"]

routes = Routes()

COLUMNS = "批次ID,优惠ID,优惠类型,优惠金额（元）,订单总金额（元）,交易类型,支付单号,消耗时间,消耗商户号,设备号,银行流水号,单品信息"
FLOWS = {"use": COLUMNS, "refund": COLUMNS.replace("支付单号,消耗时间", "支付单号,退款单号,退款时间")}
BARE = ("设备号", "银行流水号", "单品信息")
"""Columns without a back quote: https://developers.weixin.qq.com/community/pay/article/doc/0008426accc720e0933d1e0b651813."""


def write(context: SandboxContext, flow: str, order: dict[str, Any], used: dict[str, Any], refund: str) -> None:
    """Write a line of the flow of a stock."""
    row = [
        used["stock_id"],
        used["coupon_id"],
        "全场代金券" if used["scope"] == "GLOBAL" else "单品代金券",
        yuan(used["amount"]),
        yuan(order["total"]),
        "退款" if refund else "支付",
        order["transaction_id"],
        *([refund] if refund else []),
        moment(context.stamp()),
        whose(order) or context.account.mchid,
        str(order["sent"].get("device_info") or ""),
        "",
        "",
    ]
    context.store.put(
        f"coupon {flow} {used['stock_id']}", f"{refund or used['coupon_id']} {context.stamp()}", row, day=context.day()
    )


def flow_file(flow: str, rows: list[list[str]]) -> bytes:
    """Return a flow as a file: no byte order mark, a back quote before the values of most columns."""
    names = FLOWS[flow].split(",")
    lines = [
        ",".join(each if name in BARE else "`" + each for name, each in zip(names, row, strict=True)) for row in rows
    ]
    return ("\r\n".join([FLOWS[flow], *lines]) + "\r\n").encode()


def flow_of(context: SandboxContext, call: ReceivedCall, flow: str, day: str | None) -> tuple[bytes, int]:
    """Return the file of a stock's flow, and how many lines it has; it is there at 10:00 on the day after its end."""
    stock = find(context, call.variables["stock_id"], context.account.mchid)
    ended = min(filter(None, (stock["sent"]["available_end_time"], stock.get("stop_time"))), key=time_of)
    last = date.fromisoformat(day) if day else time_of(ended).astimezone(context.now().tzinfo).date()
    there = datetime.combine(last + timedelta(days=1), time(10), context.now().tzinfo)
    rows = list(context.store.all(f"coupon {flow} {stock['stock_id']}", day))
    if not rows or context.now() < there:
        missing = {"use": "当天没有核销记录", "refund": "当天没有退款记录"}[flow] if day else "账单文件不存在"
        raise Refusal(404, "RESOURCE_NOT_EXISTS", missing)
    return flow_file(flow, rows), len(rows)


@routes.on(*(f"GET {BASE}/stocks/{{stock_id}}/{flow}-flow" for flow in FLOWS))
def flow_link(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the link to the file of all uses or refunds of a stock's coupons."""
    content, _ = flow_of(context, call, call.operation.path.rpartition("/")[2].partition("-")[0], None)
    file = offer(context, call, content)
    return context.respond(call, {"url": file["download_url"], **chosen(file, "hash_value", "hash_type")})


@routes.on(*(f"GET {BASE}/stocks/{{stock_id}}/{flow}-flow-by-day" for flow in FLOWS))
def flow_link_by_day(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the link to the file of a day's uses or refunds of a stock's coupons."""
    flow = call.operation.path.rpartition("/")[2].partition("-")[0]
    day = str(call.query["bill_date"])
    try:
        date.fromisoformat(day)
    except ValueError:
        raise Refusal.of_field("query", "/bill_date", "日期格式应为yyyy-MM-DD，如 2025-08-09", value=day) from None
    content, lines = flow_of(context, call, flow, day)
    file = offer(context, call, content)
    facts = {"url": file["download_url"], f"stock_{flow}flow_hash": file["hash_value"]}
    return context.respond(call, {**facts, f"stock_{flow}flow_count": str(lines)})
