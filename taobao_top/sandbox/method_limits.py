"""Limits of a method that its fields do not show: windows of time, and lengths of lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.times import epoch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taobao_top.catalogue import Limits, Window

__all__ = ["check"]

BUSINESS = 50
"""The code of refusals by a service, with ``isv.invalid-parameter``: the sample on the methods' pages."""
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def check(limits: Limits | None, business: Mapping[str, str]) -> None:
    """
    Check a call's parameters, valid by themselves, against the limits of its method.

    Raises:
        GatewayError: 50, ``isv.invalid-parameter`` with the name of the parameter.
    """
    if limits is None:
        return
    for window in limits.windows:
        _window(window, business)
    for name, most in limits.chunks.items():
        count = _count(business.get(name, ""))
        if count > most:
            raise _refusal(name, f"{name} has {count} elements, at most {most} are allowed")


def _window(window: Window, business: Mapping[str, str]) -> None:
    start, end = (_moment(business.get(name, "")) for name in (window.start, window.end))
    if start is None or end is None or any(business.get(name) for name in window.unless):
        return
    if end <= start:
        raise _refusal(window.end, f"{window.end} must lie after {window.start}")
    if end - start > window.seconds:
        longest = _spelled(window.seconds)
        raise _refusal(window.end, f"{window.start} and {window.end} may lie {longest} apart at most")


def _moment(text: str) -> float | None:
    at = epoch(text)
    return epoch(f"{text} 00:00:00") if at is None else at


def _count(text: str) -> int:
    if not text.startswith("["):
        return len(text.split(",")) if text else 0
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return 0  # a text that only looks like JSON
    return len(found)


def _spelled(seconds: int) -> str:
    unit, name = next(unit for unit in _UNITS if not seconds % unit[0])
    number = seconds // unit
    return f"{number} {name}{'' if number == 1 else 's'}"


def _refusal(name: str, words: str) -> GatewayError:
    return GatewayError(BUSINESS, f"isv.invalid-parameter:{name}", words, subject=name)
