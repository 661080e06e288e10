"""What the platform remembers: orders, refunds, contracts, files; in memory or in one SQLite file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from chainable.sandbox.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Ledger"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, id TEXT NOT NULL, day TEXT NOT NULL, data TEXT NOT NULL, content BLOB,
    PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS days ON entries (kind, day);
CREATE TABLE IF NOT EXISTS names (
    kind TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (id INTEGER PRIMARY KEY, data TEXT NOT NULL);
"""
TABLES = ("entries", "names", "settings", "deliveries")


class Ledger:
    """
    Entries by kind and id, each a JSON object, and other names they go by.

    What a method has written is in the file when it returns: a process killed
    afterwards loses nothing.

    Args:
        path: The SQLite file, which only its owner may read; in memory without one.

    Raises:
        ConfigurationError: It cannot be opened, or holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = RLock()
        self._database = open_database(path, TABLES, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._database.close()

    def clear(self) -> None:
        """Forget every entry; settings and deliveries stay."""
        with self.transaction():
            self._database.execute("DELETE FROM entries")
            self._database.execute("DELETE FROM names")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is written as one, or not at all if it raises, or if the process is killed."""
        with self.lock:
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def put(
        self,
        kind: str,
        id: str,  # noqa: A002 (what it is)
        data: dict[str, Any],
        *names: str,
        day: str = "",
        content: bytes | None = None,
    ) -> None:
        """
        Write an entry, or write it anew.

        Args:
            kind: Its kind.
            id: Its number among its kind.
            data: A JSON object.
            names: Other numbers it is found by.
            day: The day it belongs to, ``yyyy-mm-dd`` in Beijing.
            content: Bytes that belong to it.
        """
        with self.transaction():
            self._database.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET"
                " data = excluded.data, content = coalesce(excluded.content, content),"
                " day = CASE excluded.day WHEN '' THEN day ELSE excluded.day END",
                (kind, id, day, json.dumps(data, ensure_ascii=False), content),
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO names VALUES (?, ?, ?)",
                [(kind, name, id) for name in names],
            )

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The entry with this id or other name; None if there is none."""
        with self.lock:
            row = self._database.execute(
                "SELECT data FROM entries WHERE kind = ?1 AND id = coalesce("
                "(SELECT id FROM names WHERE kind = ?1 AND name = ?2), ?2)",
                (kind, name),
            ).fetchone()
        return json.loads(row[0]) if row else None

    def entry(self, kind: str, name: str) -> dict[str, Any]:
        """The entry with this id or other name, which another one refers to; LookupError if it is gone."""
        found = self.get(kind, name)
        if found is None:
            raise LookupError(f"the ledger has no {kind} {name}")
        return found

    def content(self, kind: str, id: str) -> bytes | None:  # noqa: A002 (what it is)
        """The bytes of an entry."""
        with self.lock:
            row = self._database.execute("SELECT content FROM entries WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return row[0] if row else None

    def all(self, kind: str, day: str | None = None) -> Iterator[dict[str, Any]]:
        """All entries of a kind, of one day if it is given, in the order they were first written."""
        query = "SELECT data FROM entries WHERE kind = ?"
        with self.lock:
            rows = self._database.execute(
                query + (" AND day = ?" if day is not None else "") + " ORDER BY rowid",
                (kind,) if day is None else (kind, day),
            ).fetchall()
        for (data,) in rows:
            yield json.loads(data)

    def kinds(self) -> dict[str, int]:
        """How many entries there are of each kind."""
        with self.lock:
            return dict(self._database.execute("SELECT kind, count(*) FROM entries GROUP BY kind ORDER BY kind"))

    @property
    def changes(self) -> int:
        """How much was written since it was opened: the same number, the same state."""
        with self.lock:
            return self._database.total_changes

    def setting(self, name: str) -> str | None:
        """What was set under this name."""
        with self.lock:
            row = self._database.execute("SELECT data FROM settings WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set(self, name: str, data: str) -> None:
        """Keep a text under this name, whatever is cleared."""
        with self.lock:
            self._database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, data))

    # notifications under way

    def next_delivery(self) -> int:
        """The number of the next delivery."""
        with self.lock:
            (last,) = self._database.execute("SELECT max(id) FROM deliveries").fetchone()
        return 1 if last is None else int(last) + 1

    def deliver(self, id: int, data: dict[str, Any], kept: int) -> None:  # noqa: A002 (what it is)
        """Write a delivery, and forget all but the last so many."""
        with self.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO deliveries VALUES (?, ?)", (id, json.dumps(data, ensure_ascii=False))
            )
            self._database.execute("DELETE FROM deliveries WHERE id <= (SELECT max(id) FROM deliveries) - ?", (kept,))

    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries that are kept, oldest first."""
        with self.lock:
            return [json.loads(data) for (data,) in self._database.execute("SELECT data FROM deliveries ORDER BY id")]

    def forget_deliveries(self) -> None:
        """Forget them all."""
        with self.lock:
            self._database.execute("DELETE FROM deliveries")
