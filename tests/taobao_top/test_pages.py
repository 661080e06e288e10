"""Pages are fetched one by one, in either direction, by the names the method has."""

from __future__ import annotations

import json

import pytest

from chainable.errors import CodecError
from taobao_top import TopError
from taobao_top.pages import PageNames

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

        with pytest.raises(CodecError, match="does not tell how many .*page_no=…"):
            next(top.pages(top[SOLD], page_size=2, backwards=True))

    def test_use_has_next(self, top):
        """has_next and backwards exclude each other."""
        with pytest.raises(TypeError, match="use_has_next: without the total"):
            top.pages(top[SOLD], page_size=2, backwards=True, use_has_next=True)


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda top: top.pages(top[SOLD]), "say how many entries a page has: page_size=…"),
            (lambda top: top.pages(top.un.known, page_size=1), "un.known is not in the catalogue"),
            (lambda top: top.pages(top.taobao.time.get), "has no parameter for a page"),
            (lambda top: top.pages(top[SOLD], {"page_size": 1}, page_size=2), "'page_size' is given twice"),
        ],
    )
    def test_at_once(self, top, call, message):
        """Mistakes are told before the first page is asked for."""
        with pytest.raises(TypeError, match=message):
            call(top)

    @pytest.mark.parametrize(("size", "total"), [(0, 5), (2, "many"), ("two", 5)])
    def test_no_number(self, top, gateway, size, total):
        """A total or a size that is no number."""
        gateway.answers(trades(total, 1))

        with pytest.raises(CodecError, match="is no number"):
            list(top.pages(top[SOLD], page_size=size, use_has_next=False))


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (SOLD, PageNames("page_no", "page_size", "total_results", None, "has_next", "use_has_next")),
        ("taobao.tbk.order.details.get", PageNames("page_no", "page_size", None, None, "data.has_next")),
    ],
)
def test_from_the_catalogue(method, names):
    """The catalogue knows the names of many methods."""
    assert PageNames.of(method) == names
