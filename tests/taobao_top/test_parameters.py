"""How each type of value is written, and which values are refused."""

from __future__ import annotations

import enum
import io
import json
import os
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.codecs import format_location
from chainable.errors import CodecError
from chainable.multipart import FilePart
from chainable.times import BEIJING
from taobao_top.parameters import forms_of
from taobao_top.parameters import write as write_forms


def write(parameters, kinds):
    return write_forms(parameters, forms_of(kinds))


def one(value, kind=None):
    """The text of one parameter named x; None if it is not sent."""
    texts, files = write({"x": value}, {"x": kind} if kind else {})
    assert not files
    return texts.get("x")


class Colour(str, enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 7


class TestScalars:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("中文 ", "中文 "),
            (Colour.RED, "red"),
            (0, "0"),
            (123456789012345678901, "123456789012345678901"),
            (Size.BIG, "7"),
            (True, "true"),
            (False, "false"),
            (Decimal("10.00"), "10.00"),
            (Decimal("1E+3"), "1000"),
            (date(2026, 1, 2), "2026-01-02"),
            (datetime(2026, 1, 1, 10, tzinfo=BEIJING), "2026-01-01 10:00:00"),
            (datetime(2026, 1, 1, 23, tzinfo=timezone.utc), "2026-01-02 07:00:00"),
            (datetime(999, 1, 1, tzinfo=BEIJING), "0999-01-01 00:00:00"),
        ],
    )
    def test_each_scalar_is_written_in_one_form(self, value, text):
        assert one(value) == text
        assert one(value, "String") == text

    @pytest.mark.parametrize("value", [None, "", "  ", "\t\n", [], (), {}, [None]])
    def test_None_and_blank_values_are_not_sent(self, value):
        assert one(value) is None

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (0.1, TypeError, "x: a float is not exact; pass a Decimal or text"),
            (datetime(2026, 1, 1), TypeError, r"x: the datetime has no time zone: .*chainable\.BEIJING"),
            (Decimal("NaN"), CodecError, "x: NaN is not a number"),
            (Decimal("1E+999999999"), CodecError, "x: the exponent 999999999 is too large"),
            ([Decimal("1E-999999")], CodecError, r"x\[0\]: the exponent -999999 is too large"),
            ({"a": Decimal("1E+999999")}, CodecError, r"x\.a: the exponent 999999 is too large"),
            ({"a", "b"}, TypeError, "x: a set cannot be written"),
            (object(), TypeError, "x: a object cannot be written"),
            ("\ud800", CodecError, "x: the text has a lone surrogate"),
            (["a,b"], CodecError, r"x\[0\] contains a comma"),
            (["a", 0.5], TypeError, r"x\[1\]: a float"),
            ([b"x"], TypeError, r"x\[0\]: a bytes cannot be written"),
            (
                datetime.max.replace(tzinfo=timezone.utc),
                CodecError,
                "x: in Beijing time, the year 9999 is out of the range",
            ),
            (
                {"a": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))},
                CodecError,
                r"x\.a: in Beijing time, the year 1 is out",
            ),
        ],
    )
    def test_a_value_without_an_exact_form_is_refused_with_its_location(self, value, error, message):
        with pytest.raises(error, match=message):
            one(value)

    def test_text_for_a_file_parameter_is_a_path(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(b"abc")

        assert write({"x": str(tmp_path / "a.jpg")}, {"x": "byte[]"}) == ({}, {"x": FilePart("a.jpg", b"abc")})
        assert write({"x": "a.jpg"}, {"x": "String"}) == write({"x": "a.jpg"}, {}) == ({"x": "a.jpg"}, {})

    @pytest.mark.parametrize("given", ["none/image.jpg", ".", "a\0b", "data:image/png;base64,AAAA"])
    def test_a_path_that_cannot_be_read_is_refused(self, given):
        with pytest.raises(CodecError, match="x: .*(cannot be read|is no file)|base64"):
            one(given, "byte[]")

    @pytest.mark.parametrize("value", [5, True, {"a": 1}, [1, 2], ["a.png"], [b"x"], Decimal(1), date(2026, 1, 1)])
    def test_other_types_for_a_file_parameter_are_refused(self, value):
        with pytest.raises(TypeError, match=r"x is a file: pass bytes"):
            one(value, "byte[]")

    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_an_empty_file_parameter_is_not_sent(self, value):
        assert one(value, "byte[]") is None

    @pytest.mark.parametrize(("name", "words"), [("", "needs a name"), (" ", "needs a name"), ("\ud800", "surrogate")])
    def test_a_parameter_needs_a_name_that_can_be_sent(self, name, words):
        with pytest.raises(CodecError, match=words):
            write({name: "x"}, {})
        with pytest.raises(CodecError, match=words):
            write({name: 1}, {})


class TestLists:
    @pytest.mark.parametrize("kind", [None, "String", "String[]", "Number[]", "Date"])
    def test_plain_elements_are_joined_with_commas(self, kind):
        assert one(["a", 1, True, Decimal("2.50"), None], kind) == "a,1,true,2.50"
        assert one(("a", "b"), kind) == "a,b"

    @pytest.mark.parametrize("kind", ["Json", "object", "object[]"])
    def test_lists_of_objects_and_of_Json_are_written_as_JSON(self, kind):
        assert one(["a", 1], kind) == '["a",1]'

    def test_a_list_with_a_mapping_or_a_list_is_written_as_JSON(self):
        assert one([{"a": 1}, {"b": None}]) == '[{"a":1},{}]'
        assert one(["a", ["b"]]) == '["a",["b"]]'


class TestObjects:
    def test_the_order_of_the_official_page_is_written_as_JSON(self):
        text = one(
            {
                "order_id": "实例值",
                "effective_time": datetime(2026, 1, 1, 2, tzinfo=timezone.utc),
                "day": date(2026, 1, 1),
                "policy_list": [{"is_renew_policy": False, "fee_amount": Decimal("10.00"), "plan": None}],
                "attributes": '{"spm":"xxx"}',
                "colour": Colour.RED,
            },
            "object",
        )

        assert text == (
            '{"order_id":"实例值","effective_time":"2026-01-01 10:00:00","day":"2026-01-01",'
            '"policy_list":[{"is_renew_policy":false,"fee_amount":10.00}],"attributes":"{\\"spm\\":\\"xxx\\"}",'
            '"colour":"red"}'
        )

    @pytest.mark.parametrize("value", [OrderedDict(a=1), MappingProxyType({"a": 1})])
    def test_any_mapping_is_an_object(self, value):
        assert one(value) == '{"a":1}'

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            ({"a": [{"b": 0.1}]}, TypeError, r"x\.a\[0\]\.b: a float is not exact"),
            ({"a": datetime(2026, 1, 1)}, TypeError, r"x\.a: the datetime has no time zone: .*chainable\.BEIJING"),
            ({"a": Decimal("Infinity")}, CodecError, r"x\.a: Infinity"),
            ({"a": b"x"}, CodecError, r"x\.a: a file has to be a parameter of its own"),
            ({"a": io.BytesIO()}, CodecError, r"x\.a: a file"),
            ({1: "x"}, CodecError, "x: the key 1 is not a str"),
            ({"a": object()}, CodecError, r"x\.a: JSON cannot represent the type object"),
            ({"a": "\ud800"}, CodecError, "x: the text has a lone surrogate"),
        ],
    )
    def test_a_nested_mistake_is_named_with_its_location(self, value, error, message):
        with pytest.raises(error, match=message):
            one(value)

    def test_a_value_that_contains_itself_is_refused(self):
        value = {}
        value["x"] = value

        with pytest.raises(CodecError, match="x: the value contains itself"):
            one(value)

    def test_the_callers_values_are_not_changed(self):
        value = {"a": None, "b": [None, {"c": None}]}

        one(value)

        assert value == {"a": None, "b": [None, {"c": None}]}


