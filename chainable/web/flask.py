"""Flask's requests and responses. https://flask.palletsprojects.com/"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from chainable.web import Inbound, consumed, url_of

if TYPE_CHECKING:
    from flask import Request

    from chainable.web import Reply

__all__ = ["inbound", "response"]


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
