"""The handling of one inbound call, whatever the framework: verify, call the user's function, reply."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from attrs import frozen

from chainable.deduplication import LEASE, once
from chainable.deduplication.claim import acknowledging
from chainable.errors import InProgress, SignatureError
from chainable.masking import safe_repr
from chainable.web import RejectedError, Reply, has_methods, refuse_result
from taobao_top.spi.responses import accept, reject
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.deduplication import Store
    from chainable.web import Handle, Inbound, Respond
    from taobao_top.spi.verification import SPI, SPICall

__all__ = ["Adapter", "CallHandler", "HasSPI"]

V = TypeVar("V")

_logger = logging.getLogger("taobao_top")


class HasSPI(Protocol):
    """The client whose app is called: a :class:`taobao_top.TaobaoTop`."""

    @property
    def spi(self) -> SPI:
        """Verifies calls."""
        ...


class CallHandler:
    """
    Handles inbound calls.

    A forged or old call gets the platform's failure reply, and the user's
    function is not called.  The function's result is the reply: a mapping of
    members, None for a bare success, a :class:`chainable.web.Reply`, or a
    response of its framework; any other result is a TypeError.  An exception
    of the function passes through, so that the framework reports it.

    A captured call is valid until its time is too old.  With a store, a call
    that arrives a second time gets the failure reply, too, unless the function
    failed or replied with a failure before.
    """

    def __init__(self, top: HasSPI, *, tolerance: float, store: Store | None = None) -> None:
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
        """Handle one call."""
        try:
            call = self._spi.verify(inbound.headers, inbound.url, inbound.body, tolerance=self._tolerance)
        except SignatureError as error:
            _logger.warning("a call of the platform was refused: %s", error)
            return reject(xml=inbound.body.lstrip()[:1] == b"<")
        if self._store is None:
            return _reply(call, handle)
        entered = False
        try:
            block = once(self._store, f"spi:{call.sign}", lease=LEASE)
            with acknowledging(block, _logger, "a call of %s was carried out, and is answered", call.method) as first:
                entered = first
                if first:
                    return _successful(_reply(call, handle))
        except RejectedError as rejected:
            return rejected.reply
        except InProgress:
            if entered:
                raise  # by the function
        _logger.warning("a call of %s was refused: it came before", call.method)
        return reject("Repeated request", code="repeated-call", xml=call.xml)


def _reply(call: SPICall, handle: Handle) -> Reply:
    result = handle(call)
    if isinstance(result, Reply):
        return result
    if result is not None and not isinstance(result, Mapping):
        raise refuse_result(result, "a mapping of members, None, or taobao_top.spi's accept(…) or reject(…)")
    return accept(result, xml=call.xml)


def _successful(reply: Reply) -> Reply:
    """Raise RejectedError for a failure, so that the call may arrive again."""
    if reply.status >= 400 or b"failure" in reply.body[:200]:
        raise RejectedError(reply)
    return reply


@safe_repr
@frozen
class Adapter(Generic[V]):
    """The two functions of a framework's module; ``view`` makes its view of a handler and a function."""

    view: Callable[[Respond, Handle], V]

    def endpoint(self, top: HasSPI, function: Handle, *, tolerance: float = TOLERANCE, store: Store | None = None) -> V:
        """
        Make the view for calls of the platform from a function that handles one; it takes POST.

        See :class:`CallHandler` for the replies, and for what the function may
        return.

        Args:
            top: The client whose app is called.
            function: Called with the call, and with variables of the route as keywords.
            tolerance: Seconds a call's time may differ from the client's clock.
            store: Refuses a call that arrives a second time; None to accept repeated calls.

        Raises:
            TypeError: ``top`` is not a client, or ``store`` not a store.
            ConfigurationError: The function is a route already, which would be
                reached without any check.

        .. versionadded:: 0.1.0
        """
        return self.view(CallHandler(top, tolerance=tolerance, store=store), function)

    def handler(
        self, top: HasSPI, *, tolerance: float = TOLERANCE, store: Store | None = None
    ) -> Callable[[Handle], V]:
        """
        Return a decorator for a function that handles a call; write it below the decorator of the route.

        :meth:`endpoint` has the same arguments, and no order to get wrong.
        """
        return partial(self.view, CallHandler(top, tolerance=tolerance, store=store))
