"""Claims in the memory of one process."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING

from chainable.deduplication.claim import KEEP, LEASE, Claim, check_lease, in_progress, taken_over

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MemoryStore"]


class MemoryStore:
    """
    Keeps the claims of one process: for tests, and for a single worker that may book twice after a restart.

    A restart loses all claims.

    Args:
        keep: Seconds for which finished messages are remembered; longer than
            the platform repeats a message.
        limit: The maximum number of finished messages that are remembered,
            about 400 bytes each. Beyond it, the next ones to expire are
            removed early.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self, *, keep: float = KEEP, limit: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keep = keep
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = itertools.count()
        self._claimed: dict[str, tuple[str, float]] = {}
        self._finished: dict[str, str] = {}
        self._until: list[tuple[float, str]] = []  # a heap of the finished messages by expiry

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """Claim a message: see :meth:`Store.claim`."""
        check_lease(lease)
        with self._lock:
            now = self._clock()
            while self._until and now >= self._until[0][0]:
                self._remove_next()
            if message_id in self._finished:
                return None
            held = self._claimed.get(message_id)
            if held is not None and now < held[1]:
                raise in_progress(message_id)
            token = str(next(self._tokens))
            self._claimed[message_id] = token, now + lease
        return Claim(message_id, token)

    def finish(self, claim: Claim, /) -> None:
        """Mark the message as handled: see :meth:`Store.finish`."""
        message_id, token = claim.id, claim.token
        with self._lock:
            held, _ = self._claimed.get(message_id, (token, 0.0))
            if held != token or self._finished.get(message_id, token) != token:
                raise taken_over(claim)
            self._claimed.pop(message_id, None)
            if message_id not in self._finished:
                self._finished[message_id] = token
                heapq.heappush(self._until, (self._clock() + claim.remembered_for(self._keep), message_id))
                if len(self._finished) > self._limit:
                    self._remove_next()

    def release(self, claim: Claim, /) -> None:
        """Release the message: see :meth:`Store.release`."""
        with self._lock:
            token, _ = self._claimed.get(claim.id, ("", 0.0))
            if token == claim.token:
                del self._claimed[claim.id]

    def _remove_next(self) -> None:
        del self._finished[heapq.heappop(self._until)[1]]
