"""A long span of time in windows that the platform accepts."""

from __future__ import annotations

import contextlib
import itertools
from datetime import datetime, timedelta, timezone

import pytest

from chainable import BEIJING
from chainable.errors import CodecError
from taobao_top.pagination import PageNames
from taobao_top.sandbox import Sandbox
from taobao_top.windows import spans

INCREMENT = "taobao.trades.sold.increment.get"
START = datetime(2026, 1, 1, tzinfo=BEIJING)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def written(gateway, start="start_modified", end="end_modified"):
    return [(form[start], form[end]) for form in gateway.forms]


def page(total=0, *tids):
    return {
        "trades_sold_increment_get_response": {
            "total_results": total,
            "trades": {"trade": [{"tid": tid} for tid in tids]},
        }
    }


class TestSpans:
    def test_windows_follow_each_other_without_a_gap(self):
        found = list(spans(START, START + timedelta(hours=5), timedelta(hours=2)))

        assert found == [
            (START, START + 2 * HOUR),
            (START + 2 * HOUR, START + 4 * HOUR),
            (START + 4 * HOUR, START + 5 * HOUR),
        ]

    def test_an_overlap_is_read_again_and_no_window_is_longer_than_the_step(self):
        found = list(spans(START, START + timedelta(hours=5), timedelta(hours=2), timedelta(minutes=30)))

        assert [(start - START, end - START) for start, end in found] == [
            (0 * HOUR, 2 * HOUR), (1.5 * HOUR, 3.5 * HOUR), (3 * HOUR, 5 * HOUR),
        ]  # fmt: skip
        assert all(end - start <= 2 * HOUR for start, end in found)

    @pytest.mark.parametrize("overlap", [timedelta(0), MINUTE, timedelta(minutes=59)])
    @pytest.mark.parametrize("length", [1, 3599, 3600, 3601, 86_400, 90_000])
    def test_every_second_is_in_a_window(self, length, overlap):
        found = list(spans(START, START + timedelta(seconds=length), HOUR, overlap))

        assert found[0][0] == START
        assert found[-1][1] == START + timedelta(seconds=length)
        assert all(end > start for start, end in found)
        assert all(after[0] == before[1] - overlap for before, after in itertools.pairwise(found))

    def test_times_are_those_of_Beijing_in_whole_seconds(self):
        utc = datetime(2025, 12, 31, 16, 0, 0, 999_999, tzinfo=timezone.utc)

        ((start, end),) = spans(utc, utc + DAY, None)

        assert (start, end) == (START, START + DAY)
        assert start.utcoffset() == timedelta(hours=8)

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            ((datetime(2026, 1, 1), START, DAY), TypeError, "start is a datetime with a time zone"),
            ((START, "2026-01-02 00:00:00", DAY), TypeError, "end is a datetime with a time zone"),
            ((START, START, DAY), ValueError, "end has to lie after start"),
            ((START, START - DAY, DAY), ValueError, "end has to lie after start"),
            ((START, START + DAY, timedelta(0)), ValueError, "step is a timedelta of whole seconds"),
            ((START, START + DAY, timedelta(milliseconds=1500)), ValueError, "step is a timedelta of whole seconds"),
            ((START, START + DAY, HOUR, HOUR), ValueError, "overlap is .* shorter than a window"),
            ((START, START + DAY, 3600), TypeError, "step is a timedelta, .* not int"),
            ((START, START + DAY, HOUR, 60), TypeError, "overlap is a timedelta, .* not int"),
            ((START, datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc), DAY), ValueError, "end lies outside"),
            ((START, START + DAY, HOUR, -MINUTE), ValueError, "overlap is"),
            ((START, START + DAY, HOUR, timedelta(milliseconds=5)), ValueError, "overlap is"),
        ],
    )
    def test_mistakes_are_named(self, given, error, message):
        with pytest.raises(error, match=message):
            spans(*given)


