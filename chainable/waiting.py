"""Wait for a lock without blocking other greenlets of the thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

__all__ = ["acquire"]

_LONGEST = 0.05  # seconds between two tries


def acquire(lock: threading.Lock, seconds: float) -> bool:
    """
    Acquire a lock that is held during network calls; return False after *seconds* (0 for a single try).

    If gevent patches the standard library after this library was imported, a
    lock made before belongs to the thread.  Blocking on it would also stop the
    greenlet that holds it: a deadlock.  ``time.sleep`` lets other greenlets run.
    """
    expires = time.monotonic() + seconds
    pause = 0.001
    while not lock.acquire(blocking=False):
        left = expires - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST)
    return True
