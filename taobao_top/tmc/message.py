"""The messages of the message channel."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from urllib3.exceptions import DecodeError

from chainable.decoding import decoded
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from taobao_top.response_parsing import DECODER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taobao_top.tmc.receipt import Receipt

__all__ = ["UNPACKED", "Message"]

UNPACKED = 16 * 1024 * 1024
"""The longest content, in bytes, after it is unpacked."""
_GZIP = b"\x1f\x8b"


@safe_repr
@frozen
class Message:
    """
    A message of the platform.

    Attributes:
        id: Its number, the same at every delivery.
        topic: ``taobao_trade_TradeChanged`` and the like.
        content: Its JSON, decoded; fractions as Decimal; the text itself if it
            is not JSON, which app topics may have; None when it is empty.
        headers: All its members, by the platform's names; the content as
            text, also if it arrived as gzip'd bytes.
    """

    id: int
    topic: str
    content: Any = field(default=None, repr=False)
    headers: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)
    _receipt: Receipt | None = field(default=None, repr=False, eq=False)

    @classmethod
    def of(cls, headers: Mapping[str, Any], receipt: Receipt | None = None) -> Message:
        """
        Build the message from the headers of its frame.

        Content in bytes is gzip'd UTF-8, as the official SDKs for Java
        (``TmcHandler.parse``) and .NET read it.  A byte that is not UTF-8, such
        as of a character that was cut, is read as U+FFFD, as by them.

        Raises:
            CodecError: It has no id or topic, or its content is not text, is
                damaged, or is longer than :data:`UNPACKED`.
        """
        number, topic, raw = headers.get("id"), headers.get("topic"), headers.get("content")
        if type(number) is not int or type(topic) is not str:
            raise CodecError(Words("a message without an id or a topic", "消息缺少 id 或 topic"))
        if type(raw) is bytes:
            raw = _unpacked(raw)
            headers = {**headers, "content": raw}
        if not raw:
            return cls(number, topic, None, headers, receipt)
        if type(raw) is not str:
            kind = type(raw).__name__
            raise CodecError(
                Words(f"the content is neither text nor bytes: {kind}", f"消息内容既非文本也非字节：{kind}")
            )
        try:
            content = DECODER.decode(raw.removeprefix("\ufeff"))
        except (ValueError, RecursionError, ArithmeticError):
            content = raw
        return cls(number, topic, content, headers, receipt)

    def confirm(self) -> None:
        """
        Confirm the message, with ``TMC(confirm='manual')``: from any thread, also after its handler returned.

        The store of the channel first remembers it as handled.  If the
        connection is lost meanwhile, the message is delivered again and
        confirmed without its handler.  A second call does nothing.

        Raises:
            RuntimeError: The channel confirms by itself, or the message failed already.
            InProgress: The lease ended, and another worker took over the message.
        """
        self._settled_by().confirm()

    def fail(self, reason: str = "") -> None:
        """
        Report the message as failed, so that the platform delivers it again.

        A channel that confirms by itself reports it when the handler returns.
        With ``TMC(confirm='manual')`` it is reported at once, from any thread.

        Args:
            reason: What the platform shows for the failure: no personal
                data; beyond 128 characters it is cut, as by the official SDK.
                A second call does nothing.

        Raises:
            RuntimeError: The message is confirmed already.
            TypeError: The reason is not text.
        """
        if not isinstance(reason, str):
            kind = type(reason).__name__
            raise TypeError(Words(f"reason: text was expected, not a {kind}", f"reason：应为文本，实为 {kind}"))
        self._settled_by().fail(reason)

    def _settled_by(self) -> Receipt:
        if self._receipt is None:
            raise RuntimeError(
                Words(
                    "the message did not come from a message channel: only those that TMC delivers are confirmed",
                    "这条消息不是由消息通道送达的：只有 TMC 送达的消息才能确认",
                )
            )
        return self._receipt

    @property
    def raw(self) -> str:
        """The content as text: as it arrived, or unpacked."""
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


def _unpacked(raw: bytes) -> str:
    """Return the text of content in bytes."""
    text = bytearray()
    try:
        for piece in decoded([raw], "gzip") if raw.startswith(_GZIP) else [raw]:
            text += piece
            if len(text) > UNPACKED:
                raise CodecError(Words(f"the content is longer than {UNPACKED} bytes", f"消息内容超过 {UNPACKED} 字节"))
        return text.decode(errors="replace")
    except DecodeError as error:
        raise CodecError(Words(f"the content: {error}", f"消息内容的压缩数据损坏或不完整：{error}")) from None
