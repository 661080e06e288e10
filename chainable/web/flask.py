"""Flask's requests and responses. https://flask.palletsprojects.com/"""

from __future__ import annotations

import gc
from functools import wraps
from typing import TYPE_CHECKING, Any

from chainable.extras import extra
from chainable.i18n import Words
from chainable.web import Inbound, PassedReply, Reply, consumed, share_a_function, undecorated, url_of, wrong_order

with extra("flask", "flask", "werkzeug"):
    from flask import Blueprint, Flask, Response, after_this_request, current_app
    from flask import request as current
    from werkzeug.wrappers import Response as AnyResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request

    from chainable.web import Handle, Respond

__all__ = ["inbound", "response", "view"]


def inbound(request: Request) -> Inbound:
    """
    Convert a request of Flask, with the bytes that were sent; ``request.get_json()`` still works after it.

    Raises:
        ConfigurationError: ``request.form`` or a middleware has read the body before.
    """
    body = request.get_data(cache=True)
    if not body and request.content_length:
        raise consumed(
            Words(
                "call this before request.form, request.files or request.stream",
                "请在 request.form、request.files、request.stream 之前调用",
            )
        )
    url = url_of(f"{request.scheme}://{request.host}", request.root_path + request.path, request.query_string)
    return Inbound(request.method, url, request.headers, body)


def response(reply: Reply) -> AnyResponse:
    """Convert a reply to Flask's response, with no header but the reply's own."""
    if isinstance(reply, PassedReply):
        original: AnyResponse = reply.original
        return original
    made = Response(reply.body, reply.status)
    made.headers.clear()
    made.headers.update(reply.headers)
    return made


def view(respond: Respond, handle: Handle, refuse: Handle | None = None) -> Callable[..., AnyResponse]:
    """
    Make a view that answers; variables of the route are handed on as keywords.

    An exception passes through to Flask. Where an error handler of the
    application would answer it with 2xx or 3xx, the answer is 500, because
    the platform would take the message for handled.  A response of Flask that
    the handler returns is sent as it is. The function *refuse* is handed on as
    the third argument of *respond*, without variables.

    Raises:
        ConfigurationError: ``handle`` is a route already.
    """
    if _is_route(handle):
        raise wrong_order(undecorated(handle)[-1])

    @wraps(handle)
    def called(**variables: Any) -> AnyResponse:
        functions = [_handed_over(handle, variables)]
        if refuse is not None:
            functions.append(_handed_over(refuse, {}))
        try:
            return response(respond(inbound(current), *functions))
        except BaseException:
            after_this_request(_as_failure)
            raise

    del called.__wrapped__  # so that the function may serve a second route as well
    return called


def _handed_over(function: Handle, variables: dict[str, Any]) -> Handle:
    """Return a function of the application so that it is called from any thread, and its response is a reply."""
    handler = current_app.ensure_sync(function)

    def handed_over(*given: Any) -> Any:
        result = handler(*given, **variables)
        if isinstance(result, AnyResponse):
            body = b"" if result.is_streamed else result.get_data()
            return PassedReply(result.status_code, dict(result.headers), body, result)
        return result

    return handed_over


def _as_failure(made: Any) -> Any:
    """Return an error in place of a success that the application's own error handler made of an exception."""
    return made if made.status_code >= 400 else response(Reply(500))


def _is_route(function: Any) -> bool:
    """Return whether an application or a blueprint has this function as a view; Flask keeps no mark on it."""
    for one in gc.get_objects():
        kind = type(one)  # isinstance() would ask Flask's proxies, which have no application here
        if issubclass(kind, Flask):
            if any(share_a_function(view, function) for view in one.view_functions.values()):
                return True
        elif issubclass(kind, Blueprint):
            cells = [cell for deferred in one.deferred_functions for cell in deferred.__closure__ or ()]
            if any(share_a_function(content, function) for content in map(_content, cells)):
                return True
    return False


def _content(cell: Any) -> Any:
    """Return what a cell holds; None for an empty one."""
    try:
        return cell.cell_contents
    except ValueError:
        return None
