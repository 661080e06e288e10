"""
Claims inside the transaction of the booking: the SQL shared by both stores.

The claim is a row that is inserted at the beginning of the transaction and
updated at its end.  Until the commit, the unique key keeps other workers out;
the database releases it when the worker or its connection ends.  A savepoint
marks the transaction: it exists as long as the transaction does, so that a
handler that ended the transaction too early is detected.
"""

from __future__ import annotations

import re
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from attrs import frozen

from chainable.deduplication.claim import KEEP, Claim, in_progress
from chainable.errors import ClaimError, ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TABLE", "ClaimTable", "Database", "TransactionClaim"]

TABLE = "chainable_claim"
"""The default name of the table."""

_WAIT = 3
"""The maximum seconds that a delivery waits for the transaction of another one."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", re.ASCII)
_IDS = uuid.UUID("5a0a2b8e-6f0c-5d0e-9c43-2f1b9f0f7a11")
_TRANSACTIONAL = {"innodb", "rocksdb"}

# The tokens of the claims that this process holds.
_held: set[str] = set()


class Database(Protocol):
    """An open transaction of SQLAlchemy or Django."""

    @property
    def vendor(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql`` (MariaDB too)."""
        ...

    def begin(self) -> None:
        """Begin the transaction, if the driver has not."""

    def run(self, statement: str, *values: Any) -> tuple[int, Sequence[Any] | None]:
        """Execute a statement with ``%s`` for each value; return the affected rows' number and a query's first row."""
        ...

    def is_in_transaction(self) -> bool:
        """Return False if SQLite would commit each statement separately."""
        ...

    def abandon(self) -> None:
        """Roll back the transaction around the claim, which the database has ended."""


@safe_repr
@frozen
class TransactionClaim(Claim):
    """A claim that lives in a transaction."""

    @property
    def savepoint(self) -> str:
        """The name of the savepoint that marks the transaction."""
        return f"chainable_{self.token}"


C = TypeVar("C", bound=TransactionClaim)