class TestWindows:
    def test_the_catalogues_limit_is_the_step(self, top, gateway):
        """At most a day: https://open.taobao.com/api.htm?apiName=taobao.trades.sold.increment.get."""
        gateway.answers(page(1, 1))

        found = list(top.windows(top[INCREMENT], START, START + timedelta(days=2, hours=1), fields="tid"))

        assert len(found) == 3
        assert written(gateway) == [
            ("2026-01-01 00:00:00", "2026-01-02 00:00:00"),
            ("2026-01-02 00:00:00", "2026-01-03 00:00:00"),
            ("2026-01-03 00:00:00", "2026-01-03 01:00:00"),
        ]

    @pytest.mark.parametrize(
        ("method", "names", "hours"),
        [
            ("taobao.trades.sold.incrementv.get", ("start_create", "end_create"), 24),
            ("taobao.fenxiao.orders.get", ("start_created", "end_created"), 7 * 24),
            ("taobao.tbk.order.details.get", ("start_time", "end_time"), 3),
            ("tmall.servicecenter.workcard.query", ("gmt_create_start", "gmt_create_end"), 0.25),
        ],
    )
    def test_each_method_has_names_and_a_limit_of_its_own(self, top, gateway, method, names, hours):
        gateway.answers({"x_response": {}})

        with contextlib.suppress(CodecError):
            next(top.windows(top[method], START, START + timedelta(days=10)))
        with pytest.raises(ValueError, match="the platform accepts windows of"):
            top.windows(top[method], START, START + DAY, step=timedelta(hours=hours, seconds=1))

        assert written(gateway, *names)[0] == (
            "2026-01-01 00:00:00", f"{START + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}",
        )  # fmt: skip

    def test_pages_are_read_from_the_last_to_the_first(self, top, gateway):
        gateway.answers(page(3, 1, 2), page(3, 3), page(3, 1, 2))

        found = list(top.windows(top[INCREMENT], START, START + DAY, fields="tid", page_size=2))

        assert [[trade["tid"] for trade in each.data["trades"]["trade"]] for each in found] == [[3], [1, 2]]
        assert [form.get("page_no") for form in gateway.forms] == ["1", "2", "1"]

    def test_a_caller_who_asks_for_has_next_reads_forwards(self, top, gateway):
        gateway.answers({"trades_sold_increment_get_response": {"has_next": False}})

        list(top.windows(top[INCREMENT], START, START + DAY, {"fields": "tid"}, use_has_next=True, page_size=2))

        assert gateway.form["use_has_next"] == "true"

    def test_a_list_with_a_cursor_is_read_forwards(self, top, gateway):
        gateway.answers(
            {"tbk_order_details_get_response": {"data": {"has_next": True, "position_index": "p", "results": {}}}},
            {"tbk_order_details_get_response": {"data": {"has_next": False, "results": {}}}},
        )

        assert len(list(top.windows(top.taobao.tbk.order.details.get, START, START + HOUR))) == 2
        assert gateway.forms[1]["position_index"] == "p"

    def test_the_limit_does_not_count_with_a_number(self, top, gateway):
        gateway.answers({"fenxiao_orders_get_response": {"total_results": 0}})

        list(
            top.windows(
                top.taobao.fenxiao.orders.get, START, START + timedelta(days=30), purchase_order_id=1, page_size=5
            )
        )

        assert len(gateway.forms) == 1

    def test_a_method_without_a_limit_has_one_window_or_the_steps_of_the_caller(self, top, gateway):
        gateway.answers({"trades_sold_get_response": {"total_results": 1, "trades": {"trade": [{"tid": 1}]}}})
        sold = top.taobao.trades.sold.get

        list(top.windows(sold, START, START + timedelta(days=90), fields="tid"))
        list(top.windows(sold, START, START + DAY, step=timedelta(hours=12), fields="tid"))

        assert written(gateway, "start_created", "end_created") == [
            ("2026-01-01 00:00:00", "2026-04-01 00:00:00"),
            ("2026-01-01 00:00:00", "2026-01-01 12:00:00"),
            ("2026-01-01 12:00:00", "2026-01-02 00:00:00"),
        ]

    def test_a_method_without_pages_is_called_once_a_window(self, top, gateway):
        gateway.answers({"alibaba_wdk_item_changeprice_query_response": {}})

        found = list(top.windows(top.alibaba.wdk.item.changeprice.query, START, START + timedelta(hours=50)))

        assert len(found) == len(gateway.forms) == 2

    def test_names_can_be_passed_for_methods_that_the_catalogue_lacks(self, top, gateway):
        gateway.answers({"known_response": {"total": 1, "x": [1]}})

        list(
            top.windows(
                top.un.known,
                START,
                START + DAY,
                step=DAY,
                between=("since", "till"),
                names=PageNames(total="total"),
                page_size=5,
            )
        )

        assert written(gateway, "since", "till") == [("2026-01-01 00:00:00", "2026-01-02 00:00:00")]

    def test_one_of_several_pairs_is_chosen_with_its_limit(self, top, gateway):
        gateway.answers({"alibaba_service_settlement_query_response": {}})
        query, pair = top.alibaba.service.settlement.query, ("gmt_modified_start", "gmt_modified_end")

        with contextlib.suppress(CodecError):
            next(top.windows(query, START, START + DAY, between=pair))

        assert written(gateway, *pair) == [("2026-01-01 00:00:00", "2026-01-01 00:15:00")]

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (
                lambda top: top.windows(top.un.known, START, START + DAY),
                TypeError,
                "un.known: pass the names .* between=",
            ),
            (
                lambda top: top.windows(top.alibaba.service.settlement.query, START, START + DAY),
                TypeError,
                "between=.*'gmt_create_start'.* or between=.*'gmt_modified_start'",
            ),
            (
                lambda top: top.windows(top[INCREMENT], START, START + DAY, start_modified=START),
                TypeError,
                "start_modified is set by windows",
            ),
            (
                lambda top: top.windows(top[INCREMENT], START, START + DAY, step=2 * DAY),
                ValueError,
                "1 day, 0:00:00 at most",
            ),
            (lambda top: top.windows(INCREMENT, START, START + DAY), TypeError, "windows: a chain such as .* not str"),
            (lambda top: top.windows(top[INCREMENT], START, START), ValueError, "end has to lie after start"),
        ],
    )
    def test_mistakes_are_raised_before_the_first_request(self, top, gateway, call, error, message):
        with pytest.raises(error, match=message):
            call(top)

        assert not gateway.requests

    def test_no_order_is_lost_that_is_modified_again_while_it_is_read(self):
        """Those that leave the window move others to the front: https://open.taobao.com/api.htm?apiName=taobao.trades.sold.increment.get."""
        with Sandbox(https=False) as sandbox, sandbox.client() as top:
            tids = sandbox.trades.add(7)
            start, end = datetime.now(BEIJING) - HOUR, datetime.now(BEIJING) + MINUTE
            seen = set()
            for page in top.windows(top[INCREMENT], start, end, fields="tid", page_size=2):
                seen.update(trade["tid"] for trade in page.data["trades"]["trade"])
                if len(seen) == 1:
                    sandbox.trades.change(tids[6], modified="2099-01-01 00:00:00")

            assert seen >= set(tids[:6])  # the seventh is in a later window now


