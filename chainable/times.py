"""The one time zone of both platforms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["BEIJING", "beijing"]

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""UTC+8, all year: what both platforms mean by a time without an offset."""


def beijing(moment: datetime) -> datetime:
    """
    The same moment on the clocks of Beijing.

    Raises:
        TypeError: The datetime is naive, so nobody can tell which moment it is.
    """
    if moment.utcoffset() is None:
        msg = (
            "a naive datetime names no moment: give it a zone, for example "
            "datetime(2026, 1, 1, 10, tzinfo=chainable.BEIJING)"
        )
        raise TypeError(msg)
    return moment.astimezone(BEIJING)
