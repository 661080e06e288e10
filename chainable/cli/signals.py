"""Commands that run until Ctrl-C."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wait_until_interrupted"]


def wait_until_interrupted(
    step: Callable[[], object] | None = None, every: float = 0.1, ready: Callable[[], object] | None = None
) -> None:
    """
    Return after Ctrl-C or SIGTERM.

    Meanwhile call *step* every so many seconds; call *ready* once, after the signal handlers are installed.
    """
    ends = (signal.SIGINT, signal.SIGTERM)
    received: list[object] = []

    # Not an exception: Python drops one that is raised in a finalizer, and Ctrl-C would be lost.
    before = [signal.signal(end, lambda *which: received.append(which[0])) for end in ends]
    try:
        if ready is not None:
            ready()
        while not received:
            if step is not None:
                step()
            time.sleep(every)
    finally:
        for end, handler in zip(ends, before, strict=True):
            signal.signal(end, handler)
