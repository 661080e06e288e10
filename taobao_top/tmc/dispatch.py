"""The handling of one message: decode it, claim it, call its handler, return the outcome."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from chainable.deduplication import once
from chainable.deduplication.claim import acknowledging
from chainable.errors import CodecError, InProgress
from chainable.i18n import Words
from chainable.web import refuse_result
from taobao_top.tmc.codec import SEND, parts
from taobao_top.tmc.connection import DATA
from taobao_top.tmc.message import Message
from taobao_top.tmc.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from chainable.deduplication import Store
    from taobao_top.tmc.registry import Handler, HandlerRegistry

__all__ = ["Dispatcher", "Outcome"]

Outcome = tuple[int, "str | None"]
"""A message's number, and the reason why it failed; None if it is to be confirmed."""

_logger = logging.getLogger("taobao_top")


class _Failed(Exception):  # noqa: N818 (it ends a claim, and is never raised to a user)
    """The handler called ``message.fail()``."""


class Dispatcher:
    """
    Calls the handler of each message once.

    ``prefix`` begins the name of each claim, before the message's number.  With
    ``manual`` a claim ends with ``message.confirm()`` or ``message.fail()``.
    """

    def __init__(
        self,
        registry: HandlerRegistry,
        store: Store,
        prefix: str,
        *,
        lease: float,
        confirm_unknown: bool,
        manual: bool = False,
    ) -> None:
        self.registry = registry
        self._store = store
        self._prefix = prefix
        self._lease = lease
        self._confirm_unknown = confirm_unknown
        self._manual = manual

    def __call__(self, data: bytes, report: Callable[[int, str | None], object]) -> Outcome | None:
        """
        Handle a frame.

        Args:
            data: Its bytes.
            report: Takes the outcome of a message that is confirmed later.

        Returns:
            The outcome; None if the frame is not a message, or is confirmed later.
        """
        try:
            kind, headers, _ = parts(data)
        except CodecError as error:
            _logger.warning("message channel: %s; it is ignored", error)
            return None
        if kind != SEND or headers.get("__kind") != DATA:
            _logger.warning("message channel: a frame of type %d that is not a message; it is ignored", kind)
            return None
        receipt = Receipt()
        try:
            message = Message.of(headers, receipt)
        except CodecError as error:
            number = headers.get("id")
            _logger.error("message %s of the topic %s: %s", number, headers.get("topic"), error)  # noqa: TRY400
            return (number, "the message could not be read") if type(number) is int else None
        handler = self.registry.find(message.topic)
        if handler is None:
            return message.id, self._without_handler(message)
        claim = once(self._store, f"{self._prefix}{message.id}", lease=self._lease)
        block = acknowledging(claim, _logger, "message %d of the topic %s", message.id, message.topic)
        if self._manual:
            return self._begin(handler, message, receipt, block, report)
        return message.id, self._failure(handler, message, receipt, block)

    def _without_handler(self, message: Message) -> str | None:
        if self._confirm_unknown:
            return None
        _logger.warning("message %d: the topic %s has no handler", message.id, message.topic)
        return "the topic has no handler"

    def _failure(
        self, handler: Handler, message: Message, receipt: Receipt, block: AbstractContextManager[bool]
    ) -> str | None:
        try:
            with block as first:
                if first:
                    _call(handler, message)
                    _raise_failure(receipt.close())
        except InProgress as error:
            return _under_way(message, error)
        except _Failed:
            _logger.warning("message %d of the topic %s: its handler reports a failure", message.id, message.topic)
            return receipt.close()
        except BaseException as error:  # noqa: BLE001 (a handler's sys.exit() must not end the worker)
            return receipt.close(_failed(message, error))
        return None

    def _begin(
        self,
        handler: Handler,
        message: Message,
        receipt: Receipt,
        block: AbstractContextManager[bool],
        report: Callable[[int, str | None], object],
    ) -> Outcome | None:
        """Call the handler of a message that is confirmed later: the claim stays open until then."""
        claim = ExitStack()

        def settle(reason: str | None) -> None:
            try:
                with claim:
                    _raise_failure(reason)
            except _Failed:
                pass
            report(message.id, reason)

        try:
            if not claim.enter_context(block):
                return message.id, None
        except InProgress as error:
            return message.id, _under_way(message, error)
        except Exception as error:  # noqa: BLE001 (stores raise the errors of their databases)
            return message.id, _failed(message, error)
        receipt.settle_with(settle)
        try:
            _call(handler, message)
        except BaseException as error:  # noqa: BLE001 (a handler's sys.exit() must not end the worker)
            receipt.fail_if_open(_failed(message, error))
        return None


def _raise_failure(reason: str | None) -> None:
    if reason is not None:
        raise _Failed


def _under_way(message: Message, error: InProgress) -> str:
    _logger.info("message %d of the topic %s: %s", message.id, message.topic, error)
    return "the message is being handled by another worker"


def _failed(message: Message, error: BaseException) -> str:
    # The platform gets the type only: the message of an error may hold private data.
    _logger.error("message %d of the topic %s failed", message.id, message.topic, exc_info=error)
    return type(error).__name__


def _call(handler: Handler, message: Message) -> None:
    result = handler(message)
    if result is not None:
        raise refuse_result(
            result,
            Words(
                "None to confirm the message, or raise an exception to have it sent again",
                "返回 None 表示确认；要再次投递请抛出异常",
            ),
        )
