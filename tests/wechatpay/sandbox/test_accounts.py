"""The accounts of funds: entries, balances that run on, money that is held."""

import pytest

from wechatpay.sandbox.flows import accounts, states
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


# what books


URL = "http://127.0.0.1:9/notify"
SUB = "1900000119"


def order(merchant, number="order001", total=100, **more):
    sent = {"appid": merchant.account.appid, "mchid": merchant.account.mchid, "description": "x", "notify_url": URL}
    body = {**sent, "out_trade_no": number, "amount": {"total": total, "currency": "CNY"}, **more}
    return merchant.post("/v3/pay/transactions/native", body)


def refund(merchant, number, amount, order="order001", **more):
    sent = {
        "out_trade_no": order,
        "out_refund_no": number,
        "amount": {"refund": amount, "total": 100, "currency": "CNY"},
    }
    return merchant.post("/v3/refund/domestic/refunds", {**sent, **more})


def split(amount):
    return Entry(amount=amount, name="分账", number="30000", voucher="split-1")


class TestRefunds:
    def test_money_that_was_shared_out_is_not_refunded_until_it_is_returned(self, sandbox, merchant):
        """
        The real refusal: 基本账户余额不足，请充值后重新发起.

        https://developers.weixin.qq.com/community/pay/doc/0004ee20844e207ddb0d771175b800
        """
        order(merchant)
        sandbox.pay("order001")
        accounts.book(sandbox.context, split(-30))
        for more in ({}, {"funds_account": "AVAILABLE"}):
            answer = refund(merchant, "R1", 100, **more)
            assert (answer.status, answer.data) == (
                403,
                {"code": "NOT_ENOUGH", "message": "基本账户余额不足，请充值后重新发起"},
            )
        v2 = {"appid": "wx1", "out_trade_no": "order001", "out_refund_no": "R1", "total_fee": 100, "refund_fee": 100}
        assert merchant.v2("/secapi/pay/refund", v2).xml["err_code"] == "NOTENOUGH"
        assert merchant.get("/v3/refund/domestic/refunds/R1").status == 404
        assert refund(merchant, "R2", 60).status == 200
        accounts.book(sandbox.context, split(30))
        assert refund(merchant, "R1", 40).status == 200
        assert accounts.balance(sandbox.context) == Balance(0)

    def test_money_that_waits_to_be_shared_pays_unless_the_available_is_asked_for(self, sandbox, merchant):
        order(merchant, settle_info={"profit_sharing": True})
        found = sandbox.pay("order001")[0]
        context = sandbox.context
        if not found.get("frozen"):
            context.store.put("order", "order001", {**found, "frozen": 99})
            accounts.hold(context, 99)
        assert refund(merchant, "R1", 50, funds_account="AVAILABLE").data["code"] == "NOT_ENOUGH"
        assert refund(merchant, "R1", 50).status == 200
        assert accounts.balance(context) == Balance(50, 50)
        sandbox.actions["deposit"]("50", "BASIC")
        assert refund(merchant, "R2", 50, funds_account="AVAILABLE").status == 200
        assert accounts.balance(context) == Balance(50, 50)

    def test_a_reversal_needs_the_money_too(self, sandbox, merchant):
        body = {"auth_code": "130061098828009406"}
        order(merchant, notify_url=None)
        sent = {
            "appid": "wx1",
            "body": "x",
            "spbill_create_ip": "8.8.8.8",
            "out_trade_no": "code0001",
            "total_fee": 100,
        }
        merchant.v2("/pay/micropay", {**sent, **body})
        which = {"appid": "wx1", "out_trade_no": "code0001"}
        accounts.book(sandbox.context, split(-50))
        assert merchant.v2("/secapi/pay/reverse", which).xml["err_code"] == "NOTENOUGH"
        accounts.book(sandbox.context, split(50))
        assert merchant.v2("/secapi/pay/reverse", which).xml["result_code"] == "SUCCESS"
        assert accounts.balance(sandbox.context) == Balance(0)


def transfer(merchant, number="t0000001", amount=500):
    sent = {
        "appid": merchant.account.appid,
        "out_bill_no": number,
        "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
        "transfer_amount": amount,
        "transfer_remark": "x",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [
            {"info_type": "活动名称", "info_content": "a"},
            {"info_type": "奖励说明", "info_content": "b"},
        ],
    }
    return merchant.post("/v3/fund-app/mch-transfer/transfer-bills", sent)


def operation(sandbox):
    return accounts.balance(sandbox.context, "OPERATION").total - 100_000_000


