"""Digests of files, by the names the platform gives them."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import Protocol

__all__ = ["Digest", "new_digest"]


class Digest(Protocol):
    """What hashlib's objects have in common."""

    def update(self, data: memoryview | bytes, /) -> None:
        """Take in further bytes."""

    @abstractmethod
    def hexdigest(self) -> str:
        """Give the digest of all bytes, lower-case hex; at the end, once."""


def new_digest(name: str) -> Digest | None:
    """
    Begin a digest.

    Args:
        name: ``SHA1``, ``sha256``, ``MD5``, ``SM3`` … in any case.

    Returns:
        None for an algorithm that is not known here.
    """
    name = name.lower().replace("-", "").replace("_", "")
    if name == "sm3":
        return _SM3()
    try:
        return hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None


class _SM3:
    """SM3, which hashlib has only with some builds of OpenSSL."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.hashes import SM3, Hash

        self._hash = Hash(SM3())

    def update(self, data: memoryview | bytes, /) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.finalize().hex()
