"""Values as Python source, one member a line, placeholders marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Code", "arguments", "placeholder", "python"]

_MARK = "占位值，请替换"


@frozen
class Code:
    """A Python expression for a value, and a comment after it."""

    text: str
    remark: str = ""


def placeholder(name: str, kind: str = "text") -> Code:
    """Return a value that is obviously a placeholder: a number, boolean or date, or text with the field's name."""
    if kind == "date":
        return Code("'1970-01-01 00:00:00'", _MARK)
    if kind == "number":
        return Code("0", _MARK)
    if kind == "boolean":
        return Code("False", _MARK)
    return Code(repr(f"<{name}>"))


def python(value: Any) -> str:
    """Write a value (dicts, lists, :class:`Code`, anything with a ``repr``) as Python, one member a line."""
    return "\n".join(_lines(value, 0))


def arguments(members: dict[str, Any]) -> str:
    """Write keyword arguments, one a line, with line breaks before and after; ``''`` for none."""
    lines = [line for name, value in members.items() for line in _member(f"{name}=", value, 1)]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


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
