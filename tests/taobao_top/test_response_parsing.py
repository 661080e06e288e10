"""JSON and XML responses are parsed to one shape; other bodies are described in the error."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError
from taobao_top.response_parsing import json_fields, open_json, read, root_name
from taobao_top.response_shapes import members


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
def test_the_root_drops_taobao_and_has_underscores_for_dots(method, root):
    assert root_name(method) == root


class TestJSON:
    def test_big_integers_are_exact(self):
        assert read(b'{"a":{"tid":123456789012345678901,"p":0.10}}', None) == {
            "a": {"tid": 123456789012345678901, "p": Decimal("0.10")}
        }

    def test_raw_tabs_and_line_breaks_inside_texts_are_read(self):
        assert read(b'\xef\xbb\xbf {"a":"x\ty\r\nz\x01"}', "text/javascript;charset=UTF-8") == {"a": "x\ty\r\nz\x01"}

    @pytest.mark.parametrize("charset", ["GBK", '"gbk"'])
    def test_the_charset_of_the_header_is_used(self, charset):
        assert read('{"a":"中文"}'.encode("gbk"), f"text/html; charset={charset}") == {"a": "中文"}

    def test_an_unknown_charset_is_read_as_UTF_8(self):
        assert read('{"a":"中"}'.encode(), "text/html; charset=nonsense") == {"a": "中"}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "is empty"),
            (b" \r\n", "is empty"),
            (b'{"a":{"b":"secret', r"not JSON: .* at character 10 of 17"),
            (b'{"a":{"b":1', r"not JSON: .* at character 11 of 11, it is cut off"),
            (b"not json", "not JSON"),
            (b"[1]", "not an object: list"),
            (b'{"a":NaN}', "that cannot be read"),
            (b'{"a":1e9999999999999999999}', "that cannot be read"),
            (b'{"a":' + b"9" * 5000 + b"}", "that cannot be read"),
            (b'{"a":' * 100_000, "that cannot be read"),
            (b"<!DOCTYPE html><html>502</html>", "page of HTML .31 bytes.*proxy"),
            (b"\n<HTML><body>", "page of HTML"),
            (b"<!doctypehtml><html lang=zh>", "page of HTML"),
            (b"<!-- a --> <!-- b --><html>", "page of HTML"),
            (b'<?xml version="1.0"?>\n<!DOCTYPE\nhtml PUBLIC "x">', "page of HTML"),
            (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', "page of HTML"),
            (b"\xef\xbb\xbf<script>location=1</script>", "page of HTML"),
            (b"<h1>Bad Gateway</h1>", "page of HTML"),
            (b"<!-- never ends", "not XML, or cut off"),
            (b"<?xml never ends", "not XML, or cut off"),
        ],
    )
    def test_other_bodies_are_described_and_not_quoted(self, body, message):
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
    def test_NaN_and_infinities_of_XML_stay_text(self, text):
        fields = (Known("payment", "Number"),)

        assert read(f"<r><payment>{text}</payment></r>".encode(), "text/xml", members(fields)) == {
            "r": {"payment": text}
        }

    def test_XML_has_the_shape_and_types_of_JSON(self):
        payload = read(XML.encode(), "text/xml;charset=UTF-8", members(TRADES))

        assert payload["trades_sold_get_response"] == {
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
            "none": {"trade": []},
        }

    def test_XML_is_simplified_to_plain_lists(self):
        data = read(XML.encode(), None, members(TRADES), simplify=True)["trades_sold_get_response"]

        assert data["ids"] == [1, 2]
        assert data["none"] == []
        assert data["trades"][0]["orders"] == [{"oid": 1}]

    def test_XML_of_an_unknown_method_has_lists_by_their_marks_and_texts(self):
        body = b'<r><a list="true"><x>1</x></a><b><y>1</y><y>2</y><y>3</y></b><c>t</c><d/></r>'

        assert read(body, None) == {"r": {"a": {"x": ["1"]}, "b": {"y": ["1", "2", "3"]}, "c": "t", "d": ""}}

    def test_the_charset_of_the_XML_declaration_is_used(self):
        body = '<?xml version="1.0" encoding="GBK"?><r><a>中文</a></r>'.encode("gbk")

        assert read(body, "text/xml") == {"r": {"a": "中文"}}

    def test_characters_that_XML_forbids_are_dropped(self):
        assert read(b"<r><a>x\x0by&#x1f;&#x1F;&#x0B;&#8;&#10;&#xA;z</a></r>", None) == {"r": {"a": "xy\n\nz"}}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"<r><a>", "not XML, or cut off"),
            (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "XML with a DTD"),
            (b"<r><a>" * 3000 + b"</a></r>" * 3000, "nested too deeply"),
        ],
    )
    def test_entities_and_broken_XML_are_refused(self, body, message):
        with pytest.raises(CodecError, match=message):
            read(body, None)


class TestBrokenCharacters:
    """Java's clients read U+FFFD for a byte that is not of the charset (WebUtils: InputStreamReader), and go on."""

    @pytest.mark.parametrize(
        ("body", "kind", "text"),
        [
            (b'{"a":"\xe5\xa5\xbd\xe4\xb8"}', None, "好\ufffd"),
            (b'{"a":"\xff"}', "application/json;charset=UTF-8", "\ufffd"),
            (b'{"a":"\xed\xa0\xbdx"}', None, "\ufffd\ufffd\ufffdx"),  # half a pair of UTF-16
            (b"<r><a>\xe5\xa5\xbd\xe4\xb8</a></r>", "text/xml", "好\ufffd"),
            (b'{"a":"\xba\xc3\xd6"}', "application/json;charset=GBK", "好\ufffd"),
            (b'<?xml version="1.0" encoding="GBK"?><r><a>\xba\xc3\xd6</a></r>', None, "好\ufffd"),
            ('{"a":"好€𠀀"}'.encode("gb18030"), "application/json;charset=gb2312", "好€𠀀"),
            ('{"a":"好"}'.encode(), "application/json;charset=idna", "好"),
        ],
    )
    def test_are_read_as_U_FFFD(self, body, kind, text):
        payload = read(body, kind)

        assert payload.get("r", payload) == {"a": text}


