"""
Calls of the platform in a Flask application.

::

    @app.post('/taobao/spi')
    @handler(top)
    def called(call):
        return {'stock': 5}

    app.post('/taobao/spi')(endpoint(top, called))      # the same without a decorator
"""

from __future__ import annotations

from chainable.web import flask
from taobao_top.spi.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(flask.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
