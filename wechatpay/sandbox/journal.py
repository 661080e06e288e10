"""What went through: the last requests with everything needed to see why each was answered so."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox.messages import Reply, Request

__all__ = ["Entry", "Journal"]

KEPT = 16 * 1024


@define(eq=False)
class Entry:
    """
    One request and its answer.

    Attributes:
        id: Its number, from 1.
        time: When it arrived, seconds since the epoch.
        request: As it arrived; a long body is kept in part.
        operation: Key of the operation (``POST v3/pay/transactions/native``); None if there is none.
        title: Its title in the catalogue.
        version: ``v3`` or ``v2``.
        verified: Whether the request's signature was right.
        authorization: The fields of the Authorization header, or the v2 parameters, that were checked.
        expected_message: The text the signature had to cover.
        opened: Plaintexts of encrypted fields by location and pointer.
        status: Status of the answer.
        code: Error code of the answer; empty for a good one.
        message: Error message of the answer.
        answer: Body of the answer, kept in part when long.
        answer_headers: Headers of the answer.
        answer_message: The text the answer's signature covers.
        fault: The fault that was played, if one was.
        milliseconds: Time from arrival to answer, without the delay of a fault.
    """

    id: int
    time: float
    request: Request
    operation: str | None = None
    title: str = ""
    version: str = "v3"
    verified: bool = False
    authorization: dict[str, str] = field(default=Factory(dict), repr=False)
    expected_message: bytes = field(default=b"", repr=False)
    opened: dict[str, str] = field(default=Factory(dict), repr=False)
    status: int = 0
    code: str = ""
    message: str = ""
    answer: bytes = field(default=b"", repr=False)
    answer_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    answer_message: bytes = field(default=b"", repr=False)
    fault: str = ""
    milliseconds: float = 0.0

    def answered(self, reply: Reply, milliseconds: float) -> None:
        """Note the answer."""
        self.status = reply.status
        self.answer = reply.body[:KEPT]
        self.answer_headers = reply.headers
        self.milliseconds = milliseconds

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        request = self.request
        return {
            "id": self.id,
            "time": self.time,
            "method": request.method,
            "target": request.target,
            "headers": [list(pair) for pair in request.headers],
            "body": request.body.decode(errors="replace"),
            "secure": request.secure,
            "certificate": request.certificate,
            "host": request.host,
            "operation": self.operation,
            "title": self.title,
            "version": self.version,
            "verified": self.verified,
            "authorization": self.authorization,
            "expected_message": self.expected_message.decode(errors="replace"),
            "opened": self.opened,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "answer": self.answer.decode(errors="replace"),
            "answer_headers": [list(pair) for pair in self.answer_headers],
            "answer_message": self.answer_message.decode(errors="replace"),
            "fault": self.fault,
            "milliseconds": self.milliseconds,
        }


class Journal:
    """
    The last entries, so many and no more.

    Args:
        size: How many are kept.
    """

    def __init__(self, size: int = 500) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._arrived = Condition()
        self._count = 0

    def __iter__(self) -> Iterator[Entry]:
        with self._arrived:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    @property
    def count(self) -> int:
        """How many requests there were, forgotten ones included."""
        return self._count

    def next_id(self) -> int:
        """The number of the next entry."""
        with self._arrived:
            self._count += 1
            return self._count

    def add(self, entry: Entry) -> None:
        """Keep an entry that is complete."""
        with self._arrived:
            self._entries.append(entry)
            self._arrived.notify_all()

    def find(self, id: int) -> Entry | None:  # noqa: A002 (what it is)
        """The entry of this number, if it is still kept."""
        return next((entry for entry in self if entry.id == id), None)

    def calls(self, operation: str) -> list[Entry]:
        """The entries of one operation (``POST v3/pay/transactions/native``), oldest first."""
        return [entry for entry in self if entry.operation == operation]

    def after(self, id: int, timeout: float = 0.0) -> list[Entry]:  # noqa: A002 (what it is)
        """The entries younger than this number; waits so many seconds for the first one."""
        with self._arrived:
            self._arrived.wait_for(lambda: bool(self._entries) and self._entries[-1].id > id, timeout)
            return [entry for entry in self._entries if entry.id > id]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._arrived:
            self._entries.clear()
