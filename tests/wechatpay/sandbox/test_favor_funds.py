"""Accounts and bills of orders that are paid with coupons: the merchant receives what somebody paid."""

from __future__ import annotations

from typing import Any

from tests.wechatpay.sandbox import test_favor
from wechatpay.sandbox.flows import accounts, bills

FEE = 1
"""The commission of 1.50 and of 2.00 yuan, in fen."""


def test_accounts_and_bills_count_what_the_merchant_receives(merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013071246 (应结订单金额 = 订单金额 - 免充值券金额)
    context, refund = merchant.sandbox.context, test_favor.TestRefunds().refund
    test_favor.paid(merchant)
    received = accounts.balance(context).total
    test_favor.paid(merchant, "order-2", no_cash=False)
    assert (received, accounts.balance(context).total) == (150 - FEE, 150 - FEE + 200 - FEE)
    refund(merchant, "refund-1", 200)
    refund(merchant, "refund-2", 200, "order-2")
    assert accounts.balance(context).total == 0
    bill = bills.trades(context, context.day())
    assert bill is not None
    assert bill.decode().splitlines()[-1] == "`4,`3.50,`3.50,`0.50,`0.00000,`4.00,`4.00"
