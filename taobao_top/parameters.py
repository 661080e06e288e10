"""
Business parameters, written as the platform reads them: each as one text or one file.

The written text is what is signed and sent.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chainable.codecs import JSONCodec, Location, format_location
from chainable.codecs import digits as plain
from chainable.errors import CodecError
from chainable.file_sources import FileSource, is_open_file, read_source
from chainable.times import beijing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FilePart", "text", "write"]

PLAIN = frozenset({"String", "Number", "Boolean", "Date", "Price", "BigDecimal", "byte"})
"""The catalogue's types whose lists are joined with commas; other lists are JSON."""

FILE = "byte[]"


class FilePart(NamedTuple):
    """A file of a multipart body: its name for the platform, its content, and the media type that it came with."""

    name: str
    content: bytes
    media_type: str | None = None

    @property
    def content_type(self) -> str:
        """Its media type; that of the name, if it came with none."""
        return self.media_type or guess_type(self.name)[0] or "application/octet-stream"


def moment(value: datetime, location: Location) -> str:
    """Format an aware datetime as ``yyyy-MM-dd HH:mm:ss`` in Beijing time; TypeError for a naive one."""
    try:
        return beijing(value).replace(tzinfo=None).isoformat(" ", "seconds")
    except TypeError as error:
        msg = f"{format_location(location)}: {error}"
        raise TypeError(msg) from None
    except OverflowError:
        msg = f"{format_location(location)}: in Beijing time, the year {value.year} is out of the range of years"
        raise CodecError(msg) from None


def digits(value: Decimal, location: Location) -> str:
    """Format a Decimal in plain digits; CodecError for NaN and infinities."""
    if not value.is_finite():
        msg = f"{format_location(location)}: {value} is not a number that the platform accepts"
        raise CodecError(msg)
    return plain(value, location)


def _no_float(location: Location) -> TypeError:
    return TypeError(f"{format_location(location)}: a float is not exact; pass a Decimal or text")


class _NestedCodec(JSONCodec):
    """The JSON inside a parameter: Beijing times without an offset; floats are refused."""

    __slots__ = ()

    def text(self, value: Any, location: Location) -> str:
        """Write a value as JSON text; ``location`` is its location, for messages."""
        pieces: list[str] = []
        try:
            self._write(value, location, pieces.append)
        except RecursionError:
            msg = f"{format_location(location)}: the value contains itself, or is nested too deeply"
            raise CodecError(msg) from None
        return "".join(pieces)

    def _write_other(self, value: Any, location: Location, put: Callable[[str], None]) -> None:
        if isinstance(value, float):
            raise _no_float(location)
        if isinstance(value, datetime):
            put(f'"{moment(value, location)}"')
        elif isinstance(value, bytes | bytearray | memoryview | os.PathLike) or is_open_file(value):
            msg = f"{format_location(location)}: a file has to be a parameter of its own, not a part of another"
            raise CodecError(msg)
        else:
            super()._write_other(value, location, put)


NESTED = _NestedCodec()


def write(parameters: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[dict[str, str], dict[str, FilePart]]:
    """
    Write business parameters as texts and files by name; None and blank values are left out.

    Args:
        parameters: Values by name.
        kinds: The catalogue's types by name, ``[]`` behind a list's; empty for an unknown method.

    Raises:
        CodecError: A value cannot be written.
        TypeError: A value is a float, a naive datetime or of an unsupported type.
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
        location = (None, name)
        kind = kinds.get(name)
        file = None if isinstance(value, str) and kind != FILE else _file(value, location, kind)
        if file is not None:
            if not file.name.isascii():
                _check_file_name(file.name, location)
            files[name] = file
            continue
        written = text(value, location, kind)
        if written and not written.isspace():
            if not written.isascii():
                _check_unicode(written, location)
            texts[name] = written
    return texts, files


def text(value: Any, location: Location, kind: str | None) -> str:
    """Write one value as the text of a parameter of this type in the catalogue; an empty text is not sent."""
    if isinstance(value, str):
        return str.__str__(value)
    if kind == FILE:
        raise _not_a_file(value, location)
    if isinstance(value, list | tuple):
        return _list(value, location, kind)
    if hasattr(value, "items") and hasattr(value, "keys"):
        return NESTED.text(value, location) if len(value) else ""
    return _scalar(value, location)


def _scalar(value: Any, location: Location) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return digits(value, location)
    if isinstance(value, datetime):
        return moment(value, location)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise _no_float(location)
    msg = (
        f"{format_location(location)}: a {type(value).__name__} cannot be written; pass text, int, bool, Decimal, an aware "
        "datetime, a mapping, a list, or bytes, an open file or a Path for a file"
    )
    raise TypeError(msg)


def _list(value: list[Any] | tuple[Any, ...], location: Location, kind: str | None) -> str:
    if not value:
        return ""
    nested = any(isinstance(element, list | tuple) or hasattr(element, "items") for element in value)
    if nested or (kind is not None and kind.removesuffix("[]") not in PLAIN):
        return NESTED.text(value, location)
    elements = []
    for index, element in enumerate(value):
        if element is None:
            continue
        written = _scalar(element, (location, index))
        if "," in written:
            msg = (
                f"{format_location((location, index))} contains a comma, which separates the elements of this list; "
                "the platform cannot escape it"
            )
            raise CodecError(msg)
        elements.append(written)
    return ",".join(elements)


def _not_a_file(value: Any, location: Location) -> TypeError:
    kind = type(value).__name__
    return TypeError(f"{format_location(location)} is a file: pass bytes, an open file or a path, not {kind}")


def _check_name(name: str) -> None:
    if not name or name.isspace():
        raise CodecError("a parameter needs a name: the platform drops those without one")
    _check_unicode(name, (None, name))


def _check_unicode(written: str, location: Location) -> None:
    try:
        written.encode()
    except UnicodeEncodeError:
        msg = f"{format_location(location)}: the text has a lone surrogate, which UTF-8 cannot encode"
        raise CodecError(msg) from None


def _check_file_name(name: str, location: Location) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        msg = f"{format_location(location)}: the file's name is not UTF-8: pass ('name', file)"
        raise CodecError(msg) from None


def _file(value: Any, location: Location, kind: str | None) -> FilePart | None:
    """Read a file: bytes, an open file, a path, or (name, any of these); None for any other value."""
    own = str(location and location[1])
    if isinstance(value, tuple):
        named = len(value) == 2 and isinstance(value[0], str) and _file(value[1], location, None)
        return named._replace(name=value[0] or own) if isinstance(named, FilePart) else None
    where = format_location(location)
    if isinstance(value, str):
        if kind != FILE or not value or value.isspace():
            return None
        found = read_source(value, where)
    elif isinstance(value, os.PathLike):
        path = Path(value)
        found = FileSource(path.name, path.read_bytes())
    elif isinstance(value, bytes | bytearray | memoryview) or is_open_file(value):
        found = read_source(value, where)
    else:
        return None
    found.check_filled(where)
    return FilePart(found.name or own, found.content, found.media_type)
