"""
Kill workers (``kill -9``) at any moment of a booking, and count the bookings.

    python dying_workers.py sqlalchemy|django URL each|storm

``each`` kills one worker before and after each of its statements and commits,
and delivers the message again until it is accepted.  ``storm`` runs several
workers on the same messages at the same time, and kills and restarts them at
random.  The output is one line of JSON with the bookings.  Workers are forked
from this process, which has one thread and no connection.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from chainable.deduplication import once
from chainable.errors import InProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = [
    "CREATE TABLE bookings (number INTEGER)",
    "CREATE TABLE accounts (number INTEGER PRIMARY KEY, balance INTEGER)",
]
ENGINE = " ENGINE=InnoDB"


class Moments:
    """Counts the moments at which a worker may be killed, and kills it at one of them."""

    def __init__(self, chosen: Callable[[int], bool]) -> None:
        self.chosen = chosen
        self.passed = 0

    def __call__(self, *_: Any, **__: Any) -> None:
        self.passed += 1
        if self.chosen(self.passed):
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            self()
            done = function(*given, **named)
            self()
            return done

        return wrapped


class SQLAlchemyShop:
    def __init__(self, url: str) -> None:
        # Imported before the workers are forked, with the driver.
        import sqlalchemy.orm

        sqlalchemy.create_engine(url)
        self.url = url

    @contextmanager
    def session(self, moments: Moments | None = None) -> Iterator[Any]:
        from sqlalchemy import create_engine, event
        from sqlalchemy.orm import Session
        from sqlalchemy.pool import NullPool

        engine = create_engine(self.url, poolclass=NullPool)
        if moments is not None:
            event.listen(engine, "before_cursor_execute", moments)
            event.listen(engine, "after_cursor_execute", moments)
            engine.dialect.do_commit = moments.around(engine.dialect.do_commit)  # type: ignore[method-assign]
        with Session(engine) as session:
            yield session

    def create(self) -> None:
        from sqlalchemy import MetaData, text

        from chainable.deduplication.sqlalchemy import claim_table

        metadata = MetaData()
        claim_table(metadata)
        with self.session() as session:
            metadata.create_all(session.get_bind())
            for statement in SCHEMA:
                session.execute(text(statement + (ENGINE if "mysql" in self.url else "")))
            session.commit()

    def deliver(self, number: int, moments: Moments, slow: float = 0.0) -> None:
        from sqlalchemy import text

        from chainable.deduplication.sqlalchemy import SQLAlchemyStore

        with self.session(moments) as session, once(SQLAlchemyStore(session), f"EV-{number}") as first:
            if first:
                session.execute(text("INSERT INTO bookings (number) VALUES (:number)"), {"number": number})
                time.sleep(slow)
                session.execute(
                    text("UPDATE accounts SET balance = balance + 1 WHERE number = :number"), {"number": number}
                )

    def run(self, statement: str) -> list[Any]:
        from sqlalchemy import text

        with self.session() as session:
            result = session.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
            session.commit()
        return rows


class DjangoShop:
    def __init__(self, url: str) -> None:
        import django
        from django.conf import settings

        parts = urlsplit(url)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.scheme.startswith("sqlite"):
            database = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:]}
        elif parts.scheme.startswith("postgresql"):
            database = {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "HOST": options["host"]}
        else:
            import pymysql

            # Django requires mysqlclient; PyMySQL replaces it.
            pymysql.version_info = (2, 2, 1, "final", 0)  # type: ignore[attr-defined, assignment]
            pymysql.install_as_MySQLdb()
            database = {"ENGINE": "django.db.backends.mysql", "NAME": parts.path[1:], "HOST": options["unix_socket"]}
        database["USER"] = parts.username or ""
        settings.configure(
            DATABASES={"default": database}, INSTALLED_APPS=["chainable.deduplication.django"], USE_TZ=True
        )
        django.setup()
        # Imported before the workers are forked, with the driver.
        from django.db import connection

        assert connection.vendor

    def create(self) -> None:
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        for statement in SCHEMA:
            self.run(statement + (ENGINE if connection.vendor == "mysql" else ""))

    def deliver(self, number: int, moments: Moments, slow: float = 0.0) -> None:
        from django.db import connection

        from chainable.deduplication.django import DjangoStore

        def execute(run: Any, *given: Any) -> Any:
            return moments.around(run)(*given)

        if "_commit" not in vars(connection):
            connection._commit = moments.around(connection._commit)
        with connection.execute_wrapper(execute), once(DjangoStore(), f"EV-{number}") as first:
            if first:
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO bookings (number) VALUES (%s)", [number])
                    time.sleep(slow)
                    cursor.execute("UPDATE accounts SET balance = balance + 1 WHERE number = %s", [number])

    def run(self, statement: str) -> list[Any]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
        connection.close()
        return rows


def forked(work: Callable[[], None]) -> int:
    """Start a worker, and return its process id."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        work()
        status = 0
    except InProgress:
        status = 3
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def deliver(shop: Any, number: int, moment: int = 0) -> int:
    """Deliver a message to a worker that is killed at this moment, and return its exit status."""
    return ended(forked(lambda: shop.deliver(number, Moments(moment.__eq__))))


