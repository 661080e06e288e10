"""The time of a running sandbox, for the commands that call it: one that was set ahead refuses this machine's time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from chainable.loopback import is_loopback
from chainable.pinned import PinnedSession

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["sandbox_clock"]


def sandbox_clock(url: str | None, ca: str | None) -> Callable[[], float]:
    """
    Return the clock of the sandbox at a URL, as seconds since 1970; this machine's for every other server.

    Args:
        url: Any URL of the sandbox. Only a server on loopback is asked.
        ca: Its CA file.
    """
    try:
        parts = urlsplit(url or "")
        if not is_loopback(parts.hostname or ""):
            return time.time
        with PinnedSession() as session:
            answer = session.get(f"{parts.scheme}://{parts.netloc}/_sandbox/clock", timeout=5, verify=ca or True)
        ahead = float(answer.json()["ahead"])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return time.time  # another server, or one that is down: the call itself says so
    return lambda: time.time() + ahead
