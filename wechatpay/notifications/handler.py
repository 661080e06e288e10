"""The handling of a ``notify_url`` in any framework: parse, claim, call the handler, respond."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import frozen

from chainable.deduplication import LEASE
from chainable.deduplication.claim import acknowledging
from chainable.errors import (
    ChainableError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    SignatureError,
)
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.web import RejectedError, Reply, has_methods, refuse_result
from wechatpay.merchants import Merchants
from wechatpay.notifications.responses import accept, reject

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.deduplication import Store
    from chainable.web import Handle, Inbound, ReceivedHeaders, Respond
    from wechatpay.client import WeChatPay
    from wechatpay.notification import Notification

__all__ = ["Adapter", "NotificationHandler"]

V = TypeVar("V")

PATIENCE = 5.0
"""Seconds that the platform waits for a response."""

_logger = logging.getLogger("wechatpay")


class NotificationHandler:
    """
    Responds to the deliveries of a notification.

    The status is 401 for a forgery, 400 for a message that is not a notification,
    and 500 for one that cannot be decrypted. The handler is called once for each
    notification: a delivery during that call gets 503, and one after it is accepted.
    An exception of the handler is not caught: the framework reports it with status
    500, and the platform delivers the notification again.

    The handler returns None to accept, :func:`wechatpay.reject` or
    :func:`wechatpay.accept`, or a response of its framework, which is sent
    unchanged and accepts the notification only if it is a success for the platform.
    Any other result is a TypeError, and the platform delivers the notification again.

    The platform waits for five seconds: save the notification durably, and do slow
    work later.

    Args:
        source: The client, or the clients of several merchants.
        store: The store of claims.
        lease: Seconds after which a silent worker counts as dead.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self,
        source: WeChatPay | Merchants,
        store: Store,
        *,
        lease: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not hasattr(type(source), "notifications") and not isinstance(source, Merchants):
            swapped = Words("", "")
            if hasattr(type(store), "notifications"):
                swapped = Words(": they are swapped", "：两者的顺序反了")
            msg = Words(
                f"the first argument is the client (or Merchants), the second the store, not a {type(source).__name__}"
                f"{swapped}",
                f"第一个参数应为客户端（或 Merchants），第二个为 store，不是 {type(source).__name__}{swapped.zh}",
            )
            raise TypeError(msg)
        if not has_methods(store, "claim", "finish", "release"):
            msg = Words(
                f"the second argument is a store, such as MemoryStore() or RedisStore, not a {type(store).__name__}",
                f"第二个参数应为 store，如 MemoryStore() 或 RedisStore，不是 {type(store).__name__}",
            )
            raise TypeError(msg)
        self._source = source
        self._store = store
        self._lease = lease
        self._clock = clock

    def __call__(self, headers: ReceivedHeaders, body: bytes, handle: Handle) -> Reply:
        """
        Handle one delivery.

        Args:
            headers: The headers of the request, as for ``client.notifications.parse``.
            body: Its bytes.
            handle: Called with the notification on its first delivery; for
                several merchants, with the client and the notification. It
                returns None to accept, or a :class:`chainable.web.Reply`; if
                that is not a success for the platform, the next delivery is
                handled again. For any other result, TypeError is raised, and the claim is released.
        """
        begun = self._clock()
        is_xml = body.lstrip()[:1] == b"<"
        try:
            client, arguments = self._parse(headers, body)
        except (CodecError, ConfigurationError, DecryptionError, SignatureError) as error:
            return _refusal(error, is_xml=is_xml)
        try:
            reply = self._handled(client, arguments, handle, is_xml=is_xml)
        except RejectedError as rejected:
            return rejected.reply
        except InProgress as error:
            return _refusal(error, is_xml=is_xml)
        taken = self._clock() - begun
        if taken > PATIENCE:
            _logger.warning(
                "a notification (%s) was answered after %.1f s, and the platform waits for %.0f s",
                arguments[-1].event_type,
                taken,
                PATIENCE,
            )
        if reply is not None:
            return reply
        return accept.v2() if is_xml else accept()

    def respond(self, inbound: Inbound, handle: Handle) -> Reply:
        """Handle one delivery, as a framework received it."""
        return self(inbound.headers, inbound.body, handle)

    def _handled(self, client: WeChatPay, arguments: tuple[Any, ...], handle: Handle, *, is_xml: bool) -> Reply | None:
        block = client.notifications.once(arguments[-1], self._store, lease=self._lease)
        with acknowledging(block, _logger, "a notification was handled, and is accepted") as first:
            result = handle(*arguments) if first else None
            if result is not None and not isinstance(result, Reply):
                raise refuse_result(
                    result,
                    Words(
                        "None to accept, or wechatpay.reject(message) to have it sent again",
                        "返回 None 表示接受；要平台再次发送请返回 wechatpay.reject(message)",
                    ),
                )
            if result is not None and not _is_acceptance(result, is_xml=is_xml):
                raise RejectedError(result)
            return result

    def _parse(self, headers: ReceivedHeaders, body: bytes) -> tuple[WeChatPay, tuple[Any, ...]]:
        if isinstance(self._source, Merchants):
            found: tuple[WeChatPay, Notification[Any]] = self._source.parse(headers, body)
            return found[0], found
        return self._source, (self._source.notifications.parse(headers, body),)


