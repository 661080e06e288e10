"""A description in the terminal; needs rich, which is an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.table import Table as Grid
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from chainable.describe.description import Description, Row, Table
    from chainable.describe.index import Candidate

__all__ = ["show", "show_candidates"]


def show(description: Description, console: Console) -> None:
    """Print a description: title, facts, tables, the forms to paste, the answer."""
    console.print(Text(description.title, style="bold"))
    console.print(Text(description.name, style="cyan"))
    for link in description.links:
        console.print(Text(link, style=f"blue link {link}"), soft_wrap=True)
    for label, text in description.facts:
        console.print(Text.assemble((f"{label} ", "dim"), text))
    for table in description.tables:
        _grid(table, console)
    for form in description.forms:
        console.print()
        console.print(Text(form.name, style="bold magenta"))
        # No padding and no box: what is marked with the mouse can be pasted.
        console.print(Syntax(form.code.rstrip(), "python", background_color="default"), soft_wrap=True)
    for table in description.answers:
        _grid(table, console)
    for sample in description.samples:
        console.print()
        console.print(Text(sample.name, style="bold magenta"))
        console.print(Syntax(sample.text.rstrip(), sample.language, background_color="default"), soft_wrap=True)


def show_candidates(candidates: Iterable[Candidate], console: Console) -> None:
    """Print what was found, one line each."""
    grid = Grid(box=None, show_header=False, pad_edge=False)
    for candidate in candidates:
        grid.add_row(Text(candidate.title, style="bold"), Text(candidate.name, style="cyan"))
    console.print(grid)


def _grid(table: Table, console: Console) -> None:
    grid = Grid(table.heading, "类型", "描述", header_style="bold", show_lines=False)
    grid.columns[0].overflow = "fold"
    for row in table.rows:
        grid.add_row(_name(row), row.type, Text("；".join(row.remarks())))
    console.print()
    console.print(grid)


def _name(row: Row) -> Text:
    return Text.assemble(
        "  " * row.depth, row.name, (" *", "bold red") if row.required else "", (" 🔒", "") if row.encrypted else ""
    )
