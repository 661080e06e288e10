"""Read a table of fields: names, types, marks and the values that a description lists."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from attrs import define, evolve, field

from tools.import_catalogue import either
from tools.import_catalogue.markdown import Cell
from tools.import_catalogue.php import Encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.import_catalogue.markdown import Table
    from tools.import_catalogue.problems import Problems

__all__ = ["Row", "record", "records", "rows"]

_KINDS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "object": "object"}
_KINDS |= {"int": "integer", "long": "integer", "float": "number", "double": "number", "bool": "boolean"}
_KINDS |= {"array": "object[]", "file": "file"} | {f"`{word}`": "boolean" for word in ("true", "false")}
_ENCRYPTED = {"by-rsa-pubkey": "rsa", "by-aes-gcm": "aes-gcm", "by-aes-ecb": "aes-ecb"}
_ENCODED = {"json_encode": "json", "urlencode": "urlencode", "http_build_query": "urlencode"}
_VALUES = re.compile(r"((?:`[^`]+`\s*(?:\\?\|)?\s*)+)枚举值")
_ONE_VALUE = re.compile(r"固定(?:值|为|填|传)\s*[:：]?\s*`([^`]+)`")
_EXPLAINED = re.compile(r"(?:<br\s*/?>|^)\s*(?:\d+[、.])?\s*(?:`([^`]+)`|([A-Z][A-Z0-9_]+))\s*[:：]")
_VALUE = re.compile(r"`([^`]+)`")


@define
class Row:
    """
    One field as its row says it.

    Attributes:
        line: The line of its row.
        name: Its name.
        kind: Its type.
        description: What the row says about it.
        required: Whether the row says that it is required.
        encrypted: How its value is encrypted, if it is.
        encoded: What its text holds, ``json`` or ``urlencode``, if it does.
        children: The fields inside it.
    """

    line: int
    name: str
    kind: str
    description: str
    required: bool = False
    encrypted: str | None = None
    encoded: str | None = None
    children: list[Row] = field(factory=list)


def rows(table: Table, problems: Problems) -> list[Row]:
    """Return the fields of a table as a tree, by their indents."""
    top: list[Row] = []
    open_rows: list[tuple[int, Row]] = []
    for line, cells in table.rows:
        if "colspan" in cells[0].attributes:  # a line between an encoded text and what it holds, or a remark
            continue
        row = _row(line, cells, problems)
        if row is None:
            continue
        indent = cells[0].attributes.get("data-indent", "0")
        if not indent.isdecimal():
            problems.add(line, f"data-indent of {row.name} is {indent!r}, a whole number was expected")
            continue
        while open_rows and open_rows[-1][0] >= int(indent):
            open_rows.pop()
        above = open_rows[-1][0] if open_rows else -1
        if int(indent) > above + 1:
            problems.add(line, f"{row.name} stands {indent} levels deep, but no row before it stands one level above")
        (open_rows[-1][1].children if open_rows else top).append(row)
        open_rows.append((int(indent), row))
    return top


def _row(line: int, cells: list[Cell], problems: Problems) -> Row | None:
    name, kind, description = (*cells, *[Cell("", {})] * 2)[:3]
    if not name.text and not kind.text:
        return None
    shown = kind.text.replace(" ", "")
    word = _KINDS.get(shown.removesuffix("[]").lower())
    if not name.text or word is None:
        what = f"the type {kind.text!r} of {name.text or 'a field without a name'} is unknown"
        problems.add(line, f"{what}: one of {', '.join(sorted(_KINDS)[:9])} was expected")
        return None
    attributes = name.attributes | kind.attributes
    return Row(
        line,
        name.text.strip("`").replace(" ", ""),
        word + "[]" if shown.endswith("[]") and not word.endswith("[]") else word,
        description.text,
        required="data-required" in attributes,
        encrypted=_marked(attributes, "data-encrypted", _ENCRYPTED, line, problems),
        encoded=_marked(attributes, "data-encoded", _ENCODED, line, problems),
    )


def _marked(
    attributes: Mapping[str, str], name: str, known: Mapping[str, str], line: int, problems: Problems
) -> str | None:
    """Return what a mark says; it is written ``data-encoded=by-json_encode`` or ``data-encoded-by=json_encode``."""
    value = attributes.get(name, attributes.get(f"{name}-by"))
    if value is None:
        return None
    for word, meaning in known.items():
        if value.removeprefix("by-") == word.removeprefix("by-"):
            return meaning
    problems.add(line, f"{name} is {value!r}: one of {', '.join(known)} was expected")
    return None


def values(description: str) -> list[str]:
    """Return the values that a description lists."""
    if found := _VALUES.search(description):
        return _VALUE.findall(found[1])
    if found := _ONE_VALUE.search(description):
        return [found[1]]
    return [ticked or bare for ticked, bare in _EXPLAINED.findall(description)]


def records(given: Iterable[Row], examples: Any = None) -> dict[str, Any]:
    """Return fields as the catalogue's source writes them."""
    known = examples if isinstance(examples, dict) else {}
    by_name: dict[str, Row] = {}
    for row in given:
        by_name[row.name] = _merged(by_name[row.name], row) if row.name in by_name else row
    return {name: record(row, known.get(name)) for name, row in by_name.items()}


