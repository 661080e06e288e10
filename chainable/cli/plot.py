"""Amounts over the hours of a day as bars, what goes out in red or hatched: in the terminal, as SVG, as PNG."""

from __future__ import annotations

import struct
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import click

from chainable.cli.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["bars", "png", "svg", "write_image"]

WIDTH, HEIGHT, FOOT, HEAD = 720, 300, 24, 32
_FULL = 50
_BEFORE = len("00:00 00,000,000.00 ") + 1
_EIGHTHS = " ▏▎▍▌▋▊▉"
_PALETTE = bytes((255, 255, 255, 36, 113, 163, 60, 60, 60, 192, 57, 43))
_BLUE, _INK, _RED = 1, 2, 3
_BIG = 2
# Three columns, five rows, from the top: what a PNG needs to say hours and amounts.
_GLYPHS = {
    "0": "####.##.##.####",
    "1": ".#.##..#..#.###",
    "2": "###..#####..###",
    "3": "###..####..####",
    "4": "#.##.####..#..#",
    "5": "####..###..####",
    "6": "####..####.####",
    "7": "###..#..#..#..#",
    "8": "####.#####.####",
    "9": "####.####..####",
    ".": ".............#.",
}


def bars(values: Sequence[Decimal], width: int = 120) -> list[str]:
    """Give lines for a terminal so wide: one for each hour with something in it."""
    largest = _largest(values)
    room = max(min(_FULL, width - _BEFORE), 1)
    lines = []
    for hour, value in enumerate(values):
        if value:
            eighths = int(abs(value) * room * 8 / largest)
            whole, rest = divmod(eighths, 8)
            bar = "█" * whole + _EIGHTHS[rest].strip() if value > 0 else "▒" * max(whole, 1)
            lines.append(f"{hour:02d}:00 {value:>14,.2f} {bar}".rstrip())
    return lines


def svg(title: str, values: Sequence[Decimal]) -> bytes:
    """Draw the same as SVG, with hours, amounts and a title."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="6" y="18" font-size="14">{escape(title)}</text>',
    ]
    for hour, (left, top, wide, tall) in enumerate(_boxes(values)):
        told = f"{hour:02d}:00 {values[hour]:,.2f}"
        colour = "#2471a3" if values[hour] > 0 else "#c0392b"
        parts.append(
            f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="{colour}"><title>{told}</title></rect>'
            f'<text x="{left}" y="{HEIGHT - 8}" font-size="11">{hour:02d}</text>'
        )
    return "\n".join([*parts, "</svg>\n"]).encode()


def png(values: Sequence[Decimal]) -> bytes:
    """Draw the same as PNG, with hours and the largest amount."""
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    for hour, (left, top, wide, tall) in enumerate(_boxes(values)):
        for row in rows[top : top + tall]:
            row[left : left + wide] = bytes([_BLUE if values[hour] > 0 else _RED]) * wide
        _write(rows, f"{hour:02d}", left, HEIGHT - FOOT + 6)
    _write(rows, f"{_largest(values):.2f}", 6, 8)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
            (b"PLTE", _PALETTE),
            (b"IDAT", zlib.compress(pixels)),
            (b"IEND", b""),
        )
    )


def write_image(path: Path, title: str, values: Sequence[Decimal]) -> None:
    """
    Write the image in the form the name ends with.

    Raises:
        click.UsageError: It ends in neither ``.svg`` nor ``.png``.
    """
    kind = path.suffix.lower()
    if kind not in {".svg", ".png"}:
        msg = Words(f"{path}: an image is written as .svg or .png", f"{path}：图片只能存为 .svg 或 .png")
        raise click.UsageError(msg)
    path.write_bytes(svg(title, values) if kind == ".svg" else png(values))


def _largest(values: Sequence[Decimal]) -> Decimal:
    return max((abs(value) for value in values), default=Decimal(0)) or Decimal(1)


def _boxes(values: Sequence[Decimal]) -> Iterator[tuple[int, int, int, int]]:
    step, room, largest = WIDTH // 24, HEIGHT - FOOT - HEAD, _largest(values)
    for index, value in enumerate(values):
        tall = int(abs(value) * room / largest)
        yield index * step + 3, HEIGHT - FOOT - tall, step - 6, tall


def _write(rows: list[bytearray], text: str, left: int, top: int) -> None:
    for place, character in enumerate(text):
        for dot, ink in enumerate(_GLYPHS[character]):
            if ink == "#":
                x, y = left + (place * 4 + dot % 3) * _BIG, top + dot // 3 * _BIG
                for row in rows[y : y + _BIG]:
                    row[x : x + _BIG] = bytes([_INK]) * _BIG


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
