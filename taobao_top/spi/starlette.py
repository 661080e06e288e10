"""Calls of the platform in an application of FastAPI or Starlette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.web import starlette
from taobao_top.spi.handling import Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from chainable.web import Handle
    from taobao_top.client import TaobaoTop

__all__ = ["handler"]


def handler(
    top: TaobaoTop, *, tolerance: float = TOLERANCE
) -> Callable[[Handle], Callable[[Request], Awaitable[Response]]]:
    """
    Make an endpoint out of what handles a call of the platform.

    ::

        @app.post('/taobao/spi')
        @handler(top)
        async def called(call):
            return {'stock': 5}

    The function may be async or not; a plain one runs in a worker thread.
    Variables of the route are handed on as keywords.  See
    :class:`taobao_top.spi.handling.Handling` for what is answered when.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
    """
    return partial(starlette.view, Handling(top, tolerance=tolerance))
