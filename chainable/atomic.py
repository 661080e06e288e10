"""
Replace a file in one step, readable by its owner alone from its first byte.

The new content goes to a file of its own beside the old one and is renamed.  A
process that is killed in between leaves that file behind, so its writer holds a
lock on it: a file without a lock has lost its writer, and the next
replacement removes it.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["replace_file"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_LOOK = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """
    Replace a file; readers see the old content or the new one, never a part.

    The file has mode 0600.  A symbolic link at *path* is replaced, not
    followed.  What killed processes of the same user left behind while they
    replaced this file is removed first, except on Windows.

    Args:
        path: The file; its folder has to exist.
        content: Of the file. A ``memoryview`` keeps secrets out of reports
            that show the arguments of a failed call.

    Raises:
        OSError: The file cannot be written; the old one is unchanged.

    .. versionadded:: 0.1.0
    """
    _remove_orphans(path)
    handle, new = _create(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:  # renamed under its lock, or it would look like an orphan
                new.replace(path)
        if fcntl is None:  # an open file cannot be renamed on Windows
            new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # The name is durable as well, where folders can be synchronised.
        _synchronise(path.parent)


def _create(path: Path) -> tuple[int, Path]:
    while True:
        new = path.with_name(f".{path.name}.{os.urandom(8).hex()}.new")
        handle = os.open(new, _CREATE, 0o600)
        if _locked(handle):
            return handle, new
        # Another process took the file for an orphan before it was locked.
        os.close(handle)
        new.unlink(missing_ok=True)


def _locked(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return (
            True  # Some network file systems have no locks, so orphans stay there: they look like files being written.
        )
    return os.fstat(handle).st_nlink > 0


def _remove_orphans(path: Path) -> None:
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.new")
    with os.scandir(path.parent) as entries:
        found = [entry.name for entry in entries if ours.fullmatch(entry.name)]
    for name in found:
        with suppress(OSError):  # Its writer holds it, it is a link, another user's, or gone.
            _remove_if_orphaned(path.with_name(name))


def _remove_if_orphaned(new: Path) -> None:
    if fcntl is None:
        return
    handle = os.open(new, _LOOK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened = os.fstat(handle)
        if stat.S_ISREG(opened.st_mode) and opened.st_uid == os.geteuid() and os.path.samestat(opened, new.lstat()):
            new.unlink()
    finally:
        os.close(handle)


def _synchronise(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
