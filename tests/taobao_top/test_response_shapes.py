"""Answers and inbound calls have the shape of their types, however the other side wrote them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from taobao_top import catalogue
from taobao_top.response_shapes import (
    RESPONSE,
    Member,
    business_failure,
    can_fail,
    fit_members,
    inbound,
    shape_of,
    typed,
)

QIMEN = sorted(name for name in catalogue.methods() if (shape := shape_of(name)) is not None and shape.wrapped)


def fit(data, *, simplify=False):
    """Read the content of ``response`` of an inventory query."""
    return shape_of("taobao.qimen.inventory.query").fit(dict(data), simplify=simplify)


def test_57_methods_answer_in_the_one_member_response():
    assert len(QIMEN) == 57
    assert "alibaba.fundplatform.cardorder.make" in QIMEN
    assert shape_of("taobao.trades.sold.get").wrapped is False
    assert shape_of("an.unknown.method") is None


ITEM = {"itemCode": "A", "quantity": 3}


class TestLists:
    @pytest.mark.parametrize(
        ("written", "elements", "name"),
        [
            ({"item": {"itemCode": "A", "quantity": "3"}}, [ITEM], "item"),
            ({"item": [{"itemCode": "A", "quantity": "3"}]}, [ITEM], "item"),
            ({"item": [{"itemCode": "A", "quantity": 3}, {"itemCode": "A", "quantity": 3}]}, [ITEM, ITEM], "item"),
            ([{"itemCode": "A", "quantity": "3"}], [ITEM], "item"),
            ([{"item": {"itemCode": "A", "quantity": "3"}}], [ITEM], "item"),
            ({"itemCode": "A", "quantity": "3"}, [ITEM], "item"),
            ({"itemCode": "A"}, [{"itemCode": "A"}], "item"),
            ({"line": {"itemCode": "A", "quantity": "3"}}, [ITEM], "line"),
            ({"itemCode": [{"itemCode": "A"}]}, [{"itemCode": "A"}], "itemCode"),
            ({"item": []}, [], "item"),
            ({"item": ""}, [], "item"),
            ({"item": None}, [], "item"),
            ([], [], "item"),
            ({}, [], "item"),
            ("", [], "item"),
        ],
    )
    def test_of_objects_are_lists_under_a_name_or_plain_if_simplified(self, written, elements, name):
        assert fit({"flag": "success", "items": written})["items"] == {name: elements}
        assert fit({"flag": "success", "items": written}, simplify=True)["items"] == elements

    @pytest.mark.parametrize("written", ["7", ["7"], {"sn": "7"}, {"string": ["7"]}, [7]])
    def test_of_texts_are_lists(self, written):
        lines = [{"snList": {"sn": written}}]
        known = inbound("taobao.qimen.entryorder.create")

        assert fit_members({"orderLines": lines}, known, simplify=True) == {"orderLines": [{"snList": {"sn": ["7"]}}]}

    def test_that_the_platform_leaves_out_are_empty(self):
        """``{"trades_sold_get_response":{"total_results":0,"has_next":false}}`` is what it sends of an empty shop."""
        shape = shape_of("taobao.trades.sold.get")

        assert shape.fit({"total_results": 0}, simplify=False)["trades"] == {"trade": []}
        assert shape.fit({"total_results": 0}, simplify=True)["trades"] == []
        assert shape.fit({"trades": {}}, simplify=False)["trades"] == {"trade": []}
        assert shape.fit({"trades": None}, simplify=True)["trades"] == []
        assert fit({"flag": "success"})["items"] == {"item": []}

    def test_are_not_made_up_for_the_answer_of_a_failure(self):
        assert fit({"flag": "failure"}) == {"flag": "failure"}


class TestListsInLists:
    """The elements of one list may have another as their only member."""

    @pytest.mark.parametrize(
        ("written", "elements"),
        [
            ({"snList": {"sn": "7"}}, [{"snList": {"sn": ["7"]}}]),
            ({"batchs": [{"batchCode": "1"}]}, [{"batchs": [{"batchCode": "1"}]}]),
            ({"batchs": {"batch": {"batchCode": "1"}}}, [{"batchs": [{"batchCode": "1"}]}]),
            ({"orderLine": {"batchs": ""}}, [{"batchs": []}]),
            ({"batchs": {"batchCode": "1"}}, [{"batchs": [{"batchCode": "1"}]}]),
            ({"itemCode": [{"itemCode": "1"}]}, [{"itemCode": "1"}]),
        ],
    )
    def test_are_told_apart(self, written, elements):
        known = inbound("taobao.qimen.deliveryorder.confirm")

        assert fit_members({"orderLines": written}, known, simplify=True)["orderLines"] == elements


class TestScalars:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ({"quantity": "3"}, {"quantity": 3}),
            ({"quantity": "0.5"}, {"quantity": Decimal("0.5")}),
            ({"quantity": "many"}, {"quantity": "many"}),
            ({"quantity": 3}, {"quantity": 3}),
            ({"itemCode": 7}, {"itemCode": "7"}),
            ({"itemCode": Decimal("0.10")}, {"itemCode": "0.10"}),
            ({"itemCode": True}, {"itemCode": "true"}),
            ({"itemCode": None}, {}),
            ({"unheardOf": 1}, {"unheardOf": 1}),
            ({"itemCode": {"a": 1}}, {"itemCode": {"a": 1}}),
        ],
    )
    def test_have_the_types_of_the_catalogue(self, written, read):
        assert fit({"items": [written]}, simplify=True)["items"] == [read]

    def test_an_empty_object_is_an_object(self):
        shape = shape_of("taobao.qimen.entryorder.query")

        assert shape.fit({"entryOrder": ""}, simplify=False)["entryOrder"] == {}
        assert shape.fit({"entryOrder": "x"}, simplify=False)["entryOrder"] == "x"


def test_an_empty_text_of_an_object_without_known_members_is_an_object():
    assert typed("", "TimeNodeDO") == {}
    assert typed("", "String") == ""


class TestInbound:
    def test_the_members_of_qimens_request_are_known(self):
        assert {"entryOrder", "orderLines"} <= inbound("taobao.qimen.entryorder.create").keys()

    def test_other_methods_have_their_parameters(self):
        assert "create_order_request" in inbound("alibaba.finance.insurance.createorder")
        assert inbound("an.unknown.method") == {}


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        ({"is_success": False}, "is_success"),
        ({"success": "false"}, "success"),
        ({"result": {"success": False}}, "result.success"),
        ({"result": {"is_success": False, "x": 1}}, "result.is_success"),
        ({"flag": "failure", "code": "S1"}, "flag"),
        ({"flag": "FAIL"}, "flag"),
        ({"flag": False}, "flag"),
        ({"flag": "", "sub_code": "x"}, "sub_code"),
        ({RESPONSE: {"flag": "failure"}}, "response.flag"),
        ({"result_success": False}, "result_success"),
        ({"result": {"biz_success": "false"}}, "result.biz_success"),
        ({"succ": False}, "succ"),
        ({"issuccess": False}, "issuccess"),
        ({"isSuccess": False}, "isSuccess"),
        ({"successful": False}, "successful"),
        ({"is_ok": False}, "is_ok"),
        ({"a": {"b": {"ok": False}}}, "a.b.ok"),
        ({"update_success": False}, "update_success"),
        ({"success_flag": False}, "success_flag"),
        ({"result": {"error": True}}, "result.error"),
        ({"is_system_failed": "true"}, "is_system_failed"),
        ({"not_success": True}, "not_success"),
        ({"is_success": True, "result": {"success": True}}, None),
        ({"flag": "success"}, None),
        ({"flag": "", "sub_code": ""}, None),
        ({"error": False}, None),
        ({"error": "text"}, None),
        ({"not_success": False, "has_success": False}, None),
        ({"a": {"trade_success_seller_assume": False}}, None),
        ({"a": {"b": {"c": {"success": False}}}}, None),
        ({"items": {"item": [{"success": False}]}}, None),
        ({"is_success": None}, None),
        ({"x": 1}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_members_that_say_that_the_business_failed(data, failure):
    assert business_failure(data) == failure


def test_the_catalogue_knows_which_answers_can_say_so():
    assert can_fail(catalogue.method("alibaba.finance.insurance.createorder").response)
    assert can_fail(catalogue.method("taobao.qimen.inventory.query").response)
    assert not can_fail(catalogue.method("taobao.trades.sold.get").response)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("", "Number", None),
        (" 3 ", "Number", 3),
        (" ", "Boolean", None),
        ("True", "Boolean", True),
        ("FALSE", "Boolean", False),
        ("", "String", ""),
        (" x ", "String", " x "),
    ],
)
def test_blanks_do_not_count_in_numbers_and_booleans(text, kind, value):
    assert typed(text, kind) == value


def test_empty_numbers_are_left_out_of_objects_and_lists():
    known = {"n": Member("Number", False, "", {}), "many": Member("Number", True, "number", {})}
    assert fit_members({"n": "", "many": ["", "1"], "other": ""}, known, simplify=True) == {"many": [1], "other": ""}


@pytest.mark.parametrize("value", ["FALSE", "False", " false", "N", "no", "F"])
def test_every_spelling_of_no_is_a_failure(value):
    assert business_failure({"success": value}) == "success"
    assert business_failure({"result": {"is_success": value}}) == "result.is_success"


@pytest.mark.parametrize("value", [0, "0", "", None, "nothing"])
def test_what_may_be_a_code_is_no_failure(value):
    assert business_failure({"success": value}) is None
