"""Strict base64: one encoding for each value."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.canonical import from_base64


@given(st.binary(max_size=300))
def test_encoded_bytes_are_decoded(value):
    assert from_base64(base64.b64encode(value).decode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "QUI",
        "QUI=AAAA",
        "QUI==",
        "QUI=!!",
        "QU I=",
        "QUI=\n",
        " QUI=",
        "QUJ=",
        "QR==",
        "=QUI",
        "Q",
        "*",
        "密",
        "\udcff",
        "_-8=",
    ],
)
def test_every_other_spelling_raises(text):
    """Stray bits, characters and padding, text after the end, the URL-safe alphabet."""
    with pytest.raises(ValueError):
        from_base64(text)


@given(st.text(alphabet="ABCZabcz019+/=\n -_", max_size=12))
def test_two_texts_never_decode_to_the_same_value(text):
    try:
        value = from_base64(text)
    except ValueError:
        return
    assert base64.b64encode(value).decode() == text
