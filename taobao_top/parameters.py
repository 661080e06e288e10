"""
Business values as the platform reads them: each parameter becomes one text or one file.

What is written here is what is signed and what is sent.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chainable.codecs import JSONCodec, Where, spell
from chainable.codecs import digits as plain
from chainable.errors import CodecError
from chainable.times import beijing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FilePart", "text", "write"]

PLAIN = frozenset({"String", "Number", "Boolean", "Date", "Price", "BigDecimal", "byte"})
"""The catalogue's types whose lists are joined with commas; lists of all others are JSON."""

FILE = "byte[]"


class FilePart(NamedTuple):
    """One file of a multipart body: the name the platform sees, and the content."""

    name: str
    content: bytes

    @property
    def content_type(self) -> str:
        """The media type that goes with the name."""
        return guess_type(self.name)[0] or "application/octet-stream"


def moment(value: datetime, where: Where) -> str:
    """Write an aware datetime as ``yyyy-MM-dd HH:mm:ss`` in Beijing time; TypeError for a naive one."""
    try:
        return beijing(value).replace(tzinfo=None).isoformat(" ", "seconds")
    except TypeError as error:
        msg = f"{spell(where)}: {error}"
        raise TypeError(msg) from None
    except OverflowError:
        msg = f"{spell(where)}: the year {value.year} ends earlier or begins later in Beijing: no such time can be written"
        raise CodecError(msg) from None


def digits(value: Decimal, where: Where) -> str:
    """Write a Decimal in plain digits; CodecError for what is no number."""
    if not value.is_finite():
        msg = f"{spell(where)}: {value} is not a number the platform knows"
        raise CodecError(msg)
    return plain(value, where)


def _no_float(where: Where) -> TypeError:
    return TypeError(f"{spell(where)}: a float is not exact; give a Decimal or text")


class _NestedCodec(JSONCodec):
    """The JSON inside a parameter: Beijing times without an offset, and no float."""

    __slots__ = ()

    def text(self, value: Any, where: Where) -> str:
        """Write a value that stands at this place as JSON text."""
        pieces: list[str] = []
        try:
            self._write(value, where, pieces.append)
        except RecursionError:
            msg = f"{spell(where)}: the value contains itself, or is nested too deeply"
            raise CodecError(msg) from None
        return "".join(pieces)

    def _write_other(self, value: Any, where: Where, put: Callable[[str], None]) -> None:
        if isinstance(value, float):
            raise _no_float(where)
        if isinstance(value, datetime):
            put(f'"{moment(value, where)}"')
        elif isinstance(value, bytes | bytearray | memoryview | os.PathLike) or hasattr(value, "read"):
            msg = f"{spell(where)}: a file can only be a parameter of its own, not a part of another"
            raise CodecError(msg)
        else:
            super()._write_other(value, where, put)


NESTED = _NestedCodec()


def write(parameters: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[dict[str, str], dict[str, FilePart]]:
    """
    Write business parameters as texts and files.

    Args:
        parameters: Values by name.
        kinds: The catalogue's types of these names, ``[]`` behind a list's; empty for an unknown method.

    Returns:
        Texts by name and files by name; None, blank and empty ones are left out.

    Raises:
        CodecError: A value has no form on the wire; the message names its path.
        TypeError: A value is a float, a naive datetime or of a type the platform does not know.
    """
    texts: dict[str, str] = {}
    files: dict[str, FilePart] = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if not name.isidentifier():
            _check_name(name)
        if type(value) is int and kinds.get(name) != FILE:
            texts[name] = int.__repr__(value)
            continue
        where = (None, name)
        file = None if isinstance(value, str) else _file(value, where)
        if file is not None:
            if not file.name.isascii():
                _check_file_name(file.name, where)
            files[name] = file
            continue
        written = text(value, where, kinds.get(name))
        if written and not written.isspace():
            if not written.isascii():
                _check_unicode(written, where)
            texts[name] = written
    return texts, files


def text(value: Any, where: Where, kind: str | None) -> str:
    """
    Write one value as the text of a parameter; an empty text means that it is not sent.

    Args:
        value: What the user gave.
        where: Its place, for messages.
        kind: The catalogue's type of it, if known.
    """
    if isinstance(value, str):
        if kind == FILE and value and not value.isspace():
            raise _no_file(value, where)
        return str.__str__(value)
    if kind == FILE:
        raise _no_file(value, where)
    if isinstance(value, list | tuple):
        return _list(value, where, kind)
    if hasattr(value, "items") and hasattr(value, "keys"):
        return NESTED.text(value, where) if len(value) else ""
    return _scalar(value, where)


def _scalar(value: Any, where: Where) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return digits(value, where)
    if isinstance(value, datetime):
        return moment(value, where)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise _no_float(where)
    msg = (
        f"{spell(where)}: a {type(value).__name__} has no form here; give text, int, bool, Decimal, an aware "
        "datetime, a mapping, a list, or bytes, an open file or a Path for a file"
    )
    raise TypeError(msg)


def _list(value: list[Any] | tuple[Any, ...], where: Where, kind: str | None) -> str:
    if not value:
        return ""
    nested = any(isinstance(element, list | tuple) or hasattr(element, "items") for element in value)
    if nested or (kind is not None and kind.removesuffix("[]") not in PLAIN):
        return NESTED.text(value, where)
    elements = []
    for index, element in enumerate(value):
        if element is None:
            continue
        written = _scalar(element, (where, index))
        if "," in written:
            msg = (
                f"{spell((where, index))} contains a comma, which separates the elements of this list; "
                "the platform has no way to escape it"
            )
            raise CodecError(msg)
        elements.append(written)
    return ",".join(elements)


def _no_file(value: Any, where: Where) -> TypeError:
    kind = "text" if isinstance(value, str) else type(value).__name__
    return TypeError(f"{spell(where)} is a file: give bytes, an open file or a pathlib.Path, not {kind}")


def _check_name(name: str) -> None:
    if not name or name.isspace():
        raise CodecError("a parameter needs a name: the platform drops those without")
    _check_unicode(name, (None, name))


def _check_unicode(written: str, where: Where) -> None:
    try:
        written.encode()
    except UnicodeEncodeError:
        msg = f"{spell(where)}: a lone surrogate is in the text, which no UTF-8 can carry"
        raise CodecError(msg) from None


def _check_file_name(name: str, where: Where) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        msg = f"{spell(where)}: the file's name is no UTF-8: give ('name', file)"
        raise CodecError(msg) from None


def _file(value: Any, where: Where) -> FilePart | None:
    """Read a file where the value is one: bytes, an open file, a path, or (name, any of these)."""
    if isinstance(value, tuple):
        named = len(value) == 2 and isinstance(value[0], str) and _file(value[1], where)
        return FilePart(value[0] or str(where and where[1]), named.content) if isinstance(named, FilePart) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return FilePart(str(where and where[1]), bytes(value))
    if isinstance(value, os.PathLike):
        path = Path(value)
        return FilePart(path.name, path.read_bytes())
    if hasattr(value, "read"):
        return _read(value, where)
    return None


def _read(file: Any, where: Where) -> FilePart:
    content = file.read()
    if not isinstance(content, bytes):
        msg = f"{spell(where)}: the file is open as text; open it with 'rb'"
        raise TypeError(msg)
    # A file opened by its descriptor has a number for a name.
    name = getattr(file, "name", None)
    return FilePart(Path(name).name if isinstance(name, str) else str(where and where[1]), content)
