"""The meanings of field names in Chinese and English, read from a file at the first use."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

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
        path: A JSON file: ``{"meanings": {name: [zh, en]}, "prominent": [key, …]}``.

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

    @cached_property
    def _content(self) -> dict[str, dict[str, list[str]]]:
        try:
            content: dict[str, dict[str, list[str]]] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            msg = f"the glossary {self._path} cannot be read: reinstall the package"
            raise ConfigurationError(msg, reason="glossary_unreadable", file=str(self._path)) from None
        return content
