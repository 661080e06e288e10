"""Claims, the protocol of their stores, and :func:`once`."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from attrs import evolve, frozen

from chainable.errors import ChainableError, ClaimError, InProgress
from chainable.i18n import Words
from chainable.masking import safe_repr, shown

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

__all__ = [
    "KEEP",
    "LEASE",
    "Claim",
    "Store",
    "acknowledging",
    "check_lease",
    "in_progress",
    "once",
    "taken_over",
]

LEASE = 60.0
"""The default lease: seconds until another worker may take over a claim."""

KEEP = 7 * 24 * 3600.0
"""The default of ``keep``: seconds for which a finished message is remembered."""

_PAUSES = (0.1, 0.4, 1.0)  # seconds between two attempts to record that a message is finished
_PATIENCE = 3.0  # seconds after which no further attempt begins; the platforms wait for five

_logger = logging.getLogger("chainable")


@safe_repr
@frozen
class Claim:
    """
    The exclusive right to handle a message until the lease expires.

    Attributes:
        id: The id of the message.
        token: Unique for each claim, so that a late worker does not change the
            claim of the worker that took over.
        keep: The minimum number of seconds for which the finished message is
            remembered; None for the value of the store.
    """

    id: str
    token: str
    keep: float | None = None

    def remembered_for(self, keep: float) -> float:
        """Return the seconds for which a store, configured with *keep*, remembers the message."""
        return keep if self.keep is None else max(keep, self.keep)


class Store(Protocol):
    """
    Keeps claims.

    A store whose claims are committed together with the work has a class
    attribute ``transactional = True``: :func:`once` then calls :meth:`finish`
    only once, because a failed commit rolls back the work too.
    """

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """
        Claim a message for *lease* seconds.

        Returns:
            The claim; None when the message has been finished before.

        Raises:
            InProgress: The claim of another worker has not expired.
        """

    def finish(self, claim: Claim, /) -> None:
        """
        Mark the message as handled.

        An expired claim is still valid until another worker takes it over.
        :func:`once` repeats the call after an error, so a second call with the
        same claim must succeed.

        Raises:
            InProgress: The lease expired, and another worker took over the
                message.
        """

    def release(self, claim: Claim, /) -> None:
        """Release the message, if this claim still holds it."""


def once(
    store: Store, message_id: str, *, lease: float = LEASE, keep: float | None = None
) -> AbstractContextManager[bool]:
    """
    Handle a message once, although it may be delivered more than once.

    ::

        with once(SQLAlchemyStore(session), 'EV-2018022511223320873') as first:
            if first:
                session.add(Booking(...))

    The end of the block marks the message as finished; an exception releases it.

    With :class:`~chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
    :class:`~chainable.deduplication.django.DjangoStore` the end of the block
    commits the claim and the booking together, and an exception rolls both
    back: do not commit inside the block.

    With every other store, commit inside the block, and let the booking depend
    on the order's state (``UPDATE … WHERE state = 'NOTPAY'``, a unique column):
    if a worker crashes after its commit, or stalls for longer than its lease,
    the message is handled again.

    Args:
        store: The store of the claims, shared by all workers.
        message_id: The id that all deliveries of the message have.
        lease: Seconds until a worker counts as crashed; more than the block
            ever takes. Stores that use a transaction ignore it: their claim
            ends with the transaction.
        keep: The minimum number of seconds for which the finished message is
            remembered; None for the value of the store.

    Returns:
        A context manager for ``with``. Its value is True for a new message, and
        False if the message was finished before.

    Raises:
        InProgress: At the beginning: another worker is handling the message. At
            the end: the lease expired, and another worker took over.
        ClaimError: At the end. ``handled`` is True if the block completed and
            the store failed to record that in several attempts within about
            three seconds: acknowledge the message, or check the booking before
            the message is handled again. ``handled`` is False if the block lost
            the transaction of its claim; the work was rolled back.
    """
    return _Once(store, message_id, lease, keep)


class _Once:
    __slots__ = ("_claim", "_keep", "_lease", "_message_id", "_store")

    def __init__(self, store: Store, message_id: str, lease: float, keep: float | None) -> None:
        self._store = store
        self._message_id = message_id
        self._lease = lease
        self._keep = keep

    def __enter__(self) -> bool:
        claim = self._store.claim(self._message_id, self._lease)
        if self._keep is not None and isinstance(claim, Claim):
            claim = evolve(claim, keep=self._keep)
        self._claim = claim
        return claim is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._claim is None:
            return
        if kind is not None:
            _release(self._store, self._claim)
        elif getattr(self._store, "transactional", False):
            self._store.finish(self._claim)
        else:
            _finish(self._store, self._claim)


class acknowledging:  # noqa: N801 (used like contextlib's own)
    """
    The block of :func:`once`, for handlers that acknowledge the message after their block.

    If the work was done and the store fails to record that, the error is logged
    (*text* in ``%`` format) instead of raised: without an acknowledgement the
    message would be delivered and handled again.  Every other error is raised,
    also a ClaimError of the block itself.
    """

    def __init__(self, block: AbstractContextManager[bool], logger: logging.Logger, text: str, *values: object) -> None:
        self._block = block
        self._logger = logger
        self._text = text
        self._values = values

    def __enter__(self) -> bool:
        return self._block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return self._block.__exit__(kind, error, trace)
        except ClaimError as failure:
            if kind is not None or not failure.handled:
                raise
            self._logger.exception(self._text, *self._values)
            return None


def _finish(store: Store, claim: Claim) -> None:
    until = time.monotonic() + _PATIENCE
    pauses = iter(_PAUSES)
    while True:
        try:
            return store.finish(claim)
        except ChainableError:
            raise
        except Exception as error:
            pause = next(pauses, None)
            if pause is None or time.monotonic() + pause > until:
                raise _not_recorded(claim, error) from error
            _logger.warning("a finished message could not be recorded, trying again: %s", type(error).__name__)
        time.sleep(pause)


def _release(store: Store, claim: Claim) -> None:
    # The error of the block is raised; a claim that cannot be released expires by itself.
    try:
        store.release(claim)
    except Exception as error:  # noqa: BLE001 (stores raise the errors of their databases)
        _logger.warning("a claim could not be released, and stays until its lease expires: %r", error)


def check_lease(lease: float) -> None:
    """Raise ValueError for a lease that is not positive."""
    if not lease > 0:
        msg = Words(
            f"lease: a positive number of seconds was expected, not {shown(lease)}",
            f"lease：应为正的秒数，不是 {shown(lease).zh}",
        )
        raise ValueError(msg)


def in_progress(message_id: str) -> InProgress:
    """Return the error for a message that another worker is handling."""
    return InProgress(
        Words(
            f"{message_id} is being handled by another worker: let the platform deliver it again",
            f"{message_id} 正由另一个进程处理：请等平台再次发送",
        )
    )


def taken_over(claim: Claim) -> InProgress:
    """Return the error for a claim that another worker took over."""
    return InProgress(
        Words(
            f"the lease on {claim.id} expired and another worker took it over: use a lease that is longer "
            f"than the work, and let the booking depend on the order's state",
            f"{claim.id} 的租期已过，由另一个进程接手：请让租期长于处理时间，并根据订单状态决定是否记账",
        )
    )


def _not_recorded(claim: Claim, error: Exception) -> ClaimError:
    return ClaimError(
        Words(
            f"{claim.id} was handled, and its store failed to record that ({type(error).__name__}): the message may be "
            f"handled again when the lease expires. Acknowledge it, or check the booking before it is delivered again; a "
            f"store in the transaction of the booking (SQLAlchemyStore, DjangoStore) cannot fail this way",
            f"{claim.id} 已处理，但 store 没有记录成功（{type(error).__name__}）：租期过后该消息可能再次处理。请应答成功，或在再次发送之前核对业务数据；与业务数据在同一事务中的 store（SQLAlchemyStore、DjangoStore）不会出现这种情况",
        ),
        handled=True,
    )
