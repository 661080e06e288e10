"""
Replace a file in one step; only its owner can read it, from its first byte on.

The new content is written to a temporary file in the same folder, which is
then renamed.  A process that is killed in between leaves that file behind.
Its writer therefore holds a lock on it: a temporary file without a lock is
orphaned, and the next replacement removes it.
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
_INSPECT = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """
    Replace a file; readers see the old content or the new one, never a part.

    The file has mode 0600.  A symbolic link at *path* is replaced, not
    followed.  Temporary files that killed processes of the same user left
    behind are removed first, except on Windows.  After an OSError the old file
    is unchanged.

    Args:
        path: The file; its folder has to exist.
        content: The new content. A ``memoryview`` keeps secrets out of error
            reports that show the arguments of a failed call.
    """
    _remove_orphans(path)
    handle, new = _create(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:  # Without its lock the file would look orphaned.
                new.replace(path)
        if fcntl is None:  # Windows cannot rename an open file.
            new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # Not every file system can synchronise a folder.
        _synchronise(path.parent)


def _create(path: Path) -> tuple[int, Path]:
    while True:
        new = path.with_name(f".{path.name}.{os.urandom(8).hex()}.new")
        handle = os.open(new, _CREATE, 0o600)
        if _locked(handle):
            return handle, new
        # Before this process had locked the file, another one locked it as an orphan.
        os.close(handle)
        new.unlink(missing_ok=True)


def _locked(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # Some network file systems have no locks: orphans stay there.
        return True
    return os.fstat(handle).st_nlink > 0


def _remove_orphans(path: Path) -> None:
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.new")
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if pattern.fullmatch(entry.name)]
    for name in names:
        with suppress(OSError):  # It is locked by its writer, a link, another user's, or already removed.
            _remove_if_orphaned(path.with_name(name))


def _remove_if_orphaned(new: Path) -> None:
    if fcntl is None:
        return
    handle = os.open(new, _INSPECT)
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
