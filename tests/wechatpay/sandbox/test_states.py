"""The states of objects: each changes only as its table says, and as the platform's pages do."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
import requests

from chainable.i18n import Words
from wechatpay import catalogue
from wechatpay.sandbox import Fault, Sandbox
from wechatpay.sandbox.flows import states, states_applications, states_coupons
from wechatpay.sandbox.flows.states import States, Transition

DAY = timedelta(days=1).total_seconds()
URL = "http://127.0.0.1:9/notify"
TABLES = {
    name: getattr(module, name)
    for module in (states, states_applications, states_coupons)
    for name in module.__all__
    if isinstance(getattr(module, name), States)
}
ENDS = {
    "ORDER": {"REFUND", "CLOSED", "REVOKED"},
    "REFUND": {"SUCCESS", "CLOSED"},
    "TRANSFER": {"SUCCESS", "FAIL", "CANCELLED"},
    "AUTHORIZATION": {"CLOSED"},
    "CONTRACT": {"TERMINATED"},
    "COMPLAINT": {"PROCESSED"},
    "STATELESS": set(),
    "FAVOR_STOCK": {"stoped"},
    "FAVOR_COUPON": {"EXPIRED"},
    "BUSIFAVOR_STOCK": {"STOPED"},
    "BUSIFAVOR_COUPON": {"DEACTIVATED", "DELETED"},
    "SUBSIDY": {"FAIL", "FULL_RETURN"},
    "SUBSIDY_RETURN": {"RETURN_RECEIPT_SUCCESS", "RETURN_RECEIPT_FAIL"},
    "ACTIVITY": {"TERMINATE_ACT_STATUS", "OVER_TIME_ACT_STATUS"},
    "PARTNERSHIP": set(),
    "ALTERATION": {"APPLYMENT_STATE_FINISHED", "APPLYMENT_STATE_CANCELED"},
    "BRAND_APPLYMENT": {"APPLYMENT_STATE_FINISH", "APPLYMENT_STATE_CANCELED"},
}
SUB, OTHER_SUB = "1900000111", "1900000222"


# tables


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_the_ends_are_those_of_the_official_pages(name: str) -> None:
    table, reached = TABLES[name], set(TABLES[name].first)
    for _ in table.transitions:
        reached |= {each.after for each in table.transitions.values() if reached & {*each.before}}
    assert reached == table.all
    assert table.ends == ENDS[name]


@pytest.mark.parametrize("name", TABLES)
def test_tables_name_events_of_the_catalogue(name: str) -> None:
    known = {event.event_type for event in catalogue.events()}
    assert {each.notifies for each in TABLES[name].transitions.values()} - {""} <= known


def test_a_change_that_is_not_possible_now_says_so_in_both_languages() -> None:
    table = States(first=("A",), transitions={"go": Transition(("A", "B"), "C", "user")})
    assert table.after("go", "B", Words("thing 1", "东西 1")) == "C"
    with pytest.raises(ValueError, match="the thing 1 is C, not A or B") as refused:
        table.after("go", "C", Words("thing 1", "东西 1"))
    assert refused.value.args[0].zh == "东西 1 的状态是 C，应为 A 或 B"


# orders


def order(merchant: Any, number: str, total: int = 100, **more: Any) -> dict[str, Any]:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": URL,
        "amount": {"total": total, "currency": "CNY"},
    }
    return {**sent, **more}


def place(merchant: Any, number: str, total: int = 100, **more: Any) -> Any:
    return merchant.post("/v3/pay/transactions/native", order(merchant, number, total, **more))


def by_code(merchant: Any, number: str) -> Any:
    sent = order(
        merchant, number, payer={"auth_code": f"13{crc32(number.encode()):016}"}, scene_info={"store_info": {"id": "1"}}
    )
    del sent["notify_url"]
    return merchant.post("/v3/pay/transactions/codepay", sent)


def state(merchant: Any, number: str) -> str:
    answer = merchant.get(f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant.account.mchid}")
    return str(answer.data["trade_state"])


def act(merchant: Any, number: str, what: str) -> Any:
    body = {"mchid": merchant.account.mchid}
    if what == "reverse":
        body["appid"] = merchant.account.appid
    return merchant.post(f"/v3/pay/transactions/out-trade-no/{number}/{what}", body)


def test_what_has_ended_does_not_change_any_more(merchant: Any) -> None:
    by_code(merchant, "code0001")
    act(merchant, "code0001", "reverse")
    assert act(merchant, "code0001", "reverse").status == 200  # a repeat is no change
    assert act(merchant, "code0001", "close").data["code"] == "INVALID_REQUEST"
    assert state(merchant, "code0001") == "REVOKED"
    place(merchant, "order001")
    act(merchant, "order001", "close")
    assert act(merchant, "order001", "close").status == 204
    assert act(merchant, "order001", "reverse").data["code"] == "INVALID_REQUEST"
    assert state(merchant, "order001") == "CLOSED"


def test_a_payment_code_order_is_reversed_within_seven_days_and_only_whole(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v2/merchant/4011941171
    by_code(merchant, "code0001")
    refund(merchant, "code0001", "refund-1", 30)
    assert act(merchant, "code0001", "reverse").data["code"] == "INVALID_REQUEST"
    assert state(merchant, "code0001") == "REFUND"
    by_code(merchant, "code0002")
    sandbox.context.clock.advance(8 * DAY)
    assert act(merchant, "code0002", "reverse").data["code"] == "REVERSE_EXPIRE"
    sandbox.context.clock.advance(-8 * DAY)
    assert act(merchant, "code0002", "reverse").status == 200


def test_an_order_past_its_time_stays_unpaid_until_seven_days_are_over(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012078634
    soon = (sandbox.context.now() + timedelta(minutes=10)).isoformat(timespec="seconds")
    place(merchant, "order001", time_expire=soon)
    try:
        sandbox.context.clock.advance(660)
        assert state(merchant, "order001") == "NOTPAY"
        with pytest.raises(ValueError, match="its time_expire is over"):
            sandbox.pay("order001")
        assert act(merchant, "order001", "close").status == 204
        place(merchant, "order002")
        sandbox.context.clock.advance(6 * DAY)
        assert state(merchant, "order002") == "NOTPAY"
        sandbox.context.clock.advance(DAY)
        assert state(merchant, "order002") == "CLOSED"
        with pytest.raises(ValueError, match="it is CLOSED"):
            sandbox.pay("order002")
    finally:
        sandbox.context.clock.offset = 0.0


def test_a_time_in_the_past_gives_one_minute(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012791856
    for number in ("order001", "order002"):
        soon = sandbox.context.now().isoformat(timespec="seconds")
        assert place(merchant, number, time_expire=soon).status == 200
    sandbox.pay("order001")
    try:
        sandbox.context.clock.advance(61)
        with pytest.raises(ValueError, match="its time_expire is over"):
            sandbox.pay("order002")
    finally:
        sandbox.context.clock.offset = 0.0


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T10:00:00", "tomorrow"])
def test_a_time_has_its_zone(merchant: Any, text: str) -> None:
    answer = place(merchant, "order001", time_expire=text)
    assert (answer.data["code"], answer.data["detail"]["value"]) == ("PARAM_ERROR", text)


def test_paths_tell_the_merchants_number_from_the_platforms(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, "order001")
    own = sandbox.pay("order001")[0]["transaction_id"]
    base, whose = "/v3/pay/transactions", f"?mchid={merchant.account.mchid}"
    assert merchant.get(f"{base}/id/{own}{whose}").data["out_trade_no"] == "order001"
    assert merchant.get(f"{base}/id/order001{whose}").data["code"] == "ORDER_NOT_EXIST"
    assert merchant.get(f"{base}/out-trade-no/{own}{whose}").data["code"] == "ORDER_NOT_EXIST"


def partner(merchant: Any, number: str) -> None:
    sent = order(merchant, number, sp_appid="wx1", sp_mchid=merchant.account.mchid, sub_mchid=SUB)
    del sent["appid"], sent["mchid"]
    merchant.post(
        "/v3/pay/partner/transactions/jsapi", {**sent, "payer": {"sp_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}
    )


def test_a_sub_merchant_reaches_its_own_orders_only(sandbox: Sandbox, merchant: Any) -> None:
    partner(merchant, "order001")
    base, own = "/v3/pay/partner/transactions/out-trade-no/order001", merchant.account.mchid
    for sub, code in ((OTHER_SUB, "INVALID_REQUEST"), (SUB, None)):
        assert merchant.get(f"{base}?sp_mchid={own}&sub_mchid={sub}").data.get("code") == code
    assert merchant.post(f"{base}/close", {"sp_mchid": own, "sub_mchid": OTHER_SUB}).data["code"] == "INVALID_REQUEST"
    direct = merchant.get(f"/v3/pay/transactions/out-trade-no/order001?mchid={own}")
    assert direct.data["code"] == "ORDER_NOT_EXIST"
    sandbox.pay("order001")
    for more, code in (
        ({"sub_mchid": OTHER_SUB}, "INVALID_REQUEST"),
        ({}, "INVALID_REQUEST"),
        ({"sub_mchid": SUB}, None),
    ):
        assert refund(merchant, "order001", "refund-1", 10, **more).data.get("code") == code
    v2 = {"appid": "wx1", "out_trade_no": "order001"}
    assert merchant.v2("/pay/orderquery", v2).xml["err_code"] == "ORDERNOTEXIST"
    assert merchant.v2("/pay/orderquery", {**v2, "sub_mch_id": SUB}).xml["trade_state"] == "REFUND"


def test_v2_closes_and_reverses_by_the_same_rules(sandbox: Sandbox, merchant: Any) -> None:
    by_code(merchant, "code0001")
    act(merchant, "code0001", "reverse")
    which = {"appid": "wx1", "out_trade_no": "code0001"}
    assert merchant.v2("/pay/closeorder", which).xml["err_code"] == "ORDERCLOSED"
    place(merchant, "order001")
    paid = sandbox.pay("order001")[0]["transaction_id"]
    assert (
        merchant.v2("/secapi/pay/reverse", {**which, "out_trade_no": "order001"}).xml["err_code"] == "INVALID_REQUEST"
    )
    # https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2: transaction_id comes first
    assert merchant.v2("/pay/orderquery", {**which, "transaction_id": paid}).xml["out_trade_no"] == "order001"


@pytest.mark.parametrize("executed", [None, True])
def test_a_user_enters_a_password(sandbox: Sandbox, merchant: Any, executed: bool | None) -> None:
    # https://pay.weixin.qq.com/doc/v2/merchant/4011935219: 202 or USERPAYING, then ask, or reverse after 30 seconds
    sandbox.faults.add(Fault("pending", operation="POST v3/pay/transactions/codepay", times=1, executed=executed))
    assert (by_code(merchant, "code0001").status, state(merchant, "code0001")) == (202, "USERPAYING")
    assert by_code(merchant, "code0001").data["code"] == "USERPAYING"
    assert act(merchant, "code0001", "reverse").data["code"] == "USERPAYING"
    sandbox.pay("code0001")
    assert state(merchant, "code0001") == "SUCCESS"


def test_a_user_enters_a_password_and_gives_up(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add(Fault("pending", operation="POST v2/pay/micropay", times=2))
    sent = {"appid": "wx1", "body": "x", "spbill_create_ip": "8.8.8.8", "total_fee": 1}
    for number, code in (("code0001", 6), ("code0002", 7), ("code0001", 6)):
        asked = {**sent, "out_trade_no": number, "auth_code": f"13006109882800940{code}"}
        assert merchant.v2("/pay/micropay", asked).xml["err_code"] == "USERPAYING"
    assert sandbox.fail_payment("code0001")["state"] == "PAYERROR"
    which = {"appid": "wx1", "out_trade_no": "code0001"}
    assert merchant.v2("/pay/orderquery", which).xml["trade_state"] == "PAYERROR"
    assert merchant.v2("/secapi/pay/reverse", which).xml["result_code"] == "SUCCESS"
    with pytest.raises(ValueError, match="is REVOKED"):
        sandbox.pay("code0001")
    try:
        sandbox.context.clock.advance(31)
        assert merchant.v2("/secapi/pay/reverse", {**which, "out_trade_no": "code0002"}).xml["result_code"] == "SUCCESS"
    finally:
        sandbox.context.clock.offset = 0.0


def test_a_number_is_ordered_in_one_way_and_each_time_with_another_code(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012791890
    first = place(merchant, "order001").data["code_url"]
    sandbox.context.clock.advance(60)
    try:
        assert place(merchant, "order001").data["code_url"] != first
    finally:
        sandbox.context.clock.offset = 0.0
    by_app = merchant.post("/v3/pay/transactions/app", order(merchant, "order001"))
    assert (by_app.status, by_app.data["code"]) == (403, "OUT_TRADE_NO_USED")


def test_a_number_that_was_never_ordered_is_closed_for_good(merchant: Any) -> None:
    assert act(merchant, "order001", "close").status == 204
    assert place(merchant, "order001").data["code"] == "ORDER_CLOSED"


def test_answers_have_the_members_of_captured_ones(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, "order001")
    path = f"/v3/pay/transactions/out-trade-no/order001?mchid={merchant.account.mchid}"
    assert merchant.get(path).data == {
        "amount": {"payer_currency": "CNY", "total": 100},
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "out_trade_no": "order001",
        "promotion_detail": [],
        "scene_info": {"device_id": ""},
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
    }
    sandbox.pay("order001")
    paid = merchant.get(path).data
    assert paid["attach"] == ""
    assert not {"description", "notify_url"} & paid.keys()
    told = refund(merchant, "order001", "refund-1", 1).data
    assert (told["amount"]["from"], told["promotion_detail"]) == ([], [])


def test_numbers_have_the_platforms_forms(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, "order001")
    paid, day = sandbox.pay("order001")[0], f"{sandbox.context.now():%Y%m%d}"
    assert re.fullmatch(rf"4200[0-9]{{6}}{day}[0-9]{{10}}", paid["transaction_id"])
    assert re.fullmatch(
        rf"50302[0-9]{{6}}{day}[0-9]{{10}}", refund(merchant, "order001", "refund-1", 1).data["refund_id"]
    )
    assert re.fullmatch(r"1330[0-9]{30}", transfer(merchant, "transfer1").data["transfer_bill_no"])


# combined orders


def combined(merchant: Any, number: str, *subs: tuple[str, int], **more: Any) -> Any:
    sent = {
        "combine_appid": merchant.account.appid,
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": number,
        "notify_url": URL,
        "scene_info": {"payer_client_ip": "14.17.22.32"},
        "sub_orders": [
            {
                "mchid": merchant.account.mchid,
                "attach": "a",
                "description": "x",
                "out_trade_no": sub,
                "amount": {"total_amount": total, "currency": "CNY"},
            }
            for sub, total in subs
        ],
    }
    return merchant.post("/v3/combine-transactions/native", {**sent, **more})


def test_a_combined_number_is_used_once(sandbox: Sandbox, merchant: Any) -> None:
    assert combined(merchant, "combo-1", ("sub00001", 1), ("sub00002", 2)).status == 200
    assert combined(merchant, "combo-1", ("sub00001", 1), ("sub00002", 2)).status == 200
    assert combined(merchant, "combo-1", ("sub00003", 1), ("sub00002", 2)).data["code"] == "INVALID_REQUEST"
    assert combined(merchant, "combo-2", ("sub00001", 1), ("sub00004", 2)).data["code"] == "OUT_TRADE_NO_USED"
    sandbox.pay("combo-1")
    assert combined(merchant, "combo-1", ("sub00001", 1), ("sub00002", 2)).data["code"] == "OUT_TRADE_NO_USED"
    told = merchant.get("/v3/combine-transactions/out-trade-no/combo-1").data["sub_orders"]
    assert [(each["out_trade_no"], each["trade_state"]) for each in told] == [
        ("sub00001", "SUCCESS"),
        ("sub00002", "SUCCESS"),
    ]


def test_sub_orders_are_paid_and_closed_together(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/partner/4012709095
    combined(merchant, "combo-1", ("sub00001", 1), ("sub00002", 2))
    with pytest.raises(ValueError, match="with the combined order it belongs to"):
        sandbox.pay("sub00001")
    assert act(merchant, "sub00001", "close").data["code"] == "INVALID_REQUEST"
    close = "/v3/combine-transactions/out-trade-no/combo-1/close"
    subs = [{"mchid": merchant.account.mchid, "out_trade_no": number} for number in ("sub00001", "sub00002")]
    for wrong in (subs[:1], [*subs, subs[0]], [subs[0], {**subs[1], "out_trade_no": "other001"}]):
        sent = {"combine_appid": merchant.account.appid, "sub_orders": wrong}
        assert merchant.post(close, sent).data["code"] == "INVALID_REQUEST"
    assert merchant.post(close, {"combine_appid": merchant.account.appid, "sub_orders": subs}).status == 204
    assert combined(merchant, "combo-1", ("sub00001", 1), ("sub00002", 2)).data["code"] == "ORDER_CLOSED"


def test_combined_orders_of_v2_keep_the_same_rules(merchant: Any) -> None:
    listed = {
        "order_num": 1,
        "order_list": [{"appid": "wx1", "mchid": "1", "out_trade_no": "sub00001", "total_fee": 1}],
    }
    base = {"combine_appid": "wx1", "combine_out_trade_no": "combo-1", "sign_type": "HMAC-SHA256"}
    sent = {
        **base,
        "combine_mch_id": merchant.account.mchid,
        "trade_type": "APP",
        "notify_url": URL,
        "spbill_create_ip": "14.23.150.211",
        "sub_order_list": json.dumps(listed),
    }
    merchant.sandbox.context.strict = False

    def call(path: str, parameters: dict[str, Any]) -> Any:
        return merchant.v2(path, parameters, "HMAC-SHA256", number="combine_mch_id").xml

    for _ in range(2):
        assert call("/pay/combinedorder", sent)["result_code"] == "SUCCESS"
    other = json.dumps({"order_list": [{"out_trade_no": "sub00002", "total_fee": 1}]})
    assert call("/pay/combinedorder", {**sent, "sub_order_list": other})["err_code"] == "INVALID_REQUEST"
    for text in ("[]", "nonsense", '[{"total_fee": 1}]', "1"):
        assert call("/pay/combinedorder", {**sent, "sub_order_list": text})["err_code"] == "PARAM_ERROR"
    wrong = json.dumps([{"mchid": "1", "out_trade_no": "sub00002"}])
    assert call("/pay/closecombinedorder", {**base, "sub_order_list": wrong})["err_code"] == "ORDERCLOSED"
    right = json.dumps([{"mchid": "1", "out_trade_no": "sub00001"}])
    assert call("/pay/closecombinedorder", {**base, "sub_order_list": right})["result_code"] == "SUCCESS"


# refunds


def refund(merchant: Any, number: str, own: str, amount: int, total: int = 100, **more: Any) -> Any:
    sent = {
        "out_trade_no": number,
        "out_refund_no": own,
        "amount": {"refund": amount, "total": total, "currency": "CNY"},
    }
    return merchant.post("/v3/refund/domestic/refunds", {**sent, **more})


def test_a_refund_names_one_order(sandbox: Sandbox, merchant: Any) -> None:
    for number in ("order001", "order002"):
        place(merchant, number)
        sandbox.pay(number)
    second = sandbox.store.entry("order", "order002")["transaction_id"]
    assert refund(merchant, "order001", "refund-1", 1, transaction_id=second).data["code"] == "INVALID_REQUEST"
    assert refund(merchant, "order002", "refund-1", 1, transaction_id=second).status == 200
    sent = {"appid": "wx1", "out_trade_no": "order001", "transaction_id": second, "out_refund_no": "refund-2"}
    told = merchant.v2("/secapi/pay/refund", {**sent, "total_fee": 100, "refund_fee": 1}).xml
    assert told["out_trade_no"] == "order002"


def test_an_order_has_fifty_refunds_within_a_year(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/partner/4012709253
    place(merchant, "order001", 1000)
    sandbox.pay("order001")
    for index in range(50):
        assert refund(merchant, "order001", f"refund-{index}", 1, 1000).status == 200
    assert refund(merchant, "order001", "refund-50", 1, 1000).data["code"] == "INVALID_REQUEST"
    assert refund(merchant, "order001", "refund-49", 1, 1000).status == 200  # a repeat is none more
    place(merchant, "order002")
    sandbox.pay("order002")
    try:
        sandbox.context.clock.advance(366 * DAY)
        assert refund(merchant, "order002", "refund-x", 1).data["code"] == "TRADE_OVERDUE"
    finally:
        sandbox.context.clock.offset = 0.0


# transfers

AUTHORIZATION = "transfer authorization"
BILLS = "/v3/fund-app/mch-transfer/transfer-bills"


def transfer(merchant: Any, number: str, url: str = URL) -> Any:
    return merchant.post(
        BILLS,
        {
            "appid": merchant.account.appid,
            "out_bill_no": number,
            "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            "transfer_amount": 100,
            "transfer_remark": "x",
            "transfer_scene_id": "1000",
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "a"},
                {"info_type": "奖励说明", "info_content": "b"},
            ],
            "notify_url": url,
        },
    )


def test_what_is_refused_is_not_notified(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    transfer(merchant, "transfer1", receiver.url)
    sandbox.clock.advance(DAY)
    for _ in range(2):
        with pytest.raises(ValueError, match="transfer"):
            sandbox.confirm_transfer("transfer1")
        assert merchant.post(f"{BILLS}/out-bill-no/transfer1/cancel").status == 400
    assert len(sandbox.callbacks) == 0
    assert merchant.get(f"{BILLS}/out-bill-no/transfer1").data["fail_reason"] == "OVERDUE_CLOSE"
    assert sandbox.callbacks.wait()
    assert [receiver.opened(sandbox)[0]["id"]] == [each.notice.id for each in sandbox.callbacks]
    assert len(receiver.received) == 1


def test_what_cannot_be_sent_leaves_everything_as_it_was(
    sandbox: Sandbox, merchant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer(merchant, "transfer1", URL)
    with monkeypatch.context() as patched:
        patched.setattr(sandbox.callbacks, "send", None)
        with pytest.raises(TypeError):
            sandbox.confirm_transfer("transfer1")
    assert merchant.get(f"{BILLS}/out-bill-no/transfer1").data["state"] == "WAIT_USER_CONFIRM"


def test_what_belongs_to_no_change_is_notified_at_once(sandbox: Sandbox, receiver: Any) -> None:
    sandbox.context.notify(receiver.url, "TRANSACTION.SUCCESS", {"out_trade_no": "order1"})
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["out_trade_no"] == "order1"


def test_a_transfer_that_nobody_confirms_fails_after_a_day(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012715191
    transfer(merchant, "transfer1", receiver.url)
    transfer(merchant, "transfer2")
    try:
        sandbox.context.clock.advance(DAY)
        told = merchant.get(f"{BILLS}/out-bill-no/transfer1").data
        assert (told["state"], told["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")
        assert sandbox.callbacks.wait()
        assert receiver.opened(sandbox)[1]["state"] == "FAIL"
        with pytest.raises(ValueError, match="is FAIL, not WAIT_USER_CONFIRM"):
            sandbox.confirm_transfer("transfer2")
        assert merchant.post(f"{BILLS}/out-bill-no/transfer2/cancel").data["code"] == "INVALID_REQUEST"
    finally:
        sandbox.context.clock.offset = 0.0


@pytest.mark.parametrize("end", ["SUCCESS", "FAIL", "CANCELLED"])
def test_a_transfer_that_ended_has_no_page_to_confirm_it(sandbox: Sandbox, merchant: Any, end: str) -> None:
    assert transfer(merchant, "transfer1").data["package_info"]
    assert transfer(merchant, "transfer1").data["package_info"]
    sandbox.confirm_transfer("transfer1", end)
    again = transfer(merchant, "transfer1").data
    assert (again["state"], "package_info" in again) == (end, False)


def test_a_transfer_needs_the_authorization_of_its_user(sandbox: Sandbox, merchant: Any) -> None:
    asking = {
        "out_authorization_no": "A1",
        "appid": "wx1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_scene_id": "1000",
        "user_display_name": "张*",
    }
    sandbox.context.strict = False
    merchant.post("/v3/fund-app/mch-transfer/user-confirm-authorization", asking)
    sandbox.confirm_authorization("A1")
    sent = {
        "appid": "wx1",
        "out_bill_no": "B1",
        "transfer_amount": 10,
        "out_authorization_no": "A1",
        "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
    }
    assert merchant.post(f"{BILLS}/transfer", sent).data["code"] == "INVALID_REQUEST"
    own = {
        **sent,
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "authorization_id": sandbox.store.entry(AUTHORIZATION, "A1")["authorization"]["authorization_id"],
    }
    assert merchant.post(f"{BILLS}/transfer", own).data["state"] == "PROCESSING"
    unknown = {**sent, "out_bill_no": "B2", "out_authorization_no": "A2"}
    assert merchant.post(f"{BILLS}/transfer", unknown).data["code"] == "RESOURCE_NOT_EXISTS"


def test_a_transfer_under_an_authorization_fails_for_a_reason(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.strict = False
    asking = {
        "out_authorization_no": "A1",
        "appid": "wx1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_scene_id": "1000",
    }
    merchant.post("/v3/fund-app/mch-transfer/user-confirm-authorization", asking)
    refuse = sandbox.actions["refuse_transfer"]
    with pytest.raises(ValueError, match="is WAIT_USER_CONFIRM, not TAKING_EFFECT"):
        refuse("A1")
    with pytest.raises(LookupError, match="no transfer authorization A2"):
        refuse("A2")
    sandbox.confirm_authorization("A1")
    before = merchant.get("/v3/merchant/fund/balance/OPERATION").data["available_amount"]
    number = sandbox.store.entry(AUTHORIZATION, "A1")["authorization"]["authorization_id"]
    assert refuse(number, reason="ACCOUNT_FROZEN") == {"out_authorization_no": "A1", "reason": "ACCOUNT_FROZEN"}
    sent = {"appid": "wx1", "transfer_amount": 10, "out_authorization_no": "A1", "notify_url": receiver.url}
    ends = []
    for each in ("B1", "B1", "B2"):  # a repeat is the same transfer
        assert merchant.post(f"{BILLS}/transfer", {**sent, "out_bill_no": each}).status == 200
        found = merchant.get(f"{BILLS}/out-bill-no/{each}").data
        ends.append((found["state"], found.get("fail_reason")))
    assert ends == [("FAIL", "ACCOUNT_FROZEN"), ("FAIL", "ACCOUNT_FROZEN"), ("SUCCESS", None)]
    assert sandbox.callbacks.wait()
    assert [receiver.opened(sandbox, index)[1]["state"] for index in range(2)] == ["FAIL", "SUCCESS"]
    assert merchant.get("/v3/merchant/fund/balance/OPERATION").data["available_amount"] == before - 10


def test_a_transfer_fails_for_a_reason(sandbox: Sandbox, merchant: Any) -> None:
    for number, reason, told in (
        ("transfer1", "", "MERCHANT_REJECT"),
        ("transfer2", "ACCOUNT_FROZEN", "ACCOUNT_FROZEN"),
    ):
        transfer(merchant, number)
        sandbox.confirm_transfer(number, "FAIL", reason)
        assert merchant.get(f"{BILLS}/out-bill-no/{number}").data["fail_reason"] == told
    transfer(merchant, "transfer3")
    with pytest.raises(ValueError, match="SUCCESS has no reason"):
        sandbox.confirm_transfer("transfer3", "SUCCESS", "ACCOUNT_FROZEN")


def test_transfers_of_a_marketplace_keep_their_state(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    base = "/v3/ecommerce/mch-transfer/transfer-bills"
    sent = {
        "sub_mchid": SUB,
        "out_bill_no": "transfer1",
        "transfer_amount": 50,
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    }
    made = merchant.post(base, sent).data
    assert made["state"] == "WAIT_USER_CONFIRM"
    assert merchant.get(f"{base}/out-bill-no/transfer1").data["state"] == "WAIT_USER_CONFIRM"
    assert merchant.post(f"{base}/out-bill-no/transfer1/cancel").data["state"] == "CANCELING"
    assert merchant.get(f"{base}/transfer-bill-no/{made['transfer_bill_no']}").data["state"] == "CANCELLED"


def test_a_batch_of_a_service_provider_keeps_its_state(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    base = "/v3/partner-transfer/batches"
    sent = {
        "sub_mchid": SUB,
        "authorization_type": "INFORMATION_AUTHORIZATION_TYPE",
        "out_batch_no": "batch001",
        "batch_name": "a",
        "batch_remark": "b",
        "total_amount": 100,
        "total_num": 1,
        "transfer_detail_list": [
            {
                "out_detail_no": "d1",
                "transfer_amount": 100,
                "transfer_remark": "c",
                "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            }
        ],
    }
    made = merchant.post(base, sent).data
    for path in ("out-batch-no/batch001", f"batch-id/{made['batch_id']}"):
        told = merchant.get(f"{base}/{path}?need_query_detail=true").data
        assert (told["batch_id"], told["total_amount"], told["sub_mchid"]) == (made["batch_id"], 100, SUB)
        assert told["batch_status"] == "FINISHED"
    (one,) = told["transfer_detail_list"]
    for path in (
        "out-batch-no/batch001/details/out-detail-no/d1",
        f"batch-id/{made['batch_id']}/details/detail-id/{one['detail_id']}",
    ):
        assert merchant.get(f"{base}/{path}").data["transfer_amount"] == 100


@pytest.mark.parametrize(
    ("amount", "count", "numbers", "field"),
    [(3, 2, "ab", "/total_amount"), (2, 3, "ab", ""), (2, 2, "aa", "/transfer_detail_list")],
)
def test_the_totals_of_a_batch_fit_its_transfers(
    merchant: Any, amount: int, count: int, numbers: str, field: str
) -> None:
    sent = {
        "appid": "wx1",
        "out_batch_no": "batch001",
        "batch_name": "a",
        "batch_remark": "b",
        "total_amount": amount * 10,
        "total_num": count,
        "transfer_detail_list": [
            {
                "out_detail_no": number,
                "transfer_amount": 10,
                "transfer_remark": "c",
                "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            }
            for number in numbers
        ],
    }
    answer = merchant.post("/v3/transfer/batches", sent).data
    assert (answer["code"], answer.get("detail", {}).get("field", "")) == ("PARAM_ERROR", field)


# Pay Score, complaints


def test_a_service_order_is_paid_once_by_all_who_try_at_once(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    base = "/v3/payscore/serviceorder"
    for index in range(5):
        number = f"service{index}"
        merchant.post(base, {"out_order_no": number, "appid": "wx1", "service_id": "1"})
        sandbox.confirm_service(number)
        merchant.post(f"{base}/{number}/complete", {"appid": "wx1", "service_id": "1", "total_amount": 5})

        def once(_: int, number: str = number) -> int:
            try:
                sandbox.pay_service(number)
            except ValueError:
                return 0
            return 1

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(once, range(8))) == 1


def test_an_answer_does_not_reopen_a_complaint(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, "order001")
    with pytest.raises(ValueError, match="order001 has not been paid") as refused:
        sandbox.complain("order001")
    assert refused.value.args[0].zh == "订单 order001 尚未支付"
    sandbox.pay("order001")
    number = sandbox.complain("order001")["complaint_id"]
    base = f"/v3/merchant-service/complaints-v2/{number}"
    own = {"complainted_mchid": merchant.account.mchid}
    said = {**own, "response_content": "对不起"}
    for path, body, expected in (
        ("response", said, "PROCESSING"),
        ("complete", own, "PROCESSED"),
        ("response", said, "PROCESSED"),
        ("complete", own, "PROCESSED"),
    ):
        assert merchant.post(f"{base}/{path}", body).status == 204
        assert merchant.get(base).data["complaint_state"] == expected


@pytest.mark.parametrize(
    ("action", "kind"), [("APPROVE", "MERCHANT_APPROVE_REFUND"), ("REJECT", "MERCHANT_REFUSE_RERUND")]
)
def test_a_refund_that_a_complaint_asks_for_is_decided(sandbox: Sandbox, merchant: Any, action: str, kind: str) -> None:
    place(merchant, "order001")
    sandbox.pay("order001")
    base = f"/v3/merchant-service/complaints-v2/{sandbox.complain('order001')['complaint_id']}"
    for expected in ("PROCESSING", "PROCESSED"):
        assert merchant.post(f"{base}/update-refund-progress", {"action": action, "reject_reason": "x"}).status == 204
        assert merchant.get(base).data["complaint_state"] == expected
        merchant.post(f"{base}/complete", {"complainted_mchid": merchant.account.mchid})
    steps = merchant.get(f"{base}/negotiation-historys").data["data"]
    assert [each["operate_type"] for each in steps].count(kind) == 2


# what the sandbox says of itself


def test_an_answer_that_the_catalogue_made_up_says_so(sandbox: Sandbox, merchant: Any) -> None:
    made_up = merchant.get("/v3/marketing/membercard-open/cards/9999")
    assert made_up.headers["Sandbox-Answer"] == "generated"
    assert sandbox.journal[-1].as_json()["generated"] is True
    assert "Sandbox-Answer" not in place(merchant, "order001").headers
    assert sandbox.journal[-1].generated is False
    v2 = {"appid": "wx1", "long_url": "weixin://wxpay/bizpayurl?x=1"}
    assert merchant.v2("/tools/shorturl", v2).headers["Sandbox-Answer"] == "generated"


def test_a_refund_of_v3_without_a_url_is_notified_by_v2_at_the_consoles(
    sandbox: Sandbox, merchant: Any, receiver: Any
) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013071200
    place(merchant, "order001")
    sandbox.pay("order001")
    sandbox.notify_at(receiver.url)
    refund(merchant, "order001", "refund-1", 10)
    assert sandbox.callbacks.wait()
    assert b"<req_info>" in receiver.received[-1][1]
    refund(merchant, "order001", "refund-2", 10, notify_url=receiver.url)
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "REFUND.SUCCESS"


def test_nothing_of_before_arrives_after_a_reset(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    for index in range(20):
        place(merchant, f"order{index:03d}", notify_url=receiver.url)
        sandbox.pay(f"order{index:03d}")
        sandbox.reset()
        receiver.received.clear()
        time.sleep(0.01)
        assert receiver.received == []


# time


def test_time_moves_for_the_client_too_and_goes_back_with_a_reset(sandbox: Sandbox, merchant: Any) -> None:
    before = sandbox.clock()
    assert sandbox.clock.advance(days=1, hours=1, minutes=1, seconds=1) == 90061
    assert sandbox.actions["advance"]("9") == 90070
    with sandbox.client() as client:
        assert client.v3.certificates.get().status_code == 200
    assert sandbox.clock() - before >= 90070
    with pytest.raises(ValueError, match="'soon' is no number") as refused:
        sandbox.advance("soon")
    assert refused.value.args[0].zh == "seconds：'soon' 不是数字"
    sandbox.reset()
    assert sandbox.clock() - before < 3600


def test_other_languages_move_the_time(sandbox: Sandbox) -> None:
    url = f"{sandbox.base_url}_sandbox/clock"
    assert requests.post(url, json={"seconds": 60}, timeout=5).json() == {"ahead": 60}
    for wrong in ({}, {"seconds": "x"}, {"seconds": 1, "days": 1}):
        answer = requests.post(url, json=wrong, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def test_repeated_notifications_follow_the_clock(merchant: Any, receiver: Any) -> None:
    receiver.default = (500, b"")
    with Sandbox(callback_scale=1.0) as sandbox:
        own = type(merchant)(sandbox)
        place(own, "order001", notify_url=receiver.url)
        sandbox.pay("order001")
        for attempts in (1, 2, 3):
            end = time.monotonic() + 10
            while len(sandbox.callbacks[-1].attempts) < attempts and time.monotonic() < end:
                time.sleep(0.02)
            sandbox.clock.advance(15)
        assert len(receiver.received) == 3


def test_a_user_may_be_entering_the_password(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, "order001")
    sandbox.actions["enter_password"]("order001")
    assert state(merchant, "order001") == "USERPAYING"
    with pytest.raises(ValueError, match="is USERPAYING"):
        sandbox.actions["enter_password"]("order001")
    sandbox.pay("order001")
    assert state(merchant, "order001") == "SUCCESS"
