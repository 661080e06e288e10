"""The kinds of bills, recognised by their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen

from chainable.masking import safe_repr
from wechatpay.bills.columns import columns_of
from wechatpay.bills.rows import (
    FundFlowRow,
    FundFlowSummary,
    OtherRow,
    OtherSummary,
    RefundRow,
    TradeRow,
    TradeSummary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wechatpay.bills.columns import Column

__all__ = ["Layout", "layout_of"]


@safe_repr
@frozen
class Layout:
    """How the lines of one kind of bill are read: the classes of its rows and sums, and their columns."""

    kind: str
    row: type[Any]
    summary: type[Any]
    columns: Mapping[str, Column] = field(
        init=False, default=Factory(lambda self: columns_of(self.row), takes_self=True)
    )
    sums: Mapping[str, Column] = field(
        init=False, default=Factory(lambda self: columns_of(self.summary), takes_self=True)
    )


_OTHER = Layout("other", OtherRow, OtherSummary)
_REFUNDS = Layout("refund", RefundRow, TradeSummary)
_TRADES = Layout("trade", TradeRow, TradeSummary)
_FUND_FLOWS = Layout("fund_flow", FundFlowRow, FundFlowSummary)


def layout_of(columns: Sequence[str]) -> Layout:
    """Return the layout of a bill with these columns."""
    known = set(columns)
    if "记账时间" in known:
        return _FUND_FLOWS
    if "交易时间" in known and "微信订单号" in known:
        return _REFUNDS if {"退款申请时间", "退款成功时间"} & known else _TRADES
    return _OTHER
