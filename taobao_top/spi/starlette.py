"""
Calls of the platform in an application of FastAPI or Starlette.

::

    @app.post('/taobao/spi')
    @handler(top)
    async def called(call):
        return {'stock': 5}

    app.post('/taobao/spi')(endpoint(top, called))      # the same without a decorator

The function may be async or not; checks and plain functions run in a worker
thread, so that the event loop never waits.
"""

from __future__ import annotations

from chainable.web import starlette
from taobao_top.spi.handler import Adapter

__all__ = ["endpoint", "handler"]

_adapter = Adapter(starlette.view)
endpoint = _adapter.endpoint
handler = _adapter.handler