class ClaimTable:
    """
    The table of claims.

    Args:
        name: In lower case, ``schema.table`` or ``table``; another raises ConfigurationError.
        keep: Seconds for which finished messages are remembered.
    """

    def __init__(self, name: str, keep: float) -> None:
        if not _NAME.fullmatch(name):
            msg = Words(
                f"table: a name like 'chainable_claim' or 'schema.chainable_claim' in lower case was expected, not {name!r}",
                f"table：应为小写的表名，如 'chainable_claim' 或 'schema.chainable_claim'，不是 {name!r}",
            )
            raise ConfigurationError(msg)
        self.name = name
        self._keep = keep

    def take(self, database: Database, message_id: str) -> TransactionClaim | None:
        """
        Insert a claim in the transaction; return None if the message was finished before.

        Raises:
            InProgress: Another worker holds the claim.
            ClaimError: A handler committed the claim without finishing it.
            ConfigurationError: The database is not supported, or the table is missing.
        """
        claim = TransactionClaim(message_id, uuid.uuid4().hex)
        is_marked = False
        try:
            with _short_wait(database, self.name):
                database.begin()
                _check_transaction(database)
                database.run(f"SAVEPOINT {claim.savepoint}")
                is_marked = True
                self._insert(database, claim)
        except Exception as error:
            if is_marked:
                _undo(database, claim)
            if _kind(error) != "conflict":
                translated = self._translate(error, message_id)
                if translated is error:
                    raise
                raise translated from error
        else:
            _held.add(claim.token)
            return claim
        self._check_finished(database, message_id)
        return None

    def finish(self, database: Database, claim: TransactionClaim) -> None:
        """Mark the message as handled, without a commit; raise ClaimError if the claim's transaction has ended."""
        try:
            database.run(f"RELEASE SAVEPOINT {claim.savepoint}")
            keep_until = int(time.time() + claim.remembered_for(self._keep))
            count, _ = database.run(
                f"UPDATE {self.name} SET finished = 1, keep_until = %s WHERE id = %s AND token = %s AND finished = 0",  # noqa: S608 (a checked name)
                keep_until,
                _key(claim.id),
                claim.token,
            )
        except Exception as error:
            if not _is_of_the_database(error):
                raise
            raise lost(claim) from error
        if count != 1:
            raise lost(claim)

    def discard(self, claim: TransactionClaim) -> None:
        """Remove the claim from those that this process holds."""
        _held.discard(claim.token)

    def remove_expired(self, database: Database) -> int:
        """Delete the expired claims, and return their number."""
        count, _ = database.run(
            f"DELETE FROM {self.name} WHERE finished = 1 AND keep_until < %s",  # noqa: S608 (a checked name)
            int(time.time()),
        )
        return count

    def _insert(self, database: Database, claim: TransactionClaim) -> None:
        key = _key(claim.id)
        if database.vendor == "postgresql":
            # An uncommitted row of another delivery would block the INSERT without limit.
            _, row = database.run("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", f"{self.name}:{key}")
            if row is None or not row[0]:
                raise in_progress(claim.id)
        database.run(
            f"INSERT INTO {self.name} (id, message, token, finished, keep_until) VALUES (%s, %s, %s, 0, %s)",  # noqa: S608 (a checked name)
            key,
            claim.id.encode("ascii", "backslashreplace")[:190].decode(),
            claim.token,
            int(time.time() + KEEP),
        )

    def _check_finished(self, database: Database, message_id: str) -> None:
        _, found = database.run(f"SELECT finished, token FROM {self.name} WHERE id = %s", _key(message_id))  # noqa: S608 (a checked name)
        if found is None or (not found[0] and found[1] in _held):
            # The snapshot is older than the commit of the other worker, or the block is nested in another one.
            raise in_progress(message_id)
        if not found[0]:
            msg = Words(
                f"{message_id} was claimed by a handler that committed before its block ended (COMMIT, or a statement "
                f"that commits, such as CREATE TABLE in MariaDB), so its booking may be incomplete: check it, then "
                f"delete the row with id = '{_key(message_id)}' from {self.name} to have it handled again, or set "
                f"finished = 1. Let the end of the block commit",
                f"处理 {message_id} 的函数在代码块结束前提交了事务（COMMIT，或会自动提交的语句，如 MariaDB 的 CREATE TABLE），业务数据可能不完整：请先核对，再从 {self.name} 删除 id = '{_key(message_id)}' 的行以重新处理，或把 finished 设为 1。提交请交给代码块的结束",
            )
            raise ClaimError(msg)

    def _translate(self, error: Exception, message_id: str) -> Exception:
        kind = _kind(error)
        if kind == "locked":
            return in_progress(message_id)
        if kind == "autocommit":
            return _autocommit()
        if kind == "missing":
            return ConfigurationError(
                Words(
                    f"the database has no table {self.name}: create it with claim_table(metadata) and a migration or "
                    f"metadata.create_all(engine) for SQLAlchemy; for Django, add 'chainable.deduplication.django' to "
                    f"INSTALLED_APPS and run manage.py migrate",
                    f"数据库中没有表 {self.name}：SQLAlchemy 请用 claim_table(metadata) 加迁移或 metadata.create_all(engine) 建表；Django 请把 'chainable.deduplication.django' 加入 INSTALLED_APPS，并执行 manage.py migrate",
                )
            )
        return error


def own(claim: Claim, kind: type[C]) -> C:
    """Return a claim of the store's own kind; refuse that of another store."""
    if not isinstance(claim, kind):
        msg = Words(
            "this claim was made by another store: finish it with the store that made it",
            "这次处理由另一个 store 开始：请用同一个 store 结束",
        )
        raise ConfigurationError(msg)
    return claim


def lost(claim: Claim) -> ClaimError:
    """Return the error for a claim whose transaction has ended."""
    return ClaimError(
        Words(
            f"the transaction that holds the claim on {claim.id} ended or was aborted inside its block (a commit, a "
            f"rollback, a statement that commits, a deadlock, an error that was caught): uncommitted changes are rolled "
            f"back. Let the end of the block commit, raise an exception to roll back, and catch database errors only "
            f"around a nested transaction",
            f"处理 {claim.id} 的事务在代码块中结束或中止（提交、回滚、会自动提交的语句、死锁，或被捕获的错误）：未提交的改动已回滚。提交请交给代码块的结束；要回滚请抛出异常；只在嵌套事务外捕获数据库错误",
        )
    )


def unsupported(name: str) -> ConfigurationError:
    """Return the error for an unsupported database."""
    return ConfigurationError(
        Words(
            f"claims in {name} are not supported; use a session of SQLite, PostgreSQL or MariaDB (or MySQL with InnoDB), "
            f"or RedisStore with a booking that depends on the order's state",
            f"不支持 {name}：请使用 SQLite、PostgreSQL、MariaDB（或 InnoDB 的 MySQL）的会话，或使用 RedisStore 并根据订单状态决定是否记账",
        )
    )


