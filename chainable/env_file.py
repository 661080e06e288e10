"""
Files of ``NAME=value`` lines, as python-dotenv, docker compose and node read them.

https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax,
https://saurabh-kumar.com/python-dotenv/reference/#file-format
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from chainable.masking import MaskedDict, MaskedTuple, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["env_value", "parse_env"]

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BLANK = " \t"
_QUOTED = {
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'[ \t]*(?:#[^\n]*)?(?=\n|\Z)", re.DOTALL),
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#[^\n]*)?(?=\n|\Z)', re.DOTALL),
}
_COMMENT = re.compile(r"[ \t]#.*")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = re.compile(rf"\$\{{({_NAME})(?:(:?-)([^}}]*))?\}}")
_EXPANSION = re.compile(rf"\$\{{{_NAME}[:?+-]")
_BARE_VARIABLE = re.compile(rf"(?<![$\\])\$({_NAME})")
_EXPORT = re.compile(r"export[ \t]+")
_COLON = re.compile(rf"({_NAME})[ \t]*:(?:[ \t]+(.*))?")
_QUOTED_NAME = re.compile(rf"'({_NAME})'")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


def parse_env(text: Secret[str]) -> dict[str, str] | tuple[int, str]:
    r"""
    Read the settings of a file; the last one of a name counts.

    ``NAME: value`` is read as ``NAME=value``, as docker compose does. A value is written in one of three forms:

    * bare: it ends at the line's end or before `` #``, which begins a comment; ``${NAME}``, ``${NAME:-default}`` and
      ``${NAME-default}`` are replaced by a setting above or a variable of the environment;
    * in double quotes: over several lines, with ``\n``, ``\"`` and the like, and ``${NAME}`` as above;
    * in single quotes: over several lines, taken literally but for ``\\`` and ``\'``.

    ``$NAME`` without braces is refused if NAME is set, for docker compose replaces it and python-dotenv does not; a
    dollar sign of a password stays as it is.

    Args:
        text: The file, with LF or CRLF. A comment begins with ``#``; ``export`` before a name is ignored.

    Returns:
        The values by name; or the number of a wrong line, from 1, and why it is wrong: ``control_character``,
        ``not_an_assignment``, ``several_lines_without_quotes``, ``name_with_blank``, ``quote_not_closed``,
        ``unknown_expansion``, or ``dollar_name`` with a blank and the name behind it.
    """
    source = Secret(text.reveal().replace("\r\n", "\n"))
    found: dict[str, str] = MaskedDict()
    position, line, end = 0, 1, len(source.reveal())
    while position <= end:
        entry = _entry(source, position, found)
        if isinstance(entry, str):
            return line, entry
        if entry[1]:
            found[entry[1]] = entry[2]
        line += source.reveal().count("\n", position, entry[0])
        position = entry[0]
    return found


def env_value(value: str) -> str:
    """Write a printable value so that every reader reads it alike: in quotes, if a reader would change it bare."""
    if not value.startswith("#") and " #" not in value and "$" not in value:
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _entry(source: Secret[str], position: int, known: Mapping[str, str]) -> MaskedTuple[Any] | str:
    """Return the start of the next line with name and value, both empty for a blank line; or why the line is wrong."""
    text = source.reveal()
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    written = text[position:end].strip(_BLANK)
    if not written or written.startswith("#"):
        return "control_character" if _CONTROLS.search(written) else MaskedTuple((end + 1, "", ""))
    written = _EXPORT.sub("", written, count=1) if _EXPORT.match(written) else written
    name, equals, value = _assignment(written)
    if _CONTROLS.search(name):
        return "control_character"
    if not equals:
        return "not_an_assignment"
    if re.search(r"\s", name):
        return "name_with_blank"
    quote = value.lstrip(_BLANK)[:1]
    if quote in _QUOTED:
        quoted = _QUOTED[quote].match(text, text.index(quote, text.index(equals, position)))
        if quoted is None:
            return "quote_not_closed"
        if _CONTROLS.search(quoted[1].replace("\n", "")):
            return "control_character"
        if quote == "'":
            return MaskedTuple((quoted.end() + 1, name, re.sub(r"\\([\\'])", r"\1", quoted[1])))
        value, end = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), quoted[1]), quoted.end()
    elif _CONTROLS.search(value):
        return "control_character"
    elif "-----BEGIN" in value and "-----END" not in value:
        return "several_lines_without_quotes"
    else:
        value = _COMMENT.sub("", value).strip(_BLANK)
    wrong = _wrong_dollar(value, known)
    return wrong or MaskedTuple((end + 1, name, _filled(value, known)))


def _assignment(line: str) -> MaskedTuple[str]:
    """Return name, separator and value of a line; the separator is empty if it has none."""
    name, equals, value = line.partition("=")
    colon = _COLON.fullmatch(line)
    if colon is not None and colon.end(1) < len(name.rstrip(_BLANK)):
        name, equals, value = colon[1], ":", colon[2] or ""
    quoted = _QUOTED_NAME.fullmatch(name.strip(_BLANK))
    return MaskedTuple((quoted[1] if quoted else name.strip(_BLANK), equals, value))


def _wrong_dollar(value: str, known: Mapping[str, str]) -> str:
    """Return why a dollar sign in a value is not clear; empty if all are."""
    for found in _EXPANSION.finditer(value):
        if _VARIABLE.match(value, found.start()) is None:
            return "unknown_expansion"
    for found in _BARE_VARIABLE.finditer(value):
        if found[1] in known or found[1] in os.environ:
            return f"dollar_name {found[1]}"
    return ""


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` and ``${NAME:-default}``; a name that is not set is empty."""
    return _VARIABLE.sub(lambda found: _value(found, known), text)


def _value(found: re.Match[str], known: Mapping[str, str]) -> str:
    given = known.get(found[1]) or os.environ.get(found[1])
    is_set = found[1] in known or found[1] in os.environ
    return given or ("" if found[2] == "-" and is_set else found[3] or "")
