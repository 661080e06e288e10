"""Request data on the command line: ``amount.total=1``, ``@file.json``, ``-`` for the standard input."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.i18n import Words
from chainable.codecs import no_constant
from chainable.masking import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["parse_body", "parse_headers", "parse_literal", "parse_pairs", "read_text"]

_LONGEST_LIST = 1000


def read_text(source: str) -> str:
    """Read text: ``-`` is the standard input, ``@name`` a file, everything else the text itself."""
    if source in {"-", "@-"}:
        with click.open_file("-", encoding="utf-8") as stream:
            return str(stream.read())
    if not source.startswith("@"):
        return source
    try:
        return Path(source[1:]).read_text("utf-8-sig")
    except UnicodeDecodeError:
        msg = Words(f"{source[1:]}: not UTF-8 text", f"{source[1:]}：不是 UTF-8 文本")
        raise click.UsageError(msg) from None


def parse_literal(text: str, fraction: Callable[[str], Any] = Decimal) -> Any:
    """Return the JSON value of a text, the text itself if it is not JSON; *fraction* reads numbers with a point."""
    try:
        return json.loads(text, parse_float=fraction, parse_constant=str)
    except (ValueError, RecursionError, ArithmeticError):
        return text


def parse_pairs(items: Iterable[str], what: str) -> dict[str, str]:
    """Parse ``name=value`` items; *what* names the option in the error."""
    made: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            shown = brief(item)  # may be a secret without its name
            msg = Words(f"{what} {shown}: name=value was expected", f"{what} {shown}：应为 name=value")
            raise click.UsageError(msg)
        made[name] = value
    return made


def parse_headers(lines: Iterable[str], what: str) -> dict[str, str]:
    """Parse ``Name: value`` lines; *what* names the option or file in the error."""
    made: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            msg = Words(f"{what}: 'Name: value' was expected", f"{what}：应为 'Name: value'")
            raise click.UsageError(msg)
        made[name.strip()] = value.strip()
    return made


def parse_body(items: Iterable[str], kind: Callable[[tuple[str, ...]], str | None] | None = None) -> Any:
    """
    Build a request body from the values of ``-d``: a dict, or any JSON value of a file; None without items.

    Args:
        items: ``name.inner=value``, ``list.0.name=value``, ``name:=JSON``, ``@file.json``, or ``-`` for JSON from
            the standard input; later items are merged into earlier ones.
        kind: Returns the type of the field at a path, None if unknown; a number stays text in a text field.
    """
    made: Any = None
    for item in items:
        name, equals, value = item.partition("=")
        if item == "-" or item.startswith("@"):
            made = _merged(made, _json(read_text(item), item))
        elif not equals or not name.strip(":"):
            shown = brief(item)
            msg = Words(
                f"-d {shown}: name=value, name:=JSON, @file.json or - was expected",
                f"-d {shown}：应为 name=value、name:=JSON、@file.json 或 -",
            )
            raise click.UsageError(msg)
        elif name.endswith(":"):
            made = _put(made, tuple(name[:-1].split(".")), _json(value, item))
        else:
            path = tuple(name.split("."))
            expected = None if kind is None else kind(tuple(step for step in path if not step.isdigit()))
            made = _put(made, path, value if expected == "string" else parse_literal(value))
    return made


def _json(text: str, item: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=no_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        name = item.partition("=")[0].removesuffix(":")
        msg = Words(f"-d {name}: not JSON ({error})", f"-d {name}：不是 JSON（{error}）")
        raise click.UsageError(msg) from None


def _merged(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new


def _put(target: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if step.isdigit() and (target is None or isinstance(target, list)):
        elements: list[Any] = list(target or ())
        index = int(step)
        if index > len(elements) or index > _LONGEST_LIST:
            msg = Words(
                f"-d: list index {index} follows {len(elements) - 1}: give the elements in order, without gaps",
                f"-d：列表下标 {index} 前面是 {len(elements) - 1}：请按顺序给出，不要跳过",
            )
            raise click.UsageError(msg)
        elements[index : index + 1] = [_put(elements[index] if index < len(elements) else None, rest, value)]
        return elements
    if target is not None and not isinstance(target, dict):
        msg = Words(f"-d: {step!r} cannot be set: its parent is not an object", f"-d：无法设置 {step!r}：上级不是对象")
        raise click.UsageError(msg)
    return {**(target or {}), step: _put((target or {}).get(step), rest, value)}
