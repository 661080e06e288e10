"""Plausible answers out of the catalogue: typed, of the documented shape, the same for the same question."""

from __future__ import annotations

import base64
import functools
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from attrs import evolve

from taobao_top.sandbox.rendering import Many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.catalogue import Method, Param

__all__ = ["answer", "item_name", "only"]

LISTED = 2
"""How many elements a list has."""

PAGE_NAMES = ("page_no", "page", "current_page", "page_index", "page_num", "page_number", "cur_page")

_FAILURE = re.compile(r"(^|_)(err|error|fail|failed|failure|errno|exception)", re.IGNORECASE)
_SUB = re.compile(r"^sub_(code|msg|message)")
_SUCCESS = re.compile(
    r"(^|_)(is_?)?(succ|suc|ok|success|succeed|succeeded|successful|successed|issuccess|matched)(_|$)|isSuccess"
)
_MORE = re.compile(r"^(has_next|has_more|retry|need_retry)$")
_TOTAL = re.compile(r"^(total|count|totals?_?(results?|counts?|num|items?|records?|size))$", re.IGNORECASE)
_IDENTITY = re.compile(r"(^|_)(id|iid|tid|oid|cid|uid|sid|no)$|Id$", re.IGNORECASE)
_MONEY = re.compile(r"(fee|price|payment|amount|cost|discount|money)$", re.IGNORECASE)
_CODE = re.compile(
    r"^((biz|msg|message|r|resp|response|result|ret|return|service|state|status)_?)?code$", re.IGNORECASE
)
_MESSAGE = re.compile(r"(msg|message|desc|info)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(url|path|link|pic)s?$", re.IGNORECASE)
_TIME = re.compile(r"(time|created|modified|date|start|end)$", re.IGNORECASE)
_MOBILE = re.compile(r"(mobile|phone|tel)$", re.IGNORECASE)
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
    members = _object(method.response, seed, asked, 0 if later else LISTED)
    return only(members, asked["fields"]) if "fields" in asked else members


def only(members: dict[str, Any], fields: str) -> dict[str, Any]:
    """Keep of the objects in an answer what ``fields`` names (``tid,orders.oid``); objects it does not know stay whole."""
    wanted = {part for token in fields.split(",") for part in token.strip().split(".")}
    return {name: _picked(value, wanted) for name, value in members.items()}


def _picked(value: Any, wanted: set[str]) -> Any:
    if isinstance(value, Many):
        return Many(value.item, [_picked(element, wanted) for element in value.values])
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if name in wanted} or value
    return value


def item_name(kind: str) -> str:
    """Return the element's name in a list: ``string`` for String, ``trade`` for Trade, ``item_img`` for ItemImg."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).replace("[]", "").lower()


def _object(fields: tuple[Param, ...], seed: int, asked: Mapping[str, str], listed: int) -> dict[str, Any]:
    return {
        field.name: _value(field, zlib.crc32(field.name.encode(), seed), asked, listed)
        for field in fields
        if not (_FAILURE.search(field.name) or _SUB.match(field.name))
    }


def _value(field: Param, seed: int, asked: Mapping[str, str], listed: int) -> Any:
    if field.list:
        one = evolve(field, list=False)
        return Many(item_name(field.type), [_value(one, seed + position, {}, LISTED) for position in range(listed)])
    if field.fields:
        return _object(field.fields, seed, asked, listed)
    if field.name in asked and field.type in {"Number", "String"}:
        return _written(asked[field.name], field.type)
    return _SCALARS.get(field.type, _nothing)(field, seed, listed)


def _written(text: str, kind: str) -> Any:
    return int(text) if kind == "Number" and text.lstrip("-").isdecimal() else text


def _number(field: Param, seed: int, listed: int) -> Any:
    if field.example is not None and _NUMBER.match(str(field.example)):
        return json.loads(str(field.example))
    if _TOTAL.match(field.name):
        return listed
    if _IDENTITY.search(field.name):
        return 10**17 + seed * 97  # eighteen digits, as real order numbers have: too many for a float
    if _CODE.search(field.name):
        return 0
    return seed % 100_000 if _MONEY.search(field.name) else seed % 100 + 1


def _string(field: Param, seed: int, listed: int) -> Any:
    name = field.name
    if field.example is not None:
        return str(field.example)
    if _IDENTITY.search(name):
        return str(10**15 + seed)
    if _MONEY.search(name):
        return f"{seed % 10_000 / 100:.2f}"
    if _CODE.search(name):
        return "SUCCESS"
    if name == "flag" or _MESSAGE.search(name):
        return "success"
    if _ADDRESS.search(name):
        return f"https://img.example.com/{seed:08x}.jpg"
    if _TIME.search(name):
        return _date(field, seed, listed)
    if _MOBILE.search(name):
        return f"138{seed % 10**8:08d}"
    return f"{name} {seed:08x}"


def _date(field: Param, seed: int, listed: int) -> str:
    return f"2026-{seed % 12 + 1:02d}-{seed % 28 + 1:02d} {seed % 24:02d}:{seed % 60:02d}:{seed // 60 % 60:02d}"


def _boolean(field: Param, seed: int, listed: int) -> bool:
    if _SUCCESS.search(field.name):
        return True
    return not _MORE.match(field.name) and bool(seed & 1)


def _price(field: Param, seed: int, listed: int) -> str:
    return f"{seed % 100_000 / 100:.2f}"


def _json(field: Param, seed: int, listed: int) -> str:
    return json.dumps({"name": field.name, "value": seed}, separators=(",", ":"))


def _small(field: Param, seed: int, listed: int) -> int:
    return seed % 10


def _bytes(field: Param, seed: int, listed: int) -> str:
    return base64.b64encode(f"{field.name} {seed:08x}".encode()).decode()


def _nothing(field: Param, seed: int, listed: int) -> Any:
    return {}  # an object of which the catalogue knows no members


_SCALARS: Mapping[str, Callable[[Param, int, int], Any]] = {
    "Number": _number,
    "String": _string,
    "Boolean": _boolean,
    "Date": _date,
    "Price": _price,
    "BigDecimal": _price,
    "Json": _json,
    "Map": _json,
    "byte": _small,
    "byte[]": _bytes,
}
