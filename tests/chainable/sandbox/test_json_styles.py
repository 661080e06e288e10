"""Other spellings of a JSON text."""

from __future__ import annotations

import pytest

from chainable.sandbox.json_styles import SPELLINGS, respelled


def test_a_text_is_spelled_with_blanks_escapes_and_sorted_members():
    found = respelled('{"b": "中/", "a": 1}')

    assert len(found) == SPELLINGS
    assert '{"b":"中/","a":1}' in found
    assert '{"a": 1, "b": "\\u4e2d\\/"}' in found


@pytest.mark.parametrize("text", ["no json", b"\xff", "[" * 100_000])
def test_a_text_that_is_not_json_has_no_other_spelling(text):
    assert respelled(text) == []
