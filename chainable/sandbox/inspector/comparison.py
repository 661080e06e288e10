"""The parts of a signed message twice: as they have to be, and as they were signed."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

__all__ = ["Comparison", "Part", "aligned"]

Pieces = tuple[tuple[str, str], ...]

LONGEST = 16 * 1024
"""Characters of a text that the page gets."""

AROUND = 1024
"""Characters before the first difference, of a text that is longer."""


@frozen
class Part:
    """
    One part of a message or of what came with it.

    Args:
        name: What it is called: ``method``, ``body``, ``sign``.
        expected: What it has to be; None if it does not belong there.
        received: What it was; None if it was left out or cannot be known.
    """

    name: str
    expected: str | None = field(repr=False)
    received: str | None = field(repr=False)

    @property
    def differs(self) -> int | None:
        """Index of the first character that differs; None if there is none, or nothing to compare."""
        if self.expected is None or self.received is None or self.expected == self.received:
            return None
        pairs = enumerate(zip(self.expected, self.received, strict=False))
        return next(
            (index for index, (left, right) in pairs if left != right),
            min(len(self.expected), len(self.received)),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON values; of a long text what is around the difference."""
        differs = self.differs
        start = (
            max((differs or 0) - AROUND, 0)
            if max(map(len, (self.expected or "", self.received or ""))) > LONGEST
            else 0
        )
        return {
            "name": self.name,
            "expected": window(self.expected, start),
            "received": window(self.received, start),
            "differs": None if differs is None else differs - start,
            "start": start,
        }


def window(text: str | None, start: int) -> str | None:
    """As much of a text as a page can hold."""
    return None if text is None else text[start : start + LONGEST]


@frozen
class Comparison:
    """
    What was signed, beside what has to be.

    Args:
        state: ``verified``: it is right; ``found``: what was signed instead is known; ``other``: the message is
            another one, and not known; ``foreign``: not made with this key; ``absent``: no signature was
            sent; ``unsigned``: none is needed; ``cut``: the body was too long to be kept.
        parts: The parts of the message; those received are known where the state is ``verified`` or ``found``.
        header: What came along: who signed, when, and the signature.
        zh: What was done instead, in Chinese.
        en: The same in English.
    """

    state: str
    parts: tuple[Part, ...] = ()
    header: tuple[Part, ...] = ()
    zh: str = ""
    en: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON values."""
        return {
            "state": self.state,
            "zh": self.zh,
            "en": self.en,
            "parts": [part.as_json() for part in self.parts],
            "header": [part.as_json() for part in self.header],
        }


def aligned(
    expected: Pieces, received: Pieces | None, *, first: tuple[str, ...] = (), last: tuple[str, ...] = ()
) -> tuple[Part, ...]:
    """
    Return the pieces of two messages side by side: by position if only the order differs, else by name.

    Args:
        expected: Name and text of each piece that has to be signed.
        received: Those that were signed; None if they are not known.
        first: Names that come before the others, which are sorted.
        last: Names that come after them.

    .. versionadded:: 0.1.0
    """
    if received is None:
        return tuple(Part(name, text, None) for name, text in expected)
    if sorted(name for name, _ in expected) == sorted(name for name, _ in received):
        return tuple(Part(name, text, other) for (name, text), (_, other) in zip(expected, received, strict=True))
    texts, others = dict(expected), dict(received)
    within = sorted(name for name in {**texts, **others} if name not in {*first, *last})
    names = [name for name in (*first, *within, *last) if name in texts or name in others]
    return tuple(Part(name, texts.get(name), others.get(name)) for name in names)
