"""Notifications in an application of FastAPI or Starlette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.claims import LEASE
from chainable.web import starlette
from wechatpay.notifications.handling import Handling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from chainable.claims import Store
    from chainable.web import Handle
    from wechatpay.client import WeChatPay
    from wechatpay.merchants import Merchants

__all__ = ["handler"]


def handler(
    source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE
) -> Callable[[Handle], Callable[[Request], Awaitable[Response]]]:
    """
    Make an endpoint for ``notify_url`` out of what handles a notification.

    ::

        @app.post('/wechatpay/notify')
        @handler(client, store)
        async def notified(notification):
            ...

    The function may be async or not; checks, claims and plain functions run in
    a worker thread, so that the event loop never waits. Variables of the route
    are handed on as keywords. See
    :class:`wechatpay.notifications.handling.Handling` for what is answered when.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: Where claims are kept, shared by all workers.
        lease: Seconds until a silent worker counts as dead.
    """
    return partial(starlette.view, Handling(source, store, lease=lease).respond)
