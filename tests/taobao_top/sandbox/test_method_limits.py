"""Limits of windows and lists, as the methods' pages have them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from chainable import BEIJING
from taobao_top import TopError, catalogue
from taobao_top.catalogue import limits
from taobao_top.sandbox import Sandbox
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.method_limits import check

NOON = datetime(2026, 1, 1, 12, tzinfo=BEIJING)


@pytest.fixture(scope="module")
def top():
    with Sandbox(https=False) as sandbox, sandbox.client() as client:
        yield client


@pytest.mark.parametrize(
    ("method", "names", "longest"),
    [
        ("taobao.trades.sold.increment.get", ("start_modified", "end_modified"), timedelta(days=1)),
        ("taobao.trades.sold.incrementv.get", ("start_create", "end_create"), timedelta(days=1)),
        ("taobao.fenxiao.yph.refunds.get", ("modified_begin_time", "modified_end_time"), timedelta(days=30)),
        ("alibaba.wdk.item.futureprice.query", ("start_time", "end_time"), timedelta(hours=48)),
        ("tmall.servicecenter.workcard.query", ("gmt_create_start", "gmt_create_end"), timedelta(minutes=15)),
    ],
)
def test_a_window_is_as_long_as_the_page_says(top, method, names, longest):
    """https://open.taobao.com/api.htm?apiName=…, the descriptions of the two parameters."""
    fields = {param.name: "1" for param in catalogue.method(method).params if param.required}

    def called(end):
        return top[method](fields | {names[0]: NOON, names[1]: end})

    assert called(NOON + longest).request_id
    for end in (NOON + longest + timedelta(seconds=1), NOON, NOON - timedelta(hours=1)):
        with pytest.raises(TopError, match=names[1]) as caught:
            called(end)
        assert (caught.value.code, caught.value.sub_code) == ("50", f"isv.invalid-parameter:{names[1]}")


def test_a_window_that_is_too_long_is_refused_in_words(top):
    with pytest.raises(TopError, match="start_modified and end_modified may lie 1 day apart at most"):
        top.taobao.trades.sold.increment.get(fields="tid", start_modified=NOON, end_modified=NOON + timedelta(days=3))


def test_with_a_number_of_an_order_the_window_may_be_longer(top):
    window = {"start_created": NOON, "end_created": NOON + timedelta(days=30)}

    assert top.taobao.fenxiao.orders.get(window, purchase_order_id=1).request_id
    with pytest.raises(TopError, match="7 days"):
        top.taobao.fenxiao.orders.get(window)


@pytest.mark.parametrize(
    ("method", "parameter", "element", "most"),
    [
        ("taobao.top.oaid.decrypt", "query_list", {"oaid": "a", "tid": "1", "scene": "1001"}, 20),
        ("taobao.top.oaid.merge", "merge_list", {"oaid": "a", "tid": "1"}, 100),
        ("taobao.items.seller.list.get", "num_iids", "1", 20),
        ("taobao.tbk.item.info.get", "num_iids", "1", 40),
        ("taobao.tbk.item.info.upgrade.get", "item_id", "x", 20),
    ],
)
def test_a_list_has_as_many_elements_as_the_page_says(top, method, parameter, element, most):
    fields = {"fields": "num_iid"} if "fields" in catalogue.method(method).types else {}

    assert top[method](fields | {parameter: [element] * most}).request_id
    with pytest.raises(TopError, match=f"{parameter} has {most + 1} elements, at most {most}") as caught:
        top[method](fields | {parameter: [element] * (most + 1)})
    assert (caught.value.code, caught.value.sub_code) == ("50", f"isv.invalid-parameter:{parameter}")


def test_dates_without_a_time_and_half_windows_are_read():
    record = limits({"windows": [{"start": "a", "end": "b", "days": 2}]})

    check(record, {"a": "2026-01-01", "b": "2026-01-03"})
    check(record, {"a": "2026-01-01"})
    check(record, {"a": "2026-01-01", "b": "soon"})
    check(None, {})
    with pytest.raises(GatewayError) as refused:
        check(record, {"a": "2026-01-01", "b": "2026-01-03 00:00:01"})
    assert refused.value.sub_msg == "a and b may lie 2 days apart at most"


def test_lists_are_counted_in_JSON_and_with_commas():
    record = limits({"chunks": {"ids": 2}})

    for good in ("", "1", "1,2", "[1, 2]", "[not JSON, at all, this", json.dumps(["a,b", "c"])):
        check(record, {"ids": good})
    for bad in ("1,2,3", "[1, 2, 3]"):
        with pytest.raises(GatewayError) as refused:
            check(record, {"ids": bad})
        assert refused.value.sub_msg == "ids has 3 elements, at most 2 are allowed"


def test_a_lenient_sandbox_does_not_keep_them():
    with Sandbox(https=False, strict=False) as sandbox, sandbox.client() as top:
        assert top.taobao.items.seller.list.get(num_iids=["1"] * 50).request_id


def test_a_misspelt_parameter_is_noted_with_the_nearest_name(top):
    with Sandbox(https=False) as sandbox, sandbox.client() as client:
        client.taobao.trades.sold.get({"fields": "tid", "start_creatd": "2026-01-01 00:00:00"})

        assert sandbox.journal[-1].code is None
        assert sandbox.journal[-1].notes == (
            (
                "the catalogue lists no parameter start_creatd of taobao.trades.sold.get: the platform ignores it"
                "; did you mean 'start_created' or 'end_created'?"
            ),
        )


def test_a_misspelt_method_is_refused_with_the_nearest_name(top):
    with pytest.raises(TopError, match="did you mean 'taobao.trades.sold.get'") as caught:
        top.taobao.trades.sold.gett(fields="tid")
    assert caught.value.sub_code == "isv.invalid-method"
