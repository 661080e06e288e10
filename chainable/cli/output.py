"""What is shown: tables and text for people, JSON for machines."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.words import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

__all__ = ["as_text", "console", "put_json", "put_json_line", "put_pairs", "put_table"]

_WIDE = 120


def as_text(value: Any) -> str:
    """Write a value as JSON for people and machines: indented, Chinese as it is, numbers exact."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and "." not in str(value) else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def console(*, err: bool = False) -> Console:
    """Make what prints: as wide as the terminal or as COLUMNS says, 120 columns into a file."""
    from rich.console import Console

    made = Console(stderr=err, highlight=False, emoji=False, markup=False)
    if not (made.is_terminal or os.environ.get("COLUMNS", "").isdecimal()):
        made.width = _WIDE
    return made


def put_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(as_text(value))


def put_json_line(value: Any) -> None:
    """Print a value as one line of JSON, at once: for what goes on and on."""
    click.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def put_pairs(title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values in two columns."""
    put_table(title, (), pairs)


def put_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under headings, which are in the language of the command; without, the names come first."""
    from rich.table import Table

    if title:
        click.echo(spoken(title))
    table = Table(show_header=bool(headings))
    for heading in headings:
        table.add_column(spoken(heading), overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else spoken(cell) if isinstance(cell, str) else str(cell) for cell in row))
    if headings or table.row_count:
        console().print(table)
