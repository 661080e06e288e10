"""Parameters as rows of a table and as example values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.describe import ANY_JSON, FILE, Code, Glossary, Row, placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taobao_top.catalogue import Param

__all__ = ["examples", "glossary", "rows"]

glossary = Glossary(Path(__file__).with_name("glossary.json"))

_NUMBERS = {"Number", "Price", "BigDecimal", "byte"}


def rows(params: Iterable[Param], depth: int = 0) -> Iterator[Row]:
    """Return the rows of parameters, the members of each below it."""
    for param in params:
        yield Row(
            name=param.name,
            type=f"{param.type}[]" if param.list else param.type,
            depth=depth,
            required=param.required,
            example=param.example,
            meaning=glossary[param.name],
        )
        yield from rows(param.fields, depth + 1)


def examples(params: Iterable[Param], *, nested: bool = False, required: bool = False) -> dict[str, Any]:
    """
    Return an example of every parameter by name: the catalogue's, else a placeholder.

    Args:
        params: The parameters of a call or of an object.
        nested: Whether they belong to an object, where a file is text.
        required: Whether optional ones are left out; an object without required members keeps all.
    """
    made = {}
    for param in params:
        if required and not param.required:
            continue
        if param.fields:
            short = required and any(each.required for each in param.fields)
            value: Any = examples(param.fields, nested=True, required=short)
        else:
            value = _single(param, nested=nested)
        made[param.name] = [value] if param.list else value
    return made


def _single(param: Param, *, nested: bool) -> Any:
    if param.example is not None:
        return _READ.get(param.type, str)(param.example)
    if param.type == "byte[]" and not nested:
        return Code("b'...'", FILE)
    if param.type == "Json":
        return Code(f"{{{f'<{param.name}>'!r}: ''}}", ANY_JSON)
    return placeholder(param.name, "number" if param.type in _NUMBERS else param.type.lower())


def _number(example: str) -> Any:
    try:
        return int(example)
    except ValueError:
        return example


def _boolean(example: str) -> bool:
    return example.lower() == "true"


_READ = {"Number": _number, "Boolean": _boolean}
