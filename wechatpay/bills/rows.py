"""The rows and sums of bills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

__all__ = [
    "FundFlowRow",
    "FundFlowSummary",
    "OtherRow",
    "OtherSummary",
    "RefundRow",
    "Row",
    "Summary",
    "TradeRow",
    "TradeSummary",
]


@safe_repr
@frozen
class TradeRow:
    """
    A row of a trade bill: a payment, a refund, or a reversal. Empty values are None.

    Attributes:
        time: 交易时间.
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
    A row of a refund bill: a row of a trade bill with two more times.

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
    A row of a fund-flow bill. Empty values are None.

    Attributes:
        time: 记账时间.
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
    A row of a bill with unknown columns.

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
    The sums of a bill with unknown columns.

    Attributes:
        others: All sums, as text.
    """

    others: Mapping[str, str] = field(factory=dict)


Row = TradeRow | RefundRow | FundFlowRow | OtherRow
Summary = TradeSummary | FundFlowSummary | OtherSummary
