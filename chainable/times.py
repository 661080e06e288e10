"""The one time zone of both platforms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["BEIJING", "beijing", "check_aware"]

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""UTC+8, all year: what both platforms mean by a time without an offset."""


def beijing(moment: datetime) -> datetime:
    """
    The same moment on the clocks of Beijing.

    Raises:
        TypeError: The datetime is naive, so it names no moment.
    """
    check_aware(moment)
    return moment.astimezone(BEIJING)


def check_aware(moment: datetime) -> None:
    """
    Refuse a datetime without a time zone.

    Raises:
        TypeError: The datetime is naive, so it names no moment.

    .. versionadded:: 0.1.0
    """
    if moment.utcoffset() is None:
        msg = (
            "a naive datetime names no moment: give it a zone, for example "
            "datetime(2026, 1, 1, 10, tzinfo=chainable.BEIJING)"
        )
        raise TypeError(msg)
