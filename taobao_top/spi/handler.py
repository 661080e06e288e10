"""One address for a call that comes in, whatever the framework: verify, hand over, answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chainable.claims import LEASE, once
from chainable.deduplication.claim import acknowledging
from chainable.errors import InProgress, SignatureError
from chainable.web import RejectedError, Reply, has_methods, refuse_result
from taobao_top.spi.responses import accept, reject

if TYPE_CHECKING:
    from chainable.claims import Store
    from chainable.web import Handle, Inbound
    from taobao_top.client import TaobaoTop
    from taobao_top.spi.verification import SPICall

__all__ = ["Handling"]

_logger = logging.getLogger("taobao_top")


class Handling:
    """
    What happens to each call that comes in.

    A forged or old one is answered with the platform's failure reply, and the
    handler never sees it.  What the handler returns is the answer: a mapping of
    members, None for a bare success, a :class:`chainable.web.Reply`, or a
    response of its framework; any other result is a TypeError.  An exception
    of the handler passes through, so that the framework reports it.

    A captured call is valid until its time is too old.  With a store, one that
    comes a second time is answered with the failure reply, too, unless its
    handler failed or answered a failure before.

    Args:
        top: The client whose app is called.
        tolerance: Seconds a call's time may differ from ours.
        store: Where the signatures of calls are kept; None hands over each call, repeated ones too.

    Raises:
        TypeError: ``top`` is not a client, or ``store`` not a store.
    """

    def __init__(self, top: TaobaoTop, *, tolerance: float, store: Store | None = None) -> None:
        if not hasattr(type(top), "spi"):
            msg = f"the first argument is the client (TaobaoTop), not a {type(top).__name__}"
            raise TypeError(msg)
        if store is not None and not has_methods(store, "claim", "finish", "release"):
            msg = f"store: a store such as MemoryStore() was expected, not a {type(store).__name__}"
            raise TypeError(msg)
        self._spi = top.spi
        self._tolerance = tolerance
        self._store = store

    def __call__(self, inbound: Inbound, handle: Handle) -> Reply:
        """
        Handle one call.

        Args:
            inbound: The request.
            handle: ``handle(call)`` returns a mapping of members, None, or a :class:`chainable.web.Reply`.

        Raises:
            TypeError: It returned something else.
        """
        try:
            call = self._spi.verify(inbound.headers, inbound.url, inbound.body, tolerance=self._tolerance)
        except SignatureError as error:
            _logger.warning("a call of the platform was refused: %s", error)
            return reject(xml=inbound.body.lstrip()[:1] == b"<")
        if self._store is None:
            return _handed_over(call, handle)
        entered = False
        try:
            block = once(self._store, f"spi:{call.sign}", lease=LEASE)
            with acknowledging(block, _logger, "a call of %s was carried out, and is answered", call.method) as first:
                entered = first
                if first:
                    return _accepted(call, handle)
        except RejectedError as rejected:
            return rejected.reply
        except InProgress:
            if entered:
                raise  # the handler's own
        _logger.warning("a call of %s was refused: it came before", call.method)
        return reject("Repeated request", code="repeated-call", xml=call.xml)


def _accepted(call: SPICall, handle: Handle) -> Reply:
    reply = _handed_over(call, handle)
    if _is_failure(reply):
        raise RejectedError(reply)
    return reply


def _is_failure(reply: Reply) -> bool:
    return reply.status >= 400 or b"failure" in reply.body[:200]


def _handed_over(call: SPICall, handle: Handle) -> Reply:
    result = handle(call)
    if isinstance(result, Reply):
        return result
    if result is not None and not isinstance(result, Mapping):
        raise refuse_result(result, "a mapping of members, None, or taobao_top.spi's accept(…) or reject(…)")
    return accept(result, xml=call.xml)
