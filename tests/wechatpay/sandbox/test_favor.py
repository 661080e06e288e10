"""Cash coupons: stocks, coupons of users, payments with them, refunds, flows, notifications."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts, promotions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox import Sandbox

BASE = "/v3/marketing/favor"
USER, OTHER = "o4GgauInH_RCEdvrrNGrntXDuXXX", "o4GgauInH_RCEdvrrNGrntXDuYYY"
URL = "http://127.0.0.1:9/notify"
NOTHING = {"coupon_amount": 0, "transaction_minimum": 1}
PREPAID = 100_000_000
"""What the account begins with that prepaid coupons are paid from."""


@pytest.fixture(autouse=True)
def own_time(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.context.clock.offset = 0.0


def at(merchant: Any, **distance: float) -> str:
    moment = merchant.sandbox.context.now() + timedelta(**distance)
    return str(moment.isoformat(timespec="seconds"))


def rules(merchant: Any, number: str = "stock-1", **changes: Any) -> dict[str, Any]:
    """A stock as https://pay.weixin.qq.com/doc/v3/merchant/4012534633 describes it."""
    sent: dict[str, Any] = {
        "stock_name": "微信支付代金券批次",
        "belong_merchant": merchant.account.mchid,
        "available_begin_time": at(merchant),
        "available_end_time": at(merchant, days=30),
        "stock_use_rule": {
            "max_coupons": 100,
            "max_amount": 5000,
            "max_coupons_per_user": 2,
            "natural_person_limit": False,
            "prevent_api_abuse": False,
        },
        "coupon_use_rule": {"fixed_normal_coupon": {"coupon_amount": 50, "transaction_minimum": 100}},
        "no_cash": True,
        "stock_type": "NORMAL",
        "out_request_no": number,
    }
    for name, value in changes.items():
        sent[name] = {**sent[name], **value} if isinstance(value, dict) else value
    return sent


