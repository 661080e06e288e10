"""Fields as rows of a table and as example values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.describe import Code, Glossary, Label, Row, placeholder

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from wechatpay.catalogue import Field

__all__ = ["example", "examples", "glossary", "needed", "one_of", "rows"]

glossary = Glossary(Path(__file__).with_name("glossary.json"))

_DECODED = {"json": Label("JSON 文本", "JSON text"), "urlencode": Label("表单文本", "form-encoded text")}


def rows(fields: Iterable[Field], depth: int = 0, *, filled: Container[str] = ()) -> Iterator[Row]:
    """Return the rows of fields, the members of each below it; the client fills in the *filled* names."""
    for field in fields:
        yield Row(
            name=field.name,
            type=field.type,
            depth=depth,
            required=field.required,
            filled=field.name in filled,
            encrypted=field.encrypted or "",
            enum=field.enum,
            example=field.example,
            meaning=glossary[field.name],
            note=_DECODED.get(field.encoded or "") or one_of(field.one_of),
        )
        yield from rows(field.fields, depth + 1)


def one_of(groups: Iterable[tuple[str, ...]]) -> Label | str:
    """Return the remark on members of which at least one is needed; ``''`` for no such group."""
    each = [", ".join(names) for names in groups]
    return Label(f"至少填一个：{'；'.join(each)}", f"at least one of {'; of '.join(each)}") if each else ""


def needed(fields: Iterable[Field], groups: Iterable[tuple[str, ...]]) -> list[Field]:
    """Return the required fields, and of each group of which at least one is needed the first."""
    names = {field.name for field in fields if field.required}
    for group in groups:
        if not names & set(group):
            names.add(group[0])
    return [field for field in fields if field.name in names]


def examples(fields: Iterable[Field], *, without: Container[str] = (), required: bool = False) -> dict[str, Any]:
    """Return an example of every field of one object by name; with *required*, without optional members inside them."""
    return {field.name: example(field, required=required) for field in fields if field.name not in without}


def example(field: Field, *, required: bool = False) -> Any:
    """Return a value: the catalogue's example, else the first possible value, else a placeholder."""
    kind = field.type.removesuffix("[]")
    value = _encoded(field, required=required) if field.encoded else _single(field, kind, required=required)
    return value if kind == field.type else [value]


def _single(field: Field, kind: str, *, required: bool) -> Any:
    if field.encrypted == "rsa":
        return Code(f"Sensitive({f'<{field.name}>'!r})")
    if field.fields:
        return _members(field, required=required)
    given = field.example
    if given is None and field.enum:
        given = field.enum[0]
    if given is None:
        return placeholder(field.name, _KINDS.get(kind, "text"))
    return _READ.get(kind, str)(given)


def _members(field: Field, *, required: bool) -> dict[str, Any]:
    fields = needed(field.fields, field.one_of) if required else field.fields
    return examples(fields or field.fields, required=required)


def _encoded(field: Field, *, required: bool) -> Any:
    if field.example is not None:
        return field.example
    if not field.fields:
        return placeholder(field.name)
    inside: Any = _members(field, required=required)
    return Code(repr(json.dumps([inside] if field.decoded else inside, ensure_ascii=False, default=_plain)))


def _plain(value: Code) -> Any:
    return {"0": 0, "False": False}.get(value.text, value.text.strip("'"))


def _boolean(given: Any) -> bool:
    return str(given).lower() == "true"


def _number(given: Any) -> Any:
    # Many sources have numbers as text.
    return json.loads(given) if isinstance(given, str) else given


_KINDS = {"integer": "number", "number": "number", "boolean": "boolean"}
_READ = {"integer": _number, "number": _number, "boolean": _boolean}
