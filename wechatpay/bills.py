"""
Bills, read row by row: trades, refunds, flows of funds.

A bill is text in columns. Each value has a backquote in front, so that
spreadsheets leave long numbers alone; two lines with the sums end it. Amounts
are yuan, times are those of Beijing.

::

    bill = wechatpay.bills.read('2026-01-01.csv')
    for row in bill:
        print(row.out_trade_no, row.total)
    print(bill.summary.orders)

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071238 (trades),
https://pay.weixin.qq.com/doc/v3/merchant/4012071250 (funds)
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any, cast

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.masking import safe_repr, shown
from chainable.options import whole
from chainable.times import BEIJING

__all__ = [
    "Bill",
    "FundFlowRow",
    "FundFlowSummary",
    "OtherRow",
    "OtherSummary",
    "RefundRow",
    "Row",
    "Summary",
    "TradeRow",
    "TradeSummary",
    "read",
]

_LONGEST_LINE = 1 << 20
_GZIP = b"\x1f\x8b"
_MAX_SIZE = 2 * 1024**3
_MOST_DIGITS = 30
_WORDS = ("时间", "金额", "单号", "商户", "订单", "类型", "日期")
"""Words of headers: a line read in the wrong encoding has none of them."""
_NO_BILL = {
    b"{": "JSON, an answer of APIv3 and not a bill",
    b"<": "XML or HTML, an error and not a bill",
    b"PK": "a ZIP archive: unpack it first",
    b"%PDF": "a PDF and not a bill",
}


@safe_repr
@frozen
class TradeRow:
    """
    A line of a trade bill: a payment, a refund, or a reversal. Values that are empty are None.

    Attributes:
        time: When it happened (交易时间).
        appid: 公众账号ID.
        mchid: 商户号.
        sub_mchid: 特约商户号.
        device_info: 设备号.
        transaction_id: 微信订单号.
        out_trade_no: 商户订单号.
        openid: 用户标识.
        trade_type: 交易类型.
        trade_state: 交易状态.
        bank_type: 付款银行.
        currency: 货币种类.
        settlement_total: 应结订单金额, yuan.
        coupon_amount: 代金券金额, yuan.
        refund_id: 微信退款单号.
        out_refund_no: 商户退款单号.
        refund_amount: 退款金额, yuan.
        coupon_refund_amount: 充值券退款金额, yuan.
        refund_type: 退款类型.
        refund_status: 退款状态.
        goods: 商品名称.
        attach: 商户数据包.
        fee: 手续费, yuan.
        rate: 费率, as a fraction: 0.0060 for 0.60%.
        total: 订单金额, yuan.
        refund_requested: 申请退款金额, yuan.
        rate_remark: 费率备注.
        others: Columns of other names, as text.
    """

    time: datetime | None = None
    appid: str | None = None
    mchid: str | None = None
    sub_mchid: str | None = None
    device_info: str | None = None
    transaction_id: str | None = None
    out_trade_no: str | None = None
    openid: str | None = field(default=None, repr=False)
    trade_type: str | None = None
    trade_state: str | None = None
    bank_type: str | None = None
    currency: str | None = None
    settlement_total: Decimal | None = None
    coupon_amount: Decimal | None = None
    refund_id: str | None = None
    out_refund_no: str | None = None
    refund_amount: Decimal | None = None
    coupon_refund_amount: Decimal | None = None
    refund_type: str | None = None
    refund_status: str | None = None
    goods: str | None = None
    attach: str | None = None
    fee: Decimal | None = None
    rate: Decimal | None = None
    total: Decimal | None = None
    refund_requested: Decimal | None = None
    rate_remark: str | None = None
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class RefundRow(TradeRow):
    """
    A line of a refund bill: as of a trade bill, with two more times.

    Attributes:
        refund_requested_at: 退款申请时间.
        refund_succeeded_at: 退款成功时间.
    """

    refund_requested_at: datetime | None = None
    refund_succeeded_at: datetime | None = None


@safe_repr
@frozen
class FundFlowRow:
    """
    A line of a fund-flow bill. Values that are empty are None.

    Attributes:
        time: When it was booked (记账时间).
        business_no: 微信支付业务单号.
        flow_no: 资金流水单号.
        business_name: 业务名称.
        business_type: 业务类型.
        direction: 收支类型, ``收入`` or ``支出``.
        amount: 收支金额, yuan.
        balance: 账户结余, yuan.
        applicant: 资金变更提交申请人.
        remark: 备注.
        voucher_no: 业务凭证号.
        others: Columns of other names, as text.
    """

    time: datetime | None = None
    business_no: str | None = None
    flow_no: str | None = None
    business_name: str | None = None
    business_type: str | None = None
    direction: str | None = None
    amount: Decimal | None = None
    balance: Decimal | None = None
    applicant: str | None = None
    remark: str | None = None
    voucher_no: str | None = None
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class OtherRow:
    """
    A line of a bill whose columns are not known here.

    Attributes:
        others: All columns, as text.
    """

    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class TradeSummary:
    """
    The sums of a trade or refund bill.

    Attributes:
        orders: 总交易单数.
        settlement_total: 应结订单总金额, yuan.
        refund_amount: 退款总金额, yuan.
        coupon_refund_amount: 充值券退款总金额, yuan.
        fee: 手续费总金额, yuan.
        total: 订单总金额, yuan.
        refund_requested: 申请退款总金额, yuan.
        others: Sums of other names, as text.
    """

    orders: int | None = None
    settlement_total: Decimal | None = None
    refund_amount: Decimal | None = None
    coupon_refund_amount: Decimal | None = None
    fee: Decimal | None = None
    total: Decimal | None = None
    refund_requested: Decimal | None = None
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class FundFlowSummary:
    """
    The sums of a fund-flow bill.

    Attributes:
        flows: 资金流水总笔数.
        income_count: 收入笔数.
        income: 收入金额, yuan.
        expense_count: 支出笔数.
        expense: 支出金额, yuan.
        others: Sums of other names, as text.
    """

    flows: int | None = None
    income_count: int | None = None
    income: Decimal | None = None
    expense_count: int | None = None
    expense: Decimal | None = None
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class OtherSummary:
    """
    The sums of a bill whose columns are not known here.

    Attributes:
        others: All sums, as text.
    """

    others: Mapping[str, str] = field(factory=dict)


Row = TradeRow | RefundRow | FundFlowRow | OtherRow
Summary = TradeSummary | FundFlowSummary | OtherSummary
Converter = Callable[[str], Any]


def _moment(text: str) -> datetime:
    if len(text) != len("2026-01-01 10:00:00"):
        raise ValueError
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def _yuan(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:  # 1E999999999 would fill the memory
        raise ValueError
    return amount


def _count(text: str) -> int:
    number = _yuan(text)  # some bills write 20.0
    if number != int(number):
        raise ValueError
    return int(number)


def _rate(text: str) -> Decimal:
    return _yuan(text[:-1]).scaleb(-2) if text.endswith("%") else _yuan(text)


_TRADE: dict[str, tuple[str, Converter]] = {
    "交易时间": ("time", _moment),
    "公众账号ID": ("appid", str),
    "商户号": ("mchid", str),
    "特约商户号": ("sub_mchid", str),
    "子商户号": ("sub_mchid", str),
    "设备号": ("device_info", str),
    "微信订单号": ("transaction_id", str),
    "商户订单号": ("out_trade_no", str),
    "用户标识": ("openid", str),
    "交易类型": ("trade_type", str),
    "交易状态": ("trade_state", str),
    "付款银行": ("bank_type", str),
    "货币种类": ("currency", str),
    "应结订单金额": ("settlement_total", _yuan),
    "总金额": ("settlement_total", _yuan),
    "代金券金额": ("coupon_amount", _yuan),
    "代金券或立减优惠金额": ("coupon_amount", _yuan),
    "企业红包金额": ("coupon_amount", _yuan),
    "微信退款单号": ("refund_id", str),
    "商户退款单号": ("out_refund_no", str),
    "退款金额": ("refund_amount", _yuan),
    "充值券退款金额": ("coupon_refund_amount", _yuan),
    "代金券或立减优惠退款金额": ("coupon_refund_amount", _yuan),
    "企业红包退款金额": ("coupon_refund_amount", _yuan),
    "退款类型": ("refund_type", str),
    "退款状态": ("refund_status", str),
    "商品名称": ("goods", str),
    "商户数据包": ("attach", str),
    "手续费": ("fee", _yuan),
    "费率": ("rate", _rate),
    "订单金额": ("total", _yuan),
    "申请退款金额": ("refund_requested", _yuan),
    "费率备注": ("rate_remark", str),
}
_REFUND: dict[str, tuple[str, Converter]] = {
    **_TRADE,
    "退款申请时间": ("refund_requested_at", _moment),
    "退款成功时间": ("refund_succeeded_at", _moment),
}
_FUND_FLOW: dict[str, tuple[str, Converter]] = {
    "记账时间": ("time", _moment),
    "微信支付业务单号": ("business_no", str),
    "资金流水单号": ("flow_no", str),
    "业务名称": ("business_name", str),
    "业务类型": ("business_type", str),
    "收支类型": ("direction", str),
    "收支金额(元)": ("amount", _yuan),
    "账户结余(元)": ("balance", _yuan),
    "资金变更提交申请人": ("applicant", str),
    "备注": ("remark", str),
    "业务凭证号": ("voucher_no", str),
}
_TRADE_SUMS: dict[str, tuple[str, Converter]] = {
    "总交易单数": ("orders", _count),
    "应结订单总金额": ("settlement_total", _yuan),
    "总交易额": ("settlement_total", _yuan),
    "退款总金额": ("refund_amount", _yuan),
    "总退款金额": ("refund_amount", _yuan),
    "充值券退款总金额": ("coupon_refund_amount", _yuan),
    "总代金券或立减优惠退款金额": ("coupon_refund_amount", _yuan),
    "总企业红包退款金额": ("coupon_refund_amount", _yuan),
    "手续费总金额": ("fee", _yuan),
    "订单总金额": ("total", _yuan),
    "申请退款总金额": ("refund_requested", _yuan),
}
_FUND_FLOW_SUMS: dict[str, tuple[str, Converter]] = {
    "资金流水总笔数": ("flows", _count),
    "收入笔数": ("income_count", _count),
    "收入金额": ("income", _yuan),
    "支出笔数": ("expense_count", _count),
    "支出金额": ("expense", _yuan),
}


@frozen
class _Layout:
    """What the lines under one header are made into."""

    kind: str
    row: type[Any]
    columns: Mapping[str, tuple[str, Converter]]
    summary: type[Any]
    sums: Mapping[str, tuple[str, Converter]]


_OTHER = _Layout("other", OtherRow, {}, OtherSummary, {})
_REFUNDS = _Layout("refund", RefundRow, _REFUND, TradeSummary, _TRADE_SUMS)
_TRADES = _Layout("trade", TradeRow, _TRADE, TradeSummary, _TRADE_SUMS)
_FUND_FLOWS = _Layout("fund_flow", FundFlowRow, _FUND_FLOW, FundFlowSummary, _FUND_FLOW_SUMS)


def read(source: str | os.PathLike[str] | IO[bytes], *, encoding: str | None = None, max_size: int = _MAX_SIZE) -> Bill:
    """
    Read a bill.

    Args:
        source: A path, or a file open for reading bytes, which is read from
            where it stands and stays open. Gzip is unpacked.
        encoding: ``utf-8`` or ``gbk``; if not given it is told by the header
            line, and never guessed: the platform writes UTF-8, spreadsheets
            may have saved the bill again in GBK.
        max_size: Bytes that gzip may unpack to; 2 GiB if not given.

    Returns:
        An iterable of rows, with ``kind`` and ``summary``; a path can be
        iterated over again, and so can a file that can seek.

    Raises:
        CodecError: It is not a bill, its encoding is unclear, or it unpacks to
            more than *max_size*; also raised while the rows are read.
        ConfigurationError: *max_size* is not a whole number of bytes.
        OSError: The file cannot be opened.
        TypeError: *source* is of another type, or open as text.
    """
    if not isinstance(source, str | os.PathLike):
        if not hasattr(source, "read"):
            msg = f"read: a path or a file open for bytes was expected, not {type(source).__name__}"
            raise TypeError(msg)
        if isinstance(source, io.TextIOBase):
            msg = "read: the file is open as text; open it with 'rb', for its encoding is part of what is read"
            raise TypeError(msg)
    return Bill(source, encoding, whole("max_size", max_size, least=1))


@safe_repr
class Bill:
    """
    A bill, read lazily; made by :func:`read`.

    Attributes:
        kind: ``trade``, ``refund``, ``fund_flow``, or ``other`` for unknown columns.
        columns: The names in the header line.
    """

    kind: str
    columns: tuple[str, ...]

    def __init__(
        self, source: str | os.PathLike[str] | IO[bytes], encoding: str | None, max_size: int = _MAX_SIZE
    ) -> None:
        self._source = source
        self._encoding = encoding
        self._max_size = max_size
        self._start: int | None = None
        self._left: Iterator[tuple[int, str]] | None = None
        self._summary: Summary | None = None
        if isinstance(source, str | os.PathLike):
            with self._lines() as lines:
                self._read_header(lines)
        else:
            if _seekable(source):
                self._start = source.tell()
            self._left = _decoded(source, encoding, max_size)
            self._read_header(self._left)

    def _read_header(self, lines: Iterator[tuple[int, str]]) -> None:
        first = next(lines, None)
        if first is None:
            raise CodecError("the bill is empty: it has no header line")
        names = _cells(first[1])
        self.columns = tuple(name.replace("（", "(").replace("）", ")").strip() for name in names)
        self._layout = _layout(self.columns)
        self.kind = self._layout.kind

    def __repr__(self) -> str:
        return f"<Bill {self.kind}, {len(self.columns)} columns>"

    @contextmanager
    def _lines(self) -> Iterator[Iterator[tuple[int, str]]]:
        """Open the lines from the header on."""
        if isinstance(self._source, str | os.PathLike):
            with Path(self._source).open("rb") as file:
                yield _decoded(file, self._encoding, self._max_size)
        elif self._start is not None:
            self._source.seek(self._start)
            yield _decoded(self._source, self._encoding, self._max_size)
        else:
            msg = "this bill was read from a stream that cannot go back: it is iterated over once"
            raise RuntimeError(msg)

    def __iter__(self) -> Iterator[Row]:
        """
        Give the rows.

        Raises:
            CodecError: A line cannot be read; its number is given, its values are not.
            RuntimeError: The stream was read before and cannot go back.
        """
        if self._left is not None:
            left, self._left = self._left, None
            yield from self._rows(left)
            return
        with self._lines() as lines:
            next(lines)
            yield from self._rows(lines)

    def _rows(self, lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
        names, layout = self.columns, self._layout
        typed = [layout.columns.get(name) for name in names]
        for number, line in lines:
            if not line.startswith("`") and _is_summary(line):
                self._summary = self._sums(number, line, lines)
                return
            yield layout.row(**_values(names, typed, _cells(line), number))

    @property
    def summary(self) -> Summary | None:
        """
        The sums at the end; None if the bill has none.

        Raises:
            CodecError: They cannot be read.
            RuntimeError: The bill comes from a stream that cannot go back,
                and was not iterated over yet.
        """
        if self._summary is None:
            if self._left is not None and self._start is None:
                msg = "the sums stand at the end of this stream: iterate over its rows first"
                raise RuntimeError(msg)
            if self._start is None and not isinstance(self._source, str | os.PathLike):
                return None  # read to its end, and there were none
            here = None if self._start is None else cast("IO[bytes]", self._source).tell()
            with self._lines() as lines:
                next(lines)
                found = next(((number, line) for number, line in lines if line[0] != "`" and _is_summary(line)), None)
                self._summary = None if found is None else self._sums(*found, lines)
            if here is not None:
                cast("IO[bytes]", self._source).seek(here)
        return self._summary

    def _sums(self, number: int, line: str, lines: Iterator[tuple[int, str]]) -> Summary:
        names = _cells(line)
        _, values = next(lines, (number, ""))
        typed = [self._layout.sums.get(name) for name in names]
        made: Summary = self._layout.summary(**_values(names, typed, _cells(values), number + 1))
        return made


def _layout(columns: Sequence[str]) -> _Layout:
    known = set(columns)
    if "记账时间" in known:
        return _FUND_FLOWS
    if "交易时间" in known and "微信订单号" in known:
        return _REFUNDS if {"退款申请时间", "退款成功时间"} & known else _TRADES
    return _OTHER


def _is_summary(line: str) -> bool:
    """Tell the header of the sums from a row without backquotes."""
    first = line.split(",", 1)[0]
    return first.startswith("总") or "总笔数" in first or "总单数" in first


def _cells(line: str) -> list[str]:
    if line.startswith("`"):
        return [cell.strip() for cell in line[1:].split(",`")]
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error as error:  # a field without end; before Python 3.11 also a NUL
        msg = f"this is no bill: {error}"
        raise CodecError(msg) from None
    return [cell.strip().removeprefix("`") for cell in cells]


def _values(
    names: Sequence[str], typed: Sequence[tuple[str, Converter] | None], cells: Sequence[str], number: int
) -> dict[str, Any]:
    if len(cells) != len(names):
        msg = f"line {number}: {len(cells)} values under {len(names)} columns; is there a ',`' inside a value?"
        raise CodecError(msg)
    values: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, column, cell in zip(names, typed, cells, strict=True):
        if column is None:
            others[name] = cell
            continue
        attribute, convert = column
        try:
            values[attribute] = convert(cell) if cell else None
        except (ValueError, InvalidOperation):
            msg = f"line {number}: the value under {name} is not of the form this column has"
            raise CodecError(msg) from None
    if others:
        values["others"] = others
    return values


def _seekable(file: IO[bytes]) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable is not None and seekable())


def _decoded(file: IO[bytes], encoding: str | None, max_size: int) -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, with their numbers."""
    lines = _raw_lines(file, max_size)
    first = next(lines, b"")
    for start, what in _NO_BILL.items():
        if first.startswith(start):
            msg = f"this is {what}"
            raise CodecError(msg)
    name = _encoding_of(first, encoding)
    number = 0
    line = first.removeprefix(codecs.BOM_UTF8)
    while True:
        number += 1
        try:
            text = line.decode(name).strip("\r\n")
        except UnicodeDecodeError:
            msg = f"line {number} is no {name.upper()}: the bill was changed, or give encoding= as it was saved"
            raise CodecError(msg) from None
        if text.strip():
            yield number, text
        following = next(lines, None)
        if following is None:
            return
        line = following


