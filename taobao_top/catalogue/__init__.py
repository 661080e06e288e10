"""
The methods of TOP and their fields.

Records are read from two files beside this module at their first use; import
parses nothing.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Limits",
    "Method",
    "Param",
    "Window",
    "item_name",
    "limits",
    "method",
    "methods",
    "parameters",
    "titles",
]

_HERE = os.path.dirname(__file__)
_index = RecordFile(os.path.join(_HERE, "index.shelf"))
_details = RecordFile(os.path.join(_HERE, "details.shelf"))
_NOTHING: Mapping[str, str] = {}
_NUMBERS: Mapping[str, int] = {}
_UNITS = {"days": 86_400, "hours": 3600, "minutes": 60}
_SHORT = ("String", "Number", "Boolean", "Date")
_KEPT = 1024


@safe_repr
@frozen(slots=False)  # as chainable.call.Call
class Param:
    """
    One named value of a request or a response.

    Attributes:
        name: Its name on the wire.
        type: ``String``, ``Number``, ``Boolean``, ``Date``, ``Json``, ``byte[]``, … or the name of an object's class.
        required: Whether it is mandatory.
        list: Whether it is a list of that type.
        example: A value from the official page, as text; None without one.
        fields: The members of an object.
    """

    name: str
    type: str = "String"
    required: bool = False
    list: bool = False
    example: str | None = None
    fields: tuple[Param, ...] = ()


@safe_repr
@frozen(slots=False)  # as chainable.call.Call
class Window:
    """
    Two parameters that bound a time, and how far apart the platform lets them be.

    Attributes:
        start: The name of the parameter with the beginning.
        end: The name of the parameter with the end.
        seconds: The longest distance, in seconds.
        advised: The distance that the official page advises, in seconds; None without advice.
        unless: With one of these parameters the limit does not count.
    """

    start: str
    end: str
    seconds: int
    advised: int | None = None
    unless: tuple[str, ...] = ()


@safe_repr
@frozen(eq=False, slots=False)  # as chainable.call.Call
class Limits:
    """
    Limits of a method that its fields do not show.

    Attributes:
        windows: The times that it limits.
        chunks: Lists in the parameters by name, and how many elements each may have.
    """

    windows: tuple[Window, ...] = ()
    chunks: Mapping[str, int] = _NUMBERS

    def names(self) -> list[str]:
        """Return the names of the parameters."""
        bounds = [name for window in self.windows for name in (window.start, window.end, *window.unless)]
        return [*bounds, *self.chunks]


@safe_repr
@frozen(eq=False, slots=False)  # as chainable.call.Call
class Method:
    """
    One method of TOP.

    Attributes:
        name: ``taobao.item.seller.get``.
        title: Its name on the official page; None without one.
        session: ``required``, ``none``, or None if unknown.
        types: The business parameters and their types; ``object`` for one with members, ``[]`` behind a list's.
        limits: The limits of windows of time and of lists; None if none are known.
    """

    name: str
    title: str | None = None
    session: str | None = None
    types: Mapping[str, str] = _NOTHING
    limits: Limits | None = None

    @property
    def group(self) -> str:
        """Its group of methods."""
        return _fields(self.name)[2]

    @property
    def params(self) -> tuple[Param, ...]:
        """The business parameters with their members."""
        return _fields(self.name)[0]

    @property
    def response(self) -> tuple[Param, ...]:
        """The members of the response."""
        return _fields(self.name)[1]


@lru_cache(maxsize=4096)
def item_name(kind: str) -> str:
    """
    Return the name of the elements in a list of a type: ``item_img`` for ItemImg, ``a_d_group`` for ADGroup.

    The platform writes an underscore before every capital: https://open.taobao.com/api.htm?docId=70581&docType=2
    has ``order_detail_cursor_top_d_t_o`` for OrderDetailCursorTopDTO.
    """
    return re.sub("(?<!^)(?=[A-Z])", "_", kind).replace("[]", "").lower()


_methods: dict[str, Method] = {}


def method(name: str, /) -> Method | None:
    """Return the method of a full name; None if the catalogue does not have it."""
    found = _methods.get(name)
    if found is None:
        record = _index.get(name) if name.isascii() and name != "methods" else None
        if record is None:
            return None
        if len(_methods) >= _KEPT:
            _methods.clear()
        types = {
            param: _SHORT[kind] if isinstance(kind, int) else kind for param, kind in record.pop("types", {}).items()
        }
        rows = record.pop("limits", None)
        found = _methods[name] = Method(name, types=types, limits=None if rows is None else limits(rows), **record)
    return found


def methods() -> Iterator[str]:
    """Iterate over the names of all methods, sorted."""
    yield from _index.get("methods") or ()


def parameters() -> Iterator[str]:
    """Iterate over the names of the parameters of all methods, sorted, each once."""
    yield from _details.get("parameters") or ()


def limits(record: Mapping[str, Any]) -> Limits:
    """
    Read limits as the catalogue's source has them.

    Args:
        record: ``windows``, a list of ``{start: start_modified, end: end_modified, days: 1, advised: {minutes: 30}}``
            with ``days``, ``hours`` or ``minutes``, and ``unless``, parameters; ``chunks``, numbers by the name of a list.

    Raises:
        TypeError: It has another form.
        ValueError: A name or a number is missing or unusable.
    """
    stray = record.keys() - {"windows", "chunks"}
    chunks = dict(record.get("chunks", {}))
    if stray or not all(type(number) is int and number > 0 for number in chunks.values()):
        msg = Words(
            "windows is a list, and chunks are whole numbers by the name of a list",
            "windows 应为列表，chunks 应为以列表名为键的整数",
        )
        raise ValueError(msg)
    return Limits(tuple(_window(**window) for window in record.get("windows", ())), chunks)


def _window(
    *, start: str, end: str, advised: Mapping[str, int] | None = None, unless: Iterable[str] = (), **longest: int
) -> Window:
    return Window(start, end, _seconds(longest), None if advised is None else _seconds(advised), tuple(unless))


def _seconds(given: Mapping[str, int]) -> int:
    unit, number = next(iter(given.items()), ("", 0))
    if len(given) != 1 or unit not in _UNITS or type(number) is not int or number < 1:
        msg = Words(
            "a window is as long as days, hours or minutes say, a whole number from 1",
            "窗口的长度由 days、hours 或 minutes 给出，为不小于 1 的整数",
        )
        raise ValueError(msg)
    return number * _UNITS[unit]


def titles() -> Iterator[tuple[str, str]]:
    """Iterate over the names of all methods with their titles (empty without one), unordered."""
    for name, record in _index.items():
        if name != "methods":
            yield name, record.get("title", "")


@lru_cache(maxsize=64)
def _fields(name: str) -> tuple[tuple[Param, ...], tuple[Param, ...], str]:
    record = _details.get(name) or {}
    return _made(record.get("params", ())), _made(record.get("response", ())), record.get("group", "")


def _made(records: Iterable[dict[str, Any]]) -> tuple[Param, ...]:
    made = []
    for record in records:
        if "fields" in record:
            record["fields"] = _made(record["fields"])
        made.append(Param(**record))
    return tuple(made)
