"""The class of each refusal, from the platform's table."""

from __future__ import annotations

import pickle
import re
from datetime import datetime

import pytest

from chainable.errors import APIError, ChainableError
from chainable.path import fold
from chainable.times import BEIJING
from taobao_top.errors import ALLOCATING, RULES, SYNC_RULES, TopError, is_read, rule_of, top_error

CHINESE = re.compile("[一-鿿]")


def refusal(method="taobao.trades.sold.get", *, repeatable=False, **error):
    return top_error(error, method=method, repeatable=repeatable, now=lambda: NOW)


NOW = datetime(2026, 1, 1, 18, 30, tzinfo=BEIJING).timestamp()


class TestClasses:
    @pytest.mark.parametrize(
        ("code", "sub_code", "name"),
        [
            ("7", "accesscontrol.limited-by-app-access-count", "quota"),
            ("7", "accesscontrol.limited-by-api-access-count", "throttled"),
            ("7", "accesscontrol.limited-by-app-api-access-count", "throttled"),
            ("7", "", "throttled"),
            ("4", "", "throttled"),
            ("8", "", "throttled"),
            ("15", "isp.call-limited", "throttled"),
            ("50", "isp.top-parse-error", "shape"),
            ("50", "isp.mapping-parse-error", "shape"),
            ("50", "isp.top-mapping-parse-error", "shape"),
            ("15", "isp.top-remote-connection-timeout", "fault"),
            ("50", "isp.top-remote-connection-timeout-tmall", "fault"),
            ("50", "isp.item-update-service-error:GENERIC_FAILURE", "fault"),
            ("10", "", "fault"),
            ("27", "", "session"),
            ("44", "", "session"),
            ("50", "invalid-sessionkey", "session"),
            ("50", "sessionkey-not-generated-by-server", "session"),
            ("26", "", "session"),
            ("42", "", "session"),
            ("11", "isv.permission-api-package-limit", "permission"),
            ("12", "", "permission"),
            ("13", "", "permission"),
            ("25", "", "signature"),
            ("31", "", "clock"),
            *(
                (str(code), "", "platform")
                for code in (1, 2, 3, 9, 21, 22, 23, 24, 28, 29, 30, 32, 33, 34, 40, 41, 43, 47)
            ),
            ("50", "isv.invalid-parameter", "business"),
            ("15", "isv.item-not-exist:1", "business"),
            ("999", "", "business"),
            ("", "", "business"),
        ],
    )
    def test_code_and_sub_code_decide_the_class(self, code, sub_code, name):
        assert rule_of(code, sub_code).name == name

    def test_every_code_of_the_table_has_a_class_with_advice(self):
        """Except 15 and 50, whose sub code says everything."""
        listed = {*range(1, 14), 15, *range(21, 35), *range(40, 45), 47, 50} - {14}
        with_advice = {code for code in listed if rule_of(str(code), "").advice}

        assert listed - with_advice == {15, 50}
        assert {int(code) for rule in RULES for code in rule.codes} == with_advice

    @pytest.mark.parametrize("sub_code", ["isp.remote-service-timeout", "isv.invalid-parameter", ""])
    def test_15_and_50_are_the_same(self, sub_code):
        assert rule_of("15", sub_code) is rule_of("50", sub_code)

    def test_every_class_has_advice(self):
        assert all(rule.advice and CHINESE.search(rule.chinese) for rule in (*RULES, *SYNC_RULES))

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            ("ApiCallLimit", "throttled"),
            ("AppCallLimit", "throttled"),
            ("SellerCallLimit", "throttled"),
            ("IllegalAccessToken", "session"),
            ("InvalidAccessToken", "session"),
            ("IllegalRefreshToken", "session"),
            ("MissingAccessToken", "session"),
            ("IncompleteSignature", "signature"),
            ("InvalidSignature", "signature"),
            ("IllegalTimestamp", "clock"),
            ("InsufficientPermission", "permission"),
            ("AppWhiteIpLimit", "permission"),
            ("InvalidAppKey", "platform"),
            ("AppKeyNotExist", "platform"),
            ("InvalidApiPath", "platform"),
            ("MissingParameter", "platform"),
            ("ServiceTimeout", "fault"),
            ("UnknownRuntimeException", "fault"),
            ("SKU_NOT_EXIST", "business"),
        ],
    )
    def test_the_words_of_sync_gateways_have_the_same_classes(self, code, name):
        assert rule_of(code, "").name == name

    @pytest.mark.parametrize(
        "sub_code",
        [
            "isv.trade-service-rejection",
            "isv.refund-service-rejection",
            "isv.item-service-rejection:x",
            "isp.logistics-service-rejection",
            "ism.demo-service-rejection",
        ],
    )
    def test_the_rejection_of_a_service_is_a_wait(self, sub_code):
        rule = rule_of("520", sub_code)

        assert (rule.name, rule.throttled, rule.wait) == ("rejection", True, 180)


