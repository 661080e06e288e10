"""The same names as :mod:`chainable.deduplication`, where they live since 0.1.0."""

from __future__ import annotations

from chainable.deduplication import LEASE, Claim, MemoryStore, RedisStore, Store, once

__all__ = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]
