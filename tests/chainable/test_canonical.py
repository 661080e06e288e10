"""Base64 has one spelling here."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.canonical import from_base64


@given(st.binary(max_size=300))
def test_what_was_encoded_is_decoded(value):
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
def test_every_other_spelling_is_refused(text):
    """Stray bits, characters and padding, text behind the end, the other alphabet."""
    with pytest.raises(ValueError):
        from_base64(text)


@given(st.text(alphabet="ABCZabcz019+/=\n -_", max_size=12))
def test_no_two_texts_are_one_value(text):
    try:
        value = from_base64(text)
    except ValueError:
        return
    assert base64.b64encode(value).decode() == text
