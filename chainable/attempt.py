"""What is told of one attempt."""

from __future__ import annotations

from attrs import frozen

from chainable.masking import safe_repr

__all__ = ["Attempt"]


@safe_repr
@frozen
class Attempt:
    """
    What is told of one attempt: no values, only what happened.

    Attributes:
        verb: The HTTP method.
        path: The path's template.
        host: Where it went.
        status: The HTTP status; None if no answer came.
        request_id: The platform's id of the answer.
        number: 1 for the first attempt of a call.
        milliseconds: How long it took.
        error: The class of the error it ended with, if any.
    """

    verb: str
    path: str
    host: str
    status: int | None
    request_id: str | None
    number: int
    milliseconds: float
    error: str | None = None
