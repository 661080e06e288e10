"""Claims in the transaction of a session: SQLite, and real servers of PostgreSQL and MariaDB."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, registry, scoped_session, sessionmaker

from chainable.deduplication import Claim, MemoryStore, once
from chainable.deduplication.sqlalchemy import SQLAlchemyStore, claim_table
from chainable.errors import ClaimError, ConfigurationError, InProgress
from chainable.promise import in_context_of_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NUMBERS = itertools.count()


class Shop:
    """A database with a table of claims, and a table of bookings for one test."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.engine = create_engine(url, **options)
        self.name = f"claims_{next(NUMBERS)}"
        self.metadata = MetaData()
        self.claims = claim_table(self.metadata, self.name)
        self.bookings = Table(
            f"{self.name}_bookings",
            self.metadata,
            Column("id", Integer, primary_key=True),
            Column("number", String(40)),
            mysql_engine="InnoDB",
        )
        self.metadata.create_all(self.engine)

    def store(self, session: Any, **options: Any) -> SQLAlchemyStore:
        return SQLAlchemyStore(session, table=self.name, **options)

    def book(self, session: Session, number: str = "A1") -> None:
        session.execute(insert(self.bookings).values(number=number))

    def booked(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(self.bookings.c.number)).scalars())

    def claimed(self) -> list[tuple[str, int]]:
        with self.engine.connect() as connection:
            columns = select(self.claims.c.message, self.claims.c.finished)
            return [(row.message, row.finished) for row in connection.execute(columns)]

    def deliver(self, store: SQLAlchemyStore, session: Session, message: str = "EV-1") -> bool:
        with once(store, message) as first:
            if first:
                self.book(session)
        return first


@pytest.fixture
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    def url(name: str) -> str:
        return f"sqlite:///{tmp_path}/shop.db" if name == "sqlite" else request.getfixturevalue(f"{name}_url")

    return url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def shop(request: pytest.FixtureRequest, urls: Callable[[str], str]) -> Iterator[Shop]:
    made = Shop(urls(request.param))
    yield made
    made.engine.dispose()


@pytest.fixture
def session(shop: Shop) -> Iterator[Session]:
    with Session(shop.engine) as made:
        yield made


def test_claim_and_booking_are_committed_together(shop: Shop, session: Session) -> None:
    store = shop.store(session)

    assert shop.deliver(store, session) is True
    assert shop.booked() == ["A1"]
    assert shop.claimed() == [("EV-1", 1)]
    assert shop.deliver(store, session) is False
    assert not session.in_transaction()
    assert shop.deliver(store, session, "EV-2") is True
    assert shop.booked() == ["A1", "A1"]


def test_an_exception_rolls_both_back(shop: Shop, session: Session) -> None:
    with pytest.raises(ZeroDivisionError), once(shop.store(session), "EV-1") as first:
        assert first
        shop.book(session)
        _ = 1 / 0

    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver(shop.store(session), session) is True


def test_nothing_is_visible_before_the_end_of_the_block(shop: Shop, session: Session) -> None:
    with once(shop.store(session), "EV-1"):
        shop.book(session)
        assert (shop.booked(), shop.claimed()) == ([], [])
        with (
            Session(shop.engine) as other,
            pytest.raises(InProgress, match="EV-1 is being handled by another worker"),
            once(shop.store(other), "EV-1"),
        ):
            pytest.fail("two workers inside")

    assert shop.booked() == ["A1"]


def test_earlier_changes_of_the_session_are_committed_with_the_block(shop: Shop, session: Session) -> None:
    """A repeat, whose block has nothing to do, does not commit them."""
    shop.book(session, "before")
    assert shop.deliver(shop.store(session), session) is True
    assert shop.booked() == ["before", "A1"]

    shop.book(session, "before the repeat")
    assert shop.deliver(shop.store(session), session) is False
    assert session.in_transaction()
    session.commit()
    assert shop.booked() == ["before", "A1", "before the repeat"]


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_failed_claim_leaves_the_transaction_usable(urls: Callable[[str], str], name: str) -> None:
    """SQLite has one writer at a time."""
    shop = Shop(urls(name))
    with Session(shop.engine) as session, once(shop.store(session), "EV-1"), Session(shop.engine) as other:
        shop.book(other, "B1")
        with pytest.raises(InProgress), once(shop.store(other), "EV-1"):
            pytest.fail("two workers inside")
        other.commit()

    assert shop.booked() == ["B1"]
    shop.engine.dispose()


