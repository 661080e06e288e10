"""Flask's requests and responses. https://flask.palletsprojects.com/"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Response, current_app
from flask import request as current

from chainable.web import Inbound, consumed, url_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request

    from chainable.web import Handle, Reply, Respond

__all__ = ["inbound", "response", "view"]


def inbound(request: Request) -> Inbound:
    """
    A request of Flask with the bytes that were sent; ``request.get_json()`` still works after it.

    Raises:
        ConfigurationError: ``request.form`` or a middleware has read the body before.
    """
    body = request.get_data(cache=True)
    if not body and request.content_length:
        raise consumed("call this before request.form, request.files or request.stream")
    url = url_of(f"{request.scheme}://{request.host}", request.root_path + request.path, request.query_string)
    return Inbound(request.method, url, request.headers, body)


def response(reply: Reply) -> Response:
    """A reply as Flask's response, with no header but the reply's own."""
    made = Response(reply.body, reply.status)
    made.headers.clear()
    made.headers.update(reply.headers)
    return made


def view(respond: Respond, handle: Handle) -> Callable[..., Response]:
    """
    Make a view that answers; variables of the route are handed on as keywords.

    Args:
        respond: Answers.
        handle: What it calls, async or not.
    """

    @wraps(handle)
    def called(**variables: Any) -> Response:
        handler = current_app.ensure_sync(handle)
        return response(respond(inbound(current), lambda *given: handler(*given, **variables)))

    return called
