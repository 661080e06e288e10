"""Write files that only their owner can read, and that never replace a user's file without consent."""

from __future__ import annotations

import itertools
import os
import re
import stat
import warnings
import zlib
from typing import TYPE_CHECKING

from attrs import frozen

from chainable.atomic import replace_file
from chainable.env_file import env_value
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Marked", "NotOursError", "env_text", "make_private", "write_private"]

_LIST = ".made-by-sandbox"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST = 1 << 20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class NotOursError(ConfigurationError):
    """The file to write exists and was made by the user, not by *maker*; it was not changed."""

    def __init__(self, path: Path, maker: str) -> None:
        super().__init__(f"{path} was not made by '{maker}': choose another file, or force it, which keeps a backup")
        self.path = path
        self.maker = maker

    def __reduce__(self) -> tuple[type[NotOursError], tuple[Path, str]]:
        """Keep both arguments in a pickle."""
        return type(self), (self.path, self.maker)


def write_private(path: Path, content: str | bytes) -> None:
    """
    Write a file that only its owner can read, from its first byte on; its folder has to exist.

    The file appears complete, in one step. An existing file is replaced together with its mode. A symbolic link is
    replaced, not followed.  A str is encoded in UTF-8.
    """
    replace_file(path, memoryview(content.encode() if isinstance(content, str) else content))


def make_private(path: Path) -> None:
    """
    Make sure that a file exists, and that only its owner can read it; an existing one keeps its content.

    Raises:
        OSError: The file cannot be opened for writing, is a link or not a plain file, or belongs to another user.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0), 0o600)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a plain file", str(path))
        if stat.S_IMODE(found.st_mode) & 0o077 and hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def env_text(settings: Mapping[str, str]) -> str:
    """
    Format settings as ``NAME=value`` lines that every reader of env files reads alike.

    Raises:
        ConfigurationError: A name is not valid for a variable; or a value contains a control character or a lone
            surrogate, or begins or ends with a space or a quotation mark. The message does not quote the value.
    """
    for name, value in settings.items():
        if not _NAME.fullmatch(name):
            msg = f"{shown_name(name)} is not a valid name of a variable: use letters, digits and '_'"
            raise ConfigurationError(msg, reason="not_a_variable_name", name=shown_name(name))
        if not value.isprintable():
            msg = f"{name}: the value must be one printable line; remove the control characters"
            raise ConfigurationError(msg, reason="not_printable", setting=name)
        if value != value.strip(" \"'"):
            msg = f"{name}: the value must not begin or end with a space or a quotation mark; remove it"
            raise ConfigurationError(msg, reason="value_quoted", setting=name)
    return "".join(f"{name}={env_value(value)}\n" for name, value in settings.items())


@safe_repr
@frozen
class Marked:
    """
    Files of one command, marked so that the command replaces no other files.

    A text file is marked by its first line. A file without room for such a line (some programs read nothing but a key
    from a key file) is listed in ``.made-by-sandbox`` in the same folder, with its size and checksum.

    Args:
        maker: The command that writes the files, such as ``shop sandbox``.
    """

    maker: str

    @property
    def line(self) -> str:
        """The comment in the first line of a marked file."""
        return f"# Made by '{self.maker}', which replaces this file without asking."

    def made(self, path: Path) -> bool:
        """Return True for a plain file of this command; a listed file has to be unchanged. False for a link."""
        content = _content(path)
        if content is None:
            return False
        first_line = content.split(b"\n", 1)[0].rstrip(b"\r")
        return first_line == self.line.encode() or _entry(path, content) in self._listed(path)

    def foreign(self, paths: Iterable[Path]) -> list[Path]:
        """Return the existing paths that this command did not write."""
        return [path for path in paths if os.path.lexists(path) and not self.made(path)]

    def check(self, paths: Iterable[Path]) -> None:
        """Raise NotOursError if writing these files would replace one of the user's."""
        foreign = self.foreign(paths)
        if foreign:
            raise NotOursError(foreign[0], self.maker)

    def write(self, path: Path, text: str | bytes, *, force: bool = True, bare: bool = False) -> Path | None:
        """
        Write a private file, and mark it.

        Args:
            path: The file.
            text: The content, which is written after the mark; bytes are listed.
            force: Rename an existing file of the user to ``….bak``, with a warning; False raises instead.
            bare: List the file instead of writing a mark into it.

        Returns:
            The new path of the user's file; None without one.

        Raises:
            NotOursError: The user's file exists, and *force* is False.
        """
        backup: Path | None = None
        if not force:
            self.check([path])
        elif self.foreign([path]):
            if path.exists() and not path.is_file():
                msg = f"{path} is not a file: choose another path"
                raise ConfigurationError(msg, reason="not_a_plain_file", file=str(path))
            backup = _backup_path(path)
            path.rename(backup)
            message = Words(
                f"{path} was not made by '{self.maker}'; it is kept as {backup}",
                f"{path} 不是由“{self.maker}”生成的，原文件保留为 {backup}",
            )
            warnings.warn(message, stacklevel=2)
        content = text.encode() if isinstance(text, str) else text
        if bare or isinstance(text, bytes):
            known = {entry.partition(" ")[2]: entry for entry in self._listed(path)}
            entry = _entry(path, content)
            known[entry.partition(" ")[2]] = entry
            write_private(path.with_name(_LIST), "\n".join([self.line, *known.values(), ""]))
            write_private(path, content)
        else:
            write_private(path, f"{self.line}\n{text}")
        return backup

    def _listed(self, path: Path) -> list[str]:
        lines = (_content(path.with_name(_LIST)) or b"").decode(errors="replace").splitlines()
        return lines[1:] if lines[:1] == [self.line] else []


def _content(path: Path) -> bytes | None:
    """Return the content of a plain file; None for a link, and for a file that cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(_LARGEST)


def _entry(path: Path, content: bytes) -> str:
    return f"{len(content)}:{zlib.crc32(content):08x} {path.name}"


def _backup_path(path: Path) -> Path:
    """Return the first path of ``….bak``, ``….bak1`` … that does not exist."""
    candidates = (path.with_name(f"{path.name}.bak{number or ''}") for number in itertools.count())
    return next(candidate for candidate in candidates if not os.path.lexists(candidate))
