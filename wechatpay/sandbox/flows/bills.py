"""The bills of a day: applied for and downloaded, v3 and v2."""

from __future__ import annotations

import gzip
import hashlib
import json
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.apiv2 import refusal_xml
from wechatpay.sandbox.flows import bill_files
from wechatpay.sandbox.flows.accounts import ACCOUNTS
from wechatpay.sandbox.flows.balances import calendar_day
from wechatpay.sandbox.flows.bill_files import Bill
from wechatpay.sandbox.flows.bill_rows import KINDS, NO_TRADES
from wechatpay.sandbox.http import Refusal, Reply
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["fund_flow", "routes", "trades"]

routes = Routes()

READY = 9
"""The hour at which the bills of the day before are made: https://pay.weixin.qq.com/doc/v3/merchant/4013071254."""
MONTHS = 3


def trades(context: SandboxContext, day: str) -> bytes | None:
    """Return the trade bill of a day, of this one too."""
    return Bill("trade", day, "ALL").content(context)


def fund_flow(context: SandboxContext, day: str) -> bytes | None:
    """Return the fund flow bill of a day's basic account, of this one too."""
    return Bill("funds", day, "BASIC").content(context)


def over(context: SandboxContext, text: str) -> str:
    """Return the day of a bill, ``yyyy-mm-dd``; one without a bill, yet or any more, is refused."""
    wanted, now = calendar_day(text, "/bill_date"), context.now()
    year, month = divmod(now.year * 12 + now.month - 1 - MONTHS, 12)
    oldest = date(year, month + 1, min(now.day, monthrange(year, month + 1)[1]))
    if wanted >= now.date():
        raise Refusal(400, "INVALID_REQUEST", f"参数错误，请检查 bill_date: {wanted} 的账单在次日 {READY} 点后生成")
    if wanted < oldest:
        raise Refusal(
            400, "INVALID_REQUEST", f"参数错误，请检查 bill_date: 仅支持三个月内的账单下载申请，{wanted} 过早"
        )
    if wanted == now.date() - timedelta(days=1) and now.hour < READY:
        raise Refusal(400, "STATEMENT_CREATING", "账单生成中")
    return wanted.isoformat()


def one_of(call: ReceivedCall, name: str, default: str, values: Iterable[str]) -> str:
    """Return a parameter of a request; another value than these is refused."""
    value = str(call.get(name) or default)
    if value not in values:
        raise Refusal.of_field("query", f"/{name}", f"可选值: {'、'.join(values)}", value=value)
    return value


