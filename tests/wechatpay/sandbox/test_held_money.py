"""Money that waits, and money that goes back: whose it is, since when it can be spent, what a day's end says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.wechatpay.sandbox import test_favor
from wechatpay.sandbox.faults import Fault
from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

URL = "http://127.0.0.1:9/"
SUB, OTHER = "1900000111", "1900000222"


def order(merchant: Any, number: str, *, share: bool, kind: str = "native", **more: Any) -> Any:
    sent = {"description": "x", "out_trade_no": number, "amount": {"total": 1000, "currency": "CNY"}}
    own = {"appid": merchant.account.appid, "mchid": merchant.account.mchid}
    if kind == "codepay":
        more |= {"payer": {"auth_code": "130061098828009406"}, "scene_info": {"store_info": {"id": "1"}}}
    else:
        sent |= {"notify_url": URL}
    settle = {"settle_info": {"profit_sharing": share}}
    return merchant.post(f"/v3/pay/transactions/{kind}", {**sent, **settle, **own, **more})


def combined(merchant: Any, **one: Any) -> str:
    sent = {"combine_appid": merchant.account.appid, "combine_mchid": merchant.account.mchid, "notify_url": URL}
    own = {"mchid": merchant.account.mchid, "attach": "x", "description": "x"}
    own["amount"] = {"total_amount": 1000, "currency": "CNY"}
    subs = [{**own, "out_trade_no": "order001", **one}, {**own, "out_trade_no": "order002"}]
    sent |= {"combine_out_trade_no": "combined01", "sub_orders": subs}
    assert merchant.post("/v3/combine-transactions/native", sent).status == 200
    return str(merchant.sandbox.pay("combined01")[0]["transaction_id"])


def funds(sandbox: Sandbox, owner: str = "") -> tuple[int, int]:
    now = accounts.balance(sandbox.context, owner=owner)
    return now.total, now.held


def subsidise(merchant: Any, transaction: str) -> Any:
    sent = {"sub_mchid": SUB, "transaction_id": transaction, "amount": 100, "description": "x"}
    return merchant.post("/v3/ecommerce/subsidies/create", sent)


def test_money_that_nobody_shared_in_time_pays_the_refund_of_another_order(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4014547102 (30 days)
    for number, share in (("order001", True), ("order002", False)):
        order(merchant, number, share=share)
        sandbox.pay(number)
    accounts.book(sandbox.context, accounts.Entry(amount=-994, name="提现", number="1", voucher="2"))
    sandbox.clock.advance(days=31)
    amount = {"refund": 1000, "total": 1000, "currency": "CNY"}
    sent = {"out_trade_no": "order002", "out_refund_no": "R1", "amount": amount}
    assert merchant.post("/v3/refund/domestic/refunds", sent).status == 200
    assert funds(sandbox) == (0, 0)


def test_the_end_of_a_day_says_what_waited_then(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset()

    def told(day: str) -> tuple[int, int]:
        data = merchant.get(f"/v3/merchant/fund/dayendbalance/BASIC?date={day}").data
        return data["available_amount"], data["pending_amount"]

    order(merchant, "order001", share=False)
    sandbox.pay("order001")
    sandbox.clock.advance(days=1)
    withdrawn = sandbox.context.day()
    sent = {"out_request_no": "W1", "amount": 100, "account_type": "BASIC"}
    assert merchant.post("/v3/merchant/fund/withdraw", sent).status == 200
    order(merchant, "order002", share=True)
    sandbox.pay("order002")
    days = []
    for distance in (1, 29, 1, 30):  # the last days are looked at when all is over
        sandbox.clock.advance(days=distance)
        days.append(sandbox.context.day())
    assert [told(each) for each in (withdrawn, *days[:3])] == [(894, 1094), (894, 1094), (894, 1094), (1888, 100)]


@pytest.mark.parametrize(("share", "days"), [(False, 0), (True, 200)], ids=["not for sharing", "too late"])
def test_a_subsidy_that_cannot_be_shared_does_not_wait(sandbox: Sandbox, merchant: Any, share: bool, days: int) -> None:
    sandbox.context.strict = False
    transaction = combined(merchant, sub_mchid=SUB, settle_info={"profit_sharing": share, "subsidy_amount": 100})
    sandbox.clock.advance(days=days)
    assert subsidise(merchant, transaction).status == (200 if share else 400)
    assert funds(sandbox, SUB) == (1094 if share else 994, 0)


def test_a_subsidy_is_what_was_promised_unless_some_was_refunded(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/partner/4012477631
    sandbox.context.strict = False
    transaction = combined(merchant, sub_mchid=SUB, settle_info={"profit_sharing": True, "subsidy_amount": 150})
    assert subsidise(merchant, transaction).data["message"] == "补差金额需要和下单的时候的补差金额保持一致"
    amount = {"refund": 10, "total": 1000, "currency": "CNY"}
    sent = {"out_trade_no": "order001", "out_refund_no": "R1", "amount": amount, "sub_mchid": SUB}
    assert merchant.post("/v3/refund/domestic/refunds", sent).status == 200
    assert subsidise(merchant, transaction).status == 200


def test_an_order_of_another_merchant_in_a_combined_one_is_its_money(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012556944 (sub_orders.mchid: 子单商户号)
    combined(merchant, mchid=OTHER)
    assert (funds(sandbox), funds(sandbox, OTHER)) == ((994, 0), (994, 0))


def test_entries_have_the_merchants_number_whichever_number_an_action_has(sandbox: Sandbox, merchant: Any) -> None:
    reports = [{"info_type": name, "info_content": "x"} for name in ("活动名称", "奖励说明")]
    sent = {"appid": merchant.account.appid, "out_bill_no": "transfer01", "openid": "o-MYE42l80oelYMDE34nYD456Xoy"}
    sent |= {"transfer_remark": "x", "transfer_scene_id": "1000", "transfer_amount": 100, "notify_url": URL}
    sent["transfer_scene_report_infos"] = reports
    made = merchant.post("/v3/fund-app/mch-transfer/transfer-bills", sent).data
    sandbox.confirm_transfer(made["transfer_bill_no"], "FAIL")
    entries = accounts.entries(sandbox.context, sandbox.context.day(), "OPERATION")
    assert [each["voucher"] for each in entries] == ["transfer01"] * 2


def test_a_reversal_gives_the_coupon_back(sandbox: Sandbox, merchant: Any) -> None:
    stock = test_favor.running(merchant, no_cash=False)
    coupon = test_favor.send(merchant, stock).data["coupon_id"]
    sandbox.faults.add(Fault("pending", operation="POST v3/pay/transactions/codepay", times=1))
    assert order(merchant, "order001", share=False, kind="codepay").status == 202
    sandbox.actions["use_coupon"]("order001", coupon)
    own = {"appid": merchant.account.appid, "mchid": merchant.account.mchid}
    assert sandbox.store.entry("coupon stock", stock)["used_amount"] == 50
    assert merchant.post("/v3/pay/transactions/out-trade-no/order001/reverse", own).status == 200
    assert test_favor.coupon_of(merchant, coupon).data["status"] == "SENDED"
    assert sandbox.store.entry("coupon stock", stock)["used_amount"] == 0
    assert funds(sandbox) == (0, 0)


def test_a_prepaid_coupon_that_comes_back_after_its_budget_is_the_merchants(sandbox: Sandbox, merchant: Any) -> None:
    stock, _ = test_favor.paid(merchant, no_cash=False)
    sandbox.clock.advance(days=31)
    sandbox.actions["return_coupon_budget"](stock)
    test_favor.TestRefunds().refund(merchant, "refund-1", 200)
    assert accounts.balance(sandbox.context, "OPERATION").total == 100_000_000
    assert sandbox.store.entry("coupon stock", stock)["budget_returned"] == 5000
