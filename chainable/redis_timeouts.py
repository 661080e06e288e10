"""Warn about Redis clients without a timeout."""

from __future__ import annotations

import warnings
from typing import Any

from chainable.i18n import Words

__all__ = ["warn_without_timeout"]


def warn_without_timeout(redis: Any) -> None:
    """
    Warn about a client of redis-py that would wait without limit for a hanging server.

    No connection is made; a client of another class is ignored.

    Raises:
        TypeError: A URL was passed in the place of the client.
    """
    if isinstance(redis, str):
        msg = Words(
            "redis: a client of redis-py was expected, not a str; for a URL, pass "
            "redis.Redis.from_url(…, socket_timeout=2, socket_connect_timeout=2)",
            "redis：应为 redis-py 的客户端，不是 str；地址请写成 redis.Redis.from_url(…, socket_timeout=2, socket_connect_timeout=2)",
        )
        raise TypeError(msg)
    pool = getattr(redis, "connection_pool", None)
    try:
        # An unconnected connection shows the default of redis-py: none up to 7, 5 s since 8.  The timeout of the
        # socket is also the default for connecting.
        timeout = pool.connection_class(**pool.connection_kwargs).socket_timeout  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return
    if timeout is None:
        message = Words(
            "this Redis client has no timeout, so a hanging server would block the worker without limit: create it "
            "with Redis(..., socket_timeout=2, socket_connect_timeout=2)",
            "这个 Redis 客户端没有超时，服务器无响应时会一直阻塞：请用 Redis(..., socket_timeout=2, "
            "socket_connect_timeout=2) 创建",
        )
        warnings.warn(message, UserWarning, stacklevel=3)
