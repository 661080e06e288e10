"""The SQLite file that a sandbox keeps its state in: private, and never another program's."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from chainable.errors import ConfigurationError
from chainable.i18n import Words, message_of, translate
from chainable.private_files import make_private

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["PATIENCE", "open_database"]

PATIENCE = 5.0
"""Seconds to wait for another sandbox to let go of the file: one that is just stopping."""


def open_database(path: Path | None, tables: Collection[str], schema: str) -> sqlite3.Connection:
    """
    Open a SQLite file, or make one, for all threads and in autocommit mode; None keeps everything in memory.

    Only its owner may read it from then on, and it is locked until it is closed or the process ends, however it ends:
    two sandboxes with one file would each keep part of the state.

    Raises:
        ConfigurationError: It cannot be opened, is a link, has other tables than these, or another sandbox uses it.
    """
    try:
        if path is not None:
            _check(path, tables)
            make_private(path)
        database = sqlite3.connect(
            ":memory:" if path is None else path, timeout=PATIENCE, check_same_thread=False, isolation_level=None
        )
    except (OSError, sqlite3.DatabaseError) as error:
        raise _unusable(path, error) from error
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
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
        raise OSError(0, Words("it is a link", "它是一个链接"))
    if not path.is_file() or not path.stat().st_size:
        return
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=PATIENCE, uri=True)
    try:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    finally:
        database.close()
    strange = sorted(name for name in names - {*tables} if not name.startswith("sqlite_"))
    if strange:
        raise sqlite3.DatabaseError(
            Words(f"it has a table {strange[0]!r} of another program", f"其中有其他程序的表 {strange[0]!r}")
        )


def _unusable(path: Path | None, error: Exception) -> ConfigurationError:
    if "locked" in str(error):  # Python 3.10 has no error codes
        return ConfigurationError(
            Words(
                f"state: {path} is in use by another sandbox; stop that one, or name another file: "
                "two sandboxes cannot share their state",
                f"state：{path} 正被另一个沙箱使用；请先停止该沙箱，或换一个文件：两个沙箱不能共用同一状态文件",
            )
        )
    why = getattr(error, "strerror", None) or message_of(error)
    return ConfigurationError(
        Words(
            f"state: {path} cannot keep the sandbox's state: {why}; name a file that a sandbox made, or a new one",
            f"state：{path} 不能用来保存沙箱状态：{translate(why, 'zh')}；请指定由沙箱生成的文件，或一个新文件",
        )
    )
