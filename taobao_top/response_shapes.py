"""
The shapes of answers and inbound calls, compiled from the catalogue once for each method.

JSON of the gateway has its types; XML has only texts, and what warehouses and
shops answer behind qimen may be either: a list of one as a plain object, a
number as text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from taobao_top import catalogue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from taobao_top.catalogue import Method, Param

__all__ = [
    "REQUEST",
    "RESPONSE",
    "Member",
    "Shape",
    "answer_fields",
    "business_failure",
    "can_fail",
    "compiled_shape",
    "fit_members",
    "inbound",
    "members",
    "shape_of",
    "typed",
    "unwrapped",
]

RESPONSE = "response"
"""The root of qimen's answers, and the one member of such answers in the catalogue."""
REQUEST = "request"
"""The root of qimen's inbound calls."""

_TEXTS = frozenset({"String", "Date", "Price", "BigDecimal"})
_WRITTEN = _TEXTS | {"Number", "Boolean", "Json", "Map", "byte", "byte[]"}
"""The catalogue's types of texts and numbers; all others are objects."""
_SPACED = frozenset({"Number", "byte", "Boolean"})
_LONGEST_NUMBER = 4000  # digits; int() refuses to read many more
_KEPT = 1024


class Member(NamedTuple):
    """
    One member of an object.

    Attributes:
        kind: The catalogue's type.
        many: Whether it is a list.
        item: The name of the list's elements, where they stand under a name.
        inner: The members of the object, or of each object in the list.
    """

    kind: str
    many: bool
    item: str
    inner: Mapping[str, Member]

    def fit(self, value: Any, *, simplify: bool) -> Any:
        """Return a decoded value in the shape of this member."""
        if not self.many:
            return self._one(value, simplify=simplify)
        name, elements = self._elements(value)
        values = (self._one(element, simplify=simplify) for element in elements)
        fitted = [value for value in values if value is not None]
        return fitted if simplify else {name: fitted}

    def is_element(self, names: Collection[str], inside: Iterable[str] | None) -> bool:
        """
        Return whether an object is an element of this list itself, not the list around its elements.

        Args:
            names: The names of its members.
            inside: The names inside its only member; None if it has more, or a text.
        """
        if not self.inner or not all(name in self.inner for name in names):
            return False
        if any(self.inner[name].many for name in names):
            return True
        return inside is None or not all(name in self.inner for name in inside)

    def _one(self, value: Any, *, simplify: bool) -> Any:
        if not self.inner:
            return _scalar(value, self.kind)
        if isinstance(value, dict):
            return fit_members(value, self.inner, simplify=simplify)
        return {} if value in ("", None) else value

    def _elements(self, value: Any) -> tuple[str, list[Any]]:
        """Return the name of the elements, and the elements."""
        if isinstance(value, list):
            return self.item, [self._unnamed(element) for element in value]
        if not isinstance(value, dict):
            return self.item, [] if value in ("", None) else [value]
        if not value:
            return self.item, []
        name, first = next(iter(value.items()))
        # A list under the name of a text can only be that of the elements.
        named = len(value) == 1 and isinstance(first, list) and not (name in self.inner and self.inner[name].many)
        if not named and (len(value) > 1 or self.is_element(value, first.keys() if isinstance(first, dict) else None)):
            return self.item, [value]
        if isinstance(first, list):
            return name, first
        return name, [] if first in ("", None) else [first]

    def _unnamed(self, element: Any) -> Any:
        """Return the element of ``[{'item': {…}}]``, in which each has the name for itself."""
        if self.inner and isinstance(element, dict) and len(element) == 1:
            name, value = next(iter(element.items()))
            if name not in self.inner and isinstance(value, dict):
                return value
        return element


class Shape(NamedTuple):
    """
    The shape of a method's answers.

    Attributes:
        members: Those of an answer by name.
        outer: Those that may stand directly under a root: ``response`` as well, if it holds the answer.
        wrapped: Whether the one member ``response`` holds the answer, as qimen's do.
        lists: The members that are lists, with the names of their elements.
        fallible: Whether an answer can say that the business failed.
    """

    members: Mapping[str, Member]
    outer: Mapping[str, Member]
    wrapped: bool
    lists: tuple[tuple[str, str], ...]
    fallible: bool

    def fit(self, data: dict[str, Any], *, simplify: bool) -> dict[str, Any]:
        """Return an answer in this shape; the platform leaves out empty lists, and they are filled in."""
        if self.wrapped:
            data = fit_members(data, self.members, simplify=simplify)
        for name, item in self.lists:
            if not data.get(name):
                self._complete(data, name, [] if simplify else {item: []})
        return data

    def _complete(self, data: dict[str, Any], name: str, empty: Any) -> None:
        # After a failure an empty list would look like a shop without orders.
        if not self.fallible or business_failure(data) is None:
            data[name] = empty


def fit_members(data: Mapping[str, Any], known: Mapping[str, Member], *, simplify: bool) -> dict[str, Any]:
    """Return an object whose known members have their shapes; members that are null, or empty numbers, are left out."""
    fitted = (
        (name, known[name].fit(value, simplify=simplify) if name in known else value)
        for name, value in data.items()
        if value is not None
    )
    return {name: value for name, value in fitted if value is not None}


