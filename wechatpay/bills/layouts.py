"""The columns of each kind of bill, and how their values are converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from chainable.masking import safe_repr
from chainable.times import BEIJING
from wechatpay.bills.rows import (
    FundFlowRow,
    FundFlowSummary,
    OtherRow,
    OtherSummary,
    RefundRow,
    TradeRow,
    TradeSummary,
)

__all__ = ["Converter", "Layout", "layout_of"]

_MOST_DIGITS = 30

Converter = Callable[[str], Any]


def _time(text: str) -> datetime:
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
    "交易时间": ("time", _time),
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
    "退款申请时间": ("refund_requested_at", _time),
    "退款成功时间": ("refund_succeeded_at", _time),
}
_FUND_FLOW: dict[str, tuple[str, Converter]] = {
    "记账时间": ("time", _time),
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


@safe_repr
@frozen
class Layout:
    """
    How the lines of one kind of bill are read.

    Attributes:
        kind: The name of the kind.
        row: The class of its rows.
        columns: The attribute and the converter of each column.
        summary: The class of its sums.
        sums: The attribute and the converter of each sum.
    """

    kind: str
    row: type[Any]
    columns: Mapping[str, tuple[str, Converter]]
    summary: type[Any]
    sums: Mapping[str, tuple[str, Converter]]


_OTHER = Layout("other", OtherRow, {}, OtherSummary, {})
_REFUNDS = Layout("refund", RefundRow, _REFUND, TradeSummary, _TRADE_SUMS)
_TRADES = Layout("trade", TradeRow, _TRADE, TradeSummary, _TRADE_SUMS)
_FUND_FLOWS = Layout("fund_flow", FundFlowRow, _FUND_FLOW, FundFlowSummary, _FUND_FLOW_SUMS)


def layout_of(columns: Sequence[str]) -> Layout:
    """Return the layout of a bill with these columns."""
    known = set(columns)
    if "记账时间" in known:
        return _FUND_FLOWS
    if "交易时间" in known and "微信订单号" in known:
        return _REFUNDS if {"退款申请时间", "退款成功时间"} & known else _TRADES
    return _OTHER
