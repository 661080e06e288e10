"""Values on the command line: ``amount.total=1``, ``@file.json``, ``-`` for the standard input."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.words import Words
from chainable.codecs import no_constant
from chainable.masking import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["body", "headers", "literal", "pairs", "read_text"]

_LONGEST_LIST = 1000


def read_text(source: str) -> str:
    """
    Read text: ``-`` for the standard input, ``@name`` for a file, everything else as it is.

    Raises:
        click.UsageError: The file is no text in UTF-8.
    """
    if source in {"-", "@-"}:
        with click.open_file("-", encoding="utf-8") as stream:
            return str(stream.read())
    if not source.startswith("@"):
        return source
    try:
        return Path(source[1:]).read_text("utf-8-sig")
    except UnicodeDecodeError:
        msg = Words(f"{source[1:]}: is no text in UTF-8", f"{source[1:]}：不是 UTF-8 文本")
        raise click.UsageError(msg) from None


def literal(text: str, fraction: Callable[[str], Any] = Decimal) -> Any:
    """Give what JSON makes of a text; the text itself when it is none. Fractions stay exact unless told otherwise."""
    try:
        return json.loads(text, parse_float=fraction, parse_constant=str)
    except (ValueError, RecursionError, ArithmeticError):
        return text


def pairs(items: Iterable[str], what: str) -> dict[str, str]:
    """
    Take ``name=value`` apart.

    Raises:
        click.UsageError: There is no ``=``; *what* names the option.
    """
    made: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            shown = brief(item)  # it may be a value that lost its name
            msg = Words(f"{what} {shown}: name=value was expected", f"{what} {shown}：应为 name=value")
            raise click.UsageError(msg)
        made[name] = value
    return made


def headers(lines: Iterable[str], what: str) -> dict[str, str]:
    """
    Take ``Name: value`` apart.

    Raises:
        click.UsageError: There is no ``:``; *what* names the option or file.
    """
    made: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            msg = Words(f"{what}: 'Name: value' was expected", f"{what}：应为 'Name: value'")
            raise click.UsageError(msg)
        made[name.strip()] = value.strip()
    return made


def body(items: Iterable[str], kind: Callable[[tuple[str, ...]], str | None] | None = None) -> Any:
    """
    Make a body of what ``-d`` gave.

    Args:
        items: ``name.inner=value``, ``list.0.name=value``, ``name:=JSON``,
            ``@file.json``, or ``-`` for JSON from the standard input; later
            ones go into what earlier ones made.
        kind: Gives the type the field at a path has, where it is known: a
            number stays text in a field that is text.

    Returns:
        A dict, or whatever JSON a file holds; None for no items.

    Raises:
        click.UsageError: An item is none of these, or does not fit into what is there.
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
            wanted = None if kind is None else kind(tuple(step for step in path if not step.isdigit()))
            made = _put(made, path, value if wanted == "string" else literal(value))
    return made


def _json(text: str, item: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=no_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        name = item.partition("=")[0].removesuffix(":")
        msg = Words(f"-d {name}: is no JSON ({error})", f"-d {name}：不是 JSON（{error}）")
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
                f"-d: element {index} of a list comes after element {len(elements) - 1}: give them in order",
                f"-d：列表的元素 {index} 紧接在元素 {len(elements) - 1} 之后：请按顺序给出",
            )
            raise click.UsageError(msg)
        elements[index : index + 1] = [_put(elements[index] if index < len(elements) else None, rest, value)]
        return elements
    if target is not None and not isinstance(target, dict):
        msg = Words(f"-d: {step!r} is to go into what is no object", f"-d：{step!r} 要放入的不是对象")
        raise click.UsageError(msg)
    return {**(target or {}), step: _put((target or {}).get(step), rest, value)}
