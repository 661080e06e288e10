"""
Calls of the platform in a Django project; the views take POST without a CSRF token.

::

    @handler(top)
    def called(call):
        return {'stock': 5}

    urlpatterns = [path('taobao/spi', called)]

    urlpatterns = [path('taobao/spi', endpoint(top, called))]      # the same without a decorator
"""

from __future__ import annotations

from chainable.web import django
from taobao_top.spi.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(django.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
