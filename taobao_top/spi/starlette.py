"""Calls of the platform in an application of FastAPI or Starlette."""

from __future__ import annotations

from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from anyio import from_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002 (FastAPI reads the endpoint's annotations)
from starlette.responses import Response  # noqa: TC002 (as above)

from chainable.web import starlette
from taobao_top.spi.handling import Handle, Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    handling = Handling(top, tolerance=tolerance)

    def decorate(handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            inbound = await starlette.inbound(request)
            variables = request.path_params

            def called(call: Any) -> Any:
                if not iscoroutinefunction(handle):
                    return handle(call, **variables)
                return from_thread.run(lambda: handle(call, **variables))

            return starlette.response(await run_in_threadpool(handling, inbound, called))

        names = [name for name in WRAPPER_ASSIGNMENTS if name != "__annotations__"]
        update_wrapper(endpoint, handle, assigned=names)
        # FastAPI would take the parameters of what is wrapped for those of the request.
        del endpoint.__wrapped__  # type: ignore[attr-defined]  # which update_wrapper has just set
        return endpoint

    return decorate