@pytest.mark.parametrize("deed", ["commit", "commit of nothing", "begin"])
def test_a_commit_inside_the_block_raises(shop: Shop, session: Session, deed: str) -> None:
    with (
        pytest.raises((ConfigurationError, InvalidRequestError), match=r"leave it out|already begun"),
        once(shop.store(session), "EV-1"),
    ):
        if deed != "commit of nothing":
            shop.book(session)
        if deed == "begin":
            with session.begin():
                pytest.fail("begun")
        session.commit()

    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver(shop.store(session), session) is True
    session.commit()


@pytest.mark.parametrize("deed", ["rollback", "close"])
@pytest.mark.parametrize("books", [True, False])
def test_a_rollback_inside_the_block_raises_at_its_end(shop: Shop, session: Session, deed: str, books: bool) -> None:
    with pytest.raises(ClaimError, match="EV-1 ended or was aborted") as caught, once(shop.store(session), "EV-1"):
        getattr(session, deed)()
        if books:
            shop.book(session)

    assert caught.value.handled is False
    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver(shop.store(session), session) is True


def test_a_raw_rollback_raises_at_the_end_of_the_block(shop: Shop, session: Session) -> None:
    with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store(session), "EV-1"):
        session.connection().exec_driver_sql("ROLLBACK")
        shop.book(session)

    assert (shop.booked(), shop.claimed()) == ([], [])


def test_a_raw_commit_raises_and_the_message_is_never_handled_again(shop: Shop, session: Session) -> None:
    """The booking may be incomplete: it has to be checked by hand, and nothing is booked twice."""
    with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store(session), "EV-1"):
        shop.book(session, "first half")
        session.connection().exec_driver_sql("COMMIT")
        shop.book(session, "second half")

    assert shop.booked() == ["first half"]
    with pytest.raises(ClaimError, match="may be incomplete: check it, then delete the row"):
        shop.deliver(shop.store(session), session)
    assert shop.booked() == ["first half"]


def test_a_statement_that_commits_raises_at_the_end_of_the_block(urls: Callable[[str], str]) -> None:
    """MariaDB commits before it changes a table."""
    shop = Shop(urls("mariadb"))
    with Session(shop.engine) as session:
        with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store(session), "EV-1"):
            shop.book(session, "first half")
            session.execute(text(f"CREATE TABLE {shop.name}_more (id INT)"))
            shop.book(session, "second half")
        assert shop.booked() == ["first half"]
    shop.engine.dispose()


def test_a_caught_database_error_does_not_book_twice(shop: Shop, session: Session) -> None:
    """PostgreSQL aborts the transaction, and nothing is booked; in other databases the block continues."""
    is_aborted = shop.engine.dialect.name == "postgresql"
    try:
        with once(shop.store(session), "EV-1"):
            shop.book(session)
            with pytest.raises(DBAPIError):
                session.execute(text("SELECT nothing FROM nowhere"))
    except ClaimError:
        assert is_aborted

    assert shop.booked() == ([] if is_aborted else ["A1"])
    assert shop.claimed() == ([] if is_aborted else [("EV-1", 1)])


def test_nested_transactions_work(shop: Shop, session: Session) -> None:
    with once(shop.store(session), "EV-1"):
        with session.begin_nested():
            shop.book(session)
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            shop.book(session, "undone")
            _ = 1 / 0

    assert shop.booked() == ["A1"]


