"""Nothing that a sandbox was given can end a header field."""

from __future__ import annotations

import pytest

from chainable.sandbox.header_values import header_lines, header_value, location

BAD = ["a\r\nX: 1", "a\nb", "a\rb", "a\x00b", "a\x7f", "a\x85b", "a\u2028b", "中文", "\ud800", "é", "a\tb"]


@pytest.mark.parametrize("text", BAD)
def test_values_are_one_line_of_ascii(text):
    for made in (header_value(text), location(text)):
        assert made.isascii()
        assert made.isprintable()


def test_usual_values_stay():
    assert header_value('attachment; filename="a b.csv"') == 'attachment; filename="a b.csv"'
    url = "https://a.example/b%20c?d=e&f=[g]#h"
    assert location(url) == url


def test_what_is_encoded():
    assert header_value("店 1\r\n") == "%E5%BA%97 1%0D%0A"
    assert location("https://a/\r\nX: 1") == "https://a/%0D%0AX:%201"
    assert location('https://a/"<b>\\') == "https://a/%22%3Cb%3E%5C"


def test_lines_of_fields_have_encoded_values():
    assert header_lines((("A", "x y"), ("B", ""))) == ["A: x y", "B: "]
    assert header_lines((("A", "x"), ("B", "中\r\nC: d"))) == ["A: x", "B: %E4%B8%AD%0D%0AC: d"]
    assert header_lines(()) == []