class TestNames:
    def test_another_spelling_has_the_limit(self, top, gateway):
        gateway.answers(page(0))
        pair = ("startModified", "endModified")

        list(top.windows(top[INCREMENT], START, START + 2 * DAY, between=pair))

        assert len(written(gateway)) == 2
        with pytest.raises(ValueError, match="1 day, 0:00:00 at most"):
            top.windows(top[INCREMENT], START, START + DAY, step=2 * DAY, between=pair)

    @pytest.mark.parametrize("name", ["startModified", "end-modified", "EndModified"])
    def test_a_bound_in_another_spelling_is_set_by_windows(self, top, name):
        with pytest.raises(TypeError, match=f"{name} is set by windows"):
            top.windows(top[INCREMENT], START, START + DAY, **{name: START})

    @pytest.mark.parametrize(
        ("method", "between"),
        [
            (INCREMENT, ("end_modified", "start_modified")),
            (INCREMENT, ("endModified", "startModified")),
            (INCREMENT, ("start_modified", "startModified")),
            ("alibaba.service.settlement.query", ("gmt_modified_end", "gmt_modified_start")),
            ("un.known", ("end_time", "start_time")),
        ],
    )
    def test_the_start_comes_first(self, top, method, between):
        with pytest.raises(TypeError, match="between is the name of the start, then the name of the end"):
            top.windows(top[method], START, START + DAY, between=between)

    @pytest.mark.parametrize("between", ["text", ("a", "b", "c"), ("a", 5), 5, ["a"]])
    def test_between_is_two_names(self, top, between):
        with pytest.raises(TypeError, match="between is two names"):
            top.windows(top[INCREMENT], START, START + DAY, between=between)

    def test_a_step_is_a_timedelta(self, top):
        with pytest.raises(TypeError, match="step is a timedelta"):
            top.windows(top[INCREMENT], START, START + DAY, step=3600)

    def test_a_number_in_another_spelling_lifts_the_limit(self, top, gateway):
        gateway.answers({"fenxiao_orders_get_response": {"total_results": 0}})
        chain = top.taobao.fenxiao.orders.get

        list(top.windows(chain, START, START + 30 * DAY, purchaseOrderId=1, page_size=5))

        assert len(gateway.forms) == 1