def _raw_lines(file: IO[bytes], max_size: int) -> Iterator[bytes]:
    """Give the lines as bytes, out of gzip if that is what comes."""
    start = file.read(len(_GZIP))
    if start == _GZIP[:1]:  # a pipe gives less than it is asked for
        start += file.read(1)
    entire: Any = _Rejoined(start, file)
    if start == _GZIP:
        entire = gzip.GzipFile(fileobj=entire, mode="rb")
    buffered = io.BufferedReader(entire, 1 << 18)
    size = 0
    try:
        while line := buffered.readline(_LONGEST_LINE):
            size += len(line)
            if start == _GZIP and size > max_size:
                msg = f"the bill unpacks to more than max_size, {max_size} bytes: if you expect that, give a larger one"
                raise CodecError(msg)
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                raise CodecError("a line is longer than any of a bill (1 MiB)")
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise CodecError("the bill is packed with gzip, and damaged or truncated") from None


class _Rejoined(io.RawIOBase):
    """A file whose beginning was read already, whole again; closing it leaves the file open."""

    def __init__(self, start: bytes, file: IO[bytes]) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._start or self._file.read(len(buffer))
        if not isinstance(piece, bytes):
            raise TypeError("read: the file is open as text; open it with 'rb'")
        self._start = b""
        buffer[: len(piece)] = piece
        return len(piece)


def _encoding_of(header: bytes, given: str | None) -> str:
    if given is not None:
        try:
            name = codecs.lookup(given).name
        except LookupError:
            name = ""
        if name not in {"utf-8", "utf-8-sig", "gbk", "gb2312", "gb18030"}:
            msg = f"encoding: 'utf-8' or 'gbk' was expected, not {shown(given)}"
            raise CodecError(msg)
        return "utf-8" if name.startswith("utf-8") else "gb18030"
    if header.startswith(codecs.BOM_UTF8) or header.isascii():
        return "utf-8"
    readings = {name: text for name in ("utf-8", "gb18030") if (text := _tried(header, name)) is not None}
    known = [name for name, text in readings.items() if any(word in text for word in _WORDS)]
    if len(known) == 1:
        return known[0]
    if len(readings) == 1:
        return next(iter(readings))
    msg = "the encoding of this bill cannot be told from its header: give encoding='utf-8' or encoding='gbk'"
    raise CodecError(msg)


def _tried(octets: bytes, encoding: str) -> str | None:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError:
        return None
