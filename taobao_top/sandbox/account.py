"""The app of the sandbox: its keys and its session."""

from __future__ import annotations

from attrs import field, frozen

from chainable.sandbox.randomness import Randomness

__all__ = ["Account"]

FRESH = Randomness()


@frozen(kw_only=True)
class Account:
    """
    An app of the platform; random, valid in the sandbox only.

    Args:
        app_key: Eight digits.
        app_secret: 32 hexadecimal digits.
        session: A session that never expires.
    """

    app_key: str = field(factory=lambda: digits(FRESH))
    app_secret: str = field(factory=lambda: FRESH.hex(16, "app_secret"), repr=False)
    session: str = field(factory=lambda: session(FRESH), repr=False)

    @classmethod
    def of(cls, random: Randomness, **given: str) -> Account:
        """Return an account with what is given, the rest from there."""
        made = {"app_key": digits(random), "app_secret": random.hex(16, "app_secret"), "session": session(random)}
        return cls(**{**made, **given})


def digits(random: Randomness) -> str:
    """Return eight digits."""
    return str(random.below(9 * 10**7, "app_key") + 10**7)


def session(random: Randomness) -> str:
    """Return a session key, or a refresh token."""
    return "6" + random.hex(24, "session")
