"""The state of a sandbox: objects of each kind, in memory or in one SQLite file."""

from __future__ import annotations

import base64
import json
import time
from threading import RLock
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.database import open_database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Records", "Store"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, id TEXT NOT NULL, day TEXT NOT NULL, data TEXT NOT NULL, content BLOB,
    PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS days ON entries (kind, day);
CREATE TABLE IF NOT EXISTS names (
    kind TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
"""
TABLES = ("entries", "names")
BEGINS = "substr(kind, 1, length(:prefix)) = :prefix"
SETTING = "_setting"
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decoder = json.JSONDecoder()


def _read(text: str) -> Any:
    """Return the value of a text that the store wrote."""
    return _decoder.raw_decode(text)[0]


class Transaction:
    """
    Holds the lock of a store, and writes everything inside as one; one inside another is a part of that.

    If it raises, or the process is killed, nothing of it is written.
    """

    def __init__(self, lock: RLock, database: sqlite3.Connection) -> None:
        self._lock = lock
        self._database = database
        self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._depth == 0:
            try:
                self._database.execute("BEGIN")
            except BaseException:
                self._lock.release()
                raise
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._database.__exit__(kind, error, trace)
        finally:
            self._lock.release()


class Store:
    """
    Objects by kind and id, each a JSON value, and other names they are found by.

    Everything that a method has written is in the file when it returns: a process killed afterwards loses nothing.
    Kinds that begin with an underscore are the sandbox's own: they are not listed, and stay when the state is cleared.

    Args:
        path: The SQLite file, which only its owner may read; in memory without one.

    Raises:
        ConfigurationError: It cannot be opened, or holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = RLock()
        self._database = open_database(path, TABLES, SCHEMA)
        self._transaction = Transaction(self.lock, self._database)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._database.close()

    def clear(self, prefix: str = "") -> None:
        """Delete every object of the kinds that begin so; by default all but the sandbox's own."""
        with self.transaction():
            for table in TABLES:
                self._database.execute(
                    f"DELETE FROM {table} WHERE {BEGINS}"  # noqa: S608 (a constant)
                    " AND (:prefix <> '' OR substr(kind, 1, 1) <> '_')",
                    {"prefix": prefix},
                )

    def dump(self, prefix: str = "") -> dict[str, Any]:
        """Return all objects of the kinds that begin so, with their other names, as JSON values."""
        values = {"prefix": prefix}
        with self.lock:
            entries = self._database.execute(
                f"SELECT kind, id, day, data, content FROM entries WHERE {BEGINS} ORDER BY rowid",  # noqa: S608 (a constant)
                values,
            ).fetchall()
            names = self._database.execute(f"SELECT kind, name, id FROM names WHERE {BEGINS}", values).fetchall()  # noqa: S608
        rows = [[*row, None if content is None else base64.b64encode(content).decode()] for *row, content in entries]
        return {"entries": rows, "names": [list(row) for row in names]}

    def load(self, dump: Mapping[str, Any], prefix: str = "") -> None:
        """Put the objects of a dump in place of all of the kinds that begin so."""
        with self.transaction():
            for table in TABLES:
                self._database.execute(f"DELETE FROM {table} WHERE {BEGINS}", {"prefix": prefix})  # noqa: S608 (a constant)
            self._database.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
                [(*row, None if content is None else base64.b64decode(content)) for *row, content in dump["entries"]],
            )
            self._database.executemany("INSERT INTO names VALUES (?, ?, ?)", dump["names"])

    def transaction(self) -> Transaction:
        """Write everything inside as one, or nothing if it raises or the process is killed."""
        return self._transaction

    def put(
        self,
        kind: str,
        id: str,  # noqa: A002 (an attribute of objects)
        data: Any,
        *names: str,
        day: str = "",
        content: bytes | None = None,
    ) -> None:
        """
        Write an object, or replace it in its place.

        Args:
            kind: Its kind.
            id: Its number among its kind.
            data: A JSON value.
            names: Other numbers it is found by.
            day: The day it belongs to, ``yyyy-mm-dd`` in Beijing.
            content: Bytes that belong to it.
        """
        with self._transaction:
            self._database.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET"
                " data = excluded.data, content = coalesce(excluded.content, content),"
                " day = CASE excluded.day WHEN '' THEN day ELSE excluded.day END",
                (kind, id, day, _written(data), content),
            )
            if names:
                self._database.executemany(
                    "INSERT OR REPLACE INTO names VALUES (?, ?, ?)", [(kind, name, id) for name in names]
                )

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return the JSON object with this id or other name; None if there is none."""
        found: dict[str, Any] | None = self.value(kind, name)
        return found

    def value(self, kind: str, name: str) -> Any:
        """Return the JSON value with this id or other name; None if there is none."""
        with self.lock:
            row = self._database.execute(
                "SELECT data FROM entries WHERE kind = :kind AND id = coalesce("
                "(SELECT id FROM names WHERE kind = :kind AND name = :name), :name)",
                {"kind": kind, "name": name},
            ).fetchone()
        return _read(row[0]) if row else None

    def entry(self, kind: str, name: str) -> dict[str, Any]:
        """Return the object with this id or other name; raise LookupError if there is none."""
        found = self.get(kind, name)
        if found is None:
            raise LookupError(Words(f"the store has no {kind} {name}", f"沙箱中不存在 {name}（{kind}）"))
        return found

    def content(self, kind: str, id: str) -> bytes | None:  # noqa: A002 (an attribute of objects)
        """Return the bytes of an object."""
        with self.lock:
            row = self._database.execute("SELECT content FROM entries WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return row[0] if row else None

    def all(self, kind: str, day: str | None = None) -> Iterator[Any]:
        """Return all objects of a kind, of one day if it is given, in the order they were first written."""
        of_day, values = ("", (kind,)) if day is None else (" AND day = ?", (kind, day))
        with self.lock:
            rows = self._database.execute(
                f"SELECT data FROM entries WHERE kind = ?{of_day} ORDER BY rowid",  # noqa: S608 (a constant)
                values,
            ).fetchall()
        return (_read(data) for (data,) in rows)

    def read(self, kind: str, day: str, size: int = 50) -> Iterator[tuple[str, Any]]:
        """Return id and value of the objects of one day as :meth:`all` does, in pieces: others can work in between."""
        last = 0
        while True:
            with self.lock:
                rows = self._database.execute(
                    "SELECT rowid, id, data FROM entries WHERE kind = ? AND day = ? AND rowid > ? ORDER BY rowid LIMIT ?",
                    (kind, day, last, size),
                ).fetchall()
            if not rows:
                return
            for last, id_, data in rows:  # noqa: B007 (the next piece begins behind the last one)
                yield id_, _read(data)
            time.sleep(0.0002)  # a thread that waits for the interpreter gets it

    def last_until(self, kind: str, day: str) -> tuple[str, Any] | None:
        """Return id and value of the last object of a kind up to the end of a day; None without one."""
        with self.lock:
            row = self._database.execute(
                "SELECT id, data FROM entries WHERE kind = ? AND day <= ? ORDER BY day DESC, rowid DESC LIMIT 1",
                (kind, day),
            ).fetchone()
        return (row[0], _read(row[1])) if row else None

    def newest(self, kind: str, size: int, *texts: str, offset: int = 0) -> list[tuple[str, Any]]:
        """Return the ids and values of so many objects of a kind, newest first, whose data holds one of the texts."""
        holding = f" AND ({' OR '.join(['instr(data, ?)'] * len(texts))})" if texts else ""
        with self.lock:
            rows = self._database.execute(
                "SELECT id, data FROM entries WHERE rowid IN (SELECT rowid FROM entries"  # noqa: S608 (constants)
                f" WHERE kind = ?{holding} ORDER BY rowid DESC LIMIT ? OFFSET ?) ORDER BY rowid DESC",
                (kind, *texts, size, offset),
            ).fetchall()
        return [(number, _read(data)) for number, data in rows]

    def page(self, kind: str, offset: int, limit: int) -> list[Any]:
        """Return so many objects of a kind from a position on, in the order they were first written."""
        with self.lock:
            rows = self._database.execute(
                "SELECT data FROM entries WHERE kind = ? ORDER BY rowid LIMIT ? OFFSET ?", (kind, limit, offset)
            ).fetchall()
        return [_read(data) for (data,) in rows]

    def kinds(self) -> dict[str, int]:
        """Return how many objects there are of each kind."""
        with self.lock:
            return dict(
                self._database.execute(
                    "SELECT kind, count(*) FROM entries WHERE substr(kind, 1, 1) <> '_' GROUP BY kind ORDER BY kind"
                )
            )

    @property
    def changes(self) -> int:
        """How much was written since it was opened: the same number, the same state."""
        with self.lock:
            return self._database.total_changes

    def setting(self, name: str) -> str | None:
        """Return a setting."""
        found: str | None = self.value(SETTING, name)
        return found

    def set(self, name: str, data: str) -> None:
        """Write a setting, which stays when the state is cleared."""
        self.put(SETTING, name, data)

    def records(self, kind: str) -> Records:
        """Return the objects of one kind."""
        return Records(self, kind)

    def delete(self, kind: str, id: str) -> None:  # noqa: A002 (an attribute of objects)
        """Delete an object; none of this id is fine."""
        with self.transaction():
            self._database.execute("DELETE FROM entries WHERE kind = ? AND id = ?", (kind, id))

    def last(self, kind: str) -> str | None:
        """Return the id of the object of a kind that was written first most recently."""
        with self.lock:
            row = self._database.execute(
                "SELECT id FROM entries WHERE kind = ? ORDER BY rowid DESC LIMIT 1", (kind,)
            ).fetchone()
        return row[0] if row else None

    def trim(self, kind: str, size: int) -> None:
        """Delete all but the last so many objects of a kind."""
        with self.transaction():
            self._database.execute(
                "DELETE FROM entries WHERE kind = :kind AND rowid <= "
                "(SELECT rowid FROM entries WHERE kind = :kind ORDER BY rowid DESC LIMIT 1 OFFSET :size)",
                {"kind": kind, "size": size},
            )

    def count(self, kind: str) -> int:
        """Return how many objects of a kind there are."""
        with self.lock:
            (count,) = self._database.execute("SELECT count(*) FROM entries WHERE kind = ?", (kind,)).fetchone()
        return int(count)


class Records:
    """The objects of one kind in a store, in the order they were first written."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind

    def get(self, id: str) -> Any | None:  # noqa: A002 (an attribute of objects)
        """Return an object, None if there is none."""
        return self._store.value(self._kind, id)

    def put(self, id: str, data: Any) -> None:  # noqa: A002 (an attribute of objects)
        """Write an object, or replace it in its place."""
        self._store.put(self._kind, id, data)

    def delete(self, id: str) -> None:  # noqa: A002 (an attribute of objects)
        """Delete an object; none of this id is fine."""
        self._store.delete(self._kind, id)

    def values(self) -> Iterator[Any]:
        """Return all objects, oldest first."""
        return self._store.all(self._kind)

    def newest(self, size: int) -> list[Any]:
        """Return the last so many objects, newest first."""
        return [value for _, value in self._store.newest(self._kind, size)]

    @property
    def last(self) -> str | None:
        """The id of the newest object."""
        return self._store.last(self._kind)

    def trim(self, size: int) -> None:
        """Delete all but the last so many objects."""
        self._store.trim(self._kind, size)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._store.count(self._kind)
