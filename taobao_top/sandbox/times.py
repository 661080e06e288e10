"""Times as the gateway reads and writes them: GMT+8."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

__all__ = ["GMT8", "epoch", "written"]

GMT8 = timezone(timedelta(hours=8))
_MILLISECONDS = re.compile(r"\d{13}\Z", re.ASCII)


def written(seconds: float) -> str:
    """Return a time, seconds since 1970, as ``yyyy-MM-dd HH:mm:ss``."""
    return f"{datetime.fromtimestamp(seconds, GMT8):%Y-%m-%d %H:%M:%S}"


def epoch(text: str) -> float | None:
    """Return the seconds since 1970 of ``yyyy-MM-dd HH:mm:ss`` or epoch milliseconds; None for anything else."""
    if _MILLISECONDS.match(text):
        return int(text) / 1000
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=GMT8).timestamp()
    except ValueError:
        return None
