"""
Each message once: a claim with a lease, kept where all workers see it.

Platforms deliver at least once, sometimes twice within the same second.  A
worker claims the message's id before it acts, marks the claim finished when it
is through, and releases it when it fails; if it dies, the lease runs out and
the next delivery is handled by somebody else.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from chainable.errors import InProgress
from chainable.masking import safe_repr, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from redis import Redis

__all__ = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]

LEASE = 60.0
"""Seconds a worker has before its claim may be taken over."""

_KEEP = 7 * 24 * 3600.0

_logger = logging.getLogger("chainable")


@safe_repr
@frozen
class Claim:
    """
    The right to handle one message until the lease runs out.

    Attributes:
        id: The message's id.
        token: Different for every claim, so that a late worker does not
            touch the claim of the one who took over.
    """

    id: str
    token: str


class Store(Protocol):
    """Where claims are kept."""

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """
        Claim a message for *lease* seconds.

        Returns:
            The claim; None when the message has been finished before.

        Raises:
            InProgress: Somebody else's claim on it has not run out.
        """

    def finish(self, claim: Claim, /) -> None:
        """
        Mark the message as handled, once and for all.

        A claim whose lease ran out still counts, as long as nobody took over.

        Raises:
            InProgress: The lease ran out and another worker took the message
                over: the outcome is that worker's.
        """

    def release(self, claim: Claim, /) -> None:
        """Give the message back, if it is still held under this claim."""


def once(store: Store, message_id: str, *, lease: float = LEASE) -> AbstractContextManager[bool]:
    """
    Handle a message that may be delivered more than once.

    ::

        with once(store, 'EV-2018022511223320873') as first:
            if first:
                book(order)

    The message is marked finished when the block ends, and released when an
    exception leaves the block.  Commit inside the block: what is finished
    never comes again.  A worker may stall for longer than its lease, so let the
    booking depend on the order's state (``UPDATE … WHERE state = 'NOTPAY'``, a
    unique column): no claim can do that for your database.

    Args:
        store: Where claims are kept; shared by all workers.
        message_id: What makes the message this message.
        lease: Seconds until a silent worker counts as dead; longer than the
            block ever takes.

    Returns:
        What ``with`` takes: True the first time; False when the message was
        finished before.

    Raises:
        InProgress: At the beginning: another worker is handling it.  At the
            end: the lease ran out meanwhile and another worker took over.
    """
    return _Once(store, message_id, lease)


class _Once:
    __slots__ = ("_claim", "_lease", "_message_id", "_store")

    def __init__(self, store: Store, message_id: str, lease: float) -> None:
        self._store = store
        self._message_id = message_id
        self._lease = lease

    def __enter__(self) -> bool:
        self._claim = self._store.claim(self._message_id, self._lease)
        return self._claim is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._claim is None:
            return
        if kind is None:
            self._store.finish(self._claim)
        else:
            _release(self._store, self._claim)


def _release(store: Store, claim: Claim) -> None:
    # The block's own error is the one to see; a claim that stays behind runs out by itself.
    try:
        store.release(claim)
    except Exception as error:  # noqa: BLE001 (whatever a store may raise)
        _logger.warning("a claim could not be released and stays until its lease ends: %r", error)


class MemoryStore:
    """
    Claims of one process: for a single worker, and for tests.

    Args:
        keep: Seconds for which finished messages are remembered; longer than
            the platform repeats a message.
        clock: Seconds that never go back.
    """

    def __init__(self, *, keep: float = _KEEP, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = itertools.count()
        self._claimed: dict[str, tuple[str, float]] = {}
        self._finished: dict[str, tuple[str, float]] = {}  # oldest first
        self._forget_at = math.inf  # when the oldest may go

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """Claim a message: see :meth:`Store.claim`."""
        _check_lease(lease)
        with self._lock:
            now = self._clock()
            if now >= self._forget_at:
                self._forget(now)
            if message_id in self._finished:
                return None
            held = self._claimed.get(message_id)
            if held is not None and now < held[1]:
                raise _in_progress(message_id)
            token = str(next(self._tokens))
            self._claimed[message_id] = token, now + lease
        return Claim(message_id, token)

    def finish(self, claim: Claim, /) -> None:
        """Mark the message as handled: see :meth:`Store.finish`."""
        message_id, token = claim.id, claim.token
        with self._lock:
            for holders in (self._claimed, self._finished):
                held = holders.get(message_id)
                if held is not None and held[0] != token:
                    raise _taken_over(claim)
            self._claimed.pop(message_id, None)
            if message_id not in self._finished:
                until = self._clock() + self._keep
                if not self._finished:
                    self._forget_at = until
                self._finished[message_id] = token, until

    def release(self, claim: Claim, /) -> None:
        """Give the message back: see :meth:`Store.release`."""
        with self._lock:
            token, _ = self._claimed.get(claim.id, ("", 0.0))
            if token == claim.token:
                del self._claimed[claim.id]

    def _forget(self, now: float) -> None:
        self._forget_at = math.inf
        while self._finished:
            oldest = next(iter(self._finished))
            self._forget_at = self._finished[oldest][1]
            if now < self._forget_at:
                return
            del self._finished[oldest]


# The three steps of a claim, each one command for Redis.  A step that is sent again because its
# answer got lost finds its own token and has the same result.
_CLAIM = """
local held = redis.call('GET', KEYS[1])
if not held or held == 'claimed ' .. ARGV[1] then
    redis.call('SET', KEYS[1], 'claimed ' .. ARGV[1], 'PX', ARGV[2])
    return 1
