"""The body of a batch: calls joined by a separator, and the bodies of its responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from chainable.errors import ConfigurationError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SEPARATOR", "check_separator", "read_batch", "write_batch", "write_form"]

SEPARATOR = "\r\n-S-\r\n"
_SHARED = "#PUBLIC#"
_SHAREABLE = ("method", "session", "target_app_key")
_NEEDS_NO_ESCAPE = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_NO_PARAMETERS = "N"


def write_batch(
    calls: Sequence[tuple[Mapping[str, str], Mapping[str, str]]],
    separator: str = SEPARATOR,
    query: Mapping[str, str] | None = None,
) -> bytes:
    """
    Write the body of a batch.

    Args:
        calls: The system parameters of each call (one mapping for all calls with the same ones) and its own.
        separator: The text between two calls.
        query: The parameters of the URL's query, which the body leaves out.
    """
    publics = {id(public): public for public, _ in calls}
    first, *others = publics.values()
    shared = {
        name: first[name]
        for name in _SHAREABLE
        if name in first and all(public.get(name) == first[name] for public in others)
    }
    elsewhere = {**(query or {}), **shared}
    escaped = _Escaped()
    heads = {
        key: write_form([pair for pair in public.items() if elsewhere.get(pair[0]) != pair[1]], escaped)
        for key, public in publics.items()
    }
    parts = [_SHARED + write_form(shared.items(), escaped)] if shared else []
    before, head = None, ""
    for public, texts in calls:
        if public is not before:
            before, head = public, heads[id(public)]
        own = "&".join([
            f"{escaped[name]}={value if value.isalnum() and value.isascii() else escaped[value]}"
            for name, value in texts.items()
        ])  # fmt: skip
        parts.append(f"{head}&{own}" if head and own else head or own or _NO_PARAMETERS)
    return separator.join(parts).encode()


class _Escaped(dict[str, str]):
    """The texts of one batch with their escapes: its names, and many values, repeat."""

    def __missing__(self, text: str) -> str:
        self[text] = escaped = text if _NEEDS_NO_ESCAPE(text) else quote_plus(text)
        return escaped


def write_form(pairs: Iterable[tuple[str, str]], escaped: Mapping[str, str] | None = None) -> str:
    """Write pairs as a form, with the escape of each text if it is known."""
    escaped = _Escaped() if escaped is None else escaped
    return "&".join([f"{escaped[name]}={escaped[value]}" for name, value in pairs])


def read_batch(body: bytes, count: int, separator: str = SEPARATOR) -> list[bytes] | None:
    """
    Split the body of a batch's response; None if there are not as many parts as calls.

    A separator inside a JSON text does not separate, nor does one behind the last part.
    """
    mark = separator.encode()
    parts = body.split(mark)
    if len(parts) > count:
        parts = _join_texts(parts, mark)
    if len(parts) == count + 1 and not parts[-1].strip():
        parts.pop()  # a separator behind the last part
    return parts if len(parts) == count else None


def _join_texts(pieces: list[bytes], mark: bytes) -> list[bytes]:
    """Join the pieces that were split inside a JSON text."""
    parts: list[list[bytes]] = []
    inside = False
    for piece in pieces:
        if inside:
            parts[-1].append(piece)
        else:
            parts.append([piece])
        # A piece with an odd number of unescaped quotes ends inside a JSON text.
        if inside or piece[:1] == b"{":
            inside ^= re.sub(rb"\\.", b"", piece, flags=re.DOTALL).count(b'"') % 2 == 1
    return [mark.join(part) for part in parts]


def check_separator(separator: str) -> None:
    """Check a custom separator: one line of ASCII that cannot be part of a form."""
    if (
        not isinstance(separator, str)
        or not separator.isascii()
        or not separator.isprintable()
        or separator != separator.strip()
    ):
        raise ConfigurationError(
            Words(
                "separator: one line of ASCII text was expected, without white space around it",
                "separator：应为一行 ASCII 文本，首尾没有空白",
            )
        )
    if re.fullmatch(r"[A-Za-z0-9_.~%&=+#-]*", separator):
        raise ConfigurationError(
            Words(
                "separator: it has to have a character that no parameter is written with, such as '|'",
                "separator：须含有参数中不会出现的字符，例如 '|'",
            )
        )
