"""The last requests, with everything that explains their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from chainable.sandbox import journal as engine

if TYPE_CHECKING:
    from wechatpay.sandbox.http import Reply, Request

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
        generated: Whether the catalogue made the answer up: the operation keeps no state here.
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
    generated: bool = False
    milliseconds: float = 0.0

    @property
    def name(self) -> str | None:
        """Key of the operation."""
        return self.operation

    @property
    def volume(self) -> int:
        """The bytes of its bodies, about."""
        return len(self.request.body) + len(self.answer)

    def answered(self, reply: Reply, milliseconds: float) -> None:
        """Set the response."""
        self.status = reply.status
        self.answer = reply.body[:KEPT]
        self.answer_headers = reply.headers
        self.milliseconds = milliseconds

    def as_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
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
            "generated": self.generated,
            "milliseconds": self.milliseconds,
        }


class Journal(engine.Journal[Entry]):
    """The last requests."""

    def calls(self, operation: str) -> list[Entry]:
        """Return the entries of one operation (``POST v3/pay/transactions/native``), oldest first: the same as :meth:`of`."""
        return self.of(operation)
