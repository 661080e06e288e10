"""Settings from environment variables and files."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.path import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["environment", "table"]


def environment(prefix: str, names: Collection[str], file: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """
    Read settings whose names begin with a prefix.

    Args:
        prefix: Of the variables, such as ``SHOP_``.
        names: The settings there are, in capitals, without the prefix.
        file: A file with ``NAME=value`` lines, read in place of the
            environment, so that a test account is never mixed with a real one.

    Returns:
        The values by lower-case name; empty ones are left out.

    Raises:
        ConfigurationError: The file cannot be read, or a line is no setting.
    """
    source: Mapping[str, str] = os.environ if file is None else _lines(Path(file))
    found: dict[str, str] = {}
    for name, value in source.items():
        if not name.startswith(prefix):
            continue
        setting = name.removeprefix(prefix)
        if setting not in names:
            warnings.warn(f"{name} is no setting{nearest(setting, names)}", stacklevel=3)
        elif value:
            found[setting.lower()] = value
    return found


def _lines(file: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for number, line in enumerate(_text(file).splitlines(), 1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            msg = f"{file}: line {number} is no NAME=value"
            raise ConfigurationError(msg)
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        settings[name.strip()] = value
    return settings


def table(file: str | os.PathLike[str], name: str, names: Collection[str]) -> dict[str, Any]:
    """
    Read settings from a TOML file: a table of that name, or the top of the file.

    Raises:
        ConfigurationError: The file cannot be read, is no TOML, or has an unknown setting.
    """
    import tomli

    path = Path(file)
    try:
        content = tomli.loads(_text(path))
    except tomli.TOMLDecodeError as error:
        msg = f"{path}: is no TOML ({error})"
        raise ConfigurationError(msg) from None
    settings: dict[str, Any] = content.get(name, content)
    for setting in settings:
        if setting not in names:
            msg = f"{path}: {setting!r} is no setting{nearest(setting, names)}"
            raise ConfigurationError(msg)
    return settings


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror})"
        raise ConfigurationError(msg) from None
    except UnicodeDecodeError:
        msg = f"{file}: is no text in UTF-8"
        raise ConfigurationError(msg) from None
