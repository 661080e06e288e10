"""The replies to calls of the platform."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError
from taobao_top.spi import accept, reject


def test_accept_replies_success_with_the_given_members():
    reply = accept({"stock": 5, "名": "中"})

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json;charset=utf-8"
    assert json.loads(reply.body) == {"flag": "success", "stock": 5, "名": "中"}
    assert json.loads(accept().body) == {"flag": "success"}


def test_accept_replies_in_the_XML_of_qimen():
    reply = accept({"code": 0, "message": "a<b"}, xml=True)

    assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert reply.body == (
        b'<?xml version="1.0" encoding="utf-8"?>'
        b"<response><flag>success</flag><code>0</code><message>a&lt;b</message></response>"
    )


def test_Decimals_are_exact_and_times_in_Beijing_and_None_is_left_out():
    members = {
        "price": Decimal("10.00"),
        "at": datetime(2026, 1, 1, 4, tzinfo=timezone.utc),
        "day": date(2026, 1, 1),
        "ok": True,
        "none": None,
        "ratio": 0.5,
        "text": "a<&>\x01b",
        "items": [{"sku": 1, "off": False}, {"sku": 2, "none": None}],
        "nested": {"a": {"b": "c"}},
    }

    assert json.loads(accept(members).body) == {
        "flag": "success",
        "price": 10.0,
        "at": "2026-01-01 12:00:00",
        "day": "2026-01-01",
        "ok": True,
        "ratio": 0.5,
        "text": "a<&>\x01b",
        "items": [{"sku": 1, "off": False}, {"sku": 2}],
        "nested": {"a": {"b": "c"}},
    }
    assert b'"price":10.00' in accept(members).body
    root = ET.fromstring(accept(members, xml=True).body)
    assert {child.tag: child.text for child in root if not len(child)} == {
        "flag": "success",
        "price": "10.00",
        "at": "2026-01-01 12:00:00",
        "day": "2026-01-01",
        "ok": "true",
        "ratio": "0.5",
        "text": "a<&>b",
    }
    assert [(item.findtext("sku"), item.findtext("off"), item.find("none")) for item in root.findall("items")] == [
        ("1", "false", None),
        ("2", None, None),
    ]
    assert root.findtext("nested/a/b") == "c"


@pytest.mark.parametrize("xml", [False, True])
@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        ({"a": object()}, CodecError, "a: JSON cannot represent the type object"),
        ({"a": {"b": {1, 2}}}, CodecError, r"a\.b: JSON cannot represent the type set"),
        ({"at": datetime(2026, 1, 1)}, TypeError, "at: the datetime has no time zone"),
        ({"a": {1: 2}}, CodecError, "a: the key 1 is not a str"),
        ({"a": float("nan")}, CodecError, "a: nan is not a JSON number"),
        ({"a": "\ud800"}, CodecError, "surrogate"),
    ],
)
def test_a_value_without_a_form_is_refused_with_its_location(members, error, words, xml):
    with pytest.raises(error, match=words):
        accept(members, xml=xml)


@pytest.mark.parametrize("name", ["a b", "<a>", "1a", "", "a/", "\u00b9", "\ud800", "a\n"])
def test_a_name_that_XML_does_not_allow_is_refused(name):
    with pytest.raises(CodecError, match="not a name in XML|surrogate"):
        accept({"x": [{name: 1}]}, xml=True)


WORDS = st.text("aZ1_-.:\u00b9\u00e9\u4e2d\u0300\U0001f511<&>\"'\x00\x1f\n\r\ufffe ")
SCALARS = st.none() | st.booleans() | st.integers() | st.decimals(-99999, 99999, places=2) | WORDS


MEMBERS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner), max_leaves=6)


@given(st.dictionaries(WORDS, MEMBERS, max_size=4))
def test_any_reply_is_well_formed_or_refused(members):
    assert json.loads(accept(members).body)["flag"]
    try:
        body = accept(members, xml=True).body
    except CodecError:
        return
    assert ET.fromstring(body).tag == "response"


def test_reject_replies_failure_with_the_code_of_the_platform():
    assert json.loads(reject().body) == {
        "flag": "failure",
        "sub_code": "sign-check-failure",
        "sub_message": "Illegal request",
    }
    assert (
        b"<flag>failure</flag><code>no-stock</code><message>m</message>" in reject("m", code="no-stock", xml=True).body
    )


@pytest.mark.parametrize("members", [False, True, 0, "", "text", [], [1]])
def test_a_result_that_is_not_a_mapping_is_not_a_success(members):
    with pytest.raises(TypeError, match="a mapping of members was expected"):
        accept(members)
