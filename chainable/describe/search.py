"""Search operations by parts of their titles, paths or names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Candidate", "Index", "fold"]

_JOINTS = re.compile(r"[-_{}\s]")
_FIRST, _LATER = 5000, 500
"""The score of the first candidate for a word that people use, above all others, and how much less each next one has."""
_STEPS = str.maketrans(".", "/")


def fold(text: str) -> str:
    """Return a text without differences of width, case, ``-``, ``_`` and blanks, and with ``/`` for ``.``."""
    return _JOINTS.sub("", normalize("NFKC", text).lower()).translate(_STEPS)


@frozen
class Candidate:
    """
    An operation or event that can be found; its weight is added to the score, its product tells it from others.

    ``near`` says that it only resembles what was searched, and nothing matches that.
    """

    key: str
    title: str
    name: str
    weight: int = 0
    product: str = ""
    near: bool = False


class Index:
    """
    A list of candidates, in the order of results with equal scores; searching 6,000 takes a few milliseconds.

    Args:
        candidates: All of them.
        words: The words that people use, folded, with the keys that a search for each shows first.
    """

    def __init__(self, candidates: Iterable[Candidate], words: Mapping[str, Sequence[str]] | None = None) -> None:
        self._entries = [(fold(c.title), " ".join(map(fold, c.name.split())), c) for c in candidates]
        self._words = {word: {key: place for place, key in enumerate(keys)} for word, keys in (words or {}).items()}

    def __len__(self) -> int:
        return len(self._entries)

    def knows(self, text: str) -> bool:
        """Return whether a text is one of the words that people use."""
        return fold(text) in self._words

    def search(self, text: str, limit: int | None = 10) -> list[Candidate]:
        """
        Return at most *limit* candidates, best first; all for None.

        Each word of the text must be in the title or the name, or be a word that people use for the candidate. If no
        candidate matches, the text may contain such a word; if it does not, those that share most pairs of
        neighbouring characters are returned, as ``near``.
        """
        words = [word for word in map(fold, text.split()) if word]
        whole = "".join(words)
        if not words:
            return []
        found = self._matching([whole] if whole in self._words else words)
        if not found and (contained := self._contained(whole)):
            found = self._matching([contained])
        near = not found
        found = found or self._similar(whole)
        found.sort(key=lambda pair: -pair[0])
        return [evolve(entry[2], near=True) if near else entry[2] for _, entry in found[:limit]]

    def _matching(self, words: list[str]) -> list[tuple[int, tuple[str, str, Candidate]]]:
        first = [self._words.get(word, {}) for word in words]
        return [(score, entry) for entry in self._entries if (score := _score(words, first, entry))]

    def _contained(self, text: str) -> str | None:
        """Return the one word that people use in a text; None without one, or with several that stand apart."""
        found = sorted((word for word in self._words if word in text and not word.isascii()), key=len, reverse=True)
        if not found:
            return None
        rest = text.replace(found[0], " ")
        return None if any(word in rest for word in found) else found[0]

    def _similar(self, text: str) -> list[tuple[int, tuple[str, str, Candidate]]]:
        pairs = {text[i : i + 2] for i in range(len(text) - 1)}
        least = max(2, (len(pairs) + 1) // 2)
        return [
            (shared, entry)
            for entry in self._entries
            if (shared := sum(pair in entry[0] or pair in entry[1] for pair in pairs)) >= least
        ]


def _score(words: list[str], first: list[dict[str, int]], entry: tuple[str, str, Candidate]) -> int:
    title, name, candidate = entry
    steps = f"/{name.replace(' ', '/')}/"
    total = 0
    for word, places in zip(words, first, strict=True):
        if candidate.key in places:
            total += _FIRST - _LATER * places[candidate.key]
        elif word in title:
            total += 1000 if word == title else 600 if title.startswith(word) or title.endswith(word) else 500
        elif word in name:
            total += 900 if name.rpartition(" ")[2] == word else 550 if f"/{word}/" in steps else 400
        else:
            return 0
    return total + candidate.weight - min(len(title) + len(name) // 4, 90)
