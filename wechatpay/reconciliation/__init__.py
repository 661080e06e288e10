"""
Reconciliation (对账): a trade bill, compared with the shop's own records.

::

    from wechatpay import bills, reconcile
    from wechatpay.reconciliation import Order, Refund

    result = reconcile(bills.read('2026-01-01.csv'), records)
    for difference in result:
        print(difference.reason, difference.out_trade_no, difference.bill_amount, difference.own_amount)
    print(result.summary)
"""

from wechatpay.reconciliation.differences import REASONS, Difference, ReasonSum, Summary
from wechatpay.reconciliation.reconciling import Reconciliation, reconcile
from wechatpay.reconciliation.records import Order, Refund

__all__ = ["REASONS", "Difference", "Order", "ReasonSum", "Reconciliation", "Refund", "Summary", "reconcile"]
