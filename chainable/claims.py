"""The deprecated name of :mod:`chainable.deduplication`."""

from __future__ import annotations

from chainable.deduplication import LEASE, Claim, MemoryStore, RedisStore, Store, once

__all__ = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]