class TestError:
    def test_the_error_has_all_members_of_the_refusal(self):
        error = refusal(
            code=50, msg="Remote service error", sub_code="isv.invalid-parameter", sub_msg="非法参数", request_id="r1"
        )

        assert isinstance(error, APIError)
        assert isinstance(error, ChainableError)
        assert (error.code, error.sub_code, error.sub_msg) == ("50", "isv.invalid-parameter", "非法参数")
        assert error.request_id == "r1"
        assert str(error) == "taobao.trades.sold.get: code 50: Remote service error: isv.invalid-parameter: 非法参数"
        assert not error.retryable
        assert not error.throttled
        assert not error.session_expired
        assert error.maybe_sent
        assert error.detail["msg"] == "Remote service error"

    def test_the_advice_follows_the_platforms_message(self):
        assert "spell" in str(refusal(code=22, msg="Invalid Method"))

    @pytest.mark.parametrize("code", [27, 44])
    def test_an_expired_session_is_marked_and_nothing_was_carried_out(self, code):
        error = refusal(code=code)

        assert error.session_expired
        assert not error.retryable
        assert not error.maybe_sent

    @pytest.mark.parametrize("code", [26, 42])
    def test_a_missing_or_insufficient_session_is_not_an_expired_one(self, code):
        assert not refusal(code=code).session_expired

    @pytest.mark.parametrize(
        ("sub_msg", "seconds"),
        [
            ("This ban will last for 1 more seconds", 1),
            ("App Call Limited. This ban will last for 31062 more seconds", 31062),
            ("this BAN will last for 1 more second", 1),
            ("", None),
        ],
    )
    def test_the_seconds_of_a_ban_are_read_from_sub_msg_and_throttled_calls_are_retryable(self, sub_msg, seconds):
        error = refusal(code=7, sub_msg=sub_msg)

        assert error.retry_after == seconds
        assert error.throttled
        assert error.retryable
        assert not error.maybe_sent

    @pytest.mark.parametrize(
        ("sub_msg", "seconds"),
        [
            ("超时请求过多，请将查询时间间隔缩短，3分钟后再查询！", 180),  # a real one, code 520
            ("超时请求过多,请将查询时间间隔缩短,10 分钟后再查询!", 600),
            ("请求被拒绝，请30秒后重试", 30),
            ("请在 1 个小时以后再试", 3600),
            ("Too many requests, try again in 2 minutes", 120),
            ("please retry after 45 seconds", 45),
            ("the 3 orders in 2 minutes were too many", 180),
            ("", 180),
        ],
    )
    @pytest.mark.parametrize("repeatable", [True, False])
    def test_the_wait_of_a_rejection_is_read_from_its_message(self, sub_msg, seconds, repeatable):
        error = refusal(
            code=520,
            msg="Remote service error",
            sub_code="isv.trade-service-rejection",
            sub_msg=sub_msg,
            repeatable=repeatable,
        )

        assert (error.retry_after, error.throttled, error.retryable) == (seconds, True, True)
        assert not error.maybe_sent

    def test_a_refusal_of_a_sync_gateway(self):
        error = refusal(code="ApiCallLimit", type="ISP", msg="This ban will last for 1 more seconds")
        assert (error.throttled, error.retryable, error.retry_after, error.maybe_sent) == (True, True, 1, False)
        error = refusal(code="IllegalAccessToken", type="ISV", message="The specified access token is invalid")
        assert (error.session_expired, error.retryable, error.maybe_sent) == (True, False, False)
        assert "The specified access token is invalid (the access token is expired" in str(error)
        assert not refusal(code="MissingAccessToken").session_expired

    def test_the_message_has_both_languages(self):
        error = refusal(code=27, msg="Invalid session")

        assert str(error).startswith("taobao.trades.sold.get: code 27: Invalid session (the session is expired")
        assert error.args[0].zh == (
            "taobao.trades.sold.get：错误码 27：Invalid session"
            "（session 已过期、已被取消，或属于另一个 app_key：请刷新，或让卖家重新授权）"
        )

    @pytest.mark.parametrize("code", [2, 22, 29])
    @pytest.mark.parametrize(
        "method", ["aliexpress.affiliate.link.generate", "aliexpress.solution.order.get", "aliexpress.ds.product.get"]
    )
    def test_methods_that_have_moved_say_where_to(self, code, method):
        error = refusal(code=code, msg="Platform System blacklist", method=method)

        for text in (str(error), error.args[0].zh):
            assert "https://api-sg.aliexpress.com/sync" in text
            assert "sha256" in text
        assert not error.maybe_sent
        assert not error.retryable

    def test_only_what_has_moved_says_so(self):
        assert "have moved" not in str(refusal(code=2))
        assert "blocks the app" in str(refusal(code=2))
        assert "have moved" not in str(refusal(code=50, method="aliexpress.a.b"))

    @pytest.mark.parametrize("code", [22, "InvalidApiPath"])
    def test_a_name_with_async_says_how_a_promise_is_made(self, code):
        error = refusal(code=code, msg="Invalid method", method="taobao.time.get_async")

        for text in (str(error), error.args[0].zh):
            assert "client.taobao.time.get.post_async(…)" in text
        assert "post_async" not in str(refusal(code=28, method="taobao.time.get_async"))

    def test_the_seconds_of_a_ban_may_be_in_msg(self):
        assert refusal(code=7, msg="This ban will last for 2 more seconds").retry_after == 2

    def test_a_used_up_quota_ends_at_midnight_in_Beijing(self):
        assert refusal(code=7, sub_code="accesscontrol.limited-by-app-access-count").retry_after == 5.5 * 3600

    @pytest.mark.parametrize("repeatable", [True, False])
    def test_a_fault_is_retryable_only_for_repeatable_calls(self, repeatable):
        error = refusal(code=50, sub_code="isp.remote-service-timeout", repeatable=repeatable)

        assert error.retryable is repeatable
        assert error.maybe_sent
        assert error.retry_after is None

    def test_a_refusal_without_members_is_an_error(self):
        assert str(refusal()) == "taobao.trades.sold.get: code ?: "

    def test_an_error_is_pickled_without_its_explanation(self):
        error = top_error(
            {"code": 25}, method="a.b", repeatable=False, explain=lambda rule: lambda: f"{rule.name} 13800138000"
        )
        copy = pickle.loads(pickle.dumps(error))

        assert error.comparison() == "signature 13800138000"
        assert b"13800138000" not in pickle.dumps(error)
        assert "nothing to compare" in copy.explain()
        assert (str(copy), copy.code, copy.sub_code) == (str(error), "25", "")

    def test_an_error_needs_only_a_message(self):
        error = TopError("m")

        assert (error.sub_code, error.sub_msg, error.throttled, error.session_expired) == ("", "", False, False)


@pytest.mark.parametrize(
    ("method", "read"),
    [
        ("taobao.item.seller.get", True),
        ("taobao.logistics.trace.search", True),
        ("alibaba.alihealth.drug.kyt.catsearch", True),
        ("alibaba.xxx.batchquery", True),
        ("alibaba.xxx.detail", True),
        ("taobao.item.add", False),
        ("alibaba.finance.insurance.createorder", False),
        ("cainiao.waybill.ii.get", False),
        ("taobao.wlb.waybill.i.get", False),
        ("taobao.wlb.imports.waybill.get", False),
        ("alibaba.nazca.token.authapply.get", False),
        ("taobao.top.once.token.get", False),
        ("Taobao.top.once.Token.get", False),
        ("taobao.top.once_.to-ken.get", False),
        ("taobao.top.once.token.GET", False),
        ("cainiao.waybill.ii.search", True),
    ],
)
def test_reads_are_known_by_the_last_word_of_the_name(method, read):
    assert is_read(method) is read


def test_the_list_of_allocating_methods_is_compared_without_its_spelling():
    assert {fold(method) for method in ALLOCATING} == ALLOCATING
