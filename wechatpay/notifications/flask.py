"""Notifications in a Flask application."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import current_app, request

from chainable.claims import LEASE
from chainable.web import flask
from wechatpay.notifications.handling import Handle, Handling

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from chainable.claims import Store
    from wechatpay.client import WeChatPay
    from wechatpay.merchants import Merchants

__all__ = ["handler"]


def handler(
    source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE
) -> Callable[[Handle], Callable[..., Response]]:
    """
    Make a view for ``notify_url`` out of what handles a notification.

    ::

        @app.post('/wechatpay/notify')
        @handler(client, store)
        def notified(notification):
            ...

    Variables of the route are handed on as keywords. See
    :class:`wechatpay.notifications.handling.Handling` for what is answered when.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: Where claims are kept, shared by all workers.
        lease: Seconds until a silent worker counts as dead.
    """
    handling = Handling(source, store, lease=lease)

    def decorate(handle: Handle) -> Callable[..., Response]:
        @wraps(handle)
        def view(**variables: Any) -> Response:
            inbound = flask.inbound(request)
            call = current_app.ensure_sync(handle)
            return flask.response(handling(inbound.headers, inbound.body, lambda *given: call(*given, **variables)))

        return view

    return decorate
