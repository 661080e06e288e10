"""Calls of the platform in a Django project."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.web import django
from taobao_top.spi.handling import Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse  # type: ignore[import-untyped]  # Django has no types of its own

    from chainable.web import Handle
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
    return partial(django.view, Handling(top, tolerance=tolerance))
