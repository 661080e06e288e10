"""The time a call is stamped with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """
    A clock that can be set by the gateway's.

    Args:
        source: Gives seconds since 1970.

    Attributes:
        offset: Seconds to add to what the source says.
    """

    __slots__ = ("_source", "offset")

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.offset = 0.0

    def __call__(self) -> float:
        """Give the seconds since 1970."""
        return self._source() + self.offset

    def source(self) -> float:
        """Give the seconds since 1970 as the source says."""
        return self._source()
