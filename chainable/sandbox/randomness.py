"""Where a sandbox takes its random values from: the system, or a seed that gives the same values every time."""

from __future__ import annotations

import base64
import os
import random
import string
import uuid
from collections import Counter
from threading import Lock

__all__ = ["Randomness"]

ALPHABET = string.ascii_letters + string.digits


class Randomness:
    """
    Random values; those of a seed are known to everybody who knows the seed, so they are for tests only.

    Each value has a *purpose*: the values of one purpose follow each other, whatever other threads take for others.

    Args:
        seed: None takes the system's.
    """

    def __init__(self, seed: int | str | None = None) -> None:
        self.seed = seed
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    def bytes(self, size: int, purpose: str) -> bytes:
        """Return so many bytes."""
        if self.seed is None:
            return os.urandom(size)
        with self._lock:
            self._taken[purpose] += 1
            count = self._taken[purpose]
        return random.Random(f"{self.seed}\n{purpose}\n{count}").randbytes(size)  # noqa: S311 (known on purpose)

    def hex(self, size: int, purpose: str) -> str:
        """Return so many bytes in hexadecimal digits."""
        return self.bytes(size, purpose).hex()

    def url_safe(self, size: int, purpose: str) -> str:
        """Return so many bytes in letters, digits, ``-`` and ``_``."""
        return base64.urlsafe_b64encode(self.bytes(size, purpose)).rstrip(b"=").decode()

    def below(self, limit: int, purpose: str) -> int:
        """Return a number from 0 to below the limit."""
        return int.from_bytes(self.bytes(limit.bit_length() // 8 + 9, purpose), "big") % limit

    def letters(self, size: int, purpose: str) -> str:
        """Return so many letters and digits."""
        number, made = self.below(len(ALPHABET) ** size, purpose), []
        for _ in range(size):
            number, index = divmod(number, len(ALPHABET))
            made.append(ALPHABET[index])
        return "".join(made)

    def uuid(self, purpose: str) -> str:
        """Return a UUID of version 4."""
        return str(uuid.UUID(bytes=self.bytes(16, purpose), version=4))
