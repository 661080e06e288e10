"""Profit sharing: who, how much, when; parts that fail, parts that come back, and where the money is meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.profit_sharing import PRODUCTS

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

BASE = "/v3/profitsharing"
TO, SUB, BRAND = "86693852", "1900000111", "1900000108"
DAY = 86400
NOT_SHARED = "非分账订单不支持分账"


def placed(sandbox: Sandbox, merchant: Any, number: str = "order001", total: int = 1000, **more: Any) -> str:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": total},
        "settle_info": {"profit_sharing": True},
        **more,
    }
    merchant.post("/v3/pay/transactions/native", sent)
    return str(sandbox.pay(number)[0]["transaction_id"])


def ready(sandbox: Sandbox, merchant: Any, *receivers: str, **order: Any) -> str:
    for each in receivers or (TO,):
        sent = {"appid": "wx1", "type": "MERCHANT_ID", "account": each, "name": merchant.encrypt("某商户")}
        assert merchant.post(f"{BASE}/receivers/add", {**sent, "relation_type": "STORE"}).status == 200
    transaction = placed(sandbox, merchant, **order)
    sandbox.clock.advance(minutes=1)
    return transaction


def part(amount: int, account: str = TO, kind: str = "MERCHANT_ID") -> dict[str, Any]:
    return {"type": kind, "account": account, "amount": amount, "description": "分给商户A"}


def share(
    merchant: Any, transaction: str, number: str, *parts: dict[str, Any], whole: bool = False, **more: Any
) -> Any:
    sent = {"appid": "wx1", "transaction_id": transaction, "out_order_no": number, "receivers": list(parts), **more}
    return merchant.post(f"{BASE}/orders", {**sent, "unfreeze_unsplit": whole})


def unfreeze(merchant: Any, transaction: str, number: str) -> Any:
    sent = {"transaction_id": transaction, "out_order_no": number, "description": "解冻"}
    return merchant.post(f"{BASE}/orders/unfreeze", sent)


def give_back(merchant: Any, number: str, amount: int, account: str = TO, split: str = "P1") -> Any:
    sent = {"out_order_no": split, "out_return_no": number, "return_mchid": account, "amount": amount}
    return merchant.post(f"{BASE}/return-orders", {**sent, "description": "退"})


def told(merchant: Any, transaction: str, number: str = "P1") -> Any:
    return merchant.get(f"{BASE}/orders/{number}?transaction_id={transaction}").data


def rest(merchant: Any, transaction: str) -> int:
    return int(merchant.get(f"{BASE}/transactions/{transaction}/amounts").data["unsplit_amount"])


def said(answer: Any) -> tuple[int, str, str]:
    return answer.status, answer.data["code"], answer.data["message"]


def held(sandbox: Sandbox, owner: str = "") -> int:
    return accounts.balance(sandbox.context, owner=owner).held


def entries(sandbox: Sandbox, owner: str = "") -> list[tuple[str, int]]:
    return [
        (each["name"], each["amount"])
        for each in accounts.entries(sandbox.context, sandbox.context.day(), owner=owner)
        if "分账" in each["name"]
    ]


# who, how much, when


def test_a_split_is_accepted_then_finished(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    assert (rest(merchant, transaction), held(sandbox)) == (994, 994)  # without 0.60 %
    before = sandbox.context.stamp()
    made = share(merchant, transaction, "P1", part(200)).data
    assert (made["state"], made["receivers"][0]["result"]) == ("PROCESSING", "PENDING")
    assert made["receivers"][0]["finish_time"] == "1970-01-01T08:00:00+08:00"
    output = told(merchant, transaction)
    assert (output["state"], output["receivers"][0]["result"]) == ("FINISHED", "SUCCESS")
    assert before <= output["receivers"][0]["finish_time"] <= sandbox.context.stamp()
    assert {*output["receivers"][0]} == {
        *("type", "account", "amount", "description", "result", "detail_id", "create_time", "finish_time")
    }
    assert share(merchant, transaction, "P1", part(200)).data["order_id"] == made["order_id"]
    assert (rest(merchant, transaction), held(sandbox)) == (794, 794)
    assert entries(sandbox) == [("分账", -200)]
    assert entries(sandbox, TO) == [("分账", 200)]
    assert merchant.get(f"{BASE}/orders/P1?transaction_id=1").data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.get(f"{BASE}/orders/P9?transaction_id=1").data["code"] == "RESOURCE_NOT_EXISTS"


def test_a_number_is_not_used_for_something_else(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    assert share(merchant, transaction, "P1", part(200)).status == 200
    other = (400, "PARAM_ERROR", "分账接收方与原请求不一致")  # pay.weixin.qq.com/doc/v3/partner/4015981574
    assert said(share(merchant, transaction, "P1", part(201))) == other
    assert said(unfreeze(merchant, transaction, "P1")) == other
    assert share(merchant, transaction, "P1", part(200), whole=True).data["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("marked", [{"settle_info": {"profit_sharing": False}}, {"settle_info": {}}])
def test_an_order_that_was_not_placed_for_it_is_not_shared(sandbox: Sandbox, merchant: Any, marked: Any) -> None:
    sandbox.context.strict = False
    transaction = ready(sandbox, merchant, **marked)
    refused = (400, "INVALID_REQUEST", NOT_SHARED)
    assert said(share(merchant, transaction, "P1", part(1))) == refused
    assert said(unfreeze(merchant, transaction, "P2")) == refused
    assert said(share(merchant, "4200000000000000000000000000", "P3", part(1))) == refused
    assert (rest(merchant, transaction), held(sandbox)) == (0, 0)


def test_an_unpaid_order_has_nothing_to_share(sandbox: Sandbox, merchant: Any) -> None:
    ready(sandbox, merchant)
    sent = {"appid": "wx1", "mchid": merchant.account.mchid, "description": "x", "out_trade_no": "unpaid01"}
    sent |= {"notify_url": "http://127.0.0.1:9/", "amount": {"total": 100}, "settle_info": {"profit_sharing": True}}
    merchant.post("/v3/pay/transactions/native", sent)
    number = sandbox.store.entry("order", "unpaid01")["transaction_id"]
    assert said(share(merchant, number, "P1", part(1))) == (400, "INVALID_REQUEST", NOT_SHARED)
    assert merchant.get(f"{BASE}/transactions/{number}/amounts").data["code"] == "RESOURCE_NOT_EXISTS"


def test_an_order_is_shared_a_minute_after_its_payment(sandbox: Sandbox, merchant: Any) -> None:
    ready(sandbox, merchant)
    transaction = placed(sandbox, merchant, "order002")
    assert said(share(merchant, transaction, "P1", part(1))) == (400, "INVALID_REQUEST", "订单处理中，请稍后重试")
    sandbox.clock.advance(minutes=1)
    assert share(merchant, transaction, "P1", part(1)).status == 200


def test_receivers_are_added_first_and_deleted_for_good(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    stranger = (400, "PARAM_ERROR", "分账接收方关系不存在，请检查参数中每个接收方的关系。")
    assert said(share(merchant, transaction, "P1", part(1), part(1, "86693853"))) == stranger
    assert said(share(merchant, transaction, "P1", part(1, TO, "PERSONAL_OPENID"))) == stranger
    assert share(merchant, transaction, "P1", part(1)).status == 200
    who = {"appid": "wx1", "type": "MERCHANT_ID", "account": TO}
    assert merchant.post(f"{BASE}/receivers/delete", who).data["account"] == TO
    assert said(share(merchant, transaction, "P2", part(1))) == stranger


def test_the_name_of_a_receiver_is_told_encrypted_and_not_kept(sandbox: Sandbox, merchant: Any) -> None:
    sent = {"appid": "wx1", "type": "MERCHANT_ID", "account": TO, "name": merchant.encrypt("某商户")}
    output = merchant.post(f"{BASE}/receivers/add", {**sent, "relation_type": "STORE"}).data
    assert merchant.decrypt(output["name"]) == "某商户"
    assert "某商户" not in str([*sandbox.store.all("profit sharing receiver")])


def test_no_more_is_shared_than_the_ratio_of_the_merchant(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant, total=55)
    over = (400, "INVALID_REQUEST", PRODUCTS["v3/profitsharing"].excess)
    assert said(share(merchant, transaction, "P1", part(17))) == over  # 16.5 at 30 %
    assert share(merchant, transaction, "P1", part(10)).status == 200
    assert said(share(merchant, transaction, "P2", part(7))) == over  # in all
    own = merchant.account.mchid
    sandbox.actions["set_sharing_ratio"](own, "10000")
    assert merchant.get(f"{BASE}/merchant-configs/{own}").data["max_ratio"] == 10000
    assert merchant.get(f"{BASE}/merchant-configs/{SUB}").data["max_ratio"] == 3000
    assert said(share(merchant, transaction, "P2", part(46))) == (403, "NOT_ENOUGH", "分账金额不足")
    assert share(merchant, transaction, "P2", part(45)).status == 200
    assert rest(merchant, transaction) == 0


def test_a_refund_lowers_what_can_be_shared(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    amount = {"refund": 500, "total": 1000, "currency": "CNY"}
    refund = {"out_trade_no": "order001", "out_refund_no": "R1", "amount": amount}
    assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200
    assert (rest(merchant, transaction), held(sandbox)) == (497, 497)
    assert share(merchant, transaction, "P1", part(151)).data["code"] == "INVALID_REQUEST"
    assert share(merchant, transaction, "P1", part(150)).status == 200
    other = accounts.Entry(amount=1000, name="交易", number="4200", voucher="another order")
    accounts.book(sandbox.context, other)  # what was shared out is refunded from other money
    assert merchant.post("/v3/refund/domestic/refunds", {**refund, "out_refund_no": "R2"}).status == 200
    assert (rest(merchant, transaction), held(sandbox)) == (0, 0)
    assert said(unfreeze(merchant, transaction, "P2")) == (403, "NOT_ENOUGH", "分账金额不足")


def test_the_rest_of_a_refunded_order_is_unfrozen_whatever_was_shared(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(200))
    sent = {
        "out_trade_no": "order001",
        "out_refund_no": "R1",
        "amount": {"refund": 500, "total": 1000, "currency": "CNY"},
    }
    assert merchant.post("/v3/refund/domestic/refunds", sent).status == 200
    assert said(share(merchant, transaction, "P2", part(1)))[:2] == (400, "INVALID_REQUEST")
    assert unfreeze(merchant, transaction, "P3").status == 200
    assert rest(merchant, transaction) == 0


@pytest.mark.parametrize("ratio", ["", "-1", "10001", "三", "²"])
def test_a_ratio_is_a_number_of_ten_thousandths(sandbox: Sandbox, ratio: str) -> None:
    with pytest.raises(ValueError, match="none of 0 to 10000"):
        sandbox.actions["set_sharing_ratio"]("1900000109", ratio)


def test_what_nobody_shares_in_thirty_days_is_unfrozen(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    sandbox.clock.advance(30 * DAY - 120)
    assert rest(merchant, transaction) == 994
    sandbox.clock.advance(120)
    assert said(share(merchant, transaction, "P1", part(1))) == (403, "NOT_ENOUGH", "分账金额不足")
    assert (rest(merchant, transaction), held(sandbox)) == (0, 0)


def test_the_rest_is_unfrozen_once(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    made = unfreeze(merchant, transaction, "P1").data
    assert (made["state"], made["receivers"][0]["result"]) == ("PROCESSING", "PENDING")
    output = told(merchant, transaction)
    assert output["state"] == "FINISHED"
    assert [(each["description"], each["amount"]) for each in output["receivers"]] == [("解冻给分账方", 994)]
    assert (rest(merchant, transaction), held(sandbox), entries(sandbox)) == (0, 0, [])
    assert unfreeze(merchant, transaction, "P1").data["order_id"] == made["order_id"]
    assert said(unfreeze(merchant, transaction, "P2")) == (403, "NOT_ENOUGH", "分账金额不足")


def test_the_last_split_unfreezes_the_rest(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    assert share(merchant, transaction, "P1", part(300), whole=True).status == 200
    assert [each["amount"] for each in told(merchant, transaction)["receivers"]] == [300, 694]
    assert share(merchant, transaction, "P2", part(1)).data["code"] == "NOT_ENOUGH"
    sandbox.actions["set_sharing_ratio"](merchant.account.mchid, "10000")
    other = placed(sandbox, merchant, "order002")
    sandbox.clock.advance(minutes=1)
    assert share(merchant, other, "P3", part(994), whole=True).status == 200
    assert [each["amount"] for each in told(merchant, other, "P3")["receivers"]] == [994]


def test_the_merchant_unfreezes_a_part_for_itself(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    own = (
        merchant.account.mchid
    )  # neither added nor counted: pay.weixin.qq.com/docs/merchant/products/profit-sharing/apilist.html
    assert share(merchant, transaction, "P1", part(300), part(400, own)).status == 200
    assert (rest(merchant, transaction), held(sandbox), entries(sandbox)) == (294, 294, [("分账", -300)])
    assert share(merchant, transaction, "P2", part(1)).data["code"] == "INVALID_REQUEST"
    assert share(merchant, transaction, "P2", part(295, own)).data["code"] == "NOT_ENOUGH"


def test_an_order_is_shared_fifty_times_and_among_fifty(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant, total=100_000)
    assert share(merchant, transaction, "P", *[part(1)] * 51).data["code"] == "INVALID_REQUEST"
    for index in range(50):
        assert share(merchant, transaction, f"P{index}", part(1)).status == 200
    assert "50次" in share(merchant, transaction, "P50", part(1)).data["message"]


def test_splits_of_other_orders_are_not_looked_at(sandbox: Sandbox, merchant: Any, monkeypatch: Any) -> None:
    transaction = ready(sandbox, merchant)
    looked: list[str] = []
    all_of = sandbox.store.all

    def watched(kind: str, day: str | None = None) -> Any:
        looked.append(kind)
        return all_of(kind, day)

    monkeypatch.setattr(sandbox.store, "all", watched)
    assert share(merchant, transaction, "P1", part(2)).status == 200
    assert give_back(merchant, "R1", 1).status == 200
    assert rest(merchant, transaction) == 992
    assert looked == []


# parts that fail


def test_parts_are_closed_for_a_reason_and_come_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset()
    transaction = ready(sandbox, merchant, TO, "86693853")
    sent = {"notify_url": receiver.url}
    assert share(merchant, transaction, "P1", part(100), part(50, "86693853"), whole=True, **sent).status == 200
    assert told(merchant, transaction)["state"] == "PROCESSING"
    assert entries(sandbox) == [("分账", -100), ("分账", -50)]
    assert give_back(merchant, "R1", 1).data["code"] == "INVALID_REQUEST"
    sandbox.actions["finish_split"]("P1", "CLOSED", "RECEIVER_HIGH_RISK", "86693853")
    assert told(merchant, transaction)["state"] == "PROCESSING"
    sandbox.actions["finish_split"]("P1")
    output = told(merchant, transaction)
    assert output["state"] == "FINISHED"
    assert [(each["result"], each.get("fail_reason")) for each in output["receivers"]] == [
        ("SUCCESS", None),
        ("CLOSED", "RECEIVER_HIGH_RISK"),
        ("SUCCESS", None),
    ]
    assert entries(sandbox) == [("分账", -100), ("分账", -50), ("分账", 50)]
    assert (entries(sandbox, "86693853"), entries(sandbox, TO)) == ([], [("分账", 100)])
    assert sandbox.callbacks.wait()
    numbers = {each["number"] for each in accounts.entries(sandbox.context, sandbox.context.day(), owner=TO)}
    assert numbers == {output["receivers"][0]["detail_id"]}  # what fund flow bills are compared by
    (notice,) = [receiver.opened(sandbox, index) for index in range(len(receiver.received))]
    assert (notice[0]["event_type"], notice[1]["receiver"]["account"]) == ("PROFITSHARING.SUCCESS", TO)
    with pytest.raises(ValueError, match="is FINISHED, not PROCESSING"):
        sandbox.actions["finish_split"]("P1", "CLOSED")


def test_a_receiver_that_is_deleted_meanwhile_gets_nothing(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset()
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(100))
    merchant.post(f"{BASE}/receivers/delete", {"appid": "wx1", "type": "MERCHANT_ID", "account": TO})
    sandbox.actions["finish_split"]("P1")
    (one,) = told(merchant, transaction)["receivers"]
    assert (one["result"], one["fail_reason"]) == ("CLOSED", "NO_RELATION")
    assert give_back(merchant, "R1", 1).data["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("state", "reason", "english", "chinese"),
    [
        ("FAILED", "", "'FAILED' is not a choice; choose one of SUCCESS, CLOSED", "可选：SUCCESS、CLOSED"),
        ("SUCCESS", "NO_AUTH", "ends as SUCCESS has no reason", "分账单终态"),
        ("CLOSED", "BORED", "'BORED' is not a choice; choose one of ACCOUNT_ABNORMAL", "可选：ACCOUNT_ABNORMAL"),
    ],
)
def test_a_split_ends_as_the_catalogue_says(
    sandbox: Sandbox, merchant: Any, state: str, reason: str, english: str, chinese: str
) -> None:
    sandbox.context.automatic = frozenset()
    share(merchant, ready(sandbox, merchant), "P1", part(100))
    with pytest.raises(ValueError, match=english) as refused:
        sandbox.actions["finish_split"]("P1", state, reason)
    assert chinese in refused.value.args[0].zh


def test_users_are_paid_outside_of_the_accounts(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    who = {"appid": "wx1", "type": "PERSONAL_OPENID", "account": "oUser", "relation_type": "USER"}
    merchant.post(f"{BASE}/receivers/add", who)
    assert share(merchant, transaction, "P1", part(7, "oUser", "PERSONAL_OPENID")).status == 200
    assert (entries(sandbox), entries(sandbox, "oUser")) == ([("分账", -7)], [])
    assert said(give_back(merchant, "R1", 1, "oUser")) == (400, "INVALID_REQUEST", "回退方不存在")


# parts that come back


def test_parts_come_back(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(300), whole=True)
    made = give_back(merchant, "R1", 100).data
    assert (made["result"], made["return_mchid"], made["amount"]) == ("SUCCESS", TO, 100)
    assert give_back(merchant, "R1", 100).data == made
    assert give_back(merchant, "R1", 101).data["code"] == "INVALID_REQUEST"
    assert merchant.get(f"{BASE}/return-orders/R1?out_order_no=P1").data["return_id"] == made["return_id"]
    for query in ("R9?out_order_no=P1", "R1?out_order_no=P2"):
        assert merchant.get(f"{BASE}/return-orders/{query}").data["code"] == "RESOURCE_NOT_EXISTS"
    assert said(give_back(merchant, "R2", 201)) == (403, "NOT_ENOUGH", "剩余可回退的金额不足")
    assert said(give_back(merchant, "R2", 1, merchant.account.mchid)) == (400, "INVALID_REQUEST", "回退方不存在")
    assert give_back(merchant, "R2", 200).data["result"] == "SUCCESS"
    assert entries(sandbox) == [("分账", -300), ("分账回退", 100), ("分账回退", 200)]
    assert entries(sandbox, TO) == [("分账", 300), ("分账回退", -100), ("分账回退", -200)]


def test_parts_come_back_within_180_days_and_fifty_times(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(100))
    for index in range(50):
        assert give_back(merchant, f"R{index}", 1).status == 200
    assert "50次" in give_back(merchant, "R50", 1).data["message"]
    share(merchant, transaction, "P2", part(100))
    sandbox.clock.advance(180 * DAY - 60)
    assert give_back(merchant, "R51", 1, split="P2").status == 200
    sandbox.clock.advance(120)
    assert "180天" in give_back(merchant, "R52", 1, split="P2").data["message"]


def test_a_return_of_a_receiver_without_money_fails(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(100))
    accounts.hold(sandbox.context, 50, owner=TO)
    made = give_back(merchant, "R1", 51).data
    assert (made["result"], made["fail_reason"]) == ("FAILED", "BALANCE_NOT_ENOUGH")
    assert give_back(merchant, "R2", 50).data["result"] == "SUCCESS"
    accounts.release(sandbox.context, 50, owner=TO)
    assert give_back(merchant, "R3", 50).data["result"] == "SUCCESS"


def test_a_return_fails_for_a_reason(sandbox: Sandbox, merchant: Any) -> None:
    transaction = ready(sandbox, merchant)
    share(merchant, transaction, "P1", part(100))
    sandbox.context.automatic = frozenset()
    assert give_back(merchant, "R1", 100).data["result"] == "PROCESSING"
    assert give_back(merchant, "R2", 1).data["code"] == "NOT_ENOUGH"
    sandbox.actions["finish_return"]("R1", "FAILED", "TIME_OUT_CLOSED")
    output = merchant.get(f"{BASE}/return-orders/R1?out_order_no=P1").data
    assert (output["result"], output["fail_reason"]) == ("FAILED", "TIME_OUT_CLOSED")
    with pytest.raises(ValueError, match="is FAILED, not PROCESSING"):
        sandbox.actions["finish_return"]("R1")
    assert give_back(merchant, "R2", 100).data["result"] == "PROCESSING"
    assert entries(sandbox) == [("分账", -100)]
    sandbox.actions["finish_return"]("R2")
    assert entries(sandbox) == [("分账", -100), ("分账回退", 100)]


# providers, brands and marketplaces


def placed_for(sandbox: Sandbox, merchant: Any, sub: str = SUB) -> str:
    sent = {
        "sp_appid": merchant.account.appid,
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": sub,
        "description": "商品",
        "out_trade_no": f"partner{sub}",
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 1000},
        "settle_info": {"profit_sharing": True},
    }
    merchant.post("/v3/pay/partner/transactions/native", sent)
    transaction = sandbox.pay(sent["out_trade_no"])[0]["transaction_id"]
    sandbox.clock.advance(minutes=1)
    return str(transaction)


def test_a_provider_shares_orders_of_its_sub_merchants(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    transaction = placed_for(sandbox, merchant)
    who = {"appid": "wx1", "type": "MERCHANT_ID", "account": TO, "relation_type": "STORE", "sub_mchid": SUB}
    merchant.post(f"{BASE}/receivers/add", who)
    mode = share(merchant, transaction, "P1", part(1)).data["message"]
    assert mode.startswith("请求分账的交易模式和下单的交易模式不匹配")  # github.com/binarywang/WxJava/issues/2747
    assert share(merchant, transaction, "P1", part(1), sub_mchid="1900000222").data["code"] == "INVALID_REQUEST"
    sandbox.notify_at(receiver.url)
    assert share(merchant, transaction, "P1", part(1), sub_mchid=SUB).status == 200
    assert sandbox.callbacks.wait()
    _, resource = receiver.opened(sandbox)
    assert (resource["sp_mchid"], resource["sub_mchid"]) == (merchant.account.mchid, SUB)
    assert (held(sandbox), held(sandbox, SUB)) == (0, 993)
    assert entries(sandbox, SUB) == [("分账", -1)]
    made = give_back(merchant, "R1", 1).data
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["order_id"]) == ("PROFITSHARING.RETURN", made["return_id"])
    assert (resource["out_order_no"], resource["receiver"]["description"]) == ("R1", "退")


@pytest.mark.parametrize(("family", "more"), [("brand", {"brand_mchid": BRAND}), ("ecommerce", {})])
def test_brands_and_marketplaces_share(sandbox: Sandbox, merchant: Any, family: str, more: dict[str, str]) -> None:
    sandbox.context.strict = False
    base = f"/v3/{family}/profitsharing"
    transaction = placed_for(sandbox, merchant)
    sent = {**more, "appid": "wx1", "sub_mchid": SUB, "transaction_id": transaction, "out_order_no": "P1"}
    receivers = [{"type": "MERCHANT_ID", "account": TO, "receiver_account": TO, "amount": 100, "description": "x"}]
    sent |= {"receivers": receivers, "finish": False}
    assert merchant.post(f"{base}/orders", sent).data["code"] == "PARAM_ERROR"
    merchant.post(f"{base}/receivers/add", {**more, "appid": "wx1", "type": "MERCHANT_ID", "account": TO})
    over = {**sent, "receivers": [{**receivers[0], "amount": 301}]}
    assert said(merchant.post(f"{base}/orders", over)) == (403, "RULE_LIMIT", "分账金额超出最大分账比例")
    assert merchant.post(f"{base}/orders", sent).data["status"] == "PROCESSING"
    query = f"?sub_mchid={SUB}&transaction_id={transaction}&out_order_no=P1"
    output = merchant.get(f"{base}/orders{query}").data
    assert (output["status"], output["receivers"][0]["result"]) == ("FINISHED", "SUCCESS")
    assert output["receivers"][0].get("account", output["receivers"][0].get("receiver_account")) == TO
    sandbox.clock.advance(100 * DAY)  # theirs wait 180 days
    assert merchant.get(f"{base}/orders/{transaction}/amounts").data["unsplit_amount"] == 894

    back = {"sub_mchid": SUB, "out_order_no": "P1", "out_return_no": "R1", "return_mchid": TO, "amount": 60}
    back["description"] = "退"
    made = merchant.post(f"{base}/returnorders", back).data
    assert (made["result"], made["amount"]) == ("SUCCESS", 60)
    poor = merchant.post(f"{base}/returnorders", {**back, "out_return_no": "R2", "amount": 40})
    assert poor.data["result"] == "SUCCESS"
    assert merchant.get(f"{base}/returnorders?sub_mchid={SUB}&out_order_no=P1&out_return_no=R1").data["result"] == (
        "SUCCESS"
    )
    end = {**more, "sub_mchid": SUB, "transaction_id": transaction, "out_order_no": "P2", "description": "完"}
    assert merchant.post(f"{base}/finish-order", end).data["order_id"]
    output = merchant.get(f"{base}/orders{query.replace('P1', 'P2')}").data
    assert (output["finish_amount"], output["finish_description"]) == (894, "完")
    assert held(sandbox, SUB) == 0


def test_a_return_of_a_brand_fails_by_another_word_and_is_refused_without_money(
    sandbox: Sandbox, merchant: Any
) -> None:
    sandbox.context.strict = False
    base = "/v3/brand/profitsharing"
    transaction = placed_for(sandbox, merchant)
    merchant.post(f"{base}/receivers/add", {"brand_mchid": BRAND, "type": "MERCHANT_ID", "account": TO})
    sent = {"brand_mchid": BRAND, "sub_mchid": SUB, "transaction_id": transaction, "out_order_no": "P1"}
    merchant.post(f"{base}/orders", {**sent, "receivers": [part(100)], "finish": False})
    back = {"sub_mchid": SUB, "out_order_no": "P1", "out_return_no": "R1", "return_mchid": TO, "amount": 60}
    accounts.hold(sandbox.context, 100, owner=TO)
    refused = merchant.post(f"{base}/returnorders", {**back, "description": "退"})
    assert said(refused) == (403, "NOT_ENOUGH", "可用余额不足，请充值后重新发起")  # …/v3/partner/4012525463
    accounts.release(sandbox.context, 100, owner=TO)
    sandbox.context.automatic = frozenset()
    assert merchant.post(f"{base}/returnorders", {**back, "description": "退"}).data["result"] == "PROCESSING"
    accounts.hold(sandbox.context, 100, owner=TO)
    sandbox.actions["finish_return"]("R1")
    query = f"?sub_mchid={SUB}&out_order_no=P1&out_return_no=R1"
    assert merchant.get(f"{base}/returnorders{query}").data["result"] == "FAIL"
    assert merchant.get(f"{base}/brand-configs/{BRAND}").data == {"brand_mchid": BRAND, "max_ratio": 3000}


# v2


def test_profit_is_shared_by_v2(sandbox: Sandbox, merchant: Any) -> None:
    def call(path: str, parameters: dict[str, Any]) -> dict[str, str]:
        asks = path.endswith(("sharingquery", "amountquery", "ratioquery"))  # these take no appid
        sent = {} if asks else {"appid": merchant.account.appid}
        sent |= {"sign_type": "HMAC-SHA256", **parameters}
        output: dict[str, str] = merchant.v2(path, sent, "HMAC-SHA256").xml
        return output

    transaction = ready(sandbox, merchant)
    which = {"transaction_id": transaction, "out_order_no": "P1"}
    sent = {**which, "receivers": json.dumps([part(300)], ensure_ascii=False)}
    who = {"receiver": json.dumps({"type": "MERCHANT_ID", "account": TO})}
    assert json.loads(call("/pay/profitsharingremovereceiver", who)["receiver"])["account"] == TO
    assert call("/secapi/pay/multiprofitsharing", sent)["err_code"] == "PARAM_ERROR"
    sandbox.context.strict = False
    assert call("/pay/profitsharingaddreceiver", {"receiver": "[1]"})["err_code"] == "PARAM_ERROR"
    sandbox.context.strict = True
    more = {"type": "MERCHANT_ID", "account": TO, "name": "某商户", "relation_type": "STORE"}
    assert call("/pay/profitsharingaddreceiver", {"receiver": json.dumps(more)})["result_code"] == "SUCCESS"
    over = json.dumps([part(301)], ensure_ascii=False)
    assert call("/secapi/pay/multiprofitsharing", {**sent, "receivers": over})["err_code"] == "AMOUNT_OVERDUE"
    made = call("/secapi/pay/multiprofitsharing", sent)
    assert json.loads(made["receivers"])[0]["result"] == "PENDING"
    assert call("/secapi/pay/multiprofitsharing", {**sent, "appid": "wx1"})["err_code"] == "INVALID_REQUEST"
    assert call("/secapi/pay/multiprofitsharing", {**sent, "receivers": over})["err_code"] == "PARAM_ERROR"
    broken = {**sent, "out_order_no": "P2", "receivers": '[{"account":"1"}]'}
    assert call("/secapi/pay/multiprofitsharing", broken)["err_code_des"] == "分账接收方列表格式错误"
    output = call("/pay/profitsharingquery", which)
    (one,) = json.loads(output["receivers"])
    assert (output["status"], one["result"], len(one["finish_time"])) == ("FINISHED", "SUCCESS", 14)
    assert call("/pay/profitsharingorderamountquery", {"transaction_id": transaction})["unsplit_amount"] == "694"
    assert call("/pay/profitsharingmerchantratioquery", {})["max_ratio"] == "3000"

    back = {"out_order_no": "P1", "out_return_no": "R1", "return_account_type": "MERCHANT_ID", "return_account": TO}
    back |= {"return_amount": 100, "description": "退"}
    assert call("/secapi/pay/profitsharingreturn", back)["result"] == "SUCCESS"
    asked = {"out_order_no": "P1", "out_return_no": "R1"}
    assert call("/pay/profitsharingreturnquery", asked)["return_amount"] == "100"
    more = {**back, "out_return_no": "R2", "return_amount": 201}
    assert call("/secapi/pay/profitsharingreturn", more)["err_code"] == "NOT_ENOUGH"
    end = {**which, "out_order_no": "F1", "description": "完"}
    assert call("/secapi/pay/profitsharingfinish", end)["order_id"]
    again = call("/secapi/pay/profitsharingfinish", {**end, "out_order_no": "F2"})
    assert (again["err_code"], again["err_code_des"]) == ("NOT_ENOUGH", "分账金额不足")


@pytest.mark.parametrize(("flag", "code"), [({}, "NOT_SHARE_ORDER"), ({"profit_sharing": "Y"}, "SUCCESS")])
def test_an_order_of_v2_is_shared_if_it_says_so(
    sandbox: Sandbox, merchant: Any, flag: dict[str, str], code: str
) -> None:
    ready(sandbox, merchant)
    order = {"appid": merchant.account.appid, "body": "茶", "out_trade_no": "v2order01", "total_fee": 1000}
    order |= {"spbill_create_ip": "127.0.0.1", "notify_url": "http://127.0.0.1:9/", "trade_type": "NATIVE"}
    merchant.v2("/pay/unifiedorder", {**order, "product_id": "1", **flag})
    transaction = sandbox.pay("v2order01")[0]["transaction_id"]
    sandbox.clock.advance(minutes=1)
    sent = {"appid": merchant.account.appid, "sign_type": "HMAC-SHA256", "out_order_no": "P1"}
    sent |= {"transaction_id": transaction, "receivers": json.dumps([part(300)], ensure_ascii=False)}
    output = merchant.v2("/secapi/pay/profitsharing", sent, "HMAC-SHA256").xml
    assert output.get("err_code", output["result_code"]) == code
    assert rest(merchant, transaction) == 0
    if code == "NOT_SHARE_ORDER":
        assert output["err_code_des"] == NOT_SHARED


def test_the_money_of_a_reversed_order_waits_no_more(sandbox: Sandbox, merchant: Any) -> None:
    order = {"appid": merchant.account.appid, "body": "茶", "out_trade_no": "v2order01", "total_fee": 1000}
    order |= {"spbill_create_ip": "127.0.0.1", "auth_code": "130061098828009406", "profit_sharing": "Y"}
    merchant.v2("/pay/micropay", order)
    assert held(sandbox) == 994
    merchant.v2("/secapi/pay/reverse", {"appid": merchant.account.appid, "out_trade_no": "v2order01"})
    assert held(sandbox) == 0
