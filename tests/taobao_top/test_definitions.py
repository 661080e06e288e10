"""Definitions of methods that are given at run time."""

from __future__ import annotations

import builtins
import json

import pytest
import yaml

from chainable.errors import ConfigurationError
from taobao_top import TopError, catalogue
from taobao_top.catalogue.definitions import PACKAGED, Catalogue
from taobao_top.sandbox import Sandbox

TEXT = """\
group: acme
methods:
  taobao.acme.orders.get:
    title: 查询订单
    session: required
    params:
      fields: {type: String, required: true}
      order_ids: {type: Number, list: true}
      start_modified: Date
      end_modified: Date
      page_no: Number
      page_size: Number
      filter:
        type: Filter
        fields:
          status: {type: String, required: true, example: PAID}
    answer:
      total_results: Number
      orders:
        type: AcmeOrder
        list: true
        fields:
          order_id: Number
          paid: Boolean
    limits:
      windows:
        - {start: start_modified, end: end_modified, hours: 6, advised: {minutes: 10}}
      chunks: {order_ids: 2}
"""
NAME = "taobao.acme.orders.get"
CONTENT = yaml.safe_load(TEXT)


def params(**fields):
    return {"a.b": {"params": fields}}


class TestRead:
    @pytest.mark.parametrize("form", ["text", "mapping", "methods alone", "path", "text of a path", "JSON", "list"])
    def test_every_form_says_the_same(self, tmp_path, form):
        path = tmp_path / "acme.yaml"
        path.write_text(TEXT, "utf-8")
        given = {
            "text": TEXT,
            "mapping": CONTENT,
            "methods alone": CONTENT["methods"],
            "path": path,
            "text of a path": str(path),
            "JSON": json.dumps(CONTENT),
            "list": [params(x="String"), path],
        }[form]

        found = Catalogue(given).method(NAME)

        assert (found.name, found.title, found.session) == (NAME, "查询订单", "required")
        assert found.group == ("" if form == "methods alone" else "acme")
        assert found.types == {
            "fields": "String", "order_ids": "Number[]", "start_modified": "Date", "end_modified": "Date",
            "page_no": "Number", "page_size": "Number", "filter": "object",
        }  # fmt: skip
        assert found.params[-1].fields[0].example == "PAID"
        assert found.response[1].fields[1].type == "Boolean"
        assert (found.limits.windows[0].seconds, found.limits.windows[0].advised) == (6 * 3600, 600)
        assert found.limits.chunks == {"order_ids": 2}

    def test_the_packages_methods_stay_known_and_own_ones_come_first(self):
        found = Catalogue(params(x="String") | {"taobao.time.get": {"title": "mine"}})

        assert found.method("taobao.trades.sold.get") is catalogue.method("taobao.trades.sold.get")
        assert found.method("taobao.time.get").title == "mine"
        assert found.method("no.such") is None
        assert len(list(found.methods())) == len(list(catalogue.methods())) + 1
        assert list(found.methods()) == sorted(found.methods())
        assert "x" in found.parameters()
        assert list(PACKAGED.methods()) == list(catalogue.methods())

    def test_an_empty_method_and_a_catalogue_are_taken_as_they_are(self):
        found = Catalogue({"a.b": None})

        assert found.method("a.b").params == ()
        assert Catalogue.of(found) is found
        assert Catalogue.of(None) is PACKAGED

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (5, "a path, a text or a mapping was expected, not int"),
            ("/no/such/file.yaml", "cannot be read: No such file"),
            ("a: [\n", "neither JSON nor YAML, line 2"),
            ("a: \x00\n", "neither JSON nor YAML"),
            ("- a\n- b\n", "a mapping with 'methods' was expected"),
            ({"methods": {}, "gruop": "x"}, "'gruop' is unknown here; did you mean 'group'"),
            ({"methods": []}, "'methods' a mapping of methods by name"),
            ({"methods": {}, "group": 5}, "'group' is a text"),
            ({5: {}}, "5 is not the full name of a method"),
            ({"alone": {}}, "'alone' is not the full name of a method"),
            ({"a.中": {}}, "is not the full name of a method"),
            ({"a.b": []}, "a.b: a mapping of title, session"),
            ({"a.b": {"parms": {}}}, "a.b: 'parms' is unknown here; did you mean 'params'"),
            ({"a.b": {"session": True}}, "session is 'required' or 'none'"),
            ({"a.b": {"title": 5}}, "title is a text"),
            ({"a.b": {"params": ["x"]}}, "params: a mapping of fields by name"),
            (params(x={"typ": "String"}), "params: x: 'typ' is unknown here; did you mean 'type'"),
            (params(x={"required": "yes"}), "required is true or false"),
            (params(x={"type": 5}), "type is a text"),
            (params(x={"example": 5}), "example is a text: put it in quotes"),
            (params(x=5), "a mapping of type, required"),
            ({"a.b": {"params": {True: "String"}}}, "the name of a field is a text"),
            (params(x={"fields": {"y": {"lst": True}}}), "x: y: 'lst' is unknown here"),
            ({"a.b": {"limits": {"chunks": {"ids": 5}}}}, "limits: the method has no parameter 'ids'"),
            ({"a.b": {"limits": {"chunks": {"ids": 0}}}}, "limits: .* whole numbers"),
            ("", "catalogue: the text is empty: pass a path"),
            ("   ", "the text is empty"),
            ("a.b: {params: {x: String}}\na.b: {}\n", "line 2: 'a.b' is defined twice"),
            ("methods:\n  a.b: {}\n  c.d: {}\n  a.b: {}\n", "line 4: 'a.b' is defined twice"),
            ('{"a.b": {}, "a.b": {}}', "'a.b' is defined twice"),
            (params(x="number"), "params: x: the type 'number' is unknown; did you mean 'Number'"),
            (params(x={"type": "string", "list": True}), "the type 'string' is unknown; did you mean 'String'"),
            (params(x="Integer"), "the type 'Integer' is unknown"),
            (params(x={"type": "F", "fields": {"y": "Long"}}), "x: y: the type 'Long' is unknown"),
            ({"a.b": {"answer": {"x": "Nope"}}}, "answer: x: the type 'Nope' is unknown.* give it fields"),
            ({"a.b": {"limits": 5}}, "limits: a mapping of windows, chunks"),
            ({"a.b": {"limits": {"windows": 5}}}, "limits: windows is a list of mappings"),
            ({"a.b": {"limits": {"windows": [5]}}}, "limits: windows is a list of mappings"),
            ({"a.b": {"limits": {"chunks": 5}}}, "chunks a mapping of whole numbers"),
            ({"a.b": {"limits": {"chunk": {}}}}, "limits: windows is a list"),
            ({"a.b": {"limits": {"windows": [{"start": "a", "end": "b"}]}}}, "limits: a window is as long as"),
            ({"a.b": {"limits": {"windows": [{"start": "a", "end": "b", "weeks": 1}]}}}, "days, hours or minutes"),
            ({"a.b": {"limits": {"windows": [{"end": "b", "days": 1}]}}}, "limits: .*start"),
        ],
    )
    def test_a_mistake_is_named_with_its_place(self, given, message):
        with pytest.raises(ConfigurationError, match=message) as caught:
            Catalogue(given)

        assert str(caught.value).startswith("catalogue")

    def test_YAML_that_begins_with_a_brace_is_read(self):
        assert Catalogue("{a.b: {title: 中}}").method("a.b").title == "中"

    @pytest.mark.parametrize(
        "text", ["taobao.foo.bar.get: {params: {a: {type: String}}}", "'taobao.foo.bar.get': {params: {a: String}}"]
    )
    def test_YAML_on_one_line_is_a_text(self, text):
        assert Catalogue(text).method("taobao.foo.bar.get").types == {"a": "String"}

    def test_YAML_may_merge_mappings_and_have_keys_that_are_no_text(self):
        text = "a.b: &one {title: x}\nc.d: {<<: *one, <<: *one}\n"

        assert Catalogue(text).method("c.d").title == "x"
        with pytest.raises(ConfigurationError, match="neither JSON nor YAML"):
            Catalogue("? [a]\n: {}\na.b: {}\n")

    def test_YAML_without_content_is_refused(self):
        with pytest.raises(ConfigurationError, match="a mapping with 'methods' was expected"):
            Catalogue("# nothing\n")

    def test_the_types_of_all_methods_of_the_package_are_known(self):
        def defined(fields):
            return {
                each.name: {"type": each.type, "fields": defined(each.fields)} if each.fields else each.type
                for each in fields
            }

        for name in catalogue.methods():
            known = catalogue.method(name)
            Catalogue({name: {"params": defined(known.params), "answer": defined(known.response)}})

    def test_a_file_that_is_not_UTF_8_is_refused(self, tmp_path):
        (tmp_path / "a.yaml").write_bytes(b"\xff")

        with pytest.raises(ConfigurationError, match=r"catalogue a\.yaml: the file is not UTF-8"):
            Catalogue(tmp_path / "a.yaml")

    def test_without_PyYAML_the_extra_is_named_and_JSON_works(self, monkeypatch):
        real = builtins.__import__

        def without(name, *rest):
            if name == "yaml":
                raise ImportError(name)
            return real(name, *rest)

        monkeypatch.setattr(builtins, "__import__", without)

        with pytest.raises(ConfigurationError, match=r"pip install 'wechatpay-taobao-top\[yaml\]'"):
            Catalogue(TEXT)
        assert Catalogue(json.dumps(CONTENT)).method(NAME).title == "查询订单"