class TestListsOfXML:
    LINES = (Known("lines", "OrderLine", list=True, fields=(Known("code"), Known("quantity", "Number"))),)
    IDS = (Known("ids", "Number", list=True),)

    @pytest.mark.parametrize(
        ("body", "name", "count"),
        [
            ("<lines/>", "order_line", 0),
            ("<lines><x><code>1</code></x></lines>", "x", 1),
            ("<lines><x><code>1</code></x><x><code>2</code></x></lines>", "x", 2),
            ("<lines><code>1</code><quantity>2</quantity></lines>", "order_line", 1),
            ("<lines><code>1</code></lines>", "order_line", 1),
            ("<lines><code>1</code></lines><lines><code>2</code></lines>", "order_line", 2),
            ('<lines list="true"><code><code>1</code></code></lines>', "code", 1),
            ("<lines><code><code>1</code></code></lines>", "code", 1),
            ("<lines><code><code>1</code></code><code><code>2</code></code></lines>", "code", 2),
        ],
    )
    def test_are_lists_however_they_are_written(self, body, name, count):
        data = read(f"<r>{body}</r>".encode(), None, members(self.LINES))["r"]

        assert list(data["lines"]) == [name]
        assert [line["code"] for line in data["lines"][name]] == ["1", "2"][:count]

    @pytest.mark.parametrize(
        ("body", "numbers"),
        [
            ("<ids> </ids>", []),
            ("<ids>1</ids>", [1]),
            ("<ids>1</ids><ids>2</ids>", [1, 2]),
            ("<ids><x>1</x></ids>", [1]),
        ],
    )
    def test_of_numbers_may_lack_the_element_around_them(self, body, numbers):
        body = f"<r>{body}</r>".encode()

        assert list(read(body, None, members(self.IDS))["r"]["ids"].values()) == [numbers]
        assert read(body, None, members(self.IDS), simplify=True)["r"]["ids"] == numbers


