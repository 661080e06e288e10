"""Where keys are found: anything that answers ``store[key_id]``."""

from __future__ import annotations

from typing import Protocol, TypeVar

K_co = TypeVar("K_co", covariant=True)

__all__ = ["KeyStore"]


class KeyStore(Protocol[K_co]):
    """
    Keys by their serial or id, a text that is never taken for a number.

    A plain dict is a key store; one that fetches or refreshes raises
    :class:`chainable.UnknownKeyError` for a key it does not have.
    """

    def __getitem__(self, key_id: str, /) -> K_co:
        """Give the key of that serial or id."""
        ...
