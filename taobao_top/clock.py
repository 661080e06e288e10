"""The clock of a client."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """
    A clock that can be corrected to the gateway's.

    Args:
        source: Returns seconds since 1970.

    Attributes:
        source: Returns seconds since 1970, uncorrected.
        offset: The correction in seconds.
    """

    __slots__ = ("offset", "source")

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self.source = source
        self.offset = 0.0

    def __call__(self) -> float:
        """Return seconds since 1970, corrected."""
        return self.source() + self.offset
