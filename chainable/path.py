"""Paths: what may stand in one, how names are spelled, how variables are filled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from chainable.errors import PathError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["expand", "fold", "kebab", "nearest", "split", "split_name", "variable_name"]

_SEGMENT = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]+|\{[A-Za-z][A-Za-z0-9_]*\}")
_VARIABLE = re.compile(r"_([a-z][a-z0-9]*(?:_[a-z0-9]+)*|[a-z][A-Za-z0-9]*)_")
_PROBES = re.compile(r"_repr_.*_|_ipython_.*_|_jupyter_.*_|_type_|_fields_|_as_parameter_|_sympy_")
_NAME = re.compile(r"[A-Za-z0-9_\-]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def split(path: str) -> list[str]:
    """
    Take a literal path apart.

    Args:
        path: Segments joined by ``/``; one leading slash is ignored, one
            trailing slash stays and gives an empty last segment.

    Raises:
        PathError: A segment is empty, ``.`` or ``..``, or has a character
            that belongs into a variable, the query or nowhere.
        TypeError: The path is no text.
    """
    if not isinstance(path, str):
        msg = f"a path is text, not {type(path).__name__}"
        raise TypeError(msg)
    segments = path.removeprefix("/").split("/")
    for index, segment in enumerate(segments):
        if not _SEGMENT.fullmatch(segment) or segment in {".", ".."}:
            if segment == "" and 0 < index == len(segments) - 1:
                break
            raise PathError(_complaint(segment))
    return segments


def _complaint(segment: str) -> str:
    # The segment itself may be a person's data: it is described, not shown.
    if segment == "":
        return "a path has no empty segments: give 'v3/pay', not 'v3//pay' or ''"
    if segment in {".", ".."}:
        return f"{segment!r} is no segment of a path: it would lead elsewhere"
    if "{" in segment or "}" in segment:
        return "braces mark a whole segment as a variable, as in 'id/{transaction_id}'"
    if "?" in segment:
        return "'?' opens a query: give params={...} to the verb"
    if "%" in segment:
        return "'%' is written by the client: put the plain value into a {variable}"
    odd = next(character for character in segment if not re.fullmatch(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]", character))
    return f"{odd!r} cannot stand in a path: put the value into a {{variable}}, for example get(out_trade_no=...)"


def variable_name(attribute: str) -> str | None:
    """Tell which variable ``_name_`` means (``_outTradeNo_`` is ``out_trade_no``); None if it means none."""
    match = _VARIABLE.fullmatch(attribute)
    if match is None or _PROBES.fullmatch(attribute):
        return None
    return _HUMP.sub("_", match[1]).lower()


def fold(name: str) -> str:
    """Reduce a spelling to what snake_case, kebab-case and camelCase have in common."""
    return name.replace("_", "").replace("-", "").lower()


def kebab(name: str) -> str:
    """Spell a Python name as most platforms' paths do: ``hirePowerBank`` and ``hire_power_bank`` to ``hire-power-bank``."""
    return _HUMP.sub("-", name).replace("_", "-").lower()


def expand(name: str, value: object) -> str:
    """
    Write the value of a path variable as one segment.

    Args:
        name: The variable, for the errors.
        value: Text that is not empty, or an int.

    Raises:
        PathError: The text is empty, ``.``, ``..`` or no Unicode.
        TypeError: It is neither text nor int.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return quote(str(value), safe="")
    if not isinstance(value, str):
        msg = f"{name}: a path variable is a str or an int, not {type(value).__name__}"
        raise TypeError(msg)
    if value in {"", ".", ".."}:
        msg = f"{name}: {value!r} would turn the path into another one"
        raise PathError(msg)
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        msg = f"{name}: the text contains a lone surrogate, which no UTF-8 can carry"
        raise PathError(msg) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest what was meant: ``'; did you mean 'x' or 'y'?'``, or nothing."""
    from difflib import get_close_matches  # only on the way to an error

    found = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""


def split_name(name: str) -> list[str]:
    """
    Take a dotted method name apart.

    Raises:
        PathError: A part is empty or has a character no name has.
        TypeError: The name is no text.
    """
    if not isinstance(name, str):
        msg = f"a method name is text, not {type(name).__name__}"
        raise TypeError(msg)
    parts = name.split(".")
    if not all(_NAME.fullmatch(part) for part in parts):
        msg = f"{name[:80]!r} is no method name: parts of letters, digits, '_' and '-', joined by dots, were expected"
        raise PathError(msg)
    return parts
