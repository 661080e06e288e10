"""
Hooks around calls and attempts.

``on_attempt`` is called after each attempt, unless it announces that it returns
a context manager: that one is entered before the attempt is signed, and exited
when the outcome is known.  A hook announces it by the decorator
:func:`contextlib.contextmanager`, by being a class of context managers, or by its
return annotation.  An :class:`Observer` sees whole calls as well.

A hook cannot change the outcome of a call: what it raises is logged, and an
exception that its context manager suppresses is raised all the same.  The only
thing it can add to a request is one of the headers in :data:`TRACE_HEADERS`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FunctionType, MethodType, UnionType
from typing import TYPE_CHECKING, Any, Protocol, Union, get_args, get_origin

from chainable.i18n import Words

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.call import Call

__all__ = ["TRACE_HEADERS", "Guard", "Observer", "current_observer", "enters_around", "observe", "warn_if_late"]

TRACE_HEADERS = frozenset({"traceparent", "tracestate", "baggage"})
"""The headers that a hook may add to a request, in lower case. W3C Trace Context and Baggage define them."""

_LONGEST_HEADER = 8192  # characters: the limit of W3C Baggage
_HEADER_VALUE = r"[\x20-\x7e]+"


class Observer(Protocol):
    """
    Sees every call and every attempt, from the beginning to the outcome.

    .. versionadded:: 0.1.0
    """

    def call(self, call: Call, /) -> AbstractContextManager[object]:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Return what is entered around a call with all its attempts; the call holds values that must not be shown."""

    def attempt(self, attempt: Attempt, /) -> AbstractContextManager[object]:  # pyright: ignore[reportReturnType]  # as above
        """Return what is entered around an attempt; if its ``__enter__`` returns a mapping, these are headers to send."""

    def sending(self) -> AbstractContextManager[object]:  # pyright: ignore[reportReturnType]  # as above
        """Return what is entered around the exchange with the network, in an attempt that is signed."""


class _Installed:
    """The observer of all clients."""

    observer: Observer | None = None


def observe(observer: Observer | None) -> None:
    """Set the observer of all clients of this process that have none of their own; None removes it."""
    _Installed.observer = observer


def current_observer() -> Observer | None:
    """Return the observer of all clients."""
    return _Installed.observer


class Guard:
    """
    Enters what a hook returns, and keeps the errors of the hook away from the call.

    It never suppresses an exception of the call.

    Args:
        name: The name of the hook, for the log.
        logger: Logs an error of the hook at WARNING, by its class only, because its text may contain values.
        hook: Called with *given*. It returns a context manager, or None for nothing.
        given: The call or attempt.
    """

    __slots__ = ("_given", "_hook", "_logger", "_manager", "_name", "headers")

    def __init__(self, name: str, logger: logging.Logger, hook: Callable[..., object], *given: object) -> None:
        self._name = name
        self._logger = logger
        self._hook = hook
        self._given = given
        self._manager: Any = None
        self.headers: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            manager: Any = self._hook(*self._given)
            if manager is not None and not _is_manager(type(manager)):
                self._logger.warning(
                    "%s returned a %s, not a context manager; the call continues", self._name, type(manager).__name__
                )
            elif manager is not None:
                value = type(manager).__enter__(manager)
                self._manager = manager
                if isinstance(value, Mapping):
                    self.headers = self._trace_headers(value)
        except Exception as failure:  # noqa: BLE001 (a failing hook must not fail a payment)
            self._warn(failure)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        manager = self._manager
        if manager is None:
            return
        try:
            type(manager).__exit__(manager, kind, error, trace)
        except Exception as failure:  # noqa: BLE001 (likewise, and it must not repeat one)
            if failure is not error:
                self._warn(failure)

    def _warn(self, failure: Exception) -> None:
        self._logger.warning("%s raised %s; the call continues", self._name, type(failure).__name__)

    def _trace_headers(self, given: Mapping[Any, Any]) -> dict[str, str]:
        headers = {}
        for name, value in given.items():
            lower = name.lower() if isinstance(name, str) else ""
            if lower not in TRACE_HEADERS:
                self._logger.warning(
                    "%s: a header was not sent: a hook may add %s", self._name, ", ".join(sorted(TRACE_HEADERS))
                )
            elif not (isinstance(value, str) and len(value) <= _LONGEST_HEADER and re.fullmatch(_HEADER_VALUE, value)):
                self._logger.warning("%s: %s was not sent: its value is not printable ASCII text", self._name, lower)
            else:
                headers[lower] = value
        return headers