def worth(budget: int) -> dict[str, Any]:
    """Return the changes of a stock of 100 coupons whose budget is so many fen."""
    use = {"fixed_normal_coupon": {"coupon_amount": budget // 100, "transaction_minimum": budget}}
    return {"stock_use_rule": {"max_amount": budget}, "coupon_use_rule": use}


def create(merchant: Any, number: str = "stock-1", **changes: Any) -> Any:
    return merchant.post(f"{BASE}/coupon-stocks", rules(merchant, number, **changes))


def act(merchant: Any, stock: str, change: str) -> Any:
    return merchant.post(f"{BASE}/stocks/{stock}/{change}", {"stock_creator_mchid": merchant.account.mchid})


def running(merchant: Any, number: str = "stock-1", **changes: Any) -> str:
    stock = str(create(merchant, number, **changes).data["stock_id"])
    assert act(merchant, stock, "start").status == 200
    return stock


def send(merchant: Any, stock: str, number: str = "send-1", openid: str = USER, **changes: Any) -> Any:
    sent = {
        "stock_id": stock,
        "out_request_no": number,
        "appid": merchant.account.appid,
        "stock_creator_mchid": merchant.account.mchid,
        **changes,
    }
    return merchant.post(f"{BASE}/users/{openid}/coupons", sent)


def stock_of(merchant: Any, stock: str) -> Any:
    return merchant.get(f"{BASE}/stocks/{stock}?stock_creator_mchid={merchant.account.mchid}").data


def coupon_of(merchant: Any, coupon: str, openid: str = USER) -> Any:
    return merchant.get(f"{BASE}/users/{openid}/coupons/{coupon}?appid={merchant.account.appid}")


def listed(merchant: Any, openid: str = USER, **query: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return merchant.get(f"{BASE}/users/{openid}/coupons?appid={merchant.account.appid}{more}").data


def refused(answer: Any) -> tuple[int, str, str]:
    return answer.status, answer.data["code"], answer.data["message"]


def order(merchant: Any, number: str, total: int = 200, **more: Any) -> Any:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": URL,
        "amount": {"total": total, "currency": "CNY"},
        **more,
    }
    return merchant.post("/v3/pay/transactions/native", sent)


def order_of(merchant: Any, number: str) -> Any:
    return merchant.get(f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant.account.mchid}").data


def paid(merchant: Any, number: str = "order-1", total: int = 200, **stock: Any) -> tuple[str, str]:
    """Return stock and coupon after a payment with it."""
    stock_id = running(merchant, f"stock of {number}", **stock)
    coupon = send(merchant, stock_id, f"send for {number}").data["coupon_id"]
    order(merchant, number, total)
    merchant.sandbox.actions["use_coupon"](number, coupon=coupon)
    return stock_id, coupon


class TestStocks:
    def test_a_stock_goes_its_way(self, merchant: Any) -> None:
        stock = create(merchant).data["stock_id"]
        ways = [("start", "running"), ("pause", "paused"), ("restart", "running"), ("stop", "stoped")]
        assert stock_of(merchant, stock)["status"] == "unactivated"
        for change, state in ways:
            before = at(merchant)
            answer = act(merchant, stock, change)
            assert answer.data.keys() == {f"{change}_time", "stock_id"}
            assert before <= answer.data[f"{change}_time"] <= at(merchant)
            assert answer.data["stock_id"] == stock
            assert stock_of(merchant, stock)["status"] == state
        for change, _ in ways:
            assert refused(act(merchant, stock, change))[:2] == (400, "INVALID_REQUEST")

    def test_a_repeat_is_answered_the_same_and_another_request_with_its_number_is_refused(self, merchant: Any) -> None:
        sent = rules(merchant)
        first = merchant.post(f"{BASE}/coupon-stocks", sent)
        assert merchant.post(f"{BASE}/coupon-stocks", sent).data == first.data
        other = merchant.post(f"{BASE}/coupon-stocks", {**sent, "stock_name": "另一批次"})
        assert refused(other) == (400, "RESOURCE_ALREADY_EXISTS", "创建请求重入，但本次请求与上次请求信息不一致")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"available_end_time": "2015-05-20T13:29:35.120+08:00"}, "INVALID_REQUEST"),
            ({"available_begin_time": "2015-05-20T13:29:35+08:00"}, "INVALID_REQUEST"),
            ({"available_end_time": "2015-05-20"}, "PARAM_ERROR"),
            ({"available_end_time": "soon"}, "PARAM_ERROR"),
            ({"stock_use_rule": {"max_coupons": 0, "max_amount": 0}}, "INVALID_REQUEST"),
            ({"coupon_use_rule": {"fixed_normal_coupon": {}}}, "PARAM_ERROR"),
            ({"coupon_use_rule": {"fixed_normal_coupon": NOTHING}}, "INVALID_REQUEST"),
            ({"stock_use_rule": {"max_coupons_per_user": 61}}, "NO_AUTH"),
            ({"belong_merchant": "1900000999"}, "INVALID_REQUEST"),
        ],
    )
    def test_rules_that_the_platform_does_not_take(self, merchant: Any, changes: dict[str, Any], code: str) -> None:
        assert create(merchant, **changes).data["code"] == code

    def test_a_stock_is_usable_for_90_days_and_begins_within_a_year(self, merchant: Any) -> None:
        # https://pay.weixin.qq.com/doc/v3/partner/4012534537
        assert create(merchant, "1", available_end_time=at(merchant, days=90)).status == 200
        assert create(merchant, "2", available_end_time=at(merchant, days=91)).data["code"] == "INVALID_REQUEST"
        late = {"available_begin_time": at(merchant, days=366), "available_end_time": at(merchant, days=367)}
        assert create(merchant, "3", **late).data["message"] == "批次发放规则或核销规则有误，请修改后重试"

    def test_a_budget_is_that_of_its_coupons(self, merchant: Any) -> None:
        # captured: https://developers.weixin.qq.com/community/personal/oCJUsw3ta4al6FPF-Is9Nqv43VKg/question
        answer = create(merchant, stock_use_rule={"max_amount": 4999})
        assert refused(answer) == (400, "PARAM_ERROR", "批次预算等于批次面额乘以发券数")

    def test_queries_tell_what_was_created(self, merchant: Any) -> None:
        stock = running(merchant, coupon_use_rule={"goods_tag": ["A"], "available_items": ["g1", "g2", "g3"]})
        send(merchant, stock)
        told = stock_of(merchant, stock)
        assert told["stock_use_rule"]["fixed_normal_coupon"] == {"coupon_amount": 50, "transaction_minimum": 100}
        assert told["stock_use_rule"]["goods_tag"] == ["A"]
        assert (told["distributed_coupons"], told["singleitem"], told["no_cash"]) == (1, True, True)
        assert (told["stock_creator_mchid"], told["stock_id"]) == (merchant.account.mchid, stock)
        own = f"stock_creator_mchid={merchant.account.mchid}"
        goods = merchant.get(f"{BASE}/stocks/{stock}/items?offset=1&limit=2&{own}").data
        assert goods == {"total_count": 3, "data": ["g3"], "offset": 1, "limit": 2, "stock_id": stock}
        shops = merchant.get(f"{BASE}/stocks/{stock}/merchants?offset=0&limit=10&{own}").data
        assert shops["data"] == [merchant.account.mchid]
        changed = {"add_goods_id_list": ["g4", "g2"], "delete_goods_id_list": ["g1"]}
        body = {"stock_creator_mchid": merchant.account.mchid, **changed}
        assert merchant.post(f"{BASE}/stocks/{stock}/modify-goods-id", body).data["stock_id"] == stock
        assert merchant.get(f"{BASE}/stocks/{stock}/items?offset=0&limit=9&{own}").data["data"] == ["g2", "g3", "g4"]

    def test_a_list_has_pages_and_filters(self, merchant: Any) -> None:
        stocks = [create(merchant, f"stock-{index}").data["stock_id"] for index in range(3)]
        act(merchant, stocks[0], "start")
        base = f"{BASE}/stocks?stock_creator_mchid={merchant.account.mchid}"
        second = merchant.get(f"{base}&offset=1&limit=2").data  # 分页页码: 4012460489
        assert ([each["stock_id"] for each in second["data"]], second["total_count"]) == (stocks[2:], 3)
        started = merchant.get(f"{base}&offset=0&limit=10&status=running").data
        assert [each["stock_id"] for each in started["data"]] == stocks[:1]
        later = at(merchant, hours=1).replace("+", "%2B")
        assert merchant.get(f"{base}&offset=0&limit=10&create_start_time={later}").data["data"] == []
        assert len(merchant.get(f"{base}&offset=0&limit=10&create_end_time={later}").data["data"]) == 3
        assert refused(merchant.get(f"{base}&offset=0&limit=11")) == (400, "PARAM_ERROR", "页大小超过阈值")
        assert merchant.get(f"{BASE}/stocks?stock_creator_mchid=1&offset=0&limit=9").data["total_count"] == 0

    def test_an_unknown_stock_and_another_merchants_are_refused(self, merchant: Any) -> None:
        stock = create(merchant).data["stock_id"]
        for target in (f"{stock}?stock_creator_mchid=1", f"9?stock_creator_mchid={merchant.account.mchid}", "stock-1"):
            target += "" if "?" in target else f"?stock_creator_mchid={merchant.account.mchid}"
            assert refused(merchant.get(f"{BASE}/stocks/{target}")) == (404, "RESOURCE_NOT_EXISTS", "批次不存在")

    def test_the_budget_of_a_prepaid_stock_leaves_the_account_and_what_is_left_comes_back(self, merchant: Any) -> None:
        # https://pay.weixin.qq.com/doc/v3/partner/4012534537 (激活批次时会从制券商户的余额中扣除预算)
        context, act_ = merchant.sandbox.context, merchant.sandbox.actions["return_coupon_budget"]
        stock, _ = paid(merchant, no_cash=False)
        assert accounts.balance(context, "OPERATION").total == PREPAID - 5000
        with pytest.raises(ValueError, match="can still be used"):
            act_(stock)
        merchant.sandbox.clock.advance(days=31)
        act_(stock)
        assert accounts.balance(context, "OPERATION").total == PREPAID - 50
        assert stock_of(merchant, stock)["status"] == "stoped"
        with pytest.raises(ValueError, match="come back already"):
            act_(stock)
        assert accounts.balance(context, "OPERATION").total == PREPAID - 50

    def test_without_money_a_prepaid_stock_does_not_start_and_one_of_discounts_costs_nothing(
        self, merchant: Any
    ) -> None:
        context = merchant.sandbox.context
        dear = create(merchant, no_cash=False, **worth(PREPAID + 100)).data["stock_id"]
        assert refused(act(merchant, dear, "start"))[:2] == (403, "NOT_ENOUGH")
        assert stock_of(merchant, dear)["status"] == "unactivated"
        free = running(merchant, "free")
        merchant.sandbox.clock.advance(days=31)
        merchant.sandbox.actions["return_coupon_budget"](free)
        assert accounts.balance(context, "OPERATION").total == PREPAID


