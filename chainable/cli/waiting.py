"""Commands that run until they are told to end."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["until_interrupted"]


def until_interrupted(
    step: Callable[[], object] | None = None, every: float = 0.1, ready: Callable[[], object] | None = None
) -> None:
    """
    Wait for Ctrl-C or SIGTERM, and return when it comes.

    Args:
        step: Called again and again meanwhile.
        every: Seconds between two calls.
        ready: Called once, as soon as the signals are waited for.
    """
    ends = (signal.SIGINT, signal.SIGTERM)
    told: list[object] = []

    # Not an exception: one that is raised while Python runs a finalizer is lost, and Ctrl-C with it.
    before = [signal.signal(end, lambda *which: told.append(which[0])) for end in ends]
    try:
        if ready is not None:
            ready()
        while not told:
            if step is not None:
                step()
            time.sleep(every)
    finally:
        for end, handler in zip(ends, before, strict=True):
            signal.signal(end, handler)
