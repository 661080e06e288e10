"""Settings out of TOML, where a value may be a number, a list or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["texts"]


def texts(
    found: Mapping[str, Any],
    origin: object,
    *,
    numbers: Collection[str] = (),
    lists: Collection[str] = (),
    tables: Collection[str] = (),
) -> dict[str, Any]:
    """
    Make sure that settings are text.

    Args:
        found: Values by name.
        origin: The file, for the error.
        numbers: Names whose value may be a whole number; it becomes text.
        lists: Names whose value may be a list of texts.
        tables: Names whose value is a table of texts.

    Raises:
        ConfigurationError: A value is something else.
    """
    made = {}
    for name, value in found.items():
        if name in tables:
            fits = isinstance(value, dict) and _are_texts(value.values())
        elif isinstance(value, list):
            fits = name in lists and _are_texts(value)
        else:
            fits = isinstance(value, str) or (type(value) is int and name in numbers)
        if not fits:
            wanted = "a table of texts" if name in tables else "text"
            msg = f"{origin}: {name}: {wanted} was expected"
            raise ConfigurationError(msg)
        made[name] = str(value) if name in numbers else value
    return made


def _are_texts(values: Collection[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
