"""Calls of the platform in an application of FastAPI or Starlette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.web import starlette
from taobao_top.spi.handler import Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from chainable.claims import Store
    from chainable.web import Handle
    from taobao_top.client import TaobaoTop

__all__ = ["endpoint", "handler"]


def endpoint(
    top: TaobaoTop, function: Handle, *, tolerance: float = TOLERANCE, store: Store | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """
    Make the endpoint for calls of the platform out of a function that handles one.

    ::

        def called(call):
            return {'stock': 5}

        app.post('/taobao/spi')(endpoint(top, called))

    See :class:`taobao_top.spi.handler.Handling` for what is answered when, and
    what the function may return.

    Args:
        top: The client whose app is called.
        function: Called with the call, and with variables of the route as keywords.
        tolerance: Seconds a call's time may differ from ours.
        store: Refuses a call that comes a second time; None hands each over.

    Raises:
        TypeError: ``top`` is no client, or ``store`` no store.
        ConfigurationError: The function is a route already, which would be
            reached without any check.

    .. versionadded:: 0.1.0
    """
    return handler(top, tolerance=tolerance, store=store)(function)


def handler(
    top: TaobaoTop, *, tolerance: float = TOLERANCE, store: Store | None = None
) -> Callable[[Handle], Callable[[Request], Awaitable[Response]]]:
    """
    Make a decorator for a function that handles a call; :func:`endpoint` has no order to get wrong.

    ::

        @app.post('/taobao/spi')
        @handler(top)
        async def called(call):
            return {'stock': 5}

    The function may be async or not; a plain one runs in a worker thread.
    Variables of the route are handed on as keywords.  See
    :class:`taobao_top.spi.handler.Handling` for what is answered when.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
        store: Refuses a call that comes a second time; None hands each over.
    """
    return partial(starlette.view, Handling(top, tolerance=tolerance, store=store))