class TestCoupons:
    def test_a_coupon_is_sent_once_for_each_number(self, merchant: Any) -> None:
        stock = running(merchant)
        first = send(merchant, stock)
        assert send(merchant, stock).data == first.data
        assert refused(send(merchant, stock, openid=OTHER))[1] == "RESOURCE_ALREADY_EXISTS"
        assert listed(merchant)["total_count"] == 1
        coupon = coupon_of(merchant, first.data["coupon_id"]).data
        assert (coupon["status"], coupon["stock_id"], coupon["coupon_name"]) == ("SENDED", stock, "微信支付代金券批次")
        assert coupon["normal_coupon_information"] == {"coupon_amount": 50, "transaction_minimum": 100}
        assert "out_request_no" not in coupon
        assert listed(merchant)["data"] == [coupon]

    def test_limits(self, merchant: Any) -> None:
        # codes: https://pay.weixin.qq.com/doc/v3/merchant/4012463767; RULE_LIMIT as captured in the community
        stock = running(merchant, stock_use_rule={"max_coupons": 3, "max_amount": 150, "max_amount_by_day": 100})
        assert [send(merchant, stock, f"send-{index}").status for index in range(2)] == [200, 200]
        assert refused(send(merchant, stock, "send-2")) == (403, "RULE_LIMIT", "用户已达最大领券次数")
        assert refused(send(merchant, stock, "send-3", OTHER)) == (403, "NOT_ENOUGH", "批次预算不足")
        merchant.sandbox.clock.advance(days=1)
        assert send(merchant, stock, "send-3", OTHER).status == 200
        assert refused(send(merchant, stock, "send-4", OTHER)) == (403, "NOT_ENOUGH", "批次预算不足")
        assert stock_of(merchant, stock)["distributed_coupons"] == 3

    def test_nobody_gets_coupons_of_a_stock_that_does_not_run(self, merchant: Any) -> None:
        stock = create(merchant).data["stock_id"]
        assert refused(send(merchant, stock)) == (400, "INVALID_REQUEST", "活动已结束或未激活")
        early = running(merchant, "early", available_begin_time=at(merchant, days=1))
        assert refused(send(merchant, early)) == (403, "REQUEST_BLOCKED", "活动未开始或已结束")
        assert refused(send(merchant, "1")) == (404, "RESOURCE_NOT_EXISTS", "批次不存在")

    def test_a_user_receives_a_coupon_elsewhere(self, merchant: Any) -> None:
        receive = merchant.sandbox.actions["receive_coupon"]
        stock = running(merchant)
        coupons = [receive(stock, openid=USER)["coupon_id"] for _ in range(2)]
        assert [each["coupon_id"] for each in listed(merchant)["data"]] == coupons
        with pytest.raises(ValueError, match="RULE_LIMIT") as caught:
            receive(stock, openid=USER)
        assert "用户已达最大领券次数" in caught.value.args[0].zh

    def test_lists_have_filters_and_pages(self, merchant: Any) -> None:
        first, second = running(merchant), running(merchant, "2", coupon_use_rule={"available_merchants": ["1"]})
        coupons = [send(merchant, stock, stock).data["coupon_id"] for stock in (first, second)]
        send(merchant, first, "other", OTHER)

        def ids(**query: str) -> list[str]:
            return [each["coupon_id"] for each in listed(merchant, **query)["data"]]

        assert ids() == coupons
        assert ids(stock_id=second) == coupons[1:]
        assert ids(status="USED") == ids(creator_mchid="1") == []
        assert ids(offset="1", limit="1") == coupons[1:]
        assert ids(available_mchid="1", offset="9") == coupons[1:]
        assert ids(available_mchid=merchant.account.mchid) == coupons[:1]

    def test_another_users_coupon_is_not_there(self, merchant: Any) -> None:
        coupon = send(merchant, running(merchant)).data["coupon_id"]
        for number, openid in ((coupon, OTHER), ("1", USER), ("send-1", USER)):
            assert refused(coupon_of(merchant, number, openid))[:2] == (404, "RESOURCE_NOT_EXISTS")

    def test_a_coupon_expires_when_its_time_is_over(self, merchant: Any) -> None:
        short = {"available_time_after_receive": 60, "second_day_available": True}
        stock = running(merchant, coupon_use_rule={"coupon_available_time": short})
        coupon = send(merchant, stock).data["coupon_id"]
        told = coupon_of(merchant, coupon).data
        tomorrow = at(merchant, days=1)[:10]
        assert told["available_begin_time"] == f"{tomorrow}T00:00:00+08:00"
        assert told["available_end_time"] == f"{tomorrow}T01:00:00+08:00"
        merchant.sandbox.clock.advance(days=2)
        assert listed(merchant, available_mchid=merchant.account.mchid)["data"] == []
        assert coupon_of(merchant, coupon).data["status"] == "EXPIRED"
        order(merchant, "order-1")
        with pytest.raises(ValueError, match="EXPIRED"):
            merchant.sandbox.actions["use_coupon"]("order-1", coupon=coupon)


