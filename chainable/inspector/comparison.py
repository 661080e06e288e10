"""The parts of a signed message twice: as they have to be, and as they were signed."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

__all__ = ["Comparison", "Part"]

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
        """The same as JSON values; of a long text what is around the difference."""
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
            another one, as far as can be told; ``foreign``: not made with this key; ``absent``: no signature was
            sent; ``unsigned``: none is wanted; ``cut``: the body is too long to be kept, so it cannot be told.
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
        """The same as JSON values."""
        return {
            "state": self.state,
            "zh": self.zh,
            "en": self.en,
            "parts": [part.as_json() for part in self.parts],
            "header": [part.as_json() for part in self.header],
        }
