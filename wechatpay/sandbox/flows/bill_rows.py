"""The text of bills: trades and the flow of funds, to the fen."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows import accounts, frozen_money, orders, promotions, refunds, trades
from wechatpay.sandbox.flows.accounts import ACCOUNTS, yuan
from wechatpay.sandbox.flows.orders_v2 import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.flows.accounts import AccountType

__all__ = ["KINDS", "NO_TRADES", "fund_flow", "trade_bill"]

# The lines that a bill has before its rows and before its totals.
TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,"
    "退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
COLUMNS = TRADE.split(",")
TRADE_SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUNDS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUNDS_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
TIMES = frozenset({"退款申请时间", "退款成功时间"})
LEFT_OUT: dict[str, frozenset[str]] = {
    "SUCCESS": frozenset(COLUMNS[14:22]) | {"申请退款金额"},
    "REFUND": frozenset(),
}
"""Columns that the bill of a kind does not have; the bill of all kinds has no times of refunds."""
PAYMENTS, RETURNS = ("pay",), ("refund", "reverse")
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ALL": ("ALL", PAYMENTS + RETURNS),
    "SUCCESS": ("SUCCESS", PAYMENTS),
    "REFUND": ("REFUND", RETURNS),
    "RECHARGE_REFUND": ("REFUND", ()),
    "ALL_SPECIAL": ("ALL", PAYMENTS + RETURNS),
    "SUC_SPECIAL": ("SUCCESS", PAYMENTS),
    "REF_SPECIAL": ("REFUND", RETURNS),
}
"""The columns of a bill_type, and what stands in it."""
ESCAPED = str.maketrans({"\x01": " ", "\r": "\\r", "\n": "\\n", ",": "\\ "})
UNSAFE = re.compile("[\x01\r\n,]")
"""Characters of merchants that would break the lines: https://pay.weixin.qq.com/doc/v3/merchant/4013071246."""


def csv(head: str, rows: Iterable[Iterable[str]], summary: str, totals: Callable[[], Iterable[str]]) -> bytes | None:
    """Return a bill: byte order mark, a back quote before every value, CRLF, the totals at the end; None without rows."""
    bill = BytesIO()  # written line by line: text of 50,000 rows would stop everybody while it is put together
    bill.write(f"\ufeff{head}\r\n".encode())
    empty = bill.tell()
    for row in rows:
        text = "\0".join(row)
        text = text.translate(ESCAPED) if UNSAFE.search(text) else text
        bill.write(f"`{text}\r\n".replace("\0", ",`").encode())
    if bill.tell() == empty:
        return None
    bill.write(f"{summary}\r\n{','.join('`' + each for each in totals())}\r\n".encode())
    return bill.getvalue()


NO_TRADES = ("\ufeff" + "\r\n".join([TRADE, TRADE_SUMMARY, ",".join(["`0", *["`0.00"] * 6])]) + "\r\n").encode()
"""A statement abroad of a day without trade."""


def trade_bill(context: SandboxContext, day: str, kind: str = "ALL", owner: str = "") -> bytes | None:
    """
    Return the trade bill of a day; None if nothing happened.

    Args:
        context: The sandbox.
        day: ``yyyy-mm-dd``.
        kind: One of :data:`KINDS`.
        owner: The sub-merchant whose trades are meant; empty: all.
    """
    columns, wanted = KINDS[kind]
    left_out = LEFT_OUT.get(columns, TIMES)
    keep = [index for index, name in enumerate(COLUMNS) if name not in left_out]
    sums = dict.fromkeys(("count", "paid", "back", "cash", "fees", "ordered", "applied"), 0)

    def rows() -> Iterator[list[str]]:
        for move in moves(context, day, wanted):
            order, amount = move["order"], move["amount"]
            if owner and frozen_money.of_order(context, order) != owner:
                continue
            returned = move["kind"] != "pay"
            sums["count"] += 1
            sums["back" if returned else "paid"] += amount
            sums["applied" if returned else "ordered"] += move["whole"]
            sums["cash"] += move["cash"]
            sums["fees"] += -move["fee"] if returned else move["fee"]
            row = trade(context, move, order, returned=returned)
            yield [row[index] for index in keep]

    def totals() -> Iterable[str]:
        paid, back, cash, ordered, applied = (
            yuan(sums[name]) for name in ("paid", "back", "cash", "ordered", "applied")
        )
        return (str(sums["count"]), paid, back, cash, five(sums["fees"]), ordered, applied)

    return csv(",".join(COLUMNS[index] for index in keep), rows(), TRADE_SUMMARY, totals)


