"""Complaints: their notifications, decisions about refunds, answers at once, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

BASE = "/v3/merchant-service/complaints-v2"
DAY = 86400.0


def place(merchant: Any, number: str = "order001", **more: Any) -> None:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "押金",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 200, "currency": "CNY"},
    }
    assert merchant.post("/v3/pay/transactions/native", {**sent, **more}).status == 200
    merchant.sandbox.pay(number)


def subscribed(merchant: Any, url: str) -> None:
    merchant.post("/v3/merchant-service/complaint-notifications", {"url": url})


def history(merchant: Any, number: str) -> Any:
    return merchant.get(f"{BASE}/{number}/negotiation-historys").data["data"]


def test_a_notification_has_the_members_of_a_captured_one(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    place(merchant)
    subscribed(merchant, receiver.url)
    number = sandbox.actions["complain"]("order001", "押金没退回处理一下！", "15972618111")["complaint_id"]
    assert (len(number), number[:15]) == (27, f"2000000{sandbox.context.now():%Y%m%d}")
    assert sandbox.callbacks.wait()
    content = receiver.opened(sandbox)[1]
    assert content == {
        "out_trade_no": "order001",
        "complaint_time": sandbox.store.entry("complaint", number)["complaint"]["complaint_time"],
        "amount": 200,
        "payer_phone": "15972618111",
        "complaint_detail": "押金没退回处理一下！",
        "complaint_state": "PAYER_COMPLAINTED",
        "transaction_id": sandbox.store.entry("order", "order001")["transaction_id"],
        "complaint_handle_state": "WAIT_MERCHANT_RESPONSE",
        "action_type": "CREATE_COMPLAINT",
        "complaint_id": number,
    }


def test_a_refund_is_decided_where_it_was_asked_for(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    place(merchant)
    subscribed(merchant, receiver.url)
    number = sandbox.complain("order001")["complaint_id"]
    told = merchant.get(f"{BASE}/{number}").data
    assert (told["problem_type"], told["apply_refund_amount"], told["complaint_full_refunded"]) == (
        "REFUND",
        200,
        False,
    )
    reject = {"action": "REJECT", "reject_reason": "拒绝退款"}
    assert merchant.post(f"{BASE}/{number}/update-refund-progress", reject).status == 204
    assert sandbox.callbacks.wait()
    # the names differ: https://pay.weixin.qq.com/doc/v3/merchant/4012289719
    sent = [receiver.opened(sandbox, index)[1] for index in range(len(receiver.received))]
    actions = {each["action_type"]: each["complaint_handle_state"] for each in sent}
    assert actions["MERCHANT_REJECT_REFUND"] == "PROCESSING"
    assert history(merchant, number)[-1]["operate_type"] == "MERCHANT_REFUSE_RERUND"
    refund = {
        "out_trade_no": "order001",
        "out_refund_no": "R1",
        "amount": {"refund": 200, "total": 200, "currency": "CNY"},
    }
    assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200
    assert merchant.get(f"{BASE}/{number}").data["complaint_full_refunded"] is True
    other = sandbox.actions["complain"]("order001", problem="OTHERS")
    assert (other["user_complaint_times"], other["complaint_id"] != number) == (2, True)
    assert "apply_refund_amount" not in merchant.get(f"{BASE}/{other['complaint_id']}").data
    answer = merchant.post(f"{BASE}/{other['complaint_id']}/update-refund-progress", reject)
    assert answer.data["message"] == "该投诉单不是申请退款单"
    with pytest.raises(ValueError, match="'MOOD' is not a choice"):
        sandbox.actions["complain"]("order001", problem="MOOD")


def test_a_user_waits_for_an_answer(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    place(merchant)
    number = sandbox.complain("order001")["complaint_id"]
    subscribed(merchant, receiver.url)
    sandbox.actions["reply_complaint"](number, "在吗")
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["action_type"] == "USER_RESPONSE"
    assert merchant.get(f"{BASE}/{number}").data["incoming_user_response"] is True
    own = {"complainted_mchid": merchant.account.mchid, "response_content": "已与用户沟通解决"}
    image = {"response_images": ["file23578_21798531.jpg"]}
    assert merchant.post(f"{BASE}/{number}/response", {**own, "complainted_mchid": "1900012181"}).status == 400
    assert merchant.post(f"{BASE}/{number}/response", {**own, **image}).status == 204
    assert merchant.get(f"{BASE}/{number}").data["incoming_user_response"] is False
    assert history(merchant, number)[-1]["image_list"][0].endswith("/images/file23578_21798531.jpg")


def test_a_user_is_answered_at_once(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant)
    sent = {
        "complainted_mchid": merchant.account.mchid,
        "message": {"blocks": [{"type": "TEXT", "text": {"text": "您好"}}], "sender_identity": "MANUAL"},
        "idempotent_id": "550e8400-e29b-41d4-a716-446655440000",
    }
    slow = sandbox.complain("order001")["complaint_id"]
    assert merchant.post(f"{BASE}/{slow}/response-immediate-service", sent).data["code"] == "INVALID_REQUEST"
    number = sandbox.actions["complain"]("order001", immediate="true")["complaint_id"]
    assert merchant.get(f"{BASE}/{number}").data["need_immediate_service"] is True
    logs = {merchant.post(f"{BASE}/{number}/response-immediate-service", sent).data["log_id"] for _ in range(2)}
    step = history(merchant, number)[-1]
    assert (len(history(merchant, number)), logs, "idempotent_id" in step) == (2, {step["log_id"]}, False)
    assert step["normal_message"]["blocks"][0]["text"] == {"text": "您好"}


def test_lists_are_of_days_pages_and_one_merchant(sandbox: Sandbox, merchant: Any) -> None:
    first = sandbox.context.day()
    place(merchant)
    numbers = [sandbox.complain("order001")["complaint_id"] for _ in range(3)]
    sandbox.context.clock.advance(DAY)
    last = sandbox.context.day()
    numbers.append(sandbox.complain("order001")["complaint_id"])

    def listed(begin: str, end: str, more: str = "") -> Any:
        return merchant.get(f"{BASE}?begin_date={begin}&end_date={end}{more}").data

    assert [each["complaint_id"] for each in listed(first, last)["data"]] == numbers
    assert listed(last, last)["total_count"] == 1
    page = listed(first, last, "&limit=2&offset=1")
    assert ([each["complaint_id"] for each in page["data"]], page["total_count"]) == (numbers[1:3], 4)
    assert listed(first, last, f"&complainted_mchid={merchant.account.mchid}")["total_count"] == 4
    assert listed(first, last, "&complainted_mchid=1900012181")["total_count"] == 0
    assert listed(last, first)["detail"]["field"] == "/end_date"
    assert listed("2019-01-01", "2019-02-01")["detail"]["field"] == "/end_date"
    assert listed("2019-1-1", "2019-01-01")["detail"]["field"] == "/begin_date"


def test_a_complaint_about_a_sub_merchant_names_it(sandbox: Sandbox, merchant: Any) -> None:
    sent = {"sp_appid": merchant.account.appid, "sp_mchid": merchant.account.mchid, "sub_mchid": "1900012181"}
    sent |= {"description": "押金", "out_trade_no": "order001", "notify_url": "http://127.0.0.1:9/"}
    merchant.post("/v3/pay/partner/transactions/native", {**sent, "amount": {"total": 200, "currency": "CNY"}})
    sandbox.pay("order001")
    assert sandbox.complain("order001")["complainted_mchid"] == "1900012181"


def test_the_first_version_tells_the_same(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant)
    sandbox.complain("order001")
    trade = sandbox.store.entry("order", "order001")["transaction_id"]
    base, day = "/v3/merchant-service/complaints", sandbox.context.day()
    (listed,) = merchant.get(f"{base}?begin_date={day}&end_date={day}").data["data"]
    told = merchant.get(f"{base}/{trade}").data
    assert (listed["transaction_id"], listed["amount"], listed["complaint_state"]) == (trade, 200, "PAYER_COMPLAINTED")
    assert (told["out_trade_no"], told["complaint_handle_state"]) == ("order001", "WAIT_MERCHANT_RESPONSE")
    sent = {
        "transaction_id": trade,
        "complainted_mchid": merchant.account.mchid,
        "feedback_content": "已与用户协商解决",
    }
    for launch in (False, True):
        assert merchant.post("/v3/merchant-service/feedbacks", {**sent, "launch_confirm_process": launch}).status == 204
    steps = merchant.get(f"{base}/{trade}/negotiation-historys").data["complaint_negotiation_history"]
    assert [each["operate_type"] for each in steps] == [
        "USER_CREATE_COMPLAINT",
        "MERCHANT_RESPONSE",
        "MERCHANT_RESPONSE",
        "MERCHANT_LAUNCH_CONFIRM_PROCESS",
    ]
    assert merchant.get(f"{base}/{trade}").data["complaint_handle_state"] == "PROCESSED"
    assert merchant.get(f"{base}/none").data["code"] == "RESOURCE_NOT_EXISTS"
