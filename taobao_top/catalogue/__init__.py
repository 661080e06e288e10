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

from chainable.masking import safe_repr
from chainable.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Method", "Param", "item_name", "method", "methods", "titles"]

_HERE = os.path.dirname(__file__)
_index = RecordFile(os.path.join(_HERE, "index.shelf"))
_details = RecordFile(os.path.join(_HERE, "details.shelf"))
_NOTHING: Mapping[str, str] = {}
_SHORT = ("String", "Number", "Boolean", "Date")
_KEPT = 1024


@safe_repr
@frozen
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
@frozen(eq=False)
class Method:
    """
    One method of TOP.

    Attributes:
        name: ``taobao.item.seller.get``.
        title: Its name on the official page; None without one.
        session: ``required``, ``none``, or None if unknown.
        types: The business parameters and their types; ``object`` for one with members, ``[]`` behind a list's.
    """

    name: str
    title: str | None = None
    session: str | None = None
    types: Mapping[str, str] = _NOTHING

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
        found = _methods[name] = Method(name, types=types, **record)
    return found


def methods() -> Iterator[str]:
    """Iterate over the names of all methods, sorted."""
    yield from _index.get("methods") or ()


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
