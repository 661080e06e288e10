"""Django's requests and responses. https://docs.djangoproject.com/"""

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from chainable.extras import extra
from chainable.i18n import Words
from chainable.web import Inbound, PassedReply, Reply, consumed, url_of

with extra("django", "django", "asgiref"):
    from asgiref.sync import async_to_sync
    from django.http import HttpResponse  # type: ignore[import-untyped]  # Django has no types of its own
    from django.http.request import RawPostDataException  # type: ignore[import-untyped]  # Django has no types of its own
    from django.http.response import HttpResponseBase  # type: ignore[import-untyped]  # Django has no types of its own
    from django.views.decorators.csrf import csrf_exempt  # type: ignore[import-untyped]  # Django has no types of its own
    from django.views.decorators.http import require_POST  # type: ignore[import-untyped]  # Django has no types of its own

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from chainable.web import Handle, Respond

__all__ = ["inbound", "response", "view"]


def inbound(request: HttpRequest) -> Inbound:
    """
    Convert a request of Django, with the bytes that were sent.

    Raises:
        ConfigurationError: ``request.read()``, a multipart parser or a middleware has read the body before.
        DisallowedHost: See Django's ``ALLOWED_HOSTS``.
    """
    try:
        body = request.body
    except RawPostDataException:
        raise consumed(
            Words(
                "call this before request.read() and before a multipart parser",
                "请在 request.read() 与 multipart 解析之前调用",
            )
        ) from None
    query = request.META.get("QUERY_STRING", "").encode("latin-1")
    url = url_of(f"{request.scheme}://{request.get_host()}", request.path, query)
    headers: Any = request.headers
    return Inbound(str(request.method), url, headers, body)


def response(reply: Reply) -> HttpResponse:
    """Convert a reply to Django's response."""
    if isinstance(reply, PassedReply):
        return reply.original
    made = HttpResponse(reply.body, status=reply.status)
    del made["Content-Type"]
    for name, value in reply.headers.items():
        made[name] = value
    return made


def view(respond: Respond, handle: Handle, refuse: Handle | None = None) -> Callable[..., HttpResponse]:
    """
    Make a view that takes POST without a CSRF token; variables of the route are handed on as keywords.

    A response of Django that the handler returns is sent as it is. The function
    *refuse* is handed on as the third argument of *respond*, without variables.
    """

    @wraps(handle)
    def called(request: HttpRequest, **variables: Any) -> HttpResponse:
        functions = [_handed_over(handle, variables)]
        if refuse is not None:
            functions.append(_handed_over(refuse, {}))
        return response(respond(inbound(request), *functions))

    return cast("Callable[..., HttpResponse]", csrf_exempt(require_POST(called)))


def _handed_over(function: Handle, variables: dict[str, Any]) -> Handle:
    """Return a function of the project that need not be awaited, and whose response is a reply."""
    handler: Handle = async_to_sync(function) if iscoroutinefunction(function) else function

    def handed_over(*given: Any) -> Any:
        result = handler(*given, **variables)
        if isinstance(result, HttpResponseBase):
            made: Any = result
            body = b"" if made.streaming else made.content
            return PassedReply(result.status_code, dict(result.items()), body, result)
        return result

    return handed_over
