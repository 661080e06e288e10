"""The protocol of key stores: ``store[key_id]``."""

from __future__ import annotations

from typing import Protocol, TypeVar

K_co = TypeVar("K_co", covariant=True)

__all__ = ["KeyStore"]


class KeyStore(Protocol[K_co]):
    """
    Keys by their serial or id, a str that is never parsed as a number.

    A dict is a key store.  A store that fetches or refreshes its keys raises
    :class:`chainable.UnknownKeyError` for a key that it does not have.
    """

    def __getitem__(self, key_id: str, /) -> K_co:
        """Return the key with that serial or id."""
        ...
