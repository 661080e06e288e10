"""Calls of the platform in a Django project."""

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import async_to_sync
from django.views.decorators.csrf import csrf_exempt  # type: ignore[import-untyped]  # Django has no types of its own
from django.views.decorators.http import require_POST  # type: ignore[import-untyped]  # Django has no types of its own

from chainable.web import django
from taobao_top.spi.handling import Handle, Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]  # as above

    from taobao_top.client import TaobaoTop

__all__ = ["handler"]


def handler(top: TaobaoTop, *, tolerance: float = TOLERANCE) -> Callable[[Handle], Callable[..., HttpResponse]]:
    """
    Make a view out of what handles a call of the platform.

    ::

        @handler(top)
        def called(call):
            return {'stock': 5}

        urlpatterns = [path('taobao/spi', called)]

    The view takes POST without a CSRF token; variables of the route are handed
    on as keywords.  See :class:`taobao_top.spi.handling.Handling` for what is
    answered when.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
    """
    handling = Handling(top, tolerance=tolerance)

    def decorate(handle: Handle) -> Callable[..., HttpResponse]:
        called: Handle = async_to_sync(handle) if iscoroutinefunction(handle) else handle

        @wraps(handle)
        def view(request: HttpRequest, **variables: Any) -> HttpResponse:
            return django.response(handling(django.inbound(request), lambda call: called(call, **variables)))

        return cast("Callable[..., HttpResponse]", csrf_exempt(require_POST(view)))

    return decorate
