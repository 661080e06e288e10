"""Digests of files, by the names the platform gives them."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import Hash

__all__ = ["Digest", "new_digest"]


class Digest(Protocol):
    """A hash object, as hashlib has them."""

    def update(self, data: memoryview | bytes, /) -> None:
        """Add bytes."""

    @abstractmethod
    def hexdigest(self) -> str:
        """Return the digest of all bytes, lower-case hex; call it once, at the end."""


_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


def new_digest(name: str) -> Digest | None:
    """
    Return a new hash object of a name such as ``SHA1``, ``sha-256``, ``MD5`` or ``SM3``, in any case.

    None for another name, and for SM3 if OpenSSL lacks it.
    """
    name = name.strip().lower().replace("-", "").replace("_", "")
    if name == "sm3":
        return _SM3.begin()
    # hashlib has further algorithms, some of them without a fixed length.
    return hashlib.new(name, usedforsecurity=False) if name in _ALGORITHMS else None


class _SM3:
    """SM3, which hashlib lacks with some builds of OpenSSL."""

    def __init__(self, hash_: Hash) -> None:
        self._hash = hash_

    @classmethod
    def begin(cls) -> _SM3 | None:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.hashes import SM3, Hash

        try:
            return cls(Hash(SM3()))
        except UnsupportedAlgorithm:
            return None

    def update(self, data: memoryview | bytes, /) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.finalize().hex()
