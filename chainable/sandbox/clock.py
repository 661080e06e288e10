"""A clock that can be set ahead, so that tests need not wait."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Clock", "system_time"]

LATEST = 253_370_736_000.0
"""1 January 9999 in Beijing: later times cannot be written."""


BEIJING = timezone(timedelta(hours=8))
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}


def system_time() -> float:
    """Return the seconds since 1970 by ``time.time``, also by one that a test has put in its place (freezegun)."""
    return time.time()


class Clock:
    """A clock in seconds since 1970, ``offset`` seconds ahead of its base."""

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self._listeners: list[Callable[[], object]] = []
        self.offset = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self._base() + self.offset

    def advance(self, seconds: float = 0.0, *, days: float = 0, hours: float = 0, minutes: float = 0) -> float:
        """
        Set it ahead (or back) by the sum of these, and return the new offset in seconds.

        Raises:
            ValueError: It would leave the years that can be written, 1970 to 9998.
        """
        seconds += timedelta(days=days, hours=hours, minutes=minutes).total_seconds()
        if not 0 <= self() + seconds < LATEST:
            raise ValueError(
                Words(
                    "seconds: the clock stays within the years 1970 to 9998",
                    "seconds：沙箱时间应在 1970 年至 9998 年之间",
                )
            )
        self.move(self.offset + seconds)
        return self.offset

    def move(self, offset: float) -> None:
        """Set it so many seconds ahead of its base: 0 is now."""
        if offset == self.offset:
            return
        self.offset = offset
        for listener in self._listeners:
            listener()

    def reset(self) -> dict[str, Any]:
        """Set it to its base, which is now; return :meth:`as_json`."""
        self.move(0.0)
        return self.as_json()

    def as_json(self) -> dict[str, Any]:
        """Return the time in Beijing (``now``), and by how many seconds it is ahead of its base (``ahead``)."""
        return {"now": datetime.fromtimestamp(self(), BEIJING).isoformat(timespec="seconds"), "ahead": self.offset}

    def change(self, members: Mapping[str, Any]) -> dict[str, float]:
        """Set it ahead by the one member, ``seconds``, ``minutes``, ``hours`` or ``days``; return ``ahead``, in seconds."""
        if len(members) != 1 or not members.keys() <= UNITS.keys():
            raise TypeError(Words(f"clock takes one of {', '.join(UNITS)}", f"clock 的参数为其一：{'、'.join(UNITS)}"))
        ((name, value),) = members.items()
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(Words(f"{name}: a number is expected", f"{name}：应为数字")) from None
        return {"ahead": self.advance(number * UNITS[name])}

    def on_move(self, listener: Callable[[], object]) -> None:
        """Call this, in any thread, whenever the clock was set ahead or back."""
        self._listeners.append(listener)
