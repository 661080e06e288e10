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

from chainable.lazy import lazy_attributes, lazy_function
from chainable.masking import fields_repr
from chainable.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from taobao_top.catalogue.fields import Param
    from taobao_top.catalogue.method_limits import Limits, Window, limits

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

# Imported lazily: most calls are of methods without limits, and an import needs no fields.
__getattr__ = lazy_attributes(
    __name__,
    {
        "Limits": "taobao_top.catalogue.method_limits",
        "Param": "taobao_top.catalogue.fields",
        "Window": "taobao_top.catalogue.method_limits",
        "limits": "taobao_top.catalogue.method_limits",
    },
)
_limits = lazy_function("taobao_top.catalogue.method_limits", "limits")

_HERE = os.path.dirname(__file__)
_index = RecordFile(os.path.join(_HERE, "index.shelf"))
_details = RecordFile(os.path.join(_HERE, "details.shelf"))
_NOTHING: Mapping[str, str] = {}
_SHORT = ("String", "Number", "Boolean", "Date")
_KEPT = 1024


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
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
        found = _methods[name] = Method(name, types=types, limits=None if rows is None else _limits(rows), **record)
    return found


def methods() -> Iterator[str]:
    """Iterate over the names of all methods, sorted."""
    yield from _index.get("methods") or ()


def parameters() -> Iterator[str]:
    """Iterate over the names of the parameters of all methods, sorted, each once."""
    yield from _details.get("parameters") or ()


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
    from taobao_top.catalogue.fields import Param

    made = []
    for record in records:
        if "fields" in record:
            record["fields"] = _made(record["fields"])
        made.append(Param(**record))
    return tuple(made)
