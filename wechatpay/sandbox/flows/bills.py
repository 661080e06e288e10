"""The bills of a day: trades, refunds and the flow of funds, to the fen; with their files."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import secrets
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wechatpay.sandbox.account import OAEP
from wechatpay.sandbox.apiv2 import refusal_xml
from wechatpay.sandbox.flows import orders, refunds
from wechatpay.sandbox.flows.orders_v2 import moment
from wechatpay.sandbox.http import Refusal, Reply
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["fund_flow", "routes", "trades"]

routes = Routes()

FILE = "bill file"
FEN = Decimal("0.01")

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
KINDS = {"SUCCESS": ("pay",), "REFUND": ("refund", "reverse")}


def yuan(fen: int) -> str:
    """Return an amount as bills write it."""
    return str((Decimal(fen) / 100).quantize(FEN))


def moves(context: SandboxContext, day: str) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]]:
    """Return the moves of a day, each with its order, and with its refund if it is one."""
    found = []
    for move in context.store.all(orders.MOVE, day):
        order = orders.ORDERS.entry(context, move["order"])
        refund = refunds.REFUNDS.entry(context, move["refund"]) if "refund" in move else None
        found.append((move, order, refund))
    return found


def csv(head: str, rows: Iterable[Iterable[str]], summary: str, totals: Iterable[str]) -> bytes:
    """Return a bill: byte order mark, a back quote before every value, CRLF, the totals at the end."""
    lines = [head]
    lines += [",".join("`" + value.replace(",", " ").replace("\n", " ") for value in row) for row in rows]
    lines += [summary, ",".join("`" + value for value in totals)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def trades(context: SandboxContext, day: str, kind: str = "ALL") -> bytes | None:
    """Return the trade bill of a day (``ALL``, ``SUCCESS`` or ``REFUND``); None if nothing happened."""
    wanted = KINDS.get(kind, ("pay", "refund", "reverse"))
    rows, paid, back, fees = [], 0, 0, 0
    for move, order, refund in moves(context, day):
        if move["kind"] not in wanted:
            continue
        returned = move["kind"] != "pay"
        fee = -move["fee"] if returned else move["fee"]
        paid += 0 if returned else move["amount"]
        back += move["amount"] if returned else 0
        fees += fee
        rows.append(trade(context, move, order, refund, fee))
    if not rows:
        return None
    left_out = LEFT_OUT.get(kind, TIMES)
    keep = [index for index, name in enumerate(COLUMNS) if name not in left_out]
    totals = (str(len(rows)), yuan(paid), yuan(back), "0.00", yuan(fees), yuan(paid), yuan(back))
    head = ",".join(COLUMNS[index] for index in keep)
    return csv(head, ([row[index] for index in keep] for row in rows), TRADE_SUMMARY, totals)


def trade(
    context: SandboxContext, move: dict[str, Any], order: dict[str, Any], refund: dict[str, Any] | None, fee: int
) -> list[str]:
    """Return one row of a trade bill."""
    parties, sent = order["parties"], order["sent"]
    returned = move["kind"] != "pay"
    amount = yuan(move["amount"])
    return [
        moment(move["time"]),
        str(parties.get("appid") or parties.get("sp_appid") or context.account.appid),
        context.account.mchid,
        str(parties.get("sub_mchid") or parties.get("sub_mch_id") or ""),
        str(sent.get("device_info") or ""),
        order["transaction_id"],
        order["out_trade_no"],
        order["openid"],
        order["trade_type"],
        "REVOKED" if move["kind"] == "reverse" else "REFUND" if returned else "SUCCESS",
        "OTHERS",
        order["currency"],
        "0.00" if returned else amount,
        "0.00",
        moment(refund["create_time"]) if refund else "",
        moment(move["time"]) if returned else "",
        refund["refund_id"] if refund else "0",
        refund["out_refund_no"] if refund else "0",
        amount if returned else "0.00",
        "0.00",
        "ORIGINAL" if returned else "",
        "SUCCESS" if returned else "",
        str(sent.get("description") or sent.get("body") or ""),
        str(sent.get("attach") or ""),
        f"{Decimal(fee) / 100:.5f}",
        f"{orders.RATE * 100:.2f}%",
        "0.00" if returned else amount,
        amount if returned else "0.00",
        "",
    ]


def fund_flow(context: SandboxContext, day: str) -> bytes | None:
    """The fund flow bill of a day: what came in, what went out, the commission of each; None if nothing happened."""
    rows: list[list[str]] = []
    balance = income = outgo = incomes = outgoes = 0
    for move, order, refund in moves(context, day):
        returned = move["kind"] != "pay"
        voucher = refund["out_refund_no"] if refund else order["out_trade_no"]
        number = refund["refund_id"] if refund else order["transaction_id"]
        amount, fee = move["amount"], move["fee"]
        entries = [("退款" if returned else "交易", -amount if returned else amount)]
        if fee:
            entries.append(("扣除交易手续费", fee if returned else -fee))
        for index, (name, change) in enumerate(entries):
            balance += change
            if change > 0:
                income, incomes = income + change, incomes + 1
            else:
                outgo, outgoes = outgo - change, outgoes + 1
            rows.append(
                [
                    moment(move["time"]),
                    number,
                    f"{number}{index}",
                    name,
                    name,
                    "收入" if change > 0 else "支出",
                    yuan(abs(change)),
                    yuan(balance),
                    "API",
                    f"结算总金额 {yuan(amount)} 元;含手续费 {yuan(fee)} 元",
                    voucher,
                ]
            )
    if not rows:
        return None
    totals = (str(len(rows)), str(incomes), yuan(income), str(outgoes), yuan(outgo))
    return csv(FUNDS, rows, FUNDS_SUMMARY, totals)


def day_of(context: SandboxContext, text: str) -> str:
    """Return a bill's day; one to come, or no day at all, is refused."""
    try:
        wanted = date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}" if text.isdigit() else text)
    except ValueError:
        raise Refusal.of_field("query", "/bill_date", "a day is expected: 2019-06-11", value=text) from None
    if wanted > context.now().date():
        raise Refusal(400, "INVALID_REQUEST", f"{wanted} is not over yet")
    return wanted.isoformat()