end
if string.sub(held, 1, 9) == 'finished ' then return 0 end
return -1
"""
_FINISH = """
local held = redis.call('GET', KEYS[1])
if held and held ~= 'claimed ' .. ARGV[1] and held ~= 'finished ' .. ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'finished ' .. ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == 'claimed ' .. ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


class RedisStore:
    """
    Claims that all workers of a service share, kept in Redis.

    The clock is that of the Redis server.  Give it a server (or a database)
    that evicts nothing (``maxmemory-policy noeviction``) and writes its
    changes to disk.  Errors of redis-py pass through.

    Args:
        redis: A client of redis-py, ``redis.Redis(...)``; whether it decodes
            answers makes no difference.
        prefix: What the keys begin with.
        keep: Seconds for which finished messages are remembered; longer than
            the platform repeats a message.
    """

    def __init__(self, redis: Redis, *, prefix: str = "chainable:once:", keep: float = _KEEP) -> None:
        self._prefix = prefix
        self._keep = _milliseconds(keep)
        self._claim: Callable[..., Any] = redis.register_script(_CLAIM)
        self._finish: Callable[..., Any] = redis.register_script(_FINISH)
        self._release: Callable[..., Any] = redis.register_script(_RELEASE)

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "chainable:once:", keep: float = _KEEP) -> RedisStore:
        """
        A store in the Redis under a URL.

        Args:
            url: ``redis://``, ``rediss://`` (TLS) or ``unix://``.
            prefix: What the keys begin with.
            keep: Seconds for which finished messages are remembered.
        """
        from redis import Redis

        return cls(Redis.from_url(url), prefix=prefix, keep=keep)

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """Claim a message: see :meth:`Store.claim`."""
        _check_lease(lease)
        claim = Claim(message_id, uuid.uuid4().hex)
        outcome = self._claim([self._prefix + message_id], [claim.token, _milliseconds(lease)])
        if outcome < 0:
            raise _in_progress(message_id)
        return claim if outcome else None

    def finish(self, claim: Claim, /) -> None:
        """Mark the message as handled: see :meth:`Store.finish`."""
        if not self._finish([self._prefix + claim.id], [claim.token, self._keep]):
            raise _taken_over(claim)

    def release(self, claim: Claim, /) -> None:
        """Give the message back: see :meth:`Store.release`."""
        self._release([self._prefix + claim.id], [claim.token])


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _check_lease(lease: float) -> None:
    if not lease > 0:
        msg = f"a lease is a number of seconds above 0, not {shown(lease)}"
        raise ValueError(msg)


def _in_progress(message_id: str) -> InProgress:
    return InProgress(f"{message_id} is being handled by another worker: let the platform deliver it again")


def _taken_over(claim: Claim) -> InProgress:
    return InProgress(
        f"the lease on {claim.id} ran out and another worker took it over: use a lease that is longer "
        f"than the work, and let what is done depend on the order's state"
    )
