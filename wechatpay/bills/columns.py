"""Columns of bills: their names, and how their values are converted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import fields

from chainable.times import BEIJING

__all__ = ["Column", "Number", "columns_of", "count", "moment", "rate", "yuan"]

_MOST_DIGITS = 30
_LENGTH = len("2026-01-01 10:00:00")
_FULL_WIDTH = re.compile(r"(\d{4}-\d{2}-\d{2}) ?(\d{2})[:：](\d{2})[:：](\d{2})", re.ASCII)

Column = tuple[str, Callable[[str], Any]]
"""The attribute of a column, and the converter of its values."""


def moment(text: str) -> datetime:
    """Convert ``2026-01-01 10:00:00``, in Beijing; bills of APIv2 may write ``2014-11-1016：33：45``."""
    try:
        if len(text) == _LENGTH:
            return datetime.fromisoformat(text).replace(tzinfo=BEIJING)
    except ValueError:
        if "：" not in text:
            raise
    found = _FULL_WIDTH.fullmatch(text)
    if found is None:
        raise ValueError
    return datetime.fromisoformat("{} {}:{}:{}".format(*found.groups())).replace(tzinfo=BEIJING)


class Number(str):
    """The number of a merchant, an order or a refund; ``0`` stands where a row has none, and is read as None."""

    __slots__ = ()


def yuan(text: str) -> Decimal:
    """Convert an amount."""
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:  # 1E999999999 would fill the memory
        raise ValueError
    return amount


def count(text: str) -> int:
    """Convert a number of rows."""
    amount = yuan(text)  # some bills write 20.0
    if amount != int(amount):
        raise ValueError
    return int(amount)


def rate(text: str) -> Decimal:
    """Convert ``0.60%`` to a fraction."""
    return yuan(text[:-1]).scaleb(-2) if text.endswith(("%", "％")) else yuan(text)


def columns_of(row: type[Any]) -> dict[str, Column]:
    """Return the columns of a class by name."""
    return {
        name: (attribute.name, convert) for attribute in fields(row) for name, convert in attribute.metadata.items()
    }
