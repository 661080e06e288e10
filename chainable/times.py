"""The time zone of the platforms, and the clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from chainable.i18n import Words

__all__ = ["BEIJING", "beijing", "check_aware", "system_time"]

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""UTC+8 all year: the zone of the platforms' times without an offset."""


def system_time() -> float:
    """Return the seconds since 1970 by ``time.time``, also by one that a test has put in its place (freezegun)."""
    return time.time()


def beijing(moment: datetime) -> datetime:
    """Convert an aware datetime to UTC+8; raise TypeError if it has no time zone."""
    check_aware(moment)
    return moment.astimezone(BEIJING)


def check_aware(moment: datetime) -> None:
    """Raise TypeError if a datetime has no time zone."""
    if moment.utcoffset() is None:
        msg = Words(
            "the datetime has no time zone: pass an aware one, for example "
            "datetime(2026, 1, 1, 10, tzinfo=chainable.BEIJING)",
            "datetime 没有时区：请传入带时区的时间，例如 datetime(2026, 1, 1, 10, tzinfo=chainable.BEIJING)",
        )
        raise TypeError(msg)
