"""One ``notify_url``, whatever the framework: parse, once, hand over, answer."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from chainable.claims import LEASE
from chainable.deduplication.claim import acknowledging
from chainable.errors import (
    ChainableError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    SignatureError,
)
from chainable.web import RejectedError, Reply, has_methods, refuse_result
from wechatpay.merchants import Merchants
from wechatpay.notifications.responses import accept, reject

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.claims import Store
    from chainable.web import Handle, Headers, Inbound
    from wechatpay.client import WeChatPay
    from wechatpay.notifications.notification import Notification

__all__ = ["NotificationHandler"]

PATIENCE = 5.0
"""Seconds the platform waits for an answer."""

_logger = logging.getLogger("wechatpay")


class NotificationHandler:
    """
    What happens to each delivery of a notification.

    A forgery is refused with 401, what is no notification with 400, what does
    not open with 500. A notification is handed over once; one that is being
    handled already is refused with 503, and one that has been handled is
    accepted. An exception of the handler passes through, so that the framework
    reports it and answers 500; the notification then comes again.

    A handler returns None to accept, :func:`wechatpay.reject` or
    :func:`wechatpay.accept`, or a response of its framework, which is sent as
    it is and counts as accepted only if the platform takes it for that. Any
    other result is a TypeError, so that the notification comes again.

    The platform waits for five seconds: write down what came, durably, and do
    the slow work afterwards.

    Args:
        source: The client, or the clients of several merchants.
        store: Where claims are kept.
        lease: Seconds until a silent worker counts as dead.
        clock: Seconds that never go back.
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
            msg = (
                f"the first argument is the client (or Merchants), the second the store, not a {type(source).__name__}"
            )
            raise TypeError(msg)
        if not has_methods(store, "claim", "finish", "release"):
            msg = f"the second argument is a store, such as MemoryStore() or RedisStore, not a {type(store).__name__}"
            raise TypeError(msg)
        self._source = source
        self._store = store
        self._lease = lease
        self._clock = clock

    def __call__(self, headers: Headers, body: bytes, handle: Handle) -> Reply:
        """
        Handle one delivery.

        Args:
            headers: Those of the request.
            body: Its bytes.
            handle: Called with the notification the first time it comes; for
                several merchants, with the client and the notification. It
                returns None to accept, or a :class:`chainable.web.Reply`: one
                that the platform does not take for a success leaves the
                notification to be handled when it comes again.

        Raises:
            TypeError: ``handle`` returned something else. The claim is released.
        """
        begun = self._clock()
        is_xml = body.lstrip()[:1] == b"<"
        try:
            client, arguments = self._parse(headers, body)
        except (CodecError, ConfigurationError, DecryptionError, SignatureError) as error:
            return _refusal(error, is_xml=is_xml)
        try:
            reply = self._handed_over(client, arguments, handle, is_xml=is_xml)
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
        """Handle one delivery, as it came through a framework."""
        return self(inbound.headers, inbound.body, handle)

    def _handed_over(
        self, client: WeChatPay, arguments: tuple[Any, ...], handle: Handle, *, is_xml: bool
    ) -> Reply | None:
        block = client.notifications.once(arguments[-1], self._store, lease=self._lease)
        with acknowledging(block, _logger, "a notification was handled, and is accepted") as first:
            result = handle(*arguments) if first else None
            if result is not None and not isinstance(result, Reply):
                raise refuse_result(result, "None to accept, or wechatpay.reject(message) to have it sent again")
            if result is not None and not _is_acceptance(result, is_xml=is_xml):
                raise RejectedError(result)
            return result

    def _parse(self, headers: Headers, body: bytes) -> tuple[WeChatPay, tuple[Any, ...]]:
        if isinstance(self._source, Merchants):
            found: tuple[WeChatPay, Notification[Any]] = self._source.parse(headers, body)
            return found[0], found
        return self._source, (self._source.notifications.parse(headers, body),)


def _is_acceptance(reply: Reply, *, is_xml: bool) -> bool:
    """
    Return whether the platform takes the reply for a success.

    Raises:
        TypeError: It says FAIL with a status that the platform of APIv3 takes for a success, whatever the body says.
    """
    fails = b"FAIL" in reply.body
    if is_xml:
        return reply.status == 200 and b"SUCCESS" in reply.body and not fails
    if reply.status in {200, 204} and fails:
        msg = (
            f"the handler answers FAIL with status {reply.status}, a success for the platform: give it a status of 500"
        )
        raise TypeError(msg)
    return reply.status in {200, 204}


_STATUS = (
    # The message goes to the platform; what the error says stays in our log.
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
