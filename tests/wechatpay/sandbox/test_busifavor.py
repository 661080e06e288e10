"""Merchant coupons: stocks, codes, coupons of users, their use and return, subsidies, notifications."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox import Sandbox

BASE = "/v3/marketing/busifavor"
USER, OTHER = "o4GgauInH_RCEdvrrNGrntXDuXXX", "o4GgauInH_RCEdvrrNGrntXDuYYY"
SHOP = "1900000222"
FIXED = {"discount_amount": 50, "transaction_minimum": 100}


@pytest.fixture(autouse=True)
def own_time(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.context.clock.offset = 0.0


def at(merchant: Any, **distance: float) -> str:
    moment = merchant.sandbox.context.now() + timedelta(**distance)
    return str(moment.isoformat(timespec="seconds"))


def rules(merchant: Any, number: str = "stock-1", **changes: Any) -> dict[str, Any]:
    """A stock as https://pay.weixin.qq.com/doc/v3/merchant/4012534855 describes it."""
    times = {"available_begin_time": at(merchant), "available_end_time": at(merchant, days=30)}
    sent: dict[str, Any] = {
        "stock_name": "8月1日活动券",
        "belong_merchant": merchant.account.mchid,
        "goods_name": "xxx商品使用",
        "stock_type": "NORMAL",
        "coupon_use_rule": {"coupon_available_time": times, "fixed_normal_coupon": FIXED, "use_method": "OFF_LINE"},
        "stock_send_rule": {"max_coupons": 100, "max_coupons_per_user": 5},
        "display_pattern_info": {"description": "全场可用", "merchant_name": "微信支付"},
        "coupon_code_mode": "WECHATPAY_MODE",
        "out_request_no": number,
    }
    times |= changes.pop("times", {})
    for name, value in changes.items():
        sent[name] = {**sent[name], **value} if isinstance(value, dict) and name in sent else value
    return sent


def create(merchant: Any, number: str = "stock-1", **changes: Any) -> str:
    return str(merchant.post(f"{BASE}/stocks", rules(merchant, number, **changes)).data["stock_id"])


def stock_of(merchant: Any, stock: str) -> Any:
    return merchant.get(f"{BASE}/stocks/{stock}").data


def send(merchant: Any, stock: str, number: str = "send-1", openid: str = USER, **more: Any) -> Any:
    sent = {"openid": openid, "appid": merchant.account.appid, "stock_id": stock, "out_request_no": number, **more}
    return merchant.post(f"{BASE}/coupons/send", sent)


def sent_code(merchant: Any, stock: str, number: str = "send-1", **more: Any) -> str:
    return str(send(merchant, stock, number, **more).data["coupon_code"])


def coupon_of(merchant: Any, code: str, openid: str = USER) -> Any:
    return merchant.get(f"{BASE}/users/{openid}/coupons/{code}/appids/{merchant.account.appid}")


