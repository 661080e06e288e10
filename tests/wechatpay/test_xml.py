"""XML both ways: everything kept, nothing dangerous read."""

from __future__ import annotations

import contextlib
import gc
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainable.errors import CodecError
from wechatpay.xml import XML, text_of

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from(
    "\t\n\r"
)
TEXTS = st.text(CHARACTERS, max_size=30)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


class TestWriting:
    def test_a_mapping_becomes_elements_in_order(self):
        """UTF-8, CDATA, the mapping's order, without None."""
        assert (
            XML.encode({"b": "中", "a": 1, "c": None, "d": ""})
            == ("<xml><b><![CDATA[中]]></b><a><![CDATA[1]]></a><d><![CDATA[]]></d></xml>").encode()
        )

    def test_cdata_ends_are_escaped(self):
        """``]]>`` is split over two CDATA sections (a defect of wechatpy)."""
        body = XML.encode({"attach": "a]]>b]]]]>>"})

        assert fromstring(body).findtext("attach") == "a]]>b]]]]>>"

    def test_markup_is_text(self):
        """Nobody injects an element."""
        body = XML.encode({"body": "</body><total_fee>1</total_fee><body>&amp;"})

        assert XML.decode(body) == {"body": "</body><total_fee>1</total_fee><body>&amp;"}

    @pytest.mark.parametrize("character", ["\0", "\x08", "\x1f", "\ufffe", "\uffff", "\ud800"])
    def test_characters_that_xml_lacks_are_named(self, character):
        """The field is named, and nothing is sent."""
        with pytest.raises(CodecError, match=r"body: the character U\+[0-9A-F]{4} is not allowed in XML"):
            XML.encode({"body": f"a{character}b"})

    @pytest.mark.parametrize("name", ["", "1a", "a b", "a>", "é", 7, None, ("a",)])
    def test_names_are_checked(self, name):
        """A key that is not an element name."""
        with pytest.raises(CodecError, match="cannot be the name of an XML element"):
            XML.encode({name: "x"})

    @pytest.mark.parametrize("value", ["<xml/>", b"<xml/>", ["a"], 5])
    def test_only_mappings_are_written(self, value):
        """A text is not a body."""
        with pytest.raises(CodecError, match="is written from a mapping"):
            XML.encode(value)


class TestTexts:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("0", "0"),
            (0, "0"),
            (-5, "-5"),
            (10**30, "1" + "0" * 30),
            (Decimal("0.10"), "0.10"),
            (Decimal("1E+3"), "1000"),
            (datetime(2026, 1, 1, 2, tzinfo=timezone.utc), "20260101100000"),
            (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=9))), "20260101010000"),
            (date(2026, 1, 31), "20260131"),
            ({"a": None, "b": [1, "中"]}, '{"b":[1,"中"]}'),
            ([{"type": "MERCHANT_ID"}], '[{"type":"MERCHANT_ID"}]'),
            (OrderedDict(a=1), '{"a":1}'),
        ],
    )
    def test_values_are_written_exactly(self, value, text):
        """Numbers, times, nested values."""
        assert text_of(value, "x") == text

    def test_subclasses_are_written_as_what_they_are(self):
        """An enumeration's number, a marked text."""

        class Fee(IntEnum):
            LOW = 1

        class Marked(str):
            __slots__ = ()

            def __str__(self):
                return "not this"

        assert text_of(Fee.LOW, "x") == "1"
        assert text_of(Marked("text"), "x") == "text"

    def test_forms_inside_fields_are_encoded(self):
        """``risk_info`` is a form inside a field."""
        assert text_of({"posttime": 1, "deviceid": "中&", "x": None}, "risk_info", encoded="urlencode") == (
            "posttime=1&deviceid=%E4%B8%AD%26"
        )

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (True, "no true and false"),
            (0.1, "a float is not exact"),
            (Decimal("NaN"), "is not a number"),
            (Decimal("Infinity"), "is not a number"),
            (Decimal("1E+999999999"), "total_fee: the exponent 999999999 is too large"),
            (b"x", "a bytes has no form"),
            (object(), "a object has no form"),
            ({"a": float("nan")}, "not a JSON number"),
        ],
    )
    def test_other_values_are_refused(self, value, reason):
        """The field is named where it is ours to name."""
        with pytest.raises(CodecError, match=reason):
            text_of(value, "total_fee")

    def test_naive_times_are_refused(self):
        """Pain 23: the moment is ambiguous."""
        with pytest.raises(TypeError, match=r"time_expire: .*chainable\.BEIJING"):
            text_of(datetime(2026, 1, 1), "time_expire")


