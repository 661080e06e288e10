"""
Read the models of the official Java SDK.

Its classes say names, types, enumerations and what is encrypted, but not what
is required; the methods of the services say verb, path, query and body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.models.shapes import Member, Shapes, operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["operations"]

_PACKAGE = re.compile(r"^package ([\w.]+);", re.MULTILINE)
_IMPORT = re.compile(r"^import ([\w.]+)\.(\w+);", re.MULTILINE)
_CLASS = re.compile(r"^public (class|enum) (\w+)", re.MULTILINE)
_NESTED = re.compile(r"^  public enum (\w+) \{\n(.*?)^  \}", re.MULTILINE | re.DOTALL)
_SENT = re.compile(r'@SerializedName\("([^"]*)"\)')
_MEMBER = re.compile(
    r'((?:^  @\w+(?:\([^)]*\))?\n)*)^  @SerializedName\("([^"]*)"\)\n((?:^  @\w+(?:\([^)]*\))?\n)*)'
    r"^  (?:private|public|protected) (List<)?([\w.]+)(?:<[^>]*>)?>? (\w+)",
    re.MULTILINE,
)
_METHOD = re.compile(r"^  public ([\w<>]+) (\w+)\(([^)]*)\)[^{;]*\{\n(.*?)^  \}", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r'requestPath =\s+"https?://[^/"]+/([^"]+)"')
_VERB = re.compile(r"HttpMethod\.(\w+)")
_BODY = re.compile(r"createRequestBody\(")
_QUERY = re.compile(r'queryParameter\.add\(\s*"(\w+)"')
_ANSWER = re.compile(r"HttpResponse<(\w+)>")
_VARIABLE = re.compile(r"\{(\w+)\}")
_KINDS = {
    **dict.fromkeys(("String", "Date", "OffsetDateTime"), "string"),
    **dict.fromkeys(("Long", "Integer", "int", "long", "BigInteger"), "integer"),
    **dict.fromkeys(("Double", "Float", "BigDecimal"), "number"),
    **dict.fromkeys(("Boolean", "boolean"), "boolean"),
    **dict.fromkeys(("Object", "Map"), "object"),
}


def operations(checkout: Path) -> dict[str, Any]:
    """Return the operations of a checkout by verb and path; each place holds its members."""
    root = checkout / "service" / "src" / "main" / "java"
    texts = [path.read_text("utf-8") for path in sorted(root.rglob("*.java"))]
    shapes = Shapes()
    for text in texts:
        _collect(shapes, text)
    found: dict[str, Any] = {}
    for text in texts:
        for key, made in _methods(shapes, text):
            found.setdefault(key, made)
    return found


def _collect(shapes: Shapes, text: str) -> None:
    """Add the class or enumeration of a file, with the enumerations inside it."""
    package, kind = _PACKAGE.search(text), _CLASS.search(text)
    if package is None or kind is None:
        return
    name = f"{package[1]}.{kind[2]}"
    if kind[1] == "enum":
        shapes.enums[name] = _SENT.findall(text)
        return
    inside = {inner: f"{name}.{inner}" for inner, _ in _NESTED.findall(text)}
    shapes.enums |= {inside[inner]: _SENT.findall(body) for inner, body in _NESTED.findall(text)}
    shapes.classes[name] = [
        Member(
            attribute,
            sent,
            _KINDS.get(one) or inside.get(one) or _full(one, text),
            many=bool(many),
            encrypted="@Encryption" in before + after,
        )
        for before, sent, after, many, one, attribute in _MEMBER.findall(text)
    ]


def _full(name: str, text: str) -> str:
    """Return the full name of a class that a file names."""
    imports = {short: f"{package}.{short}" for package, short in _IMPORT.findall(text)}
    package = _PACKAGE.search(text)
    return imports.get(name) or f"{package[1] if package else ''}.{name}"


def _methods(shapes: Shapes, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the operations of a file."""
    for _, _, parameters, body in _METHOD.findall(text):
        verb, path = _VERB.search(body), _PATH.search(body)
        if verb is None or path is None:
            continue
        request = _full(parameters.split()[0], text) if parameters else ""
        asked = {member.name: member for member in shapes.classes.get(request, ())}
        query = {name: shapes.record(asked[name]) for name in _QUERY.findall(body) if name in asked}
        json = shapes.members(request, without=_VARIABLE.findall(path[1])) if _BODY.search(body) else {}
        answer = _ANSWER.search(body)
        received = shapes.members(_full(answer[1], text)) if answer else {}
        yield f"{verb[1]} {path[1]}", operation(query, json, received)