class TestNestedJSON:
    def test_JSON_text_is_decoded_and_a_missing_member_ignored(self):
        data = {"token_result": '{"expires_in":1,"a":"x\\ty"}', "other": "{}", "empty": ""}

        for name in ("token_result", "missing", "empty"):
            open_json(data, name)

        assert data == {"token_result": {"expires_in": 1, "a": "x\ty"}, "other": "{}", "empty": ""}

    def test_a_path_is_followed_into_each_element_of_a_list(self):
        data = {"a": {"item": [{"x": "1"}, {"x": "[2]"}, {"y": "3"}, "t"]}, "b": [{"x": "4"}], "c": {"x": 5}}

        for path in ("a.x", "b.x", "c.x"):
            open_json(data, path)

        assert data == {"a": {"item": [{"x": 1}, {"x": [2]}, {"y": "3"}, "t"]}, "b": [{"x": 4}], "c": {"x": 5}}

    def test_a_member_that_is_not_JSON_is_named_and_not_quoted(self):
        with pytest.raises(CodecError, match=r"the text of 'a\.b' is not JSON") as caught:
            open_json({"a": {"b": "secret"}}, "a.b")

        assert "secret" not in str(caught.value)

    def test_the_catalogue_lists_members_with_JSON_text(self):
        fields = (Known("token_result", "Json"), Known("a", "A", fields=(Known("b", "Json"), Known("c"))))

        assert json_fields(fields) == ["token_result", "a.b"]


@given(st.binary())
def test_any_body_is_a_response_or_a_CodecError(body):
    with contextlib.suppress(CodecError):
        assert isinstance(read(body, None), dict)


@given(st.text(), st.text(), st.integers(0, 40))
def test_a_truncated_JSON_body_is_never_accepted(key, value, cut):
    body = json.dumps({"r": {key: value}}).encode()

    if 0 < cut < len(body):
        with pytest.raises(CodecError):
            read(body[:-cut], None)


def test_empty_numbers_of_xml_are_left_out(make_top, gateway):
    gateway.answers(
        '<trades_sold_get_response><total_results></total_results><trades list="true"><trade><tid> 1 </tid><num/></trade>'
        "</trades></trades_sold_get_response>",
        headers={"Content-Type": "text/xml;charset=utf-8"},
    )

    assert make_top(format="xml").taobao.trades.sold.get(fields="tid").data == {"trades": {"trade": [{"tid": 1}]}}


class TestXMLOfWarehouses:
    def test_white_space_before_the_declaration(self):
        assert read(b'\n <?xml version="1.0"?><response><flag>success</flag></response>', None) == {
            "response": {"flag": "success"}
        }

    def test_namespaces_below_the_root_are_dropped(self):
        text = (
            b'<q:response xmlns:q="http://x" xmlns="http://y"><items><item><code>A</code></item></items></q:response>'
        )

        assert read(text, None) == {"{http://x}response": {"items": {"item": {"code": "A"}}}}

    @pytest.mark.parametrize("header", ["text/xml;charset=utf-8", "text/xml;charset=no-such", "text/xml"])
    def test_a_declared_charset_counts_where_the_header_cannot_be_right(self, header):
        text = '<?xml version="1.0" encoding="GBK"?><response><name>中文</name></response>'.encode("gbk")

        assert read(text, header) == {"response": {"name": "中文"}}

    def test_the_header_counts_where_it_fits(self):
        text = '<?xml version="1.0" encoding="GBK"?><response><name>中文</name></response>'.encode()

        assert read(text, "text/xml;charset=utf-8") == {"response": {"name": "中文"}}
