"""Requests and responses of Starlette and FastAPI. https://www.starlette.io/"""

from __future__ import annotations

import gc
import logging
from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from chainable.extras import extra
from chainable.i18n import Words
from chainable.web import Inbound, PassedReply, Reply, consumed, share_a_function, undecorated, url_of, wrong_order

with extra("starlette", "starlette", "anyio"):
    from anyio import from_thread
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.requests import Request  # noqa: TC002 (FastAPI reads the endpoint's annotations)
    from starlette.responses import Response
    from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chainable.web import Handle, Respond

__all__ = ["inbound", "response", "view"]

_logger = logging.getLogger("chainable")


async def inbound(request: Request) -> Inbound:
    """
    Convert a request of Starlette or FastAPI, with the bytes that were sent.

    Raises:
        ConfigurationError: ``request.form()``, ``request.stream()`` or a middleware has read the body before.
        ClientDisconnect: The sender went away.
    """
    try:
        body = await request.body()
    except RuntimeError:
        raise consumed(
            Words(
                "call this before request.form() and request.stream()",
                "请在 request.form() 与 request.stream() 之前调用",
            )
        ) from None
    origin = f"{request.url.scheme}://{request.url.netloc}"
    url = url_of(origin, request.scope["path"], request.scope["query_string"])
    return Inbound(request.method, url, request.headers, body)


def response(reply: Reply) -> Response:
    """Convert a reply to Starlette's response."""
    if isinstance(reply, PassedReply):
        original: Response = reply.original
        return original
    made = Response(reply.body, reply.status)
    for name, value in reply.headers.items():
        made.headers[name] = value
    return made


def view(respond: Respond, handle: Handle, refuse: Handle | None = None) -> Callable[[Request], Awaitable[Response]]:
    """
    Make an endpoint that answers in a worker thread; variables of the route are handed on as keywords.

    An exception passes through, unless the application has an exception
    handler for it, which could answer 200 and have the platform take the
    message for handled: then it is logged and answered with 500, an
    ``HTTPException`` with its own status from 400 on.  An async handler runs in
    the event loop.  A response of Starlette that it returns is sent as it is.
    The function *refuse* is handed on as the third argument of *respond*,
    without variables.

    Raises:
        ConfigurationError: ``handle`` is a route already.
    """
    if _is_route(handle):
        raise wrong_order(undecorated(handle)[-1])

    async def called(request: Request) -> Response:
        functions = [_handed_over(handle, request.path_params)]
        if refuse is not None:
            functions.append(_handed_over(refuse, {}))
        arrived = await inbound(request)
        try:
            return response(await run_in_threadpool(respond, arrived, *functions))
        except Exception as error:
            if not _has_handler(request, error):
                raise
            _logger.exception("%s failed", getattr(handle, "__name__", handle))
            status = error.status_code if isinstance(error, HTTPException) else 500
            return response(Reply(status if 400 <= status <= 599 else 500))

    names = [name for name in WRAPPER_ASSIGNMENTS if name not in {"__annotations__", "__annotate__"}]
    update_wrapper(called, handle, assigned=names)
    # FastAPI would take the parameters of what is wrapped for those of the request.
    del called.__wrapped__  # type: ignore[attr-defined]  # which update_wrapper has just set
    return called


def _handed_over(function: Handle, variables: dict[str, Any]) -> Handle:
    """Return a function of the application to be called in a worker thread, whose response is a reply."""

    async def awaited(*given: Any) -> Any:
        return await function(*given, **variables)

    def handed_over(*given: Any) -> Any:
        result = from_thread.run(awaited, *given) if iscoroutinefunction(function) else function(*given, **variables)
        if isinstance(result, Response):
            body = bytes(getattr(result, "body", b""))
            return PassedReply(result.status_code, dict(result.headers), body, result)
        return result

    return handed_over


def _has_handler(request: Request, error: Exception) -> bool:
    """Return whether the application, and not the server, would answer this exception."""
    handlers: Any = getattr(request.app, "exception_handlers", {})
    return isinstance(error, HTTPException) or 500 in handlers or not handlers.keys().isdisjoint(type(error).__mro__)


def _is_route(function: Any) -> bool:
    """Return whether an application has this function as an endpoint; Starlette and FastAPI keep no mark on it."""
    endpoints = [getattr(one, "endpoint", None) for one in gc.get_objects() if issubclass(type(one), BaseRoute)]
    return any(endpoint is not None and share_a_function(endpoint, function) for endpoint in endpoints)
