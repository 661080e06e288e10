"""
A rate limit on the client's side: as many calls per second as the console allows this app.

The library limits parses the rates.  Its storages use the wall clock: set back
by an hour, it would stop all calls for an hour.  The windows here use a
monotonic clock, or the clock of the Redis server.  (pyrate-limiter starts
threads, which a forked worker loses.)  https://limits.readthedocs.io/
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, field, frozen

from chainable.errors import ConfigurationError
from chainable.extras import extra
from chainable.i18n import Words
from chainable.redis_timeouts import warn_without_timeout
from chainable.signing import Signer
from taobao_top.errors import TopError

with extra("limits", "limits"):
    from limits import parse_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis import Redis
    from requests import PreparedRequest

__all__ = ["Limiter", "RateLimiter"]

_SHORTEST = 0.001  # seconds, for when another process was faster


class Limiter(Protocol):
    """Delays the attempts of a client."""

    def attach(self, signer: Signer, app_key: str, /) -> Signer:
        """Return a signer that waits, then signs; a batch uses the signer's ``counting(calls)``, if it has that method."""
        ...


@frozen
class _Paced(Signer):
    """A signer that waits before it signs, so that the timestamp is the time of sending."""

    signer: Signer
    limiter: RateLimiter = field(repr=False)
    app_key: str
    calls: int = 1

    def counting(self, calls: int) -> _Paced:
        """Return the signer of a request with this number of calls."""
        return evolve(self, calls=calls)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        self.limiter.wait(self.app_key, self.calls)
        return self.signer(r)


@frozen
class _Rate:
    """The most calls in any window of this many seconds."""

    calls: int
    seconds: float


class _Windows(Protocol):
    """The calls of each app in the windows that end now."""

    def take(self, app_key: str, calls: int, /) -> float:
        """Count the calls and return 0, or count none and return the seconds until they fit in."""
        ...


class _OwnWindows:
    """The calls of this process."""

    def __init__(self, rates: Sequence[_Rate], clock: Callable[[], float]) -> None:
        self._rates = rates
        self._clock = clock
        self._counted: dict[str, list[deque[float]]] = {}
        self._locks: dict[int, threading.Lock] = {}

    def take(self, app_key: str, calls: int, /) -> float:
        # One lock per process: a forked child may inherit a lock that is held.
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
# Times in the future mean that the server's clock was set back: they are dropped.
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
    """The calls of all processes that share a Redis, by its clock."""

    def __init__(self, rates: Sequence[_Rate], redis: Redis) -> None:
        self._rates = rates
        self._take: Callable[..., Any] = redis.register_script(_TAKE)
        self._arguments = [number for rate in rates for number in (rate.calls, rate.seconds)]

    def take(self, app_key: str, calls: int, /) -> float:
        # The braces keep the keys of an app on one node of a cluster.
        keys = [f"taobao_top:limit:{{{app_key}}}:{rate.calls}/{rate.seconds}" for rate in self._rates]
        pause = float(self._take(keys, [calls, *self._arguments]))
        return max(_SHORTEST, pause) if pause else 0.0


class RateLimiter:
    """
    Limits the attempts in any window of time, for each app_key.

    ::

        TaobaoTop(..., limiter=RateLimiter('40/second; 100000/day', redis=Redis(...)))

    Changes of the machine's clock have no effect: in one process the limiter
    uses a monotonic clock, in Redis the server's.

    Args:
        rates: ``'40/second'``; several are joined by ``;``.
        redis: A client of redis-py, to count together with other processes; None to count in this one. A client
            without ``socket_timeout=`` waits for a hung Redis without end, and causes a warning.
        longest: The longest wait of an attempt, in seconds.
        sleep: Waits for a number of seconds.
        clock: Monotonic seconds, to count by in this process.

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
            raise ConfigurationError(
                Words(
                    "rates: '40/second' or '40/second; 1000/minute' was expected",
                    "rates：应为 '40/second' 或 '40/second; 1000/minute' 这样的写法",
                )
            )
        if redis is not None:
            warn_without_timeout(redis)
        self._windows: _Windows = _OwnWindows(parsed, clock) if redis is None else _SharedWindows(parsed, redis)
        self._longest = longest
        self._sleep = sleep

    def attach(self, signer: Signer, app_key: str, /) -> Signer:
        """Return a signer that waits, then signs."""
        return _Paced(signer, self, app_key)

    def wait(self, app_key: str, calls: int = 1) -> None:
        """
        Wait until an attempt fits in.

        Args:
            app_key: The app of the attempt.
            calls: The calls it counts as; no more are counted than a rate allows.

        Raises:
            TopError: The wait would be longer than ``longest``; ``.throttled``, and nothing was sent.
        """
        left = self._longest
        while pause := self._windows.take(app_key, calls):
            if pause > left:
                msg = Words(
                    f"app {app_key} makes more calls than its limiter allows: "
                    f"the next one fits in after {pause:.0f} seconds",
                    f"应用 {app_key} 的调用超过了限流器的额度：{pause:.0f} 秒后才能再调用",
                )
                raise TopError(
                    msg, throttled=True, retryable=True, transient=False, retry_after=pause, maybe_sent=False
                )
            left -= pause
            self._sleep(pause)
