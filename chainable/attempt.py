"""One attempt of a call, as passed to ``on_attempt``."""

from __future__ import annotations

from attrs import frozen

from chainable.masking import safe_repr

__all__ = ["Attempt"]


@safe_repr
@frozen
class Attempt:
    """
    One attempt of a call, without parameters and other values.

    Attributes:
        verb: The HTTP method.
        path: The template of the path.
        host: The host the request went to, with its port if the URL names one.
        status: The HTTP status; None without a response.
        request_id: The platform's id of the response; None without one.
        number: 1 for the first attempt of a call.
        milliseconds: The duration of the attempt.
        error: The name of the class of the error; None after a success.
    """

    verb: str
    path: str
    host: str
    status: int | None
    request_id: str | None
    number: int
    milliseconds: float
    error: str | None = None
