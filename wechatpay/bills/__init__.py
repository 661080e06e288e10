"""
Bills, read row by row: trades, refunds, flows of funds.

A bill is text in columns. Each value has a backquote in front, so that
spreadsheets do not change long numbers; the last two lines have the sums.
Amounts are in yuan, times in Beijing's time zone.

::

    bill = wechatpay.bills.read('2026-01-01.csv')
    for row in bill:
        print(row.out_trade_no, row.total)
    print(bill.summary.orders)

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071238 (trades),
https://pay.weixin.qq.com/doc/v3/merchant/4012071250 (funds)
"""

from wechatpay.bills.reading import Bill, read
from wechatpay.bills.rows import (
    FundFlowRow,
    FundFlowSummary,
    OtherRow,
    OtherSummary,
    RefundRow,
    Row,
    Summary,
    TradeRow,
    TradeSummary,
)

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
