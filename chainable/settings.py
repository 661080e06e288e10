"""Read settings from environment variables and files."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.env_file import parse_env
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict, Secret, looks_like_key, shown_name
from chainable.path import did_you_mean, similar_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["check_texts", "read_environment", "read_toml"]

_PREFIX = re.compile("[A-Za-z0-9_]*")
_LOCATION = re.compile(r"\(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)\Z")
PROBLEMS = {
    "control_character": "line {line} contains a control character: remove it, and end lines with LF or CRLF",
    "not_an_assignment": "line {line} is not a setting: write NAME=value",
    "quote_not_closed": "line {line}: the quotation mark before the value has no match, or text follows it: close it, or remove it",
    "several_lines_without_quotes": "line {line}: a value over several lines, such as PEM, stands in quotation marks: "
    'NAME="…"',
    "name_with_blank": "line {line}: there is white space in the name: write NAME=value",
    "dollar_name": "line {line}: ${name} is read in two ways, docker compose inserts the value of {name}, python-dotenv "
    "keeps the text: write ${{{name}}}, or put the value in single quotes",
    "unknown_expansion": "line {line}: only ${{NAME}}, ${{NAME:-default}} and ${{NAME-default}} are replaced; put the value in "
    "single quotes to keep the text",
    "not_toml": "is not TOML",
    "not_toml_at": "is not TOML (at line {line}, column {column})",
    "toml_ends_early": "is not TOML (at end of document)",
    "list_for_table": "{table} is a list, a table was expected: write [{table}] above the settings, in single brackets",
    "value_for_table": "{table} is a single value, a table was expected: write [{table}] above the settings, in single brackets",
    "unknown_setting": "{name} is not a setting",
    "unknown_setting_near": "{name} is not a setting; did you mean {near}?",
}
"""Messages about a file of settings, by the reason of the error."""


def read_environment(prefix: str, names: Collection[str], file: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """
    Read settings whose names begin with a prefix; empty ones, or those of white space only, are omitted.

    Args:
        prefix: The prefix of the variables, such as ``SHOP_``.
        names: The known settings, in capitals, without the prefix.
        file: A file with ``NAME=value`` lines in UTF-8, as python-dotenv and
            docker compose read it; see :func:`chainable.env_file.parse_env`.
            It replaces the environment, so that a test account is never mixed
            with a real one.

    Returns:
        The values by lower-case name.

    Raises:
        ConfigurationError: The file cannot be read, or a line is not a setting
            or contains a control character, which the message does not quote;
            or the prefix is the name of a file.

    Warns:
        UserWarning: The name of a variable with the prefix is not a known setting.
    """
    _check_prefix(prefix)
    source: Mapping[str, str] = os.environ if file is None else _settings(_path(file))
    found: dict[str, str] = MaskedDict()
    unknown: list[str] = []
    for name in source:
        if name.startswith(prefix):
            setting = name.removeprefix(prefix)
            if setting not in names:
                unknown.append(setting)
            elif source[name].strip():
                found[setting.lower()] = source[name]
    for setting in unknown:
        shown = shown_name(setting)
        name = prefix + (setting if shown == repr(setting) else shown)
        hint = did_you_mean(setting, names)
        message = Words(f"{name} is not a setting{hint}", f"没有配置项 {name}{hint.zh}")
        warnings.warn(message, stacklevel=3)
    return found


def _check_prefix(prefix: object) -> None:
    """Refuse a file in the place of the prefix."""
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        path = str(prefix) if isinstance(prefix, str | os.PathLike) else ""
        shown = f": from_env(file={path!r})" if path and not looks_like_key(path) else ""
        msg = f"prefix: the start of the names of variables was expected, such as 'SHOP_'; pass a file as file={shown}"
        raise ConfigurationError(msg, reason="prefix_is_file", setting="prefix")


def _settings(file: Path) -> dict[str, str]:
    found = parse_env(_text(file))
    if isinstance(found, tuple):
        reason, _, name = found[1].partition(" ")
        raise _wrong_file(file, reason, line=found[0], **({"name": name} if name else {}))
    return found


def read_toml(file: str | os.PathLike[str], name: str, names: Collection[str]) -> dict[str, Any]:
    """
    Read settings from a TOML file: the table *name*, or the top level of the file.

    Raises:
        ConfigurationError: The file cannot be read, is not TOML, has a value
            that is not a table under the name, or has an unknown setting.
    """
    path = _path(file)
    settings, reason, values = _table(_text(path), name, names)
    if reason:
        raise _wrong_file(path, reason, **values)
    return settings


def _table(text: Secret[str], name: str, names: Collection[str]) -> tuple[dict[str, Any], str, dict[str, str]]:
    """Return the settings and an empty text, or the reason why they are wrong, and its values."""
    content = _toml(text)
    if isinstance(content, tuple):
        return {}, *content
    found: Any = content.get(name, content)
    if not isinstance(found, dict):
        return {}, "list_for_table" if isinstance(found, list) else "value_for_table", {"table": name}
    for setting in found:
        if setting not in names:
            near = [repr(name) for name in similar_names(setting, names)]
            reason = "unknown_setting_near" if near else "unknown_setting"
            return {}, reason, {"name": shown_name(setting), "near": " or ".join(near), "similar": ", ".join(near)}
    return MaskedDict(found), "", {}


def _wrong_file(file: Path, reason: str, **values: str | int) -> ConfigurationError:
    message = f"{file}: {PROBLEMS[reason].format(**values)}"
    return ConfigurationError(message, reason=reason, file=str(file), **values)


def _toml(text: Secret[str]) -> dict[str, Any] | tuple[str, dict[str, str]]:
    """Return the content, or the reason why it is wrong; the parser's message would quote the file."""
    import tomli

    try:
        return MaskedDict(tomli.loads(text.reveal()))
    except (ValueError, RecursionError) as error:
        location = _LOCATION.search(str(error))
    if location is None:
        return "not_toml", {}
    if location[1] is None:
        return "toml_ends_early", {}
    return "not_toml_at", {"line": location[1], "column": location[2]}


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
            is_table = name in tables
            msg = f"{origin}: {name}: {'a table of texts' if is_table else 'text'} was expected"
            raise ConfigurationError(
                msg, reason="not_a_table_of_texts" if is_table else "not_a_text", setting=name, file=str(origin)
            )
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


def _path(file: str | os.PathLike[str]) -> Path:
    """Return the path of a file, with the home folder for ``~``."""
    return Path(os.path.expanduser(file))  # noqa: PTH111 (a home that is unknown stays as it is)


def _text(file: Path) -> Secret[str]:
    """Read a file without converting line ends."""
    try:
        data = Secret(file.read_bytes())
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror})"
        raise ConfigurationError(msg, reason="settings_unreadable", file=str(file), error=str(error.strerror)) from None
    text = _decoded(data)
    if text is None:
        msg = f"{file}: is not UTF-8; save it as UTF-8"
        raise ConfigurationError(msg, reason="settings_not_utf8", file=str(file))
    return text


def _decoded(data: Secret[bytes]) -> Secret[str] | None:
    # A UnicodeDecodeError holds the whole content, so it is not raised further.
    try:
        return Secret(data.reveal().decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None
