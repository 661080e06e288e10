"""The claim, what keeps it, and the block that it guards."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from attrs import evolve, frozen

from chainable.errors import ChainableError, ClaimError, InProgress
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
"""Seconds a worker has before its claim may be taken over."""

KEEP = 7 * 24 * 3600.0
"""Seconds for which a finished message is remembered, unless a store or a claim says otherwise."""

_PAUSES = (0.1, 0.4, 1.0)  # seconds between two attempts to record that a message is finished
_PATIENCE = 3.0  # seconds after which no further attempt begins: platforms wait for five

_logger = logging.getLogger("chainable")


@safe_repr
@frozen
class Claim:
    """
    The right to handle one message until the lease runs out.

    Attributes:
        id: The message's id.
        token: Different for every claim, so that a late worker does not
            touch the claim of the worker that took over.
        keep: Seconds for which the message has to be remembered once it is
            finished; None leaves that to the store. A store may remember it
            longer.
    """

    id: str
    token: str
    keep: float | None = None

    def remembered_for(self, keep: float) -> float:
        """
        Return the seconds for which a store remembers the message.

        Args:
            keep: The seconds that the store is set to.
        """
        return keep if self.keep is None else max(keep, self.keep)


class Store(Protocol):
    """
    Keeps claims.

    A store whose claims are committed together with the work has a class
    attribute ``transactional = True``: :func:`once` then calls :meth:`finish`
    only one time, because a failed commit has undone the work too.
    """

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """
        Claim a message for *lease* seconds.

        Returns:
            The claim; None when the message has been finished before.

        Raises:
            InProgress: The claim of another worker has not run out.
        """

    def finish(self, claim: Claim, /) -> None:
        """
        Mark the message as handled.

        A claim whose lease ran out still counts, as long as no other worker
        took over.  :func:`once` repeats the call after an error, so a second
        call with the same claim must succeed.

        Raises:
            InProgress: The lease ran out and another worker took the message
                over: the outcome is that worker's.
        """

    def release(self, claim: Claim, /) -> None:
        """Free the message, if it is still held under this claim."""


def once(
    store: Store, message_id: str, *, lease: float = LEASE, keep: float | None = None
) -> AbstractContextManager[bool]:
    """
    Handle a message that may be delivered more than once.

    ::

        with once(SQLAlchemyStore(session), 'EV-2018022511223320873') as first:
            if first:
                session.add(Booking(...))

    The message is marked finished when the block ends, and released when an
    exception leaves the block.

    With :class:`~chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
    :class:`~chainable.deduplication.django.DjangoStore` the end of the block
    commits the claim and the booking together, and an exception rolls both
    back: do not commit inside the block.

    With every other store, commit inside the block, and let the booking depend
    on the order's state (``UPDATE … WHERE state = 'NOTPAY'``, a unique column):
    a worker that dies after its commit, or stalls for longer than its lease,
    leaves a message that is handled again.

    Args:
        store: Keeps the claims; shared by all workers.
        message_id: The id that repeats of the message share.
        lease: Seconds until a silent worker counts as dead; longer than the
            block ever takes. Stores that use a transaction ignore it: their
            claim ends with the transaction.
        keep: Seconds for which the finished message has to be remembered; None
            leaves that to the store.

    Returns:
        A context manager for ``with``: True the first time; False when the
        message was finished before.

    Raises:
        InProgress: At the beginning: another worker is handling the message. At
            the end: the lease ran out meanwhile and another worker took over.
        ClaimError: At the end. ``handled`` is True when the block ran to its
            end and the store failed to record that, also after several
            attempts within about three seconds: acknowledge the message, or
            look at the booking before the message is handled again. ``handled``
            is False when the block lost the transaction of its claim; the work
            was rolled back.
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
    The block of :func:`once` for those who acknowledge a message when their block has ended.

    A store that fails to record work that was done and stands is logged, not
    raised: another delivery would be handled a second time when the lease ends.
    Every other error passes through, also a ClaimError of the block itself.

    Args:
        block: The result of :func:`once`.
        logger: Gets the error.
        text: The message of the log line, with ``%`` for each of *values*.
        values: For the text.

    .. versionadded:: 0.1.0
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
    # The block's own error is the one to see; a claim that stays behind runs out by itself.
    try:
        store.release(claim)
    except Exception as error:  # noqa: BLE001 (whatever a store may raise)
        _logger.warning("a claim could not be released and stays until its lease ends: %r", error)


def check_lease(lease: float) -> None:
    """
    Check the seconds of a lease.

    Raises:
        ValueError: They are not above 0.
    """
    if not lease > 0:
        msg = f"a lease is a number of seconds above 0, not {shown(lease)}"
        raise ValueError(msg)


def in_progress(message_id: str) -> InProgress:
    """Return the error for a message that another worker is handling."""
    return InProgress(f"{message_id} is being handled by another worker: let the platform deliver it again")


def taken_over(claim: Claim) -> InProgress:
    """Return the error for a claim that another worker took over."""
    return InProgress(
        f"the lease on {claim.id} ran out and another worker took it over: use a lease that is longer "
        f"than the work, and let what is done depend on the order's state"
    )


def _not_recorded(claim: Claim, error: Exception) -> ClaimError:
    return ClaimError(
        f"{claim.id} was handled, and its store failed to record that ({type(error).__name__}): the message may be "
        f"handled again when the lease ends. Acknowledge it, or check the booking before it comes again; a store "
        f"in the booking's own transaction (SQLAlchemyStore, DjangoStore) cannot fail this way",
        handled=True,
    )
