"""Search operations by parts of their titles, paths or names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Candidate", "Index", "fold"]

_JOINTS = re.compile(r"[-_{}\s]")
_STEPS = str.maketrans(".", "/")


def fold(text: str) -> str:
    """Return a text without differences of width, case, ``-``, ``_`` and blanks, and with ``/`` for ``.``."""
    return _JOINTS.sub("", normalize("NFKC", text).lower()).translate(_STEPS)


@frozen
class Candidate:
    """An operation or event that can be found; its weight is added to the score."""

    key: str
    title: str
    name: str
    weight: int = 0


class Index:
    """A list of candidates, in the order of results with equal scores; searching 6,000 takes a few milliseconds."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._entries = [(fold(c.title), " ".join(map(fold, c.name.split())), c) for c in candidates]

    def __len__(self) -> int:
        return len(self._entries)

    def search(self, text: str, limit: int = 10) -> list[Candidate]:
        """
        Return at most *limit* candidates, best first.

        Each word of the text must be in the title or the name. If no candidate
        matches, those that share most pairs of neighbouring characters are returned.
        """
        words = [word for word in map(fold, text.split()) if word]
        if not words:
            return []
        found = [(score, entry) for entry in self._entries if (score := _score(words, entry))]
        if not found:
            found = self._similar("".join(words))
        found.sort(key=lambda pair: -pair[0])
        return [entry[2] for _, entry in found[:limit]]

    def _similar(self, text: str) -> list[tuple[int, tuple[str, str, Candidate]]]:
        pairs = {text[i : i + 2] for i in range(len(text) - 1)}
        least = max(2, (len(pairs) + 1) // 2)
        return [
            (shared, entry)
            for entry in self._entries
            if (shared := sum(pair in entry[0] or pair in entry[1] for pair in pairs)) >= least
        ]


def _score(words: list[str], entry: tuple[str, str, Candidate]) -> int:
    title, name, candidate = entry
    steps = f"/{name.replace(' ', '/')}/"
    total = 0
    for word in words:
        if word in title:
            total += 1000 if word == title else 600 if title.startswith(word) or title.endswith(word) else 500
        elif word in name:
            total += 900 if name.rpartition(" ")[2] == word else 550 if f"/{word}/" in steps else 400
        else:
            return 0
    return total + candidate.weight - min(len(title) + len(name) // 4, 90)
