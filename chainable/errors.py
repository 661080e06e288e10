"""
The errors that chainable and the clients built on it raise.

::

    ChainableError
    ├── PathError            (ValueError)    a chain, a path or a path variable is not valid
    ├── ConfigurationError   (ValueError)    a key, a file or a setting of a client is wrong
    ├── UnknownKeyError      (LookupError)   the key store has no key with this serial or id
    ├── CodecError           (ValueError)    a value cannot be encoded, or a body cannot be decoded
    ├── DecryptionError                      a ciphertext cannot be decrypted with the available keys
    ├── InProgress                           another worker is handling the same message
    ├── ClaimError                           a claim was not recorded, or its transaction is gone
    ├── SignatureError                       a response or an inbound message is not authentic
    └── APIError             (requests.HTTPError)   the platform refused the request

Network failures remain those of requests; the pipeline adds ``maybe_sent``.
``error.explain(lang="zh")`` says in plain words what happened and what to do, and
``chainable.explain(error)`` does so for network failures too.
Every class has the signature ``Error(message, *, keywords with defaults)``.
No error shows a key, a token or personal data.

A pickled error keeps its message and the attributes that are text, numbers or
flags: code, status, request id, reason.  It loses ``detail``, the body and
headers of ``response`` and the text of ``explain()``, because pickles travel
through queues and logs.  ``copy`` and ``deepcopy`` keep all of them.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from chainable.lazy import lazy_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from chainable.i18n import Words

E = TypeVar("E", bound="ChainableError")

_explanation = lazy_function("chainable.explanation", "explain")  # which knows all errors

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

REASON_MODULES: dict[str, None] = {}
"""The modules with the Chinese texts of configuration errors, by package that was imported."""


class ChainableError(Exception):
    """
    The base of all errors of these packages.

    Attributes:
        maybe_sent: False if certainly nothing of the request was sent; True if the platform may have received it.
    """

    maybe_sent: bool = False

    def explain(self, lang: str | None = None) -> Words:
        """
        Say in plain words what happened and what to do.

        Args:
            lang: ``en`` or ``zh``; by default Chinese if the locale of the environment (``LANG``) is Chinese.

        Returns:
            Lines of text; a refused signature is compared, line by line, with what the platform verified.
            The attribute ``zh`` has the Chinese text in either language.

        Raises:
            ValueError: The language is another one.
        """
        text: Words = _explanation(self, lang)
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), tuple(filter(_is_plain, self.args))), _picklable(self.__dict__)

    def __copy__(self) -> Self:
        return self._copied(self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Request and response are shared: a copy of the error refers to the same call.
        shared = {name: value for name, value in self.__dict__.items() if name in _SHARED}
        others = {name: value for name, value in self.__dict__.items() if name not in _SHARED}
        return self._copied(deepcopy(others, memo) | shared)

    def _copied(self, state: dict[str, Any]) -> Self:
        copied = _rebuild(type(self), self.args)
        copied.__dict__.update(state)
        return copied


class PathError(ChainableError, ValueError):
    """A chain, a path or a path variable is not valid."""


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
    """The key store has no key with the requested serial or id."""


class CodecError(ChainableError, ValueError):
    """A value cannot be encoded, or a body cannot be decoded, in the format of the codec."""


class DecryptionError(ChainableError):
    """A ciphertext cannot be decrypted with any of the available keys."""


class InProgress(ChainableError):  # noqa: N818 (a state, and the settled public name)
    """Another worker is handling the same message at this moment."""


class ClaimError(ChainableError):
    """
    The block of a claim ended, and its store failed to record that the message is finished.

    Args:
        message: The cause, and what to do.
        handled: True if the work was done and only the record of it failed:
            acknowledge the message, or check the work before the message is
            handled again. False if the work was rolled back together with the
            claim, or may be incomplete: do not acknowledge the message.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, handled: bool = False) -> None:
        super().__init__(message)
        self.handled = handled


class SignatureError(ChainableError):
    """
    A signature is missing, expired, made with an unknown key, or wrong.

    It is not a network failure: the platform may have executed the call whose
    response failed the verification.

    Args:
        message: The cause, and what to do.
        reason: ``missing``, ``stale``, ``unknown_key``, ``mismatch`` or ``probe``;
            for a response also ``replayed`` (an earlier call received the same
            response) or ``other_request`` (it answers a query for another number).
        response: The response that failed the verification; None for an inbound message.
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
    The platform refused the request.

    Args:
        message: One line: the code, the platform's message, and what to do.
        code: The platform's error code, always a str (``'PARAM_ERROR'``, ``'50'``).
        detail: The other members of the response, decoded; None in a pickled error.
        status_code: The HTTP status; that of *response* by default. It is 200 if the platform refuses inside a
            successful response.
        request_id: The platform's id of the response, for its support.
        retryable: The same number may be sent again with the same parameters.
        transient: The same call may succeed in a few seconds; None for the value of ``retryable``.
        retry_after: The seconds that the platform asked to wait; None if it did not.
        verified: The error response was signed, and the signature is valid.
        pending: The request is still being processed: query the state of the order.
        maybe_sent: The platform may have executed the request.
        response: The :class:`chainable.Response`; without body and headers in a pickled error.
        explain: Returns lines that compare what the platform verified with what was signed.
        sentence: The platform's own sentence; None if it sent none.
        advice: What to do about the code, with the Chinese text as the attribute ``zh``; empty if it is unknown.

    Attributes:
        message: The platform's own sentence, unchanged, to show or to search for; the whole
            line if the platform sent none. ``str(error)`` is always the whole line.

            .. versionchanged:: 0.1.0
               It was the whole line.
        slack: Seconds to wait in addition to ``retry_after``, for gateways that round it down.
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
        sentence: str | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message, response=response)
        self.message = message if sentence is None else sentence
        self.code = code
        self.detail = detail
        self.status_code = response.status_code if status_code is None and response is not None else status_code
        self.request_id = request_id
        self.retryable = retryable
        self.transient = retryable if transient is None else transient
        self.retry_after = retry_after
        self.verified = verified
        self.pending = pending
        self.maybe_sent = maybe_sent
        self.advice = advice
        self._explain = explain

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def comparison(self) -> str | None:
        """
        Compare what the platform verified with what was signed, line by line.

        Returns:
            Lines of text, in Chinese as the attribute ``zh`` of the text; None if
            the error is not about a signature.
        """
        return None if self._explain is None else self._explain()


_SHARED = frozenset({"_explain", "request", "response"})


def _explain_after_pickling() -> str:
    from chainable.i18n import Words

    return Words(
        "There is nothing to compare: the error was pickled. Call explain() before, where it is raised.",
        "没有可比对的内容：该错误已被序列化。请在抛出处调用 explain()。",
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _picklable(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that a pickled error keeps: no container or object, which may hold personal data."""
    kept = {name: value if _is_plain(value) else None for name, value in state.items() if name != "__notes__"}
    if "response" in state:
        kept["response"] = _redacted(state["response"])
    if state.get("_explain") is not None:
        kept["_explain"] = _explain_after_pickling
    return kept


def _redacted(response: requests.Response | None) -> requests.Response | None:
    """Return a response without body, headers and the values in its URL; None for one of another class."""
    redact: Callable[[], requests.Response] | None = getattr(response, "redacted", None)
    return None if redact is None else redact()


def _rebuild(kind: type[E], args: tuple[Any, ...]) -> E:
    # The class is not called, because a subclass of the user may take other arguments.
    error = kind.__new__(kind, *args)
    BaseException.__init__(error, *args)
    return error