class TestPayments:
    def test_order_notification_and_coupon_say_the_same(self, merchant: Any, receiver: Any) -> None:
        body = {"mchid": merchant.account.mchid, "notify_url": receiver.url}
        assert merchant.post(f"{BASE}/callbacks", body).data["notify_url"] == receiver.url
        stock = running(merchant, coupon_use_rule={"goods_tag": ["SPRING"]})
        coupon = send(merchant, stock).data["coupon_id"]
        order(merchant, "order-1", notify_url=receiver.url, goods_tag="SPRING")
        merchant.sandbox.actions["use_coupon"]("order-1", coupon=coupon)
        merchant.sandbox.callbacks.wait(5)
        told = order_of(merchant, "order-1")
        assert told["trade_state"] == "SUCCESS"
        assert (told["amount"]["total"], told["amount"]["payer_total"]) == (200, 150)
        assert told["payer"]["openid"] == USER
        assert told["promotion_detail"] == [
            {
                "coupon_id": coupon,
                "name": "微信支付代金券批次",
                "scope": "GLOBAL",
                "type": "NOCASH",
                "amount": 50,
                "stock_id": stock,
                "wechatpay_contribute": 0,
                "merchant_contribute": 50,
                "other_contribute": 0,
                "currency": "CNY",
            }
        ]
        notices = {}
        for index in range(2):
            envelope, content = receiver.opened(merchant.sandbox, index)
            notices[envelope["event_type"]] = content
        assert notices["TRANSACTION.SUCCESS"]["promotion_detail"] == told["promotion_detail"]
        assert notices["TRANSACTION.SUCCESS"]["amount"]["payer_total"] == 150
        used = notices["COUPON.USE"]
        assert (used["coupon_id"], used["status"]) == (coupon, "USED")
        assert used["consume_information"]["consume_amount"] == 50
        assert "openid" not in used
        consumed = coupon_of(merchant, coupon).data["consume_information"]
        assert consumed == {
            "consume_time": told["success_time"],
            "consume_mchid": merchant.account.mchid,
            "transaction_id": told["transaction_id"],
        }

    def test_v2_tells_the_coupon_too(self, merchant: Any) -> None:
        stock = running(merchant, no_cash=False)
        coupon = send(merchant, stock).data["coupon_id"]
        sent = {"appid": merchant.account.appid, "body": "商品", "out_trade_no": "order-2", "total_fee": "200"}
        more = {"spbill_create_ip": "127.0.0.1", "notify_url": URL, "trade_type": "NATIVE", "product_id": "1"}
        assert merchant.v2("/pay/unifiedorder", {**sent, **more}).xml["result_code"] == "SUCCESS"
        merchant.sandbox.actions["use_coupon"]("order-2", coupon=coupon)
        told = merchant.v2("/pay/orderquery", {"appid": merchant.account.appid, "out_trade_no": "order-2"}).xml
        expected = {
            "total_fee": "200",
            "cash_fee": "150",
            "settlement_total_fee": "200",
            "coupon_fee": "50",
            "coupon_count": "1",
            "coupon_id_0": coupon,
            "coupon_type_0": "CASH",
            "coupon_fee_0": "50",
        }
        assert {name: told[name] for name in expected} == expected

    @pytest.mark.parametrize(
        ("rule", "changes", "reason"),
        [
            ({}, {"amount": {"total": 99, "currency": "CNY"}}, "threshold"),
            ({"goods_tag": ["SPRING"]}, {"goods_tag": "AUTUMN"}, "goods_tag"),
            ({"goods_tag": ["SPRING"]}, {}, "goods_tag"),
            ({"trade_type": ["MICROAPP"]}, {}, "way of paying"),
            ({"available_merchants": ["1900000999"]}, {}, "merchant"),
            ({"coupon_available_time": {"second_day_available": True}}, {}, "time has not come"),
            ({"coupon_available_time": {"fix_available_time": {"available_week_day": []}}}, {}, "day or at this hour"),
            ({"available_items": ["g1"]}, {}, "threshold"),
            ({"fixed_normal_coupon": {"coupon_amount": 200, "transaction_minimum": 100}}, {}, "whole order"),
        ],
    )
    def test_a_coupon_that_does_not_fit_pays_nothing(
        self, merchant: Any, rule: dict[str, Any], changes: dict[str, Any], reason: str
    ) -> None:
        worth = rule.get("fixed_normal_coupon", {"coupon_amount": 50})["coupon_amount"]
        stock = running(merchant, coupon_use_rule=rule, stock_use_rule={"max_amount": 100 * worth})
        coupon = send(merchant, stock).data["coupon_id"]
        order(merchant, "order-1", **changes)
        with pytest.raises(ValueError, match=reason) as caught:
            merchant.sandbox.actions["use_coupon"]("order-1", coupon=coupon)
        assert "不可用" in caught.value.args[0].zh
        assert order_of(merchant, "order-1")["trade_state"] == "NOTPAY"
        assert coupon_of(merchant, coupon).data["status"] == "SENDED"
        merchant.sandbox.pay("order-1")
        assert "promotion_detail" not in order_of(merchant, "order-1")

    def test_a_coupon_is_its_users(self, merchant: Any) -> None:
        coupon = send(merchant, running(merchant)).data["coupon_id"]
        sent = {
            "appid": merchant.account.appid,
            "mchid": merchant.account.mchid,
            "description": "商品",
            "out_trade_no": "order-1",
            "notify_url": URL,
            "amount": {"total": 200},
            "payer": {"openid": OTHER},
        }
        assert merchant.post("/v3/pay/transactions/jsapi", sent).status == 200
        with pytest.raises(ValueError, match="another user"):
            merchant.sandbox.actions["use_coupon"]("order-1", coupon=coupon)

    def test_a_coupon_is_used_once(self, merchant: Any) -> None:
        _, coupon = paid(merchant)
        order(merchant, "order-2")
        with pytest.raises(ValueError, match="is USED"):
            merchant.sandbox.actions["use_coupon"]("order-2", coupon=coupon)
        with pytest.raises(LookupError):
            merchant.sandbox.actions["use_coupon"]("order-2", coupon="1")

    @pytest.mark.parametrize(
        ("kind", "rule", "worth"),
        [
            ("DISCOUNT", {"discount_coupon": {"discount_percent": 80, "discount_amount_max": 30}}, 30),
            ("DISCOUNT", {"discount_coupon": {"discount_percent": 90, "discount_amount_max": 30}}, 20),
            ("EXCHAHGE", {"exchange_coupon": {"exchange_price": 10, "transaction_minimum": 20}}, 190),
        ],
    )
    def test_what_coupons_of_other_types_are_worth(
        self, merchant: Any, kind: str, rule: dict[str, Any], worth: int
    ) -> None:
        paid(merchant, stock_type=kind, coupon_use_rule=rule)
        assert order_of(merchant, "order-1")["amount"]["payer_total"] == 200 - worth

    def test_a_coupon_for_goods_counts_those_goods(self, merchant: Any) -> None:
        stock = running(merchant, coupon_use_rule={"available_items": ["g1"]})
        coupon = send(merchant, stock).data["coupon_id"]
        goods = [
            {"merchant_goods_id": "g1", "quantity": 2, "unit_price": 60},
            {"merchant_goods_id": "g2", "quantity": 1, "unit_price": 80},
        ]
        order(merchant, "order-1", detail={"goods_detail": goods})
        merchant.sandbox.actions["use_coupon"]("order-1", coupon=coupon)
        told = order_of(merchant, "order-1")["promotion_detail"][0]
        assert told["scope"] == "SINGLE"
        assert told["goods_detail"] == [{"goods_id": "g1", "quantity": 2, "unit_price": 60, "discount_amount": 50}]
        consumed = coupon_of(merchant, coupon).data["consume_information"]["goods_detail"]
        assert consumed == [{"goods_id": "g1", "quantity": 2, "price": 60, "discount_amount": 50}]


