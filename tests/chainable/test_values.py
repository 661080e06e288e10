"""Values written as texts and files, in the forms that platforms differ in."""

from __future__ import annotations

import io
import json
import os
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from chainable.errors import CodecError
from chainable.multipart import FilePart
from chainable.times import BEIJING
from chainable.values import write_values

MORNING = datetime(2026, 1, 1, 10, tzinfo=BEIJING)


def one(value, form=None, **options):
    """The text of one parameter named x; None if it is not sent."""
    texts, files = write_values({"x": value}, forms={"x": form} if form else {}, **options)
    assert not files
    return texts.get("x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("值 ", "值 "),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 1, 2, tzinfo=timezone.utc), "2026-01-01 10:00:00"),
        ({"a": [1, None], "at": MORNING, "no": None, "yes": True}, '{"a":[1],"at":"2026-01-01 10:00:00","yes":true}'),
        (OrderedDict(a=1), '{"a":1}'),
        (["a", 1], '["a",1]'),
        ([{"a": 1}], '[{"a":1}]'),
    ],
)
def test_each_type_has_one_form(value, text):
    assert one(value) == text


class Number(int):
    """A subclass, as those of enumerations."""


class Text(str):
    """Likewise."""

    __slots__ = ()

    def __str__(self):
        return "other"


def test_subclasses_are_written_as_their_bases():
    assert one(Number(5)) == "5"
    assert one(Text("a")) == "a"
    assert one([Text("a"), Number(5)], lists="comma") == "a,5"


@pytest.mark.parametrize("value", [None, "", "  ", [], (), {}])
def test_nothing_is_not_sent(value):
    assert one(value) is None


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_file_without_a_path_is_not_sent(value):
    assert one(value, "file") is None


class TestLists:
    def test_a_platform_may_join_elements_with_commas(self):
        assert one(["a", None, 1, True], lists="comma") == "a,1,true"
        assert one([], lists="comma") is None

    @pytest.mark.parametrize("value", [[{"a": 1}], [["a"]]])
    def test_elements_that_are_not_plain_make_it_json(self, value):
        assert one(value, lists="comma") == json.dumps(value, separators=(",", ":"))

    def test_single_parameters_may_differ(self):
        texts, _ = write_values({"a": [1, 2], "b": [1, 2]}, lists="comma", forms={"b": "json"})
        assert texts == {"a": "1,2", "b": "[1,2]"}
        assert one([1, 2], "comma") == "1,2"

    def test_a_comma_inside_an_element_is_refused(self):
        with pytest.raises(CodecError, match=r"x\[1\] contains a comma"):
            one(["a", "b,c"], lists="comma")


class TestStyles:
    def test_booleans_have_the_platforms_texts_outside_of_json(self):
        assert one(True, booleans=("0", "1")) == "1"
        assert one(False, booleans=("0", "1")) == "0"
        assert one({"a": True}, booleans=("0", "1")) == '{"a":true}'

    def test_moments_have_the_platforms_text_everywhere(self):
        def compact(moment):
            return f"{moment:%Y%m%d%H%M%S}000{moment:%z}"

        assert one(MORNING, moment=compact) == "20260101100000000+0800"
        assert one({"at": [MORNING]}, moment=compact) == '{"at":["20260101100000000+0800"]}'


class TestFiles:
    @pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc"), io.BytesIO(b"abc")])
    def test_bytes_and_open_files_are_files(self, value):
        assert write_values({"x": value}) == ({}, {"x": FilePart("x", b"abc")})

    def test_a_path_and_a_pair_are_files(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"abc")
        expected = ({}, {"x": FilePart("a.png", b"abc")})

        assert write_values({"x": tmp_path / "a.png"}) == expected
        assert write_values({"x": ("a.png", b"abc")}) == expected
        assert write_values({"x": os.fspath(tmp_path / "a.png")}, forms={"x": "file"}) == expected
        assert write_values({"x": ("", b"abc")})[1]["x"].name == "x"

    def test_a_pair_of_texts_is_a_list(self):
        assert one(("a", "b")) == '["a","b"]'

    @pytest.mark.parametrize("value", [5, True, {"a": 1}])
    def test_other_values_for_a_file_are_refused(self, value):
        with pytest.raises(TypeError, match="x is a file: pass bytes"):
            one(value, "file")

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (b"", "x has no bytes"),
            (("\udcff.png", b"a"), "x: the file's name is not UTF-8"),
            ({"a": b"x"}, r"x\.a: a file has to be a parameter of its own"),
            ({"a": io.BytesIO(b"x")}, r"x\.a: a file has to be a parameter of its own"),
        ],
    )
    def test_a_file_that_cannot_be_sent_is_refused(self, value, message):
        with pytest.raises(CodecError, match=message):
            one(value)

    def test_a_name_outside_ascii_is_sent(self):
        assert write_values({"x": ("图.png", b"a")})[1]["x"].name == "图.png"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0.5, TypeError, "x: a float is not exact"),
        ([0.5], TypeError, r"x\[0\]: a float is not exact"),
        (object(), TypeError, "x: a object cannot be written"),
        (datetime(2026, 1, 1), TypeError, "x: the datetime has no time zone"),
        ({"a": datetime(2026, 1, 1)}, TypeError, r"x\.a: the datetime has no time zone"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), CodecError, "x: in Beijing time, the year 9999"),
        (Decimal("NaN"), CodecError, "x: NaN is not a number"),
        ("\ud800", CodecError, "x: the text has a lone surrogate"),
    ],
)
def test_a_value_without_an_exact_form_names_its_location(value, error, message):
    with pytest.raises(error, match=message):
        one(value)


def test_a_value_that_contains_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(CodecError, match="x: the value contains itself"):
        one(value)


@pytest.mark.parametrize(("name", "message"), [("", "needs a name"), (" ", "needs a name"), ("\ud800", "surrogate")])
def test_a_name_that_cannot_be_sent_is_refused(name, message):
    with pytest.raises(CodecError, match=message):
        write_values({name: "x"})


def test_a_dotted_name_is_sent():
    assert write_values({"a.b": "x"}) == ({"a.b": "x"}, {})