def test_a_claim_in_a_nested_transaction_raises(shop: Shop, session: Session) -> None:
    with (
        session.begin_nested(),
        pytest.raises(ConfigurationError, match=r"begin_nested\(\), but the end"),
        once(shop.store(session), "EV-1"),
    ):
        pytest.fail("inside")


def test_the_end_of_the_block_commits_the_transaction_of_the_user(shop: Shop) -> None:
    with Session(shop.engine) as session, session.begin():
        assert shop.deliver(shop.store(session), session) is True
    with Session(shop.engine, autobegin=False) as session:
        assert shop.deliver(shop.store(session), session) is False

    assert shop.booked() == ["A1"]


def test_a_second_database_raises(shop: Shop, tmp_path: Path) -> None:
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    with Session(shop.engine) as session:
        with pytest.raises(ConfigurationError, match="second database"), once(shop.store(session), "EV-1"):
            shop.book(session)
            session.execute(text("SELECT 1"), bind_arguments={"bind": other})
        assert (shop.booked(), shop.claimed()) == ([], [])
    other.dispose()


def test_a_second_claim_of_a_session_raises(shop: Shop, session: Session) -> None:
    store = shop.store(session)
    with (
        once(store, "EV-1"),
        pytest.raises(ConfigurationError, match="already holds a claim"),
        once(store, "EV-2"),
    ):
        pytest.fail("inside")

    assert shop.deliver(store, session) is False


@pytest.mark.parametrize("kind", ["sessionmaker", "scoped_session", "function", "function of a scoped_session"])
def test_each_source_of_sessions_works(shop: Shop, kind: str) -> None:
    maker = sessionmaker(shop.engine)
    scoped = scoped_session(maker)
    source: Any = {
        "sessionmaker": maker,
        "scoped_session": scoped,
        "function": lambda: scoped(),
        "function of a scoped_session": lambda: scoped,
    }[kind]
    store = shop.store(source)
    with pytest.raises(ConfigurationError, match=r"use \.session inside the block"):
        _ = store.session
    with once(store, "EV-1") as first:
        assert first
        assert kind == "sessionmaker" or store.session is scoped()
        shop.book(store.session)
    with once(store, "EV-1") as first:
        assert not first
    with pytest.raises(ConfigurationError):
        _ = store.session
    scoped.remove()

    assert shop.booked() == ["A1"]


def test_promised_work_does_not_see_the_session_of_the_caller(urls: Callable[[str], str]) -> None:
    """Another thread must not use it."""
    shop = Shop(urls("sqlite"))
    store = shop.store(sessionmaker(shop.engine))
    with once(store, "EV-1"):
        mine = store.session
        work = in_context_of_caller(lambda: store.session)
        with pytest.raises(ConfigurationError, match=r"use \.session inside the block"):
            work()
        assert store.session is mine
    shop.engine.dispose()


@pytest.mark.parametrize(
    "given", [None, object(), create_async_engine, async_sessionmaker(), AsyncSession(), lambda: AsyncSession()]
)
def test_a_session_of_another_type_raises(given: Any) -> None:
    with pytest.raises((ConfigurationError, TypeError), match=r"session: this is a|async sessions|url"):
        SQLAlchemyStore(given).claim("EV-1")


def test_a_function_that_does_not_return_a_session_raises() -> None:
    with pytest.raises(ConfigurationError, match="session: this is a NoneType"):
        SQLAlchemyStore(lambda: None).claim("EV-1")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Claims", "a;b", "", "a.b.c", "1", "a-b"])
def test_an_invalid_name_of_the_table_raises(name: str) -> None:
    with pytest.raises(ConfigurationError, match="table:"):
        SQLAlchemyStore(sessionmaker(), table=name)


