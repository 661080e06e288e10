"""Made-up responses in the shape of the catalogue: typed, plausible, the same for the same call."""

from __future__ import annotations

import base64
import functools
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from attrs import evolve

from taobao_top import catalogue
from taobao_top.sandbox.response_encoding import Many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.catalogue import Method, Param

__all__ = ["answer", "only"]

LISTED = 2
"""How many elements a list has."""

PAGE_NAMES = ("page_no", "page", "current_page", "page_index", "page_num", "page_number", "cur_page")

_SENSES = {
    "failure": re.compile(
        r"((^|_)(err|error|fail|failed|failure|errno|exception))|^sub_(code|msg|message)", re.IGNORECASE
    ),
    "more": re.compile(r"^(has_next|has_more|retry|need_retry)$"),
    "success": re.compile(
        r"(^|_)(is_?)?(succ|suc|ok|success|succeed|succeeded|successful|successed|issuccess|matched)(_|$)|isSuccess"
    ),
    "total": re.compile(r"^(total|count|totals?_?(results?|counts?|num|items?|records?|size))$", re.IGNORECASE),
    "identity": re.compile(r"(^|_)(id|iid|tid|oid|cid|uid|sid|no)$|Id$", re.IGNORECASE),
    "money": re.compile(r"(fee|price|payment|amount|cost|discount|money)$", re.IGNORECASE),
    "code": re.compile(
        r"^((biz|msg|message|r|resp|response|result|ret|return|service|state|status)_?)?code$", re.IGNORECASE
    ),
    "message": re.compile(r"(msg|message|desc|info)$|^flag$", re.IGNORECASE),
    "address": re.compile(r"(url|path|link|pic)s?$", re.IGNORECASE),
    "time": re.compile(r"(time|created|modified|date|start|end)$", re.IGNORECASE),
    "mobile": re.compile(r"(mobile|phone|tel)$", re.IGNORECASE),
}
"""Values by the member's name; the first pattern that matches applies."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")


def answer(method: Method, business: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the members of a method's answer, without ``request_id``.

    Members that repeat a parameter's name repeat its value; ``fields`` picks
    members as the platform does; pages after the first are empty.
    """
    return _answer(method, tuple(sorted(business.items())))


@functools.lru_cache(maxsize=64)
def _answer(method: Method, business: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    asked = dict(business)
    seed = zlib.crc32(repr((method.name, business)).encode())
    later = any(asked.get(name, "1") not in {"0", "1"} for name in PAGE_NAMES)
    response = _pruned(method.response, _wanted(asked["fields"])) if "fields" in asked else method.response
    qimen = len(response) == 1 and response[0].name == "response"
    named = _camel if qimen else catalogue.item_name
    return _object(response, seed, asked, 0 if later else LISTED, named)


def _camel(kind: str) -> str:
    """Return the element's name in a list of qimen: ``orderLine`` for OrderLine."""
    return kind[:1].lower() + kind[1:]


def _pruned(response: tuple[Param, ...], wanted: set[str]) -> tuple[Param, ...]:
    return tuple(
        evolve(field, fields=tuple(one for one in field.fields if one.name in wanted) or field.fields)
        if field.fields
        else field
        for field in response
    )


def only(members: dict[str, Any], fields: str) -> dict[str, Any]:
    """Keep of the objects in an answer what ``fields`` names (``tid,orders.oid``); objects it does not know stay whole."""
    wanted = _wanted(fields)
    return {name: _picked(value, wanted) for name, value in members.items()}


def _wanted(fields: str) -> set[str]:
    return {part for token in fields.split(",") for part in token.strip().split(".")}


def _picked(value: Any, wanted: set[str]) -> Any:
    if isinstance(value, Many):
        return Many(value.item, [_picked(element, wanted) for element in value.values])
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if name in wanted} or value
    return value


def _object(
    fields: tuple[Param, ...], seed: int, asked: Mapping[str, str], listed: int, named: Callable[[str], str]
) -> dict[str, Any]:
    return {
        field.name: _value(field, zlib.crc32(field.name.encode(), seed), asked, listed, named)
        for field in fields
        if _sense(field.name) != "failure"
    }


@functools.lru_cache(maxsize=8192)
def _sense(name: str) -> str:
    """Return what a member's name tells of its value."""
    return next((sense for sense, names in _SENSES.items() if names.search(name)), "")


def _value(field: Param, seed: int, asked: Mapping[str, str], listed: int, named: Callable[[str], str]) -> Any:
    if field.list:
        one = evolve(field, list=False)
        values = [_value(one, seed + position, {}, LISTED, named) for position in range(listed)]
        return Many(named(field.type), values)
    if field.fields:
        return _object(field.fields, seed, asked, listed, named)
    if field.name in asked and field.type in {"Number", "String"}:
        return _written(asked[field.name], field.type)
    written = _SCALARS.get(field.type)
    return {} if written is None else written(field, seed, listed)  # an object whose members are unknown


def _written(text: str, kind: str) -> Any:
    return int(text) if kind == "Number" and text.lstrip("-").isdecimal() else text


def _number(field: Param, seed: int, listed: int) -> Any:
    if field.example is not None and _NUMBER.match(str(field.example)):
        return json.loads(str(field.example))
    sense = _sense(field.name)
    if sense == "total":
        return listed
    if sense == "identity":
        return 10**17 + seed * 97  # eighteen digits, as real order numbers have: too many for a float
    if sense == "code":
        return 0
    return seed % 100_000 if sense == "money" else seed % 100 + 1


def _string(field: Param, seed: int, listed: int) -> Any:
    if field.example is not None:
        return str(field.example)
    written = _WRITTEN.get(_sense(field.name))
    return f"{field.name} {seed:08x}" if written is None else written(seed)


def _moment(seed: int) -> str:
    return f"2026-{seed % 12 + 1:02d}-{seed % 28 + 1:02d} {seed % 24:02d}:{seed % 60:02d}:{seed // 60 % 60:02d}"


_WRITTEN: Mapping[str, Callable[[int], str]] = {
    "identity": lambda seed: str(10**15 + seed),
    "money": lambda seed: f"{seed % 10_000 / 100:.2f}",
    "code": lambda _: "SUCCESS",
    "message": lambda _: "success",
    "address": lambda seed: f"https://img.example.com/{seed:08x}.jpg",
    "time": _moment,
    "mobile": lambda seed: f"138{seed % 10**8:08d}",
}


def _boolean(field: Param, seed: int, listed: int) -> bool:
    sense = _sense(field.name)
    return sense == "success" or (sense != "more" and bool(seed & 1))


def _price(field: Param, seed: int, listed: int) -> str:
    return f"{seed % 100_000 / 100:.2f}"


def _json(field: Param, seed: int, listed: int) -> str:
    return json.dumps({"name": field.name, "value": seed}, separators=(",", ":"))


_SCALARS: Mapping[str, Callable[[Param, int, int], Any]] = {
    "Number": _number,
    "String": _string,
    "Boolean": _boolean,
    "Date": lambda _field, seed, _listed: _moment(seed),
    "Price": _price,
    "BigDecimal": _price,
    "Json": _json,
    "Map": _json,
    "byte": lambda _field, seed, _listed: seed % 10,
    "byte[]": lambda field, seed, _listed: base64.b64encode(f"{field.name} {seed:08x}".encode()).decode(),
}
