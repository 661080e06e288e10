"""Times as the gateway reads and writes them: GMT+8."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GMT8", "Clock", "epoch", "written"]

GMT8 = timezone(timedelta(hours=8))
LATEST = datetime(9999, 1, 1, tzinfo=GMT8).timestamp()
"""Times beyond cannot be written, with what is counted from them."""

_MILLISECONDS = re.compile(r"\d{13}\Z", re.ASCII)


def written(seconds: float) -> str:
    """Return a time, seconds since 1970, as ``yyyy-MM-dd HH:mm:ss``."""
    return f"{datetime.fromtimestamp(seconds, GMT8):%Y-%m-%d %H:%M:%S}"


def epoch(text: str) -> float | None:
    """
    Return the seconds since 1970 of a time as clients write it.

    Both ``yyyy-MM-dd HH:mm:ss`` and epoch milliseconds are taken, as the
    platform does; None stands for anything else.
    """
    if _MILLISECONDS.match(text):
        return int(text) / 1000
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=GMT8).timestamp()
    except ValueError:
        return None


class Clock:
    """
    A clock that can be set, so that nobody has to wait for a ban to end.

    Args:
        base: Seconds since 1970.

    Attributes:
        offset: How far this clock is ahead of the base, seconds.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self.offset = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self._base() + self.offset

    def advance(self, seconds: float) -> float:
        """
        Set it ahead (or back).

        Returns:
            How far it is ahead of the base now, seconds.

        Raises:
            ValueError: It would leave the years that can be written, 1970 to 9998.
        """
        if not 0 <= self() + seconds < LATEST:
            raise ValueError("seconds: the clock stays within the years 1970 to 9998")
        self.offset += seconds
        return self.offset
