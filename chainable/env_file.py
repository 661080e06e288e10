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
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


def parse_env(text: Secret[str]) -> dict[str, str] | tuple[int, str]:
    r"""
    Read the settings of a file; the last one of a name counts.

    A value is written in one of three forms:

    * bare: it ends at the line's end or before `` #``, which begins a comment; ``${NAME}`` and ``${NAME:-default}``
      are replaced by a setting above or a variable of the environment;
    * in double quotes: over several lines, with ``\n``, ``\"`` and the like, and ``${NAME}`` as above;
    * in single quotes: over several lines, taken literally but for ``\\`` and ``\'``.

    Args:
        text: The file, with LF or CRLF. A comment begins with ``#``; ``export`` before a name is ignored.

    Returns:
        The values by name; or the number of a wrong line, from 1, and why it is wrong: ``control_character``,
        ``not_an_assignment`` or ``quote_not_closed``.
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
    if not value.startswith("#") and " #" not in value and "${" not in value:
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _entry(source: Secret[str], position: int, known: Mapping[str, str]) -> MaskedTuple[Any] | str:
    """Return the start of the next line with name and value, both empty for a blank line; or why the line is wrong."""
    text = source.reveal()
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    name, equals, value = text[position:end].strip(_BLANK).removeprefix("export ").partition("=")
    if not (name + equals).strip(_BLANK) or name.lstrip(_BLANK).startswith("#"):
        return "control_character" if _CONTROLS.search(name + value) else MaskedTuple((end + 1, "", ""))
    if _CONTROLS.search(name):
        return "control_character"
    if not equals:
        return "not_an_assignment"
    quote = value.lstrip(_BLANK)[:1]
    if quote not in _QUOTED:
        if _CONTROLS.search(value):
            return "control_character"
        value = _filled(_COMMENT.sub("", value).strip(_BLANK), known)
    else:
        quoted = _QUOTED[quote].match(text, text.index(quote, text.index("=", position)))
        if quoted is None:
            return "quote_not_closed"
        if _CONTROLS.search(quoted[1].replace("\n", "")):
            return "control_character"
        value = _unescaped(quoted[1], known) if quote == '"' else re.sub(r"\\([\\'])", r"\1", quoted[1])
        end = quoted.end()
    return MaskedTuple((end + 1, name.strip(_BLANK), value))


def _unescaped(text: str, known: Mapping[str, str]) -> str:
    return _filled(_ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text), known)


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` and ``${NAME:-default}``; a name that is not set is empty."""
    return _VARIABLE.sub(lambda found: known.get(found[1]) or os.environ.get(found[1]) or found[2] or "", text)
