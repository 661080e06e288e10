"""Whether a pattern with ``*`` can mean a name that has variables: ``POST v3/orders/*`` and ``POST v3/orders/{number}/close``."""

from __future__ import annotations

import re

__all__ = ["can_mean"]

_PART = re.compile(r"\{[^{}/]*\}|.", re.DOTALL)
_CLASS = re.compile(r"\[[^\]]+\]")


def can_mean(pattern: str, template: str) -> bool:
    """
    Return whether some text fits both a pattern and a template.

    Args:
        pattern: As :mod:`fnmatch` reads it; a class in brackets counts as any character.
        template: A text in which ``{…}`` stands for one character or more, without a slash.
    """
    pattern = _CLASS.sub("?", pattern)
    places = _stars(pattern, {0})
    for part in _PART.findall(template):
        places = _after(pattern, places, part if len(part) == 1 else None)
        if len(part) > 1:
            known: set[int] = set()
            while not places <= known:
                known |= places
                places = _after(pattern, known, None)
            places = known
        if not places:
            return False
    return len(pattern) in places


def _after(pattern: str, places: set[int], character: str | None) -> set[int]:
    """Return the places in a pattern behind one character more; None: any but a slash."""
    reached = set()
    for place in places:
        expected = pattern[place : place + 1]
        if expected == "*":
            reached.add(place)
        elif expected == "?" or (expected and (expected == character if character else expected != "/")):
            reached.add(place + 1)
    return _stars(pattern, reached)


def _stars(pattern: str, places: set[int]) -> set[int]:
    """Return the places, and those behind the stars that stand there: a star can mean nothing."""
    reached = set(places)
    for place in places:
        following = place
        while pattern[following : following + 1] == "*":
            following += 1
            reached.add(following)
    return reached