def no_bill(day: str) -> Refusal:
    """There is nothing to tell of this day."""
    return Refusal(400, "NO_STATEMENT_EXIST", f"nothing happened on {day}, so it has no bill")


def keep(context: SandboxContext, call: ReceivedCall, content: bytes, gzipped: bool) -> dict[str, Any]:
    """Store a file for download: where it is, and the SHA-1 of what is in it uncompressed."""
    token = secrets.token_urlsafe(24)
    stored = gzip.compress(content, mtime=0) if gzipped else content
    context.store.put(FILE, token, {"gzip": gzipped}, content=stored)
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(content).hexdigest(),  # noqa: S324 (the platform's)
        "download_url": f"{call.request.origin or context.base_url}v3/billdownload/file?token={token}"
        + ("&tartype=gzip" if gzipped else ""),
    }


def bill(context: SandboxContext, call: ReceivedCall, content: bytes | None, day: str) -> dict[str, Any]:
    """Return the answer that leads to a bill."""
    if content is None:
        raise no_bill(day)
    return context.respond(call, keep(context, call, content, call.query.get("tar_type") == "GZIP"))


@routes.on("GET v3/bill/tradebill")
def trade_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for a trade bill."""
    day = day_of(context, str(call.query["bill_date"]))
    return bill(context, call, trades(context, day, str(call.query.get("bill_type") or "ALL")), day)


@routes.on("GET v3/bill/fundflowbill")
def fund_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for a fund flow bill."""
    day = day_of(context, str(call.query["bill_date"]))
    return bill(context, call, fund_flow(context, day), day)


@routes.on("GET v3/bill/sub-merchant-fundflowbill", "GET v3/ecommerce/bill/fundflowbill")
def encrypted_fund_bill(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask for an encrypted fund flow bill: one part, AES-256-GCM, its key encrypted for the merchant certificate."""
    if call.query["algorithm"] != "AEAD_AES_256_GCM":
        raise Refusal.of_field("query", "/algorithm", "the sandbox encrypts bills with AEAD_AES_256_GCM")
    day = day_of(context, str(call.query["bill_date"]))
    content = fund_flow(context, day)
    if content is None:
        raise no_bill(day)
    plain = gzip.compress(content, mtime=0) if call.query.get("tar_type") == "GZIP" else content
    key, nonce = secrets.token_bytes(32), secrets.token_hex(8)
    sealed = context.account.key.public_key().encrypt(key, OAEP)
    part = keep(context, call, AESGCM(key).encrypt(nonce.encode(), plain, None), gzipped=False)
    part["hash_value"] = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's; of the bill itself)
    part |= {"bill_sequence": 1, "encrypt_key": base64.b64encode(sealed).decode(), "nonce": nonce}
    answer = context.respond(call, {"download_bill_count": 1, "download_bill_list": []})
    return {**answer, "download_bill_list": [part]}


@routes.on("GET v3/billdownload/file")
def download(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the file behind a link."""
    token = str(call.query["token"])
    content = context.store.content(FILE, token)
    if content is None:
        content = f"sandbox file {token}\n".encode()  # behind the links of made-up answers
    return Reply(body=content, content_type="application/octet-stream", signed=False)


@routes.on("GET v3/statements", "GET v3/global/statements")
def statement(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return a statement abroad: its SHA-1 stands in a header, and that is what is signed."""
    text = str(call.query["date"])
    content = trades(context, day_of(context, text)) or csv(TRADE, [], TRADE_SUMMARY, ("0", *["0.00"] * 6))
    digest = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's)
    covered = json.dumps({"sha1": digest}, separators=(",", ":")).encode()
    headers: tuple[tuple[str, str], ...] = (("Wechatpay-Statement-Sha1", digest),)
    if "gzip" in (call.request.header("accept-encoding") or ""):
        content = gzip.compress(content, mtime=0)
        headers = (*headers, ("Content-Encoding", "gzip"))
    return Reply(body=content, content_type="text/csv", headers=headers, signature_covers=covered)


@routes.on("POST v2/pay/downloadbill")
def trade_bill_v2(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the trade bill itself, v2."""
    day = day_of(context, str(call.body["bill_date"]))
    return file_v2(call, trades(context, day, str(call.body.get("bill_type") or "ALL")))


@routes.on("POST v2/pay/downloadfundflow")
def fund_bill_v2(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the fund flow bill itself, v2."""
    day = day_of(context, str(call.body["bill_date"]))
    return file_v2(call, fund_flow(context, day), digest=True)


def file_v2(call: ReceivedCall, content: bytes | None, *, digest: bool = False) -> Reply:
    """Return the file as an answer of v2, of fund flows with the SHA-1 of the bill in a header."""
    if content is None:
        return refusal_xml(Refusal(200, "20002", "No Bill Exist"), error_code="20002")
    sha1 = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's)
    headers = (("Digest", f"SHA={sha1}"),) if digest else ()
    if call.body.get("tar_type") == "GZIP":
        packed = gzip.compress(content, mtime=0)
        return Reply(body=packed, content_type="application/x-gzip", headers=headers, signed=False)
    return Reply(body=content, content_type="text/plain; charset=utf-8", headers=headers, signed=False)
