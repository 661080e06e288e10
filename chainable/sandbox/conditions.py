"""What a fault's ``match`` says: values of a request or notification, by name."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from chainable.i18n import Words

__all__ = ["hold", "read_conditions"]

_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_PART = re.compile(r"\s*([^\s=<>]+)\s*(>=|<=|=|>|<)\s*(.*?)\s*", re.DOTALL)


def read_conditions(value: Any) -> dict[str, str]:
    """
    Return conditions by name, of a mapping or of text such as ``out_refund_no=R2, amount.refund>=100``.

    A condition is a value, which may hold ``*`` for any text, or ``>``, ``>=``, ``<``, ``<=`` and a number.

    Raises:
        ValueError: The text has another form, or a value is not text, a number, true or false.
    """
    if isinstance(value, str):
        parts = [(part, _PART.fullmatch(part)) for part in value.split(",") if part.strip()]
        value = {found[1]: found[3] if found[2] == "=" else found[2] + found[3] for _, found in parts if found}
        if len(value) != len(parts):
            raise _wrong(*(part for part, found in parts if not found))
    if not isinstance(value, Mapping):
        raise _wrong(value)
    conditions = {}
    for name, condition in value.items():
        if not isinstance(name, str) or not isinstance(condition, (str, int, float)):
            raise _wrong(f"{name}={condition}")
        conditions[name] = _text(condition)
        sign = _sign(conditions[name])
        if sign and _number(conditions[name][len(sign) :]) is None:
            raise _wrong(f"{name}{condition}")
    return conditions


def _wrong(*parts: Any) -> ValueError:
    shown = ", ".join(map(str, parts))
    message = Words(
        f"match: {shown!r}: write NAME=VALUE or NAME>NUMBER, such as out_refund_no=R2, amount.refund>=100; each name once",
        f"match：{shown!r} 应写作 名称=值 或 名称>数字，如 out_refund_no=R2, amount.refund>=100；同一名称只写一次",
    )
    return ValueError(message)


def hold(conditions: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Return whether all conditions are true of these values; a dotted name leads into objects, lists and JSON text."""
    return all(
        any(_holds(condition, each) for each in _found(values, name.split(".")))
        for name, condition in conditions.items()
    )


def _found(value: Any, names: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _found(element, names)
    elif not names:
        yield value
    else:
        inside = _opened(value)
        if isinstance(inside, list):
            yield from _found(inside, names)
        elif isinstance(inside, Mapping) and names[0] in inside:
            yield from _found(inside[names[0]], names[1:])


def _opened(value: Any) -> Any:
    """Return a value, read if it is JSON text: parameters of many methods are."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _holds(condition: str, value: Any) -> bool:
    text, sign = _text(value), _sign(condition)
    if not sign:
        return text == condition or fnmatchcase(text, condition)
    number, limit = _number(text), _number(condition[len(sign) :])
    return number is not None and limit is not None and _COMPARISONS[sign](number, limit)


def _sign(condition: str) -> str:
    return next((sign for sign in _COMPARISONS if condition.startswith(sign)), "")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
