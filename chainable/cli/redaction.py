"""What must not be shown is not: keys, secrets, signatures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HIDDEN", "Redactor"]

HIDDEN = "<redacted>"
_SHORTEST = 4
_PATTERNS = (
    (re.compile(r'(signature=")[^"]*'), rf"\1{HIDDEN}"),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)"), HIDDEN),
)


class Redactor:
    """
    Takes secrets out of text.

    Args:
        secrets: The texts that must not be shown; those shorter than four characters are none.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret.strip() for secret in secrets if len(secret.strip()) >= _SHORTEST}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Give the text without them."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return text
