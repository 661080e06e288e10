"""A message to the merchant, the attempts to deliver it, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import Factory, asdict, define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Attempt", "Delivery", "Notice"]


@frozen
class Notice:
    """One message to the merchant: its id, its type or slug, and the bytes that every attempt sends."""

    id: str
    event_type: str
    version: str
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """Its media type."""
        return "application/json" if self.version == "v3" else "text/xml"


@frozen
class Attempt:
    """
    One attempt to deliver a message.

    Args:
        time: When, seconds since the epoch.
        forgery: The kind of forgery; empty for the genuine message.
        status: HTTP status of the answer; 0 if there was none.
        answer: Body of the answer, kept in part.
        error: The error if there was no answer.
        milliseconds: Milliseconds until the answer.
        accepted: Whether the answer accepts the message.
        duplicate: Whether it was sent besides the schedule.
        headers: The headers sent.
    """

    time: float
    forgery: str
    status: int
    answer: str
    error: str
    milliseconds: float
    accepted: bool
    duplicate: bool = False
    headers: dict[str, str] = field(factory=dict, repr=False)


@define(eq=False)
class Delivery:
    """
    The delivery of a message.

    Attributes:
        id: Its number, from 1.
        notice: The message.
        url: The URL it goes to.
        state: ``waiting``, ``accepted``, ``given up``, ``blocked`` (a host that is not called) or ``lost`` (by a fault).
        attempts: The attempts so far.
        next: Seconds until the next try, as scheduled; None if none is to come.
        due: When that is, seconds since the epoch.
        headers: The headers of a blocked message, for users who deliver it themselves; empty for all others.
        forgotten: Whether it was cleared during an attempt; its result is discarded.
        fault: The kind of the fault that concerns it; empty without one.
    """

    id: int
    notice: Notice
    url: str
    state: str = "waiting"
    attempts: list[Attempt] = Factory(list)
    next: float | None = 0.0
    due: float | None = None
    headers: dict[str, str] = field(factory=dict, repr=False)
    forgotten: bool = False
    fault: str = ""

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Delivery:
        """Return the delivery of the JSON values that :meth:`as_json` returns."""
        notice = Notice(members["event_id"], members["event_type"], members["version"], members["body"].encode())
        attempts = [Attempt(**attempt) for attempt in members["attempts"]]
        return cls(
            members["id"],
            notice,
            members["url"],
            members["state"],
            attempts,
            members["next"],
            members["due"],
            members["headers"],
            fault=members.get("fault", ""),
        )

    @property
    def accepted_forgery(self) -> bool:
        """Whether the merchant accepted a forged message: a vulnerability."""
        return any(attempt.forgery and attempt.accepted for attempt in self.attempts)

    def as_json(self) -> dict[str, Any]:
        """Return the delivery as JSON values."""
        return {
            "id": self.id,
            "event_id": self.notice.id,
            "event_type": self.notice.event_type,
            "version": self.notice.version,
            "body": self.notice.body.decode(errors="replace"),
            "url": self.url,
            "state": self.state,
            "next": self.next,
            "due": self.due,
            "headers": self.headers,
            "fault": self.fault,
            "accepted_forgery": self.accepted_forgery,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }
