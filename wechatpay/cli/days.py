"""The day of a bill, as an argument."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from chainable.cli.commands import usage_error

__all__ = ["is_day"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LIKE_A_DAY = re.compile(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?|\d{8}|\d{6}")
_NUMBER = re.compile(r"\d+")


def is_day(source: str, name: str = "SOURCE") -> bool:
    """
    Return whether an argument is a day; one that is meant as a day is refused with its right form.

    Args:
        source: The argument.
        name: Its name in the help.
    """
    if _DAY.fullmatch(source) and _day(*map(int, source.split("-"))):
        return True
    if not _LIKE_A_DAY.fullmatch(source) or Path(source).exists():
        return False
    days = {_day(*numbers) for numbers in _readings(source)} - {None}
    examples = sorted(each.isoformat() for each in days if each is not None)
    if examples:
        raise usage_error(
            f"{name} {source}: write the day as YYYY-MM-DD: {' or '.join(examples)}",
            f"{name} {source}：日期应写成 YYYY-MM-DD：{' 或 '.join(examples)}",
        )
    raise usage_error(
        f"{name} {source}: this day does not exist: write a day as YYYY-MM-DD",
        f"{name} {source}：没有这一天：日期应写成 YYYY-MM-DD",
    )


def _readings(source: str) -> list[tuple[int, int, int]]:
    """Return year, month and day in each order that a text may have."""
    if len(source) in {6, 8} and source.isdecimal():
        year = source[:-4]
        return [(int(year) + (2000 if len(year) == 2 else 0), int(source[-4:-2]), int(source[-2:]))]
    first, second, third = map(int, _NUMBER.findall(source))
    if first > 31:
        return [(first, second, third)]
    return [(third, second, first), (third, first, second)]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= 1000 else None
    except ValueError:
        return None
