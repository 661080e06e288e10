"""What arrives on the message channel."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.errors import CodecError
from taobao_top.answers import open_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Message"]


@frozen(kw_only=True)
class Message:
    """
    A message of the platform.

    Attributes:
        id: Its number; the same at every delivery.
        topic: ``taobao_trade_TradeChanged`` and the like.
        content: What it says, opened: integers exact, fractions as Decimal; None when it says nothing.
        raw: The content as it came: JSON text.
        userid: The number of the user it is about; None when it was not told.
        nick: That user's name.
        dataid: The platform's mark of what it is about.
        publisher: Who published it.
        time: When it was published.
        outtime: When it was handed out.
        headers: All that came with it, by the platform's names.
    """

    id: int
    topic: str
    content: Any = field(default=None, repr=False)
    raw: str = field(default="", repr=False)
    userid: int | None = field(default=None, repr=False)
    nick: str = field(default="", repr=False)
    dataid: str = ""
    publisher: str = ""
    time: datetime | None = None
    outtime: datetime | None = None
    headers: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)

    @classmethod
    def of(cls, headers: Mapping[str, Any]) -> Message:
        """
        Make the message of a Data frame's content.

        Raises:
            CodecError: Its content is no JSON, or a member is of a type the platform does not send.
        """
        get = headers.get
        raw = get("content") or ""
        number, topic, userid, time, outtime = get("id"), get("topic"), get("userid"), get("time"), get("outtime")
        if type(number) is not int or type(topic) is not str or type(raw) is not str:
            raise CodecError("a message without an id, a topic, or text as its content")
        opened: dict[str, Any] = {"content": raw or None}
        open_json(opened, "content")
        return cls(
            id=number,
            topic=topic,
            content=opened["content"],
            raw=raw,
            userid=userid if type(userid) is int else None,
            nick=str(get("nick") or ""),
            dataid=str(get("dataid") or ""),
            publisher=str(get("publisher") or ""),
            time=time if type(time) is datetime else None,
            outtime=outtime if type(outtime) is datetime else None,
            headers=headers,
        )
