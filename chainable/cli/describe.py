"""Descriptions in the terminal."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from attrs import evolve
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
    Print a description.

    Without *whole*, print what a first call needs: the call with required parameters only, then the parameters that
    the client does not fill in, the required ones first, the beginnings of long lists of values, and the response; no
    error codes. With it, print everything, in the order of the official page.
    """
    console.print(Text(description.title, style="bold"))
    console.print(Text(description.name, style="cyan"))
    most = None if whole else _MOST_VALUES
    forms = description.forms if whole or len(description.forms) < _WAYS else description.forms[:0]
    tables = description.tables if whole else _for_a_first_call(description.tables)
    links = description.links if whole else description.links[:1]
    for link in links:
        console.print(Text(link, style=f"blue link {link}"), soft_wrap=True)
    for label, text in description.facts:
        console.print(Text.assemble((f"{_localized(label)} ", "dim"), _localized(text)))
    if not whole and description.shortest is not None:
        _print_code(description.shortest.name, _localized(description.shortest.code), "python", console)
    for table in tables:
        _print_table(table, console, most)
    for form in forms:
        _print_code(form.name, _localized(form.code), "python", console)
    for table in description.answers:
        _print_table(table, console, most)
    for sample in description.samples if whole else ():
        _print_code(sample.name, sample.text, sample.language, console)
    _print_references(Words("notifications", "通知"), description.notifications, console)
    _print_references(Words("caused by", "由哪些接口引起"), description.causes, console)
    if whole:
        _print_errors(description, console)
    hidden = len(description.forms) - len(forms)
    others = len(description.links) - len(links)
    cut = most is not None and _is_cut(description, most)
    errors = len(description.errors) if not whole else 0
    if hidden or others or cut or errors:
        _print_hint(_rest_of(hidden, others, errors, cut=cut), console)


def _for_a_first_call(tables: Sequence[Table]) -> list[Table]:
    """Return tables of what the caller gives, those with a required parameter first, without empty ones."""
    kept = [table for each in tables if (table := _required_first(each)).rows]
    return sorted(kept, key=lambda table: not any(row.required for row in table.rows))


def _required_first(table: Table) -> Table:
    """Return a table without what the client fills in, in which the required members of each object come first."""
    kept = [block for block in _blocks(table.rows) if not block[0].filled]
    kept = [block for block in kept if len(block) == 1 or not all(row.filled for row in block[1:])]
    return evolve(table, rows=_sorted_rows(kept))


def _sorted_rows(blocks: list[tuple[Row, ...]]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for block in sorted(blocks, key=lambda block: not block[0].required):
        inside = [each for each in _blocks(block[1:]) if not each[0].filled]
        rows += [block[0], *_sorted_rows(inside)]
    return tuple(rows)


def _blocks(rows: Sequence[Row]) -> list[tuple[Row, ...]]:
    """Split rows into the outermost ones, each with its members."""
    starts = [at for at, row in enumerate(rows) if row.depth <= rows[0].depth]
    return [tuple(rows[start:end]) for start, end in zip_longest(starts, starts[1:])]


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


def _rest_of(forms: int, links: int, errors: int, *, cut: bool) -> Words:
    """Return what ``--all`` shows besides: ways to write the call, cut lists, error codes, official pages."""
    english, chinese = [], []
    if forms:
        english.append(f"the call with every parameter in {forms} ways to write it")
        chinese.append(f"含全部参数的 {forms} 种写法")
    if forms or cut:
        english.append("all values")
        chinese.append("全部可选值")
    if errors:
        english.append("error codes")
        chinese.append("错误码")
    if links:
        english.append("all official pages")
        chinese.append(f"另外 {links} 个官方页面")
    return Words(f"--all shows {', '.join(english)}", f"加 --all 查看{'、'.join(chinese)}")


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
    for column in grid.columns:
        column.overflow = "fold"
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
