"""The meanings of field names in Chinese and English, read from a file at the first use."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Glossary", "Meaning"]


@frozen
class Meaning:
    """The meaning of a field name in both languages."""

    zh: str
    en: str


class Glossary:
    """
    The meanings of field names.

    Args:
        path: A JSON file: ``{"meanings": {name: [zh, en]}, "prominent": [key, …], "words": {word: [key, …]},
            "products": {prefix of a path: name}}``.

    Raises:
        ConfigurationError: At the first use, if the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> Meaning | None:
        """Return the meaning of a field, None without an entry."""
        found = self.meanings.get(name)
        return Meaning(*found) if found else None

    @property
    def meanings(self) -> dict[str, list[str]]:
        """All entries: the name to its Chinese and its English meaning."""
        meanings: dict[str, list[str]] = self._content["meanings"]
        return meanings

    @property
    def prominent(self) -> frozenset[str]:
        """The most used operations, which a search lists first."""
        return frozenset(self._content["prominent"])

    @property
    def words(self) -> dict[str, list[str]]:
        """The words that people use, folded, with the keys that a search for each shows first."""
        words: dict[str, list[str]] = self._content["words"]
        return words

    def product(self, path: str) -> str:
        """Return the name of the product that a path belongs to, by its longest known beginning; ``''`` without one."""
        products, segments = self._content["products"], path.split("/")
        beginnings = ("/".join(segments[:count]) for count in range(len(segments), 0, -1))
        return next((products[each] for each in beginnings if each in products), "")

    @cached_property
    def _content(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            msg = f"the glossary {self._path} cannot be read: reinstall the package"
            raise ConfigurationError(msg, reason="glossary_unreadable", file=str(self._path)) from None
        return content