class TestRefunds:
    def refund(self, merchant: Any, number: str, amount: int, order_number: str = "order-1") -> Any:
        sent = {
            "out_trade_no": order_number,
            "out_refund_no": number,
            "amount": {"refund": amount, "total": 200, "currency": "CNY"},
        }
        return merchant.post("/v3/refund/domestic/refunds", sent)

    def test_the_refund_of_the_whole_order_gives_the_coupon_back(self, merchant: Any) -> None:
        _, coupon = paid(merchant)
        amount = self.refund(merchant, "refund-1", 200).data["amount"]
        assert {name: amount[name] for name in ("payer_total", "payer_refund", "discount_refund")} == {
            "payer_total": 150,
            "payer_refund": 150,
            "discount_refund": 50,
        }
        assert (amount["settlement_total"], amount["settlement_refund"]) == (150, 150)
        told = coupon_of(merchant, coupon).data
        assert (told["status"], "consume_information" in told) == ("SENDED", False)
        order(merchant, "order-2")
        merchant.sandbox.actions["use_coupon"]("order-2", coupon=coupon)
        assert order_of(merchant, "order-2")["amount"]["payer_total"] == 150

    def test_parts_bear_their_share_to_the_fen(self, merchant: Any) -> None:
        _, coupon = paid(merchant, no_cash=False)
        parts = [self.refund(merchant, f"refund-{index}", amount).data for index, amount in enumerate((33, 67, 100))]
        shares = [each["amount"]["discount_refund"] for each in parts]
        assert (shares, sum(shares)) == ([8, 16, 26], 50)
        assert sum(each["amount"]["payer_refund"] for each in parts) == 150
        assert [each["amount"]["settlement_refund"] for each in parts] == [33, 67, 100]
        assert parts[0]["promotion_detail"] == [
            {"promotion_id": coupon, "scope": "GLOBAL", "type": "COUPON", "amount": 50, "refund_amount": 8}
        ]
        assert coupon_of(merchant, coupon).data["status"] == "SENDED"

    def test_the_share_of_a_closed_refund_is_free_again(self, merchant: Any) -> None:
        sandbox = merchant.sandbox
        sandbox.context.automatic = frozenset()
        _, coupon = paid(merchant)
        self.refund(merchant, "refund-1", 100)
        sandbox.actions["finish_refund"]("refund-1", status="CLOSED")
        assert self.refund(merchant, "refund-2", 200).data["amount"]["discount_refund"] == 50
        assert coupon_of(merchant, coupon).data["status"] == "USED"
        sandbox.actions["finish_refund"]("refund-2")
        assert coupon_of(merchant, coupon).data["status"] == "SENDED"

    def test_v2_tells_the_share_of_the_coupon(self, merchant: Any) -> None:
        _, coupon = paid(merchant)
        sent = {"appid": merchant.account.appid, "out_trade_no": "order-1", "out_refund_no": "refund-1"}
        told = merchant.v2("/secapi/pay/refund", {**sent, "total_fee": "200", "refund_fee": "100"}).xml
        amounts = {"cash_fee": "150", "cash_refund_fee": "75", "coupon_refund_fee": "25", "coupon_refund_count": "1"}
        expected = {**amounts, "settlement_refund_fee": "75", "coupon_refund_id_0": coupon, "coupon_refund_fee_0": "25"}
        assert {name: told[name] for name in expected} == expected
        told = merchant.v2("/pay/refundquery", {"appid": sent["appid"], "out_refund_no": "refund-1"}).xml
        numbered = {"coupon_refund_fee_0": "25", "coupon_refund_id_0_0": coupon, "coupon_refund_fee_0_0": "25"}
        assert {name: told[name] for name in numbered} == numbered

    def test_an_order_without_coupons_has_none_of_it(self) -> None:
        order = {"total": 100, "refunded": 0}
        assert promotions.refund(order, 30, [])["discount_refund"] == 0
        assert promotions.v2(order) == {"cash_fee": 100}
        assert promotions.refund_v2({"promotion_detail": []}) == {}


