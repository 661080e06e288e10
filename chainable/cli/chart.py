"""A bar chart of the amounts per hour: in the terminal and as SVG; negative amounts are red or hatched."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import click

from chainable.cli.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

__all__ = ["bars", "svg", "write_image"]

WIDTH, HEIGHT, FOOT, HEAD = 720, 300, 24, 32
_LONGEST = 50
_BEFORE = len("00:00 00,000,000.00 ") + 1
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(values: Sequence[Decimal], width: int = 120) -> list[str]:
    """Return one line for each hour with an amount, at most *width* columns wide."""
    largest = _largest(values)
    room = max(min(_LONGEST, width - _BEFORE), 1)
    lines = []
    for hour, value in enumerate(values):
        if value:
            whole, rest = divmod(int(abs(value) * room * 8 / largest), 8)
            bar = "█" * whole + _EIGHTHS[rest].strip() if value > 0 else "▒" * max(whole, 1)
            lines.append(f"{hour:02d}:00 {value:>14,.2f} {bar}".rstrip())
    return lines


def svg(title: str, values: Sequence[Decimal]) -> bytes:
    """Return an SVG with a title, hours and amounts."""
    step, room, largest = WIDTH // 24, HEIGHT - FOOT - HEAD, _largest(values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="6" y="18" font-size="14">{escape(title)}</text>',
    ]
    for hour, value in enumerate(values):
        left, tall = hour * step + 3, int(abs(value) * room / largest)
        colour = "#2471a3" if value > 0 else "#c0392b"
        parts.append(
            f'<rect x="{left}" y="{HEIGHT - FOOT - tall}" width="{step - 6}" height="{tall}" fill="{colour}">'
            f"<title>{hour:02d}:00 {value:,.2f}</title></rect>"
            f'<text x="{left}" y="{HEIGHT - 8}" font-size="11">{hour:02d}</text>'
        )
    return "\n".join([*parts, "</svg>\n"]).encode()


def write_image(path: Path, title: str, values: Sequence[Decimal]) -> None:
    """Write the chart as SVG; another name than ``….svg`` is a usage error."""
    if path.suffix.lower() != ".svg":
        name = path.with_suffix(".svg").name
        raise click.UsageError(
            Words(f"{path}: the chart is an SVG: use {name}", f"{path}：图表只能存为 SVG：请用 {name}")
        )
    path.write_bytes(svg(title, values))


def _largest(values: Sequence[Decimal]) -> Decimal | int:
    return max(map(abs, values), default=0) or 1