@pytest.mark.parametrize("how", ["engine", "connection", "driver"])
@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mariadb"])
def test_autocommit_raises(urls: Callable[[str], str], name: str, how: str) -> None:
    options: dict[str, Any] = {}
    if how == "engine":
        options = {"isolation_level": "AUTOCOMMIT"}
    elif how == "driver":
        options = {"connect_args": {"isolation_level": None} if name == "sqlite" else {"autocommit": True}}
    shop = Shop(urls(name), **options)
    engine = shop.engine.execution_options(isolation_level="AUTOCOMMIT") if how == "connection" else shop.engine
    with (
        Session(engine) as session,
        pytest.raises(ConfigurationError, match="commits each statement separately"),
        once(shop.store(session), "EV-1"),
    ):
        pytest.fail("inside")

    assert shop.claimed() == []
    shop.engine.dispose()


def test_transactions_of_sqlite_may_begin_in_an_event(urls: Callable[[str], str]) -> None:
    """As in SQLAlchemy's documentation: an event begins the transaction instead of the driver."""
    shop = Shop(urls("sqlite"))

    def connected(driver: Any, _: Any) -> None:
        driver.isolation_level = None

    shop.engine.dispose()
    event.listen(shop.engine, "connect", connected)
    event.listen(shop.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with Session(shop.engine) as session:
        assert shop.deliver(shop.store(session), session) is True
        assert shop.deliver(shop.store(session), session) is False
    assert shop.booked() == ["A1"]
    shop.engine.dispose()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_snapshot_older_than_the_other_commit_raises_in_progress(
    urls: Callable[[str], str], name: str, level: str
) -> None:
    shop = Shop(urls(name), isolation_level=level)
    with Session(shop.engine) as session, Session(shop.engine) as other:
        assert session.execute(select(shop.bookings.c.id)).all() == []
        assert (name == "mariadb" and level == "SERIALIZABLE") or shop.deliver(shop.store(other), other) is True
        try:
            assert shop.deliver(shop.store(session), session) is (name == "mariadb" and level == "SERIALIZABLE")
        except InProgress:
            assert level != "READ COMMITTED"
            session.rollback()
        assert shop.deliver(shop.store(session), session) is False
    assert shop.booked() == ["A1"]
    shop.engine.dispose()


def test_the_lock_timeout_of_the_session_is_restored(shop: Shop, session: Session) -> None:
    ask = {"sqlite": "PRAGMA busy_timeout", "mysql": "SELECT @@innodb_lock_wait_timeout"}.get(shop.engine.dialect.name)
    if ask is None:
        ask = "SHOW lock_timeout"
    before = session.execute(text(ask)).scalar()
    session.rollback()
    with once(shop.store(session), "EV-1"):
        assert session.execute(text(ask)).scalar() == before
    assert shop.deliver(shop.store(session), session) is False
    assert session.execute(text(ask)).scalar() == before


def test_a_shorter_lock_timeout_is_kept(urls: Callable[[str], str]) -> None:
    shop = Shop(urls("sqlite"), connect_args={"timeout": 0.1})
    with Session(shop.engine) as session, Session(shop.engine) as other, once(shop.store(session), "EV-1"):
        with pytest.raises(InProgress), once(shop.store(other), "EV-2"):
            pytest.fail("inside")
        assert not other.in_transaction()
    shop.engine.dispose()


def test_a_deadlock_rolls_back_the_claim_and_the_booking(urls: Callable[[str], str]) -> None:
    """One of two bookings that wait for each other fails completely, and is booked at the next delivery."""
    for name in ("postgresql", "mariadb"):
        shop = Shop(urls(name))
        with Session(shop.engine) as session:
            shop.book(session, "one")
            shop.book(session, "two")
            session.commit()
        met = threading.Barrier(2)
        outcomes: list[str] = []

        def deliver(message: str, ids: tuple[int, int], shop: Shop = shop, met: Any = met, out: Any = outcomes) -> None:
            change = text(f"UPDATE {shop.bookings.name} SET number = CONCAT(number, '!') WHERE id = :id")
            with Session(shop.engine) as session:
                try:
                    with once(shop.store(session), message):
                        session.execute(change, {"id": ids[0]})
                        met.wait(60)
                        try:
                            session.execute(change, {"id": ids[1]})
                        except OperationalError:
                            out.append("deadlock")
                    out.append("done")
                except ClaimError:
                    out.append("refused")

        threads = [threading.Thread(target=deliver, args=(f"EV-{n}", ids)) for n, ids in enumerate([(1, 2), (2, 1)])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["deadlock", "done", "refused"]
        assert sorted(shop.booked()) == ["one!", "two!"]
        assert [finished for _, finished in shop.claimed()] == [1]
        shop.engine.dispose()


def test_a_deadlock_of_the_claim_rolls_back_earlier_changes(urls: Callable[[str], str]) -> None:
    """The database has ended the transaction: earlier changes of the session are not committed in part."""
    shop = Shop(urls("mariadb"))

    def deadlock(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {shop.name} "):
            cursor.connection.rollback()
            raise OperationalError(statement, {}, pymysql.err.OperationalError(1213, "Deadlock found"))

    with Session(shop.engine) as session:
        shop.book(session, "before")
        event.listen(shop.engine, "before_cursor_execute", deadlock)
        with pytest.raises(InProgress), once(shop.store(session), "EV-1"):
            pytest.fail("inside")
        event.remove(shop.engine, "before_cursor_execute", deadlock)
        assert not session.in_transaction()
        assert shop.deliver(shop.store(session), session) is True
    assert shop.booked() == ["A1"]
    shop.engine.dispose()


def test_a_deleted_claim_raises_at_the_end_of_the_block(shop: Shop, session: Session) -> None:
    with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store(session), "EV-1"):
        shop.book(session)
        session.execute(shop.claims.delete())

    assert shop.booked() == []


def test_other_errors_at_the_end_of_the_block_are_raised(shop: Shop, session: Session) -> None:
    def fail(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("RELEASE"):
            raise LookupError("tracing")

    event.listen(shop.engine, "before_cursor_execute", fail)
    with pytest.raises(LookupError, match="tracing"), once(shop.store(session), "EV-1"):
        shop.book(session)
    event.remove(shop.engine, "before_cursor_execute", fail)

    assert (shop.booked(), shop.claimed()) == ([], [])


def test_two_stores_have_separate_sessions(shop: Shop) -> None:
    """Each store returns the session of its own claim."""
    other = Shop(shop.url.replace("shop.db", "other.db"))
    outer, inner = shop.store(sessionmaker(shop.engine)), other.store(sessionmaker(other.engine))
    with once(outer, "EV-1"):
        shop.book(outer.session)
        with once(inner, "EV-1"):
            other.book(inner.session, "B1")
            shop.book(outer.session, "A2")

    assert (shop.booked(), other.booked()) == (["A1", "A2"], ["B1"])
    other.engine.dispose()


def test_a_failed_commit_raises_the_error_of_the_database(shop: Shop, session: Session) -> None:
    """The message is handled at the next delivery."""

    def fail(connection: Any) -> None:
        msg = "COMMIT"
        raise OperationalError(msg, {}, Exception("server gone"))

    event.listen(shop.engine, "commit", fail)
    with pytest.raises(OperationalError, match="server gone"), once(shop.store(session), "EV-1"):
        shop.book(session)
    event.remove(shop.engine, "commit", fail)

    assert shop.deliver(shop.store(session), session) is True
    assert shop.booked() == ["A1"]


def test_a_failed_flush_raises_the_error_of_the_database(shop: Shop, session: Session) -> None:
    """The flush at the end of the block belongs to its transaction."""

    def fail(*_: Any) -> None:
        raise LookupError("unique")

    mapper = registry()
    booking = type("Booking", (), {})
    mapper.map_imperatively(booking, shop.bookings)
    event.listen(session, "before_flush", fail)
    with pytest.raises(LookupError, match="unique"), once(shop.store(session), "EV-1"):
        session.add(booking())
    event.remove(session, "before_flush", fail)

    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver(shop.store(session), session) is True
    mapper.dispose()


def test_many_workers_book_each_message_once(shop: Shop) -> None:
    store = shop.store(sessionmaker(shop.engine))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for number in range(6):
                done = False
                while not done:
                    try:
                        with once(store, f"EV-{number}") as first:
                            if first:
                                shop.book(store.session, f"A{number}")
                    except InProgress:
                        continue
                    done = True
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Counter(shop.booked()) == {f"A{number}": 1 for number in range(6)}


def test_ids_are_compared_exactly(shop: Shop, session: Session) -> None:
    """Case, accents, trailing spaces and characters after the 190th are significant."""
    ids = ["ev", "EV", "ev ", "é", "e\u0301", "E", "e", "单", "\udcff", "a" * 300, "a" * 299 + "b", ""]

    assert [shop.deliver(shop.store(session), session, message) for message in ids] == [True] * len(ids)
    assert [shop.deliver(shop.store(session), session, message) for message in ids] == [False] * len(ids)


def test_expired_claims_are_removed(shop: Shop, session: Session) -> None:
    old = shop.store(session, keep=-10)
    assert shop.deliver(old, session, "old")
    assert shop.deliver(shop.store(session), session, "young")
    with once(old, "kept for a year", keep=365 * 86400.0):
        pass
    assert shop.deliver(old, session, "old") is False

    assert old.remove_expired() == 1
    assert not session.in_transaction()
    assert sorted(message for message, _ in shop.claimed()) == ["kept for a year", "young"]
    assert shop.deliver(old, session, "old")
    session.begin()
    assert old.remove_expired() == 1
    session.rollback()
    assert len(shop.claimed()) == 3
    assert shop.store(sessionmaker(shop.engine)).remove_expired() == 1


def test_a_missing_table_raises(shop: Shop, session: Session) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"no table missing_claims: create it with claim_table"),
        once(SQLAlchemyStore(session, table="missing_claims"), "EV-1"),
    ):
        pytest.fail("inside")


def test_other_errors_of_the_database_are_raised(shop: Shop, session: Session) -> None:
    session.execute(text(f"ALTER TABLE {shop.name} RENAME COLUMN token TO something"))
    session.commit()

    with pytest.raises(DBAPIError, match="token"), once(shop.store(session), "EV-1"):
        pytest.fail("inside")
    assert not session.in_transaction()


def test_a_table_without_transactions_raises(urls: Callable[[str], str]) -> None:
    shop = Shop(urls("mariadb"))
    with Session(shop.engine) as session:
        session.execute(text(f"ALTER TABLE {shop.name} ENGINE=MyISAM"))
        with pytest.raises(ConfigurationError, match=r"engine myisam, which has no transactions: ALTER TABLE"):
            shop.deliver(shop.store(session), session)
    assert shop.claimed() == []
    shop.engine.dispose()


def test_the_table_may_have_a_schema(urls: Callable[[str], str]) -> None:
    url = urls("postgresql")
    engine = create_engine(url)
    metadata = MetaData(schema="elsewhere")
    claim_table(metadata, "sales.claims_with_schema")
    claim_table(metadata, "claims_without_schema")
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA sales"))
        metadata.create_all(connection)
    with Session(engine) as session:
        for name in ("sales.claims_with_schema", "claims_without_schema"):
            with once(SQLAlchemyStore(session, table=name), "EV-1") as first:
                assert first
    engine.dispose()


def test_an_unsupported_database_raises(shop: Shop, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.engine.dialect, "name", "oracle")

    with (
        pytest.raises(ConfigurationError, match="claims in oracle are not supported"),
        once(shop.store(session), "EV-1"),
    ):
        pytest.fail("inside")


def test_an_async_engine_raises(shop: Shop, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.engine.dialect, "is_async", True)

    with pytest.raises(ConfigurationError, match="async sessions"), once(shop.store(session), "EV-1"):
        pytest.fail("inside")


def test_a_claim_of_another_store_raises(shop: Shop, session: Session) -> None:
    claim = MemoryStore().claim("EV-1")
    assert isinstance(claim, Claim)
    for deed in (shop.store(session).finish, shop.store(session).release):
        with pytest.raises(ConfigurationError, match="made by another store"):
            deed(claim)
