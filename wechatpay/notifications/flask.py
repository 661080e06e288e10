"""Notifications in a Flask application."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.deduplication import LEASE
from chainable.web import flask
from wechatpay.notifications.handler import NotificationHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from chainable.deduplication import Store
    from chainable.web import Handle
    from wechatpay.client import WeChatPay
    from wechatpay.merchants import Merchants

__all__ = ["endpoint", "handler"]


def endpoint(
    source: WeChatPay | Merchants, store: Store, function: Handle, *, lease: float = LEASE
) -> Callable[..., Response]:
    """
    Return the view for ``notify_url`` that calls a function with each notification.

    ::

        def paid(notification):
            ...

        app.post('/wechatpay/notify')(endpoint(client, store, paid))

    The view verifies the signature, calls the function once for each
    notification, and responds;
    :class:`wechatpay.notifications.handler.NotificationHandler` has the responses, and
    what the function may return.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: The store of claims, shared by all workers.
        function: Called with the notification, and with variables of the route
            as keywords.
        lease: Seconds after which a silent worker counts as dead.

    Raises:
        TypeError: ``source`` or ``store`` is something else.
        ConfigurationError: The function is a route already, which would be
            called without verification.

    .. versionadded:: 0.1.0
    """
    return handler(source, store, lease=lease)(function)


def handler(
    source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE
) -> Callable[[Handle], Callable[..., Response]]:
    """
    Return a decorator for a function that handles notifications.

    :func:`endpoint` does the same without decorators, whose order matters.

    ::

        @app.post('/wechatpay/notify')
        @handler(client, store)
        def notified(notification):
            ...

    Variables of the route are passed as keywords.
    :class:`wechatpay.notifications.handler.NotificationHandler` has the responses.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: The store of claims, shared by all workers.
        lease: Seconds after which a silent worker counts as dead.
    """
    return partial(flask.view, NotificationHandler(source, store, lease=lease).respond)
