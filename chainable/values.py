"""
Parameters written as texts and files, as platforms with signed forms read them.

The written text is what is signed and sent.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import field, frozen

from chainable.codecs import JSONCodec, Location, digits, format_location, is_decimal
from chainable.errors import CodecError
from chainable.file_sources import FileSource, is_open_file, read_source
from chainable.i18n import Words, message_of, translate
from chainable.masking import fields_repr
from chainable.multipart import FilePart
from chainable.times import beijing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

__all__ = ["Form", "ValueWriter", "beijing_text", "located", "write_values"]

Form: TypeAlias = Literal["file", "json", "comma"]
"""How a parameter is written: as a file, or what becomes of a list."""

_NO_FORMS: Mapping[str, Form] = {}


def beijing_text(moment: datetime) -> str:
    """
    Format an aware datetime as ``yyyy-MM-dd HH:mm:ss`` in Beijing time.

    Raises:
        TypeError: It has no time zone.
        OverflowError: In Beijing time it is out of the range of years.
    """
    return beijing(moment).replace(tzinfo=None).isoformat(" ", "seconds")


def located(moment: Callable[[datetime], str], value: datetime, location: Location) -> str:
    """Format a datetime; TypeError for a naive one and CodecError for a year out of range name the location."""
    try:
        return moment(value)
    except TypeError as error:
        msg = Words(
            f"{format_location(location)}: {error}",
            f"{format_location(location)}：{translate(message_of(error), 'zh')}",
        )
        raise TypeError(msg) from None
    except OverflowError:
        msg = Words(
            f"{format_location(location)}: in Beijing time, the year {value.year} is out of the range of years",
            f"{format_location(location)}：换算为北京时间后，年份 {value.year} 超出范围",
        )
        raise CodecError(msg) from None


def _digits(value: Decimal, location: Location) -> str:
    if not value.is_finite():
        msg = Words(
            f"{format_location(location)}: {value} is not a number that the platform accepts",
            f"{format_location(location)}：平台不接受 {value} 这样的数字",
        )
        raise CodecError(msg)
    return digits(value, location)


def _no_float(location: Location) -> TypeError:
    return TypeError(
        Words(
            f"{format_location(location)}: a float is not exact; pass a Decimal or text",
            f"{format_location(location)}：float 不精确，请用 Decimal 或文本",
        )
    )


class _NestedCodec(JSONCodec):
    """The JSON inside a parameter: datetimes as outside of it; floats and files are refused."""

    __slots__ = ("_moment",)

    def __init__(self, moment: Callable[[datetime], str]) -> None:
        super().__init__()
        self._moment = moment

    def text(self, value: Any, location: Location) -> str:
        """Write a value as JSON text; ``location`` is its location, for messages."""
        pieces: list[str] = []
        try:
            self._write(value, location, pieces.append)
        except RecursionError:
            msg = Words(
                f"{format_location(location)}: the value contains itself, or is nested too deeply",
                f"{format_location(location)}：值包含它自己，或嵌套过深",
            )
            raise CodecError(msg) from None
        return "".join(pieces)

    def _write_other(self, value: Any, location: Location, put: Callable[[str], None]) -> None:
        if isinstance(value, float):
            raise _no_float(location)
        if isinstance(value, datetime):
            self._write(located(self._moment, value, location), location, put)
        elif isinstance(value, bytes | bytearray | memoryview | os.PathLike) or is_open_file(value):
            msg = Words(
                f"{format_location(location)}: a file has to be a parameter of its own, not a part of another",
                f"{format_location(location)}：文件必须是单独的参数，不能放在其他参数里面",
            )
            raise CodecError(msg)
        else:
            super()._write_other(value, location, put)


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class ValueWriter:
    """
    How a platform wants values written.

    Attributes:
        lists: What becomes of a list: ``json``, or ``comma`` to join its elements; one with a mapping or
            a list inside is always JSON.
        booleans: The texts of False and True; inside JSON they are JSON's own.
        moment: Writes an aware datetime, inside JSON as well.
    """

    lists: Literal["json", "comma"] = "json"
    booleans: tuple[str, str] = ("false", "true")
    moment: Callable[[datetime], str] = beijing_text
    _nested: _NestedCodec = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_nested", _NestedCodec(self.moment))

    def write(
        self, parameters: Mapping[str, Any], forms: Mapping[str, Form] = _NO_FORMS
    ) -> tuple[dict[str, str], dict[str, FilePart]]:
        """Write parameters as texts and files; see :func:`write_values`."""
        texts: dict[str, str] = {}
        files: dict[str, FilePart] = {}
        for name, value in parameters.items():
            if value is None:
                continue
            if not name.isidentifier():
                _check_name(name)
            form = forms.get(name)
            if type(value) is int and form != "file":
                texts[name] = int.__repr__(value)
                continue
            location = (None, name)
            file = None if isinstance(value, str) and form != "file" else _file(value, location, form)
            if file is not None:
                if not file.name.isascii():
                    _check_file_name(file.name, location)
                files[name] = file
                continue
            written = self._text(value, location, form)
            if written and not written.isspace():
                if not written.isascii():
                    _check_unicode(written, location)
                texts[name] = written
        return texts, files

    def _text(self, value: Any, location: Location, form: Form | None) -> str:
        if isinstance(value, str):
            return str.__str__(value)
        if form == "file":
            raise _not_a_file(value, location)
        if isinstance(value, list | tuple):
            return self._list(value, location, form or self.lists)
        if hasattr(value, "items") and hasattr(value, "keys"):
            return self._nested.text(value, location) if len(value) else ""
        return self._scalar(value, location)

    def _scalar(self, value: Any, location: Location) -> str:
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, bool):
            return self.booleans[value]
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, datetime):
            return located(self.moment, value, location)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, float):
            raise _no_float(location)
        if is_decimal(value):
            return _digits(value, location)
        msg = Words(
            f"{format_location(location)}: a {type(value).__name__} cannot be written; pass text, int, bool, Decimal, an aware "
            "datetime, a mapping, a list, or bytes, an open file or a Path for a file",
            f"{format_location(location)}：{type(value).__name__} 无法写出；请传文本、int、bool、Decimal、带时区的 datetime、字典或列表；文件请传 bytes、已打开的文件或 Path",
        )
        raise TypeError(msg)

    def _list(self, value: list[Any] | tuple[Any, ...], location: Location, form: Form) -> str:
        if not value:
            return ""
        nested = any(isinstance(element, list | tuple) or hasattr(element, "items") for element in value)
        if nested or form == "json":
            return self._nested.text(value, location)
        elements = []
        for index, element in enumerate(value):
            if element is None:
                continue
            written = self._scalar(element, (location, index))
            if "," in written:
                msg = Words(
                    f"{format_location((location, index))} contains a comma, which separates the elements of this list; "
                    "the platform cannot escape it",
                    f"{format_location((location, index))} 中有逗号，而列表的元素以逗号分隔，平台不支持转义",
                )
                raise CodecError(msg)
            elements.append(written)
        return ",".join(elements)


def write_values(
    parameters: Mapping[str, Any],
    *,
    forms: Mapping[str, Form] = _NO_FORMS,
    lists: Literal["json", "comma"] = "json",
    booleans: tuple[str, str] = ("false", "true"),
    moment: Callable[[datetime], str] = beijing_text,
) -> tuple[dict[str, str], dict[str, FilePart]]:
    """
    Write parameters as texts and files by name; None, blank texts and empty lists are left out.

    Text stays as it is, numbers are plain digits, a date is ``yyyy-MM-dd``, a mapping is JSON.  Bytes, an open file,
    a path, or a pair ``(name, file)`` is a file.

    Args:
        parameters: Values by name.
        forms: How single parameters are written: ``file``, whose text is a path; ``json`` or ``comma`` for a list.
        lists: How all other lists are written: ``json``, or ``comma`` to join their elements.
            A list with a mapping or a list inside is always JSON.
        booleans: The texts of False and True, such as ``('0', '1')``; inside JSON they are JSON's own.
        moment: Formats an aware datetime; by default as ``yyyy-MM-dd HH:mm:ss`` in Beijing time.

    Raises:
        CodecError: A value cannot be written; the message names its location.
        TypeError: A value is a float, a naive datetime or of an unsupported type.

    .. versionadded:: 0.1.0
    """
    return ValueWriter(lists, booleans, moment).write(parameters, forms)


def _not_a_file(value: Any, location: Location) -> TypeError:
    kind = type(value).__name__
    return TypeError(
        Words(
            f"{format_location(location)} is a file: pass bytes, an open file or a path, not {kind}",
            f"{format_location(location)} 是文件：请传 bytes、已打开的文件或路径，不是 {kind}",
        )
    )


def _check_name(name: str) -> None:
    if not name or name.isspace():
        raise CodecError(
            Words(
                "a parameter needs a name: the platform drops those without one",
                "参数必须有名称：没有名称的参数会被平台丢弃",
            )
        )
    _check_unicode(name, (None, name))


def _check_unicode(written: str, location: Location) -> None:
    try:
        written.encode()
    except UnicodeEncodeError:
        msg = Words(
            f"{format_location(location)}: the text has a lone surrogate, which UTF-8 cannot encode",
            f"{format_location(location)}：文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
        )
        raise CodecError(msg) from None


def _check_file_name(name: str, location: Location) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        msg = Words(
            f"{format_location(location)}: the file's name is not UTF-8: pass ('name', file)",
            f"{format_location(location)}：文件名不是 UTF-8，请传 ('name', file)",
        )
        raise CodecError(msg) from None


def _file(value: Any, location: Location, form: Form | None) -> FilePart | None:
    """Read a file: bytes, an open file, a path, or (name, any of these); None for any other value."""
    own = str(location and location[1])
    if isinstance(value, tuple) and not is_open_file(value):
        named = len(value) == 2 and isinstance(value[0], str) and _file(value[1], location, None)
        return named._replace(name=value[0] or own) if isinstance(named, FilePart) else None
    where = format_location(location)
    if isinstance(value, str):
        if form != "file" or not value or value.isspace():
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
