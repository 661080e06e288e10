"""Business parameters, written as the platform reads them: each as one text or one file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.multipart import FilePart
    from chainable.values import Form, ValueWriter

__all__ = ["FILE", "forms_of", "write"]

PLAIN = frozenset({"String", "Number", "Boolean", "Date", "Price", "BigDecimal", "byte"})
"""The catalogue's types whose lists are joined with commas; other lists are JSON."""

FILE = "byte[]"


def forms_of(kinds: Mapping[str, str]) -> dict[str, Form]:
    """
    Return how parameters are written, by name.

    Args:
        kinds: The catalogue's types by name, ``[]`` behind a list's; empty for an unknown method.
    """
    return {name: _form(kind) for name, kind in kinds.items()}


def _form(kind: str) -> Form:
    if kind == FILE:
        return "file"
    return "comma" if kind.removesuffix("[]") in PLAIN else "json"


def write(parameters: Mapping[str, Any], forms: Mapping[str, Form]) -> tuple[dict[str, str], dict[str, FilePart]]:
    """
    Write business parameters as texts and files by name; None and blank values are left out.

    Args:
        parameters: Values by name.
        forms: As :func:`forms_of` returns them.

    Raises:
        CodecError: A value cannot be written.
        TypeError: A value is a float, a naive datetime or of an unsupported type.
    """
    return _writer().write(parameters, forms)


@cache
def _writer() -> ValueWriter:
    from chainable.values import ValueWriter  # imported lazily: most calls have texts and whole numbers only

    return ValueWriter(lists="comma")