_DECORATED = contextmanager(lambda: iter([None])).__code__
_MANAGER = r"\b_?(?:Abstract|Generator)?ContextManager\b"


def enters_around(hook: object) -> bool:
    """
    Return True if a hook announces that it returns a context manager.

    It is decorated with :func:`contextlib.contextmanager`, it is a class of
    context managers, or its return annotation is one.
    """
    while not isinstance(hook, FunctionType):
        if isinstance(hook, type):
            return _is_manager(hook)
        if isinstance(hook, partial):
            hook = hook.func
        elif isinstance(hook, MethodType):
            hook = hook.__func__
        else:
            hook = getattr(type(hook), "__call__", None)  # noqa: B004 (the function itself is needed)
            if not isinstance(hook, FunctionType):
                return False
    step: object = hook
    while isinstance(step, FunctionType):
        if step.__code__ is _DECORATED:
            return True
        step = getattr(step, "__wrapped__", None)
    return _is_manager(_returned(hook))


def _returned(function: FunctionType) -> object:
    """Return what a function is annotated to return; a text whose names cannot be resolved is returned as it is."""
    from typing import get_type_hints

    from typing_extensions import Format, get_annotations

    annotation: object = get_annotations(function, format=Format.FORWARDREF).get("return")
    text = getattr(annotation, "__forward_arg__", annotation)
    if not isinstance(text, str):
        return annotation

    def alone() -> None:
        """Carry the one annotation: names in the others may be imported for type checkers only."""

    alone.__annotations__ = {"return": text}
    try:
        return get_type_hints(alone, function.__globals__)["return"]
    except Exception:  # noqa: BLE001 (the text is code of the user: any error may come out of it)
        return text


def _is_manager(annotation: object) -> bool:
    if isinstance(annotation, str):
        return re.search(_MANAGER, annotation) is not None
    origin = get_origin(annotation)
    if origin is Union or origin is UnionType:
        return any(map(_is_manager, get_args(annotation)))
    kind = annotation if origin is None else origin
    return isinstance(kind, type) and hasattr(kind, "__enter__") and hasattr(kind, "__exit__")


def warn_if_late(hook: object, result: object) -> None:
    """Warn if a hook that was called after an attempt returned what should have been entered before."""
    kind = type(result)
    if isinstance(result, Generator):
        what = Words("is a generator, of which nothing runs", "是生成器，其中的代码不会运行")
    elif hasattr(kind, "__enter__") and hasattr(kind, "__exit__") and kind.__module__ != "unittest.mock":
        what = Words(
            "returned a context manager after the attempt, which is too late",
            "在请求结束后才返回上下文管理器，为时已晚",
        )
    else:
        return
    name = getattr(hook, "__qualname__", type(hook).__name__)
    message = Words(
        f"on_attempt: {name} {what}; to have it entered around each attempt, decorate it with "
        f"contextlib.contextmanager, or annotate it '-> contextlib.AbstractContextManager[None]'",
        f"on_attempt：{name} {what.zh}；要在每次请求前后执行，请用 contextlib.contextmanager 装饰它，"
        f"或把返回值标注为 '-> contextlib.AbstractContextManager[None]'",
    )
    warnings.warn(message, stacklevel=2)
