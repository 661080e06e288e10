"""One address for a call that comes in, whatever the framework: verify, hand over, answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chainable.errors import SignatureError
from chainable.web import Reply
from taobao_top.spi.replies import accept, reject

if TYPE_CHECKING:
    from chainable.web import Handle, Inbound
    from taobao_top.client import TaobaoTop

__all__ = ["Handling"]

_logger = logging.getLogger("taobao_top")


class Handling:
    """
    What happens to each call that comes in.

    A forged or old one is answered with the platform's failure reply, and the
    handler never sees it.  What the handler gives is the answer: a mapping of
    members, None for a bare success, or a :class:`chainable.web.Reply`.  An
    exception of the handler passes through, so that the framework reports it.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
    """

    def __init__(self, top: TaobaoTop, *, tolerance: float) -> None:
        self._spi = top.spi
        self._tolerance = tolerance

    def __call__(self, inbound: Inbound, handle: Handle) -> Reply:
        """
        Handle one call.

        Args:
            inbound: The request.
            handle: ``handle(call)`` gives a mapping of members, None, or a :class:`chainable.web.Reply`.
        """
        try:
            call = self._spi.verify(inbound.headers, inbound.url, inbound.body, tolerance=self._tolerance)
        except SignatureError as error:
            _logger.warning("a call of the platform was refused: %s", error)
            return reject(xml=inbound.body.lstrip()[:1] == b"<")
        given = handle(call)
        return given if isinstance(given, Reply) else accept(given, xml=call.xml)