def ended(child: int) -> int:
    """Return the exit status of a worker, as subprocess.Popen.returncode."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def each(shop: Any) -> dict[str, Any]:
    """Kill a worker at each of its moments, one message for each."""
    shop.run("INSERT INTO accounts (number, balance) VALUES " + ", ".join(f"({number}, 0)" for number in range(1, 101)))
    moment, refused = 0, 0
    status = -signal.SIGKILL
    while status == -signal.SIGKILL:
        moment += 1
        status = deliver(shop, moment, moment)
        assert status in {-signal.SIGKILL, 0}, status
        for _ in range(2):  # delivered again, and once more after it was accepted
            deadline = time.monotonic() + 60
            while (again := deliver(shop, moment)) == 3:
                refused += 1
                assert time.monotonic() < deadline, "the claim of a dead worker is never freed"
                time.sleep(0.05)
            assert again == 0, again
    return {"moments": moment - 1, "refused": refused, **counted(shop, moment)}


def storm(shop: Any, messages: int = 6, workers: int = 3, deaths: int = 15) -> dict[str, Any]:
    """Run workers on the same messages at the same time, some slowly; kill and restart them at random."""
    shop.run(
        "INSERT INTO accounts (number, balance) VALUES "
        + ", ".join(f"({number}, 0)" for number in range(1, messages + 1))
    )

    def work(seed: int, chance: float) -> None:
        rng = random.Random(seed)
        moments = Moments(lambda _: rng.random() < chance)
        left = rng.sample(range(1, messages + 1), messages)
        while left:
            try:
                shop.deliver(left[0], moments, slow=rng.choice((0.0, 0.02)))
            except InProgress:
                left.append(left[0])
                time.sleep(0.01)
            left = left[1:]

    running = {forked(lambda seed=seed: work(seed, 0.03)): seed for seed in range(workers)}  # type: ignore[misc]
    died = 0
    while running:
        child, status = os.waitpid(-1, 0)
        seed = running.pop(child)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL:
            died += 1
            chance = 0.03 if died < deaths else 0.0
            running[forked(lambda seed=seed, died=died, chance=chance: work(seed + 1000 * died, chance))] = seed  # type: ignore[misc]
        else:
            assert code == 0, code
    return {"died": died, **counted(shop, messages)}


def counted(shop: Any, messages: int) -> dict[str, Any]:
    bookings = [number for (number,) in shop.run("SELECT number FROM bookings ORDER BY number")]
    balances = [balance for (balance,) in shop.run(f"SELECT balance FROM accounts WHERE number <= {messages}")]
    finished = [row[0] for row in shop.run("SELECT finished FROM chainable_claim")]
    return {"messages": messages, "bookings": bookings, "balances": balances, "finished": finished}


if __name__ == "__main__":
    kind, url, how = sys.argv[1:]
    shop = {"sqlalchemy": SQLAlchemyShop, "django": DjangoShop}[kind](url)
    created = ended(forked(shop.create))
    assert created == 0, created
    print(json.dumps({"each": each, "storm": storm}[how](shop)))
