"""Responses made up from the catalogue."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from taobao_top import catalogue
from taobao_top.catalogue import Param
from taobao_top.sandbox import fake_data
from taobao_top.sandbox.response_encoding import Many, as_json, as_xml, root

TYPES = {"Number": int, "Boolean": bool, "String": str, "Date": str, "Price": str, "BigDecimal": str, "Json": str}


def _fits(param, value):
    if param.list:
        assert isinstance(value, Many)
        for element in value.values:
            _fits(SimpleNamespace(list=False, fields=param.fields, type=param.type, name=param.name), element)
    elif param.fields:
        assert isinstance(value, dict)
        for field in param.fields:
            if field.name in value:
                _fits(field, value[field.name])
    elif param.type in TYPES:
        assert isinstance(value, (TYPES[param.type], float) if param.type == "Number" else TYPES[param.type]), param
        assert value != ""


def test_every_response_has_the_types_of_the_catalogue_in_every_format():
    for name in catalogue.methods():
        method = catalogue.method(name)
        members = fake_data.answer(method, {})
        for param in method.response:
            if param.name in members:
                _fits(param, members[param.name])
        assert json.loads(as_json(root(name), members))
        assert json.loads(as_json(root(name), members, simplify=True)) is not None
        assert ET.fromstring(as_xml(root(name), members)).tag == root(name)


def test_no_response_says_that_the_business_failed():
    for name in catalogue.methods():
        members = fake_data.answer(catalogue.method(name), {})
        assert members.get("is_success", True) is not False
        assert members.get("success", True) is not False
        assert not {"error_code", "error_msg", "sub_code", "fail_code"} & members.keys()


@pytest.mark.parametrize(
    ("kind", "item"),
    [("String", "string"), ("Number", "number"), ("Trade", "trade"), ("ItemImg", "item_img"),
     ("PublisherOrderDto", "publisher_order_dto"), ("byte[]", "byte"), ("ADGroup", "a_d_group"),
     ("OrderDetailCursorTopDTO", "order_detail_cursor_top_d_t_o"), ("QrcodeDO", "qrcode_d_o")],
)  # fmt: skip
def test_the_elements_of_a_list_are_named_after_their_type_with_an_underscore_before_every_capital(kind, item):
    """https://open.taobao.com/api.htm?docId=70581&docType=2, and [XmlArrayItem] of the official .NET SDK."""
    assert catalogue.item_name(kind) == item


def test_the_lists_of_a_product_of_aliexpress_have_the_platforms_names():
    """Clients read ``ae_item_sku_info_dtos.ae_item_sku_info_d_t_o[].ae_sku_property_dtos.ae_sku_property_d_t_o``."""
    (sku, _) = fake_data.answer(catalogue.method("aliexpress.ds.product.get"), {})["result"][
        "ae_item_sku_info_dtos"
    ].values

    assert sku["ae_sku_property_dtos"].item == "ae_sku_property_d_t_o"


class Known:
    """A method of the catalogue."""

    def __init__(self, response):
        self.name = "a.b"
        self.response = response


def _answered(*response, **asked):
    return fake_data.answer(Known(response), asked)


def test_values_follow_the_names_and_examples_of_members():
    found = _answered(
        Param(name="tid", type="Number"),
        Param(name="num", type="Number"),
        Param(name="code", type="Number"),
        Param(name="price", type="Number"),
        Param(name="total_results", type="Number"),
        Param(name="exact", type="Number", example="17"),
        Param(name="odd", type="Number", example="many"),
        Param(name="has_next", type="Boolean"),
        Param(name="is_success", type="Boolean"),
        Param(name="order_id"),
        Param(name="post_fee"),
        Param(name="result_code"),
        Param(name="result_msg"),
        Param(name="pic_url"),
        Param(name="created"),
        Param(name="mobile"),
        Param(name="title"),
        Param(name="kept", example="as it is"),
        Param(name="small", type="byte"),
        Param(name="raw", type="byte[]"),
        Param(name="map", type="Map"),
        Param(name="empty", type="Unknown"),
        Param(name="err_msg"),
    )
    assert len(str(found["tid"])) == 18
    assert 1 <= found["num"] <= 100
    assert found["code"] == 0
    assert 0 <= found["price"] < 100_000
    assert found["total_results"] == 2
    assert found["exact"] == 17
    assert isinstance(found["odd"], int)
    assert found["has_next"] is False
    assert found["is_success"] is True
    assert found["order_id"].isdecimal()
    assert float(found["post_fee"]) >= 0
    assert (found["result_code"], found["result_msg"]) == ("SUCCESS", "success")
    assert found["pic_url"].startswith("https://")
    assert found["created"].startswith("2026-")
    assert found["mobile"].startswith("138")
    assert found["title"].startswith("title ")
    assert found["kept"] == "as it is"
    assert 0 <= found["small"] < 10
    assert found["raw"]
    assert json.loads(found["map"])["name"] == "map"
    assert found["empty"] == {}
    assert "err_msg" not in found


def test_parameters_are_repeated_in_members_of_the_same_name():
    item = Param(name="item", type="Item", fields=(Param(name="num_iid", type="Number"), Param(name="nick")))
    assert _answered(item, num_iid="17", nick="n") == {"item": {"num_iid": 17, "nick": "n"}}
    assert _answered(item, num_iid="x")["item"]["num_iid"] == "x"


def test_the_parameter_fields_selects_members():
    trade = Param(name="trade", type="Trade", fields=(Param(name="tid"), Param(name="title"), Param(name="status")))
    trades = Param(name="trades", type="Trade", list=True, fields=trade.fields)
    found = _answered(trade, trades, Param(name="total_results", type="Number"), fields="tid, trade.status")
    assert found["trade"].keys() == {"tid", "status"}
    assert all(one.keys() == {"tid", "status"} for one in found["trades"].values)
    assert found["total_results"] == 2
    assert _answered(trade, fields="nothing.known")["trade"].keys() == {"tid", "title", "status"}


def test_pages_after_the_first_are_empty():
    things = Param(name="things", type="String", list=True)
    assert len(_answered(things, page_no="1")["things"].values) == 2
    assert _answered(things, page_no="2")["things"].values == []
