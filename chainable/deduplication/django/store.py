"""Claims in the transaction of Django. https://docs.djangoproject.com/en/stable/topics/db/transactions/"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.deduplication.claim import KEEP, LEASE, Claim
from chainable.deduplication.transaction import TABLE, ClaimTable, TransactionClaim, lost, own, unsupported
from chainable.errors import ConfigurationError
from chainable.extras import extra
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

__all__ = ["DjangoStore"]

_VENDORS = ("sqlite", "postgresql", "mysql")


class DjangoStore:
    """
    Keeps claims that are committed together with the booking, by the same connection.

    ::

        with client.notifications.once(notification, DjangoStore()) as first:
            if first:
                Booking.objects.create(...)

    The block is a ``transaction.atomic()`` that holds the claim too.  Its end
    commits claim and booking together; an exception rolls both back.  If a
    worker crashes, both are kept or neither is, and the database releases the
    message as soon as the connection of the worker is closed: there is no lease.

    A second delivery raises InProgress while the first one is being handled, on
    SQLite and MariaDB after up to three seconds.

    Inside another ``atomic()``, or with ``ATOMIC_REQUESTS``, the block is a
    savepoint, and the outermost block commits: acknowledge the message after
    its end, as a view does.  With ``AUTOCOMMIT: False`` the end of the block
    commits.  If the transaction ended inside the block, or was marked for
    rollback, the end of the block raises ClaimError and rolls back the rest.

    SQLite, PostgreSQL and MariaDB are supported (also MySQL 8 with InnoDB,
    which the tests do not cover).  Errors of Django are raised unchanged.

    Args:
        using: The alias of the database of the booking; None for that of the
            router. A booking in another database is not covered.
        keep: Seconds for which finished messages are remembered, until
            :meth:`remove_expired` (``manage.py remove_expired_claims``) deletes
            them.

    .. versionadded:: 0.1.0
    """

    transactional = True

    def __init__(self, using: str | None = None, *, keep: float = KEEP) -> None:
        self._using = using
        self._table = ClaimTable(TABLE, keep)

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """
        Begin a transaction with a claim in it: see :meth:`Store.claim`.

        Args:
            message_id: The id that all deliveries of the message have.
            lease: Ignored.

        Raises:
            InProgress: Another worker is handling the message.
            ClaimError: A handler committed this claim before its block ended.
            ConfigurationError: The database is not supported, or the table is
                missing.
        """
        block = _Block(self._connection())
        with block:
            taken = self._table.take(_Transaction(block.connection), message_id)
            if taken is None:
                return None
            block.keep_open()
        return _DjangoClaim(taken.id, taken.token, block=block)

    def finish(self, claim: Claim, /) -> None:
        """
        Commit the claim and the booking.

        Raises:
            ClaimError: The transaction of the claim is gone, or marked for
                rollback; the rest was rolled back.
        """
        held = own(claim, _DjangoClaim)
        try:
            with held.block:
                if not held.block.is_open():
                    raise lost(held)
                self._table.finish(_Transaction(held.block.connection), held)
        finally:
            self._table.discard(held)

    def release(self, claim: Claim, /) -> None:
        """Roll back the claim and the booking."""
        held = own(claim, _DjangoClaim)
        try:
            with suppress(_RollbackError), held.block:
                raise _RollbackError
        finally:
            self._table.discard(held)

    def remove_expired(self) -> int:
        """Delete expired claims, and return their number."""
        with _Block(self._connection()) as block:
            return self._table.remove_expired(_Transaction(block.connection))

    def _connection(self) -> Any:
        with extra("django", "django"):
            from django.apps import apps  # type: ignore[import-untyped]  # Django has no types
            from django.db import connections, router  # type: ignore[import-untyped]  # likewise

        if not apps.is_installed("chainable.deduplication.django"):
            msg = Words(
                "DjangoStore needs its table: add 'chainable.deduplication.django' to INSTALLED_APPS and run manage.py migrate",
                "DjangoStore 需要建表：请把 'chainable.deduplication.django' 加入 INSTALLED_APPS，并执行 manage.py migrate",
            )
            raise ConfigurationError(msg)
        from chainable.deduplication.django.models import Claim as Model

        connection = connections[self._using or router.db_for_write(Model)]
        if connection.vendor not in _VENDORS:
            raise unsupported(connection.vendor)
        return connection


class _Block:
    """An ``atomic()`` that is entered in one call and left in another."""

    def __init__(self, connection: Any) -> None:
        from django.db import transaction

        self.connection = connection
        self._atomic: Any = transaction.atomic(using=connection.alias)
        # With AUTOCOMMIT: False, Django's atomic() leaves the commit to the application.
        self._commits = not connection.in_atomic_block and not connection.get_autocommit()
        self._entered = False
        self._keep_open = False

    def __enter__(self) -> Self:
        if not self._entered:
            self._atomic.__enter__()
            self._entered = True
        return self

    def __exit__(self, *error: object) -> None:
        if self._keep_open:
            self._keep_open = False
            return
        is_committed = False
        try:
            self._atomic.__exit__(*error)
            if self._commits and error[0] is None:
                self.connection.commit()
                is_committed = True
        finally:
            if self._commits and not is_committed:
                self.connection.rollback()

    def keep_open(self) -> None:
        """Keep the transaction open at the next exit of the block."""
        self._keep_open = True

    def is_open(self) -> bool:
        """Return False if the transaction has ended, or can only be rolled back."""
        return bool(self.connection.in_atomic_block and not self.connection.needs_rollback)


class _Transaction:
    """Implements :class:`chainable.deduplication.transaction.Database`."""

    def __init__(self, connection: Any) -> None:
        self.vendor: str = connection.vendor
        self._connection = connection

    def begin(self) -> None:
        """Do nothing: Django has begun the transaction."""

    def run(self, statement: str, *values: Any) -> tuple[int, Sequence[Any] | None]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            row = cursor.fetchone() if cursor.description else None
            return cursor.rowcount, row

    def is_in_transaction(self) -> bool:
        return bool(self._connection.connection.in_transaction)

    def abandon(self) -> None:
        self._connection.needs_rollback = True


@frozen
class _DjangoClaim(TransactionClaim):
    block: _Block = field(kw_only=True, repr=False, eq=False)


class _RollbackError(Exception):
    """Leaves a block and rolls it back."""
