"""
Notifications in a Django project.

::

    def paid(notification):
        ...

    urlpatterns = [path('wechatpay/notify', endpoint(client, store, paid))]

    @handler(client, store)             # the same with a decorator
    def notified(notification):
        ...

    urlpatterns = [path('wechatpay/notify', notified)]

The view accepts POST without a CSRF token.  Write the route exactly as in
``notify_url``: the platform does not follow the redirect of ``APPEND_SLASH``.
"""

from __future__ import annotations

from chainable.web import django
from wechatpay.notifications.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(django.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
