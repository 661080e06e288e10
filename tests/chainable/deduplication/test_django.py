"""Claims in a transaction of Django: SQLite, and real servers of PostgreSQL and MariaDB."""

from __future__ import annotations

import io
import itertools
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import django
import pymysql
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.test.utils import override_settings

from chainable.deduplication import MemoryStore, once
from chainable.deduplication.django import DjangoStore
from chainable.errors import ClaimError, ConfigurationError, InProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Django requires mysqlclient; PyMySQL replaces it.
pymysql.version_info = (2, 2, 1, "final", 0)  # type: ignore[attr-defined, assignment]
pymysql.install_as_MySQLdb()
if not settings.configured:
    settings.configure()
APP = "chainable.deduplication.django"
NUMBERS = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def installed() -> Iterator[None]:
    django.setup()
    with override_settings(INSTALLED_APPS=[APP]):
        yield


class Shop:
    """A database, by its alias, with a table of bookings for one test."""

    def __init__(self, kind: str, url: str, **options: Any) -> None:
        self.alias = f"{kind}_{next(NUMBERS)}"
        self.table = f"bookings_{self.alias}"
        parts = urlsplit(url)
        place = {name: values[0] for name, values in parse_qs(parts.query).items()}
        database: dict[str, Any] = {
            "ENGINE": f"django.db.backends.{'sqlite3' if kind == 'sqlite' else 'mysql' if kind == 'mariadb' else kind}",
            "NAME": parts.path[1:],
            "USER": parts.username or "",
            "HOST": place.get("host") or place.get("unix_socket") or "",
            **options,
        }
        made = connections.configure_settings({"default": {}, self.alias: database})
        connections.settings.update({self.alias: made[self.alias]})
        with connections[self.alias].cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table}")
            cursor.execute(f"CREATE TABLE {self.table} (number VARCHAR(40))")
        call_command("migrate", database=self.alias, verbosity=0)
        if not connections[self.alias].get_autocommit():
            connections[self.alias].commit()
        self.message = f"EV-{self.alias}"
        self.store = DjangoStore(self.alias)

    @property
    def connection(self) -> Any:
        return connections[self.alias]

    def run(self, statement: str, *values: Any) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def book(self, number: str = "A1") -> None:
        self.run(f"INSERT INTO {self.table} (number) VALUES (%s)", number)

    def elsewhere(self, work: Any) -> Any:
        """Run a function with another connection."""
        found: list[Any] = []

        def run() -> None:
            try:
                found.append(work())
            except BaseException as error:
                found.append(error)
            finally:
                self.connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return found[0]

    def booked(self) -> list[str]:
        found: list[str] = self.elsewhere(lambda: [row[0] for row in self.run(f"SELECT number FROM {self.table}")])
        return found

    def claimed(self) -> list[int]:
        ask = "SELECT finished FROM chainable_claim WHERE message LIKE %s"
        found: list[int] = self.elsewhere(lambda: [row[0] for row in self.run(ask, f"{self.message}%")])
        return found

    def deliver(self, suffix: str = "") -> bool:
        with once(self.store, self.message + suffix) as first:
            if first:
                self.book()
        return first

    def close(self) -> None:
        self.connection.close()
        del connections[self.alias]
        del connections.settings[self.alias]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made: list[Shop] = []

    def shop(kind: str, **options: Any) -> Shop:
        url = f"sqlite:///{tmp_path}/shop.db" if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")
        made.append(Shop(kind, url, **options))
        return made[-1]

    yield shop
    for one in made:
        one.close()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def shop(request: pytest.FixtureRequest, make: Any) -> Shop:
    made: Shop = make(request.param)
    return made


def test_claim_and_booking_are_committed_together(shop: Shop) -> None:
    assert shop.deliver() is True
    assert (shop.booked(), shop.claimed()) == (["A1"], [1])
    assert shop.deliver() is False
    assert not shop.connection.in_atomic_block


def test_an_exception_rolls_both_back(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError), once(shop.store, shop.message) as first:
        assert first
        shop.book()
        _ = 1 / 0

    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver() is True


def test_nothing_is_visible_before_the_end_of_the_block(shop: Shop) -> None:
    with once(shop.store, shop.message):
        shop.book()
        assert (shop.booked(), shop.claimed()) == ([], [])
        assert isinstance(shop.elsewhere(shop.deliver), InProgress)
        with pytest.raises(InProgress):
            shop.deliver()

    assert shop.booked() == ["A1"]


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
def test_the_outermost_atomic_block_commits(shop: Shop, outcome: str) -> None:
    """As with ATOMIC_REQUESTS: claim and booking share its outcome."""
    with transaction.atomic(shop.alias):
        shop.book("before")
        assert shop.deliver() is True
        with pytest.raises(ZeroDivisionError), once(shop.store, shop.message + "-2"):
            shop.book("undone")
            _ = 1 / 0
        with once(shop.store, shop.message + "-3"), once(shop.store, shop.message + "-4"):
            shop.book("both")
        assert (shop.booked(), shop.claimed()) == ([], [])
        if outcome == "rollback":
            transaction.set_rollback(True, shop.alias)

    done = outcome == "commit"
    assert shop.booked() == (["before", "A1", "both"] if done else [])
    assert shop.claimed() == ([1, 1, 1] if done else [])


