"""Pay Score: its money, its states, permissions and plans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.flows import states_payscore

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox
    from wechatpay.sandbox.flows.states import States

BASE = "/v3/payscore/serviceorder"
PARTNER = "/v3/payscore/partner/serviceorder"
# https://pay.weixin.qq.com/doc/v3/merchant/4012587900
WHICH = {"appid": "wxd678efh567hg6787", "service_id": "2002000000000558128851361561536"}
NUMBER = "1234323JKHDFE1243252"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
SUB = "1900000109"
DAY = 86400.0
TABLES = {name: getattr(states_payscore, name) for name in states_payscore.__all__}
ENDS = {
    "DISCOUNT_CARD": {"FINISHED", "UNFINISHED"},
    "SERVICE_ORDER": {"DONE", "REVOKED", "EXPIRED"},
    "PERMISSION": {"UNAVAILABLE"},
    "PLAN": {"STOP"},
    "SIGNED_PLAN": {"COMPLETE", "SIGN_PLAN_CANCEL", "EXPIRE"},
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_end_as_the_official_pages_say_and_name_events_of_the_catalogue(name: str) -> None:
    table: States = TABLES[name]
    assert table.ends == ENDS[name]
    known = {event.event_type for event in catalogue.events()}
    assert {each.notifies for each in table.transitions.values()} - {""} <= known


def create(merchant: Any, number: str = NUMBER, url: str = "http://127.0.0.1:9/", base: str = BASE, **more: Any) -> Any:
    sent = {
        **WHICH,
        "out_order_no": number,
        "service_introduction": "某某酒店",
        "time_range": {"start_time": "20091225091010"},
        "risk_fund": {"name": "DEPOSIT", "amount": 10000},
        "notify_url": url,
        "need_user_confirm": True,
    }
    return merchant.post(base, {**sent, **more})


def asking(fen: int, **more: Any) -> dict[str, Any]:
    return {**WHICH, "post_payments": [{"name": "就餐费用", "amount": fen}], "total_amount": fen, **more}


def completed(sandbox: Sandbox, merchant: Any, fen: int = 500, number: str = NUMBER, **more: Any) -> Any:
    create(merchant, number, **more)
    sandbox.confirm_service(number)
    return merchant.post(f"{BASE}/{number}/complete", asking(fen))


def asked(merchant: Any, number: str = NUMBER) -> Any:
    query = "&".join(f"{name}={value}" for name, value in WHICH.items())
    return merchant.get(f"{BASE}?out_order_no={number}&{query}").data


def rows(sandbox: Sandbox, merchant: Any, kind: str, day: str) -> list[str]:
    answer = merchant.get(f"/v3/bill/{kind}?bill_date={day}")
    assert answer.status == 200, answer.data
    token = answer.data["download_url"].partition("token=")[2]
    text = merchant.get(f"/v3/billdownload/file?token={token}").body.decode()
    return [line for line in text.split("\r\n") if line.startswith("`")][:-1]


# money


def test_a_paid_service_order_is_an_order_to_query_refund_and_find_in_bills(
    sandbox: Sandbox, merchant: Any, receiver: Any
) -> None:
    completed(sandbox, merchant, url=receiver.url, openid=OPENID, attach="Easdfow")
    sandbox.pay_service(NUMBER)
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 2
    told = {each["event_type"]: content for each, content in (receiver.opened(sandbox, index) for index in (0, 1))}
    notice = told["PAYSCORE.USER_PAID"]
    (detail,) = asked(merchant)["collection"]["details"]
    assert notice["collection"]["details"] == [detail]
    assert not {"need_user_confirm", "notify_url", "package", "phase"} & notice.keys()
    number = detail["transaction_id"]
    trade = merchant.get(f"/v3/pay/transactions/id/{number}?mchid={merchant.account.mchid}").data
    assert (trade["trade_state"], trade["amount"]["total"]) == ("SUCCESS", 500)
    assert (trade["payer"]["openid"], trade["attach"]) == (OPENID, "Easdfow")
    # the form of https://pay.weixin.qq.com/doc/v3/merchant/4013163605
    when = re.sub(r"\D", "", trade["success_time"])[:14]
    assert detail == {"seq": 1, "amount": 500, "paid_type": "NEWTON", "paid_time": when, "transaction_id": number}
    refund = {"out_refund_no": "R1", "amount": {"refund": 200, "total": 500, "currency": "CNY"}}
    by_service = merchant.post("/v3/refund/domestic/refunds", {**refund, "out_trade_no": NUMBER})
    assert by_service.data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post("/v3/refund/domestic/refunds", {**refund, "transaction_id": number}).data["refund_id"]
    day = sandbox.context.day()
    sandbox.context.clock.advance(2 * DAY)
    assert len([row for row in rows(sandbox, merchant, "tradebill", day) if number in row]) == 2
    assert any(number in row and "5.00" in row for row in rows(sandbox, merchant, "fundflowbill", day))


def test_a_service_order_of_a_sub_merchant_is_its_money(sandbox: Sandbox, merchant: Any) -> None:
    assert create(merchant, base=PARTNER, sub_mchid=SUB, sub_appid="wx2").status == 200
    sandbox.confirm_service(NUMBER)
    sent = {**asking(500), "sub_mchid": SUB, "profit_sharing": True}
    del sent["appid"]
    other = merchant.post(f"{PARTNER}/{NUMBER}/complete", {**sent, "sub_mchid": "1900000110"})
    assert (other.status, other.data["code"]) == (404, "ORDER_NOT_EXIST")
    assert merchant.post(f"{BASE}/{NUMBER}/complete", asking(500)).data["code"] == "ORDER_NOT_EXIST"
    assert merchant.post(f"{PARTNER}/{NUMBER}/complete", sent).status == 204
    (detail,) = sandbox.pay_service(NUMBER)["collection"]["details"]
    query = f"sp_mchid={merchant.account.mchid}&sub_mchid={SUB}"
    trade = merchant.get(f"/v3/pay/partner/transactions/id/{detail['transaction_id']}?{query}").data
    assert (trade["sub_mchid"], trade["sub_appid"], trade["sp_appid"]) == (SUB, "wx2", WHICH["appid"])


def test_a_merchant_that_was_paid_otherwise_has_no_trade(sandbox: Sandbox, merchant: Any) -> None:
    completed(sandbox, merchant)
    sync = {**WHICH, "type": "Order_Paid", "detail": {"paid_time": "20091225091210"}}
    for _ in range(2):
        told = merchant.post(f"{BASE}/{NUMBER}/sync", sync).data
        assert told["state"] == "DONE"
        assert told["collection"]["details"] == [
            {"amount": 500, "paid_type": "MCH", "paid_time": "20091225091210"} | {"seq": 1}
        ]
    with pytest.raises(ValueError, match="is DONE, not MCH_COMPLETE"):
        sandbox.pay_service(NUMBER)
    assert not list(sandbox.context.store.all("order"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_amount": 900}, "/total_amount"),
        ({"post_discounts": [{"name": "满20减1元", "amount": 100}]}, "/total_amount"),
        ({"post_payments": [{"name": "就餐费用", "amount": 20000}], "total_amount": 20000}, "/total_amount"),
        ({"post_payments": [{"name": "a", "amount": 501}, {"name": "b", "amount": -1}]}, "/post_payments/1/amount"),
        ({"time_range": {"end_time": "20091225091009"}}, "/time_range/end_time"),
        ({"time_range": {"end_time": "20091225091010"}}, "/time_range/end_time"),
        ({"time_range": {"end_time": "20091224"}}, "/time_range/end_time"),
        ({"time_range": {"end_time": "2009-12-25"}}, "/time_range/end_time"),
    ],
)
def test_a_completion_that_does_not_add_up_is_refused(
    sandbox: Sandbox, merchant: Any, change: dict[str, Any], field: str
) -> None:
    create(merchant)
    sandbox.confirm_service(NUMBER)
    told = merchant.post(f"{BASE}/{NUMBER}/complete", asking(500, **change)).data
    assert (told["code"], told["detail"]["field"]) == ("PARAM_ERROR", field)
    assert asked(merchant)["state_description"] == "USER_CONFIRM"


def test_an_estimate_bounds_nothing_and_days_may_be_the_same(sandbox: Sandbox, merchant: Any) -> None:
    # 先享模式: https://pay.weixin.qq.com/doc/v3/merchant/4012587955
    create(merchant, risk_fund={"name": "ESTIMATE_ORDER_COST", "amount": 100})
    sandbox.confirm_service(NUMBER)
    place = {"end_location": "嗨客时尚主题展餐厅"}
    sent = asking(500, time_range={"end_time": "20091225"}, location=place)
    assert merchant.post(f"{BASE}/{NUMBER}/complete", sent).data["total_amount"] == 500
    assert asked(merchant)["time_range"] == {"start_time": "20091225091010", "end_time": "20091225"}


def test_nothing_is_collected_for_nothing(sandbox: Sandbox, merchant: Any) -> None:
    told = completed(sandbox, merchant, 0).data
    assert (told["state"], told["need_collection"]) == ("DONE", False)
    completed(sandbox, merchant, 500, "second")
    free = {**asking(500), "post_discounts": [{"name": "满20减1元", "amount": 500}], "total_amount": 0, "reason": "x"}
    told = merchant.post(f"{BASE}/second/modify", free).data
    assert (told["state"], told["need_collection"], "collection" in told) == ("DONE", False, False)


# states


def test_requests_are_repeated_with_the_same_parameters_only(sandbox: Sandbox, merchant: Any) -> None:
    completed(sandbox, merchant)
    assert merchant.post(f"{BASE}/{NUMBER}/complete", asking(500)).data["state_description"] == "MCH_COMPLETE"
    assert merchant.post(f"{BASE}/{NUMBER}/complete", asking(400)).data["code"] == "INVALID_ORDER_STATE"
    sandbox.pay_service(NUMBER)
    assert merchant.post(f"{BASE}/{NUMBER}/complete", asking(500)).data["state"] == "DONE"
    assert merchant.post(f"{BASE}/{NUMBER}/cancel", {**WHICH, "reason": "用户投诉"}).data["code"] == "ORDER_DONE"


@pytest.mark.parametrize("when", ["created", "confirmed", "completed"])
def test_an_order_is_cancelled_until_it_is_paid(sandbox: Sandbox, merchant: Any, when: str) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012587905
    create(merchant)
    if when != "created":
        sandbox.confirm_service(NUMBER)
    if when == "completed":
        merchant.post(f"{BASE}/{NUMBER}/complete", asking(500))
    for _ in range(2):
        assert merchant.post(f"{BASE}/{NUMBER}/cancel", {**WHICH, "reason": "用户投诉"}).data["out_order_no"] == NUMBER
    assert merchant.post(f"{BASE}/{NUMBER}/cancel", {**WHICH, "reason": "y"}).data["code"] == "ORDER_CANCELED"
    assert merchant.post(f"{BASE}/{NUMBER}/complete", asking(500)).data["code"] == "ORDER_CANCELED"
    message = asking(500, prepaid_time="20231218")
    del message["appid"]
    assert merchant.post(f"{BASE}/{NUMBER}/send-prepaidmessage", message).data["code"] == "ORDER_CANCELED"
    told = asked(merchant)
    assert (told["state"], "collection" in told) == ("REVOKED", False)


def test_an_order_that_nobody_confirms_expires(sandbox: Sandbox, merchant: Any) -> None:
    create(merchant)
    sandbox.context.clock.advance(30 * DAY)
    with pytest.raises(ValueError, match="is EXPIRED"):
        sandbox.confirm_service(NUMBER)
    assert asked(merchant)["state"] == "EXPIRED"
    assert merchant.post(f"{BASE}/{NUMBER}/cancel", {**WHICH, "reason": "x"}).data["code"] == "INVALID_ORDER_STATE"


def test_users_are_told_what_a_service_costs(sandbox: Sandbox, merchant: Any) -> None:
    completed(sandbox, merchant)
    message = asking(500, prepaid_time="20231218")
    del message["appid"]
    assert merchant.post(f"{BASE}/{NUMBER}/send-pendingmessage", message).status == 204


@pytest.mark.parametrize("times", [{"start_time": "soon"}, {"start_time": "20091225091010", "end_time": "20091224"}])
def test_a_service_has_times(merchant: Any, times: dict[str, str]) -> None:
    assert create(merchant, time_range=times).data["code"] == "PARAM_ERROR"
    assert create(merchant, time_range={"start_time": "OnAccept", "end_time": "20091224"}).data["state"] == "CREATED"


# permissions

DIRECT = "/v3/payscore/permissions"
CODE = "1275342195190894594"


def apply(merchant: Any, url: str = "http://127.0.0.1:9/", base: str = DIRECT, **more: Any) -> Any:
    return merchant.post(base, {**WHICH, "authorization_code": CODE, "notify_url": url, **more})


def test_a_user_gives_a_permission_and_takes_it_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    by_code = f"{DIRECT}/authorization-code/{CODE}?service_id={WHICH['service_id']}"
    by_user = f"{DIRECT}/openid/{OPENID}?service_id={WHICH['service_id']}&appid={WHICH['appid']}"
    state = f"/v3/payscore/user-service-state?service_id={WHICH['service_id']}&appid={WHICH['appid']}&openid={OPENID}"
    assert merchant.get(by_code).data["code"] == "RESOURCE_NOT_EXISTS"
    assert apply(merchant, receiver.url).data == apply(merchant, receiver.url).data
    assert apply(merchant, "http://127.0.0.1:9/other").data["code"] == "INVALID_REQUEST"
    assert merchant.get(by_code).data["authorization_state"] == "UNBINDUSER"
    assert merchant.get(by_user).data["authorization_state"] == "UNAVAILABLE"
    sandbox.actions["open_service"](CODE, OPENID)
    for path in (by_code, by_user):
        told = merchant.get(path).data
        assert (told["authorization_state"], told["openid"], told["authorization_code"]) == ("AVAILABLE", OPENID, CODE)
    assert merchant.get(state).data["use_service_state"] == "AVAILABLE"
    free: dict[str, Any] = {"need_user_confirm": False, "openid": OPENID}
    assert create(merchant, **free).data["state_description"] == "USER_CONFIRM"
    sandbox.actions["close_service"](CODE)
    assert merchant.get(state).data["use_service_state"] == "UNAVAILABLE"
    assert create(merchant, "second", **free).data["code"] == "NO_AUTH"
    assert create(merchant, **free).status == 200
    with pytest.raises(ValueError, match="is UNAVAILABLE"):
        sandbox.actions["close_service"](CODE)
    assert sandbox.callbacks.wait()
    told = {each["event_type"]: content for each, content in (receiver.opened(sandbox, index) for index in (0, 1))}
    assert {event: content["user_service_status"] for event, content in told.items()} == {
        "PAYSCORE.USER_CLOSE_SERVICE": "USER_CLOSE_SERVICE",
        "PAYSCORE.USER_OPEN_SERVICE": "USER_OPEN_SERVICE",
    }


@pytest.mark.parametrize("how", ["code", "openid", "users"])
def test_a_merchant_ends_a_permission_once(sandbox: Sandbox, merchant: Any, receiver: Any, how: str) -> None:
    service = WHICH["service_id"]
    path, sent = {
        "code": (f"{DIRECT}/authorization-code/{CODE}/terminate", {"service_id": service}),
        "openid": (f"{DIRECT}/openid/{OPENID}/terminate", WHICH),
        "users": (f"/v3/payscore/users/{OPENID}/permissions/{service}/terminate", {"appid": WHICH["appid"]}),
    }[how]
    assert merchant.post(path, {**sent, "reason": "撤销原因"}).data["code"] == "RESOURCE_NOT_EXISTS"
    apply(merchant, receiver.url)
    if how == "code":
        assert merchant.post(path, {**sent, "reason": "撤销原因"}).data["code"] == "INVALID_REQUEST"
    sandbox.actions["open_service"](CODE, OPENID)
    for _ in range(2):
        assert merchant.post(path, {**sent, "reason": "撤销原因"}).status == 204
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 2


def test_permissions_of_a_provider_are_those_of_its_sub_merchant(sandbox: Sandbox, merchant: Any) -> None:
    base, service = "/v3/payscore/partner/permissions", WHICH["service_id"]
    sandbox.context.automatic = frozenset({"sign"})
    assert apply(merchant, base=base, sub_mchid=SUB).data["apply_permissions_token"]
    path = f"{base}/authorization-code/{CODE}?service_id={service}&sub_mchid="
    told = merchant.get(path + SUB).data
    assert (told["authorization_state"], told["sub_mchid"]) == ("AVAILABLE", SUB)
    assert merchant.get(path + "1900000110").data["code"] == "RESOURCE_NOT_EXISTS"
    search = f"{base}/search?service_id={service}&appid={WHICH['appid']}&sub_mchid={SUB}&openid="
    assert merchant.get(search + told["openid"]).data["authorization_code"] == CODE
    assert merchant.get(search + "nobody").data["code"] == "RESOURCE_NOT_EXISTS"


# plans

PLAN, SIGNED = "/v3/payscore/plan/payscore-plans", "/v3/payscore/sign-plan/user-sign-plans"


def plan(merchant: Any, **more: Any) -> Any:
    # https://pay.weixin.qq.com/doc/v3/merchant/4012467232
    sent = {
        **WHICH,
        "plan_name": "瑜伽课20节",
        "plan_duration": 300,
        "deduction_quantity": 2,
        "total_original_price": 30000,
        "total_actual_price": 28000,
        "plan_detail_list": [
            {"original_price": 15000, "actual_price": 14000, "plan_detail_name": name}
            for name in ("第一节课", "第八节课")
        ],
        "merchant_plan_no": NUMBER,
    }
    return merchant.post(PLAN, {**sent, **more})


def sign(merchant: Any, plan_id: str, url: str = "http://127.0.0.1:9/", details: tuple[int, ...] = (1, 2)) -> Any:
    sent = {
        **WHICH,
        "plan_id": plan_id,
        "openid": OPENID,
        "merchant_sign_plan_no": "S1",
        "notify_url": url,
        "sign_plan_detail": [{"plan_detail_no": each, "merchant_plan_detail_no": f"D{each}"} for each in details],
    }
    return merchant.post(SIGNED, sent)


def use(merchant: Any, signed: str, detail: int) -> Any:
    sent = {
        **WHICH,
        "sign_plan_id": signed,
        "plan_detail_no": detail,
        "openid": OPENID,
        "notify_url": "http://127.0.0.1:9/",
        "service_introduction": "羽毛球课基础练习课程",
        "time_range": {"start_time": "20091225091010"},
        "out_trade_no": f"D{detail}",
    }
    return merchant.post("/v3/payscore/sign-plan/serviceorder", sent)


def signed_plan(merchant: Any) -> Any:
    return merchant.get(f"{SIGNED}/merchant-sign-plan-no/S1").data


def test_a_plan_is_signed_used_and_finished(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    made = plan(merchant).data
    assert (made["plan_state"], [each["plan_detail_no"] for each in made["plan_detail_list"]]) == ("NORMAL", [1, 2])
    assert plan(merchant).data == made
    assert merchant.get(f"{PLAN}/merchant-plan-no/{NUMBER}").data == made
    assert sign(merchant, made["plan_id"], receiver.url, (1,)).data["detail"]["field"] == "/sign_plan_detail"
    signed = sign(merchant, made["plan_id"], receiver.url).data["sign_plan"]
    assert sign(merchant, made["plan_id"], receiver.url).data["sign_plan"] == signed
    assert use(merchant, signed["sign_plan_id"], 1).data["code"] == "INVALID_REQUEST"
    sandbox.actions["sign_plan"]("S1")
    assert sandbox.callbacks.wait()
    envelope, notice = receiver.opened(sandbox)
    assert (envelope["event_type"], notice["sign_state"]) == ("PAYSCORE.USER_SIGN_PLAN", "SIGNED")
    assert use(merchant, signed["sign_plan_id"], 3).data["detail"]["field"] == "/plan_detail_no"
    for index in (1, 2):
        service = use(merchant, signed["sign_plan_id"], index).data
        assert (service["state"], service["out_order_no"]) == ("DOING", f"D{index}")
        assert use(merchant, signed["sign_plan_id"], index).data == service
        told = signed_plan(merchant)
        assert (told["going_detail_no"], told["sign_state"]) == (index, "SIGNED")
        assert told["signed_detail_list"][index - 1]["plan_detail_state"] == "USING"
        merchant.post(f"{BASE}/D{index}/complete", asking(14000))
        sandbox.pay_service(f"D{index}")
    told = signed_plan(merchant)
    assert told["sign_state"] == "COMPLETE"
    assert [each["plan_detail_state"] for each in told["signed_detail_list"]] == ["USED", "USED"]
    assert [each["actual_pay_price"] for each in told["signed_detail_list"]] == [14000, 14000]


def test_a_detail_is_used_once(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset({"sign"})
    signed = sign(merchant, plan(merchant).data["plan_id"]).data["sign_plan"]["sign_plan_id"]
    use(merchant, signed, 1)
    merchant.post(f"{BASE}/D1/cancel", {**WHICH, "reason": "x"})
    assert signed_plan(merchant)["signed_detail_list"][0]["plan_detail_state"] == "SIGN_PLAN_DETAIL_CANCEL"
    sandbox.context.store.delete("service order", "D1")
    assert use(merchant, signed, 1).data["message"] == "计划明细状态为 SIGN_PLAN_DETAIL_CANCEL，应为 NOT_USED"


@pytest.mark.parametrize(("by", "kind"), [("user", "USER"), ("merchant", "MERCHANT")])
def test_what_a_user_signed_is_cancelled_once(
    sandbox: Sandbox, merchant: Any, receiver: Any, by: str, kind: str
) -> None:
    sign(merchant, plan(merchant).data["plan_id"], receiver.url)
    sent = {"stop_reason": "用户协商后停止"}
    assert merchant.post(f"{SIGNED}/merchant-sign-plan-no/S1/stop", sent).data["code"] == "INVALID_REQUEST"
    sandbox.actions["sign_plan"]("S1")
    if by == "user":
        sandbox.actions["cancel_plan"]("S1", "不去了")
    for _ in range(2):
        told = merchant.post(f"{SIGNED}/merchant-sign-plan-no/S1/stop", sent).data
        assert (told["sign_state"], told["cancel_sign_type"]) == ("SIGN_PLAN_CANCEL", kind)
    assert sandbox.callbacks.wait()
    events = [receiver.opened(sandbox, index)[0]["event_type"] for index in range(len(receiver.received))]
    assert sorted(events) == ["PAYSCORE.USER_CANCEL_SIGN_PLAN", "PAYSCORE.USER_SIGN_PLAN"]


def test_a_plan_that_is_stopped_or_over_is_not_signed(sandbox: Sandbox, merchant: Any) -> None:
    made = plan(merchant).data
    sign(merchant, made["plan_id"])
    for _ in range(2):
        assert merchant.post(f"{PLAN}/merchant-plan-no/{NUMBER}/stop").data["plan_state"] == "STOP"
    assert sign(merchant, made["plan_id"], "http://127.0.0.1:9/x").data["code"] == "INVALID_REQUEST"
    sandbox.context.clock.advance(300 * DAY)
    with pytest.raises(ValueError, match="is EXPIRE"):
        sandbox.actions["sign_plan"]("S1")
    assert signed_plan(merchant)["sign_state"] == "EXPIRE"


@pytest.mark.parametrize("name", ["deduction_quantity", "total_original_price", "total_actual_price"])
def test_a_plan_adds_up(merchant: Any, name: str) -> None:
    assert plan(merchant, **{name: 3}).data["detail"]["field"] == f"/{name}"
    assert merchant.get(f"{PLAN}/merchant-plan-no/{NUMBER}").data["code"] == "RESOURCE_NOT_EXISTS"


def test_a_plan_of_a_sub_merchant_is_of_no_other(sandbox: Sandbox, merchant: Any) -> None:
    sent = {**WHICH, "sub_mchid": SUB, "plan_name": "a", "plan_duration": 1, "deduction_quantity": 1}
    sent |= {"total_original_price": 1, "total_actual_price": 1, "merchant_plan_no": NUMBER}
    path = "/v3/payscore/plan/partner/payscore-plans"
    assert merchant.post(path, sent).data["sub_mchid"] == SUB
    assert merchant.get(f"{path}/merchant-plan-no/{NUMBER}?sub_mchid=1900000110").data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.get(f"{path}/merchant-plan-no/{NUMBER}?sub_mchid={SUB}").data["plan_state"] == "NORMAL"
    assert merchant.get(f"{PLAN}/merchant-plan-no/{NUMBER}").data["code"] == "RESOURCE_NOT_EXISTS"


# discount cards

CARD = "/v3/discount-card/cards"
CARD_CODE = "6e8369071cd942c0476613f9d1ce9ca3"


def prepared(merchant: Any, url: str = "http://127.0.0.1:9/") -> Any:
    sent = {"out_card_code": CARD_CODE, "card_template_id": "87789b2f25177433bcbf407e8e471f95", "notify_url": url}
    return merchant.post(CARD, {**sent, "appid": WHICH["appid"]})


def records(**changes: Any) -> dict[str, Any]:
    # https://pay.weixin.qq.com/wiki/doc/apiv3/wxpay/discount-card/chapter3_2.shtml
    when = "2015-05-20T13:29:35.120+08:00"
    objective: dict[str, Any] = {
        "objective_completion_serial_no": "578354545",
        "objective_id": "123456",
        "completion_time": when,
    }
    objective |= {"completion_type": "INCREASE", "description": "购买商品", "completion_count": 1}
    reward: dict[str, Any] = {
        "reward_usage_serial_no": "578354",
        "reward_id": "123456",
        "usage_time": when,
        "usage_type": "INCREASE",
    }
    reward |= {"description": "购买商品", "usage_count": 1, "amount": 100, **changes}
    sent = {"objective_completion_records": [objective], "reward_usage_records": [reward]}
    return {"card_template_id": "87789b2f25177433bcbf407e8e471f95", **sent}


def test_a_reward_is_paid_back_by_who_breaks_the_agreement(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    assert prepared(merchant, receiver.url).data == prepared(merchant, receiver.url).data
    assert merchant.get(f"{CARD}/{CARD_CODE}").data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(f"{CARD}/{CARD_CODE}/add-user-records", records()).data["code"] == "INVALID_REQUEST"
    sandbox.actions["take_card"](CARD_CODE, OPENID)
    for sent in (records(), records(), records(reward_usage_serial_no="578355", amount=50)):
        assert merchant.post(f"{CARD}/{CARD_CODE}/add-user-records", sent).status == 204
    back = records(reward_usage_serial_no="578356", usage_type="DECREASE", amount=30)
    assert merchant.post(f"{CARD}/{CARD_CODE}/add-user-records", back).status == 204
    told = merchant.get(f"{CARD}/{CARD_CODE}").data
    assert (told["state"], told["objectives"][0]["count"], told["rewards"][0]["amount"]) == ("ONGOING", 1, 120)
    with pytest.raises(
        ValueError, match="how: 'MOOD' is not a choice; choose one of FINISHED, DUE_TO_QUIT, EARLY_QUIT"
    ):
        sandbox.actions["end_card"](CARD_CODE, "MOOD")
    with pytest.raises(ValueError, match="nothing is owed"):
        sandbox.actions["pay_card"](CARD_CODE)
    sandbox.actions["end_card"](CARD_CODE, "EARLY_QUIT")
    told = merchant.get(f"{CARD}/{CARD_CODE}").data
    assert (told["state"], told["pay_information"]["pay_state"]) == ("UNFINISHED", "PAYING")
    sandbox.actions["pay_card"](CARD_CODE)
    number = merchant.get(f"{CARD}/{CARD_CODE}").data["pay_information"]["transaction_id"]
    trade = merchant.get(f"/v3/pay/transactions/id/{number}?mchid={merchant.account.mchid}").data
    assert (trade["amount"]["total"], trade["payer"]["openid"]) == (120, OPENID)
    assert sandbox.callbacks.wait()
    events = [receiver.opened(sandbox, index)[0]["event_type"] for index in range(len(receiver.received))]
    assert sorted(events) == [f"DISCOUNT_CARD.{each}" for each in ("AGREEMENT_ENDED", "USER_ACCEPTED", "USER_PAID")]


def test_who_keeps_the_agreement_keeps_the_reward(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset({"sign"})
    prepared(merchant)
    merchant.post(f"{CARD}/{CARD_CODE}/add-user-records", {**records(), "objective_completion_records": []})
    sandbox.actions["end_card"](CARD_CODE)
    told = merchant.get(f"{CARD}/{CARD_CODE}").data
    assert (told["state"], told["total_amount"], "pay_information" in told) == ("FINISHED", 100, False)
