"""
Notifications in a Flask application.

::

    def paid(notification):
        ...

    app.post('/wechatpay/notify')(endpoint(client, store, paid))

    @app.post('/wechatpay/notify')      # the same with decorators, whose order matters
    @handler(client, store)
    def notified(notification):
        ...
"""

from __future__ import annotations

from chainable.web import flask
from wechatpay.notifications.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(flask.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
