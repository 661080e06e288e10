"""The three formats of a response."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from taobao_top.sandbox.response_encoding import ERROR_ROOT, Many, as_json, as_xml, root

MEMBERS = {
    "total": 2,
    "ok": True,
    "off": False,
    "name": "<中&文>",
    "trades": Many("trade", [{"tid": 4200000000000000001, "orders": Many("order", [])}, {"tid": 2}]),
    "ids": Many("string", ["a", "b"]),
    "none": Many("string", []),
}


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("taobao.item.seller.get", "item_seller_get_response"),
        ("alibaba.finance.insurance.createorder", "alibaba_finance_insurance_createorder_response"),
        ("tmall.item.get", "tmall_item_get_response"),
        ("taobaox.item.get", "taobaox_item_get_response"),
    ],
)
def test_the_root_is_named_after_the_method(method, name):
    assert root(method) == name


def test_JSON_wraps_lists_in_their_element_names():
    text = as_json("x_response", MEMBERS).decode()
    assert '"tid":4200000000000000001' in text
    assert json.loads(text)["x_response"] == {
        "total": 2,
        "ok": True,
        "off": False,
        "name": "<中&文>",
        "trades": {"trade": [{"tid": 4200000000000000001}, {"tid": 2}]},
        "ids": {"string": ["a", "b"]},
    }


def test_simplified_JSON_has_plain_lists_and_a_root_only_for_errors_and_batches():
    simple = json.loads(as_json("x_response", MEMBERS, simplify=True))
    assert simple["trades"] == [{"tid": 4200000000000000001}, {"tid": 2}]
    assert simple["ids"] == ["a", "b"]
    assert list(json.loads(as_json("x_response", MEMBERS, simplify=True, rooted=True))) == ["x_response"]
    assert list(json.loads(as_json(ERROR_ROOT, {"code": 1}, simplify=True))) == [ERROR_ROOT]


def test_XML_escapes_texts_and_replaces_forbidden_characters():
    tree = ET.fromstring(as_xml("x_response", MEMBERS | {"control": "a\x01b\tc"}))
    assert tree.tag == "x_response"
    assert tree.findtext("ok") == "true"
    assert tree.findtext("off") == "false"
    assert tree.findtext("name") == "<中&文>"
    assert [tid.text for tid in tree.findall("trades/trade/tid")] == ["4200000000000000001", "2"]
    assert [text.text for text in tree.findall("ids/string")] == ["a", "b"]
    assert tree.find("none") is None
    assert tree.findtext("control") == "a\ufffdb\tc"
