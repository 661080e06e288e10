"""Help pages: lines broken where they may be, counted in columns, in which a Chinese character takes two."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["HelpFormatter", "columns", "wrapped"]

_WIDEST, _NARROWEST = 80, 20
_OPENING, _CLOSING = "（《“", "，。；：、）》”！？"
_PIECE = re.compile(
    rf"\s+|[{_OPENING}]*(?:[⺀-鿿][{_CLOSING}]*|[^\s⺀-鿿{_OPENING}{_CLOSING}]+[{_CLOSING}]*|[{_CLOSING}]+)|[{_OPENING}]+"
)


def columns(text: str) -> int:
    """Count the columns that a text takes in a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, width: int) -> list[str]:
    """
    Break a text into lines.

    Args:
        text: White space in it becomes one blank.
        width: Columns; a word that is longer is cut.
    """
    lines, line = [], ""
    for piece in _pieces(text, width):
        if columns(line) + columns(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()]


def _pieces(text: str, width: int) -> Iterator[str]:
    """What may not be broken, a word longer than the width in parts."""
    for match in _PIECE.finditer(text):
        word = " " if match[0].isspace() else match[0]
        while columns(word) > width:
            end = next(end for end in range(len(word), 0, -1) if columns(word[:end]) <= width)
            yield word[:end]
            word = word[end:]
        yield word


class HelpFormatter(click.HelpFormatter):
    """Writes help as wide as the terminal, 80 columns at most, for Chinese as for English."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        room = min(shutil.get_terminal_size().columns, max_width or _WIDEST)
        super().__init__(indent_increment, max(room - 2, _NARROWEST) if width is None else width)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how the command is called; further lines are indented."""
        first, *others = wrapped(f"{prefix or ''}{prog} {args}", self.width - 4)
        self.write("\n".join([first, *(f"    {line}" for line in others)]) + "\n")

    def write_heading(self, heading: str) -> None:
        """Write what stands above a section."""
        colon = ":" if heading.isascii() else "："
        self.write(f"{' ' * self.current_indent}{heading}{colon}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, an empty line between them."""
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            for line in wrapped(paragraph, self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms and what they mean, beside each other; a long term above its meaning."""
        indent, room = " " * self.current_indent, self.width - self.current_indent
        listed = list(rows)
        first = min(max((columns(term) for term, _ in listed), default=0), col_max, room // 2) + col_spacing
        for term, meaning in listed:
            lines = wrapped(meaning, room - first)
            if columns(term) <= first - col_spacing:
                self.write(f"{indent}{term}{' ' * (first - columns(term))}{lines.pop(0)}".rstrip() + "\n")
            else:
                for line in wrapped(term, room):
                    self.write(f"{indent}{line}\n")
            for line in filter(None, lines):
                self.write(f"{indent}{' ' * first}{line}\n")