class TestClient:
    def test_names_lists_and_objects_are_known(self, make_top, gateway):
        gateway.answers({"acme_orders_get_response": {"total_results": 0}})
        top = make_top(catalogue=TEXT)

        top.taobao.acme.orders.get(fields="order_id", orderIds=[1, 2], filter={"status": "PAID"})

        form = gateway.form
        assert (form["order_ids"], form["filter"]) == ("1,2", '{"status":"PAID"}')
        with pytest.raises(TypeError, match="no parameter 'page_sise' .*did you mean 'page_size'"):
            top[NAME](page_sise=5)
        with pytest.raises(TypeError, match="parameter is text|name of a parameter"):
            top[NAME]({5: 5})

    def test_another_client_does_not_know_them(self, make_top, gateway):
        gateway.answers({"acme_orders_get_response": {}})
        make_top(catalogue=TEXT)

        make_top().taobao.acme.orders.get(anything=5)

        assert gateway.form["anything"] == "5"

    def test_XML_is_read_by_them(self, make_top, gateway):
        gateway.answers(
            "<acme_orders_get_response><total_results>1</total_results><orders><acme_order><order_id>7</order_id>"
            "<paid>true</paid></acme_order></orders></acme_orders_get_response>"
        )

        data = make_top(catalogue=TEXT, format="xml")[NAME](fields="order_id").data

        assert data == {"total_results": 1, "orders": {"acme_order": [{"order_id": 7, "paid": True}]}}

    def test_pages_windows_and_chunks_follow_them(self, make_top, gateway):
        from datetime import datetime, timedelta

        from chainable import BEIJING

        gateway.answers({"acme_orders_get_response": {"total_results": 3, "orders": {"acme_order": [1, 2]}}})
        top = make_top(catalogue=TEXT)
        start = datetime(2026, 1, 1, tzinfo=BEIJING)

        assert len(list(top.pages(top[NAME], fields="x", page_size=2))) == 2
        assert len(list(top.chunks(top[NAME], range(5), fields="x"))) == 3
        with pytest.raises(ValueError, match="6:00:00 at most"):
            top.windows(top[NAME], start, start + timedelta(days=1), step=timedelta(hours=7))

    def test_a_misspelt_own_method_is_suggested(self, make_top, gateway):
        gateway.refuses({"code": 22})

        with pytest.raises(TopError, match=f"did you mean '{NAME}'"):
            make_top(catalogue=TEXT)["taobao.acme.order.get"]()

    def test_a_name_that_the_gateway_suggests_is_not_repeated(self):
        with Sandbox(https=False) as sandbox, sandbox.client() as top, pytest.raises(TopError) as caught:
            top["taobao.tiem.get"]()

        assert str(caught.value).count("did you mean 'taobao.time.get'") == 1