class TestFlows:
    def test_the_flows_are_files_with_their_hash(self, merchant: Any) -> None:
        stock, coupon = paid(merchant)
        TestRefunds().refund(merchant, "refund-1", 100)
        number = order_of(merchant, "order-1")["transaction_id"]
        missing = (404, "RESOURCE_NOT_EXISTS", "账单文件不存在")
        assert refused(merchant.get(f"{BASE}/stocks/{stock}/use-flow")) == missing
        act(merchant, stock, "stop")
        day = at(merchant)[:10]
        merchant.sandbox.clock.advance(days=2)
        link = merchant.get(f"{BASE}/stocks/{stock}/use-flow").data
        content = merchant.get("/" + link["url"].split("/", 3)[3]).body
        assert (link["hash_type"], link["hash_value"]) == ("SHA1", hashlib.sha1(content).hexdigest())
        head, row = content.decode().splitlines()
        assert head.startswith("批次ID,优惠ID,优惠类型,优惠金额（元）")
        assert row.split(",")[:7] == [
            f"`{stock}",
            f"`{coupon}",
            "`全场代金券",
            "`0.50",
            "`2.00",
            "`支付",
            f"`{number}",
        ]
        assert row.endswith(",,,")
        back = merchant.get(f"{BASE}/stocks/{stock}/refund-flow-by-day?bill_date={day}").data
        content = merchant.get("/" + back["url"].split("/", 3)[3]).body
        assert back["stock_refundflow_hash"] == hashlib.sha1(content).hexdigest()
        assert back["stock_refundflow_count"] == "1"
        assert "`0.25,`2.00,`退款" in content.decode()

    def test_our_client_verifies_them(self, merchant: Any, tmp_path: Any) -> None:
        stock, _ = paid(merchant)
        day = at(merchant)[:10]
        merchant.sandbox.clock.advance(days=2)
        client = merchant.sandbox.client()
        flow = client.v3.marketing.favor.stocks._stock_id_.use_flow_by_day
        saved = client.download(flow.get(stock_id=stock, params={"bill_date": day}), tmp_path / "flow.csv")
        assert stock in saved.path.read_text("utf-8")

    def test_a_day_without_uses_has_no_file(self, merchant: Any) -> None:
        stock = running(merchant)
        base = f"{BASE}/stocks/{stock}"
        for flow, message in (("use", "当天没有核销记录"), ("refund", "当天没有退款记录")):
            answer = merchant.get(f"{base}/{flow}-flow-by-day?bill_date=2025-08-09")
            assert refused(answer) == (404, "RESOURCE_NOT_EXISTS", message)
        assert merchant.get(f"{base}/use-flow-by-day?bill_date=yesterday").data["code"] == "PARAM_ERROR"


