"""Parameters are validated against the catalogue."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from taobao_top import catalogue
from taobao_top.catalogue import Param
from taobao_top.sandbox import parameter_validation
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.journal import Upload

PLAIN = {
    "Number": "12",
    "BigDecimal": "1.50",
    "Price": "9.90",
    "Boolean": "true",
    "Date": "2026-01-01 10:00:00",
    "Json": "{}",
}
LATER = "2026-01-01 10:05:00"
INSIDE = {"Number": 12, "Boolean": True, "BigDecimal": "1.50", "Price": "9.90", "Date": "2026-01-01"}


def _member(param):
    if param.fields:
        one = {field.name: _member(field) for field in param.fields}
    elif param.example is not None and param.type in {"String", "Number"}:
        one = param.example
    else:
        one = INSIDE.get(param.type, "text")
    return [one] if param.list else one


def _text(param):
    if param.fields:
        return json.dumps(_member(param), ensure_ascii=False)
    one = PLAIN.get(param.type, "text")
    return f"{one},{one}" if param.list and param.type != "Json" else one


def test_every_documented_example_passes():
    for name in catalogue.methods():
        method = catalogue.method(name)
        files = tuple(Upload(p.name, "a.bin", "x/y", b"1") for p in method.params if p.type == "byte[]")
        business = {p.name: _text(p) for p in method.params if p.type != "byte[]"}
        business |= {window.end: LATER for window in (method.limits.windows if method.limits else ())}
        parameter_validation.parameters(method, business, files)
        assert not list(parameter_validation.unknown(method, business, files))


def _method(*params):
    return SimpleNamespace(name="a.b", params=params, limits=None)


OBJECT = Param(
    name="query",
    type="Query",
    required=True,
    fields=(
        Param(name="id", type="Number", required=True),
        Param(name="on", type="Boolean"),
        Param(name="days", type="Date", list=True),
        Param(name="inner", type="Inner", fields=(Param(name="x", required=True),)),
        Param(name="any", type="Map"),
    ),
)
WRONG = {
    "none": ({}, 40, "query"),
    "no JSON": ("{", 41, "query"),
    "NaN": ('{"id": NaN}', 41, "query"),
    "no object": ("[]", 41, "query"),
    "no id": ({"on": True}, 40, "query.id"),
    "id": ({"id": "x"}, 41, "query.id"),
    "id as bool": ({"id": True}, 41, "query.id"),
    "on": ({"id": 1, "on": "TRUE"}, 41, "query.on"),
    "days": ({"id": 1, "days": "2026-01-01"}, 41, "query.days"),
    "day": ({"id": 1, "days": ["2026-01-01", "2026-13-01"]}, 41, "query.days.1"),
    "inner": ({"id": 1, "inner": "x"}, 41, "query.inner"),
    "inner x": ({"id": 1, "inner": {}}, 40, "query.inner.x"),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_mistake_in_an_object_is_refused_with_its_path(why):
    value, code, path = WRONG[why]
    business = {} if why == "none" else {"query": value if isinstance(value, str) else json.dumps(value)}
    with pytest.raises(GatewayError) as refused:
        parameter_validation.parameters(_method(OBJECT), business, ())
    assert refused.value.code == code
    assert refused.value.sub_code == f"isv.{'missing' if code == 40 else 'invalid'}-parameter:{path}"
    assert refused.value.msg.endswith(":" + path)


def test_a_valid_object_is_decoded_and_unknown_members_pass():
    good = {"id": "1", "on": False, "days": ["2026-01-01 00:00:00"], "inner": {"x": "1"}, "any": {"a": [1]}, "more": 1}
    values = parameter_validation.parameters(_method(OBJECT), {"query": json.dumps(good), "other": "1"}, ())
    assert values == {"query": good, "other": "1"}
    assert parameter_validation.parameters(_method(OBJECT), {"query": "{"}, (), inside=False) == {"query": "{"}
    assert list(parameter_validation.unknown(_method(OBJECT), {"other": "1", "query": ""}, ())) == [
        "the catalogue lists no parameter other of a.b: the platform ignores it"
    ]


SCALARS = {
    "number": (Param(name="n", type="Number"), "1e5"),
    "numbers": (Param(name="n", type="Number", list=True), "1,x"),
    "boolean": (Param(name="n", type="Boolean"), "True"),
    "date": (Param(name="n", type="Date"), "2026-01-01T00:00:00"),
    "price": (Param(name="n", type="Price"), "1,00"),
    "json": (Param(name="n", type="Json"), "{x"),
    "list": (Param(name="n", type="Q", list=True, fields=(Param(name="a"),)), "{}"),
    "element": (Param(name="n", type="Q", list=True, fields=(Param(name="a"),)), "[1]"),
    "file as text": (Param(name="n", type="byte[]"), "x"),
}


@pytest.mark.parametrize("why", SCALARS)
def test_a_scalar_of_a_wrong_type_is_refused_with_code_41(why):
    param, text = SCALARS[why]
    with pytest.raises(GatewayError) as refused:
        parameter_validation.parameters(_method(param), {"n": text}, ())
    assert refused.value.code == 41


def test_a_list_is_joined_with_commas_or_JSON():
    numbers = Param(name="n", type="Number", list=True)
    for text in ("1,2", "[1,2]"):
        assert parameter_validation.parameters(_method(numbers), {"n": text}, ()) == {"n": text}


def test_a_required_file_must_be_uploaded():
    file = Param(name="img", type="byte[]", required=True)
    with pytest.raises(GatewayError) as refused:
        parameter_validation.parameters(_method(file), {}, ())
    assert refused.value.sub_code == "isv.missing-parameter:img"
    assert parameter_validation.parameters(_method(file), {}, (Upload("img", "a", "b", b""),)) == {}
