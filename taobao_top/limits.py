"""
Holding calls back before the platform does: as many per second as the console allows this app.

The counting is that of the library limits: a moving window, in memory or in
Redis.  (pyrate-limiter counts as well, but starts threads of its own, which a
forked worker loses.)  https://limits.readthedocs.io/
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from attrs import evolve, field, frozen
from limits import parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from chainable.errors import ConfigurationError
from chainable.redis_timeouts import warn_without_timeout
from chainable.signing import Signer
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis
    from requests import PreparedRequest

__all__ = ["Limiter", "RateLimiter"]

_SHORTEST = 0.001  # seconds, for when another one was faster


class Limiter(Protocol):
    """What a client asks before each attempt."""

    def attach(self, signer: Signer, app_key: str, /) -> Signer:
        """Give a signer that waits for its turn, then signs; a batch asks its ``counting(calls)`` for another, if it has that."""
        ...


@frozen
class _Paced(Signer):
    """A signer that waits for its turn, so that the time it stamps is that of sending."""

    signer: Signer
    limiter: RateLimiter = field(repr=False)
    app_key: str
    calls: int = 1

    def counting(self, calls: int) -> _Paced:
        """Give one for a request that carries so many calls."""
        return evolve(self, calls=calls)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        self.limiter.wait(self.app_key, self.calls)
        return self.signer(r)


class RateLimiter:
    """
    At most so many attempts in any window of time, for each app_key.

    ::

        TaobaoTop(..., limiter=RateLimiter('40/second; 100000/day', redis=Redis(...)))

    Args:
        rates: ``'40/second'``, several joined by ``;``.
        redis: A client of redis-py, to count together with other processes; None counts in this one. A client
            without ``socket_timeout=`` waits without end for a Redis that hangs, and is warned about.
        longest: Seconds an attempt waits at most.
        sleep: Waits for that many seconds.

    Raises:
        ConfigurationError: The rates cannot be read.
    """

    def __init__(
        self,
        rates: str,
        *,
        redis: Redis | None = None,
        longest: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            self._rates = parse_many(rates)
        except (ValueError, TypeError):
            msg = "rates: '40/second' or '40/second; 1000/minute' was expected"
            raise ConfigurationError(msg) from None
        if redis is not None:
            warn_without_timeout(redis)
        storage = (
            MemoryStorage()
            if redis is None
            else RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix="taobao_top")
        )
        self._window = MovingWindowRateLimiter(storage)
        self._longest = longest
        self._sleep = sleep

    def attach(self, signer: Signer, app_key: str, /) -> Signer:
        """Give a signer that waits for its turn, then signs."""
        return _Paced(signer, self, app_key)

    def wait(self, app_key: str, calls: int = 1) -> None:
        """
        Wait until one more attempt fits in.

        Args:
            app_key: Whose attempt it is.
            calls: How many it counts as; more than a rate allows at all count as that many.

        Raises:
            TopError: It would take longer than ``longest``; ``.throttled``, nothing was sent.
        """
        left = self._longest
        while pause := self._pause(app_key, calls):
            if pause > left:
                msg = f"app {app_key} makes more calls than its limiter allows: the next one fits in after {pause:.0f} seconds"
                raise TopError(
                    msg, throttled=True, retryable=True, transient=False, retry_after=pause, maybe_sent=False
                )
            left -= pause
            self._sleep(pause)

    def _pause(self, app_key: str, calls: int) -> float:
        """Count one attempt and give 0, or the seconds until there is room for one."""
        for rate in self._rates:
            stats = self._window.get_window_stats(rate, app_key)
            if stats.remaining < min(calls, rate.amount):
                return max(_SHORTEST, stats.reset_time - time.time())
        counted = all(self._window.hit(rate, app_key, cost=min(calls, rate.amount)) for rate in self._rates)
        return 0.0 if counted else _SHORTEST
