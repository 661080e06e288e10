"""Redact secrets in text: known values in every encoding, and all values under names such as ``token``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from chainable.masking import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["PERSONAL_NAMES", "SECRET_NAMES", "encodings", "redact_named", "redact_values"]

SECRET_NAMES = "session|secret|token|passw|pwd"  # noqa: S105 (names, not a secret)
"""A pattern of the words that names of secrets contain; letter case is ignored."""

PERSONAL_NAMES = (
    "openid|open_?uid|unionid|phone|mobile|_tel|email|encrypted_(?:name|echo)|id_?card|id_?number|_id_no|id_?doc|cred_id|cert_n|certificates?_n|"
    "identi|real_?name|true_?name|user_?name|admin_name|contact_name|driver_name|receiver_name|consignee|legal_rep|nick|"
    "address|bank_?account|bank_?card|bank_no|card_?n|account_?n|client_ip|create_ip"
)
"""The same for names of personal data in paths, queries and bodies."""


def encodings(value: str | Secret[str]) -> list[str]:
    """Return the encodings of a text in a URL, a form, JSON, XML and a Python repr, the longest first."""
    plain = Secret.of(value).reveal()
    forms = {spell(form) for form in (plain, plain.strip()) if form for spell in _SPELLINGS}
    return sorted(forms, key=len, reverse=True)


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;"})


def _repr(text: str) -> str:
    return repr(text)[1:-1]


def _quoted(text: str) -> str:
    return quote(text, errors="replace")


def _form(text: str) -> str:
    return quote_plus(text, errors="replace")


def _quoted_whole(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _quoted_twice(text: str) -> str:
    return quote(_quoted_whole(text), safe="")


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    _json,
    _ascii_json,
    escape,
    _attribute,
    _repr,
    _quoted,
    _form,
    _quoted_whole,
    _quoted_twice,
)


def redact_values(text: str, values: Iterable[str | Secret[str]], mask: str) -> str:
    """Replace values with the mask, in all their :func:`encodings`."""
    for form in sorted({form for value in values for form in encodings(value)}, key=len, reverse=True):
        # Percent-encoding may use upper or lower case.
        pattern = re.sub("%[0-9A-F]{2}", lambda found: f"(?i:{found[0]})", re.escape(form))
        text = re.sub(pattern, lambda _: mask, text)
    return text


def redact_named(text: str, mask: str, names: str = SECRET_NAMES) -> str:
    """
    Replace the values of secret names with the mask: form and URL parameters, JSON members, XML elements, headers.

    Args:
        text: Any text; it may be truncated.
        mask: The replacement.
        names: A pattern of the words that names of secrets contain; letter case is ignored.
    """
    name = rf"[\w.:%-]*(?:{names})[\w.:%-]*"
    for pattern in (
        rf'(?i)("[^"\n]*(?:{names})[^"\n]*"\s*:\s*")(?:[^"\\]|\\.)*',
        rf'(?i)(\\"[^"\n]*(?:{names})[^"\n]*\\"\s*:\s*\\")(?:[^"\\]|\\[^"])*',
        rf"(?i)(<{name}[^<>\n]*>(?:<!\[CDATA\[)?)[^<\]]*",
        rf"(?im)((?:^|[?&#\s;]){name}=)[^&#\s;]*",
    ):
        text = re.sub(pattern, lambda found: found[1] + mask, text)
    return text
