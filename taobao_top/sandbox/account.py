"""The app of the sandbox: its keys and its session."""

from __future__ import annotations

import secrets

from attrs import field, frozen

__all__ = ["Account"]


def _digits() -> str:
    return str(secrets.randbelow(9 * 10**7) + 10**7)


@frozen(kw_only=True)
class Account:
    """
    An app of the platform; random, valid in the sandbox only.

    Args:
        app_key: Eight digits.
        app_secret: 32 hexadecimal digits.
        session: A session that never expires.
    """

    app_key: str = field(factory=_digits)
    app_secret: str = field(factory=lambda: secrets.token_hex(16), repr=False)
    session: str = field(factory=lambda: "6" + secrets.token_hex(24), repr=False)