def listed(merchant: Any, **query: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return merchant.get(f"{BASE}/users/{USER}/coupons?appid={merchant.account.appid}{more}").data


def use(merchant: Any, code: str, number: str = "use-1", **more: Any) -> Any:
    sent = {"coupon_code": code, "appid": merchant.account.appid, "use_time": at(merchant), "use_request_no": number}
    return merchant.post(f"{BASE}/coupons/use", {**sent, **more})


def about(merchant: Any, what: str, stock: str, code: str, number: str, **more: Any) -> Any:
    sent = {"coupon_code": code, "stock_id": stock, f"{what}_request_no": number, **more}
    return merchant.post(f"{BASE}/coupons/{what}", sent)


def associate(merchant: Any, what: str, stock: str, code: str, order: str, number: str) -> Any:
    sent = {"stock_id": stock, "coupon_code": code, "out_trade_no": order, "out_request_no": number}
    return merchant.post(f"{BASE}/coupons/{what}", sent)


def upload(merchant: Any, stock: str, codes: list[str], number: str = "upload-1") -> Any:
    sent = {"coupon_code_list": codes, "upload_request_no": number}
    return merchant.post(f"{BASE}/stocks/{stock}/couponcodes", sent)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status, answer.data["code"]


INVALID, USED_NUMBER, ABSENT = (400, "INVALID_REQUEST"), (400, "RESOURCE_ALREADY_EXISTS"), (404, "RESOURCE_NOT_EXISTS")


class TestStocks:
    def test_a_stock_is_told_as_it_was_created(self, merchant: Any) -> None:
        sent = rules(merchant)
        first = merchant.post(f"{BASE}/stocks", sent)
        assert merchant.post(f"{BASE}/stocks", sent).data == first.data
        assert refused(merchant.post(f"{BASE}/stocks", {**sent, "goods_name": "y"})) == USED_NUMBER
        stock = first.data["stock_id"]
        told = stock_of(merchant, stock)
        assert {name: told[name] for name in sent if name != "out_request_no"} == {
            name: value for name, value in sent.items() if name != "out_request_no"
        }
        assert (told["stock_state"], told["stock_id"]) == ("RUNNING", stock)
        assert "coupon_code_count" not in told
        for _ in range(2):
            send(merchant, stock, f"send-{_}")
        counts = {"total_send_num": 2, "total_send_amount": 100, "today_send_num": 2, "today_send_amount": 100}
        assert stock_of(merchant, stock)["send_count_information"] == counts
        merchant.sandbox.clock.advance(days=1)
        counts |= {"today_send_num": 0, "today_send_amount": 0}
        assert stock_of(merchant, stock)["send_count_information"] == counts
        assert refused(merchant.get(f"{BASE}/stocks/stock-1")) == ABSENT

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"times": {"available_end_time": "2019-01-01T00:00:00+08:00"}}, "INVALID_REQUEST"),
            ({"times": {"available_end_time": "tomorrow"}}, "PARAM_ERROR"),
            ({"stock_type": "DISCOUNT"}, "PARAM_ERROR"),
        ],
    )
    def test_rules_that_the_platform_does_not_take(self, merchant: Any, changes: dict[str, Any], code: str) -> None:
        assert merchant.post(f"{BASE}/stocks", rules(merchant, **changes)).data["code"] == code

    def test_what_is_changed_is_told_by_stock_and_coupon(self, merchant: Any) -> None:
        stock = create(merchant)
        code = sent_code(merchant, stock)
        changes = {
            "stock_name": "新名称",
            "display_pattern_info": {"merchant_name": "新商户"},
            "notify_config": {"notify_appid": merchant.account.appid},
            "out_request_no": "modify-1",
        }
        for _ in range(2):
            assert merchant.call("PATCH", f"{BASE}/stocks/{stock}", changes).status == 204
        other = {**changes, "stock_name": "又一个"}
        assert refused(merchant.call("PATCH", f"{BASE}/stocks/{stock}", other)) == USED_NUMBER
        pattern = {"description": "全场可用", "merchant_name": "新商户"}
        for told in (stock_of(merchant, stock), coupon_of(merchant, code).data):
            assert (told["stock_name"], told["display_pattern_info"]) == ("新名称", pattern)
        merchant.sandbox.clock.advance(days=31)
        late = {"out_request_no": "modify-2", "comment": "x"}
        assert refused(merchant.call("PATCH", f"{BASE}/stocks/{stock}", late)) == INVALID

    def test_a_budget_is_changed_by_one_who_knows_it(self, merchant: Any) -> None:
        stock = create(merchant, stock_send_rule={"max_coupons": 1})
        target = f"{BASE}/stocks/{stock}/budget"
        send(merchant, stock)
        assert refused(send(merchant, stock, "send-2")) == (403, "NOT_ENOUGH")

        def change(number: str, **amounts: int) -> Any:
            return merchant.call("PATCH", target, {"modify_budget_request_no": number, **amounts})

        assert refused(change("1", target_max_coupons=2, current_max_coupons=7)) == INVALID
        assert refused(change("1")) == (400, "PARAM_ERROR")
        grown = change("1", target_max_coupons=3, current_max_coupons=1)
        assert grown.data == {"max_coupons": 3}
        assert change("1", target_max_coupons=3, current_max_coupons=1).data == {"max_coupons": 3}
        assert send(merchant, stock, "send-2").status == 200
        assert refused(change("2", target_max_coupons=1, current_max_coupons=3)) == INVALID
        assert stock_of(merchant, stock)["stock_send_rule"]["max_coupons"] == 3

    def test_a_stock_is_paused_and_stopped_in_the_console(self, merchant: Any) -> None:
        stock, act = create(merchant), merchant.sandbox.actions["change_merchant_stock"]
        code = sent_code(merchant, stock)
        act(stock)
        assert stock_of(merchant, stock)["stock_state"] == "PAUSED"
        assert refused(send(merchant, stock, "send-2")) == INVALID
        act(stock, change="restart")
        act(stock, change="stop")
        assert stock_of(merchant, stock)["stock_state"] == "STOPED"
        assert use(merchant, code).status == 200  # a coupon that was sent stays valid
        with pytest.raises(ValueError, match="is STOPED"):
            act(stock, change="restart")
        with pytest.raises(ValueError, match="'explode' is not a choice") as caught:
            act(stock, change="explode")
        assert "没有 'explode'，可选：" in caught.value.args[0].zh

    def test_the_url_of_notifications(self, merchant: Any) -> None:
        assert refused(merchant.get(f"{BASE}/callbacks")) == ABSENT
        told = merchant.post(f"{BASE}/callbacks", {"notify_url": "https://shop.example/coupons"}).data
        assert told["mchid"] == merchant.account.mchid
        assert merchant.get(f"{BASE}/callbacks").data["notify_url"] == "https://shop.example/coupons"
        assert refused(merchant.get(f"{BASE}/callbacks?mchid=1")) == (400, "MCH_NOT_EXISTS")


