"""Promises: a future with the words of PHP's and JavaScript's."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Promise"]

T = TypeVar("T")
U = TypeVar("U")

_logger = logging.getLogger("chainable")


# A context variable, because a callback's frames are what it belongs to: each greenlet and task has its own context.
_in_callback: ContextVar[bool] = ContextVar("in_callback", default=False)


class Promise(Future[T]):
    """
    The answer of a call that was queued.

    It is a :class:`concurrent.futures.Future`, can be awaited in asyncio, and
    has ``then``, ``catch`` and ``wait``.  ``cancel()`` stops a call that has
    not started; a started one goes on.  An error nobody took is logged when
    the promise dies.
    """

    _taken = True  # until __init__ has run

    def __init__(self) -> None:
        super().__init__()
        self._taken = False

    def then(
        self,
        on_fulfilled: Callable[[T], U | Promise[U]] | None = None,
        on_rejected: Callable[[BaseException], U | Promise[U]] | None = None,
    ) -> Promise[U]:
        """
        Go on with the answer.

        Args:
            on_fulfilled: Gets the answer; what it returns, or a promise of it,
                becomes the value of the new promise.
            on_rejected: Gets the error in its place.

        Returns:
            A new promise; without a callback it takes over this one's outcome.
        """
        self._taken = True
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
        """Go on with the error; an answer passes by."""
        return cast("Promise[T | U]", self.then(None, on_rejected))

    def wait(self, timeout: float | None = None) -> T:
        """
        Wait for the answer, PHP's word for ``result``.

        Args:
            timeout: Seconds; None for as long as it takes.

        Raises:
            RuntimeError: Called inside a callback, where it would wait for itself.
        """
        return self.result(timeout)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer; raises what the call raised."""
        self._taken = True
        self._refuse_deadlock()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end; gives the error, or None."""
        self._taken = True
        self._refuse_deadlock()
        return super().exception(timeout)

    def settle(self, work: Callable[[], T | Promise[T]]) -> None:
        """
        Do the work of a running promise, and take its outcome.

        Args:
            work: Its result or error becomes that of this promise; a promise that it returns is followed.

        .. versionadded:: 0.1.0
        """
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 (whatever it is, it belongs to the promise)
            self.set_exception(error)
            return
        if isinstance(value, Promise):
            value.pass_to(self)
        else:
            self.set_result(value)

    def pass_to(self, following: Promise[T]) -> None:
        """
        Give another, running promise the outcome of this one.

        Args:
            following: It reports the error from now on, if nobody takes it.

        .. versionadded:: 0.1.0
        """
        self._taken = True
        self.add_done_callback(lambda done: following.settle(lambda: Future.result(done)))

    def _refuse_deadlock(self) -> None:
        if _in_callback.get():
            msg = "a callback must not wait for a promise: return the promise, and the next then() gets its answer"
            raise RuntimeError(msg)

    def __await__(self) -> Generator[Any, None, T]:
        self._taken = True
        import asyncio  # costs more than the rest of this module, and who awaits has it already

        return asyncio.wrap_future(self).__await__()

    def __del__(self) -> None:
        if not self._taken and self.done() and not self.cancelled():
            error = super().exception()
            if error is not None:
                _logger.error("nobody took the error of a promise: %s: %s", type(error).__name__, error)


def _called(callback: Callable[[Any], Any], value: Any) -> Any:
    token = _in_callback.set(True)
    try:
        return callback(value)
    finally:
        _in_callback.reset(token)