def unwrapped(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object in the member of this name with what stands beside it; the data itself without one."""
    inner = data.get(name)
    if not isinstance(inner, dict):
        return data
    return {key: value for key, value in data.items() if key != name} | inner


def _scalar(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return typed(value, kind)
    if kind not in _TEXTS:
        return value
    if isinstance(value, int):
        return ("false", "true")[value] if isinstance(value, bool) else str(value)
    from decimal import Decimal  # imported lazily: most answers have texts and whole numbers only

    return str(value) if isinstance(value, Decimal) else value


def typed(text: str, kind: str | None) -> Any:
    """
    Return the value that a text stands for by the catalogue's type; the text itself if it is none, or without a type.

    An empty number or boolean is None: the platform has none.
    """
    if kind in _SPACED:
        text = text.strip()
        if not text:
            return None
    if kind == "Boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if not text and kind is not None and kind not in _WRITTEN:
        return {}
    if kind in {"Number", "byte"}:
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER:
            return int(text)
        from decimal import Decimal, InvalidOperation  # as above

        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        return number if number.is_finite() else text
    return text


def members(fields: Iterable[Param], *, camel: bool = False) -> dict[str, Member]:
    """
    Compile the members of an object.

    Args:
        fields: Those of the catalogue.
        camel: Whether the elements of lists are named as qimen names them, ``orderLine`` and not ``order_line``.
    """
    return {
        field.name: Member(
            field.type,
            field.list,
            (field.type[:1].lower() + field.type[1:]) if camel else catalogue.item_name(field.type),
            members(field.fields, camel=camel),
        )
        for field in fields
    }


def answer_fields(method: Method) -> tuple[Param, ...]:
    """Return the members of a method's ``.data``: those inside ``response``, if that is the one member of its answers."""
    fields = method.response
    if len(fields) == 1 and fields[0].name == RESPONSE and fields[0].fields and not fields[0].list:
        return fields[0].fields
    return fields


@lru_cache(maxsize=_KEPT)
def shape_of(method: str) -> Shape | None:
    """Return the shape of a method's answers; None if the package's catalogue does not have it."""
    known = catalogue.method(method)
    return None if known is None else compiled_shape(known)


def compiled_shape(known: Method) -> Shape:
    """Return the shape of the answers of a method, of the package's catalogue or of another."""
    fields = answer_fields(known)
    wrapped = fields is not known.response
    compiled = members(fields, camel=wrapped)
    lists = tuple((name, member.item) for name, member in compiled.items() if member.many)
    outer = compiled | {RESPONSE: Member("", False, "", compiled)} if wrapped else compiled
    return Shape(compiled, outer, wrapped, lists, can_fail(fields))


@lru_cache(maxsize=_KEPT)
def inbound(method: str) -> Mapping[str, Member]:
    """Return the members of an inbound call's body; none if the catalogue does not have the method."""
    known = catalogue.method(method)
    if known is None:
        return {}
    for field in known.params:
        if field.name == REQUEST and field.fields:
            return members(field.fields, camel=True)
    return members(known.params)


_CALLS = (
    "result|biz|business|response|resp|res|return|ret|rt|api|rpc|request|service|invoke|query|process|msg|wl|r|s|sub"
)
_YES = "success(?:ful|ed|s)?|succes|succ(?:eed(?:ed)?)?|suc|ok"
_END = "(?:_?(?:res|flag|status|[ti1]))?"
_SUCCESS = rf"(?i)(?:is_?)?(?:(?:{_CALLS})_?)?(?:{_YES}){_END}"
_OUTER_SUCCESS = rf"(?i)(?!not_|has_)(?:\w+_)?(?:{_YES}){_END}"
"""Outside all objects any success is the call's own."""
_FAILURE = "(?i)(?:(?:is|has)_?)?(?:system_)?(?:error|fail|failed|failured?)|not_success"
_NO = frozenset({"false", "f", "no", "n"})
_YES_TEXTS = frozenset({"true", "t", "yes", "y"})
_SAYS_NO = frozenset({"failure", "fail", "failed", "false"})
_DEEPEST = 3


@lru_cache(maxsize=8192)
def _sense(name: str, depth: int) -> str:
    """Return what a member's name says: ``flag``, ``success``, ``failure`` or nothing."""
    if name == "flag":
        return name
    if re.fullmatch(_SUCCESS, name) or (not depth and re.fullmatch(_OUTER_SUCCESS, name)):
        return "success"
    return "failure" if depth < _DEEPEST - 1 and re.fullmatch(_FAILURE, name) else ""


def _says_no(sense: str, value: Any) -> bool:
    if sense == "flag":
        return value is False or (isinstance(value, str) and value.strip().lower() in _SAYS_NO)
    text = value.strip().lower() if isinstance(value, str) else value
    if sense == "success":
        return value is False or text in _NO
    return sense == "failure" and (value is True or text in _YES_TEXTS)


def business_failure(data: Any) -> str | None:
    """
    Return the path of the member that says that the business failed, such as ``result.success``, or None.

    It stands in the response or at most two objects deep, never in a list.
    """
    return next(_failures(data, 0), None) if isinstance(data, dict) else None


def _failures(data: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in data.items():
        if not isinstance(value, dict | list) and _says_no(_sense(name, depth), value):
            yield name
    # An empty flag is a success unless there is a sub code.
    if data.get("flag") == "" and data.get("sub_code"):
        yield "sub_code"
    for name, value in data.items():
        if isinstance(value, dict) and depth < _DEEPEST - 1:
            yield from (f"{name}.{path}" for path in _failures(value, depth + 1))


def can_fail(fields: Iterable[Param], depth: int = 0) -> bool:
    """Return whether members of the catalogue may say that the business failed."""
    return any(
        not field.list
        and (
            can_fail(field.fields, depth + 1)
            if field.fields
            else field.type in {"Boolean", "String"} and bool(_sense(field.name, depth))
        )
        for field in fields
        if depth < _DEEPEST
    )