class TestCodes:
    def test_codes_are_uploaded_once(self, merchant: Any) -> None:
        # https://pay.weixin.qq.com/doc/v3/merchant/4012487038
        stock = create(merchant, coupon_code_mode="MERCHANT_UPLOAD")
        upload(merchant, stock, ["ABC0"], "upload-0")
        codes = ["ABC1", "ABC1", "ABC0", "A" * 33, "a\tb"]
        told = upload(merchant, stock, codes).data
        assert told["fail_codes"] == [
            {"coupon_code": "A" * 33, "code": "LENGTH_LIMIT", "message": "长度超过最大值32位"},
            {"coupon_code": "a\tb", "code": "PARAM_ERROR", "message": "券code含有不支持的字符"},
        ]
        assert (told["total_count"], told["success_count"], told["fail_count"]) == (4, 1, 2)
        assert (told["success_codes"], told["exist_codes"], told["duplicate_codes"]) == (["ABC1"], ["ABC0"], ["ABC1"])
        assert upload(merchant, stock, codes).data == told
        assert stock_of(merchant, stock)["coupon_code_count"] == {"total_count": 2, "available_count": 2}
        assert refused(upload(merchant, stock, [f"{each}" for each in range(201)], "2")) == (400, "PARAM_ERROR")
        assert refused(upload(merchant, create(merchant, "other"), ["A"], "3")) == INVALID

    def test_an_uploaded_code_is_sent_once_and_told(self, merchant: Any) -> None:
        stock = create(merchant, coupon_code_mode="MERCHANT_UPLOAD")
        upload(merchant, stock, ["A/1", "A=2"])
        first, second = sent_code(merchant, stock), sent_code(merchant, stock, "send-2")
        assert {first, second} == {"A/1", "A=2"}
        assert refused(send(merchant, stock, "send-3")) == (403, "NOT_ENOUGH")
        assert stock_of(merchant, stock)["coupon_code_count"] == {"total_count": 2, "available_count": 0}
        target = f"{BASE}/stocks/{stock}/couponcodes"
        told = merchant.get(f"{target}/{quote(first, safe='')}").data
        assert (told["code_information"]["code_status"], told["code_information"]["openid"]) == ("SENDED", USER)
        assert told["coupon_information"]["coupon_state"] == "SENDED"
        use(merchant, first, stock_id=stock)
        listing = merchant.get(f"{target}?status=USED").data
        assert ([each["code"] for each in listing["data"]], listing["total_count"]) == ([first], 1)
        assert merchant.get(target).data["total_count"] == 2
        assert refused(merchant.get(f"{target}/none")) == ABSENT

    def test_a_code_that_was_not_sent_is_deleted(self, merchant: Any) -> None:
        stock = create(merchant, coupon_code_mode="MERCHANT_UPLOAD")
        upload(merchant, stock, ["A1", "A2"])
        target = f"{BASE}/stocks/{stock}/couponcodes"
        answers = [merchant.call("DELETE", f"{target}/A2?delete_request_no=d1") for _ in range(2)]
        assert answers[0].data == answers[1].data
        told = merchant.get(f"{target}/A2").data
        assert (told["code_information"]["code_status"], "coupon_information" in told) == ("DELETED", False)
        assert sent_code(merchant, stock) == "A1"
        assert refused(merchant.call("DELETE", f"{target}/A1?delete_request_no=d2")) == INVALID

    def test_codes_of_the_merchants_are_given_when_sending(self, merchant: Any) -> None:
        stock = create(merchant, coupon_code_mode="MERCHANT_API")
        assert refused(send(merchant, stock)) == (400, "PARAM_ERROR")
        assert sent_code(merchant, stock, coupon_code="MINE-1") == "MINE-1"
        assert refused(send(merchant, stock, "send-2", coupon_code="MINE-1")) == USED_NUMBER
        assert refused(send(merchant, create(merchant, "2"), "send-3", coupon_code="X")) == (400, "PARAM_ERROR")
        assert refused(use(merchant, "MINE-1")) == ABSENT  # the stock is needed
        assert use(merchant, "MINE-1", stock_id=stock).status == 200