def test_the_url_of_notifications_is_kept_switched_off_and_the_merchants_own(merchant: Any) -> None:
    mchid = merchant.account.mchid
    assert refused(merchant.get(f"{BASE}/callbacks?mchid={mchid}"))[:2] == (404, "RESOURCE_NOT_EXISTS")
    merchant.post(f"{BASE}/callbacks", {"mchid": mchid, "notify_url": "https://shop.example/coupons"})
    told = merchant.get(f"{BASE}/callbacks?mchid={mchid}").data
    assert told == {"mchid": mchid, "notify_url": "https://shop.example/coupons"}
    merchant.post(f"{BASE}/callbacks", {"mchid": mchid, "notify_url": "https://shop.example/", "switch": False})
    assert merchant.get(f"{BASE}/callbacks?mchid={mchid}").status == 404
    assert refused(merchant.get(f"{BASE}/callbacks?mchid=1")) == (400, "MCH_NOT_EXISTS", "商户号不合法")


class TestV2:
    def call(self, merchant: Any, what: str, **more: Any) -> dict[str, str]:
        sent = {"appid": merchant.account.appid, **more}
        return dict(merchant.v2(f"/mmpaymkttransfers/{what}", sent).xml)

    def send(self, merchant: Any, stock: str, number: str = "v2-1", openid: str = USER) -> dict[str, str]:
        more = {"coupon_stock_id": stock, "openid_count": 1, "partner_trade_no": number, "openid": openid}
        return self.call(merchant, "send_coupon", **more)

    def test_v2_sends_and_tells_what_v3_tells(self, merchant: Any) -> None:
        stock = running(merchant)
        sent = self.send(merchant, stock)
        assert (sent["success_count"], sent["failed_count"], sent["openid"]) == ("1", "0", USER)
        assert self.send(merchant, stock)["coupon_id"] == sent["coupon_id"]
        assert self.send(merchant, stock, openid=OTHER)["err_code"] == "RESOURCE_ALREADY_EXISTS"
        assert coupon_of(merchant, sent["coupon_id"]).data["status"] == "SENDED"
        told = self.call(merchant, "query_coupon_stock", coupon_stock_id=stock)
        expected = {"coupon_stock_status": "4", "is_send_num": "1", "coupon_total": "100", "coupon_value": "50"}
        assert {name: told[name] for name in expected} == expected
        begin = stock_of(merchant, stock)["available_begin_time"]
        assert told["begin_time_t"] == begin[:19].replace("-", "").replace("T", "").replace(":", "")
        order(merchant, "order-1")
        merchant.sandbox.actions["use_coupon"]("order-1", coupon=sent["coupon_id"])
        named = {"coupon_id": sent["coupon_id"], "openid": USER, "stock_id": stock}
        coupon = self.call(merchant, "querycouponsinfo", **named)
        assert (coupon["coupon_state"], coupon["coupon_use_value"], coupon["coupon_remain_value"]) == (
            "USED",
            "50",
            "0",
        )
        act(merchant, stock, "stop")
        assert self.call(merchant, "query_coupon_stock", coupon_stock_id=stock)["coupon_stock_status"] == "8"

    def test_v2_refuses_in_its_own_words(self, merchant: Any) -> None:
        stock = running(merchant, stock_use_rule={"max_coupons_per_user": 1})
        self.send(merchant, stock)
        assert self.send(merchant, stock, "v2-2")["err_code"] == "USER_AL_GET_COUPON"
        act(merchant, stock, "pause")
        over = self.send(merchant, stock, "v2-3", OTHER)
        assert (over["err_code"], over["err_code_des"]) == ("AL_STOCK_OVER", "活动已结束或未激活")
        named = {"coupon_id": "1", "openid": USER, "stock_id": stock}
        assert self.call(merchant, "querycouponsinfo", **named)["err_code"] == "RESOURCE_NOT_EXISTS"
        assert self.call(merchant, "query_coupon_stock", coupon_stock_id="1")["err_code"] == "RESOURCE_NOT_EXISTS"


class TestAtOnce:
    def test_parallel_calls_neither_overdraw_a_budget_nor_use_a_coupon_twice(self, merchant: Any) -> None:
        stock = running(merchant, stock_use_rule={"max_coupons": 5, "max_amount": 250})
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda index: send(merchant, stock, f"send-{index}", f"{USER}{index}"), range(20)))
        assert sorted(each.status for each in answers) == [200] * 5 + [403] * 15
        coupon = next(each.data["coupon_id"] for each in answers if each.status == 200)
        for index in range(6):
            order(merchant, f"order-{index}")

        def use(index: int) -> bool:
            try:
                merchant.sandbox.actions["use_coupon"](f"order-{index}", coupon=coupon)
            except ValueError:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            used = list(pool.map(use, range(6)))
        assert used.count(True) == 1
        states = [order_of(merchant, f"order-{index}")["trade_state"] for index in range(6)]
        assert states.count("SUCCESS") == 1
