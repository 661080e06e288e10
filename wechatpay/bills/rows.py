"""
The rows and sums of bills: each attribute with the columns that it is read from.

Empty values are None, and so is ``0`` in place of a number that a row does not have, such as that of a refund. Amounts are in yuan, times in Beijing's time zone; a rate is a fraction, 0.0060 for 0.60%.
``others`` has the columns of other names, as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from chainable.masking import safe_repr
from wechatpay.bills.columns import Number, count, moment, rate, yuan

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
    """A row of a trade bill: a payment, a refund, or a reversal."""

    time: datetime | None = field(default=None, metadata={"交易时间": moment})
    appid: str | None = field(default=None, metadata={"公众账号ID": str})
    mchid: str | None = field(default=None, metadata={"商户号": str})
    sub_mchid: str | None = field(default=None, metadata={"特约商户号": Number, "子商户号": Number})
    device_info: str | None = field(default=None, metadata={"设备号": str})
    transaction_id: str | None = field(default=None, metadata={"微信订单号": Number})
    out_trade_no: str | None = field(default=None, metadata={"商户订单号": str})
    openid: str | None = field(default=None, repr=False, metadata={"用户标识": str})
    trade_type: str | None = field(default=None, metadata={"交易类型": str})
    trade_state: str | None = field(default=None, metadata={"交易状态": str})
    bank_type: str | None = field(default=None, metadata={"付款银行": str})
    currency: str | None = field(default=None, metadata={"货币种类": str})
    settlement_total: Decimal | None = field(default=None, metadata={"应结订单金额": yuan, "总金额": yuan})
    coupon_amount: Decimal | None = field(
        default=None, metadata={"代金券金额": yuan, "代金券或立减优惠金额": yuan, "企业红包金额": yuan}
    )
    refund_id: str | None = field(default=None, metadata={"微信退款单号": Number})
    out_refund_no: str | None = field(default=None, metadata={"商户退款单号": Number})
    refund_amount: Decimal | None = field(default=None, metadata={"退款金额": yuan})
    coupon_refund_amount: Decimal | None = field(
        default=None, metadata={"充值券退款金额": yuan, "代金券或立减优惠退款金额": yuan, "企业红包退款金额": yuan}
    )
    refund_type: str | None = field(default=None, metadata={"退款类型": str})
    refund_status: str | None = field(default=None, metadata={"退款状态": str})
    goods: str | None = field(default=None, metadata={"商品名称": str})
    attach: str | None = field(default=None, metadata={"商户数据包": str})
    fee: Decimal | None = field(default=None, metadata={"手续费": yuan})
    rate: Decimal | None = field(default=None, metadata={"费率": rate})
    total: Decimal | None = field(default=None, metadata={"订单金额": yuan})
    refund_requested: Decimal | None = field(default=None, metadata={"申请退款金额": yuan})
    rate_remark: str | None = field(default=None, metadata={"费率备注": str})
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class RefundRow(TradeRow):
    """A row of a refund bill: a row of a trade bill with two more times."""

    refund_requested_at: datetime | None = field(default=None, metadata={"退款申请时间": moment})
    refund_succeeded_at: datetime | None = field(default=None, metadata={"退款成功时间": moment})


@safe_repr
@frozen
class FundFlowRow:
    """A row of a fund-flow bill."""

    time: datetime | None = field(default=None, metadata={"记账时间": moment})
    business_no: str | None = field(default=None, metadata={"微信支付业务单号": Number})
    flow_no: str | None = field(default=None, metadata={"资金流水单号": Number})
    business_name: str | None = field(default=None, metadata={"业务名称": str})
    business_type: str | None = field(default=None, metadata={"业务类型": str})
    direction: str | None = field(default=None, metadata={"收支类型": str})  # 收入 or 支出
    amount: Decimal | None = field(default=None, metadata={"收支金额(元)": yuan})
    balance: Decimal | None = field(default=None, metadata={"账户结余(元)": yuan})
    applicant: str | None = field(default=None, metadata={"资金变更提交申请人": str})
    remark: str | None = field(default=None, metadata={"备注": str})
    voucher_no: str | None = field(default=None, metadata={"业务凭证号": Number})
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class OtherRow:
    """A row of a bill with unknown columns."""

    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class TradeSummary:
    """The sums of a trade or refund bill."""

    orders: int | None = field(default=None, metadata={"总交易单数": count})
    settlement_total: Decimal | None = field(default=None, metadata={"应结订单总金额": yuan, "总交易额": yuan})
    refund_amount: Decimal | None = field(default=None, metadata={"退款总金额": yuan, "总退款金额": yuan})
    coupon_refund_amount: Decimal | None = field(
        default=None,
        metadata={"充值券退款总金额": yuan, "总代金券或立减优惠退款金额": yuan, "总企业红包退款金额": yuan},
    )
    fee: Decimal | None = field(default=None, metadata={"手续费总金额": yuan})
    total: Decimal | None = field(default=None, metadata={"订单总金额": yuan})
    refund_requested: Decimal | None = field(default=None, metadata={"申请退款总金额": yuan})
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class FundFlowSummary:
    """The sums of a fund-flow bill."""

    flows: int | None = field(default=None, metadata={"资金流水总笔数": count})
    income_count: int | None = field(default=None, metadata={"收入笔数": count})
    income: Decimal | None = field(default=None, metadata={"收入金额": yuan})
    expense_count: int | None = field(default=None, metadata={"支出笔数": count})
    expense: Decimal | None = field(default=None, metadata={"支出金额": yuan})
    others: Mapping[str, str] = field(factory=dict)


@safe_repr
@frozen
class OtherSummary:
    """The sums of a bill with unknown columns."""

    others: Mapping[str, str] = field(factory=dict)


Row = TradeRow | RefundRow | FundFlowRow | OtherRow
Summary = TradeSummary | FundFlowSummary | OtherSummary
