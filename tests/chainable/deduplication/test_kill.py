"""
Killed workers: each message is booked exactly once.

Workers are killed (``kill -9``) before and after each statement and each commit
of a booking, and at random while others handle the same messages.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.chainable.deduplication import dying_workers

ROOT = Path(dying_workers.__file__).parents[3]
NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    server: str = request.getfixturevalue(f"{request.param}_url")
    name = f"kill_{os.getpid()}_{next(NUMBERS)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?").replace("/mysql?", f"/{name}?")


def counted(kind: str, url: str, how: str) -> dict[str, Any]:
    command = [sys.executable, dying_workers.__file__, kind, url, how]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def check(found: dict[str, Any]) -> None:
    messages = found["messages"]
    assert found["bookings"] == list(range(1, messages + 1))
    assert found["balances"] == [1] * messages
    assert found["finished"] == [1] * messages


@pytest.mark.parametrize("kind", ["sqlalchemy", "django"])
def test_a_worker_killed_at_any_statement_books_each_message_once(kind: str, url: str) -> None:
    found = counted(kind, url, "each")

    # SAVEPOINT, the claim, two statements of the booking, RELEASE, the mark and the commit, before and after each.
    assert found["moments"] >= 14
    check(found)


@pytest.mark.parametrize("kind", ["sqlalchemy", "django"])
def test_workers_killed_at_random_book_each_message_once(kind: str, url: str) -> None:
    found = counted(kind, url, "storm")

    assert found["died"] >= 5
    check(found)
