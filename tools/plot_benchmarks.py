"""
Draw the time of a call beside the floor's, for the guide.

``python benchmarks/run.py --save benchmarks/results.json``, then ``python -m tools.plot_benchmarks`` writes
``docs/_static/performance.svg``.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PICTURE = ROOT / "docs" / "_static" / "performance.svg"
_COLOURS = {"ours": "#2a6fbb", "ours, direct": "#1a9a5c"}
_GREY = "#9aa0a6"
_TEXT = "#5f6368"
_LEFT = 120
_WIDTH = 420  # of a bar as long as the longest that is drawn in full
_LONGEST = 1.25  # times the floor; longer bars are cut
_ROW = 22


def drawn(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return an SVG with one bar for each contender; the floor's is 1."""
    parts: list[str] = []
    top = 8
    for group, rows in results.items():
        top += 18
        parts.append(f'<text x="0" y="{top}" font-weight="bold">{escape(group)}</text>')
        top += 8
        for name, row in sorted(rows.items(), key=lambda item: item[1]["x cpu"]):
            ratio = row["x cpu"]
            width = round(min(ratio, _LONGEST) / _LONGEST * _WIDTH)
            label = f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
            cut = " …" if ratio > _LONGEST else ""
            parts.append(
                f'<text x="{_LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
                f'<rect x="{_LEFT}" y="{top + 3}" width="{width}" height="{_ROW - 7}" rx="2" '
                f'fill="{_COLOURS.get(name, _GREY)}"/>'
                f'<text x="{_LEFT + width + 6}" y="{top + 14}">{label} ×{cut}</text>'
            )
            top += _ROW
        top += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 70} {top}" '
        f'font-family="sans-serif" font-size="12" fill="{_TEXT}" role="img">'
        "<title>Processor time of a call, as a multiple of hand-written code with requests</title>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write the picture of the saved results."""
    PICTURE.write_text(drawn(json.loads(RESULTS.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
