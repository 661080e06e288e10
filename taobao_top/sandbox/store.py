"""What the sandbox remembers: trades, sessions, orders; in memory or in one SQLite file."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.sandbox.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Shelf", "Store"]

_TABLE = """
CREATE TABLE IF NOT EXISTS record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    app_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (app_key, kind, key)
)
"""


class Store:
    """
    JSON records by app, kind and key.

    Every change is in the file before the answer leaves, so a killed process
    loses nothing it acknowledged.

    Args:
        path: The SQLite file, made when missing; None keeps everything in memory.

    Raises:
        ConfigurationError: The file cannot be made, or is something else.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = threading.RLock()
        self._database = open_database(None if path is None else Path(path), ("record",), _TABLE)

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


class Shelf:
    """
    The records of one kind that belong to one app; keeps the order in which keys first came.

    Args:
        store: Where they are.
        app_key: Whose they are.
        kind: Which they are: ``trade``, ``session`` …
    """

    def __init__(self, store: Store, app_key: str, kind: str) -> None:
        self._store = store
        self._of = (app_key, kind)

    def get(self, key: str) -> Any | None:
        """Return a record, None when there is none."""
        rows = self._store.run("SELECT value FROM record WHERE app_key = ? AND kind = ? AND key = ?", *self._of, key)
        return json.loads(rows[0][0]) if rows else None

    def put(self, key: str, value: Any) -> None:
        """Write a record, replacing the one under this key in its place."""
        self._store.run(
            "INSERT INTO record (app_key, kind, key, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (app_key, kind, key) DO UPDATE SET value = excluded.value",
            *self._of,
            key,
            json.dumps(value, ensure_ascii=False),
        )

    def delete(self, key: str) -> None:
        """Remove a record; none under this key is fine."""
        self._store.run("DELETE FROM record WHERE app_key = ? AND kind = ? AND key = ?", *self._of, key)

    def values(self) -> Iterator[Any]:
        """Return all records, oldest first."""
        rows = self._store.run("SELECT value FROM record WHERE app_key = ? AND kind = ? ORDER BY number", *self._of)
        return (json.loads(value) for (value,) in rows)

    def __len__(self) -> int:
        """How many records there are."""
        count: int = self._store.run("SELECT COUNT(*) FROM record WHERE app_key = ? AND kind = ?", *self._of)[0][0]
        return count
