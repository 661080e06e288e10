"""Pages are fetched one by one, in either direction, by the names the method has."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from chainable.errors import CodecError
from taobao_top import TopError, catalogue
from taobao_top.pagination import CURSORS, PageNames

SOLD = "taobao.trades.sold.get"


def trades(total, *tids, **more):
    data = {"trades": {"trade": [{"tid": tid} for tid in tids]}} if tids else {}
    return {"trades_sold_get_response": data | ({} if total is None else {"total_results": total}) | more}


def tids(pages):
    return [[trade["tid"] for trade in page.data.get("trades", {"trade": []})["trade"]] for page in pages]


class TestForwards:
    def test_has_next(self, top, gateway):
        """A method with use_has_next is asked for it, and believed."""
        gateway.answers(trades(None, 1, 2, has_next=True), trades(None, has_next=True), trades(None, 3, has_next=False))

        assert tids(top.pages(top.taobao.trades.sold.get, fields="tid", page_size=2)) == [[1, 2], [], [3]]
        assert [(form["page_no"], form["use_has_next"], form["page_size"]) for form in gateway.forms] == [
            ("1", "true", "2"), ("2", "true", "2"), ("3", "true", "2"),
        ]  # fmt: skip

    @pytest.mark.parametrize(("yes", "no"), [(1, 0), ("1", "0"), ("True", "False"), ("true", "false")])
    def test_has_next_otherwise(self, top, gateway, yes, no):
        """A few methods say it by a number or a text."""
        gateway.answers(trades(None, 1, has_next=yes), trades(None, 2, has_next=no))

        assert tids(top.pages(top[SOLD], page_size=2)) == [[1], [2]]

    @pytest.mark.parametrize("unclear", [2, "Y", {}])
    def test_has_next_unclear(self, top, gateway, unclear):
        """What says neither is not believed: the total decides."""
        gateway.answers(*(trades(3, tid, has_next=unclear) for tid in (1, 2, 3)))

        assert tids(top.pages(top[SOLD], page_size=1)) == [[1], [2], [3]]

    def test_total(self, top, gateway):
        """Otherwise the total decides."""
        gateway.answers(trades(5, 1, 2), trades(5, 3, 4), trades(5, 5))

        found = top.pages(top[SOLD].post, {"fields": "tid"}, page_size=2, use_has_next=False)

        assert tids(found) == [[1, 2], [3, 4], [5]]
        assert {form["use_has_next"] for form in gateway.forms} == {"false"}

    def test_lazily(self, top, gateway):
        """No page is fetched before it is asked for."""
        gateway.answers(trades(9, 1), trades(9, 2))

        pages = top.pages(top[SOLD], page_size=1)
        assert not gateway.requests
        next(pages)
        assert len(gateway.requests) == 1

    def test_from_a_page(self, top, gateway):
        """The number of a page is where to begin."""
        gateway.answers(trades(3, 3))

        assert tids(top.pages(top[SOLD], {"page_no": 3, "page_size": 1})) == [[3]]

    def test_text(self, top, gateway):
        """An unknown XML answer has texts for numbers."""
        gateway.answers("<x_response><n>2</n><a>1</a></x_response>", "<x_response><n>2</n></x_response>")

        pages = list(top.pages(top.un.known, names=PageNames(total="n"), page_size=1, format="xml"))

        assert len(pages) == 2

    @pytest.mark.parametrize("more", [True, "true"])
    def test_told_names(self, top, gateway, more):
        """Names can be told, in objects too; what is given is not changed."""
        gateway.answers({"b_response": {"result": {"more": more}}}, {"b_response": {"result": {"more": False}}})
        query = {"page": {"size": 5}, "x": 1}
        names = PageNames("query.page.no", "query.page.size", has_next="result.more", first=0)

        list(top.pages(top.a.b, query=query, names=names))

        assert [json.loads(form["query"]) for form in gateway.forms] == [
            {"page": {"size": 5, "no": 0}, "x": 1},
            {"page": {"size": 5, "no": 1}, "x": 1},
        ]
        assert query == {"page": {"size": 5}, "x": 1}

    def test_object_is_made(self, top, gateway):
        """An object for the number is made where there is none."""
        gateway.answers({"b_response": {}})

        list(top.pages(top.a.b, names=PageNames("query.page_no", None)))

        assert gateway.form["query"] == '{"page_no":1}'

    def test_number_of_pages(self, top, gateway):
        """Some tell the pages instead of the entries."""
        gateway.answers(*[{"b_response": {"n": 2}}] * 2)

        assert len(list(top.pages(top.a.b, names=PageNames(size=None, pages="n")))) == 2

    @pytest.mark.parametrize(("size", "count"), [(2, 2), (None, 3)])
    def test_nothing_told(self, top, gateway, size, count):
        """When the answer tells nothing, a short or empty page is the last."""
        gateway.answers(
            {"b_response": {"x": {"y": [1, 2]}}}, {"b_response": {"x": {"y": [3]}}}, {"b_response": {"x": 1}}
        )
        names = PageNames(size=None) if size is None else PageNames()

        assert len(list(top.pages(top.a.b, names=names, **({} if size is None else {"page_size": size})))) == count

    def test_errors(self, top, gateway):
        """An error ends it; the pages before it are not lost."""
        gateway.answers(trades(3, 1))
        gateway.refuses({"code": 50, "sub_code": "isv.x"})
        pages = top.pages(top[SOLD], page_size=1)

        assert next(pages).data["total_results"] == 3
        with pytest.raises(TopError):
            next(pages)


class TestBackwards:
    def test_last_page_first(self, top, gateway):
        """The first call tells the last page; every page is fetched when it is its turn."""
        gateway.answers(trades(5, 1, 2), trades(5, 5), trades(5, 3, 4), trades(5, 1, 2))

        assert tids(top.pages(top[SOLD], page_size=2, backwards=True)) == [[5], [3, 4], [1, 2]]
        assert [form["page_no"] for form in gateway.forms] == ["1", "3", "2", "1"]
        assert "use_has_next" not in gateway.forms[0]

    def test_a_list_that_shrinks_loses_nothing(self, top, gateway):
        """What moves forward meets the reader, who comes from behind."""
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
        """What new entries push behind the reader is fetched once more."""
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

    def test_nothing(self, top, gateway):
        """An empty list has no last page."""
        gateway.answers(trades(0))

        assert list(top.pages(top[SOLD], page_size=2, backwards=True)) == []

    def test_from_a_page(self, top, gateway):
        """Told where to begin, nothing is asked before."""
        gateway.answers(trades(None, 3), trades(None, 1, 2))

        assert tids(top.pages(top[SOLD], page_size=2, page_no=2, backwards=True)) == [[3], [1, 2]]

    def test_without_total(self, top, gateway):
        """Without a total there is no last page."""
        gateway.answers(trades(None, 1))

        with pytest.raises(CodecError, match="has no total.*page_no=…"):
            next(top.pages(top[SOLD], page_size=2, backwards=True))

    def test_use_has_next(self, top):
        """has_next and backwards exclude each other."""
        with pytest.raises(TypeError, match="use_has_next: without the total"):
            top.pages(top[SOLD], page_size=2, backwards=True, use_has_next=True)


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda top: top.pages(top[SOLD]), "pass the number of entries of a page: page_size=…"),
            (lambda top: top.pages(top.un.known, page_size=1), "un.known is not in the catalogue"),
            (lambda top: top.pages(top.taobao.time.get), "has no parameter for pages"),
            (lambda top: top.pages(top[SOLD], {"page_size": 1}, page_size=2), "'page_size' is given twice"),
            (lambda top: top.pages(SOLD, page_size=1), "a chain such as .* was expected, not str"),
        ],
    )
    def test_at_once(self, top, call, message):
        """Mistakes are told before the first page is asked for."""
        with pytest.raises(TypeError, match=message):
            call(top)

    @pytest.mark.parametrize(("size", "total"), [(0, 5), (-2, 5), (2, "many"), ("two", 5), (2, [])])
    def test_no_number(self, top, gateway, size, total):
        """A total or a size that is no number, or none that can be."""
        gateway.answers(trades(total, 1))

        with pytest.raises(CodecError, match="is not a number"):
            list(top.pages(top[SOLD], page_size=size, use_has_next=False))

    @pytest.mark.parametrize("given", [{"page_size": 1, "page_no": "two"}, {"page_size": 0}, {"page_size": "two"}])
    def test_no_place(self, top, gateway, given):
        """Nor can anybody begin at no number, or have pages of none: nothing is asked for."""
        with pytest.raises(CodecError, match="is not a number"):
            top.pages(top[SOLD], **given)

        assert not gateway.requests


def scrolled(ids, **more):
    """An answer of a scroll."""
    return {"alibaba_wdk_sku_scroll_query_response": {"result": {"model_list": {"list": ids}} | more}}


def entries(pages, member):
    return [list(page.data["result"].get(member, {"list": []})["list"]) for page in pages]


class TestCursors:
    def test_scroll(self, top, gateway):
        """A scroll goes on with its id, which may stay the same, until a page is empty."""
        gateway.answers(
            scrolled([1, 2], scroll_id="a"), scrolled([3], scroll_id="a"), scrolled([], scroll_id="a"),
        )  # fmt: skip

        found = entries(top.pages(top.alibaba.wdk.sku.scroll.query, ou_code="x"), "model_list")

        assert found == [[1, 2], [3], []]
        assert [form.get("scroll_id") for form in gateway.forms] == [None, "a", "a"]
        assert {form["ou_code"] for form in gateway.forms} == {"x"}

    @pytest.mark.parametrize("last", ["", 0, -1, None, 8])
    def test_without_a_next(self, top, gateway, last):
        """No next cursor, or the same one again, and there is no other page."""
        answer = {"alibaba_wdk_trade_discount_bill_get_response": {"result": {"bills": {"b": [1]}, "next_id": 8}}}
        end = {"alibaba_wdk_trade_discount_bill_get_response": {"result": {"bills": {"b": [1]}, "next_id": last}}}
        gateway.answers(answer, end)

        assert len(list(top.pages(top.alibaba.wdk.trade.discount.bill.get, param0={"page_size": 2}))) == 2
        assert [json.loads(form["param0"]) for form in gateway.forms] == [
            {"page_size": 2}, {"page_size": 2, "next_id": 8},
        ]  # fmt: skip

    def test_from_a_cursor(self, top, gateway):
        """A cursor of one's own is where to begin."""
        gateway.answers({"openim_app_chatlogs_get_response": {"result": {}}})

        list(top.pages(top.taobao.openim.app.chatlogs.get, beg=1, end=2, count=3, next="here"))

        assert gateway.form["next"] == "here"

    def test_has_more(self, top, gateway):
        """What the answer says of more is believed; some cursors begin with 0."""
        data = {"store_list": {"store_dto": []}, "has_more": True, "next_start": 20}
        gateway.answers(
            {"koubei_mall_common_store_page_response": {"result": {"data": data}}},
            {"koubei_mall_common_store_page_response": {"result": {"data": data | {"has_more": False}}}},
        )

        assert len(list(top.pages(top.taobao.koubei.mall.common.store.page, mall_id="1", page_size=20))) == 2
        assert [form["start"] for form in gateway.forms] == ["0", "20"]

    @pytest.mark.parametrize("following", [None, "here"])
    def test_more_but_no_way(self, top, gateway, following):
        """More pages, and no way to them: told, for otherwise entries would be lost in silence."""
        module = {"items": {"i": [1]}, "has_more": True, "page_token": following}
        gateway.answers({"alitrip_btrip_employee_query_response": {"result": {"module": module}}})
        pages = top.pages(
            top.alitrip.btrip.employee.query, param_open_employee_query_request={"page_size": 1, "page_token": "here"}
        )

        assert next(pages).data["result"]["module"]["has_more"]
        with pytest.raises(CodecError, match=r"another page follows, but lacks its cursor \(result.module.page_token"):
            next(pages)

    def test_beside_a_number(self, top, gateway):
        """Some want the number and the cursor, and to be told that it is on the way."""

        def page(position, more):
            data = {"results": {"publisher_order_dto": [1]}, "position_index": position, "has_next": more}
            return {"tbk_order_details_get_response": {"data": data}}

        gateway.answers(page("p1", True), page("p1", True), page(None, False))

        list(top.pages(top.taobao.tbk.order.details.get, start_time="x", end_time="y", page_size=1))

        assert [
            (form["page_no"], form.get("position_index"), form.get("jump_type")) for form in gateway.forms
        ] == [("1", None, None), ("2", "p1", "1"), ("3", "p1", "1")]  # fmt: skip

    def test_beside_a_total(self, top, gateway):
        """A total decides here as well."""
        page = {"result_list": {"map_data": [1]}, "total_results": 2, "page_result_key": "k"}
        gateway.answers(*[{"tbk_dg_material_optional_response": page}] * 2)

        list(top.pages(top.taobao.tbk.dg.material.optional, adzone_id=1, page_size=1, page_no=1))

        assert [form.get("page_result_key") for form in gateway.forms] == [None, "k"]

    def test_told_names(self, top, gateway):
        """A list the catalogue says too little of is told its names."""
        gateway.answers({"b_response": {"l": [1], "max": "7"}}, {"b_response": {"max": "7"}})
        names = PageNames(page=None, size=None, cursor="start_query_index_id", next="max")

        assert len(list(top.pages(top.a.b, names=names))) == 2
        assert [form.get("start_query_index_id") for form in gateway.forms] == [None, "7"]

    def test_backwards(self, top):
        """There is no way back where each page leads to the next."""
        with pytest.raises(TypeError, match="result.scroll_id.*cannot be read backwards"):
            top.pages(top.alibaba.wdk.sku.scroll.query, backwards=True)

    def test_lazily(self, top, gateway):
        """No page is fetched before it is asked for."""
        gateway.answers(scrolled([1], scroll_id="a"))

        pages = top.pages(top.alibaba.wdk.sku.scroll.query)
        assert not gateway.requests
        next(pages)
        assert len(gateway.requests) == 1


