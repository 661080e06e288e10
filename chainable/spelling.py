"""Suggestions for misspelt names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "similar_names"]


def similar_names(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return at most three names that are similar to a wrong one: from *cutoff* on, where 1 is the same."""
    from difflib import get_close_matches  # needed for errors only

    return get_close_matches(name, list(known), n=3, cutoff=cutoff)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a suggestion of similar names, ``"; did you mean 'x' or 'y'?"``, or an empty text."""
    found = similar_names(name, known)
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""
