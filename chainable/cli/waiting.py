"""Commands that run until they are told to end."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["until_interrupted"]


def until_interrupted(step: Callable[[], object] | None = None, every: float = 0.2) -> None:
    """
    Wait for Ctrl-C or SIGTERM, and return when it comes.

    Args:
        step: Called again and again meanwhile.
        every: Seconds between two calls.
    """
    ends = (signal.SIGINT, signal.SIGTERM)  # a shell's background job ignores SIGINT unless it is asked for
    before = [signal.getsignal(end) for end in ends]
    try:
        for end in ends:
            signal.signal(end, signal.default_int_handler)
        while True:
            if step is not None:
                step()
            time.sleep(every)
    except KeyboardInterrupt:
        return
    finally:
        for end, handler in zip(ends, before, strict=True):
            signal.signal(end, handler)