def moves(context: SandboxContext, day: str, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Return the rows of a day's trade bill, each with its order, its refund if it is one, amounts and time."""
    for number, move in context.store.read(trades.MOVE, day):
        if move["kind"] not in wanted:
            continue
        refund = refunds.REFUNDS.entry(context, move["refund"]) if "refund" in move else None
        order = orders.ORDERS.entry(context, refund["out_trade_no"] if refund else move.get("order", number))
        amount = refund["settlement_refund"] if refund else promotions.settled(order)
        whole = refund["amount"] if refund else order["total"]
        cash = refund["discount_refund"] - (whole - amount) if refund else 0
        time = refund["create_time"] if refund else move.get("time", order["success_time"])
        yield {**move, "order": order, "refund": refund, "amount": amount, "whole": whole, "cash": cash, "time": time}


def trade(context: SandboxContext, move: dict[str, Any], order: dict[str, Any], *, returned: bool) -> list[str]:
    """Return one row of a trade bill."""
    parties, sent, refund = order["parties"], order["sent"], move["refund"]
    amount, whole = yuan(move["amount"]), yuan(move["whole"])
    return [
        moment(move["time"]),
        str(parties.get("appid") or parties.get("sp_appid") or context.account.appid),
        context.account.mchid,
        str(parties.get("sub_mchid") or parties.get("sub_mch_id") or "0"),
        str(sent.get("device_info") or ""),
        order["transaction_id"],
        order["out_trade_no"],
        order["openid"],
        order["trade_type"],
        "REVOKED" if move["kind"] == "reverse" else "REFUND" if returned else "SUCCESS",
        "OTHERS",
        order["currency"],
        "0.00" if returned else amount,
        "0.00" if returned else yuan(move["whole"] - move["amount"]),
        moment(move["time"]) if returned else "",
        moment(move["ended"] if refund else move["time"]) if returned else "",
        refund["refund_id"] if refund else "0",
        refund["out_refund_no"] if refund else "0",
        amount if returned else "0.00",
        yuan(move["cash"]),
        "ORIGINAL" if returned else "",
        move.get("status", "SUCCESS") if returned else "",
        str(sent.get("description") or sent.get("body") or ""),
        str(sent.get("attach") or ""),
        five(-move["fee"] if returned else move["fee"]),
        f"{orders.RATE * 100:.2f}%",
        "0.00" if returned else whole,
        whole if returned else "0.00",
        "",
    ]


def five(fen: int) -> str:
    """Return a commission as bills write it: yuan with five decimals."""
    return f"{yuan(fen)}000"


def fund_flow(context: SandboxContext, day: str, kind: str = "BASIC", owner: str = "") -> bytes | None:
    """
    Return the fund flow bill of an account and a day; None if nothing moved.

    Args:
        context: The sandbox.
        day: ``yyyy-mm-dd``.
        kind: The account, ``ALL``: the basic accounts of all sub-merchants; one that has no money has no bill.
        owner: The sub-merchant that it belongs to; empty: the merchant itself.
    """
    counts, sums = {"收入": 0, "支出": 0}, {"收入": 0, "支出": 0}

    def rows() -> Iterator[list[str]]:
        for entry in flows(context, day, kind, owner):
            amount = entry["amount"]
            direction = "收入" if amount > 0 else "支出"
            counts[direction] += 1
            sums[direction] += abs(amount)
            middle = [direction, yuan(abs(amount)), yuan(entry["balance"])]
            numbers = [entry["number"], entry["flow"], entry["name"], entry["kind"]]
            yield [moment(entry["time"]), *numbers, *middle, entry["by"], entry["note"], entry["voucher"]]

    def totals() -> Iterable[str]:
        income, outgo = ((str(counts[each]), yuan(sums[each])) for each in counts)
        return (str(sum(counts.values())), *income, *outgo)

    return csv(FUNDS, rows(), FUNDS_SUMMARY, totals)


def flows(context: SandboxContext, day: str, kind: str, owner: str) -> Iterator[dict[str, Any]]:
    """Return the entries of a fund flow bill."""
    account: AccountType | None = next((each for each in ACCOUNTS if each == kind), None)
    if kind == "ALL":
        for each in accounts.owners(context, day):
            yield from accounts.entries(context, day, "BASIC", each)
    elif account is not None:
        yield from accounts.entries(context, day, account, owner)
