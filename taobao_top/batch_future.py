"""The future of one call in a batch."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, cast

from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.promise import Promise

if TYPE_CHECKING:
    from collections.abc import Generator

    from chainable.masking import Secret
    from taobao_top.errors import TopError
    from taobao_top.request import RequestSpec
    from taobao_top.response import TopResponse

__all__ = ["BatchFuture", "BatchState"]


class BatchState:
    """The state that all futures of a batch share; ``sent`` also means given up."""

    __slots__ = ("lock", "sent")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.sent = False

    def require_sent(self) -> None:
        """Raise RuntimeError before the batch is sent: waiting would never end."""
        if not self.sent:
            raise RuntimeError(
                Words(
                    "this batch has not been sent: leave its block first, or call send()",
                    "这批调用尚未发送：请先离开 with 块，或调用 send()",
                )
            )


@safe_repr
class BatchFuture(Promise["TopResponse[Any]"]):
    """
    A call in a batch and the promise of its response.

    Most are only read through ``batch.answers``, and a future's own lock costs
    as much as the call, so ``Promise.__init__`` runs at the first use of
    anything that it sets.

    Attributes:
        spec: The call.
        token: Its session, set when the batch is sent.
        renewed: Whether the session had expired and was renewed.
        outcome: Its response or error; None before.
    """

    _taken = False
    _initialized = False
    _running = False
    token: Secret[str] | None = None
    renewed = False
    outcome: TopResponse[Any] | BaseException | None = None

    def __init__(self, spec: RequestSpec, state: BatchState) -> None:  # Promise.__init__: see _initialize()
        self.spec = spec
        self._batch = state

    def __getattr__(self, name: str) -> Any:
        """Initialize the promise when one of its attributes is missing."""
        if self._initialized or "_batch" not in self.__dict__:
            msg = Words(
                f"a {type(self).__name__} has no attribute {name!r}", f"{type(self).__name__} 没有属性 {name!r}"
            )
            raise AttributeError(msg)
        self._initialize()
        return getattr(self, name)

    def _initialize(self) -> None:
        with self._batch.lock:
            if self._initialized:
                return
            taken = self._taken
            super().__init__()
            self._taken = taken
            self._initialized = True
            if self._running:
                self.set_running_or_notify_cancel()
            if self.outcome is not None:
                self._publish(self.outcome)

    def start(self) -> bool:
        """Mark the call as running; False if it was cancelled.  The caller holds the lock."""
        self._running = True
        return not self._initialized or self.set_running_or_notify_cancel()

    def end(self, outcome: TopResponse[Any] | BaseException) -> None:
        """Set the outcome of a running call."""
        with self._batch.lock:
            self.outcome = outcome
            initialized = self._initialized
        if initialized:
            self._publish(outcome)

    def _publish(self, outcome: TopResponse[Any] | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self.set_exception(outcome)
        else:
            self.set_result(outcome)

    def wait_for_outcome(self) -> TopResponse[Any] | BaseException:
        """Wait for the response or the error, and return either."""
        self._taken = True
        if self.outcome is None:
            try:
                self.exception()
            except CancelledError:
                return CancelledError("this call was cancelled before it was sent")
        return cast("TopResponse[Any] | BaseException", self.outcome)

    def result(self, timeout: float | None = None) -> TopResponse[Any]:
        """Wait for the response, after the batch was sent; raises the error of the call."""
        self._batch.require_sent()
        if self.outcome is None or isinstance(self.outcome, BaseException):
            return super().result(timeout)
        self._refuse_deadlock()
        return self.outcome

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end of the call, after the batch was sent; returns the error, or None."""
        self._batch.require_sent()
        return super().exception(timeout)

    def __await__(self) -> Generator[Any, None, TopResponse[Any]]:
        self._batch.require_sent()
        return super().__await__()

    def __del__(self) -> None:
        if isinstance(self.outcome, BaseException):
            super().__del__()

    def can_renew(self, error: TopError) -> bool:
        """Return whether a new session may help: once, where the session can be renewed."""
        return error.session_expired and not self.renewed and hasattr(self.spec.options.session, "renew")
