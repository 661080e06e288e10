"""Requests and responses of Starlette and FastAPI. https://www.starlette.io/"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from chainable.web import Inbound, consumed, url_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from chainable.web import Reply

__all__ = ["inbound", "response"]


async def inbound(request: Request) -> Inbound:
    """
    A request of Starlette or FastAPI with the bytes that were sent.

    Raises:
        ConfigurationError: ``request.form()``, ``request.stream()`` or a
            middleware has read the body before.
        ClientDisconnect: The sender went away.
    """
    try:
        body = await request.body()
    except RuntimeError:
        raise consumed("call this before request.form() and request.stream()") from None
    origin = f"{request.url.scheme}://{request.url.netloc}"
    url = url_of(origin, request.scope["path"], request.scope["query_string"])
    return Inbound(request.method, url, request.headers, body)


def response(reply: Reply) -> Response:
    """A reply as Starlette's response."""
    made = Response(reply.body, reply.status)
    for name, value in reply.headers.items():
        made.headers[name] = value
    return made