def _is_acceptance(reply: Reply, *, is_xml: bool) -> bool:
    """Return whether the platform takes the reply for a success; refuse a FAIL that APIv3 would ignore."""
    fails = b"FAIL" in reply.body
    if is_xml:
        return reply.status == 200 and b"SUCCESS" in reply.body and not fails
    if reply.status in {200, 204} and fails:
        msg = Words(
            f"the handler responds FAIL with status {reply.status}, a success for the platform: give it a status of 500",
            f"处理函数应答 FAIL，但状态码 {reply.status} 对平台表示成功：请用状态码 500",
        )
        raise TypeError(msg)
    return reply.status in {200, 204}


_STATUS = (
    # These messages are sent to the platform; the text of the error is only logged.
    (SignatureError, 401, "the signature is not right"),
    (InProgress, 503, "already being handled"),
    (CodecError, 400, "not a notification"),
    (ChainableError, 500, "not opened"),
)


def _refusal(error: ChainableError, *, is_xml: bool) -> Reply:
    status, message = next((status, message) for kind, status, message in _STATUS if isinstance(error, kind))
    level = logging.ERROR if status == 500 else logging.INFO if _is_expected(error) else logging.WARNING
    _logger.log(level, "a notification was refused with %d: %s", status, error)
    return reject.v2(message, status=status) if is_xml else reject(message, status=status)


def _is_expected(error: ChainableError) -> bool:
    return isinstance(error, InProgress) or getattr(error, "reason", None) == "probe"


@safe_repr
@frozen
class Adapter(Generic[V]):
    """The two functions of a framework's module; ``view`` makes its view of a handler and a function."""

    view: Callable[[Respond, Handle], V]

    def endpoint(self, source: WeChatPay | Merchants, store: Store, function: Handle, *, lease: float = LEASE) -> V:
        """
        Return the view for ``notify_url`` that calls a function with each notification.

        The view verifies the signature, calls the function once for each
        notification, and responds; :class:`NotificationHandler` has the
        responses, and what the function may return.

        Args:
            source: The client, or ``Merchants``; then the function is called with
                the client and the notification.
            store: The store of claims, shared by all workers.
            function: Called with the notification, and with variables of the route
                as keywords.
            lease: Seconds after which a silent worker counts as dead.

        Raises:
            TypeError: ``source`` or ``store`` is something else.
            ConfigurationError: The function is a route already, which would be
                called without verification.

        .. versionadded:: 0.1.0
        """
        return self.handler(source, store, lease=lease)(function)

    def handler(self, source: WeChatPay | Merchants, store: Store, *, lease: float = LEASE) -> Callable[[Handle], V]:
        """
        Return a decorator for a function that handles notifications; write it below the decorator of the route.

        :meth:`endpoint` has the same arguments, and no order to get wrong.
        """
        respond = NotificationHandler(source, store, lease=lease).respond

        def decorate(function: Handle) -> V:
            if not callable(function):
                msg = Words(
                    f"the function that handles a notification was expected, not a {type(function).__name__}",
                    f"应为处理通知的函数，不是 {type(function).__name__}",
                )
                raise TypeError(msg)
            return self.view(respond, function)

        return decorate
