"""The messages of the message channel."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.masking import safe_repr
from taobao_top.response_parsing import DECODER

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Message"]


@safe_repr
@frozen
class Message:
    """
    A message of the platform.

    Attributes:
        id: Its number, the same at every delivery.
        topic: ``taobao_trade_TradeChanged`` and the like.
        content: Its JSON, decoded; fractions as Decimal; None when it is empty.
        headers: All its members, by the platform's names.
    """

    id: int
    topic: str
    content: Any = field(default=None, repr=False)
    headers: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)

    @classmethod
    def of(cls, headers: Mapping[str, Any]) -> Message:
        """Build the message from the headers of its frame."""
        number, topic, raw = headers.get("id"), headers.get("topic"), headers.get("content")
        if type(number) is not int or type(topic) is not str:
            raise CodecError("a message without an id or a topic")
        try:
            return cls(number, topic, DECODER.decode(raw) if raw else None, headers)
        except (TypeError, ValueError, RecursionError, ArithmeticError) as error:
            # The text is not shown, for it may hold personal data.
            msg = f"the content is not JSON: {type(error).__name__}"
            raise CodecError(msg) from None

    @property
    def raw(self) -> str:
        """The content as it arrived: JSON text."""
        return self._text("content")

    @property
    def userid(self) -> int | None:
        """The number of the user that the message is about; None when absent."""
        number = self.headers.get("userid")
        return number if type(number) is int else None

    @property
    def nick(self) -> str:
        """The name of the user that the message is about."""
        return self._text("nick")

    @property
    def dataid(self) -> str:
        """The platform's id of the object that the message is about."""
        return self._text("dataid")

    @property
    def publisher(self) -> str:
        """The publisher."""
        return self._text("publisher")

    @property
    def time(self) -> datetime | None:
        """When it was published, in Beijing time; None when absent."""
        return self._moment("time")

    @property
    def outtime(self) -> datetime | None:
        """When it was delivered, in Beijing time; None when absent."""
        return self._moment("outtime")

    def _text(self, name: str) -> str:
        value = self.headers.get(name)
        return "" if value is None else str(value)

    def _moment(self, name: str) -> datetime | None:
        value = self.headers.get(name)
        return value if isinstance(value, datetime) else None
