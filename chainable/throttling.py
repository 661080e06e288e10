"""How long a platform refuses calls: read from the words of its refusal, or from a header."""

from __future__ import annotations

import re

__all__ = ["ban_seconds", "header_seconds"]

_WAITS = (
    r"(?i)ban will last for (\d{1,9}) more (second|minute|hour)",
    r"(\d{1,9})\s*个?(秒|分|小时)钟?\s*(?:之|以)?后",
    r"(?i)\b(?:again|retry) (?:after|in) (\d{1,9}) (second|minute|hour)",
)
_UNITS = {"秒": 1, "分": 60, "小时": 3600, "second": 1, "minute": 60, "hour": 3600}


def ban_seconds(text: str) -> float | None:
    """
    Return the seconds that a refusal asks to wait; None if it does not say.

    Args:
        text: The platform's sentence, such as ``This ban will last for 3 more seconds``, ``try again in 2 minutes``
            or ``请 5 分钟后再试``.

    .. versionadded:: 0.1.0
    """
    for pattern in _WAITS:
        found = re.search(pattern, text)
        if found:
            return float(found.group(1)) * _UNITS[found.group(2).lower()]
    return None


def header_seconds(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None if there is none, or it is a date or unusable."""
    return float(value) if value is not None and value.isascii() and value.isdecimal() else None
