"""Claims in the transaction of a SQLAlchemy session. https://docs.sqlalchemy.org/en/20/orm/session.html"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.deduplication.claim import KEEP, LEASE, Claim
from chainable.deduplication.transaction import TABLE, ClaimTable, TransactionClaim, lost, own, unsupported
from chainable.errors import ChainableError, ConfigurationError
from chainable.extras import extra
from chainable.i18n import Words
from chainable.promise import keep_from_workers

with extra("sqlalchemy", "sqlalchemy"):
    from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, String, Table, event, text
    from sqlalchemy.orm import Session, sessionmaker
    from sqlalchemy.schema import BLANK_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import SessionTransaction, scoped_session

__all__ = ["SQLAlchemyStore", "claim_table"]

_HELD = "chainable_claim"  # the key in Session.info
_VENDORS = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}

# A context variable, not an attribute of the store: one store serves all threads, tasks and greenlets.
_sessions: ContextVar[tuple[tuple[SQLAlchemyStore, Session], ...]] = ContextVar("chainable_sessions", default=())
keep_from_workers(_sessions, ())


def claim_table(metadata: MetaData, name: str = TABLE) -> Table:
    """
    Add the table of claims to the metadata of an application.

    ::

        claim_table(Base.metadata)
        Base.metadata.create_all(engine)        # or a migration of Alembic

    Args:
        metadata: ``Base.metadata`` of the models, or a MetaData of its own.
        name: ``table`` or ``schema.table``, as passed to :class:`SQLAlchemyStore`.

    Returns:
        The table; on MariaDB its engine is InnoDB.

    .. versionadded:: 0.1.0
    """
    schema, _, plain = name.rpartition(".")
    return Table(
        plain,
        metadata,
        Column("id", String(36), primary_key=True),
        Column("message", String(190), nullable=False),
        Column("token", String(32), nullable=False),
        Column("finished", SmallInteger, nullable=False),
        Column("keep_until", BigInteger, nullable=False, index=True),
        schema=schema or BLANK_SCHEMA,
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
    )


class SQLAlchemyStore:
    """
    Keeps claims that are committed together with the booking, by the same session.

    ::

        with client.notifications.once(notification, SQLAlchemyStore(session)) as first:
            if first:
                session.add(Booking(...))

    The claim is a row in the transaction of the session.  The end of the block
    commits claim and booking together; an exception rolls both back, with
    everything else that the session has not committed.  If a worker crashes,
    both are kept or neither is, and the database releases the message as soon
    as the connection of the worker is closed: there is no lease.

    A second delivery raises InProgress while the first one is being handled, on
    SQLite and MariaDB after up to three seconds.

    Book through this session and leave the commit to the block.  A commit
    inside the block, or the use of a second database, raises an error before it
    happens.  If the transaction ended in another way (rollback, deadlock, raw
    ``COMMIT``), the end of the block raises ClaimError and rolls back the rest.
    Nested transactions (``session.begin_nested()``) work as usual.

    SQLite, PostgreSQL and MariaDB are supported (also MySQL 8 with InnoDB,
    which the tests do not cover).  Other databases, async sessions and engines
    with ``isolation_level="AUTOCOMMIT"`` raise ConfigurationError.  Errors of
    SQLAlchemy are raised unchanged.

    Args:
        session: A Session, a ``scoped_session``, a function that returns the
            session of the current request, or a ``sessionmaker``. With a
            ``sessionmaker`` each claim has a new :attr:`session`, which is
            closed after the block. All threads can share a store, except one
            with a plain Session.
        table: The name of the table, as passed to :func:`claim_table`.
        keep: Seconds for which finished messages are remembered, until
            :meth:`remove_expired` deletes them.

    Raises:
        ConfigurationError: The session has another type.

    .. versionadded:: 0.1.0
    """

    transactional = True

    def __init__(
        self,
        session: Session | scoped_session[Any] | sessionmaker[Any] | Callable[[], Session | scoped_session[Any]],
        *,
        table: str = TABLE,
        keep: float = KEEP,
    ) -> None:
        if type(session).__module__.startswith("sqlalchemy.ext.asyncio"):
            raise _asynchronous()
        if not isinstance(session, Session) and not callable(session):
            raise _not_a_session(session)
        self._source: Any = session
        self._table = ClaimTable(table, keep)

    @property
    def session(self) -> Session:
        """
        The session of the claim in the current block.

        Raises:
            ConfigurationError: No block of this store is active.
        """
        for store, session in reversed(_sessions.get()):
            if store is self:
                return session
        msg = Words(
            "no claim of this store is active: use .session inside the block of once(), or in the handler",
            "当前没有进行中的处理：.session 只能在 once() 的代码块中或处理函数中使用",
        )
        raise ConfigurationError(msg)

    def claim(self, message_id: str, /, lease: float = LEASE) -> Claim | None:
        """
        Insert a claim in the transaction of the session: see :meth:`Store.claim`.

        Args:
            message_id: The id that all deliveries of the message have.
            lease: Ignored.

        Raises:
            InProgress: Another worker is handling the message.
            ClaimError: A handler committed this claim before its block ended.
            ConfigurationError: The session or its database is not supported,
                or the table is missing.
        """
        session = self._open()
        try:
            claim = self._claim(session, message_id)
        except BaseException:
            self._close(session)
            raise
        if claim is None:
            self._close(session)
        return claim

    def finish(self, claim: Claim, /) -> None:
        """
        Commit the claim and all changes of the session.

        Raises:
            ClaimError: The transaction of the claim is gone, and the rest was
                rolled back.
        """
        held = own(claim, _SessionClaim)
        try:
            held.guard.check()
            held.session.flush()
            held.guard.stop()
            self._table.finish(_Transaction(held.session, held.connection), held)
            held.session.commit()
        except BaseException:
            with suppress(Exception):  # the first error is raised
                held.session.rollback()
            raise
        finally:
            self._end(held)

    def release(self, claim: Claim, /) -> None:
        """Roll back the claim and all changes of the session."""
        held = own(claim, _SessionClaim)
        try:
            held.session.rollback()
        finally:
            self._end(held)

    def remove_expired(self) -> int:
        """
        Delete expired claims; call it once a day, for example.

        It commits, unless the session is already in a transaction: then the
        caller commits.

        Returns:
            The number of claims that were deleted.
        """
        session = self._open()
        try:
            with _transaction(session) as (connection, is_ours):
                count = self._table.remove_expired(_Transaction(session, connection))
                if is_ours:
                    session.commit()
        finally:
            self._close(session)
        return count

    def _open(self) -> Session:
        session = self._source
        while not isinstance(session, Session):
            if not callable(session):
                raise _asynchronous() if hasattr(session, "sync_session") else _not_a_session(session)
            session = session()
        return session

    def _close(self, session: Session) -> None:
        if isinstance(self._source, sessionmaker):
            session.close()

    def _claim(self, session: Session, message_id: str) -> TransactionClaim | None:
        if _HELD in session.info:
            msg = Words(
                "this session already holds a claim: a session handles one message at a time, in one thread; pass a "
                "scoped_session, a sessionmaker or a function that returns the session of the current request",
                "该会话正在处理一条消息：一个会话在一个线程中一次只处理一条；请传入 scoped_session、sessionmaker，或返回当前请求会话的函数",
            )
            raise ConfigurationError(msg)
        if session.in_nested_transaction():
            msg = Words(
                "the session is in begin_nested(), but the end of the block commits everything: claim outside of it",
                "会话处于 begin_nested() 中，而代码块结束时会提交全部内容：请在它之外开始处理",
            )
            raise ConfigurationError(msg)
        with _transaction(session) as (connection, is_ours):
            taken = self._table.take(_Transaction(session, connection), message_id)
            if taken is None:
                if is_ours:
                    session.rollback()
                return None
            guard = _Guard(taken, session, connection)
        session.info[_HELD] = taken.token
        _sessions.set((*_sessions.get(), (self, session)))
        return _SessionClaim(taken.id, taken.token, session=session, connection=connection, guard=guard)

    def _end(self, held: _SessionClaim) -> None:
        held.guard.stop()
        held.session.info.pop(_HELD, None)
        _sessions.set(tuple(pair for pair in _sessions.get() if pair[1] is not held.session))
        self._table.discard(held)
        self._close(held.session)


@contextmanager
def _transaction(session: Session) -> Iterator[tuple[Connection, bool]]:
    """Begin a transaction unless one is open; after an error, roll back one that was begun here."""
    is_ours = not session.in_transaction()
    if is_ours:
        session.begin()
    try:
        yield session.connection(), is_ours
    except BaseException:
        if is_ours:
            session.rollback()
        raise


class _Transaction:
    """Implements :class:`chainable.deduplication.transaction.Database`."""

    def __init__(self, session: Session, connection: Connection) -> None:
        name = connection.dialect.name
        if connection.dialect.is_async:
            raise _asynchronous()
        if name not in _VENDORS:
            raise unsupported(name)
        self.vendor = _VENDORS[name]
        self._session = session
        self._connection = connection

    def begin(self) -> None:
        # The sqlite3 module begins a transaction only before the first INSERT. A SAVEPOINT outside of a transaction
        # begins one itself, and its RELEASE commits it.
        if self.vendor == "sqlite" and not self.is_in_transaction():
            driver: Any = self._connection.connection.driver_connection
            if driver.isolation_level is not None and getattr(driver, "autocommit", -1) is not True:
                self.run("BEGIN IMMEDIATE")

    def run(self, statement: str, *values: Any) -> tuple[int, Sequence[Any] | None]:
        names = [f"value_{number}" for number in range(len(values))]
        sql = statement.replace("%s", "{}").format(*(f":{name}" for name in names))
        result = self._connection.execute(text(sql), dict(zip(names, values, strict=True)))
        row = result.first() if result.returns_rows else None
        return result.rowcount, row

    def is_in_transaction(self) -> bool:
        driver: Any = self._connection.connection.driver_connection
        return bool(driver.in_transaction) and getattr(driver, "autocommit", -1) is not True

    def abandon(self) -> None:
        self._session.rollback()


class _Guard:
    """Raises before the transaction of a claim is ended too early."""

    def __init__(self, claim: Claim, session: Session, connection: Connection) -> None:
        self._claim = claim
        self._session = session
        self._connection = connection
        self._root = session.get_transaction()
        event.listen(session, "before_commit", self._before_commit)
        event.listen(session, "after_begin", self._after_begin)
        self._is_listening = True

    def check(self) -> None:
        if self._session.get_transaction() is not self._root or self._connection.closed:
            raise lost(self._claim)

    def stop(self) -> None:
        if self._is_listening:
            self._is_listening = False
            event.remove(self._session, "before_commit", self._before_commit)
            event.remove(self._session, "after_begin", self._after_begin)

    def _before_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():
            msg = Words(
                f"session.commit() was called inside the block of the claim on {self._claim.id}: leave it out, the "
                f"end of the block commits the claim and the booking together",
                f"处理消息 {self._claim.id} 的代码块中调用了 session.commit()：请去掉，代码块结束时会把业务数据与处理记录一并提交",
            )
            raise ConfigurationError(msg)

    def _after_begin(self, session: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if session.get_transaction() is not self._root:
            raise lost(self._claim)
        if connection is not self._connection:
            msg = Words(
                f"the session used a second database inside the block of the claim on {self._claim.id}, and "
                f"one commit cannot cover both: use another session for it",
                f"处理消息 {self._claim.id} 的代码块中，会话用到了第二个数据库，一次提交无法同时覆盖两者：请为它另用一个会话",
            )
            raise ConfigurationError(msg)


@frozen
class _SessionClaim(TransactionClaim):
    session: Session = field(kw_only=True, repr=False, eq=False)
    connection: Connection = field(kw_only=True, repr=False, eq=False)
    guard: _Guard = field(kw_only=True, repr=False, eq=False)


def _asynchronous() -> ChainableError:
    return ConfigurationError(
        Words(
            "async sessions are not supported: pass a sessionmaker of a synchronous engine, and book in a function that "
            "is not async",
            "不支持异步会话：请传入同步 engine 的 sessionmaker，并在非 async 函数中记账",
        )
    )


def _not_a_session(value: object) -> ChainableError:
    return ConfigurationError(
        Words(
            f"session: this is a {type(value).__name__}; pass a Session, a scoped_session, a sessionmaker, or a function "
            f"that returns a Session",
            f"session：所给的是 {type(value).__name__}；请传 Session、scoped_session、sessionmaker，或返回 Session 的函数",
        )
    )
