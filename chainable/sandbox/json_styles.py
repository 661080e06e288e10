"""Other spellings of a JSON text: libraries differ in blanks, escapes and the order of members."""

from __future__ import annotations

import json
from itertools import product

__all__ = ["SPELLINGS", "respelled"]

_STYLES = tuple(product((False, True), ((",", ":"), (", ", ": ")), (False, True)))
SPELLINGS = 2 * len(_STYLES)
"""How many spellings a JSON text has."""


def respelled(text: str | bytes) -> list[str]:
    """Return a JSON text in every usual spelling, :data:`SPELLINGS` texts; none if it is not JSON."""
    try:
        value = json.loads(text)
        styled = [
            json.dumps(value, ensure_ascii=escaped, separators=separators, sort_keys=ordered)
            for escaped, separators, ordered in _STYLES
        ]
    except (ValueError, RecursionError):
        return []
    return [*styled, *(each.replace("/", "\\/") for each in styled)]