class TestTransfers:
    @pytest.mark.parametrize(("state", "left"), [("SUCCESS", -500), ("FAIL", 0), ("CANCELLED", 0)])
    def test_money_of_a_transfer_that_does_not_arrive_comes_back(self, sandbox, merchant, state, left):
        transfer(merchant)
        transfer(merchant)
        assert operation(sandbox) == -500
        sandbox.confirm_transfer("t0000001", state)
        assert operation(sandbox) == left
        kinds = [each["kind"] for each in accounts.entries(sandbox.context, sandbox.context.day(), "OPERATION")]
        assert kinds == ["商家转账"] + ["商家转账退回"] * (left == 0)

    def test_a_transfer_that_nobody_confirmed_comes_back(self, sandbox, merchant):
        transfer(merchant)
        sandbox.clock.advance(days=1)
        path = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/t0000001"
        assert merchant.get(path).data["fail_reason"] == "OVERDUE_CLOSE"
        assert operation(sandbox) == 0

    def test_transfers_need_money_in_the_operation_account(self, sandbox, merchant):
        accounts.book(sandbox.context, Entry(amount=-99_999_900, name="x", number="1", voucher="1"), "OPERATION")
        answer = transfer(merchant)
        assert (answer.status, answer.data["code"]) == (403, "NOT_ENOUGH")
        sandbox.actions["deposit"]("400")
        assert transfer(merchant).status == 200

    def test_batches_and_payments_of_v2_are_booked_once(self, sandbox, merchant):
        sandbox.context.strict = False
        one = {"out_detail_no": "d1", "transfer_amount": 300, "transfer_remark": "x", "openid": "o"}
        batch = {"out_batch_no": "batch001", "appid": "wx1", "total_amount": 300, "total_num": 1}
        packet = {"mch_billno": "packet01", "re_openid": "o", "total_amount": 200, "total_num": 1}
        payment = {"partner_trade_no": "payment1", "openid": "o", "amount": 100, "desc": "x"}
        for _ in range(2):
            assert merchant.post("/v3/transfer/batches", {**batch, "transfer_detail_list": [one]}).status == 200
            merchant.v2("/mmpaymkttransfers/sendredpack", packet)
            merchant.v2("/mmpaymkttransfers/promotion/transfers", payment, number="mchid")
        found = [(each["kind"], each["voucher"], each["amount"]) for each in of_today(sandbox)]
        assert found == [
            ("商家转账", "batch001", -300),
            ("现金红包", "packet01", -200),
            ("商家转账", "payment1", -100),
        ]
        rest = accounts.balance(sandbox.context, "OPERATION").total
        accounts.book(sandbox.context, Entry(amount=-rest, name="x", number="1", voucher="1"), "OPERATION")
        told = merchant.v2("/mmpaymkttransfers/sendredpack", {**packet, "mch_billno": "packet02"}).xml
        assert (told["err_code"], told["err_code_des"]) == ("NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试")
        batch |= {"out_batch_no": "batch002", "transfer_detail_list": [one]}
        assert merchant.post("/v3/transfer/batches", batch).data["code"] == "NOT_ENOUGH"


def of_today(sandbox):
    return list(accounts.entries(sandbox.context, sandbox.context.day(), "OPERATION"))


class TestCombinedOrders:
    def test_the_money_goes_to_the_sub_merchants(self, sandbox, merchant):
        own = merchant.account.mchid
        subs = [
            {
                "mchid": own,
                "attach": "a",
                "description": "x",
                "out_trade_no": f"sub0000{index}",
                "sub_mchid": sub,
                "amount": {"total_amount": 1000 * index, "currency": "CNY"},
            }
            for index, sub in ((1, SUB), (2, "1900000120"))
        ]
        sent = {"combine_appid": merchant.account.appid, "combine_mchid": own, "combine_out_trade_no": "combined1"}
        merchant.post("/v3/combine-transactions/native", {**sent, "sub_orders": subs, "notify_url": URL})
        sandbox.pay("combined1")
        totals = [accounts.balance(sandbox.context, owner=owner).total for owner in ("", SUB, "1900000120")]
        assert totals == [0, 994, 1988]
        assert accounts.owners(sandbox.context, sandbox.context.day()) == [SUB, "1900000120"]


def test_tables_book_what_bills_have_names_for():
    tables = (states.ORDER, states.REFUND, states.TRANSFER)
    booked = {change.books for table in tables for change in table.transitions.values()}
    assert booked - {""} == {"pay", "reverse", "refund", "refund closed", "transfer back"}
    assert booked - {""} <= set(accounts.BUSINESS)
