"""Pages are fetched one by one, in either direction, by the names that the method has."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from chainable.errors import CodecError
from taobao_top import TopError, catalogue
from taobao_top.pagination import CURSORS, PageNames, pages
from taobao_top.sandbox import Sandbox

SOLD = "taobao.trades.sold.get"


def trades(total, *tids, **more):
    data = {"trades": {"trade": [{"tid": tid} for tid in tids]}} if tids else {}
    return {"trades_sold_get_response": data | ({} if total is None else {"total_results": total}) | more}


def tids(pages):
    return [[trade["tid"] for trade in page.data.get("trades", {"trade": []})["trade"]] for page in pages]


class TestForwards:
    def test_use_has_next_is_requested_and_has_next_decides(self, top, gateway):
        gateway.answers(trades(None, 1, 2, has_next=True), trades(None, has_next=True), trades(None, 3, has_next=False))

        assert tids(top.pages(top.taobao.trades.sold.get, fields="tid", page_size=2)) == [[1, 2], [], [3]]
        assert [(form["page_no"], form["use_has_next"], form["page_size"]) for form in gateway.forms] == [
            ("1", "true", "2"), ("2", "true", "2"), ("3", "true", "2"),
        ]  # fmt: skip

    @pytest.mark.parametrize(("yes", "no"), [(1, 0), ("1", "0"), ("True", "False"), ("true", "false")])
    def test_has_next_may_be_a_number_or_a_text(self, top, gateway, yes, no):
        gateway.answers(trades(None, 1, has_next=yes), trades(None, 2, has_next=no))

        assert tids(top.pages(top[SOLD], page_size=2)) == [[1], [2]]

    @pytest.mark.parametrize("unclear", [2, "Y", {}])
    def test_the_total_decides_when_has_next_is_neither_true_nor_false(self, top, gateway, unclear):
        gateway.answers(*(trades(3, tid, has_next=unclear) for tid in (1, 2, 3)))

        assert tids(top.pages(top[SOLD], page_size=1)) == [[1], [2], [3]]

    def test_without_use_has_next_the_total_decides(self, top, gateway):
        gateway.answers(trades(5, 1, 2), trades(5, 3, 4), trades(5, 5))

        found = top.pages(top[SOLD].post, {"fields": "tid"}, page_size=2, use_has_next=False)

        assert tids(found) == [[1, 2], [3, 4], [5]]
        assert {form["use_has_next"] for form in gateway.forms} == {"false"}

    def test_no_page_is_fetched_before_it_is_needed(self, top, gateway):
        gateway.answers(trades(9, 1), trades(9, 2))

        pages = top.pages(top[SOLD], page_size=1)
        assert not gateway.requests
        next(pages)
        assert len(gateway.requests) == 1

    def test_a_page_number_is_the_start(self, top, gateway):
        gateway.answers(trades(3, 3))

        assert tids(top.pages(top[SOLD], {"page_no": 3, "page_size": 1})) == [[3]]

    def test_numbers_may_be_texts_as_in_XML_of_unknown_methods(self, top, gateway):
        gateway.answers("<x_response><n>2</n><a>1</a></x_response>", "<x_response><n>2</n></x_response>")

        pages = list(top.pages(top.un.known, names=PageNames(total="n"), page_size=1, format="xml"))

        assert len(pages) == 2

    @pytest.mark.parametrize("more", [True, "true"])
    def test_names_may_be_paths_into_objects(self, top, gateway, more):
        """The given parameters are not changed."""
        gateway.answers({"b_response": {"result": {"more": more}}}, {"b_response": {"result": {"more": False}}})
        query = {"page": {"size": 5}, "x": 1}
        names = PageNames("query.page.no", "query.page.size", has_next="result.more", first=0)

        list(top.pages(top.a.b, query=query, names=names))

        assert [json.loads(form["query"]) for form in gateway.forms] == [
            {"page": {"size": 5, "no": 0}, "x": 1},
            {"page": {"size": 5, "no": 1}, "x": 1},
        ]
        assert query == {"page": {"size": 5}, "x": 1}

    def test_a_missing_object_for_the_page_number_is_created(self, top, gateway):
        gateway.answers({"b_response": {}})

        list(top.pages(top.a.b, names=PageNames("query.page_no", None)))

        assert gateway.form["query"] == '{"page_no":1}'

    def test_the_number_of_pages_decides_if_there_is_not_a_total(self, top, gateway):
        gateway.answers(*[{"b_response": {"n": 2}}] * 2)

        assert len(list(top.pages(top.a.b, names=PageNames(size=None, pages="n")))) == 2

    @pytest.mark.parametrize(("size", "count"), [(2, 2), (None, 3)])
    def test_without_total_or_has_next_a_short_or_empty_page_is_the_last(self, top, gateway, size, count):
        gateway.answers(
            {"b_response": {"x": {"y": [1, 2]}}}, {"b_response": {"x": {"y": [3]}}}, {"b_response": {"x": 1}}
        )
        names = PageNames(size=None) if size is None else PageNames()

        assert len(list(top.pages(top.a.b, names=names, **({} if size is None else {"page_size": size})))) == count

    def test_the_function_reads_a_chain_without_its_client(self, top, gateway):
        gateway.answers(trades(3, 1, 2), trades(3, 3))

        assert tids(pages(top[SOLD], {"fields": "tid"}, pageSize=2)) == [[1, 2], [3]]
        with pytest.raises(TypeError, match="did you mean 'page_size'"):
            pages(top[SOLD], page_sise=2)

    def test_an_error_ends_the_iteration_after_the_pages_before_it(self, top, gateway):
        gateway.answers(trades(3, 1))
        gateway.refuses({"code": 50, "sub_code": "isv.x"})
        pages = top.pages(top[SOLD], page_size=1)

        assert next(pages).data["total_results"] == 3
        with pytest.raises(TopError):
            next(pages)


class TestBackwards:
    def test_the_first_response_names_the_last_page_and_pages_are_read_from_there(self, top, gateway):
        gateway.answers(trades(5, 1, 2), trades(5, 5), trades(5, 3, 4), trades(5, 1, 2))

        assert tids(top.pages(top[SOLD], page_size=2, backwards=True)) == [[5], [3, 4], [1, 2]]
        assert [form["page_no"] for form in gateway.forms] == ["1", "3", "2", "1"]
        assert "use_has_next" not in gateway.forms[0]

    def test_a_list_that_shrinks_loses_nothing(self, top, gateway):
        """Entries that move to the front are read later."""
        entries = list(range(1, 8))
        seen = []

        def answer(request):
            from urllib.parse import parse_qs

            number = int(parse_qs(request.body.decode())["page_no"][0])
            page = entries[(number - 1) * 2 : number * 2]
            return 200, {}, json.dumps(trades(len(entries), *page))

        gateway.mock.add_callback("POST", "https://gw.api.taobao.com/router/rest", callback=answer)

        for page in top.pages(top[SOLD], page_size=2, backwards=True):
            seen += [trade["tid"] for trade in page.data["trades"]["trade"]]
            if 1 in entries:
                entries.remove(1)

        assert set(entries) <= set(seen)

    @pytest.mark.parametrize("size", [1, 2, 3, 5, 20])
    @pytest.mark.parametrize("at_once", [1, 2, 3, 7])
    def test_a_list_that_grows_loses_nothing(self, top, gateway, size, at_once):
        """Pages to which new entries have moved others are fetched again."""
        entries = list(range(1, 10))
        seen = []

        def answer(request):
            from urllib.parse import parse_qs

            number = int(parse_qs(request.body.decode())["page_no"][0])
            page = entries[(number - 1) * size : number * size]
            body = json.dumps(trades(len(entries), *page))
            if len(entries) < 40:
                entries[:0] = range(len(entries) + at_once, len(entries), -1)
            return 200, {}, body

        gateway.mock.add_callback("POST", "https://gw.api.taobao.com/router/rest", callback=answer)

        for page in top.pages(top[SOLD], page_size=size, backwards=True):
            got = [trade["tid"] for trade in page.data["trades"]["trade"]]
            assert got
            seen += got

        assert set(range(1, 10)) <= set(seen)

    def test_an_empty_list_has_no_pages_backwards(self, top, gateway):
        gateway.answers(trades(0))

        assert list(top.pages(top[SOLD], page_size=2, backwards=True)) == []

    def test_a_page_number_is_the_start_without_a_first_request(self, top, gateway):
        gateway.answers(trades(None, 3), trades(None, 1, 2))

        assert tids(top.pages(top[SOLD], page_size=2, page_no=2, backwards=True)) == [[3], [1, 2]]

    def test_without_a_total_reading_backwards_is_an_error(self, top, gateway):
        gateway.answers(trades(None, 1))

        with pytest.raises(CodecError, match="has no total.*page_no=…"):
            next(top.pages(top[SOLD], page_size=2, backwards=True))

    def test_use_has_next_and_backwards_exclude_each_other(self, top):
        with pytest.raises(TypeError, match="use_has_next: without the total"):
            top.pages(top[SOLD], page_size=2, backwards=True, use_has_next=True)


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda top: top.pages(top.a.b, names=PageNames()), "do not say where the list ends: .* page_size=…"),
            (lambda top: top.pages(top.un.known, page_size=1), "un.known is not in the catalogue"),
            (lambda top: top.pages(top.taobao.time.get), "has no parameter for pages"),
            (lambda top: top.pages(top[SOLD], {"page_size": 1}, page_size=2), "'page_size' is given twice"),
            (lambda top: top.pages(SOLD, page_size=1), "a chain such as .* was expected, not str"),
        ],
    )
    def test_mistakes_are_raised_before_the_first_request(self, top, call, message):
        with pytest.raises(TypeError, match=message):
            call(top)

    @pytest.mark.parametrize(("size", "total"), [(0, 5), (-2, 5), (2, "many"), ("two", 5), (2, [])])
    def test_a_total_or_size_that_is_not_a_positive_number_is_an_error(self, top, gateway, size, total):
        gateway.answers(trades(total, 1))

        with pytest.raises(CodecError, match="is not a number"):
            list(top.pages(top[SOLD], page_size=size, use_has_next=False))

    @pytest.mark.parametrize("given", [{"page_size": 1, "page_no": "two"}, {"page_size": 0}, {"page_size": "two"}])
    def test_a_start_or_size_that_is_not_a_number_is_refused_before_any_request(self, top, gateway, given):
        with pytest.raises(CodecError, match="is not a number"):
            top.pages(top[SOLD], **given)

        assert not gateway.requests


def scrolled(ids, **more):
    """An answer of a scroll."""
    return {"alibaba_wdk_sku_scroll_query_response": {"result": {"model_list": {"list": ids}} | more}}


def entries(pages, member):
    return [list(page.data["result"].get(member, {"list": []})["list"]) for page in pages]


class TestCursors:
    def test_a_scroll_goes_on_with_its_cursor_until_a_page_is_empty(self, top, gateway):
        """The cursor may stay the same."""
        gateway.answers(
            scrolled([1, 2], scroll_id="a"), scrolled([3], scroll_id="a"), scrolled([], scroll_id="a"),
        )  # fmt: skip

        found = entries(top.pages(top.alibaba.wdk.sku.scroll.query, ou_code="x"), "model_list")

        assert found == [[1, 2], [3], []]
        assert [form.get("scroll_id") for form in gateway.forms] == [None, "a", "a"]
        assert {form["ou_code"] for form in gateway.forms} == {"x"}

    @pytest.mark.parametrize("last", ["", 0, -1, None, 8])
    def test_a_missing_or_repeated_cursor_ends_the_list(self, top, gateway, last):
        answer = {"alibaba_wdk_trade_discount_bill_get_response": {"result": {"bills": {"b": [1]}, "next_id": 8}}}
        end = {"alibaba_wdk_trade_discount_bill_get_response": {"result": {"bills": {"b": [1]}, "next_id": last}}}
        gateway.answers(answer, end)

        assert len(list(top.pages(top.alibaba.wdk.trade.discount.bill.get, param0={"page_size": 2}))) == 2
        assert [json.loads(form["param0"]) for form in gateway.forms] == [
            {"page_size": 2}, {"page_size": 2, "next_id": 8},
        ]  # fmt: skip

    def test_a_given_cursor_is_the_start(self, top, gateway):
        gateway.answers({"openim_app_chatlogs_get_response": {"result": {}}})

        list(top.pages(top.taobao.openim.app.chatlogs.get, beg=1, end=2, count=3, next="here"))

        assert gateway.form["next"] == "here"

    def test_has_more_decides_and_some_cursors_begin_with_0(self, top, gateway):
        data = {"store_list": {"store_dto": []}, "has_more": True, "next_start": 20}
        gateway.answers(
            {"koubei_mall_common_store_page_response": {"result": {"data": data}}},
            {"koubei_mall_common_store_page_response": {"result": {"data": data | {"has_more": False}}}},
        )

        assert len(list(top.pages(top.taobao.koubei.mall.common.store.page, mall_id="1", page_size=20))) == 2
        assert [form["start"] for form in gateway.forms] == ["0", "20"]

    @pytest.mark.parametrize("following", [None, "here"])
    def test_more_pages_without_a_new_cursor_are_an_error(self, top, gateway, following):
        """Otherwise entries would be lost silently."""
        module = {"items": {"i": [1]}, "has_more": True, "page_token": following}
        gateway.answers({"alitrip_btrip_employee_query_response": {"result": {"module": module}}})
        pages = top.pages(
            top.alitrip.btrip.employee.query, param_open_employee_query_request={"page_size": 1, "page_token": "here"}
        )

        assert next(pages).data["result"]["module"]["has_more"]
        with pytest.raises(CodecError, match=r"another page follows, but lacks its cursor \(result.module.page_token"):
            next(pages)

    def test_some_methods_need_page_number_cursor_and_direction(self, top, gateway):
        def page(position, more):
            data = {"results": {"publisher_order_dto": [1]}, "position_index": position, "has_next": more}
            return {"tbk_order_details_get_response": {"data": data}}

        gateway.answers(page("p1", True), page("p1", True), page(None, False))

        list(top.pages(top.taobao.tbk.order.details.get, start_time="x", end_time="y", page_size=1))

        assert [
            (form["page_no"], form.get("position_index"), form.get("jump_type")) for form in gateway.forms
        ] == [("1", None, None), ("2", "p1", "1"), ("3", "p1", "1")]  # fmt: skip

    def test_the_total_decides_beside_a_cursor(self, top, gateway):
        page = {"result_list": {"map_data": [1]}, "total_results": 2, "page_result_key": "k"}
        gateway.answers(*[{"tbk_dg_material_optional_response": page}] * 2)

        list(top.pages(top.taobao.tbk.dg.material.optional, adzone_id=1, page_size=1, page_no=1))

        assert [form.get("page_result_key") for form in gateway.forms] == [None, "k"]

    def test_cursor_names_can_be_passed_for_unknown_methods(self, top, gateway):
        gateway.answers({"b_response": {"l": [1], "max": "7"}}, {"b_response": {"max": "7"}})
        names = PageNames(page=None, size=None, cursor="start_query_index_id", next="max")

        assert len(list(top.pages(top.a.b, names=names))) == 2
        assert [form.get("start_query_index_id") for form in gateway.forms] == [None, "7"]

    def test_a_list_with_cursors_cannot_be_read_backwards(self, top):
        with pytest.raises(TypeError, match="result.scroll_id.*cannot be read backwards"):
            top.pages(top.alibaba.wdk.sku.scroll.query, backwards=True)

    def test_no_page_is_fetched_before_it_is_needed(self, top, gateway):
        gateway.answers(scrolled([1], scroll_id="a"))

        pages = top.pages(top.alibaba.wdk.sku.scroll.query)
        assert not gateway.requests
        next(pages)
        assert len(gateway.requests) == 1


def cities(total, *ids):
    return {"xhotel_city_get_response": {"cities": {"city": list(ids)}, "total_results": total}}


class TestOffsets:
    def test_offsets_count_entries(self, top, gateway):
        gateway.answers(cities(5, 1, 2), cities(5, 3, 4), cities(5, 5))

        list(top.pages(top.taobao.xhotel.city.get, count=2))

        assert [form["start"] for form in gateway.forms] == ["0", "2", "4"]

    def test_a_short_page_is_the_last_one_without_a_total(self, top, gateway):
        gateway.answers({"message_history_list_response": {"l": [1, 2]}}, {"message_history_list_response": {"l": [3]}})
        names = PageNames(page=None, size="limit", offset="offset")

        assert len(list(top.pages(top.message.history.list, limit=2, offset=1, names=names))) == 2
        assert [form["offset"] for form in gateway.forms] == ["1", "3"]

    def test_the_total_gives_the_last_offset(self, top, gateway):
        gateway.answers(cities(5, 1, 2), cities(5, 5), cities(5, 3, 4), cities(5, 1, 2))

        list(top.pages(top.taobao.xhotel.city.get, count=2, backwards=True))

        assert [form["start"] for form in gateway.forms] == ["0", "4", "2", "0"]

    def test_an_offset_that_is_not_a_multiple_of_the_size_is_refused(self, top):
        with pytest.raises(CodecError, match="start has to be a multiple of count"):
            next(top.pages(top.taobao.xhotel.city.get, count=2, start=3, backwards=True))

    def test_without_a_page_size_the_offset_steps_by_one(self, top, gateway):
        gateway.answers({"b_response": {"l": [1]}}, {"b_response": {}})

        list(top.pages(top.a.b, names=PageNames(page=None, size=None, offset="skip")))

        assert [form["skip"] for form in gateway.forms] == ["0", "1"]


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (SOLD, PageNames("page_no", "page_size", "total_results", None, "has_next", "use_has_next")),
        (
            "taobao.tbk.order.details.get",
            PageNames(
                "page_no",
                "page_size",
                None,
                None,
                "data.has_next",
                cursor="position_index",
                next="data.position_index",
                stays=True,
                direction="jump_type",
            ),
        ),
        (
            "alibaba.idle.item.user.publishitems",
            PageNames(
                "param_item_page_query.page_no",
                "param_item_page_query.page_size",
                "result.total",
                None,
                "result.next_page",
            ),
        ),
        ("taobao.drug.shop.list", PageNames("page", "page_size", "result.total_count", "result.total_page")),
        ("taobao.xhotel.city.get", PageNames(None, "count", "total_results", offset="start")),
    ],
)
def test_the_catalogue_has_the_paging_names_of_a_method(method, names):
    assert PageNames.of(method) == names


def test_the_catalogue_has_this_many_methods_of_each_way_of_paging():
    families = Counter()
    for names in filter(None, map(paged, catalogue.methods())):
        families[names.page is not None, names.cursor is not None, names.offset is not None] += 1

    assert families == {
        (True, False, False): 524,
        (True, True, False): 5,
        (False, True, False): 18,
        (False, False, True): 61,
    }


def test_every_cursor_family_occurs_in_the_catalogue():
    found = {
        (names.cursor.rpartition(".")[2], names.next.rpartition(".")[2])
        for names in filter(None, map(paged, catalogue.methods()))
        if names.cursor is not None
    }

    assert found == {(family.parameter, family.member) for family in CURSORS}


def paged(name):
    try:
        return PageNames.of(name)
    except TypeError:
        return None


class TestWithoutSize:
    """The platform has a size of its own, 40 for orders: https://open.taobao.com/api.htm?apiName=taobao.trades.sold.get."""

    def test_has_next_tells_the_end(self):
        with Sandbox(https=False) as sandbox, sandbox.client() as top:
            sandbox.trades.add(45)

            found = list(top.pages(top[SOLD], fields="tid"))

            assert [len(page.data["trades"]["trade"]) for page in found] == [40, 5]
            assert all("page_size" not in entry.parameters for entry in sandbox.journal)

    def test_backwards_the_first_page_tells_the_size(self):
        with Sandbox(https=False) as sandbox, sandbox.client() as top:
            sandbox.trades.add(85)

            found = list(top.pages(top[SOLD], fields="tid", backwards=True))

            assert [len(page.data["trades"]["trade"]) for page in found] == [5, 40, 40]

    def test_the_total_and_the_first_page_tell_the_end(self, top, gateway):
        pages = [{"n": 5, "x": {"y": [1, 2]}}, {"n": 5, "x": {"y": [3, 4]}}, {"n": 5, "x": {"y": [5]}}]
        gateway.answers(*({"b_response": page} for page in pages))

        assert len(list(top.pages(top.a.b, names=PageNames(total="n")))) == 3
        assert len(gateway.requests) == 3

    def test_the_number_of_pages_comes_before_an_estimate(self, top, gateway):
        gateway.answers(*[{"b_response": {"n": 9, "p": 2, "x": {"y": [1]}}}] * 2)

        assert len(list(top.pages(top.a.b, names=PageNames(total="n", pages="p")))) == 2

    def test_an_empty_page_ends_an_estimate_that_is_too_long(self, top, gateway):
        gateway.answers({"b_response": {"n": 9, "x": {"y": [1]}}}, {"b_response": {"n": 9, "x": {"y": []}}})

        assert len(list(top.pages(top.a.b, names=PageNames(total="n")))) == 2

    def test_offsets_advance_by_the_entries_of_the_first_page(self, top, gateway):
        gateway.answers({"b_response": {"n": 5, "x": {"y": [1, 2, 3]}}}, {"b_response": {"n": 5, "x": {"y": [4, 5]}}})

        assert len(list(top.pages(top.a.b, names=PageNames(page=None, size="count", offset="o", total="n")))) == 2
        assert [form["o"] for form in gateway.forms] == ["0", "3"]

    @pytest.mark.parametrize("size", [{}, {"page_size": 2}])
    def test_an_empty_list_has_no_page_backwards(self, top, gateway, size):
        gateway.answers(trades(0))

        assert not list(top.pages(top[SOLD], backwards=True, **size))
        assert len(gateway.requests) == 1

    def test_a_list_of_one_page_is_fetched_once_backwards(self, top, gateway):
        gateway.answers(trades(2, 1, 2))

        assert tids(top.pages(top[SOLD], page_size=40, backwards=True)) == [[1, 2]]
        assert len(gateway.requests) == 1
