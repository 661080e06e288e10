"""Calls of the platform in a Flask application."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainable.web import flask
from taobao_top.spi.handling import Handling
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from chainable.web import Handle
    from taobao_top.client import TaobaoTop

__all__ = ["handler"]


def handler(top: TaobaoTop, *, tolerance: float = TOLERANCE) -> Callable[[Handle], Callable[..., Response]]:
    """
    Make a view out of what handles a call of the platform.

    ::

        @app.post('/taobao/spi')
        @handler(top)
        def called(call):
            return {'stock': 5}

    Variables of the route are handed on as keywords.  See
    :class:`taobao_top.spi.handling.Handling` for what is answered when.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
    """
    return partial(flask.view, Handling(top, tolerance=tolerance))
