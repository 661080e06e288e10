"""Texts of a description in both languages."""

from __future__ import annotations

__all__ = ["Label"]


class Label(str):
    """
    A text in Chinese, with its English.

    Args:
        zh: In Chinese; the value as a ``str``.
        en: In English.
    """

    __slots__ = ("en",)

    en: str

    def __new__(cls, zh: str, en: str) -> Label:  # noqa: PYI034 (mypy wants the class itself in a subclass of str)
        """Keep both."""
        made = super().__new__(cls, zh)
        made.en = en
        return made
