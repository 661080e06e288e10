"""Redaction of the page: the app's secret, and sessions in full, are never shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TOKENS", "Redactor", "masked"]

TOKENS = frozenset({"session", "access_token", "refresh_token", "client_secret", "code"})
"""Parameters with secrets."""

MASK = "********"
SHOWN = 4
_MADE_HERE = re.compile(r"(?<![0-9a-f])6[0-9a-f]{48}(?![0-9a-f])")


def masked(token: str) -> str:
    """Return a token as the page shows it: its beginning."""
    return f"{token[:SHOWN]}…" if len(token) > 2 * SHOWN else MASK


class Redactor:
    """Redacts the data of the page: secrets are masked in full, of tokens the beginning is shown."""

    def __init__(self, secrets: Iterable[str], tokens: Iterable[str] = ()) -> None:
        hidden = {token: masked(token) for token in tokens if len(token) > 2 * SHOWN} | dict.fromkeys(secrets, MASK)
        longest_first = sorted(filter(None, hidden), key=len, reverse=True)
        self._hidden = [(text, hidden[text]) for text in longest_first]

    def text(self, text: str) -> str:
        """Return the text without them; sessions made by the sandbox are known by their form."""
        for hidden, shown in self._hidden:
            text = text.replace(hidden, shown)
        return _MADE_HERE.sub(lambda found: masked(found[0]), text)

    def __call__(self, value: Any) -> Any:
        """JSON values without them; names stay, they are the page's own."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, tuple)):
            return [self(member) for member in value]
        if isinstance(value, dict):
            return {name: self(member) for name, member in value.items()}
        return value
