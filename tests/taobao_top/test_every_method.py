"""Every method of the catalogue can be spelled, written, signed and read."""

from __future__ import annotations

import contextlib
import keyword
from datetime import datetime
from decimal import Decimal

import pytest

from chainable import BEIJING
from chainable.chain import name_of
from chainable.errors import CodecError
from taobao_top import catalogue
from taobao_top.pagination import PageNames
from taobao_top.request import RequestSpec
from taobao_top.response_parsing import read, root_name
from taobao_top.response_shapes import members as members_of
from taobao_top.sandbox import fake_data
from taobao_top.sandbox.response_encoding import as_json, as_xml, root

NAMES = list(catalogue.methods())
VALUES = {
    "String": "中 a&=",
    "Number": 12345678901234567890,
    "Boolean": True,
    "Date": datetime(2026, 1, 1, 10, tzinfo=BEIJING),
    "Price": Decimal("10.00"),
    "BigDecimal": Decimal("0.1"),
    "byte": 1,
    "Json": {"a": [1]},
    "byte[]": b"\x00",
}


def value(kind):
    if kind in VALUES:
        return VALUES[kind]
    plain = kind.removesuffix("[]")
    one = VALUES.get(plain, {"a": {"b": None, "c": [datetime(2026, 1, 1, tzinfo=BEIJING)]}})
    return [one, one] if kind.endswith("[]") else one


def attribute(name):
    return f"{name}_" if keyword.iskeyword(name) else name


def test_attributes_items_and_post_lead_to_the_sent_name(top):
    assert len(NAMES) > 5000
    for name in NAMES:
        chain = top
        for part in name.split("."):
            chain = getattr(chain, attribute(part)) if part.isidentifier() else chain[part]
        assert name_of(chain) == name_of(chain.post) == name_of(top[name].post) == name


def test_every_parameter_is_written_without_refusal_loss_or_collision(top):
    for name in NAMES:
        types = catalogue.method(name).types
        given = {parameter: value(kind) for parameter, kind in types.items()}

        wanted = RequestSpec(top._settings, name, (given,), {})
        call = wanted.call("session")

        files = {parameter for parameter, kind in types.items() if kind == "byte[]"}
        assert set(wanted.texts) == set(types) - files
        assert wanted.texts.items() <= call.parameters.items()
        assert call.parameters["method"] == name
        assert (call.codec is None) == bool(files)


def kinds(value):
    """A value with its types, which == alone would not tell apart."""
    if isinstance(value, dict):
        return {name: kinds(member) for name, member in value.items()}
    return [kinds(member) for member in value] if isinstance(value, list) else (type(value), value)


@pytest.mark.parametrize("simplify", [False, True])
def test_every_response_has_one_shape_and_one_set_of_types_in_JSON_and_XML(simplify):
    for name in NAMES:
        method = catalogue.method(name)
        members = fake_data.answer(method, {}) | {"request_id": "r1"}

        payload = read(as_json(root(name), members, simplify=simplify), None)
        from_json = payload if simplify else payload[root_name(name)]
        typed = members_of(method.response)
        from_xml = read(as_xml(root(name), members), None, typed, simplify=simplify)[root_name(name)]

        assert root(name) == root_name(name)
        assert kinds(from_xml) == kinds(from_json), name


def test_every_method_with_a_page_parameter_has_paging_names(top):
    found = {}
    for name in NAMES:
        with contextlib.suppress(TypeError):
            found[name] = PageNames.of(name)

    assert len(found) > 400
    for name, names in found.items():
        assert (names.page or names.offset or names.cursor).split(".")[0] in catalogue.method(name).types


@pytest.mark.parametrize("kind", ["String[]", "Number[]"])
def test_a_comma_inside_an_element_is_refused(top, kind):
    name, parameter = next(
        (name, parameter)
        for name in NAMES
        for parameter, found in catalogue.method(name).types.items()
        if found == kind
    )

    with pytest.raises(CodecError, match=r"\[1\] contains a comma"):
        RequestSpec(top._settings, name, ({parameter: ["a", "b,c"]},), {})