class TestReading:
    def test_everything_is_kept(self):
        """Unknown fields, order, exact text, empty elements."""
        body = "<root>\n <b>1</b><a><![CDATA[ x ]]></a>\n<unknown/><c>a&lt;b</c><d> </d></root>"

        assert list(XML.decode(body.encode()).items()) == [
            ("b", "1"),
            ("a", " x "),
            ("unknown", ""),
            ("c", "a<b"),
            ("d", " "),
        ]

    def test_nesting_gives_dicts_and_repetition_lists(self):
        """As ``gethbinfo`` answers."""
        body = b"<xml><l><h><o>1</o></h><h><o>2</o></h><h>3</h></l></xml>"

        assert XML.decode(body) == {"l": {"h": [{"o": "1"}, {"o": "2"}, "3"]}}

    @pytest.mark.parametrize("body", [b"<xml/>", b"<xml></xml>", b"<xml> \n</xml>", b"\xef\xbb\xbf<xml/>"])
    def test_an_empty_root_is_an_empty_dict(self, body):
        """With or without white space."""
        assert XML.decode(body) == {}

    def test_the_declared_encoding_does_not_matter(self):
        """The platform writes UTF-8, and the signature covers what it wrote."""
        body = '<?xml version="1.0" encoding="GBK"?><xml><a>中</a></xml>'.encode()

        assert XML.decode(body) == {"a": "中"}

    def test_attributes_and_comments_are_passed_over(self):
        """They carry nothing."""
        assert XML.decode(b"<xml x='1'><!-- c --><a y='2'>1<?pi?>2</a></xml>") == {"a": "12"}

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x><a>&f;</a></x>', id="XXE"),
            pytest.param(b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x><a>1</a></x>', id="external DTD"),
            pytest.param(
                b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
                b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><x><a>&c;</a></x>',
                id="billion laughs",
            ),
            pytest.param(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///x"> %p;]><x/>', id="parameter entity"),
            pytest.param(b"<!DOCTYPE x><x><a>1</a></x>", id="bare"),
            pytest.param("<!DOCTYPE x><x><a>1</a></x>".encode("utf-16"), id="UTF-16"),
        ],
    )
    def test_pain_25_document_types_are_refused(self, body):
        """No entity is ever expanded, no file and no host is asked."""
        with pytest.raises(CodecError, match="document type"):
            XML.decode(body)

    def test_a_doctype_inside_cdata_is_text(self):
        """Text is not markup."""
        assert XML.decode(b"<xml><a><![CDATA[<!DOCTYPE x>]]></a></xml>") == {"a": "<!DOCTYPE x>"}

    def test_deep_nesting_is_refused(self):
        """A thousand levels are refused at no cost."""
        with pytest.raises(CodecError, match="nested more than 16 deep"):
            XML.decode(b"<a>" * 100_000 + b"</a>" * 100_000)

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "no element found"),
            (b"<html><br></html>", "mismatched tag"),
            (b"<xml><a>1</a>", "no element found"),
            (b"<xml><a>&f;</a></xml>", "undefined entity"),
            (b"<xml/><xml/>", "junk after document element"),
            (b"<xml>\xff</xml>", "not well-formed"),
            (b"<xml>text</xml>", "text but without elements"),
            (b"<xml><a>1<b>2</b></a></xml>", "mixes text and elements"),
        ],
    )
    def test_other_bodies_are_reported(self, body, reason):
        """With the place, and without what stands there."""
        with pytest.raises(CodecError, match=reason):
            XML.decode(body)

    def test_a_reader_leaves_no_cycle_behind(self):
        """Memory is given back at once, not when the collector comes."""
        gc.collect()
        gc.disable()
        try:
            XML.decode(b"<xml><a>1</a></xml>")
            with contextlib.suppress(CodecError):
                XML.decode(b"<xml><a>")
            # Other tests' threads leave garbage of their own: only readers count.
            assert not [thing for thing in gc.get_objects() if type(thing).__name__ == "_Reader"]
        finally:
            gc.enable()


@given(st.dictionaries(NAMES, TEXTS))
@example({"a": "\r\n", "b": "]]>\r]]>", "c": " \t"})
def test_what_is_written_is_read(parameters):
    """Any text comes back as it was, line ends included, and another reader agrees."""
    body = XML.encode(parameters)

    assert XML.decode(body) == parameters
    assert {child.tag: child.text or "" for child in fromstring(body)} == parameters


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            [
                "<xml>",
                "</xml>",
                "<a>",
                "</a>",
                "<![CDATA[",
                "]]>",
                "<!DOCTYPE x [",
                "]>",
                "<!ENTITY e 'x'>",
                "&e;",
                "1",
                "<?xml?>",
                "\0",
            ]
        ),
        max_size=20,
    ).map(lambda parts: "".join(parts).encode())
)
def test_only_codec_errors_come_out_of_reading(body):
    """Whatever the bytes."""
    with contextlib.suppress(CodecError):
        assert isinstance(XML.decode(body), dict)


@given(
    st.dictionaries(
        st.text(max_size=5) | st.integers(),
        st.text() | st.floats() | st.booleans() | st.none() | st.integers() | st.binary(),
    )
)
def test_only_codec_errors_come_out_of_writing(value):
    """Whatever the mapping."""
    with contextlib.suppress(CodecError):
        XML.decode(XML.encode(value))
