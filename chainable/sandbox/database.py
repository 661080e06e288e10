"""The SQLite file that a sandbox keeps its state in: private, and never another program's."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from chainable.errors import ConfigurationError
from chainable.private_files import make_private

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["open_database"]


def open_database(path: Path | None, tables: Collection[str], schema: str) -> sqlite3.Connection:
    """
    Open a SQLite file, or make one, for all threads and in autocommit mode; None keeps everything in memory.

    Only its owner may read it from then on.

    Raises:
        ConfigurationError: It cannot be opened, is a link, or has other tables than these.
    """
    try:
        if path is not None:
            _check(path, tables)
            make_private(path)
        database = sqlite3.connect(":memory:" if path is None else path, check_same_thread=False, isolation_level=None)
    except (OSError, sqlite3.DatabaseError) as error:
        raise _unusable(path, error) from error
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(schema)
    except sqlite3.DatabaseError as error:
        database.close()
        raise _unusable(path, error) from error
    return database


def _check(path: Path, tables: Collection[str]) -> None:
    """Look at a file that is there before anything of it is changed."""
    if path.is_symlink():
        raise OSError(0, "it is a link")
    if not path.is_file() or not path.stat().st_size:
        return
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    finally:
        database.close()
    strange = sorted(name for name in names - {*tables} if not name.startswith("sqlite_"))
    if strange:
        msg = f"it has a table {strange[0]!r} of another program"
        raise sqlite3.DatabaseError(msg)


def _unusable(path: Path | None, error: Exception) -> ConfigurationError:
    why = getattr(error, "strerror", None) or error
    return ConfigurationError(
        f"state: {path} cannot keep the sandbox's state: {why}; name a file that a sandbox made, or a new one"
    )
