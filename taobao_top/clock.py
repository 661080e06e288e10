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
        source: Gives seconds since 1970, uncorrected.
        offset: Seconds to add to what the source says.
    """

    __slots__ = ("offset", "source")

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self.source = source
        self.offset = 0.0

    def __call__(self) -> float:
        """Give the seconds since 1970."""
        return self.source() + self.offset
