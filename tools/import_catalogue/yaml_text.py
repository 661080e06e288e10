"""Write records in the style of the catalogue's source: a field without fields on one line, all else in blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["entry", "flow", "scalar"]

_RESOLVER = yaml.resolver.Resolver()
_PLAIN = re.compile(r"[A-Za-z_\u3400-\u9fff/][^\n]*")
_UNSAFE = re.compile(r": |:$| #|\s$|[\x00-\x1f\x7f\x85\u2028\u2029\ufeff\ud800-\udfff]")
_UNSAFE_VALUE = re.compile(r"[\[\]{},\"'`# ]")
_WIDTH = 120
_MEMBERS = {"answer", "params", "fields", "resource"}
_WORDS = {"y", "n", "none"}


def entry(key: str, record: Any, depth: int = 0) -> str:
    """Return the record of an operation, event or method as lines, with its key."""
    return "\n".join(_lines(key, record, "  " * depth, "record")) + "\n"


def _lines(key: str, value: Any, indent: str, role: str) -> Iterator[str]:
    """Yield the lines of one member; its role says what the members inside it are: a field may be called ``fields``."""
    name = scalar(key, key=True)
    line = f"{indent}{name}: {flow(value)}"
    if isinstance(value, dict) and value and (role != "field" or "fields" in value) and key != "one_of":
        yield f"{indent}{name}:"
        for inner, given in value.items():
            yield from _lines(inner, given, indent + "  ", _role(role, inner))
    elif isinstance(value, list) and len(value) > 1 and len(line) > _WIDTH and role == "docs":
        yield f"{indent}{name}:"
        for each in value:
            yield f"{indent}- {scalar(each)}"
    else:
        yield line


def _role(above: str, key: str) -> str:
    if above == "record":
        return {"request": "places", "docs": "docs"}.get(key, "members" if key in _MEMBERS else "aspect")
    if above == "field":
        return "members" if key == "fields" else "aspect"
    return {"places": "members", "members": "field"}.get(above, "aspect")


def flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{scalar(name)}: {flow(inner)}" for name, inner in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def scalar(value: Any, *, key: bool = False) -> str:
    """Return a scalar; a text that could be read as something else is quoted, and one with spaces if it is no key."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    plain = _PLAIN.fullmatch(value) and not _UNSAFE.search(value) and value.lower() not in _WORDS
    plain = plain and (key or not _UNSAFE_VALUE.search(value))
    resolved = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call] # not in its stubs
    if plain and resolved == "tag:yaml.org,2002:str":
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    escaped = escaped.replace("\t", "\\t")
    escaped = re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029\ufeff\ud800-\udfff]", _escape, escaped)
    return f'"{escaped}"'


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
