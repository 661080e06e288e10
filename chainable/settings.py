"""Read settings from environment variables and files."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.masking import MaskedDict, MaskedTuple, Secret, shown_name
from chainable.path import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["check_texts", "read_environment", "read_toml"]

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BLANK = " \t"
_LOCATION = re.compile(r"\((at [a-z0-9 ,]+)\)\Z")


def read_environment(prefix: str, names: Collection[str], file: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """
    Read settings whose names begin with a prefix; empty ones are omitted.

    Args:
        prefix: The prefix of the variables, such as ``SHOP_``.
        names: The known settings, in capitals, without the prefix.
        file: A file with ``NAME=value`` lines in UTF-8. It replaces the
            environment, so that a test account is never mixed with a real
            one. Lines end with LF or CRLF.

    Returns:
        The values by lower-case name.

    Raises:
        ConfigurationError: The file cannot be read, or a line is not a setting
            or contains a control character. The message does not quote the line.

    Warns:
        UserWarning: The name of a variable with the prefix is not a known setting.
    """
    source: Mapping[str, str] = os.environ if file is None else _settings(Path(file))
    found: dict[str, str] = MaskedDict()
    unknown: list[str] = []
    for name in source:
        if name.startswith(prefix):
            setting = name.removeprefix(prefix)
            if setting not in names:
                unknown.append(setting)
            elif source[name]:
                found[setting.lower()] = source[name]
    for setting in unknown:
        shown = shown_name(setting)
        name = prefix + (setting if shown == repr(setting) else shown)
        warnings.warn(f"{name} is not a setting{did_you_mean(setting, names)}", stacklevel=3)
    return found


def _settings(file: Path) -> dict[str, str]:
    entries = MaskedTuple(_entry(line) for line in _text(file).reveal().split("\n"))
    wrong = [(number, entry) for number, entry in enumerate(entries, 1) if isinstance(entry, str)]
    if wrong:
        msg = f"{file}: line {wrong[0][0]} {wrong[0][1]}"
        raise ConfigurationError(msg)
    return MaskedDict(entry for entry in entries if isinstance(entry, tuple))


def _entry(line: str) -> tuple[str, str] | str | None:
    """Return the name and value of a line, None for a blank line or a comment, or a description of the mistake."""
    text = line.removesuffix("\r")
    if _CONTROLS.search(text):
        return "contains a control character: remove it, and end lines with LF or CRLF"
    text = text.strip(_BLANK).removeprefix("export ").strip(_BLANK)
    if not text or text.startswith("#"):
        return None
    name, equals, value = text.partition("=")
    if not equals:
        return "is not a setting: write NAME=value"
    value = value.strip(_BLANK)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name.strip(_BLANK), value


def read_toml(file: str | os.PathLike[str], name: str, names: Collection[str]) -> dict[str, Any]:
    """
    Read settings from a TOML file: the table *name*, or the top level of the file.

    Raises:
        ConfigurationError: The file cannot be read, is not TOML, has a value
            that is not a table under the name, or has an unknown setting.
    """
    path = Path(file)
    settings, problem = _table(_text(path), name, names)
    if problem:
        msg = f"{path}: {problem}"
        raise ConfigurationError(msg)
    return settings


def _table(text: Secret[str], name: str, names: Collection[str]) -> tuple[dict[str, Any], str]:
    """Return the settings and an empty text, or a description of the mistake, which quotes no names or values."""
    content = _toml(text)
    if isinstance(content, str):
        return {}, f"is not TOML{content}"
    found: Any = content.get(name, content)
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "a single value"
        return {}, f"{name} is {kind}, a table was expected: write [{name}] above the settings, in single brackets"
    for setting in found:
        if setting not in names:
            return {}, f"{shown_name(setting)} is not a setting{did_you_mean(setting, names)}"
    return MaskedDict(found), ""


def _toml(text: Secret[str]) -> dict[str, Any] | str:
    """Return the content, or the location of the syntax error; the parser's message would quote the file."""
    import tomli

    try:
        return MaskedDict(tomli.loads(text.reveal()))
    except (ValueError, RecursionError) as error:
        location = _LOCATION.search(str(error))
        return f" ({location[1]})" if location else ""


def check_texts(
    found: Mapping[str, Any],
    origin: object,
    *,
    numbers: Collection[str] = (),
    lists: Collection[str] = (),
    tables: Collection[str] = (),
    flags: Collection[str] = (),
) -> dict[str, Any]:
    """
    Check that settings are text, and return them.

    Args:
        found: Values by name.
        origin: The file, for the error message.
        numbers: Names whose value may be an integer; it is converted to a str.
        lists: Names whose value may be a list of str.
        tables: Names whose value is a table of str.
        flags: Names whose value may be true or false.

    Raises:
        ConfigurationError: A value has another type. The message does not quote the value.
    """
    found = MaskedDict(found)
    for name in found:
        if not _fits(found, name, numbers, lists, tables, flags):
            expected = "a table of texts" if name in tables else "text"
            msg = f"{origin}: {name}: {expected} was expected"
            raise ConfigurationError(msg)
    return MaskedDict({name: str(value) if name in numbers else value for name, value in found.items()})


def _fits(
    found: Mapping[str, Any],
    name: str,
    numbers: Collection[str],
    lists: Collection[str],
    tables: Collection[str],
    flags: Collection[str],
) -> bool:
    value = found[name]
    if name in tables:
        return isinstance(value, dict) and _are_texts(value.values())
    if isinstance(value, list):
        return name in lists and bool(value) and _are_texts(value)
    if isinstance(value, bool):
        return name in flags
    return isinstance(value, str) or (isinstance(value, int) and name in numbers)


def _are_texts(values: Collection[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _text(file: Path) -> Secret[str]:
    """Read a file without converting line ends."""
    try:
        data = Secret(file.read_bytes())
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror})"
        raise ConfigurationError(msg) from None
    text = _decoded(data)
    if text is None:
        msg = f"{file}: is not UTF-8; save it as UTF-8"
        raise ConfigurationError(msg)
    return text


def _decoded(data: Secret[bytes]) -> Secret[str] | None:
    # A UnicodeDecodeError holds the whole content, so it is not raised further.
    try:
        return Secret(data.reveal().decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None