class TestSandbox:
    def test_it_answers_by_them_and_checks_by_them(self):
        with Sandbox(https=False, catalogue=TEXT) as sandbox, sandbox.client() as top:
            order = top[NAME](fields="order_id,paid").data["orders"]["acme_order"][0]

            assert isinstance(order["order_id"], int)
            assert isinstance(order["paid"], bool)
            for wrong in ({"page_no": "x"}, {"filter": {"x": 1}}, {"order_ids": [1, 2, 3]}):
                with pytest.raises(TopError, match="isv.(invalid|missing)-parameter"):
                    top[NAME]({"fields": "order_id", **wrong})
            with pytest.raises(TopError, match="code 26"):
                top[NAME](fields="order_id", session="")

    def test_the_page_describes_them(self):
        import requests

        with Sandbox(https=False, catalogue=TEXT) as sandbox, sandbox.client() as top:
            top[NAME](fields="order_id")
            shown = requests.get(f"{sandbox.origin}/_sandbox/inspector/entries/1", timeout=10).json()

        assert shown["title"] == "查询订单"
        assert shown["description"]["key"] == NAME

    def test_without_them_the_method_is_unknown(self):
        with Sandbox(https=False) as sandbox, sandbox.client() as top, pytest.raises(TopError, match="code 22"):
            top[NAME]()
        with Sandbox(https=False, strict=False) as sandbox, sandbox.client() as top:
            top["taobao.trades.sold.gett"]()
            (note,) = sandbox.journal[-1].notes
            assert note.startswith(
                "the catalogue lists no API taobao.trades.sold.gett; did you mean 'taobao.trades.sold.get'"
            )
