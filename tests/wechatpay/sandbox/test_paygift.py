"""Gifts after payment, and partnerships."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox import Sandbox

BASE = "/v3/marketing/paygiftactivity"
PARTNERS = "/v3/marketing/partnerships"
USER = "o4GgauInH_RCEdvrrNGrntXDuXXX"
INVALID, USED_NUMBER, ABSENT = (400, "INVALID_REQUEST"), (400, "RESOURCE_ALREADY_EXISTS"), (404, "RESOURCE_NOT_EXISTS")


@pytest.fixture(autouse=True)
def own_time(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.context.clock.offset = 0.0


def at(merchant: Any, **distance: float) -> str:
    moment = merchant.sandbox.context.now() + timedelta(**distance)
    return str(moment.isoformat(timespec="seconds"))


def stock(merchant: Any, number: str = "stock-1", **rule: Any) -> str:
    times = {"available_begin_time": at(merchant), "available_end_time": at(merchant, days=300)}
    fixed = {"discount_amount": 50, "transaction_minimum": 100}
    sent = {
        "stock_name": "券",
        "belong_merchant": merchant.account.mchid,
        "goods_name": "商品",
        "stock_type": "NORMAL",
        "coupon_use_rule": {"coupon_available_time": times, "fixed_normal_coupon": fixed, "use_method": "OFF_LINE"},
        "stock_send_rule": {"max_coupons": 100, "max_coupons_per_user": 9, **rule},
        "coupon_code_mode": "WECHATPAY_MODE",
        "out_request_no": number,
    }
    return str(merchant.post("/v3/marketing/busifavor/stocks", sent).data["stock_id"])


def activity(merchant: Any, *stocks: str, number: str = "act-1", **changes: Any) -> dict[str, Any]:
    """An activity as https://pay.weixin.qq.com/doc/v3/merchant/4012487898 describes it."""
    info = {
        "activity_name": "良品铺子回馈活动",
        "activity_second_title": "海飞丝的券",
        "merchant_logo_url": "https://tool.oschina.net/regex.jpg",
        "begin_time": at(merchant),
        "end_time": at(merchant, days=10),
        "out_request_no": number,
        "delivery_purpose": "OFF_LINE_PAY",
    }
    rule = {
        "transaction_amount_minimum": 100,
        "send_content": "SINGLE_COUPON",
        "award_type": "BUSIFAVOR",
        "award_list": [{"stock_id": each} for each in stocks],
        "merchant_option": "IN_SEVICE_COUPON_MERCHANT",
    }
    sent: dict[str, Any] = {"activity_base_info": info, "award_send_rule": rule}
    for name, value in changes.items():
        sent[name] = {**sent.get(name, {}), **value}
    return sent


def create(merchant: Any, sent: dict[str, Any]) -> Any:
    return merchant.post(f"{BASE}/unique-threshold-activity", sent)


def state(merchant: Any, number: str) -> str:
    return str(merchant.get(f"{BASE}/activities/{number}").data["activity_status"])


def pay(merchant: Any, number: str = "order-1", total: int = 200, **more: Any) -> None:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/notify",
        "amount": {"total": total, "currency": "CNY"},
        **more,
    }
    merchant.post("/v3/pay/transactions/native", sent)
    merchant.sandbox.pay(number, openid=USER)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status, answer.data["code"]


