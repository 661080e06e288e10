"""Clients of Redis that wait without end."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["warn_without_timeout"]


def warn_without_timeout(redis: Any) -> None:
    """
    Warn about a client of redis-py that waits without end for a Redis that hangs.

    Args:
        redis: The client. Nothing is connected, and a client of an unknown kind is left alone.
    """
    pool = getattr(redis, "connection_pool", None)
    try:
        # A connection that is not connected knows the default of its redis-py: none up to 7, 5 s since 8.  Without a
        # timeout of its own, connecting takes that of the socket.
        timeout = pool.connection_class(**pool.connection_kwargs).socket_timeout  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return
    if timeout is None:
        warnings.warn(
            "this Redis client has no timeout, so a Redis that hangs blocks the worker without end: make it with "
            "Redis(..., socket_timeout=2, socket_connect_timeout=2)",
            UserWarning,
            stacklevel=3,
        )
