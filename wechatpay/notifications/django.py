"""Notifications in a Django project."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.claims import LEASE
from chainable.web import django
from wechatpay.notifications.handler import NotificationHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse  # type: ignore[import-untyped]  # Django has no types of its own

    from chainable.claims import Store
    from chainable.web import Handle
    from wechatpay.client import WeChatPay
    from wechatpay.merchants import Merchants

__all__ = ["endpoint", "handler"]


def endpoint(
    source: WeChatPay | Merchants, store: Store, function: Handle, *, lease: float = LEASE
) -> Callable[..., HttpResponse]:
    """
    Make the view for ``notify_url`` out of a function that handles a notification.

    ::

        def paid(notification):
            ...

        urlpatterns = [path('wechatpay/notify', endpoint(client, store, paid))]

    The view checks the signature, calls the function once for each
    notification, and answers. See
    :class:`wechatpay.notifications.handler.NotificationHandler` for what is answered
    when, and what the function may return.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: Where claims are kept, shared by all workers.
        function: Called with the notification, and with variables of the route
            as keywords.
        lease: Seconds until a silent worker counts as dead.

    Raises:
        TypeError: ``source`` or ``store`` is something else.
        ConfigurationError: The function is a route already, which would be
            reached without any check.

    .. versionadded:: 0.1.0
    """
    return handler(source, store, lease=lease)(function)


def handler(
    source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE
) -> Callable[[Handle], Callable[..., HttpResponse]]:
    """
    Make a decorator for a function that handles a notification; :func:`endpoint` has no order to get wrong.

    ::

        @handler(client, store)
        def notified(notification):
            ...

        urlpatterns = [path('wechatpay/notify', notified)]

    The view takes POST without a CSRF token. Write the route exactly as in
    ``notify_url``: the platform does not follow the redirect of
    ``APPEND_SLASH``. Variables of the route are handed on as keywords. See
    :class:`wechatpay.notifications.handler.NotificationHandler` for what is answered when.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: Where claims are kept, shared by all workers.
        lease: Seconds until a silent worker counts as dead.
    """
    return partial(django.view, NotificationHandler(source, store, lease=lease).respond)