def written(context: SandboxContext, bill: Bill) -> bytes:
    """Return the text of a bill; one that is empty is refused."""
    content = bill.content(context)
    if content is None:
        raise Refusal(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
    return content


def applied(context: SandboxContext, call: ReceivedCall, what: str, kind: str) -> dict[str, Any]:
    """Return the answer that leads to a bill."""
    bill = Bill(what, over(context, str(call.query["bill_date"])), kind, str(call.query.get("sub_mchid") or ""))
    one_of(call, "tar_type", "GZIP", ("GZIP",))
    content = written(context, bill)
    return context.respond(call, bill_files.offer(context, call, content, bill.id(context)))


@routes.on("GET v3/bill/tradebill", apart=True)
def trade_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for a trade bill."""
    return applied(context, call, "trade", one_of(call, "bill_type", "ALL", KINDS))


@routes.on("GET v3/bill/fundflowbill", apart=True)
def fund_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for a fund flow bill."""
    return applied(context, call, "funds", one_of(call, "account_type", "BASIC", ACCOUNTS))


@routes.on("GET v3/bill/sub-merchant-fundflowbill", "GET v3/ecommerce/bill/fundflowbill", apart=True)
def encrypted_fund_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for the encrypted fund flow bill of a sub-merchant, or of all."""
    one_of(call, "algorithm", "", ("AEAD_AES_256_GCM",))
    owner = str(call.query.get("sub_mchid") or "")
    kind = one_of(call, "account_type", "ALL", (*ACCOUNTS, "DEPOSIT") if owner else ("ALL",))
    bill = Bill("funds", over(context, str(call.query["bill_date"])), kind, owner)
    part = bill_files.sealed(context, call, written(context, bill), bill.id(context))
    answer = context.respond(call, {"download_bill_count": 1, "download_bill_list": []})
    return {**answer, "download_bill_list": [part]}


@routes.on("GET v3/billdownload/file", apart=True)
def download(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the file behind a link."""
    return bill_files.behind(context, str(call.query["token"]))


@routes.on("GET v3/statements", "GET v3/global/statements", apart=True)
def statement(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return a statement abroad: its SHA-1 stands in a header, and that is what is signed."""
    content = trades(context, calendar_day(dashed(call, "date"), "/date").isoformat()) or NO_TRADES
    digest = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's)
    covered = json.dumps({"sha1": digest}, separators=(",", ":")).encode()
    headers: tuple[tuple[str, str], ...] = (("Wechatpay-Statement-Sha1", digest),)
    if "gzip" in (call.request.header("accept-encoding") or ""):
        content = gzip.compress(content, mtime=0)
        headers = (*headers, ("Content-Encoding", "gzip"))
    return Reply(body=content, content_type="text/csv", headers=headers, signature_covers=covered)


# v2


def dashed(call: ReceivedCall, name: str) -> str:
    """Return a day that is written without dashes, ``yyyymmdd``, with them."""
    text = str(call[name])
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


@routes.on("POST v2/pay/downloadbill", apart=True)
def trade_bill_v2(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the trade bill itself, v2."""
    owner = str(call.body.get("sub_mch_id") or "")
    try:
        kind = one_of(call, "bill_type", "ALL", KINDS)
        content = written(context, Bill("trade", over(context, dashed(call, "bill_date")), kind, owner))
    except Refusal as refusal:
        code, message = TRADES_V2[refusal.code]
        return refusal_xml(Refusal(200, code, message), error_code=code)
    return file_v2(call, content)


@routes.on("POST v2/pay/downloadfundflow", apart=True)
def fund_bill_v2(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the fund flow bill itself, v2, with its SHA-1 in a header."""
    try:
        kind = one_of(call, "account_type", "Basic", [each.capitalize() for each in ACCOUNTS])
        content = written(context, Bill("funds", over(context, dashed(call, "bill_date")), kind.upper()))
    except Refusal as refusal:
        raise Refusal(200, *FUNDS_V2[refusal.code]) from None
    sha1 = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's)
    return file_v2(call, content, ("Digest", f"SHA={sha1}"))


TRADES_V2 = {
    "NO_STATEMENT_EXIST": ("20002", "No Bill Exist"),
    "INVALID_REQUEST": ("20002", "No Bill Exist"),
    "STATEMENT_CREATING": ("20003", "Bill Creating"),
    "PARAM_ERROR": ("20001", "invalid parameter"),
}
"""The codes of v3, and error_code and return_msg of v2: https://pay.weixin.qq.com/doc/v2/merchant/4011985040."""
FUNDS_V2 = {
    "NO_STATEMENT_EXIST": ("NO_BILL_EXIST", "账单不存在"),
    "INVALID_REQUEST": ("PARAM_ERROR", "参数错误"),
    "STATEMENT_CREATING": ("BILL_CREATING", "账单未生成"),
    "PARAM_ERROR": ("PARAM_ERROR", "不支持的流水类型"),
}
"""The same, err_code and err_code_des."""


def file_v2(call: ReceivedCall, content: bytes, *headers: tuple[str, str]) -> Reply:
    """Return a file as an answer of v2."""
    if call.body.get("tar_type") == "GZIP":
        packed = gzip.compress(content, mtime=0)
        return Reply(body=packed, content_type="application/x-gzip", headers=headers, signed=False)
    return Reply(body=content, content_type="text/plain; charset=utf-8", headers=headers, signed=False)