class TestCoupons:
    def test_sending_is_repeated_safely_limited_and_notified(self, merchant: Any, receiver: Any) -> None:
        merchant.post(f"{BASE}/callbacks", {"notify_url": receiver.url})
        appid = merchant.account.appid
        stock = create(merchant, notify_config={"notify_appid": appid}, stock_send_rule={"max_coupons_per_user": 1})
        first = send(merchant, stock)
        assert send(merchant, stock).data == first.data
        assert refused(send(merchant, stock, openid=OTHER)) == USED_NUMBER
        assert refused(send(merchant, stock, "send-2")) == (403, "RULE_LIMIT")
        code = first.data["coupon_code"]
        assert (len(code), code.isdigit()) == (22, True)
        merchant.sandbox.callbacks.wait(5)
        (_, content), count = receiver.opened(merchant.sandbox), len(receiver.received)
        assert count == 1
        assert content == {
            "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
            "coupon_code": code,
            "stock_id": stock,
            "send_time": coupon_of(merchant, code).data["receive_time"],
            "openid": USER,
            "send_channel": "BUSICOUPON_SEND_CHANNEL_API",
            "send_merchant": merchant.account.mchid,
        }

    def test_a_user_receives_and_deletes_a_coupon(self, merchant: Any, receiver: Any) -> None:
        merchant.post(f"{BASE}/callbacks", {"notify_url": receiver.url})
        act, stock = merchant.sandbox.actions, create(merchant, stock_send_rule={"max_coupons_per_user": 1})
        code = act["receive_merchant_coupon"](stock, openid=USER, channel="H5")["coupon_code"]
        merchant.sandbox.callbacks.wait(5)
        _, content = receiver.opened(merchant.sandbox)
        assert (content["send_channel"], "openid" in content) == ("BUSICOUPON_SEND_CHANNEL_H5", False)
        with pytest.raises(ValueError, match="RULE_LIMIT"):
            act["receive_merchant_coupon"](stock, openid=USER)
        act["delete_merchant_coupon"](code, openid=USER)
        assert coupon_of(merchant, code).data["coupon_state"] == "DELETED"
        assert refused(use(merchant, code)) == INVALID

    @pytest.mark.usefixtures("stopped")
    def test_a_coupon_is_used_once_for_each_number(self, merchant: Any) -> None:
        stock = create(merchant)
        code, second = sent_code(merchant, stock), sent_code(merchant, stock, "send-2")
        assert refused(use(merchant, code, openid=OTHER)) == INVALID
        first = use(merchant, code, openid=USER)
        assert first.data.items() >= {"stock_id": stock, "openid": USER}.items()
        assert first.data["wechatpay_use_time"] == at(merchant)
        assert len(first.data) == 3
        merchant.sandbox.clock.advance(seconds=5)
        assert use(merchant, code).data == first.data
        assert refused(use(merchant, code, "use-2")) == INVALID
        assert refused(use(merchant, second, "use-1")) == USED_NUMBER
        told = coupon_of(merchant, code).data
        assert (told["coupon_state"], told["use_request_no"]) == ("USED", "use-1")
        assert told["use_time"] == first.data["wechatpay_use_time"]
        assert refused(use(merchant, "12")) == ABSENT

    def test_a_used_coupon_is_given_back_and_used_again(self, merchant: Any) -> None:
        stock = create(merchant)
        code = sent_code(merchant, stock)
        assert refused(about(merchant, "return", stock, code, "return-1")) == INVALID
        use(merchant, code)
        before = at(merchant)
        back = about(merchant, "return", stock, code, "return-1")
        assert list(back.data) == ["wechatpay_return_time"]
        assert before <= back.data["wechatpay_return_time"] <= at(merchant)
        assert about(merchant, "return", stock, code, "return-1").data == back.data
        told = coupon_of(merchant, code).data
        assert (told["coupon_state"], told["return_request_no"], "use_time" in told) == ("SENDED", "return-1", False)
        assert refused(use(merchant, code, "use-1")) == USED_NUMBER  # what it was answered is no longer true
        assert use(merchant, code, "use-2").status == 200
        assert refused(about(merchant, "return", stock, code, "return-1")) == USED_NUMBER

    def test_a_void_coupon_is_used_no_more(self, merchant: Any) -> None:
        stock = create(merchant)
        code = sent_code(merchant, stock)
        answers = [about(merchant, "deactivate", stock, code, "d1", deactivate_reason="时间有误") for _ in range(2)]
        assert answers[0].data == answers[1].data
        told = coupon_of(merchant, code).data
        assert (told["coupon_state"], told["deactivate_reason"]) == ("DEACTIVATED", "时间有误")
        assert told["deactivate_time"] == answers[0].data["wechatpay_deactivate_time"]
        assert refused(use(merchant, code)) == INVALID
        other = sent_code(merchant, stock, "send-2")
        use(merchant, other)
        assert refused(about(merchant, "deactivate", stock, other, "d2")) == INVALID

    @pytest.mark.parametrize(
        ("times", "begin", "end"),
        [
            ({}, 0, 30),
            ({"available_day_after_receive": 1}, 0, 0),
            ({"available_day_after_receive": 2}, 0, 1),
            ({"available_day_after_receive": 60}, 0, 30),
            ({"wait_days_after_receive": 1, "available_day_after_receive": 1}, 1, 1),
        ],
    )
    def test_days_are_natural_days(self, merchant: Any, times: dict[str, Any], begin: int, end: int) -> None:
        stock = create(merchant, times=times)
        code = sent_code(merchant, stock)
        told = coupon_of(merchant, code).data
        assert told["available_start_time"][:10] == at(merchant, days=begin)[:10]
        assert told["expire_time"][:10] == at(merchant, days=end)[:10]
        if begin:
            assert refused(use(merchant, code)) == INVALID
        merchant.sandbox.clock.advance(days=end + 1)
        assert coupon_of(merchant, code).data["coupon_state"] == "EXPIRED"
        assert refused(use(merchant, code)) == INVALID

    def test_seconds_run_from_the_beginning(self, merchant: Any) -> None:
        stock = create(merchant, times={"available_second_after_receive": 60})
        before = at(merchant, seconds=60)
        code = sent_code(merchant, stock)
        assert before <= coupon_of(merchant, code).data["expire_time"] <= at(merchant, seconds=60)

    def test_coupons_of_certain_times_are_used_then(self, merchant: Any) -> None:
        today = (merchant.sandbox.context.now().weekday() + 1) % 7
        never = create(merchant, "1", times={"available_week": {"week_day": [(today + 3) % 7]}})
        soon = {"begin_time": at(merchant, days=1), "end_time": at(merchant, days=2)}
        week = {"week_day": [today], "available_day_time": [{"begin_time": 0, "end_time": 86399}]}
        now = create(merchant, "2", times={"available_week": week, "irregulary_avaliable_time": [soon]})
        assert refused(use(merchant, sent_code(merchant, never), "use-1")) == INVALID
        assert use(merchant, sent_code(merchant, now, "send-2"), "use-2").status == 200
        later = sent_code(merchant, now, "send-3")
        merchant.sandbox.clock.advance(days=1, seconds=60)
        assert use(merchant, later, "use-3").status == 200

    def test_lists_have_filters_and_pages(self, merchant: Any) -> None:
        first, second = create(merchant), create(merchant, "2", belong_merchant=SHOP)
        codes = [sent_code(merchant, stock, stock) for stock in (first, second)]
        send(merchant, first, "other", OTHER)

        def found(**query: str) -> list[str]:
            return [each["coupon_code"] for each in listed(merchant, **query)["data"]]

        assert found() == codes
        assert found(belong_merchant=SHOP) == found(stock_id=second) == found(offset="1", limit="1") == codes[1:]
        assert found(sender_merchant=SHOP) == found(coupon_state="USED") == []
        assert found(creator_merchant=merchant.account.mchid) == codes
        one = listed(merchant)["data"][0]
        assert one["display_pattern_info"] == {"merchant_name": "微信支付"}  # without description since 2020-07-08
        told = coupon_of(merchant, codes[0]).data
        assert {**one, "display_pattern_info": told["display_pattern_info"]} == told
        assert refused(coupon_of(merchant, codes[0], OTHER)) == ABSENT

    @pytest.mark.usefixtures("stopped")
    def test_an_order_is_associated_until_that_ends(self, merchant: Any) -> None:
        stock = create(merchant)
        code = sent_code(merchant, stock)
        first = associate(merchant, "associate", stock, code, "order-1", "a1")
        assert list(first.data) == ["wechatpay_associate_time"]
        assert first.data["wechatpay_associate_time"] == at(merchant)
        merchant.sandbox.clock.advance(seconds=5)
        assert associate(merchant, "associate", stock, code, "order-1", "a1").data == first.data
        assert coupon_of(merchant, code).data["associate_out_trade_no"] == "order-1"
        assert refused(associate(merchant, "associate", stock, code, "order-2", "a2")) == INVALID
        assert refused(associate(merchant, "disassociate", stock, code, "order-2", "b1")) == INVALID
        for _ in range(2):
            assert associate(merchant, "disassociate", stock, code, "order-1", "b2").status == 200
        assert "associate_out_trade_no" not in coupon_of(merchant, code).data
        assert refused(associate(merchant, "disassociate", stock, code, "order-1", "b3")) == INVALID
        use(merchant, code)
        assert refused(associate(merchant, "associate", stock, code, "order-1", "a3")) == INVALID


