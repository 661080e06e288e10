"""
Read the models of the official Go SDK.

Structs say by ``omitempty`` what may be left out, and by ``encryption`` what is
encrypted; the functions of the services say verb, path, query and body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.models.shapes import Member, Shapes, operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["operations"]

_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_TEXT = re.compile(r"^type (\w+) string$", re.MULTILINE)
_ALIAS = re.compile(r"^type (\w+) ([A-Z]\w*)$", re.MULTILINE)
_VALUE = re.compile(r'^\s+\w+\s+(\w+)\s+= "([^"]*)"', re.MULTILINE)
_MEMBER = re.compile(r'^\s+(\w+)\s+(\[\])?\*?(map\[string\])?([\w.]+)\s+`json:"(\w+)(,omitempty)?"(.*)`', re.MULTILINE)
_FUNCTION = re.compile(
    r"^func \(a \*\w+\) (\w+)\(ctx context\.Context(?:, req (\w+))?\) \((?:resp \*([\w.]+), )?.*?\{\n(.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
_METHOD = re.compile(r"nethttp\.Method(\w+)")
_PATH = re.compile(r'localVarPath := consts\.WechatPayAPIServer\w* \+ "/([^"]+)"')
_BODY = re.compile(r"localVarPostBody = (?:&(\w+)\{|(req)\b)")
_QUERY = re.compile(r'^(\t+)localVarQueryParams\.Add\("(\w+)"', re.MULTILINE)
_PACKAGE = re.compile(r'^\s+"github\.com/wechatpay-apiv3/wechatpay-go/services/([\w/]+)"', re.MULTILINE)
_KINDS = {
    "string": "string",
    "time.Time": "string",
    "bool": "boolean",
    **dict.fromkeys(("int", "int32", "int64"), "integer"),
    **dict.fromkeys(("float32", "float64"), "number"),
    "interface": "object",
}


def operations(checkout: Path) -> dict[str, Any]:
    """Return the operations of a checkout by verb and path; each place holds its members."""
    root = checkout / "services"
    files = {path: path.read_text("utf-8") for path in sorted(root.rglob("*.go")) if not path.name.endswith("_test.go")}
    shapes = Shapes()
    for path, text in files.items():
        _collect(shapes, path.parent.relative_to(root).as_posix(), text)
    for path, text in files.items():
        package = path.parent.relative_to(root).as_posix()
        for name, other in _ALIAS.findall(text):
            shapes.classes[f"{package}.{name}"] = shapes.classes.get(f"{package}.{other}", [])
    found: dict[str, Any] = {}
    for path, text in files.items():
        for key, made in _functions(shapes, path.parent.relative_to(root).as_posix(), text):
            found.setdefault(key, made)
    return found


def _collect(shapes: Shapes, package: str, text: str) -> None:
    """Add the structs and enumerations of a file."""
    for name in _TEXT.findall(text):
        shapes.enums.setdefault(f"{package}.{name}", [])
    for name, value in _VALUE.findall(text):
        shapes.enums.setdefault(f"{package}.{name}", []).append(value)
    for name, body in _STRUCT.findall(text):
        shapes.classes[f"{package}.{name}"] = [
            Member(
                attribute,
                sent,
                "object" if mapping else _KINDS.get(kind) or _full(package, kind, text),
                many=bool(many),
                required=not omitted,
                encrypted="encryption:" in tags,
            )
            for attribute, many, mapping, kind, sent, omitted, tags in _MEMBER.findall(body)
        ]


def _full(package: str, name: str, text: str) -> str:
    """Return the full name of a struct that a file names."""
    if "." not in name:
        return f"{package}.{name}"
    short, _, name = name.partition(".")
    imported = next((path for path in _PACKAGE.findall(text) if path.rpartition("/")[2] == short), short)
    return f"{imported}.{name}"


def _functions(shapes: Shapes, package: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the operations of a file."""
    for _, request, answer, body in _FUNCTION.findall(text):
        method, path = _METHOD.search(body), _PATH.search(body)
        if method is None or path is None:
            continue
        asked = {member.name: member for member in shapes.classes.get(f"{package}.{request}", ())}
        query = {
            name: shapes.record(asked[name]) | {"required": len(tabs) == 1}
            for tabs, name in _QUERY.findall(body)
            if name in asked
        }
        sent = _BODY.search(body)
        json = shapes.members(f"{package}.{sent[1] or request}") if sent else {}
        received = shapes.members(_full(package, answer, text)) if answer else {}
        yield f"{method[1].upper()} {path[1]}", operation(query, json, received)
