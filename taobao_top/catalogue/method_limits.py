"""Limits of methods that their fields do not show: windows of time, and the lengths of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from chainable.masking import fields_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Limits", "Window", "limits"]

_NUMBERS: Mapping[str, int] = {}
_UNITS = {"days": 86_400, "hours": 3600, "minutes": 60}


@fields_repr
@frozen(repr=False, slots=False)  # as chainable.call.Call
class Window:
    """
    Two parameters that bound a time, and how far apart the platform lets them be.

    Attributes:
        start: The name of the parameter with the beginning.
        end: The name of the parameter with the end.
        seconds: The longest distance, in seconds.
        advised: The distance that the official page advises, in seconds; None without advice.
        unless: With one of these parameters the limit does not count.
    """

    start: str
    end: str
    seconds: int
    advised: int | None = None
    unless: tuple[str, ...] = ()


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class Limits:
    """
    Limits of a method that its fields do not show.

    Attributes:
        windows: The times that it limits.
        chunks: Lists in the parameters by name, and how many elements each may have.
    """

    windows: tuple[Window, ...] = ()
    chunks: Mapping[str, int] = _NUMBERS

    def names(self) -> list[str]:
        """Return the names of the parameters."""
        bounds = [name for window in self.windows for name in (window.start, window.end, *window.unless)]
        return [*bounds, *self.chunks]


def limits(record: Mapping[str, Any]) -> Limits:
    """
    Read limits as the catalogue's source has them.

    Args:
        record: ``windows``, a list of ``{start: start_modified, end: end_modified, days: 1, advised: {minutes: 30}}``
            with ``days``, ``hours`` or ``minutes``, and ``unless``, parameters; ``chunks``, numbers by the name of a list.

    Raises:
        TypeError: It has another form.
        ValueError: A name or a number is missing or unusable.
    """
    stray = record.keys() - {"windows", "chunks"}
    chunks = dict(record.get("chunks", {}))
    if stray or not all(type(number) is int and number > 0 for number in chunks.values()):
        msg = Words(
            "windows is a list, and chunks are whole numbers by the name of a list",
            "windows 应为列表，chunks 应为以列表名为键的整数",
        )
        raise ValueError(msg)
    return Limits(tuple(_window(**window) for window in record.get("windows", ())), chunks)


def _window(
    *, start: str, end: str, advised: Mapping[str, int] | None = None, unless: Iterable[str] = (), **longest: int
) -> Window:
    return Window(start, end, _seconds(longest), None if advised is None else _seconds(advised), tuple(unless))


def _seconds(given: Mapping[str, int]) -> int:
    unit, number = next(iter(given.items()), ("", 0))
    if len(given) != 1 or unit not in _UNITS or type(number) is not int or number < 1:
        msg = Words(
            "a window is as long as days, hours or minutes say, a whole number from 1",
            "窗口的长度由 days、hours 或 minutes 给出，为不小于 1 的整数",
        )
        raise ValueError(msg)
    return number * _UNITS[unit]
