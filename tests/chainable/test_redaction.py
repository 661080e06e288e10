"""Redaction of secrets in text, in all their encodings."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.masking import Secret
from chainable.redaction import encodings, redact_named, redact_values

ODD = "SES/pla nted+==&<é\"'\\支付"


@pytest.mark.parametrize(
    "written",
    [
        str,
        quote,
        quote_plus,
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        lambda text: urlencode({"a": text}),
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        escape,
        repr,
        lambda text: escape(text, {'"': "&quot;", "'": "&apos;"}),
    ],
)
def test_every_encoding_of_a_value_is_redacted(written):
    text = f"before {written(ODD)} behind"

    assert "pla" not in redact_values(text, [ODD], "***")
    assert "pla" not in redact_values(text, [Secret(f" {ODD}\n")], "***")
    assert quoteattr(ODD)


@given(st.text(min_size=4))
def test_any_value_is_redacted_in_all_its_encodings(value):
    for spelling in encodings(value):
        assert spelling
    if value.strip():
        assert (
            redact_values(quote(value, safe="", errors="replace"), [value], "") in {"", "%20"}
            or not value.isprintable()
        )


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://a/?method=m&session=PLANTED&b=1", "https://a/?method=m&session=***&b=1"),
        ("Session=PLANTED", "Session=***"),
        ("a=1\nrefresh_token=PLANTED\nb=2", "a=1\nrefresh_token=***\nb=2"),
        ('{"access_token": "PLA\\"NTED", "a": "1"}', '{"access_token": "***", "a": "1"}'),
        ('{"r": "{\\"access_token\\":\\"PLANTED\\"}"}', '{"r": "{\\"access_token\\":\\"***\\"}"}'),
        ('{"app_secret":"PLANT', '{"app_secret":"***'),
        ("<x><session>PLANTED</session><a>1</a></x>", "<x><session>***</session><a>1</a></x>"),
        ("<session><![CDATA[PLANTED]]></session>", "<session><![CDATA[***]]></session>"),
        ("user_password=PLANTED&a=1", "user_password=***&a=1"),
        ("nothing to hide=1", "nothing to hide=1"),
    ],
)
def test_values_of_secret_names_are_redacted(text, clean):
    assert redact_named(text, "***") == clean


def test_other_names_can_be_passed():
    assert redact_named('{"openid":"PERSON"}', "***", "openid") == '{"openid":"***"}'