class TestActivities:
    def test_an_activity_begins_and_ends_by_itself(self, merchant: Any) -> None:
        sent = activity(merchant, stock(merchant), activity_base_info={"begin_time": at(merchant, days=1)})
        first = create(merchant, sent)
        assert create(merchant, sent).data == first.data
        changed = {**sent, "advanced_setting": {"goods_tags": ["A"]}}
        assert refused(create(merchant, changed)) == USED_NUMBER
        number = first.data["activity_id"]
        assert state(merchant, number) == "CREATE_ACT_STATUS"
        merchant.sandbox.clock.advance(days=2)
        told = merchant.get(f"{BASE}/activities/{number}").data
        begun = sent["activity_base_info"]["begin_time"]
        assert (told["activity_status"], told["update_time"]) == ("ONGOING_ACT_STATUS", begun)
        assert told["activity_base_info"] == sent["activity_base_info"]
        assert told["award_send_rule"] == {"full_send_rule": sent["award_send_rule"]}
        merchant.sandbox.clock.advance(days=9)
        assert state(merchant, number) == "OVER_TIME_ACT_STATUS"
        assert refused(merchant.post(f"{BASE}/activities/{number}/terminate")) == INVALID
        assert refused(merchant.get(f"{BASE}/activities/act-1")) == ABSENT

    def test_an_activity_can_be_over_before_anybody_looked(self, merchant: Any) -> None:
        number = create(merchant, activity(merchant, stock(merchant))).data["activity_id"]
        merchant.sandbox.clock.advance(days=11)
        assert state(merchant, number) == "OVER_TIME_ACT_STATUS"

    def test_what_is_not_created(self, merchant: Any) -> None:
        one = stock(merchant)
        assert refused(create(merchant, activity(merchant, "1"))) == ABSENT
        assert refused(create(merchant, activity(merchant, one, one))) == INVALID
        package = {"send_content": "GIFT_PACKAGE"}
        assert refused(create(merchant, activity(merchant, one, award_send_rule=package))) == INVALID
        long = {"end_time": at(merchant, days=91)}
        assert refused(create(merchant, activity(merchant, one, activity_base_info=long))) == INVALID
        late = {"begin_time": at(merchant, days=300), "end_time": at(merchant, days=366)}
        assert refused(create(merchant, activity(merchant, one, activity_base_info=late))) == INVALID
        over = {"begin_time": at(merchant, days=-3), "end_time": at(merchant, days=-2)}
        assert refused(create(merchant, activity(merchant, one, activity_base_info=over))) == INVALID

    def test_an_activity_is_paused_and_terminated(self, merchant: Any) -> None:
        act = merchant.sandbox.actions["change_gift_activity"]
        number = create(merchant, activity(merchant, stock(merchant))).data["activity_id"]
        before = at(merchant)
        act(number)
        assert before <= merchant.get(f"{BASE}/activities/{number}").data["pause_time"] <= at(merchant)
        assert state(merchant, number) == "STOP_ACT_STATUS"
        act(number, change="resume")
        assert state(merchant, number) == "ONGOING_ACT_STATUS"
        with pytest.raises(ValueError, match="'stop' is not a choice"):
            act(number, change="stop")
        before = at(merchant)
        told = merchant.post(f"{BASE}/activities/{number}/terminate").data
        assert before <= told.pop("terminate_time") <= at(merchant)
        assert told == {"activity_id": number}
        assert state(merchant, number) == "TERMINATE_ACT_STATUS"
        assert refused(merchant.post(f"{BASE}/activities/{number}/terminate")) == INVALID
        added = {"merchant_id_list": ["1900000222"], "add_request_no": "a1"}
        assert refused(merchant.post(f"{BASE}/activities/{number}/merchants/add", added)) == INVALID

    def test_lists_have_filters_and_pages(self, merchant: Any) -> None:
        one = stock(merchant)
        named = {"activity_name": "春节活动"}
        later = {"activity_base_info": {**named, "begin_time": at(merchant, days=1)}}
        sent = [activity(merchant, one), activity(merchant, one, number="act-2", **later)]
        first, second = (create(merchant, each).data["activity_id"] for each in sent)

        def found(query: str) -> list[str]:
            listing = merchant.get(f"{BASE}/activities?{query}").data
            return [each["activity_id"] for each in listing["data"]]

        assert found("offset=0&limit=10") == [first, second]
        assert found("offset=1&limit=1") == [second]
        assert found(f"offset=0&limit=10&activity_name={quote('春节')}") == [second]
        assert found("offset=0&limit=10&activity_status=ONGOING_ACT_STATUS") == [first]
        assert refused(merchant.get(f"{BASE}/activities?offset=0&limit=101")) == (400, "PARAM_ERROR")

    def test_merchants_come_and_go(self, merchant: Any) -> None:
        rule = {"merchant_option": "MANUAL_INPUT_MERCHANT", "merchant_id_list": ["1900000222"]}
        number = create(merchant, activity(merchant, stock(merchant), award_send_rule=rule)).data["activity_id"]
        base = f"{BASE}/activities/{number}"
        added = {"merchant_id_list": ["1900000333", "shop"], "add_request_no": "a1"}
        answers = [merchant.post(f"{base}/merchants/add", added).data for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["invalid_merchant_id_list"] == [{"mchid": "shop", "invalid_reason": "商户号不存在"}]
        gone = {"merchant_id_list": ["1900000222"], "delete_request_no": "d1"}
        before = at(merchant)
        told = merchant.post(f"{base}/merchants/delete", gone).data
        assert before <= told["delete_time"] <= at(merchant)
        told = merchant.get(f"{base}/merchants?offset=0&limit=10").data
        assert ([each["mchid"] for each in told["data"]], told["total_count"]) == (["1900000333"], 1)
        assert merchant.get(f"{base}/goods").data["total_count"] == 0


class TestGifts:
    def test_a_payer_claims_a_gift_once_for_each_order(self, merchant: Any, receiver: Any) -> None:
        merchant.post("/v3/marketing/busifavor/callbacks", {"notify_url": receiver.url})
        stocks = [stock(merchant, f"stock-{index}") for index in range(3)]
        package = {"send_content": "GIFT_PACKAGE"}
        sent = activity(merchant, *stocks, award_send_rule=package, advanced_setting={"goods_tags": ["SPRING"]})
        number = create(merchant, sent).data["activity_id"]
        claim = merchant.sandbox.actions["claim_gift"]
        pay(merchant, goods_tag="SPRING")
        coupons = claim("order-1", activity=number)
        assert [each["stock_id"] for each in coupons] == stocks
        listed = merchant.get(f"/v3/marketing/busifavor/users/{USER}/coupons?appid={merchant.account.appid}").data
        assert [each["coupon_code"] for each in listed["data"]] == [each["coupon_code"] for each in coupons]
        merchant.sandbox.callbacks.wait(5)
        _, content = receiver.opened(merchant.sandbox)
        assert content["send_channel"] == "BUSICOUPON_SEND_CHANNEL_PAYGIFT"
        order = merchant.get(f"/v3/pay/transactions/out-trade-no/order-1?mchid={merchant.account.mchid}").data
        assert content["attach_info"] == {"transaction_id": order["transaction_id"], "activity_id": number}
        with pytest.raises(ValueError, match="claimed already"):
            claim("order-1", activity=number)

    def test_which_orders_have_no_gift(self, merchant: Any) -> None:
        claim, one = merchant.sandbox.actions["claim_gift"], stock(merchant, max_coupons_per_user=1)
        number = create(merchant, activity(merchant, one)).data["activity_id"]
        rule = {"merchant_option": "MANUAL_INPUT_MERCHANT", "merchant_id_list": ["1900000222"]}
        others = create(merchant, activity(merchant, one, number="2", award_send_rule=rule)).data["activity_id"]
        tagged = {"advanced_setting": {"goods_tags": ["SPRING"]}}
        spring = create(merchant, activity(merchant, one, number="3", **tagged)).data["activity_id"]
        pay(merchant, "order-small", 99)
        pay(merchant, "order-large")
        pay(merchant, "order-other")
        for order, which, reason in (
            ("order-small", number, "too small"),
            ("order-large", others, "another merchant"),
            ("order-large", spring, "goods_tag"),
        ):
            with pytest.raises(ValueError, match=reason):
                claim(order, activity=which)
        claim("order-large", activity=number)
        with pytest.raises(ValueError, match="RULE_LIMIT"):
            claim("order-other", activity=number)
        merchant.post(f"{BASE}/activities/{number}/terminate")
        with pytest.raises(ValueError, match="not going on") as caught:
            claim("order-other", activity=number)
        assert "活动不在进行中" in caught.value.args[0].zh


@pytest.mark.usefixtures("stopped")
class TestPartnerships:
    def call(self, merchant: Any, what: str, key: str | None, partner: dict[str, str], data: dict[str, str]) -> Any:
        headers = {"idempotency-key": key} if key else {}
        body = {"partner": partner, "authorized_data": data}
        return merchant.post(f"{PARTNERS}/{what}", body, headers=headers)

    def test_a_partnership_is_built_ended_and_built_anew(self, merchant: Any) -> None:
        partner = {"type": "MERCHANT", "merchant_id": "1900000222"}
        data = {"business_type": "BUSIFAVOR_STOCK", "stock_id": stock(merchant)}
        built = self.call(merchant, "build", "1", partner, data).data
        assert (built["state"], built["build_time"], built["partner"]) == ("ESTABLISHED", at(merchant), partner)
        assert self.call(merchant, "build", "1", partner, data).data == built
        assert refused(self.call(merchant, "build", "1", partner, {"business_type": "FAVOR_STOCK"})) == USED_NUMBER
        assert self.call(merchant, "build", "2", partner, data).data == built
        ended = self.call(merchant, "terminate", "3", partner, data).data
        assert ended["terminate_time"] == at(merchant)
        assert self.call(merchant, "terminate", "3", partner, data).data == ended
        assert refused(self.call(merchant, "terminate", "4", partner, data)) == INVALID
        assert merchant.get(PARTNERS).data["data"][0]["terminate_time"] == at(merchant)
        assert self.call(merchant, "build", "5", partner, data).data["state"] == "ESTABLISHED"
        assert "terminate_time" not in merchant.get(PARTNERS).data["data"][0]

    def test_lists_are_filtered(self, merchant: Any) -> None:
        every = {"business_type": "FAVOR_STOCK"}
        self.call(merchant, "build", "1", {"type": "APPID", "appid": "wx4e1916a585d1f4e9"}, every)
        self.call(merchant, "build", "2", {"type": "MERCHANT", "merchant_id": "1900000222"}, every)
        assert merchant.get(PARTNERS).data["total_count"] == 2
        asked = quote('{"type":"APPID","appid":"wx4e1916a585d1f4e9"}')
        told = merchant.get(f"{PARTNERS}?partner={asked}&limit=50&offset=0").data
        assert [each["partner"]["type"] for each in told["data"]] == ["APPID"]
        none = quote('{"business_type":"BUSIFAVOR_STOCK"}')
        assert merchant.get(f"{PARTNERS}?authorized_data={none}").data["data"] == []

    def test_what_is_refused(self, merchant: Any) -> None:
        merchant.sandbox.context.strict = False
        partner, every = {"type": "APPID", "appid": "wx4e1916a585d1f4e9"}, {"business_type": "FAVOR_STOCK"}
        assert refused(self.call(merchant, "build", None, partner, every)) == (400, "PARAM_ERROR")
        assert refused(self.call(merchant, "build", "1", {"type": "MERCHANT"}, every)) == (400, "PARAM_ERROR")
        assert refused(self.call(merchant, "build", "2", partner, {**every, "stock_id": "1"})) == ABSENT
        unknown = {"business_type": "BUSIFAVOR_STOCK", "stock_id": "1"}
        assert refused(self.call(merchant, "build", "3", partner, unknown)) == ABSENT
        assert refused(self.call(merchant, "terminate", "4", partner, every)) == ABSENT
