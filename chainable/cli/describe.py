"""Descriptions in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.table import Table as Grid
from rich.text import Text

from chainable.cli.i18n import Words, language, localized
from chainable.describe import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from chainable.describe import Candidate, Description, Reference, Row, Table

__all__ = ["print_candidates", "print_description"]

_MOST_VALUES = 8
_WAYS = 3
"""The number of ways to write one call from which only the first is printed."""


def print_description(description: Description, console: Console, *, whole: bool = True) -> None:
    """
    Print a description: title, facts, tables, code to paste, response.

    Without *whole*, print one way to write the call, the beginnings of long lists of values, and no error codes.
    """
    console.print(Text(description.title, style="bold"))
    console.print(Text(description.name, style="cyan"))
    for link in description.links:
        console.print(Text(link, style=f"blue link {link}"), soft_wrap=True)
    for label, text in description.facts:
        console.print(Text.assemble((f"{_localized(label)} ", "dim"), _localized(text)))
    most = None if whole else _MOST_VALUES
    for table in description.tables:
        _print_table(table, console, most)
    forms = description.forms if whole or len(description.forms) < _WAYS else description.forms[:1]
    for form in forms:
        _print_code(form.name, _localized(form.code), "python", console)
    for table in description.answers:
        _print_table(table, console, most)
    for sample in description.samples:
        _print_code(sample.name, sample.text, sample.language, console)
    _print_references(Words("notifications", "通知"), description.notifications, console)
    _print_references(Words("caused by", "由哪些接口引起"), description.causes, console)
    if whole:
        _print_errors(description, console)
    hidden = len(description.forms) - len(forms)
    if hidden or (most is not None and _is_cut(description, most)):
        _print_hint(_rest_of(hidden), console)


def print_candidates(candidates: Sequence[Candidate], console: Console, *, limit: int | None = None) -> None:
    """Print the results of a search with their products, one line each, and how many there are beyond *limit*."""
    grid = Grid(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        grid.add_column(overflow="fold")  # a name that is cut could not be pasted
    for each in candidates[:limit]:
        product = Text(_localized(each.product), style="dim")
        grid.add_row(Text(each.title, style="bold"), Text(each.name, style="cyan"), product)
    console.print(grid)
    if limit is not None and len(candidates) > limit:
        count = len(candidates)
        _print_hint(
            Words(
                f"the first {limit} of {count}; --all shows all",
                f"共 {count} 个，以上为前 {limit} 个；加 --all 查看全部",
            ),
            console,
        )


def _rest_of(forms: int) -> Words:
    if not forms:
        return Words("--all shows all values", "加 --all 查看全部可选值")
    return Words(
        f"--all shows {forms} more ways to write the call, all values, and error codes",
        f"加 --all 查看其余 {forms} 种写法、全部可选值与错误码",
    )


def _is_cut(description: Description, most: int) -> bool:
    return any(len(row.enum) > most for table in (*description.tables, *description.answers) for row in table.rows)


def _print_hint(words: Words, console: Console) -> None:
    console.print()
    console.print(Text(localized(words), style="dim"))


def _print_code(title: str, code: str, lexer: str, console: Console) -> None:
    console.print()
    console.print(Text(_localized(title), style="bold magenta"))
    # Without padding and box, so that it can be copied with the mouse.
    console.print(Syntax(code.rstrip(), lexer, background_color="default"), soft_wrap=True)


def _print_references(heading: Words, references: Sequence[Reference], console: Console) -> None:
    if not references:
        return
    grid = Grid(box=None, show_header=False, pad_edge=False)
    for _ in range(2):
        grid.add_column(overflow="fold")
    for each in references:
        grid.add_row(Text(each.key.removeprefix("event "), style="cyan"), Text(each.title))
    console.print()
    console.print(Text(localized(heading), style="bold"))
    console.print(grid)


def _print_errors(description: Description, console: Console) -> None:
    if not description.errors:
        return
    grid = Grid(
        localized(Words("error codes", "错误码")), localized(Words("what to do", "怎么办")), header_style="bold"
    )
    grid.columns[0].overflow = "fold"
    for each in description.errors:
        grid.add_row(", ".join(each.codes), Text(_localized(each.advice)))
    console.print()
    console.print(grid)


def _print_table(table: Table, console: Console, most: int | None) -> None:
    headings = (_localized(table.heading), localized(Words("type", "类型")), localized(Words("description", "描述")))
    grid = Grid(*headings, header_style="bold", show_lines=False)
    grid.columns[0].overflow = "fold"
    for row in table.rows:
        remarks = map(_localized, row.remarks(language(), most))
        grid.add_row(_name(row), row.type, Text(localized(Words("; ", "；")).join(remarks)))
    console.print()
    console.print(grid)


def _localized(text: str) -> str:
    return text.en if isinstance(text, Label) and language() == "en" else str(text)


def _name(row: Row) -> Text:
    return Text.assemble(
        "  " * row.depth, row.name, (" *", "bold red") if row.required else "", (" 🔒", "") if row.encrypted else ""
    )
