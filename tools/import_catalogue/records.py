"""
Records of the catalogue's source, seen as fields with aspects.

Each place of a record (``json``, ``answer``, ``params`` …) holds members; a
member is a field: its type, or a mapping of aspects and, under ``fields``, its
own members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Path",
    "field",
    "flat",
    "insert",
    "inside",
    "normal_aspects",
    "normal_field",
    "normal_members",
    "set_aspect",
]

Path = tuple[str, ...]
Aspects = dict[str, Any]
Members = dict[str, Any]

_PLACES = ("params", "resource", "fields", "answer")
_RECORD = (
    *("event_type", "event_types", "title", "session", "docs", "headers", "base_uri", "mtls", "nonceless"),
    *("status", "encrypted", "base_uri_optional", "successor", "original_type", "encrypted_field", "encryption"),
    *("request", "one_of", "content", *_PLACES),
)
_FIELD = ("type", "required", "list", "enum", "encrypted", "encoded", "decoded", "example", "one_of", "fields")
_REQUEST = ("path", "query", "headers", "json", "xml", "multipart")


def places(record: Mapping[str, Any]) -> dict[str, Members]:
    """Return the members of a record by place."""
    return dict(record.get("request", {})) | {name: record[name] for name in _PLACES if name in record}


def inside(record: Mapping[str, Any], path: Path) -> Members:
    """Return the members at a path: of a place, or of the field at the path."""
    members = places(record)[path[0]]
    for name in path[1:]:
        members = members[name]["fields"]
    return members


def field(record: Mapping[str, Any], path: Path) -> Any:
    """Return the field at a path, or the members of a place."""
    return inside(record, path[:-1])[path[-1]] if len(path) > 1 else places(record)[path[0]]


def flat(record: Mapping[str, Any]) -> dict[Path, Aspects]:
    """Return the aspects of a record (by the empty path), of its places (none) and of its fields, by path."""
    made: dict[Path, Aspects] = {
        (): {name: value for name, value in record.items() if name not in {"request", *_PLACES}}
    }
    for name, members in places(record).items():
        made[name,] = {}
        _flatten(made, (name,), members)
    return made


def _flatten(made: dict[Path, Aspects], at: Path, members: Members) -> None:
    for name, given in members.items():
        member: Aspects = {"type": given} if isinstance(given, str) else given
        made[(*at, name)] = {aspect: value for aspect, value in member.items() if aspect != "fields"}
        _flatten(made, (*at, name), member.get("fields", {}))


def normal_aspects(theirs: Aspects, ours: Aspects | None = None) -> Aspects:
    """
    Return what the source says about a field as the catalogue writes it.

    ``number`` becomes ``integer``, unless the example is a fraction or the
    catalogue has decided that the value may be one; the text of an example of an
    integer becomes the integer; of an enumeration each value stands once.
    """
    made = dict(theirs)
    kind = made.get("type")
    if (
        kind in {"number", "number[]"}
        and not isinstance(made.get("example"), float)
        and (ours or {}).get("type") != kind
    ):
        made["type"] = kind.replace("number", "integer")
    if "enum" in made:
        made["enum"] = list(dict.fromkeys(made["enum"]))
    example = made.get("example")
    if made.get("type") in {"integer", "integer[]"} and isinstance(example, str):
        del made["example"]
        if example.isascii() and example.removeprefix("-").isdecimal() and len(example) < 20:
            made["example"] = int(example)
    return made


def normal_field(given: Any) -> Any:
    """Return a field of the source, with all inside it, as the catalogue writes a new one."""
    made = normal_aspects({"type": given} if isinstance(given, str) else given)
    if "fields" in made:
        made["fields"] = normal_members(made["fields"])
    return made if len(made) > 1 or "type" not in made else made["type"]


def normal_members(members: Mapping[str, Any]) -> Members:
    """Return members of the source as the catalogue writes new ones."""
    return {name: normal_field(given) for name, given in members.items()}


def normal_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of the source as the catalogue writes a new one."""
    made = dict(record)
    if "request" in made:
        request = _ordered(made["request"], _REQUEST)
        made["request"] = {place: normal_members(members) for place, members in request.items()}
    for place in _PLACES:
        if place in made:
            made[place] = normal_members(made[place])
    return _ordered(made, _RECORD)


def set_aspect(record: dict[str, Any], path: Path, aspect: str, value: Any) -> None:
    """Set an aspect of a record or of one of its fields; None removes it."""
    if not path:
        _replace(record, _changed(record, aspect, value), _RECORD)
        return
    members = inside(record, path[:-1])
    given = members[path[-1]]
    made = _changed({"type": given} if isinstance(given, str) else given, aspect, value)
    members[path[-1]] = _ordered(made, _FIELD) if set(made) != {"type"} else made["type"]


def insert(record: dict[str, Any], path: Path, value: Any, order: Iterable[str]) -> None:
    """Insert a place, or a field behind the one before it in ``order``."""
    if len(path) == 1:
        if path[0] in _PLACES:
            _replace(record, {**record, path[0]: value}, _RECORD)
        else:
            _replace(record["request"], {**record["request"], path[0]: value}, _REQUEST)
        return
    if len(path) > 2 and "fields" not in _mapping(record, path[:-1]):
        set_aspect(record, path[:-1], "fields", {})
    members = inside(record, path[:-1])
    names = list(members)
    before = [name for name in _until(order, path[-1]) if name in members]
    at = names.index(before[-1]) + 1 if before else 0
    kept = dict(members)
    members.clear()
    members.update({name: kept[name] for name in names[:at]})
    members[path[-1]] = value
    members.update({name: kept[name] for name in names[at:]})


def remove(record: dict[str, Any], path: Path) -> None:
    """Remove a place or a field; an object that has no field left keeps its type."""
    if len(path) == 1:
        (record if path[0] in _PLACES else record["request"]).pop(path[0])
        return
    members = inside(record, path[:-1])
    del members[path[-1]]
    if not members and len(path) > 2:
        set_aspect(record, path[:-1], "fields", None)


def _mapping(record: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    given = field(record, path)
    return {"type": given} if isinstance(given, str) else given


def _until(order: Iterable[str], name: str) -> list[str]:
    names = list(order)
    return names[: names.index(name)]


def _changed(given: Mapping[str, Any], aspect: str, value: Any) -> dict[str, Any]:
    made = {name: inner for name, inner in given.items() if name != aspect}
    return made if value is None else made | {aspect: value}


def _ordered(given: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in sorted(given, key=order.index)}


def _replace(given: dict[str, Any], made: dict[str, Any], order: tuple[str, ...]) -> None:
    given.clear()
    given.update(_ordered(made, order))
