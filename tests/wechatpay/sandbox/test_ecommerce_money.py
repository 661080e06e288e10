"""Marketplaces: withdrawals that fail or come back from the bank, subsidies of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import Entry

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

SUB, OTHER = "1900000111", "1900000222"
WITHDRAW = "/v3/ecommerce/fund/withdraw"
OWN = "/v3/merchant/fund/withdraw"
SUBSIDIES = "/v3/ecommerce/subsidies"


def earn(sandbox: Sandbox, amount: int, owner: str = SUB) -> None:
    accounts.book(sandbox.context, Entry(amount=amount, name="交易", number="4200", voucher="o1"), owner=owner)


def funds(sandbox: Sandbox, owner: str = SUB, account: accounts.AccountType = "BASIC") -> tuple[int, int]:
    now = accounts.balance(sandbox.context, account, owner)
    return now.total, now.available


def withdraw(merchant: Any, number: str = "W1", amount: int = 100, **more: Any) -> Any:
    return merchant.post(WITHDRAW, {"sub_mchid": SUB, "out_request_no": number, "amount": amount, **more})


def state(merchant: Any, number: str = "W1") -> Any:
    return merchant.get(f"{WITHDRAW}/out-request-no/{number}?sub_mchid={SUB}").data


# withdrawals


def test_a_withdrawal_is_accepted_then_paid(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    earn(sandbox, 150)
    made = withdraw(merchant, notify_url=receiver.url).data
    assert state(merchant)["status"] == "SUCCESS"
    by_id = merchant.get(f"{WITHDRAW}/{made['withdraw_id']}?sub_mchid={SUB}").data
    assert (by_id["out_request_no"], by_id["amount"], by_id["account_type"]) == ("W1", 100, "BASIC")
    assert by_id["account_number"].startswith("*")
    assert funds(sandbox) == (50, 50)
    assert withdraw(merchant, notify_url=receiver.url).data == made
    assert withdraw(merchant, amount=101).data["code"] == "INVALID_REQUEST"
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["status"], resource["sub_mchid"]) == ("MCHWITHDRAW.CHANGE", "SUCCESS", SUB)
    assert {"owner", "sent"}.isdisjoint(resource)


def test_no_more_is_withdrawn_than_can_be_spent(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset()
    earn(sandbox, 150)
    assert withdraw(merchant).status == 200
    assert funds(sandbox) == (150, 50)
    refused = withdraw(merchant, "W2", 51)
    assert (refused.status, refused.data["code"]) == (403, "NOT_ENOUGH")
    assert state(merchant)["status"] == "CREATE_SUCCESS"
    assert merchant.get(f"{WITHDRAW}/out-request-no/W1?sub_mchid={OTHER}").data["code"] == "RESOURCE_NOT_EXISTS"
    assert state(merchant, "W2")["code"] == "RESOURCE_NOT_EXISTS"


@pytest.mark.parametrize("status", ["FAIL", "CLOSE"])
def test_the_money_of_a_withdrawal_that_fails_stays(sandbox: Sandbox, merchant: Any, status: str) -> None:
    sandbox.context.automatic = frozenset()
    earn(sandbox, 150)
    withdraw(merchant)
    sandbox.actions["finish_withdrawal"]("W1", status, "户名不符" if status == "FAIL" else "")
    output = state(merchant)
    assert (output["status"], output["reason"]) == (status, "户名不符" if status == "FAIL" else "银行卡信息有误")
    assert funds(sandbox) == (150, 150)
    with pytest.raises(ValueError, match=f"is {status}"):
        sandbox.actions["finish_withdrawal"]("W1")
    with pytest.raises(ValueError, match="'GONE' is not a choice; choose one of SUCCESS, FAIL, REFUND, CLOSE"):
        sandbox.actions["finish_withdrawal"]("W1", "GONE")


def test_a_bank_sends_back_what_arrived(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.notify_at(receiver.url)
    earn(sandbox, 150)
    withdraw(merchant)
    assert "reason" not in state(merchant)
    sandbox.actions["finish_withdrawal"]("W1", "REFUND")
    assert state(merchant)["status"] == "REFUND"
    assert funds(sandbox) == (150, 150)
    assert sandbox.callbacks.wait()
    opened = [receiver.opened(sandbox, index)[1]["status"] for index in range(2)]
    assert sorted(opened) == ["REFUND", "SUCCESS"]


def test_the_merchant_withdraws_of_its_own_accounts(sandbox: Sandbox, merchant: Any) -> None:
    sent = {"out_request_no": "W1", "amount": 100, "account_type": "OPERATION"}
    made = merchant.post(OWN, sent).data
    for path in ("out-request-no/W1", f"withdraw-id/{made['withdraw_id']}"):
        output = merchant.get(f"{OWN}/{path}").data
        assert (output["status"], output["account_type"]) == ("SUCCESS", "OPERATION")
    assert funds(sandbox, "", "OPERATION") == (100_000_000 - 100, 100_000_000 - 100)
    assert merchant.post(OWN, {**sent, "out_request_no": "W2", "account_type": "BASIC"}).data["code"] == "NOT_ENOUGH"
    assert state(merchant)["code"] == "RESOURCE_NOT_EXISTS"


def test_money_that_nobody_shared_in_time_can_be_withdrawn(sandbox: Sandbox, merchant: Any, transaction: str) -> None:
    earn(sandbox, 1988 - funds(sandbox)[0])  # no more than both orders of the sub-merchant brought in
    sandbox.clock.advance(days=179)
    assert withdraw(merchant).data["code"] == "NOT_ENOUGH"
    sandbox.clock.advance(days=2)
    for number in ("W1", "W2"):
        assert withdraw(merchant, number).status == 200
    assert funds(sandbox) == (1788, 1788)
    assert rest(merchant, transaction) == 0


# subsidies


@pytest.fixture
def transaction(sandbox: Sandbox, merchant: Any) -> str:
    sent = {
        "combine_appid": merchant.account.appid,
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "combined01",
        "notify_url": "http://127.0.0.1:9/",
    }
    one = {
        "mchid": merchant.account.mchid,
        "sub_mchid": SUB,
        "attach": "x",
        "description": "商品",
        "settle_info": {"profit_sharing": True, "subsidy_amount": 100},
        "amount": {"total_amount": 1000, "currency": "CNY"},
    }
    subs = [{**one, "out_trade_no": "order001"}, {**one, "out_trade_no": "order002"}]
    assert merchant.post("/v3/combine-transactions/native", {**sent, "sub_orders": subs}).status == 200
    paid = sandbox.pay("combined01")
    sandbox.clock.advance(minutes=1)
    sandbox.context.strict = False
    return str(paid[0]["transaction_id"])


def subsidise(merchant: Any, transaction: str, amount: int = 100, how: str = "create", **more: Any) -> Any:
    sent = {"sub_mchid": SUB, "transaction_id": transaction, "amount": amount, "description": "补"}
    return merchant.post(f"{SUBSIDIES}/{how}", {**sent, **more})


def end_sharing(merchant: Any, transaction: str) -> Any:
    sent = {"sub_mchid": SUB, "transaction_id": transaction, "out_order_no": "E1", "description": "完"}
    return merchant.post("/v3/ecommerce/profitsharing/finish-order", sent)


def rest(merchant: Any, transaction: str) -> int:
    return int(merchant.get(f"/v3/ecommerce/profitsharing/orders/{transaction}/amounts").data["unsplit_amount"])


def test_a_subsidy_is_added_once_and_shared(sandbox: Sandbox, merchant: Any, transaction: str) -> None:
    early = end_sharing(merchant, transaction).data
    assert early["message"] == "分账补贴还未到账，不能受理分账"  # pay.weixin.qq.com/doc/v3/partner/4012525463
    assert subsidise(merchant, transaction, 101).data["code"] == "INVALID_REQUEST"
    assert subsidise(merchant, transaction, sub_mchid=OTHER).data["code"] == "INVALID_REQUEST"
    assert subsidise(merchant, "4200000000000000000000000000").data["code"] == "RESOURCE_NOT_EXISTS"
    before = funds(sandbox)[0]
    made = subsidise(merchant, transaction).data
    assert (made["result"], made["amount"]) == ("SUCCESS", 100)
    assert subsidise(merchant, transaction).data == made
    assert subsidise(merchant, transaction, 99).data["message"] == "一笔订单只能补差一笔"
    assert subsidise(merchant, transaction, how="cancel").data["code"] == "INVALID_REQUEST"
    assert (funds(sandbox)[0] - before, rest(merchant, transaction)) == (100, 1094)
    assert funds(sandbox, "", "OPERATION")[0] == 100_000_000 - 100
    assert end_sharing(merchant, transaction).status == 200


def test_a_marketplace_needs_the_money_it_adds(sandbox: Sandbox, merchant: Any, transaction: str) -> None:
    accounts.hold(sandbox.context, 100_000_000 - 99, "OPERATION")
    refused = subsidise(merchant, transaction)
    said = (403, "NOT_ENOUGH", "可用余额不足，请充值后重新发起")  # a merchant's log at developers.weixin.qq.com
    assert (refused.status, refused.data["code"], refused.data["message"]) == said


def test_an_order_is_shared_without_its_subsidy(merchant: Any, transaction: str) -> None:
    for _ in range(2):
        assert subsidise(merchant, transaction, how="cancel").data["result"] == "SUCCESS"
    assert subsidise(merchant, transaction).data["code"] == "INVALID_REQUEST"
    assert end_sharing(merchant, transaction).status == 200


def test_a_subsidy_goes_back_with_a_refund(sandbox: Sandbox, merchant: Any, transaction: str) -> None:
    earn(sandbox, 2000)  # what the orders brought in
    subsidise(merchant, transaction)

    def refund(number: str, order: str = "order001") -> str:
        amount = {"refund": 10, "total": 1000, "currency": "CNY"}
        sent = {"sub_mchid": SUB, "sp_appid": "wx1", "out_trade_no": order, "out_refund_no": number, "amount": amount}
        return str(merchant.post("/v3/ecommerce/refunds/apply", sent).data["refund_id"])

    def back(number: str, refund_id: str, amount: int) -> Any:
        return subsidise(merchant, transaction, amount, "return", out_order_no=number, refund_id=refund_id)

    first, second = refund("R1"), refund("R2")
    assert back("B1", refund("R3", "order002"), 60).data["message"] == "您的请求参数与订单信息不一致"
    assert back("B1", "50300000000000000000000000000", 60).data["code"] == "RESOURCE_NOT_EXISTS"
    assert back("B1", first, 101).data["message"] == "申请回退总金额不能超过补差金额"
    made = back("B1", first, 60).data
    assert (made["result"], made["refund_id"], made["amount"]) == ("SUCCESS", first, 60)
    assert back("B1", first, 60).data == made
    assert back("B2", first, 40).data["message"] == "一笔微信退款单只允许补差回退一次"
    assert end_sharing(merchant, transaction).status == 200  # so that nothing of the order waits
    accounts.hold(sandbox.context, funds(sandbox)[1] - 39, owner=SUB)
    assert back("B2", second, 40).data["code"] == "NOT_ENOUGH"
    assert back("B2", second, 39).data["result"] == "SUCCESS"
    assert funds(sandbox, "", "OPERATION")[0] == 100_000_000 - 1


# transfers of sub-merchants' money


@pytest.mark.parametrize(
    ("base", "member", "asked", "granted"),
    [
        ("/v3/ecommerce/mch-transfer/authorizations", "authorization_state", "AUTHORIZE_PROCESSING", "AUTHORIZED"),
        ("/v3/fund-app/mch-transfer/partner/sub-mch-authorizations", "state", "UNAUTHORIZED", "AUTHORIZED"),
    ],
)
def test_a_sub_merchant_permits_transfers_and_takes_that_back(
    sandbox: Sandbox, merchant: Any, base: str, member: str, asked: str, granted: str
) -> None:
    sandbox.context.strict = False

    def now() -> Any:
        return merchant.get(f"{base}/{SUB}").data[member]

    assert now() == "UNAUTHORIZED"
    before = sandbox.context.stamp()
    made = merchant.post(base, {"sub_mchid": SUB, "out_apply_no": "A1"}).data
    assert before <= made["accept_time"] <= sandbox.context.stamp()
    assert now() == asked
    sandbox.actions["permit_transfers"](SUB, "REJECTED")
    assert now() == "UNAUTHORIZED"
    merchant.post(base, {"sub_mchid": SUB, "out_apply_no": "A2"})
    sandbox.actions["permit_transfers"](SUB)
    assert now() == granted
    merchant.post(base, {"sub_mchid": SUB, "out_apply_no": "A3"})
    assert now() == granted
    sandbox.actions["permit_transfers"](SUB, "CANCELED")
    assert now() in ("UNAUTHORIZED", "CANCELED")
    with pytest.raises(ValueError, match="is CANCELED, not INVITED"):
        sandbox.actions["permit_transfers"](SUB)
    with pytest.raises(ValueError, match="'X' is not a choice; choose one of PASSED, REJECTED, EXPIRED, CANCELED"):
        sandbox.actions["permit_transfers"](SUB, "X")


def test_an_application_is_told_as_it_stands(sandbox: Sandbox, merchant: Any) -> None:
    base = "/v3/fund-app/mch-transfer/partner/sub-mch-authorizations"
    assert "apply_order" not in merchant.get(f"{base}/{SUB}").data
    assert merchant.post(base, {"sub_mchid": SUB, "out_apply_no": "A1"}).data["state"] == "INVITED"
    sandbox.actions["permit_transfers"](SUB)
    before = sandbox.context.stamp()
    sandbox.actions["permit_transfers"](SUB, "CANCELED")
    output = merchant.get(f"{base}/{SUB}").data
    assert (output["state"], output["apply_order"]["state"]) == ("CANCELED", "PASSED")
    assert before <= output["cancel_authorization_time"] <= sandbox.context.stamp()


def test_transfers_of_marketplaces_keep_their_names(sandbox: Sandbox, merchant: Any) -> None:
    base = "/v3/ecommerce/mch-transfer/transfer-bills"
    sent = {"sub_mchid": SUB, "appid": "wx1", "out_bill_no": "B1", "transfer_scene_id": "1000"}
    sent["openid"] = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    made = merchant.post(base, {**sent, "transfer_amount": 100, "transfer_remark": "x"}).data
    assert (made["state"], made["sub_mchid"]) == ("WAIT_USER_CONFIRM", SUB)
    sandbox.confirm_transfer("B1", "FAIL", "NAME_NOT_CORRECT")
    for path in ("out-bill-no/B1", f"transfer-bill-no/{made['transfer_bill_no']}"):
        output = merchant.get(f"{base}/{path}?sub_mchid={SUB}").data
        assert (output["state"], output["fail_reason"], output["transfer_scene_id"]) == (
            "FAIL",
            "NAME_NOT_CORRECT",
            "1000",
        )
