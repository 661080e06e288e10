"""
Notifications in an application of FastAPI or Starlette.

::

    def paid(notification):
        ...

    app.post('/wechatpay/notify')(endpoint(client, store, paid))

    @app.post('/wechatpay/notify')      # the same with decorators, whose order matters
    @handler(client, store)
    async def notified(notification):
        ...

The function may be async or not; verification, claims and plain functions run
in a worker thread, so that the event loop is not blocked.
"""

from __future__ import annotations

from chainable.web import starlette
from wechatpay.notifications.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(starlette.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
