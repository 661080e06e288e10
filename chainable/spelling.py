"""Suggestions for misspelt names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "one_edit", "similar_names"]


def similar_names(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return at most three names that are similar to a wrong one: from *cutoff* on, where 1 is the same."""
    from difflib import get_close_matches  # needed for errors only

    return get_close_matches(name, list(known), n=3, cutoff=cutoff)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> Words:
    """Return a suggestion of similar names, ``"; did you mean 'x' or 'y'?"``, or an empty text."""
    found = [repr(each) for each in similar_names(name, known, cutoff)]
    if not found:
        return Words("", "")
    return Words(f"; did you mean {' or '.join(found)}?", f"；是否要写 {' 或 '.join(found)}？")


def one_edit(word: str, option: str) -> bool:
    """Return whether one letter added, removed, changed or swapped turns the word into the option."""
    difference = len(word) - len(option)
    if not -1 <= difference <= 1:
        return False
    start = 0
    while start < min(len(word), len(option)) and word[start] == option[start]:
        start += 1
    rest, expected = word[start:], option[start:]
    if difference:
        return rest[1:] == expected if difference > 0 else rest == expected[1:]
    return rest[1:] == expected[1:] or (rest[1::-1] == expected[:2] and rest[2:] == expected[2:])
