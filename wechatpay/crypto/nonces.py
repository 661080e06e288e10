"""Nonces: random texts that make each signature unique."""

from __future__ import annotations

import os

__all__ = ["new_nonce"]


def new_nonce() -> str:
    """Return 32 random hexadecimal digits in capitals."""
    return os.urandom(16).hex().upper()
