"""Descriptions in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.table import Table as Grid
from rich.text import Text

from chainable.cli.i18n import Words, language, localized
from chainable.describe import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from chainable.describe import Candidate, Description, Row, Table

__all__ = ["print_candidates", "print_description"]


def print_description(description: Description, console: Console) -> None:
    """Print a description: title, facts, tables, code to paste, response."""
    console.print(Text(description.title, style="bold"))
    console.print(Text(description.name, style="cyan"))
    for link in description.links:
        console.print(Text(link, style=f"blue link {link}"), soft_wrap=True)
    for label, text in description.facts:
        console.print(Text.assemble((f"{_localized(label)} ", "dim"), text))
    for table in description.tables:
        _print_table(table, console)
    for form in description.forms:
        _print_code(form.name, form.code, "python", console)
    for table in description.answers:
        _print_table(table, console)
    for sample in description.samples:
        _print_code(sample.name, sample.text, sample.language, console)


def print_candidates(candidates: Iterable[Candidate], console: Console) -> None:
    """Print the results of a search, one line each."""
    grid = Grid(box=None, show_header=False, pad_edge=False)
    for candidate in candidates:
        grid.add_row(Text(candidate.title, style="bold"), Text(candidate.name, style="cyan"))
    console.print(grid)


def _print_code(title: str, code: str, language: str, console: Console) -> None:
    console.print()
    console.print(Text(_localized(title), style="bold magenta"))
    # Without padding and box, so that it can be copied with the mouse.
    console.print(Syntax(code.rstrip(), language, background_color="default"), soft_wrap=True)


def _print_table(table: Table, console: Console) -> None:
    headings = (_localized(table.heading), localized(Words("type", "类型")), localized(Words("description", "描述")))
    grid = Grid(*headings, header_style="bold", show_lines=False)
    grid.columns[0].overflow = "fold"
    for row in table.rows:
        grid.add_row(_name(row), row.type, Text(localized(Words("; ", "；")).join(map(_localized, row.remarks()))))
    console.print()
    console.print(grid)


def _localized(text: str) -> str:
    return text.en if isinstance(text, Label) and language() == "en" else str(text)


def _name(row: Row) -> Text:
    return Text.assemble(
        "  " * row.depth, row.name, (" *", "bold red") if row.required else "", (" 🔒", "") if row.encrypted else ""
    )
