"""Settings out of TOML, where a value may be a number, a list or a table."""

from __future__ import annotations

from chainable.environment import texts

__all__ = ["texts"]
