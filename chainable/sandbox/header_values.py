"""Make header fields of whatever a sandbox is given: one line of ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["header_lines", "header_value", "location"]

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_ADDRESS = _PRINTABLE.replace(" ", "").replace('"', "").replace("<", "").replace(">", "").replace("\\", "")


def header_value(text: str) -> str:
    """
    Return a text as the value of a header field.

    What is not printable ASCII is percent-encoded (UTF-8), lone surrogates are replaced by ``?``.
    """
    if text.isascii() and text.isprintable():
        return text
    return quote(text.encode(errors="replace"), safe=_PRINTABLE)


def header_lines(headers: Sequence[tuple[str, str]]) -> list[str]:
    """Return the lines of these header fields, each value as :func:`header_value` gives it."""
    lines = [f"{name}: {value}" for name, value in headers]
    if all(map(str.isascii, lines)) and all(map(str.isprintable, lines)):  # at once: nearly always
        return lines
    return [f"{name}: {header_value(value)}" for name, value in headers]


def location(url: str) -> str:
    """Return a URL as the value of ``Location``: nothing in it can end the field or the URL."""
    return quote(url.encode(errors="replace"), safe=_ADDRESS)
