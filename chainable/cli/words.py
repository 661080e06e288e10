"""Texts in two languages: in English to programs, in either to people."""

from __future__ import annotations

__all__ = ["Words", "in_language"]


class Words(str):
    """
    A text in English that knows itself in Chinese.

    Args:
        text: In English; what it is as a ``str``.
        zh: In Chinese.
    """

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, text: str, zh: str) -> Words:  # noqa: PYI034 (mypy wants the class itself in a subclass of str)
        """Keep both."""
        made = super().__new__(cls, text)
        made.zh = zh
        return made


def in_language(text: str, language: str) -> str:
    """Give a text in ``en`` or ``zh``; one that is no :class:`Words` is the same in both."""
    return text.zh if language == "zh" and isinstance(text, Words) else str(text)
