"""Promises: futures with ``then``, ``catch`` and ``wait``, as in PHP and JavaScript."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NoReturn, cast

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
    U = TypeVar("U")
else:
    from typing import TypeVar

    T = TypeVar("T")
    U = TypeVar("U")

__all__ = ["Promise"]

_logger = logging.getLogger("chainable")


# A context variable, because each thread, greenlet and task has its own context.
_in_callback: ContextVar[bool] = ContextVar("in_callback", default=False)
_kept_by_caller: list[tuple[ContextVar[Any], Any]] = [(_in_callback, False)]


def keep_from_workers(variable: ContextVar[T], value: T) -> None:
    """
    Set a context variable to *value* in promised work, which sees all others as the caller does.

    It is for what only the caller may use, such as the session of its transaction.
    """
    _kept_by_caller.append((variable, value))


def in_context_of_caller(work: Callable[[], T]) -> Callable[[], T]:
    """Return the work of a promise as a function that sees the context variables that the caller has now."""
    context = copy_context()

    def run() -> T:
        for variable, value in _kept_by_caller:
            variable.set(value)
        return work()

    return lambda: context.run(run)


class Promise(Future[T]):
    """
    The response of a queued call.

    It is a :class:`concurrent.futures.Future`, can be awaited in asyncio, and
    has ``then``, ``catch`` and ``wait``.  ``cancel()`` stops a call that has
    not started; a started one continues.  An error that was never retrieved is
    logged when the promise is garbage-collected.
    """

    _is_handled = True  # until __init__ has run

    def __init__(self) -> None:
        super().__init__()
        self._is_handled = False

    def then(
        self,
        on_fulfilled: Callable[[T], U | Promise[U]] | None = None,
        on_rejected: Callable[[BaseException], U | Promise[U]] | None = None,
    ) -> Promise[U]:
        """
        Call a function with the response, or with the error.

        Args:
            on_fulfilled: Called with the response. Its result, or that of a
                promise that it returns, becomes the result of the new promise.
            on_rejected: Called with the error, likewise.

        Returns:
            A new promise. Without a matching callback it has the result or error of this one.
        """
        self._is_handled = True
        following: Promise[U] = Promise()

        def pass_on(done: Future[T]) -> None:
            if not following.set_running_or_notify_cancel():
                return
            error = None if done.cancelled() else Future.exception(done)
            callback: Any = on_fulfilled if error is None else on_rejected
            if done.cancelled() or callback is None:
                following.settle(lambda: cast("U", Future.result(done)))
            else:
                outcome = Future.result(done) if error is None else error
                following.settle(lambda: _called(callback, outcome))

        self.add_done_callback(pass_on)
        return following

    def catch(self, on_rejected: Callable[[BaseException], U | Promise[U]]) -> Promise[T | U]:
        """Call a function with the error; the new promise keeps the response if there is no error."""
        return cast("Promise[T | U]", self.then(None, on_rejected))

    def wait(self, timeout: float | None = None) -> T:
        """
        Wait for the response: the same as :meth:`result`, as the PHP SDK spells it.

        Args:
            timeout: Seconds; None for no limit.

        Raises:
            TimeoutError: The response did not arrive in time.
            RuntimeError: It was called inside a callback, where it would wait for itself.
        """
        return self.result(timeout)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the response; an error of the call is raised."""
        self._is_handled = True
        self._refuse_deadlock()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end of the call; returns its error, or None."""
        self._is_handled = True
        self._refuse_deadlock()
        return super().exception(timeout)

    def settle(self, work: Callable[[], T | Promise[T]]) -> None:
        """
        Run the work of a running promise, and set the result or the error.

        Args:
            work: Called without arguments. If it returns a promise, the outcome of that one is set.

        .. versionadded:: 0.1.0
        """
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 (every error is passed on by the promise)
            self.set_exception(error)
            return
        if isinstance(value, Promise):
            value.pass_to(self)
        else:
            self.set_result(value)

    def pass_to(self, following: Promise[T]) -> None:
        """
        Pass the result or the error of this promise to another, running promise.

        Args:
            following: The other promise, which from now on logs an error that is not retrieved.

        .. versionadded:: 0.1.0
        """
        self._is_handled = True
        self.add_done_callback(lambda done: following.settle(lambda: Future.result(done)))

    def _refuse_deadlock(self) -> None:
        if _in_callback.get():
            msg = Words(
                "a callback must not wait for a promise: return the promise, and the next then() receives its response",
                "回调函数中不能等待 promise：请返回该 promise，下一个 then() 会收到它的应答",
            )
            raise RuntimeError(msg)

    if TYPE_CHECKING:
        pass  # checkers report these mistakes by themselves
    else:

        def __getattr__(self, name: str) -> NoReturn:
            msg = Words(
                f"{type(self).__name__!r} object has no attribute {name!r}",
                f"{type(self).__name__!r} 没有属性 {name!r}",
            )
            if not name.startswith("_"):
                msg += f": the response may not have arrived yet; write {_waiting(f'.{name}')}"
            raise AttributeError(msg)

        def __getitem__(self, key: object, /) -> NoReturn:
            msg = Words(
                f"a promise has no items: the response may not have arrived yet; write {_waiting('.data[…]')}",
                f"promise 不能用下标：应答可能还没有到；请写成 {_waiting('.data[…]')}",
            )
            raise TypeError(msg)

    def __await__(self) -> Generator[Any, None, T]:
        self._is_handled = True
        import asyncio  # imported lazily to keep the import fast

        return asyncio.wrap_future(self).__await__()

    def __del__(self) -> None:
        if not self._is_handled and self.done() and not self.cancelled():
            error = super().exception()
            if error is not None:
                _logger.error("the error of a promise was never retrieved: %s: %s", type(error).__name__, error)


def _waiting(access: str) -> str:
    """Return how the response of a promise is waited for."""
    return f"promise.wait(){access}, in asyncio (await promise){access}"


def _called(callback: Callable[[Any], Any], value: Any) -> Any:
    token = _in_callback.set(True)
    try:
        return callback(value)
    finally:
        _in_callback.reset(token)