def cities(total, *ids):
    return {"xhotel_city_get_response": {"cities": {"city": list(ids)}, "total_results": total}}


class TestOffsets:
    def test_forwards(self, top, gateway):
        """Places are offsets of entries where pages have no numbers."""
        gateway.answers(cities(5, 1, 2), cities(5, 3, 4), cities(5, 5))

        list(top.pages(top.taobao.xhotel.city.get, count=2))

        assert [form["start"] for form in gateway.forms] == ["0", "2", "4"]

    def test_without_total(self, top, gateway):
        """A short page is the last where nothing is told."""
        gateway.answers({"message_history_list_response": {"l": [1, 2]}}, {"message_history_list_response": {"l": [3]}})
        names = PageNames(page=None, size="limit", offset="offset")

        assert len(list(top.pages(top.message.history.list, limit=2, offset=1, names=names))) == 2
        assert [form["offset"] for form in gateway.forms] == ["1", "3"]

    def test_backwards(self, top, gateway):
        """The total tells the last one."""
        gateway.answers(cities(5, 1, 2), cities(5, 5), cities(5, 3, 4), cities(5, 1, 2))

        list(top.pages(top.taobao.xhotel.city.get, count=2, backwards=True))

        assert [form["start"] for form in gateway.forms] == ["0", "4", "2", "0"]

    def test_backwards_from_in_between(self, top):
        """An offset that is no page's would leave entries out."""
        with pytest.raises(CodecError, match="start has to be a multiple of count"):
            next(top.pages(top.taobao.xhotel.city.get, count=2, start=3, backwards=True))

    def test_without_size(self, top, gateway):
        """Where nobody knows the size of a page, one entry is the step."""
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
def test_from_the_catalogue(method, names):
    """The catalogue knows the names of many methods."""
    assert PageNames.of(method) == names


def test_families():
    """How many methods of the catalogue can be gone through, by what leads from page to page."""
    families = Counter()
    for names in filter(None, map(paged, catalogue.methods())):
        families[names.page is not None, names.cursor is not None, names.offset is not None] += 1

    assert families == {
        (True, False, False): 522,
        (True, True, False): 5,
        (False, True, False): 18,
        (False, False, True): 61,
    }


def test_every_cursor_is_somebodys():
    """No family is kept that the catalogue does not have."""
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
