"""Notifications in an application of FastAPI or Starlette."""

from __future__ import annotations

from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from anyio import from_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002 (FastAPI reads the endpoint's annotations)
from starlette.responses import Response  # noqa: TC002 (as above)

from chainable.claims import LEASE
from chainable.web import starlette
from wechatpay.notifications.handling import Handle, Handling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chainable.claims import Store
    from wechatpay.client import WeChatPay
    from wechatpay.merchants import Merchants

__all__ = ["handler"]


def handler(
    source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE
) -> Callable[[Handle], Callable[[Request], Awaitable[Response]]]:
    """
    Make an endpoint for ``notify_url`` out of what handles a notification.

    ::

        @app.post('/wechatpay/notify')
        @handler(client, store)
        async def notified(notification):
            ...

    The function may be async or not; checks, claims and plain functions run in
    a worker thread, so that the event loop never waits. Variables of the route
    are handed on as keywords. See
    :class:`wechatpay.notifications.handling.Handling` for what is answered when.

    Args:
        source: The client, or ``Merchants``; then the function is called with
            the client and the notification.
        store: Where claims are kept, shared by all workers.
        lease: Seconds until a silent worker counts as dead.
    """
    handling = Handling(source, store, lease=lease)

    def decorate(handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            inbound = await starlette.inbound(request)
            variables = request.path_params

            def call(*given: Any) -> Any:
                if not iscoroutinefunction(handle):
                    return handle(*given, **variables)
                return from_thread.run(lambda: handle(*given, **variables))

            return starlette.response(await run_in_threadpool(handling, inbound.headers, inbound.body, call))

        names = [name for name in WRAPPER_ASSIGNMENTS if name != "__annotations__"]
        update_wrapper(endpoint, handle, assigned=names)
        # FastAPI would take the parameters of what is wrapped for those of the request.
        del endpoint.__wrapped__  # type: ignore[attr-defined]  # which update_wrapper has just set
        return endpoint

    return decorate