class TestSubsidies:
    def prepared(self, merchant: Any, number: str = "1", *, shares: bool = True, **stock: Any) -> dict[str, Any]:
        """Return the request for a subsidy of a coupon that was used for an order."""
        stock_id = create(merchant, f"stock-{number}", belong_merchant=SHOP, **stock)
        code = sent_code(merchant, stock_id, f"send-{number}")
        use(merchant, code, f"use-{number}")
        order = {
            "appid": merchant.account.appid,
            "mchid": merchant.account.mchid,
            "description": "商品",
            "out_trade_no": f"order-{number}",
            "notify_url": "http://127.0.0.1:9/notify",
            "amount": {"total": 200, "currency": "CNY"},
            "settle_info": {"profit_sharing": shares},
        }
        merchant.post("/v3/pay/transactions/native", order)
        paid = merchant.sandbox.pay(order["out_trade_no"])[0]
        return {
            "stock_id": stock_id,
            "coupon_code": code,
            "transaction_id": paid["transaction_id"],
            "payer_merchant": merchant.account.mchid,
            "payee_merchant": SHOP,
            "amount": 30,
            "description": "20210115DESCRIPTION",
            "out_subsidy_no": f"subsidy-{number}",
        }

    def fund(self, merchant: Any, amount: int = 1000) -> None:
        accounts.book(merchant.sandbox.context, Entry(amount=amount, name="充值", number="1", voucher="1"))

    def balances(self, merchant: Any) -> tuple[int, int]:
        context = merchant.sandbox.context
        return accounts.balance(context).total, accounts.balance(context, owner=SHOP).total

    def pay(self, merchant: Any, sent: dict[str, Any], **changes: Any) -> Any:
        return merchant.post(f"{BASE}/subsidy/pay-receipts", {**sent, **changes})

    def give_back(self, merchant: Any, sent: dict[str, Any], number: str, amount: int, refund: str) -> Any:
        named = {name: value for name, value in sent.items() if name != "out_subsidy_no"}
        body = {**named, "amount": amount, "refund_id": refund, "out_subsidy_return_no": number}
        return merchant.post(f"{BASE}/subsidy/return-receipts", body)

    @pytest.mark.usefixtures("stopped")
    def test_a_subsidy_moves_money_once_and_a_refund_brings_it_back(self, merchant: Any) -> None:
        sent = self.prepared(merchant)
        self.fund(merchant)
        before = self.balances(merchant)
        receipt = self.pay(merchant, sent).data
        assert (receipt["status"], receipt["success_time"]) == ("SUCCESS", at(merchant))
        assert self.pay(merchant, sent).data == receipt
        assert self.balances(merchant) == (before[0] - 30, 30)
        assert refused(self.pay(merchant, sent, amount=20)) == USED_NUMBER
        number = receipt["subsidy_receipt_id"]
        assert merchant.get(f"{BASE}/subsidy/pay-receipts/{number}").data == receipt
        query = f"stock_id={sent['stock_id']}&coupon_code={sent['coupon_code']}"
        assert merchant.get(f"{BASE}/subsidy/pay-receipts?{query}").data == {"pay_receipt_list": [receipt]}
        none = merchant.get(f"{BASE}/subsidy/pay-receipts?{query}&out_subsidy_no=x").data
        assert none == {"pay_receipt_list": []}
        refund = {
            "transaction_id": sent["transaction_id"],
            "out_refund_no": "refund-1",
            "amount": {"refund": 200, "total": 200, "currency": "CNY"},
        }
        refund_id = merchant.post("/v3/refund/domestic/refunds", refund).data["refund_id"]
        start = self.balances(merchant)
        part = self.give_back(merchant, sent, "return-1", 10, refund_id).data
        assert (part["status"], part["subsidy_receipt_id"]) == ("RETURN_RECEIPT_SUCCESS", number)
        assert self.give_back(merchant, sent, "return-1", 10, refund_id).data == part
        assert merchant.get(f"{BASE}/subsidy/pay-receipts/{number}").data["status"] == "PARTIAL_RETURN"
        assert refused(self.give_back(merchant, sent, "return-2", 21, refund_id)) == INVALID
        rest = self.give_back(merchant, sent, "return-3", 20, refund_id).data
        target = f"{BASE}/subsidy/return-receipts/{rest['subsidy_return_receipt_id']}"
        assert merchant.get(target).data == rest
        assert merchant.get(f"{BASE}/subsidy/pay-receipts/{number}").data["status"] == "FULL_RETURN"
        assert self.balances(merchant) == (start[0] + 30, 0)

    def test_why_a_subsidy_fails(self, merchant: Any) -> None:
        # https://pay.weixin.qq.com/doc/v3/merchant/4017147336
        alone = self.pay(merchant, self.prepared(merchant, "1", shares=False)).data
        assert (alone["status"], alone["fail_reason"]) == ("FAIL", "NOT_INCOMESPLIT_ORDER")
        sent = self.prepared(merchant, "2")
        context = merchant.sandbox.context
        accounts.book(context, Entry(amount=-accounts.balance(context).total, name="提现", number="2", voucher="2"))
        assert self.pay(merchant, sent).data["fail_reason"] == "INSUFFICIENT_BALANCE"
        self.fund(merchant)
        assert self.pay(merchant, sent, out_subsidy_no="a", amount=51).data["fail_reason"] == (
            "EXCEED_SUBSIDY_AMOUNT_QUOTA"
        )
        assert self.pay(merchant, sent, out_subsidy_no="b", amount=50).data["status"] == "SUCCESS"
        assert self.pay(merchant, sent, out_subsidy_no="c", amount=1).data["status"] == "FAIL"
        assert self.balances(merchant) == (950, 50)

    def test_a_discount_is_reckoned_from_what_was_paid(self, merchant: Any) -> None:
        # 优惠金额 = 微信支付订单金额 ÷ 折扣比例 × (1 - 折扣比例)
        rule = {"discount_coupon": {"discount_percent": 80, "transaction_minimum": 0}}
        sent = self.prepared(merchant, stock_type="DISCOUNT", coupon_use_rule=rule)
        self.fund(merchant)
        assert self.pay(merchant, sent, amount=51).data["status"] == "FAIL"
        assert self.pay(merchant, sent, amount=50, out_subsidy_no="b").data["status"] == "SUCCESS"

    def test_what_is_not_subsidized(self, merchant: Any) -> None:
        sent = self.prepared(merchant)
        assert refused(self.pay(merchant, sent, payer_merchant="1900000999")) == INVALID
        assert refused(self.pay(merchant, sent, payer_merchant=SHOP)) == INVALID
        assert refused(self.pay(merchant, sent, transaction_id="4200000000000000000000000000")) == ABSENT
        code = sent_code(merchant, sent["stock_id"], "unused")
        assert refused(self.pay(merchant, sent, coupon_code=code)) == INVALID
        assert refused(self.give_back(merchant, sent, "return-1", 10, "5030")) == INVALID

    def test_an_unpaid_order_and_another_orders_refund(self, merchant: Any) -> None:
        sent, other = self.prepared(merchant, "1"), self.prepared(merchant, "2")
        order = {
            "appid": merchant.account.appid,
            "mchid": merchant.account.mchid,
            "description": "商品",
            "out_trade_no": "unpaid",
            "notify_url": "http://127.0.0.1:9/notify",
            "amount": {"total": 200, "currency": "CNY"},
        }
        merchant.post("/v3/pay/transactions/native", order)
        unpaid = merchant.sandbox.context.store.get("order", "unpaid")["transaction_id"]
        assert refused(self.pay(merchant, sent, transaction_id=unpaid)) == ABSENT
        self.fund(merchant)
        self.pay(merchant, sent)
        refund = {
            "transaction_id": other["transaction_id"],
            "out_refund_no": "r",
            "amount": {"refund": 1, "total": 200},
        }
        refund["amount"]["currency"] = "CNY"
        refund_id = merchant.post("/v3/refund/domestic/refunds", refund).data["refund_id"]
        assert refused(self.give_back(merchant, sent, "return-1", 10, refund_id)) == INVALID

    def test_a_return_fails_without_money(self, merchant: Any) -> None:
        sent = self.prepared(merchant)
        self.fund(merchant)
        self.pay(merchant, sent)
        spent = Entry(amount=-30, name="提现", number="3", voucher="3")
        accounts.book(merchant.sandbox.context, spent, owner=SHOP)
        refund = {"transaction_id": sent["transaction_id"], "out_refund_no": "r"}
        amount = {"refund": 1, "total": 200, "currency": "CNY"}
        refund_id = merchant.post("/v3/refund/domestic/refunds", {**refund, "amount": amount}).data["refund_id"]
        told = self.give_back(merchant, sent, "return-1", 10, refund_id).data
        assert (told["status"], told["fail_reason"]) == ("RETURN_RECEIPT_FAIL", "INSUFFICIENT_BALANCE")
