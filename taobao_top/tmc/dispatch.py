"""The handling of one message: decode it, claim it, call its handler, return the outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chainable.deduplication import once
from chainable.deduplication.claim import acknowledging
from chainable.errors import CodecError, InProgress
from chainable.web import refuse_result
from taobao_top.tmc.codec import SEND, parts
from taobao_top.tmc.connection import DATA
from taobao_top.tmc.message import Message

if TYPE_CHECKING:
    from chainable.deduplication import Store
    from taobao_top.tmc.registry import Handler, HandlerRegistry

__all__ = ["Dispatcher", "Outcome"]

Outcome = tuple[int, "str | None"]
"""A message's number, and the reason why it failed; None if it is to be confirmed."""

_logger = logging.getLogger("taobao_top")


class Dispatcher:
    """Calls the handler of each message once; ``prefix`` begins the name of each claim, before the message's number."""

    def __init__(
        self, registry: HandlerRegistry, store: Store, prefix: str, *, lease: float, confirm_unknown: bool
    ) -> None:
        self.registry = registry
        self._store = store
        self._prefix = prefix
        self._lease = lease
        self._confirm_unknown = confirm_unknown

    def __call__(self, data: bytes) -> Outcome | None:
        """Handle a frame; None if it is not a message."""
        try:
            kind, headers, _ = parts(data)
        except CodecError as error:
            _logger.warning("message channel: %s; it is ignored", error)
            return None
        if kind != SEND or headers.get("__kind") != DATA:
            _logger.warning("message channel: a frame of type %d that is not a message; it is ignored", kind)
            return None
        try:
            message = Message.of(headers)
        except CodecError as error:
            number = headers.get("id")
            _logger.error("message %s of the topic %s: %s", number, headers.get("topic"), error)  # noqa: TRY400
            return (number, "the message could not be read") if type(number) is int else None
        return message.id, self._failure(message)

    def _failure(self, message: Message) -> str | None:
        handler = self.registry.find(message.topic)
        if handler is None:
            if self._confirm_unknown:
                return None
            _logger.warning("message %d: the topic %s has no handler", message.id, message.topic)
            return "the topic has no handler"
        block = once(self._store, f"{self._prefix}{message.id}", lease=self._lease)
        try:
            with acknowledging(block, _logger, "message %d of the topic %s", message.id, message.topic) as first:
                if first:
                    _call(handler, message)
        except InProgress as error:
            _logger.info("message %d of the topic %s: %s", message.id, message.topic, error)
            return "the message is being handled by another worker"
        except BaseException as error:  # a handler's sys.exit() must not end the worker
            # The platform gets the type only: the message of an error may hold private data.
            _logger.exception("message %d of the topic %s failed", message.id, message.topic)
            return type(error).__name__
        return None


def _call(handler: Handler, message: Message) -> None:
    result = handler(message)
    if result is not None:
        raise refuse_result(result, "None to confirm the message, or raise an exception to have it sent again")
