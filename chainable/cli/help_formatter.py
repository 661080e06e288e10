"""Help pages: lines wrapped by terminal columns, of which a Chinese character takes two."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len, chop_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["HelpFormatter", "wrap", "wrap_command"]

_WIDEST, _NARROWEST = 80, 20
_OPENING, _CLOSING = "（《“", "，。；：、）》”！？"
_PIECE = re.compile(
    rf"\s+|[{_OPENING}]*(?:[⺀-鿿][{_CLOSING}]*|[^\s⺀-鿿{_OPENING}{_CLOSING}]+[{_CLOSING}]*|[{_CLOSING}]+)|[{_OPENING}]+"
)


def wrap(text: str, width: int) -> list[str]:
    """
    Wrap a text at *width* columns; Chinese punctuation never begins a line, as rich would let it.

    White space in the text becomes one blank; a longer word is cut.
    """
    lines, line = [], ""
    for piece in _pieces(text, width):
        if cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()]


def wrap_command(line: str, width: int) -> list[str]:
    """Wrap a line of a shell at *width* columns, between words, so that it can be pasted as it stands."""
    rows = [""]
    for word in line.split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if rows[-1] and cell_len(joined) > width - 2:
            rows[-1] += " \\"
            joined = f"    {word}"
        else:
            rows.pop()
        rows.append(joined)
    return rows


def _pieces(text: str, width: int) -> Iterator[str]:
    """Yield the parts of a text between which a line may end."""
    for match in _PIECE.finditer(text):
        yield from [" "] if match[0].isspace() else chop_cells(match[0], width)


class HelpFormatter(click.HelpFormatter):
    """A formatter as wide as the terminal, 80 columns at most, for both languages."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        room = min(shutil.get_terminal_size().columns, max_width or _WIDEST)
        super().__init__(indent_increment, max(room - 2, _NARROWEST) if width is None else width)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line; further lines are indented."""
        first, *others = wrap(f"{prefix or ''}{prog} {args}", self.width - 4)
        self.write("\n".join([first, *(f"    {line}" for line in others)]) + "\n")

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        colon = ":" if heading.isascii() else "："
        self.write(f"{' ' * self.current_indent}{heading}{colon}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, separated by an empty line."""
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            for line in wrap(paragraph, self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms beside their meanings; a long term stands above its meaning."""
        indent, room = " " * self.current_indent, self.width - self.current_indent
        listed = list(rows)
        first = min(max((cell_len(term) for term, _ in listed), default=0), col_max, room // 2) + col_spacing
        for term, meaning in listed:
            lines = wrap(meaning, room - first)
            if cell_len(term) <= first - col_spacing:
                self.write(f"{indent}{term}{' ' * (first - cell_len(term))}{lines.pop(0)}".rstrip() + "\n")
            else:
                for line in wrap(term, room):
                    self.write(f"{indent}{line}\n")
            for line in filter(None, lines):
                self.write(f"{indent}{' ' * first}{line}\n")
