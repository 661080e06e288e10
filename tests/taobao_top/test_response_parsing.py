"""Both formats of an answer come out in one shape; whatever else comes is told for what it is."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError
from taobao_top.response_parsing import business_failure, inside, json_fields, open_json, read, root_name


@frozen
class Known:
    name: str
    type: str | None = "String"
    list: bool = False
    fields: tuple[Known, ...] = field(default=())


TRADES = (
    Known("total_results", "Number"),
    Known("has_next", "Boolean"),
    Known(
        "trades",
        "Trade",
        list=True,
        fields=(
            Known("tid", "Number"),
            Known("payment"),
            Known("rate", "Number"),
            Known("odd", "Number"),
            Known("orders", "Order", list=True, fields=(Known("oid", "Number"),)),
            Known("buyer", "Buyer", fields=(Known("nick"),)),
        ),
    ),
    Known("ids", "Number", list=True),
    Known("names", "String", list=True),
    Known("none", "Trade", list=True, fields=(Known("tid"),)),
)


@pytest.mark.parametrize(
    ("method", "root"),
    [
        ("taobao.item.seller.get", "item_seller_get_response"),
        ("alibaba.finance.insurance.createorder", "alibaba_finance_insurance_createorder_response"),
        ("tmall.item.taobao.get", "tmall_item_taobao_get_response"),
        ("taobaoish.item.get", "taobaoish_item_get_response"),
    ],
)
def test_root_name(method, root):
    """A leading ``taobao.`` goes, dots become underscores."""
    assert root_name(method) == root


class TestJSON:
    def test_big_integers_are_exact(self):
        """Numbers of orders have more digits than a float keeps."""
        assert read(b'{"a":{"tid":123456789012345678901,"p":0.10}}', None) == {
            "a": {"tid": 123456789012345678901, "p": Decimal("0.10")}
        }

    def test_control_characters(self):
        """Raw tabs and line breaks inside of texts are known to come."""
        assert read(b'\xef\xbb\xbf {"a":"x\ty\r\nz\x01"}', "text/javascript;charset=UTF-8") == {"a": "x\ty\r\nz\x01"}

    @pytest.mark.parametrize("charset", ["GBK", '"gbk"'])
    def test_charset(self, charset):
        """The header names the charset."""
        assert read('{"a":"中文"}'.encode("gbk"), f"text/html; charset={charset}") == {"a": "中文"}

    def test_unknown_charset(self):
        """A charset nobody knows is taken for UTF-8."""
        assert read('{"a":"中"}'.encode(), "text/html; charset=nonsense") == {"a": "中"}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "is empty"),
            (b" \r\n", "is empty"),
            (b'{"a":{"b":"secret', r"no JSON: .* at character 10 of 17"),
            (b'{"a":{"b":1', r"no JSON: .* at character 11 of 11, it is cut off"),
            (b"not json", "no JSON"),
            (b"[1]", "not an object: list"),
            (b'{"a":NaN}', "of a kind nobody sends"),
            (b'{"a":1e9999999999999999999}', "of a kind nobody sends"),
            (b'{"a":' + b"9" * 5000 + b"}", "of a kind nobody sends"),
            (b'{"a":' * 100_000, "of a kind nobody sends"),
            (b'{"a":"\xff"}', "is no utf-8 .at byte 6 of 9"),
            (b"<!DOCTYPE html><html>502</html>", "page of HTML .31 bytes.*proxy"),
            (b"\n<HTML><body>", "page of HTML"),
        ],
    )
    def test_what_is_no_answer(self, body, message):
        """Whatever came instead is described, not shown."""
        with pytest.raises(CodecError, match=message) as caught:
            read(body, None)

        assert "secret" not in str(caught.value)


XML = """<?xml version="1.0" encoding="utf-8" ?>
<trades_sold_get_response>
  <total_results>2</total_results>
  <has_next>true</has_next>
  <trades list="true">
    <trade><tid>123456789012345678901</tid><payment>1.50</payment><rate>0.5</rate><odd>?</odd>
      <orders list="true"><order><oid>1</oid></order></orders><buyer/></trade>
    <trade><tid>2</tid><buyer><nick>中</nick></buyer></trade>
  </trades>
  <ids list="true"><number>1</number><number>2</number></ids>
  <names><string>a</string></names>
  <none/>