def _undo(database: Database, claim: TransactionClaim) -> None:
    try:
        database.run(f"ROLLBACK TO SAVEPOINT {claim.savepoint}")
        database.run(f"RELEASE SAVEPOINT {claim.savepoint}")
    except Exception:  # noqa: BLE001 (a deadlock ends the transaction, and the first error is raised)
        database.abandon()


def _check_transaction(database: Database) -> None:
    if database.vendor == "sqlite" and not database.is_in_transaction():
        raise _autocommit()


def _autocommit() -> ConfigurationError:
    return ConfigurationError(
        Words(
            "this connection commits each statement separately (isolation_level='AUTOCOMMIT', or autocommit=True of the "
            "driver), so a claim cannot be committed together with the booking: use a session on an engine without it",
            "该连接逐条提交语句（isolation_level='AUTOCOMMIT'，或驱动的 autocommit=True），处理记录无法与业务数据一并提交：请使用没有此设置的 engine",
        )
    )


def _key(message_id: str) -> str:
    # Short, and without case, accents and trailing spaces, which the collations of MariaDB ignore.
    return str(uuid.uuid5(_IDS, message_id.encode("utf-8", "surrogatepass").decode("latin-1")))


@contextmanager
def _short_wait(database: Database, table: str) -> Iterator[None]:
    """Limit the seconds that statements wait for the locks of other transactions."""
    if database.vendor == "sqlite":
        _, row = database.run("PRAGMA busy_timeout")
        usual, longest, setting = (row[0] if row else 0), _WAIT * 1000, "PRAGMA busy_timeout ="
    elif database.vendor == "mysql":
        schema, _, name = table.rpartition(".")
        _, row = database.run(
            "SELECT @@autocommit, @@innodb_lock_wait_timeout, (SELECT LOWER(ENGINE) FROM information_schema.TABLES "
            "WHERE TABLE_SCHEMA = COALESCE(NULLIF(%s, ''), DATABASE()) AND TABLE_NAME = %s)",
            schema,
            name,
        )
        autocommit, usual, engine = row or (1, _WAIT, None)
        if autocommit:
            raise _autocommit()
        if engine is not None and engine not in _TRANSACTIONAL:
            msg = Words(
                f"the table {table} has the engine {engine}, which has no transactions: ALTER TABLE {table} ENGINE=InnoDB",
                f"表 {table} 的引擎是 {engine}，不支持事务：ALTER TABLE {table} ENGINE=InnoDB",
            )
            raise ConfigurationError(msg)
        longest, setting = _WAIT, "SET SESSION innodb_lock_wait_timeout ="
    else:
        usual, longest, setting = 0, 0, ""
    if usual <= longest:
        yield
        return
    database.run(f"{setting} {longest}")
    try:
        yield
    finally:
        database.run(f"{setting} {int(usual)}")


_SQLSTATES = {
    "23505": "conflict",
    "25P01": "autocommit",
    "40001": "locked",
    "40P01": "locked",
    "42P01": "missing",
    "55P03": "locked",
}
_ERRNOS = {1020: "locked", 1062: "conflict", 1146: "missing", 1205: "locked", 1213: "locked"}
_SENTENCES = {"UNIQUE constraint": "conflict", "is locked": "locked", "no such table": "missing"}


def _driver_error(error: BaseException) -> BaseException:
    """Return the error of the driver: SQLAlchemy keeps it as ``orig``, Django as the cause."""
    return getattr(error, "orig", None) or error.__cause__ or error


def _is_of_the_database(error: BaseException) -> bool:
    return any(kind.__name__ == "Error" for kind in type(_driver_error(error)).__mro__)


def _kind(error: BaseException) -> str:
    """Return the meaning of a database error for a claim; an empty text for other errors."""
    cause = _driver_error(error)
    if not _is_of_the_database(cause):
        return ""
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state in _SQLSTATES:
        return _SQLSTATES[state]
    number = cause.args[0] if cause.args else None
    if isinstance(number, int):
        return _ERRNOS.get(number, "")
    return next((kind for sentence, kind in _SENTENCES.items() if sentence in str(number)), "")
