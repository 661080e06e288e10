"""Remove keys, secrets, signatures and personal data from what a command prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainable.masking import Secret
from chainable.redaction import SECRET_NAMES, redact_named, redact_values

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HIDDEN", "Redactor"]

HIDDEN = "<redacted>"
_SHORTEST = 4
_PATTERNS = (
    (re.compile(r'(signature=")[^"]*'), rf"\1{HIDDEN}"),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)"), HIDDEN),
    (re.compile(r"(?im)^(> (?:(?:proxy-)?authorization: (?:basic|bearer) |cookie: )).*$"), rf"\1{HIDDEN}"),
)


class Redactor:
    """
    Removes secrets from text: known values in any encoding, and the values of confidential names.

    Args:
        secrets: Texts to remove; those shorter than four characters are ignored.
        names: A pattern that confidential names contain.
    """

    def __init__(self, secrets: Iterable[str] = (), names: str = SECRET_NAMES) -> None:
        self._secrets = [Secret(secret.strip()) for secret in secrets if len(secret.strip()) >= _SHORTEST]
        self._names = names

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        text = redact_values(text, self._secrets, HIDDEN)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return redact_named(text, HIDDEN, self._names)

    def also(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that also removes these secrets."""
        return Redactor([*(secret.reveal() for secret in self._secrets), *secrets], self._names)
