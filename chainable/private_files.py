"""Files that only their owner may read, and that replace nothing of the user's unasked."""

from __future__ import annotations

import os
import re
import stat
import warnings
import zlib
from typing import TYPE_CHECKING

from attrs import frozen

from chainable.atomic import replace_file
from chainable.errors import ConfigurationError
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
    """
    A file of the user's is where another one was to be written; it was left alone.

    Args:
        path: The file.
        maker: What was about to write.

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: Path, maker: str) -> None:
        super().__init__(f"{path} was not made by '{maker}': name another file, or force it, which keeps a backup")
        self.path = path
        self.maker = maker

    def __reduce__(self) -> tuple[type[NotOursError], tuple[Path, str]]:
        """Keep both arguments in a pickle."""
        return type(self), (self.path, self.maker)


def write_private(path: Path, content: str | bytes) -> None:
    """
    Write a file that only its owner may read, from its first byte on.

    The file appears whole, in one step. One that is there is replaced, with its mode; of a link the link is replaced,
    never the file that it leads to.

    Args:
        path: Where it goes; the folder has to be there.
        content: Text is written in UTF-8.

    Raises:
        OSError: It cannot be written.
    """
    replace_file(path, memoryview(content.encode() if isinstance(content, str) else content))


def make_private(path: Path) -> None:
    """
    Make sure that a file is there, and that only its owner may read it.

    Args:
        path: A new file is made empty; one that is there keeps its content.

    Raises:
        OSError: It cannot be opened for writing, it is a link or not a plain file, or it belongs to another user.
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
    Write settings as ``NAME=value`` lines, which every reader of such files understands alike.

    Args:
        settings: Values by name.

    Raises:
        ConfigurationError: A name is not one of a variable; or a value holds a line break, another control character or a lone surrogate, or begins or
            ends with a space or a quotation mark; the value is not shown.
    """
    for name, value in settings.items():
        if not _NAME.fullmatch(name):
            msg = f"{shown_name(name)} cannot be the name of a variable: letters, digits and '_' were expected"
            raise ConfigurationError(msg)
        if not value.isprintable():
            msg = f"{name}: an env file holds one printable line for each setting; take the control characters out"
            raise ConfigurationError(msg)
        if value != value.strip(" \"'"):
            msg = f"{name}: a value in an env file cannot begin or end with a space or a quotation mark"
            raise ConfigurationError(msg)
    return "".join(f"{name}={value}\n" for name, value in settings.items())


@safe_repr
@frozen
class Marked:
    """
    Files of one maker, which are recognised, so that no other file is replaced unasked.

    A text file is recognised by its first line. A file that can bear no such line (keys: some programs take nothing
    but the key) is listed beside it, in ``.made-by-sandbox``, with its size and checksum.

    Args:
        maker: The command that makes them, such as ``shop sandbox``.

    .. versionadded:: 0.1.0
    """

    maker: str

    @property
    def line(self) -> str:
        """The first line: a comment."""
        return f"# Made by '{self.maker}', which replaces this file without asking."

    def made(self, path: Path) -> bool:
        """Return whether there is a plain file of this maker, unchanged if it is listed; False for links."""
        content = _content(path)
        if content is None:
            return False
        return content.split(b"\n", 1)[0].rstrip(b"\r") == self.line.encode() or _entry(path, content) in self._listed(
            path
        )

    def foreign(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of the paths where something is that this maker did not make."""
        return [path for path in paths if os.path.lexists(path) and not self.made(path)]

    def check(self, paths: Iterable[Path]) -> None:
        """
        Raise if something of the user's would be replaced.

        Raises:
            NotOursError: It would.
        """
        theirs = self.foreign(paths)
        if theirs:
            raise NotOursError(theirs[0], self.maker)

    def write(self, path: Path, text: str, *, force: bool = True, bare: bool = False) -> Path | None:
        """
        Write a private file that is recognised later.

        Args:
            path: Where it goes.
            text: What it holds; in front of it comes the mark.
            force: A file that is there and was not made by this maker is renamed to ``….bak``, with a warning; False
                refuses.
            bare: Write no mark, but list the file.

        Returns:
            Where the user's file is now; None if there was none.

        Raises:
            NotOursError: There is something of the user's, without *force*.
            ConfigurationError: There is something else than a file.
            OSError: It cannot be written.
        """
        kept: Path | None = None
        if not force:
            self.check([path])
        elif self.foreign([path]):
            if path.exists() and not path.is_file():
                msg = f"{path} is not a file: name another one"
                raise ConfigurationError(msg)
            kept = _free(path)
            path.rename(kept)
            warnings.warn(f"{path} was not made by '{self.maker}'; it is kept as {kept}", stacklevel=2)
        content = text.encode()
        if bare:
            known = {entry.partition(" ")[2]: entry for entry in self._listed(path)}
            entry = _entry(path, content)
            known[entry.partition(" ")[2]] = entry
            write_private(path.with_name(_LIST), "\n".join([self.line, *known.values(), ""]))
        write_private(path, content if bare else f"{self.line}\n{text}")
        return kept

    def _listed(self, path: Path) -> list[str]:
        lines = (_content(path.with_name(_LIST)) or b"").decode(errors="replace").splitlines()
        return lines[1:] if lines[:1] == [self.line] else []


def _content(path: Path) -> bytes | None:
    """Return what a plain file holds; None for a link, and for what cannot be read."""
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


def _free(path: Path) -> Path:
    """Return the first of ``….bak``, ``….bak1`` … where nothing is."""
    number = 0
    while True:
        found = path.with_name(f"{path.name}.bak{number or ''}")
        if not os.path.lexists(found):
            return found
        number += 1