</trades_sold_get_response><!--top011-->"""


class TestXML:
    @pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e9999999999999999999"])
    def test_what_is_not_a_number_stays_text(self, text):
        """Compared with an amount, NaN would raise or be false."""
        fields = (Known("payment", "Number"),)

        assert read(f"<r><payment>{text}</payment></r>".encode(), "text/xml", fields) == {"r": {"payment": text}}

    def test_the_same_shape_as_json(self):
        """Lists keep the name of their items; texts become what the catalogue says."""
        payload = read(XML.encode(), "text/xml;charset=UTF-8", TRADES)

        assert inside(payload, "trades_sold_get_response") == {
            "total_results": 2,
            "has_next": True,
            "trades": {
                "trade": [
                    {
                        "tid": 123456789012345678901,
                        "payment": "1.50",
                        "rate": Decimal("0.5"),
                        "odd": "?",
                        "orders": {"order": [{"oid": 1}]},
                        "buyer": {},
                    },
                    {"tid": 2, "buyer": {"nick": "中"}},
                ]
            },
            "ids": {"number": [1, 2]},
            "names": {"string": ["a"]},
            "none": {},
        }

    def test_simplified(self):
        """Asked for plain lists, XML gives them as well."""
        data = inside(read(XML.encode(), None, TRADES, simplify=True), "trades_sold_get_response")

        assert data["ids"] == [1, 2]
        assert data["none"] == []
        assert data["trades"][0]["orders"] == [{"oid": 1}]

    def test_unknown_method(self):
        """Without the catalogue the marks and the repetition tell the lists; texts stay."""
        body = b'<r><a list="true"><x>1</x></a><b><y>1</y><y>2</y><y>3</y></b><c>t</c><d/></r>'

        assert read(body, None) == {"r": {"a": {"x": ["1"]}, "b": {"y": ["1", "2", "3"]}, "c": "t", "d": ""}}

    def test_declared_charset(self):
        """The first line of the document names the charset when the header does not."""
        body = '<?xml version="1.0" encoding="GBK"?><r><a>中文</a></r>'.encode("gbk")

        assert read(body, "text/xml") == {"r": {"a": "中文"}}

    def test_control_characters(self):
        """Characters no XML may hold are left out."""
        assert read(b"<r><a>x\x0by&#x1f;&#x1F;&#x0B;&#8;&#10;&#xA;z</a></r>", None) == {"r": {"a": "xy\n\nz"}}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"<r><a>", "no XML, or cut off"),
            (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "XML with a DTD"),
            (b"<r><a>" * 3000 + b"</a></r>" * 3000, "nested too deeply"),
        ],
    )
    def test_what_is_no_answer(self, body, message):
        """Nothing is expanded, nothing is half read."""
        with pytest.raises(CodecError, match=message):
            read(body, None)


class TestInside:
    @pytest.mark.parametrize(
        ("payload", "data"),
        [
            ({"a_b_response": {"x": 1}}, {"x": 1}),
            ({"a_b_response": {"x": 1}, "request_id": "r"}, {"x": 1}),
            ({"other_response": {"x": 1}}, {"x": 1}),
            ({"response": {"flag": "success"}}, {"flag": "success"}),
            ({"x": 1, "request_id": "r"}, {"x": 1, "request_id": "r"}),
            ({"code": 7, "msg": "m"}, {"code": 7, "msg": "m"}),
            ({"x": {"y": 1}}, {"x": {"y": 1}}),
            ({"x_response": "text"}, {"x_response": "text"}),
            ({}, {}),
        ],
    )
    def test_with_and_without_root(self, payload, data):
        """The root goes where there is one; members named code are no error."""
        assert inside(payload, "a_b_response") == data


class TestNestedJSON:
    def test_by_name(self):
        """JSON text becomes what it says; what is none, or not there, stays."""
        data = {"token_result": '{"expires_in":1,"a":"x\\ty"}', "other": "{}", "empty": ""}

        for name in ("token_result", "missing", "empty"):
            open_json(data, name)

        assert data == {"token_result": {"expires_in": 1, "a": "x\ty"}, "other": "{}", "empty": ""}

    def test_through_lists(self):
        """A path goes on in every element, in both shapes of a list."""
        data = {"a": {"item": [{"x": "1"}, {"x": "[2]"}, {"y": "3"}, "t"]}, "b": [{"x": "4"}], "c": {"x": 5}}

        for path in ("a.x", "b.x", "c.x"):
            open_json(data, path)

        assert data == {"a": {"item": [{"x": 1}, {"x": [2]}, {"y": "3"}, "t"]}, "b": [{"x": 4}], "c": {"x": 5}}

    def test_what_is_no_json(self):
        """The member is named, its text is not shown."""
        with pytest.raises(CodecError, match=r"the text of 'a\.b' is no JSON") as caught:
            open_json({"a": {"b": "secret"}}, "a.b")

        assert "secret" not in str(caught.value)

    def test_from_the_catalogue(self):
        """The catalogue knows some of them."""
        fields = (Known("token_result", "Json"), Known("a", "A", fields=(Known("b", "Json"), Known("c"))))

        assert json_fields(fields) == ["token_result", "a.b"]


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        ({"is_success": False}, "is_success"),
        ({"success": "false"}, "success"),
        ({"result": {"success": False}}, "result.success"),
        ({"result": {"is_success": False, "x": 1}}, "result.is_success"),
        ({"is_success": True, "result": {"success": True}}, None),
        ({"x": 1}, None),
        ([], None),
        (None, None),
    ],
)
def test_business_failure(data, failure):
    """A normal answer that says no is found, and nothing else."""
    assert business_failure(data) == failure


@given(st.binary())
def test_any_bytes(body):
    """Whatever comes, it is an answer or a CodecError."""
    with contextlib.suppress(CodecError):
        assert isinstance(read(body, None), dict)


@given(st.text(), st.text(), st.integers(0, 40))
def test_cut_off(key, value, cut):
    """A JSON answer that is cut off is never taken for a whole one."""
    body = json.dumps({"r": {key: value}}).encode()

    if 0 < cut < len(body):
        with pytest.raises(CodecError):
            read(body[:-cut], None)