def test_without_autocommit_the_end_of_the_block_commits(make: Any) -> None:
    for kind in ("sqlite", "postgresql", "mariadb"):
        shop = make(kind, AUTOCOMMIT=False)
        assert shop.deliver() is True
        assert (shop.booked(), shop.claimed()) == (["A1"], [1])
        with pytest.raises(ZeroDivisionError), once(shop.store, shop.message + "-2"):
            shop.book("undone")
            _ = 1 / 0
        assert (shop.booked(), shop.claimed()) == (["A1"], [1])
        assert shop.deliver() is False
        shop.connection.rollback()


def test_a_commit_inside_the_block_raises(shop: Shop) -> None:
    with pytest.raises(transaction.TransactionManagementError), once(shop.store, shop.message):
        shop.book()
        transaction.commit(shop.alias)

    assert (shop.booked(), shop.claimed()) == ([], [])


def test_nested_transactions_work(shop: Shop) -> None:
    with once(shop.store, shop.message):
        with transaction.atomic(shop.alias):
            shop.book()
        with pytest.raises(ZeroDivisionError), transaction.atomic(shop.alias):
            shop.book("undone")
            _ = 1 / 0

    assert shop.booked() == ["A1"]


@pytest.mark.parametrize("deed", ["set_rollback", "close", "raw rollback"])
def test_a_rollback_inside_the_block_raises_at_its_end(shop: Shop, deed: str) -> None:
    with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store, shop.message):
        shop.book()
        if deed == "set_rollback":
            transaction.set_rollback(True, shop.alias)
        elif deed == "close":
            shop.connection.close()
        else:
            shop.run("ROLLBACK")

    assert (shop.booked(), shop.claimed()) == ([], [])
    assert shop.deliver() is True


def test_a_raw_commit_raises_and_the_message_is_never_handled_again(shop: Shop) -> None:
    with pytest.raises(ClaimError, match="ended or was aborted"), once(shop.store, shop.message):
        shop.book("first half")
        shop.run("COMMIT")

    assert shop.booked() == ["first half"]
    with pytest.raises(ClaimError, match="may be incomplete"):
        shop.deliver()
    assert shop.booked() == ["first half"]


def test_a_caught_database_error_does_not_book_twice(shop: Shop) -> None:
    """PostgreSQL aborts the transaction; in other databases one statement fails, and the block continues."""
    is_aborted = shop.connection.vendor == "postgresql"
    try:
        with once(shop.store, shop.message):
            shop.book()
            with pytest.raises(DatabaseError):
                shop.run("SELECT nothing FROM nowhere")
    except ClaimError:
        assert is_aborted

    assert shop.booked() == ([] if is_aborted else ["A1"])
    assert shop.claimed() == ([] if is_aborted else [1])


def test_a_deadlock_rolls_back_the_surrounding_transaction(make: Any) -> None:
    """A transaction that the database has rolled back is not committed in part."""
    shop = make("mariadb")

    def deadlock(run: Any, sql: str, *given: Any) -> Any:
        if sql.startswith("INSERT INTO chainable_claim"):
            shop.connection.connection.rollback()
            raise DatabaseError from pymysql.err.OperationalError(1213, "Deadlock found")
        return run(sql, *given)

    with transaction.atomic(shop.alias):
        shop.book()
        with shop.connection.execute_wrapper(deadlock), pytest.raises(InProgress):
            shop.deliver()
        with pytest.raises(transaction.TransactionManagementError):
            shop.book()

    assert shop.booked() == []


def test_expired_claims_are_removed(shop: Shop) -> None:
    old = DjangoStore(shop.alias, keep=-10)
    for store, suffix in ((old, "old"), (shop.store, "young")):
        with once(store, shop.message + suffix):
            pass
    out = io.StringIO()
    call_command("remove_expired_claims", database=shop.alias, stdout=out)

    assert out.getvalue() == "1 claims removed\n"
    assert shop.claimed() == [1]


def test_the_model_and_the_migration_agree(shop: Shop) -> None:
    from chainable.deduplication.django.models import Claim

    shop.deliver()

    assert [str(claim) for claim in Claim.objects.using(shop.alias).filter(message=shop.message)] == [shop.message]
    call_command("makemigrations", "chainable_deduplication", check=True, dry_run=True, verbosity=0)


def test_an_app_that_is_not_installed_raises(shop: Shop) -> None:
    with override_settings(INSTALLED_APPS=[]), pytest.raises(ConfigurationError, match="to INSTALLED_APPS"):
        shop.store.claim("EV-1")
    assert apps.is_installed(APP)


def test_a_missing_table_raises(make: Any) -> None:
    shop = make("sqlite")
    shop.run("ALTER TABLE chainable_claim RENAME TO elsewhere")

    with pytest.raises(ConfigurationError, match=r"no table chainable_claim.*manage\.py migrate"):
        shop.deliver()
    assert not shop.connection.in_atomic_block


def test_the_database_of_the_router_is_used(shop: Shop) -> None:
    router = type("Router", (), {"db_for_write": lambda self, model, **hints: shop.alias})()
    with override_settings(DATABASE_ROUTERS=[router]), once(DjangoStore(), shop.message) as first:
        assert first
        shop.book()

    assert shop.booked() == ["A1"]


def test_an_unsupported_database_raises(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.connection, "vendor", "oracle")

    with pytest.raises(ConfigurationError, match="claims in oracle are not supported"):
        shop.store.claim("EV-1")


def test_a_claim_of_another_store_raises() -> None:
    claim = MemoryStore().claim("EV-1")
    assert claim is not None
    for deed in (DjangoStore().finish, DjangoStore().release):
        with pytest.raises(ConfigurationError, match="made by another store"):
            deed(claim)
