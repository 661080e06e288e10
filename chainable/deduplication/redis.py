"""Claims in Redis, shared by the workers of a service."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from chainable.deduplication.claim import KEEP, LEASE, Claim, check_lease, in_progress, taken_over
from chainable.extras import extra
from chainable.i18n import Words
from chainable.redis_timeouts import warn_without_timeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

__all__ = ["RedisStore"]

# The three steps of a claim, each one a single command for Redis.  A step that is repeated because its response was
# lost finds its own token and has the same result.
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
    Keeps claims in Redis, shared by all workers of a service.

    A claim in Redis and a booking in a database cannot be committed together.
    If a worker crashes after its commit or stalls for longer than its lease, or
    Redis loses its data, a message is handled a second time.
    :class:`~chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
    :class:`~chainable.deduplication.django.DjangoStore` rule that out.

    The clock is that of the Redis server.  Use a server (or a database) that
    evicts nothing (``maxmemory-policy noeviction``) and writes its changes to
    disk.  Errors of redis-py are raised unchanged.

    Args:
        redis: A client of redis-py, ``redis.Redis(...)``, with
            ``socket_timeout=`` and ``socket_connect_timeout=`` of a few
            seconds. A client without them causes a warning, because it waits
            without limit for a hanging server. ``decode_responses`` may have
            either value.
        prefix: The prefix of all keys.
        keep: Seconds for which finished messages are remembered; longer than
            the platform repeats a message.

    Raises:
        TypeError: ``redis`` is not a client, such as a URL.

    Warns:
        UserWarning: The client has no timeout.
    """

    def __init__(self, redis: Redis, *, prefix: str = "chainable:once:", keep: float = KEEP) -> None:
        if isinstance(redis, str) or not hasattr(redis, "register_script"):
            kind = type(redis).__name__
            del redis  # a traceback shows no password of a URL
            hint = Words("", "")
            if kind == "str":
                hint = Words("; for a URL, call RedisStore.from_url(…)", "；地址请用 RedisStore.from_url(…)")
            msg = Words(
                f"redis: a client of redis-py was expected, redis.Redis(…), not a {kind}{hint}",
                f"redis：应为 redis-py 的客户端 redis.Redis(…)，不是 {kind}{hint.zh}",
            )
            raise TypeError(msg)
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
        Return a store with a new client for a URL.

        Args:
            url: ``redis://``, ``rediss://`` (TLS) or ``unix://``. Options of
                redis-py in its query take precedence (``?socket_timeout=5``).
            prefix: The prefix of all keys.
            keep: Seconds for which finished messages are remembered.
            timeout: Seconds to wait for a connection, and for each response. A
                failed command is repeated once, immediately.
        """
        with extra("redis", "redis"):
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
        """Release the message: see :meth:`Store.release`."""
        self._release([self._prefix + claim.id], [claim.token])


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