class TestFiles:
    def file(self, value, kind=None):
        texts, files = write({"image": value}, {"image": kind} if kind else {})
        assert not texts
        return files["image"]

    @pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc"), io.BytesIO(b"abc")])
    def test_bytes_are_named_like_their_parameter(self, value):
        assert self.file(value, "byte[]") == FilePart("image", b"abc")

    def test_a_path_gives_its_content_name_and_media_type(self, tmp_path):
        (tmp_path / "图.png").write_bytes(b"\x89PNG")

        part = self.file(tmp_path / "图.png")

        assert part == FilePart("图.png", b"\x89PNG")
        assert part.content_type == "image/png"

    def test_an_open_file_is_read_and_stays_open(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"abc")

        with (tmp_path / "a.bin").open("rb") as file:
            part = self.file(file)
            assert not file.closed

        assert part == FilePart("a.bin", b"abc")
        assert part.content_type == "application/octet-stream"

    def test_a_file_without_a_name_is_named_like_its_parameter(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"abc")

        with os.fdopen(os.open(tmp_path / "a.bin", os.O_RDONLY), "rb") as file:
            assert self.file(file).name == "image"

    def test_a_pair_is_a_file_with_that_name(self):
        assert self.file(("a.png", b"abc")) == FilePart("a.png", b"abc")

    def test_an_empty_file_name_becomes_the_parameters(self):
        assert write({"img": ("", b"abc")}, {})[1]["img"].name == "img"

    def test_a_file_name_that_is_not_UTF_8_is_refused_with_the_fix(self):
        name = "中文.png".encode("gbk").decode(errors="surrogateescape")
        opened = io.BytesIO(b"abc")
        opened.name = f"/tmp/{name}"

        for file in (opened, (name, b"abc")):
            with pytest.raises(CodecError, match=r"image: the file's name is not UTF-8: pass \('name', file\)"):
                self.file(file)

    def test_a_file_opened_as_text_is_refused(self, tmp_path):
        (tmp_path / "a.txt").write_text("abc")

        with (tmp_path / "a.txt").open() as file, pytest.raises(TypeError, match="image: the file is open as text"):
            self.file(file)

    def test_a_missing_file_raises_the_systems_error(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            self.file(tmp_path / "none")

    def test_an_empty_file_is_refused(self, tmp_path):
        """A stream that was read before, mostly: the platform would get nothing."""
        (tmp_path / "a.jpg").write_bytes(b"")
        read = io.BytesIO(b"abc")
        read.read()

        for value, words in ((b"", "takes an empty file"), (tmp_path / "a.jpg", "an empty file"), (read, "at its end")):
            with pytest.raises(CodecError, match=f"image has no bytes: .*{words}"):
                self.file(value)

    def test_a_file_is_read_again_by_the_next_call(self):
        opened = io.BytesIO(b"abc")

        assert self.file(opened) == self.file(opened)
        assert opened.tell() == 0


JSON_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON_VALUES, min_size=1))
def test_objects_are_decoded_to_what_was_given(value):
    assert json.loads(one(value)) == value


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)), st.integers(-12, 14))
def test_a_datetime_in_any_zone_is_written_as_the_same_second(naive, offset):
    moment = naive.replace(tzinfo=timezone(timedelta(hours=offset)))

    written = datetime.strptime(one(moment), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)

    assert written == moment.replace(microsecond=0)


def test_locations_are_written_as_in_Python():
    assert format_location((((None, "a"), 0), "b")) == "a[0].b"


def test_the_types_of_the_catalogue_have_forms():
    kinds = {"a": "String", "b": "Number[]", "c": "Json", "d": "object[]", "e": "byte[]", "f": "byte"}

    assert forms_of(kinds) == {"a": "comma", "b": "comma", "c": "json", "d": "json", "e": "file", "f": "comma"}
