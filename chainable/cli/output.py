"""Output: tables and text for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.color import color
from chainable.cli.i18n import localized

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

__all__ = ["as_text", "console", "print_json", "print_json_line", "print_pairs", "print_table"]

_WIDE = 120


def as_text(value: Any) -> str:
    """Return a value as JSON: indented, Chinese unescaped, numbers exact."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and "." not in str(value) else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def console(*, err: bool = False, colored: str | None = None) -> Console:
    """
    Return a console as wide as the terminal or ``COLUMNS``; 120 columns for a file or pipe.

    Args:
        err: Print on the error stream.
        colored: ``auto``, ``always`` or ``never``; None for what the command was given.
    """
    from rich.console import Console

    chosen = color() if colored is None else colored
    made = Console(
        stderr=err,
        highlight=False,
        emoji=False,
        markup=False,
        force_terminal=True if chosen == "always" else None,
        color_system={"never": None, "always": "standard"}.get(chosen, "auto"),
        no_color=False if chosen == "always" else None,
    )
    if not (made.is_terminal or os.environ.get("COLUMNS", "").isdecimal()):
        made.width = _WIDE
    return made


def print_json(value: Any, *, err: bool = False, colored: str | None = None) -> None:
    """Print a value as JSON, coloured on a terminal; *err* and *colored* as in :func:`console`."""
    _print_source(as_text(value), err=err, colored=colored)


def print_json_line(value: Any) -> None:
    """Print a value as one line of JSON, for output that goes on."""
    _print_source(json.dumps(value, ensure_ascii=False, default=_plain), err=False, colored=None)


def _print_source(text: str, *, err: bool, colored: str | None) -> None:
    chosen = color() if colored is None else colored
    stream = sys.stderr if err else sys.stdout
    # rich takes a third of the time of a short command, so that plain output does without.
    if chosen == "never" or (chosen == "auto" and not (stream.isatty() or os.environ.get("FORCE_COLOR"))):
        click.echo(text, err=err)
        return
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    shown = Text(text)
    JSONHighlighter().highlight(shown)
    console(err=err, colored=chosen).print(shown, soft_wrap=True)


def print_pairs(title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values in two columns."""
    print_table(title, (), pairs)


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows in the language of the command, under headings if there are any."""
    from rich.table import Table

    if title:
        click.echo(localized(title))
    table = Table(show_header=bool(headings))
    for heading in headings:
        table.add_column(localized(heading), overflow="fold")
    for row in rows:
        table.add_row(
            *("" if cell is None else localized(cell) if isinstance(cell, str) else str(cell) for cell in row)
        )
    if headings or table.row_count:
        console().print(table)
