"""Claims in Redis, shared by the workers of a service."""

from __future__ import annotations

import uuid
import warnings
from typing import TYPE_CHECKING, Any

from chainable.deduplication.claim import KEEP, LEASE, Claim, check_lease, in_progress, taken_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

__all__ = ["RedisStore", "warn_without_timeout"]

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

    A claim in Redis and a booking in a database cannot be committed together: a
    worker that dies after its commit, or stalls for longer than its lease, and
    a Redis that loses its data, leave a message that is handled a second time.
    :class:`~chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
    :class:`~chainable.deduplication.django.DjangoStore` rule that out.

    The clock is that of the Redis server.  Use a server (or a database) that
    evicts nothing (``maxmemory-policy noeviction``) and writes its changes to
    disk.  Errors of redis-py pass through.

    Args:
        redis: A client of redis-py, ``redis.Redis(...)``, with
            ``socket_timeout=`` and ``socket_connect_timeout=`` of a few seconds:
            a client without them waits without end for a Redis that hangs, and
            is warned about. Whether it decodes answers makes no difference.
        prefix: The beginning of all keys.
        keep: Seconds for which finished messages are remembered; longer than
            the platform repeats a message.
    """

    def __init__(self, redis: Redis, *, prefix: str = "chainable:once:", keep: float = KEEP) -> None:
        warn_without_timeout(redis)
        self._prefix = prefix
        self._keep = keep
        self._claim: Callable[..., Any] = redis.register_script(_CLAIM)
        self._finish: Callable[..., Any] = redis.register_script(_FINISH)
        self._release: Callable[..., Any] = redis.register_script(_RELEASE)

    @classmethod
    def from_url(
        cls, url: str, *, prefix: str = "chainable:once:", keep: float = KEEP, timeout: float = 2.0
    ) -> RedisStore:
        """
        Return a store in the Redis under a URL.

        Args:
            url: ``redis://``, ``rediss://`` (TLS) or ``unix://``. Options of
                redis-py in its query win (``?socket_timeout=5``).
            prefix: The beginning of all keys.
            keep: Seconds for which finished messages are remembered.
            timeout: Seconds to wait for a connection, and for each answer. A
                command is sent a second time after a failure, at once.
        """
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client: Any = Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 1)
        )
        return cls(client, prefix=prefix, keep=keep)

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """Claim a message: see :meth:`Store.claim`."""
        check_lease(lease)
        claim = Claim(message_id, uuid.uuid4().hex)
        outcome = self._claim([self._prefix + message_id], [claim.token, _milliseconds(lease)])
        if outcome < 0:
            raise in_progress(message_id)
        return claim if outcome else None

    def finish(self, claim: Claim, /) -> None:
        """Mark the message as handled: see :meth:`Store.finish`."""
        keep = _milliseconds(claim.remembered_for(self._keep))
        if not self._finish([self._prefix + claim.id], [claim.token, keep]):
            raise taken_over(claim)

    def release(self, claim: Claim, /) -> None:
        """Free the message: see :meth:`Store.release`."""
        self._release([self._prefix + claim.id], [claim.token])


def warn_without_timeout(redis: Any) -> None:
    """
    Warn about a client of redis-py that waits without end for a Redis that hangs.

    Args:
        redis: The client. Nothing is connected, and a client of an unknown kind is left alone.
    """
    pool = getattr(redis, "connection_pool", None)
    try:
        # An unconnected connection knows the defaults of this redis-py: none up to 7, 5 s since 8.
        connection = pool.connection_class(**pool.connection_kwargs)  # type: ignore[union-attr]
        is_bounded = connection.socket_timeout is not None and connection.socket_connect_timeout is not None
    except (AttributeError, TypeError):
        return
    if not is_bounded:
        warnings.warn(
            "this Redis client has no timeout, so a Redis that hangs blocks the worker without end: make it with "
            "Redis(..., socket_timeout=2, socket_connect_timeout=2)",
            UserWarning,
            stacklevel=3,
        )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
