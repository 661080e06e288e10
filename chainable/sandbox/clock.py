"""A clock that can be set ahead, so that tests need not wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]

LATEST = 253_370_736_000.0
"""1 January 9999 in Beijing: later times cannot be written."""


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
        self.offset = offset
        for listener in self._listeners:
            listener()

    def on_move(self, listener: Callable[[], object]) -> None:
        """Call this, in any thread, whenever the clock was set ahead or back."""
        self._listeners.append(listener)
