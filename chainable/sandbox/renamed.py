"""Deprecated names of arguments."""

from __future__ import annotations

import warnings
from typing import TypeVar

__all__ = ["renamed"]

T = TypeVar("T")


def renamed(old: str, new: str, given: T | None, value: T) -> T:
    """Return the value of an argument, with a warning if it was *given* under its old name."""
    if given is None:
        return value
    warnings.warn(f"Sandbox({old}=…) is deprecated: use {new}", DeprecationWarning, stacklevel=3)
    return given
