"""Deprecated names of arguments."""

from __future__ import annotations

import warnings
from typing import TypeVar

__all__ = ["renamed"]

T = TypeVar("T")


def renamed(old: str, new: str, given: T | None, value: T) -> T:
    """
    Return the value of an argument that may have been given under its old name.

    Args:
        old: Its old name.
        new: Its name.
        given: The value under the old name; None if there is none.
        value: The value under the new name.
    """
    if given is None:
        return value
    warnings.warn(f"Sandbox({old}=…) is deprecated: use {new}", DeprecationWarning, stacklevel=3)
    return given
