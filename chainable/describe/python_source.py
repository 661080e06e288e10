"""Values as Python source, one member a line, placeholders marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.describe.label import Label

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ANY_JSON", "FILE", "PLACEHOLDER", "Code", "arguments", "in_both_languages", "placeholder", "python"]

PLACEHOLDER = Label("占位值，请替换", "a placeholder: replace it")
FILE = Label("文件内容，也可给 Path 或已打开的文件", "the content; a Path or an open file will do")
ANY_JSON = Label("任意 JSON", "any JSON")
"""The remarks behind values."""


@frozen
class Code:
    """A Python expression for a value, and a comment after it."""

    text: str
    remark: str = ""


def placeholder(name: str, kind: str = "text") -> Code:
    """Return a value that is obviously a placeholder: a number, boolean or date, or text with the field's name."""
    if kind == "date":
        return Code("'1970-01-01 00:00:00'", PLACEHOLDER)
    if kind == "number":
        return Code("0", PLACEHOLDER)
    if kind == "boolean":
        return Code("False", PLACEHOLDER)
    return Code(repr(f"<{name}>"))


def python(value: Any) -> str:
    """Write a value (dicts, lists, :class:`Code`, anything with a ``repr``) as Python, one member a line."""
    return "\n".join(_lines(value, 0))


def arguments(members: dict[str, Any]) -> str:
    """Write keyword arguments, one a line, with line breaks before and after; ``''`` for none."""
    lines = [line for name, value in members.items() for line in _member(f"{name}=", value, 1)]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def in_both_languages(code: str) -> Label:
    """Return code with the remarks behind its values in Chinese and in English."""
    english = code
    for remark in (PLACEHOLDER, FILE, ANY_JSON):
        english = english.replace(f"  # {remark}\n", f"  # {remark.en}\n")
    return Label(code, english)


def _lines(value: Any, depth: int) -> Iterator[str]:
    pad = "    " * depth
    if isinstance(value, dict) and value:
        yield "{"
        for name, member in value.items():
            yield from _member(f"{name!r}: ", member, depth + 1)
        yield pad + "}"
    elif isinstance(value, list) and value:
        yield "["
        for member in value:
            yield from _member("", member, depth + 1)
        yield pad + "]"
    else:
        yield value.text if isinstance(value, Code) else repr(value)


def _member(label: str, value: Any, depth: int) -> Iterator[str]:
    lines = list(_lines(value, depth))
    lines[0] = "    " * depth + label + lines[0]
    lines[-1] += ","
    if isinstance(value, Code) and value.remark:
        lines[-1] += f"  # {value.remark}"
    yield from lines
