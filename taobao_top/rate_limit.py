"""
Holding calls back before the platform does: as many per second as the console allows this app.

The library limits reads the rates.  Its storages count by the wall clock, so
that a clock that is set back by an hour would stop all calls for an hour;
the windows here are counted by a clock that never goes back, or by the one
clock of the Redis server.  (pyrate-limiter starts threads of its own, which a
forked worker loses.)  https://limits.readthedocs.io/
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, field, frozen
from limits import parse_many

from chainable.errors import ConfigurationError
from chainable.redis_timeouts import warn_without_timeout
from chainable.signing import Signer
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


@frozen
class _Rate:
    """At most so many calls in any window of so many seconds."""

    calls: int
    seconds: float


class _Windows(Protocol):
    """The calls of each app in the windows that end now."""

    def take(self, app_key: str, calls: int, /) -> float:
        """Count the calls and give 0, or count none and give the seconds until there is room for them."""
        ...


class _OwnWindows:
    """
    The calls of this process.

    Args:
        rates: All have to hold.
        clock: Seconds that never go back.
    """

    def __init__(self, rates: Sequence[_Rate], clock: Callable[[], float]) -> None:
        self._rates = rates
        self._clock = clock
        self._counted: dict[str, list[deque[float]]] = {}
        self._locks: dict[int, threading.Lock] = {}

    def take(self, app_key: str, calls: int, /) -> float:
        # A process forked meanwhile begins with a lock of its own: it may have inherited one that is held.
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            now = self._clock()
            counted = self._counted.setdefault(app_key, [deque() for _ in self._rates])
            windows = list(zip(self._rates, counted, strict=True))
            pause = max(self._until_room(rate, times, calls, now) for rate, times in windows)
            if not pause:
                for rate, times in windows:
                    times.extend([now] * min(calls, rate.calls))
        return pause

    @staticmethod
    def _until_room(rate: _Rate, times: deque[float], calls: int, now: float) -> float:
        while times and times[0] <= now - rate.seconds:
            times.popleft()
        too_many = len(times) + min(calls, rate.calls) - rate.calls
        return max(_SHORTEST, times[too_many - 1] + rate.seconds - now) if too_many > 0 else 0.0


# Keys: a list of times for each rate, newest first.  Arguments: the calls, then for each rate its calls and seconds.
# Times of the future say that the server's clock was set back: they count no longer.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local pause = 0
for i, key in ipairs(KEYS) do
    local limit, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    local newest = redis.call('LINDEX', key, 0)
    if newest and tonumber(newest) > now then redis.call('DEL', key) end
    local last = redis.call('LINDEX', key, limit - math.min(ARGV[1], limit))
    if last then pause = math.max(pause, last + window - now) end
end
if pause > 0 then return tostring(pause) end
local stamp = string.format('%.6f', now)
for i, key in ipairs(KEYS) do
    local limit, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    for _ = 1, math.min(ARGV[1], limit) do redis.call('LPUSH', key, stamp) end
    redis.call('LTRIM', key, 0, limit - 1)
    redis.call('PEXPIRE', key, math.ceil(window * 1000))
end
return '0'
"""


class _SharedWindows:
    """
    The calls of all processes that share a Redis, by its clock, whatever the clocks of their machines show.

    Args:
        rates: All have to hold.
        redis: A client of redis-py.
    """

    def __init__(self, rates: Sequence[_Rate], redis: Redis) -> None:
        self._rates = rates
        self._take: Callable[..., Any] = redis.register_script(_TAKE)
        self._arguments = [number for rate in rates for number in (rate.calls, rate.seconds)]

    def take(self, app_key: str, calls: int, /) -> float:
        # The braces keep the keys of one app on one node of a cluster.
        keys = [f"taobao_top:limit:{{{app_key}}}:{rate.calls}/{rate.seconds}" for rate in self._rates]
        pause = float(self._take(keys, [calls, *self._arguments]))
        return max(_SHORTEST, pause) if pause else 0.0


class RateLimiter:
    """
    At most so many attempts in any window of time, for each app_key.

    ::

        TaobaoTop(..., limiter=RateLimiter('40/second; 100000/day', redis=Redis(...)))

    No step of the machine's clock makes it refuse calls: in one process it
    counts by a clock that never goes back, in Redis by the server's.

    Args:
        rates: ``'40/second'``, several joined by ``;``.
        redis: A client of redis-py, to count together with other processes; None counts in this one. A client
            without ``socket_timeout=`` waits without end for a Redis that hangs, and is warned about.
        longest: Seconds an attempt waits at most.
        sleep: Waits for that many seconds.
        clock: Seconds that never go back, to count by in this process.

            .. versionadded:: 0.1.0

    Raises:
        ConfigurationError: The rates cannot be read.
    """

    def __init__(
        self,
        rates: str,
        *,
        redis: Redis | None = None,
        longest: float = 10.0,
        sleep: Callable[[float], None] = lambda seconds: time.sleep(seconds),  # noqa: PLW0108 (gevent may replace it later)
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            parsed = [_Rate(rate.amount, rate.get_expiry()) for rate in parse_many(rates)]
        except (ValueError, TypeError):
            parsed = []
        if not parsed or any(rate.calls < 1 for rate in parsed):
            msg = "rates: '40/second' or '40/second; 1000/minute' was expected"
            raise ConfigurationError(msg)
        if redis is not None:
            warn_without_timeout(redis)
        self._windows: _Windows = _OwnWindows(parsed, clock) if redis is None else _SharedWindows(parsed, redis)
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
        while pause := self._windows.take(app_key, calls):
            if pause > left:
                msg = f"app {app_key} makes more calls than its limiter allows: the next one fits in after {pause:.0f} seconds"
                raise TopError(
                    msg, throttled=True, retryable=True, transient=False, retry_after=pause, maybe_sent=False
                )
            left -= pause
            self._sleep(pause)
