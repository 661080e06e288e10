"""The handling of one inbound call, whatever the framework: verify, call the user's function, reply."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from attrs import frozen

from chainable.deduplication import LEASE, once
from chainable.deduplication.claim import acknowledging
from chainable.errors import InProgress, SignatureError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.web import RejectedError, Reply, has_methods, refuse_result
from taobao_top.spi.responses import accept, reject, reply
from taobao_top.spi.verification import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.deduplication import Store
    from chainable.web import Handle, Inbound
    from taobao_top.spi.verification import SPI, SPICall

__all__ = ["Adapter", "CallHandler", "HasSPI", "Refusal"]

V = TypeVar("V")

Refusal: TypeAlias = "Mapping[str, Any] | Reply | Callable[[SignatureError], Any]"
"""
The application's own reply to a refused call, as its SPI's page prescribes it.

Members, which are written as they are; a :class:`chainable.web.Reply`; or a function that returns one of them, a
response of its framework, or None for the platform's usual failure reply.  It is called with the SignatureError, whose
``reason`` is ``missing``, ``mismatch``, ``stale`` or, with a store, ``repeated``; it may be async.
"""

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

    A forged or old call gets the platform's failure reply, or the one of
    *refuse*, and the user's function is not called.  The function's result is the reply: a mapping of
    members, None for a bare success, a :class:`chainable.web.Reply`, or a
    response of its framework; any other result is a TypeError.  An exception
    of the function passes through, so that the framework reports it.

    A captured call is valid until its time is too old.  With a store, a call
    that arrives a second time gets the failure reply, too, unless the function
    failed or replied with a failure before.
    """

    def __init__(self, top: HasSPI, *, tolerance: float, store: Store | None = None) -> None:
        if not hasattr(type(top), "spi"):
            msg = Words(
                f"the first argument is the client (TaobaoTop), not a {type(top).__name__}",
                f"第一个参数应为客户端（TaobaoTop），不是 {type(top).__name__}",
            )
            raise TypeError(msg)
        if store is not None and not has_methods(store, "claim", "finish", "release"):
            msg = Words(
                f"store: a store such as MemoryStore() was expected, not a {type(store).__name__}",
                f"store：应为 store，如 MemoryStore()，不是 {type(store).__name__}",
            )
            raise TypeError(msg)
        self._spi = top.spi
        self._tolerance = tolerance
        self._store = store

    def __call__(self, inbound: Inbound, handle: Handle, refuse: Handle | None = None) -> Reply:
        """Handle one call; *refuse* is called with the SignatureError of a refused one."""
        try:
            call = self._spi.verify(inbound.headers, inbound.url, inbound.body, tolerance=self._tolerance)
        except SignatureError as error:
            _logger.warning("a call of the platform was refused: %s", error)
            xml = inbound.body.lstrip()[:1] == b"<"
            return _refusal(error, refuse, xml=xml) or reject(xml=xml)
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
        repeated = SignatureError(
            Words(
                f"this call of {call.method} came before: it is replayed",
                f"{call.method} 的这次调用之前已经来过，是重放",
            ),
            reason="repeated",
        )
        own = _refusal(repeated, refuse, xml=call.xml)
        return own or reject("Repeated request", code="repeated-call", xml=call.xml)


def _reply(call: SPICall, handle: Handle) -> Reply:
    result = handle(call)
    if isinstance(result, Reply):
        return result
    if result is not None and not isinstance(result, Mapping):
        raise refuse_result(
            result,
            Words(
                "a mapping of members, None, or taobao_top.spi's accept(…) or reject(…)",
                "应返回成员的字典、None，或 taobao_top.spi 的 accept(…)、reject(…)",
            ),
        )
    return accept(result, xml=call.xml)


def _refusal(error: SignatureError, refuse: Handle | None, *, xml: bool) -> Reply | None:
    """Return the application's own reply to a refused call; None if it has none."""
    result = None if refuse is None else refuse(error)
    if result is None or isinstance(result, Reply):
        return result
    if not isinstance(result, Mapping):
        raise refuse_result(
            result,
            Words(
                "a mapping of members, a reply, or None for the platform's usual failure reply",
                "应返回成员的字典、应答，或表示平台通常失败应答的 None",
            ),
        )
    return reply(result, xml=xml)


def _successful(made: Reply) -> Reply:
    """Raise RejectedError for a failure, so that the call may arrive again."""
    if made.status >= 400 or b"failure" in made.body[:200]:
        raise RejectedError(made)
    return made


@safe_repr
@frozen
class Adapter(Generic[V]):
    """The two functions of a framework's module; ``view`` makes its view of a handler and a function."""

    view: Callable[[CallHandler, Handle, Handle | None], V]

    def endpoint(
        self,
        top: HasSPI,
        function: Handle,
        *,
        tolerance: float = TOLERANCE,
        store: Store | None = None,
        refusal: Refusal | None = None,
    ) -> V:
        """
        Make the view for calls of the platform from a function that handles one; it takes POST.

        See :class:`CallHandler` for the replies, and for what the function may
        return.

        Args:
            top: The client whose app is called.
            function: Called with the call, and with variables of the route as keywords.
            tolerance: Seconds a call's time may differ from the client's clock.
            store: Refuses a call that arrives a second time; None to accept repeated calls.
            refusal: The application's own reply to a refused call, for an SPI whose
                page prescribes it; see :data:`Refusal`.

        Raises:
            TypeError: ``top`` is not a client, ``store`` not a store, or ``refusal`` not a
                reply.
            ConfigurationError: The function is a route already, which would be
                reached without any check.

        .. versionadded:: 0.1.0
        """
        return self.handler(top, tolerance=tolerance, store=store, refusal=refusal)(function)

    def handler(
        self,
        top: HasSPI,
        *,
        tolerance: float = TOLERANCE,
        store: Store | None = None,
        refusal: Refusal | None = None,
    ) -> Callable[[Handle], V]:
        """
        Return a decorator for a function that handles a call; write it below the decorator of the route.

        :meth:`endpoint` has the same arguments, and no order to get wrong.
        """
        respond = CallHandler(top, tolerance=tolerance, store=store)
        refuse = _as_function(refusal)

        def decorate(function: Handle) -> V:
            if not callable(function):
                msg = Words(
                    f"the function that handles a call was expected, not a {type(function).__name__}",
                    f"应为处理调用的函数，不是 {type(function).__name__}",
                )
                raise TypeError(msg)
            return self.view(respond, function, refuse)

        return decorate


def _as_function(refusal: Refusal | None) -> Handle | None:
    if refusal is None or isinstance(refusal, Mapping | Reply):
        return None if refusal is None else lambda error: refusal  # noqa: ARG005 (the same reply to every error)
    if not callable(refusal):
        msg = Words(
            f"refusal: a mapping of members, a reply or a function was expected, not a {type(refusal).__name__}",
            f"refusal：应为成员的字典、应答或函数，不是 {type(refusal).__name__}",
        )
        raise TypeError(msg)
    return refusal
