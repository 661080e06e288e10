"""
Everything that chainable and the clients built on it raise.

::

    ChainableError
    ├── PathError            (ValueError)    a chain, a path or a variable is not usable
    ├── ConfigurationError   (ValueError)    a client was given a wrong key, file or setting
    ├── UnknownKeyError      (LookupError)   no key under this serial or id
    ├── CodecError           (ValueError)    a value cannot be written, a body cannot be read
    ├── DecryptionError                      a ciphertext does not open with the keys at hand
    ├── InProgress                           somebody else is handling this very message now
    ├── ClaimError                           a claim was not recorded, or its transaction is gone
    ├── SignatureError                       an answer or an inbound message is not authentic
    └── APIError             (requests.HTTPError)   the platform said no

Network failures stay those of requests; the pipeline adds ``maybe_sent`` to
them.  Every class is called as ``Error(message, *, keywords with defaults)``,
and shows no key, token or person's data.

A pickled error keeps its message and what is text, a number or a flag: code,
status, request id, reason.  ``detail``, the body and headers of ``response``
and the text of ``explain()`` stay behind, because pickles travel through
queues and logs.  ``copy`` and ``deepcopy`` keep all of them.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

E = TypeVar("E", bound="ChainableError")

__all__ = [
    "APIError",
    "ChainableError",
    "ClaimError",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "InProgress",
    "PathError",
    "SignatureError",
    "UnknownKeyError",
]


class ChainableError(Exception):
    """
    The root of all errors of this family.

    Attributes:
        maybe_sent: The platform may have got the request; False where certainly nothing of it was sent.
    """

    maybe_sent: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), tuple(filter(_is_plain, self.args))), _travelling(self.__dict__)

    def __copy__(self) -> Self:
        return self._copied(self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # What came in and what went out belong to the call: a copy refers to the same.
        shared = {name: value for name, value in self.__dict__.items() if name in _SHARED}
        others = {name: value for name, value in self.__dict__.items() if name not in _SHARED}
        return self._copied(deepcopy(others, memo) | shared)

    def _copied(self, state: dict[str, Any]) -> Self:
        copied = _rebuild(type(self), self.args)
        copied.__dict__.update(state)
        return copied


class PathError(ChainableError, ValueError):
    """A chain, a path or a path variable that cannot become a request."""


class ConfigurationError(ChainableError, ValueError):
    """
    A key, a file or a setting of a client is wrong; the message names it and how to fix it.

    Args:
        message: What is wrong, and what to do.
        reason: A stable identifier of the fault, such as ``file_missing``; None if it has none.
        values: What the message names, without secrets: ``setting``, ``file``, ….

    .. versionadded:: 0.1.0
       ``reason`` and ``values``.
    """

    def __init__(self, message: str, *, reason: str | None = None, **values: str | int) -> None:
        super().__init__(message)
        self.reason = reason
        self.values = values

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, arguments, state = super().__reduce__()
        return rebuild, arguments, state | {"values": {k: v for k, v in self.values.items() if _is_plain(v)}}


class UnknownKeyError(ChainableError, LookupError):
    """The key store holds no key under the serial or id the caller asked for."""


class CodecError(ChainableError, ValueError):
    """A value that cannot be written, or a body that cannot be read, as the codec's format."""


class DecryptionError(ChainableError):
    """A ciphertext that none of the keys at hand opens."""


class InProgress(ChainableError):  # noqa: N818 (a state, and the settled public name)
    """The same message is being handled by somebody else at this moment."""


class ClaimError(ChainableError):
    """
    The block of a claim ended, and its store cannot vouch for the claim.

    Args:
        message: The cause, and what to do.
        handled: True when the work was done and stands, and only the record of
            it failed: acknowledge the message, or check the work before the
            message is handled again. False when the work was rolled back
            together with the claim, or is in doubt: do not acknowledge it.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, handled: bool = False) -> None:
        super().__init__(message)
        self.handled = handled


class SignatureError(ChainableError):
    """
    A message whose signature is absent, old, of an unknown key or wrong.

    It is not a network failure: the call that was answered so may have
    succeeded on the platform.

    Args:
        message: What is wrong.
        reason: ``missing``, ``stale``, ``unknown_key``, ``mismatch`` or ``probe``;
            of an answer also ``replayed`` (an earlier call got the same answer)
            or ``other_request`` (it speaks of another number than the one asked for).
        response: The answer that failed the check, if it was an answer.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "mismatch",
        response: requests.Response | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.response = response
        self.maybe_sent = True


class APIError(ChainableError, requests.HTTPError):
    """
    The platform's refusal.

    Args:
        message: One line for people: code, the platform's message, what to do.
        code: The platform's error code, always text (``'PARAM_ERROR'``, ``'50'``).
        detail: Further members of the answer, as decoded; None once the error was pickled.
        status_code: The HTTP status; 200 where the platform refuses inside a success.
        request_id: What the platform's support asks for first.
        retryable: The same number with the same parameters may be sent again.
        transient: The same call may well succeed in a few seconds; as ``retryable`` unless told.
        retry_after: Seconds the platform asked to wait, if it did.
        verified: The refusal itself was signed, and the signature is right.
        pending: Neither failed nor done: ask for the state of the order.
        maybe_sent: The platform may have acted on the request.
        response: The answer as a :class:`chainable.Response`; without body and headers once the error was pickled.
        explain: Answers with lines that compare what was signed on both sides.

    Attributes:
        slack: Seconds waited beyond ``retry_after``, where a gateway rounds them down.
    """

    slack: float = 0.0

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        detail: Any = None,
        status_code: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        transient: bool | None = None,
        retry_after: float | None = None,
        verified: bool = False,
        pending: bool = False,
        maybe_sent: bool = True,
        response: requests.Response | None = None,
        explain: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(message, response=response)
        self.message = message
        self.code = code
        self.detail = detail
        self.status_code = status_code
        self.request_id = request_id
        self.retryable = retryable
        self.transient = retryable if transient is None else transient
        self.retry_after = retry_after
        self.verified = verified
        self.pending = pending
        self.maybe_sent = maybe_sent
        self._explain = explain

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def explain(self) -> str:
        """
        Compare what the platform says it checked with what was signed, line by line.

        Returns:
            Text for people; says so when this refusal is not about a signature.
        """
        if self._explain is None:
            return "The platform gave nothing to compare for this error."
        return self._explain()


_SHARED = frozenset({"_explain", "request", "response"})


def _left_behind() -> str:
    return "There is nothing to compare here: the error was pickled, so call explain() before, where it is raised."


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _travelling(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a pickled error keeps: no container or object, because it may hold a person's data."""
    kept = {name: value if _is_plain(value) else None for name, value in state.items() if name != "__notes__"}
    if "response" in state:
        kept["response"] = _without_values(state["response"])
    if state.get("_explain") is not None:
        kept["_explain"] = _left_behind
    return kept


def _without_values(response: requests.Response | None) -> requests.Response | None:
    """Return a response without body, headers and the values in its URL; None for one that is not ours."""
    reduce: Callable[[], requests.Response] | None = getattr(response, "without_values", None)
    return None if reduce is None else reduce()


def _rebuild(kind: type[E], args: tuple[Any, ...]) -> E:
    # Not by calling the class: one of a user's own may take other arguments.
    error = kind.__new__(kind, *args)
    BaseException.__init__(error, *args)
    return error
