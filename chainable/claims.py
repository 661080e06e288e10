"""
The deprecated name of :mod:`chainable.deduplication`.

.. deprecated:: 0.1.0
"""

from __future__ import annotations

import warnings

from chainable.deduplication import LEASE, Claim, MemoryStore, RedisStore, Store, once

__all__ = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]

warnings.warn("chainable.claims is deprecated: import from chainable.deduplication", DeprecationWarning, stacklevel=2)
