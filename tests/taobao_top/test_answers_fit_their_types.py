"""
What the client reads of every method's answer is what its TypedDict says.

The answers are the sandbox's, made from the catalogue and written in its own
JSON and XML; the client reads them, and a small checker compares the values
with the annotations.  No method is left out.
"""

from __future__ import annotations

import importlib
import re
import types
from functools import cache
from typing import Any, Union, get_args, get_origin

import pytest
from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

from taobao_top import catalogue
from taobao_top.request import RequestSpec
from taobao_top.response import TopResponse
from taobao_top.response_shapes import shape_of
from taobao_top.sandbox import fake_data
from taobao_top.sandbox.response_encoding import as_json, as_xml, root

NAMES = list(catalogue.methods())


def camel(*names):
    words = [word for name in names for word in re.split("[^A-Za-z0-9]+", name) if word]
    return "".join(word[0].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words)


def declared(name):
    """Return the TypedDict of a method's answer."""
    first, second, *rest = name.split(".")
    spelled = [part.replace("-", "_") for part in (first, second)]
    module = importlib.import_module(
        ".".join(
            ["taobao_top.types", *(f"{part}_" if part in {"global", "import", "return"} else part for part in spelled)]
        )
    )
    base = camel(*(rest or [second]))
    return getattr(module, f"{base if base[0].isalpha() else f'N{base}'}Data")


@cache
def hints(kind):
    return get_type_hints(kind, include_extras=True)


def differences(value: Any, kind: Any, place: str) -> list[str]:
    """Return where a value is not of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return []
    if origin in {Required, NotRequired}:
        return differences(value, arguments[0], place)
    if origin in {Union, types.UnionType}:
        found = [differences(value, one, place) for one in arguments]
        # Of the alternatives that do not fit, the nearest one says what is wrong.
        return min(found, key=lambda wrong: (len(wrong), -len(wrong[0]))) if all(found) else []
    if origin is list:
        if not isinstance(value, list):
            return [f"{place}: {type(value).__name__}, not a list"]
        return [found for element in value for found in differences(element, arguments[0], f"{place}[]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{place}: {type(value).__name__}, not a dict"]
        return [
            found for name, member in value.items() for found in differences(member, arguments[1], f"{place}.{name}")
        ]
    if is_typeddict(kind):
        return of_typed_dict(value, kind, place)
    # A bool is an int, and yet no number.
    return [] if type(value) is kind else [f"{place}: {type(value).__name__}, not {kind.__name__}"]


def of_typed_dict(value: Any, kind: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: {type(value).__name__}, not an object"]
    members = hints(kind)
    found = [f"{place}.{name}: missing" for name in kind.__required_keys__ - value.keys()]
    for name, member in value.items():
        if name in members:
            found += differences(member, members[name], f"{place}.{name}")
        elif (place, name) != ("", "request_id"):
            found.append(f"{place}.{name}: unknown")
    return found


def received(top, name, body, **options):
    """Read a body as the client reads the response of a call."""
    spec = RequestSpec(top._settings, name, (), options)
    response = TopResponse()
    response.status_code = 200
    response.method = name
    return spec.read_body(body, response, utf8=True)


class TestTheChecker:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ({"total_results": "1", "trades": {"trade": []}}, [".total_results: str, not int"]),
            ({"total_results": True, "trades": {"trade": []}}, [".total_results: bool, not int"]),
            ({"total_results": 1}, [".trades: missing"]),
            ({"trades": {"trade": {}}}, [".trades.trade: dict, not a list"]),
            ({"trades": []}, []),
            ({"trades": [{"tid": "1"}]}, [".trades[].tid: str, not int"]),
            ({"trades": {"trade": ["x"]}}, [".trades.trade[]: str, not an object"]),
            ({"trades": {"trade": []}, "nonsense": 1}, [".nonsense: unknown"]),
            (
                {"trades": {"trade": [{"orders": {"order": [{"request_id": 1}]}}]}},
                [".trades.trade[].orders.order[].request_id: unknown"],
            ),
            ([], [": list, not an object"]),
        ],
    )
    def test_finds_what_is_wrong(self, value, found):
        assert differences(value, declared("taobao.trades.sold.get"), "") == found


LATER = {"page_no": "2", "page": "2", "current_page": "2"}


@pytest.mark.parametrize(
    ("form", "simplify", "asked"),
    [
        ("json", False, {}),
        ("json", True, {}),
        ("xml", False, {}),
        ("xml", True, LATER),
        ("json", False, LATER),
    ],
)
def test_every_answer_fits(top, form, simplify, asked):
    """Of the first page, and of a page after the last, which has no elements."""
    found = {}
    for name in NAMES:
        members = fake_data.answer(catalogue.method(name), asked) | {"request_id": "r1"}
        body = as_xml(root(name), members) if form == "xml" else as_json(root(name), members, simplify=simplify)
        data = received(top, name, body, simplify=simplify, format=form)
        wrong = differences(data, declared(name), "")
        if wrong:
            found[name] = wrong

    assert not found
    assert len(NAMES) > 5300


@pytest.mark.parametrize("simplify", [False, True])
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("under", ["response", None])
def test_every_answer_of_qimen_fits_at_both_gateways_however_its_lists_are_written(top, form, simplify, under):
    """``under``: its root at the gateway of qimen; that of the ordinary gateway holds ``response`` itself."""
    found = {}
    count = 0
    for name in NAMES:
        if not shape_of(name).wrapped:
            continue
        count += 1
        (members,) = fake_data.answer(catalogue.method(name), {}).values()
        for written in (members, single(members), texts(members)):
            content = written if under else {"response": written}
            body = as_xml(under or root(name), content) if form == "xml" else as_json(under or root(name), content)
            wrong = differences(received(top, name, body, simplify=simplify, format=form), declared(name), "")
            if wrong:
                found[name] = wrong

    assert not found
    assert count == 57


def single(value):
    """Write every list as its first element alone, under the element's name."""
    if isinstance(value, dict):
        return {name: single(member) for name, member in value.items()}
    return {value.item: single(value.values[0])} if hasattr(value, "values") else value


def texts(value):
    """Write every number and boolean as text."""
    if isinstance(value, dict):
        return {name: texts(member) for name, member in value.items()}
    if hasattr(value, "values"):
        return type(value)(value.item, [texts(member) for member in value.values])
    return ("false", "true")[value] if isinstance(value, bool) else str(value)
