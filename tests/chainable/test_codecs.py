"""JSON and form codecs: exact values, located errors."""

from __future__ import annotations

import collections
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable import BEIJING, FORM, JSON, CodecError, JSONCodec
from chainable.codecs import format_location

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


class Colour(str, Enum):
    RED = "red"


class Pair(NamedTuple):
    a: int
    b: int


class Number(IntEnum):
    ONE = 1


class TestWriting:
    @given(VALUES)
    def test_an_encoded_value_is_decoded_unchanged(self, value):
        assert JSON.decode(JSON.encode(value)) == value
        assert json.loads(JSON.encode(value)) == value

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"a": None, "b": {"c": None}, "d": [None, 1, {"e": None}]}, '{"b":{},"d":[1,{}]}'),
            ({"amount": Decimal("0.10"), "big": Decimal("1E+2")}, '{"amount":0.10,"big":100}'),
            (datetime(2026, 1, 1, 2, tzinfo=timezone.utc), '"2026-01-01T10:00:00+08:00"'),
            (datetime(2026, 1, 1, 10, tzinfo=BEIJING), '"2026-01-01T10:00:00+08:00"'),
            (date(2026, 1, 1), '"2026-01-01"'),
            ('值"\\\n/', '"值\\"\\\\\\n/"'),
            ((1, 2), "[1,2]"),
            ([], "[]"),
            (None, "null"),
            (True, "true"),
            (False, "false"),
            (0.5, "0.5"),
            (Colour.RED, '"red"'),
            (Number.ONE, "1"),
            (collections.OrderedDict(a=1), '{"a":1}'),
            (collections.ChainMap({"a": 1}), '{"a":1}'),
            (Pair(1, 2), "[1,2]"),
            (type("Money", (Decimal,), {})("1.50"), "1.50"),
        ],
    )
    def test_each_type_has_its_form(self, value, text):
        assert JSON.encode(value).decode() == text

    def test_the_callers_mapping_is_not_changed(self):
        value = {"a": None, "b": [1]}
        JSON.encode(value)

        assert value == {"a": None, "b": [1]}

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ({"a": [{"b": float("nan")}]}, r"a\[0\]\.b: nan"),
            ({"a": float("inf")}, "a: inf"),
            ({"a": Decimal("NaN")}, "a: NaN"),
            ({"a": Decimal("1E+999999999")}, "a: the exponent 999999999 is too large"),
            ({"a": [Decimal("-1E-1001")]}, r"a\[0\]: the exponent -1001 is too large"),
            ({"a": {1: 2}}, "a: the key 1"),
            ({"a": b"x"}, "a: JSON cannot represent the type bytes"),
            (object(), "the value itself: JSON cannot represent the type object"),
            ("\ud800", "surrogate"),
        ],
    )
    def test_an_unsupported_value_is_located(self, value, message):
        with pytest.raises(CodecError, match=message):
            JSON.encode(value)

    def test_a_value_that_contains_itself_raises(self):
        value: list = []
        value.append(value)
        with pytest.raises(CodecError, match="itself"):
            JSON.encode(value)

    def test_a_naive_datetime_raises_with_a_remedy(self):
        with pytest.raises(TypeError, match=r"a\.when: .*chainable\.BEIJING"):
            JSON.encode({"a": {"when": datetime(2026, 1, 1)}})

    def test_special_is_called_for_other_types(self):
        seen = []

        def special(value, where):
            seen.append(format_location(where))
            return {"was": str(value)} if isinstance(value, complex) else NotImplemented

        assert JSONCodec(special).encode({"a": [1j], "b": Colour.RED}) == b'{"a":[{"was":"1j"}],"b":"red"}'
        assert seen == ["a[0]", "b"]

    def test_other_zones_are_converted_to_beijing_time(self):
        zone = timezone(timedelta(hours=-7))
        assert JSON.encode(datetime(2026, 1, 1, 10, tzinfo=zone)) == b'"2026-01-02T01:00:00+08:00"'


class TestReading:
    @pytest.mark.parametrize(
        ("body", "value"),
        [(b"", None), (b'{"a":12345678901234567890}', {"a": 12345678901234567890}), (b"0.10", Decimal("0.10"))],
    )
    def test_numbers_are_exact(self, body, value):
        assert JSON.decode(body) == value

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>",
            b"{",
            b"\xff\xfe",
            b"[NaN]",
            b"[Infinity]",
            b"[-Infinity]",
            b"[1e9999999999999999999]",
            b"9" * 5000,
            b"[" * 100_000,
            b'{"a":1}x',
            b'"\xe5\x80"',
        ],
    )
    def test_the_error_for_invalid_json_does_not_quote_it(self, body):
        with pytest.raises(CodecError) as caught:
            JSON.decode(body)

        assert body.decode("latin-1") not in str(caught.value)

    @given(st.binary())
    def test_any_bytes_decode_or_raise_codec_error(self, body):
        try:
            JSON.decode(body)
            FORM.decode(body)
        except CodecError:
            pass


class TestForms:
    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
        )
    )
    def test_an_encoded_value_is_decoded_unchanged(self, value):
        assert FORM.decode(FORM.encode(value)) == value

    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
        )
    )
    def test_an_encoded_value_is_that_of_the_standard_library(self, value):
        assert FORM.encode(value) == urlencode(value).encode()

    def test_every_character_of_ASCII_is_written_as_the_standard_library_does(self):
        value = {chr(code): chr(code) for code in range(128)}

        assert FORM.encode(value) == urlencode(value).encode()

    def test_other_types_are_written_as_the_standard_library_does(self):
        assert FORM.encode({"a": "b c", "number": 5, "bytes": b"\xff"}) == b"a=b+c&number=5&bytes=%FF"

    @pytest.mark.parametrize("value", [{"a": "\ud800"}, {"\ud800": "a"}, {"a": 1, "b": "\ud800"}])
    def test_a_lone_surrogate_raises(self, value):
        with pytest.raises(CodecError):
            FORM.encode(value)

    @pytest.mark.parametrize("body", ["值".encode(), b"a=%FF"])
    def test_an_invalid_form_raises(self, body):
        with pytest.raises(CodecError, match="not a form"):
            FORM.decode(body)
