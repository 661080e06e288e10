"""Limits on calls, and the bans that follow: code 7 with the seconds that remain."""

from __future__ import annotations

import math
import threading
from collections import deque

from attrs import field, frozen, validators

from chainable.i18n import Words
from taobao_top.sandbox.errors import GatewayError

__all__ = ["Limit", "Throttle"]

APP_API = "accesscontrol.limited-by-app-api-access-count"


@frozen(kw_only=True)
class Limit:
    """
    A limit on calls.

    Args:
        calls: So many calls …
        seconds: … within so many seconds; the next one starts a ban.
        ban: How long the ban lasts, seconds.
        method: Only for this API, None for all calls of the app together.
    """

    calls: int = field(validator=validators.ge(0))
    seconds: float = field(default=1.0, validator=validators.ge(0.0))
    ban: float = field(default=1.0, validator=[validators.ge(0.0), validators.lt(math.inf)])
    method: str | None = None


class Throttle:
    """The limits and bans of one app."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: list[tuple[Limit, deque[float]]] = []
        self._bans: dict[str | None, tuple[float, int, str]] = {}
        self._seen = -math.inf  # when the last call came
        self._new_bans: set[str | None] = set()  # since then

    def limit(self, limit: Limit) -> None:
        """Set a limit beside those there are."""
        with self._lock:
            self._limits.append((limit, deque(maxlen=max(limit.calls, 1))))

    def ban(self, until: float, *, method: str | None = None, code: int = 7, sub_code: str = APP_API) -> None:
        """Refuse all calls, or those of one API, until a time in seconds since 1970 by the sandbox's clock."""
        if not math.isfinite(until):
            raise ValueError(Words("a ban ends at some time", "限流必须有结束时间，seconds 必须是有限的数值"))
        with self._lock:
            self._bans[method] = (until, code, sub_code)
            self._new_bans.add(method)

    @property
    def limits(self) -> list[Limit]:
        """The limits in force."""
        with self._lock:
            return [limit for limit, _ in self._limits]

    @property
    def bans(self) -> list[tuple[str | None, float, int, str]]:
        """API (None: all), end (seconds since 1970), code and sub_code of each ban; some may have ended."""
        with self._lock:
            return [(method, *ban) for method, ban in self._bans.items()]

    def clear(self) -> None:
        """Lift all limits and bans."""
        with self._lock:
            self._limits.clear()
            self._bans.clear()

    def check(self, method: str, now: float) -> None:
        """Count a call, and refuse it while a ban lasts: 7, or the ban's own code."""
        with self._lock:
            if now < self._seen:
                self._set_back(self._seen - now)
            self._seen = now
            self._new_bans.clear()
            for limit, passed in self._limits:
                if limit.method in {None, method} and limit.method not in self._bans:
                    if len(passed) >= limit.calls and (not limit.calls or now - passed[0] < limit.seconds):
                        self._bans[limit.method] = (now + limit.ban, 7, APP_API)
                    else:
                        passed.append(now)
            for banned in (None, method):
                self._refuse(banned, now)

    def _set_back(self, step: float) -> None:
        """Shift all times when the clock was set back, so that bans do not last longer."""
        for _, passed in self._limits:
            moved = [moment - step for moment in passed]
            passed.clear()
            passed.extend(moved)
        for method in self._bans.keys() - self._new_bans:
            until, code, sub_code = self._bans[method]
            self._bans[method] = (until - step, code, sub_code)

    def _refuse(self, banned: str | None, now: float) -> None:
        if banned not in self._bans:
            return
        until, code, sub_code = self._bans[banned]
        remaining = until - now
        if remaining <= 0:
            del self._bans[banned]
            return
        seconds = math.ceil(remaining)
        unit = "second" if seconds == 1 else "seconds"
        raise GatewayError(code, sub_code, f"This ban will last for {seconds} more {unit}")
