"""Columns of bills: their names, and how their values are converted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import fields

from chainable.times import BEIJING

__all__ = ["Column", "columns_of", "count", "moment", "rate", "yuan"]

_MOST_DIGITS = 30

Column = tuple[str, Callable[[str], Any]]
"""The attribute of a column, and the converter of its values."""


def moment(text: str) -> datetime:
    """Convert ``2026-01-01 10:00:00``, in Beijing."""
    if len(text) != len("2026-01-01 10:00:00"):
        raise ValueError
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def yuan(text: str) -> Decimal:
    """Convert an amount."""
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:  # 1E999999999 would fill the memory
        raise ValueError
    return amount


def count(text: str) -> int:
    """Convert a number of rows."""
    number = yuan(text)  # some bills write 20.0
    if number != int(number):
        raise ValueError
    return int(number)


def rate(text: str) -> Decimal:
    """Convert ``0.60%`` to a fraction."""
    return yuan(text[:-1]).scaleb(-2) if text.endswith("%") else yuan(text)


def columns_of(row: type[Any]) -> dict[str, Column]:
    """Return the columns of a class by name."""
    return {
        name: (attribute.name, convert) for attribute in fields(row) for name, convert in attribute.metadata.items()
    }