def _merged(first: Row, second: Row) -> Row:
    """Return one row for two of one name, the forms of an object: only what both require is required."""
    children = {row.name: row for row in second.children}
    merged = []
    for row in first.children:
        other = children.pop(row.name, None)
        merged.append(_merged(row, other) if other else evolve(row, required=False))
    return evolve(
        first,
        required=first.required and second.required,
        children=[*merged, *(evolve(row, required=False) for row in children.values())],
    )


def record(row: Row, example: Any = None) -> Any:
    """Return one field as the catalogue's source writes it; only its type, if that is all."""
    inside = example
    while isinstance(inside, Encoded):
        inside = inside.value
    children = row.children
    made: dict[str, Any] = {"type": row.kind}
    if row.required:
        made["required"] = True
    if enum := values(row.description):
        made["enum"] = [_typed(row.kind, value) for value in enum]
    if row.encrypted:
        made["encrypted"] = row.encrypted
    encoded = row.encoded or ("json" if children and row.kind == "string" and not row.encrypted else None)
    if encoded:
        made["encoded"] = encoded
        if len(children) == 1 and _is_list(row.name, children[0], inside):
            made["decoded"] = children[0].kind
            children = children[0].children
    shown = _example(row.kind, example)
    if shown is not None:
        made["example"] = shown
    if isinstance(inside, list):
        inside = next((each for each in inside if isinstance(each, dict)), None)
    if groups := either.groups(row):
        made["one_of"] = groups
    if children:
        made["fields"] = records(children, inside)
    return made if len(made) > 1 else row.kind


def _is_list(name: str, child: Row, example: Any) -> bool:
    """Return whether an encoded text holds a list, whose only row names its items, and not an object with this member."""
    if not child.kind.endswith("[]") or isinstance(example, (dict, list)):
        return isinstance(example, list)
    return name == f"{child.name}s" or name.endswith(f"_{child.name}")


def _typed(kind: str, value: str) -> Any:
    if kind.removesuffix("[]") in {"integer", "number"}:
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _example(kind: str, value: Any) -> Any:
    """Return the example of a field; None for what is computed, empty or no single value."""
    if isinstance(value, Encoded):
        return _encoded(value)
    if kind.endswith("[]") and isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, (str, int, float, bool)) and value != "" else None


def _encoded(value: Encoded) -> str | None:
    """Return the text that a function makes of its argument; None if that is computed."""
    inside = _plain(value.value)
    if _computed(inside):
        return None
    if value.function == "json_encode":
        return json.dumps(inside, ensure_ascii=False, separators=(",", ":"))
    if isinstance(inside, dict):
        return (
            "&".join(f"{name}={said}" for name, said in inside.items())
            if "Like" in value.function
            else urlencode(inside)
        )
    return quote(inside, safe="") if isinstance(inside, str) else None


def _plain(value: Any) -> Any:
    """Return a value with what is encoded inside it as the text that it is."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return _encoded(value) if isinstance(value, Encoded) else value


def _computed(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_computed, value.values()))
    if isinstance(value, list):
        return any(map(_computed, value))
    return value is None
