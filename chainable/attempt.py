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

    A hook that is entered around the attempt receives it before the outcome is
    known: ``status``, ``request_id`` and ``error`` are None and
    ``milliseconds`` is 0 until the attempt is over.

    Attributes:
        verb: The HTTP method.
        path: The template of the path.
        host: The host the request went to, with its port if the URL names one.
        status: The HTTP status; None without a response.
        request_id: The platform's id of the response; None without one.
        number: 1 for the first attempt of a call.
        milliseconds: The duration of the attempt.
        error: The name of the class of the error; None after a success.
        scheme: ``https`` or ``http``.

            .. versionadded:: 0.1.0
    """

    verb: str
    path: str
    host: str
    status: int | None
    request_id: str | None
    number: int
    milliseconds: float
    error: str | None = None
    scheme: str = "https"


def complete(
    attempt: Attempt, status: int | None, request_id: str | None, milliseconds: float, error: str | None
) -> None:
    """Set the outcome of an attempt; only the pipeline does this, once."""
    for name, value in (
        ("status", status),
        ("request_id", request_id),
        ("milliseconds", milliseconds),
        ("error", error),
    ):
        object.__setattr__(attempt, name, value)
