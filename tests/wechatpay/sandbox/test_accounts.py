"""The accounts of funds: entries, balances that run on, money that is held."""

import pytest

from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import Balance, Entry
from wechatpay.sandbox.http import Refusal


def income(amount, number="4200000000"):
    return Entry(amount=amount, name="交易", number=number, voucher="order-1")


class TestBalance:
    def test_each_account_has_its_own(self, sandbox):
        context = sandbox.context
        accounts.book(context, income(994))
        accounts.book(context, income(100), "FEES")
        accounts.book(context, income(7), owner="1900000119")
        assert accounts.balance(context) == Balance(994)
        assert accounts.balance(context, "FEES") == Balance(100)
        assert accounts.balance(context, owner="1900000119") == Balance(7)

    def test_the_operation_account_has_money_to_begin_with(self, sandbox):
        assert accounts.balance(sandbox.context, "OPERATION") == Balance(100_000_000)
        assert accounts.balance(sandbox.context, "OPERATION", "1900000119") == Balance(0)

    def test_held_money_cannot_be_spent(self, sandbox):
        context = sandbox.context
        accounts.book(context, income(100))
        accounts.hold(context, 40)
        accounts.require(context, 60)
        with pytest.raises(Refusal, match="基本账户余额不足"):
            accounts.require(context, 61)
        accounts.release(context, 40)
        accounts.require(context, 100)

    def test_another_refusal_can_be_named(self, sandbox):
        with pytest.raises(Refusal, match="余额") as caught:
            accounts.require(sandbox.context, 1, refusal=Refusal(200, "NOTENOUGH", "余额不足"))
        assert caught.value.code == "NOTENOUGH"


class TestEntries:
    def test_they_stand_by_day_in_their_order_with_the_balance_after_each(self, sandbox):
        context = sandbox.context
        accounts.book(context, income(100, "1"))
        accounts.book(context, income(-30, "2"))
        day = context.day()
        sandbox.clock.advance(days=1)
        accounts.book(context, income(5, "3"))
        assert [(each["number"], each["balance"]) for each in accounts.entries(context, day)] == [("1", 100), ("2", 70)]
        assert [each["balance"] for each in accounts.entries(context, context.day())] == [75]
        assert {each["by"] for each in accounts.entries(context, day)} == {f"{sandbox.account.mchid}API"}
