"""
Each message once: claims, and the stores that keep them.

Platforms deliver at least once, sometimes twice within the same second.
:func:`once` claims the id of a message before it is handled.  How much a claim
promises depends on where it is kept:

* :class:`chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
  :class:`chainable.deduplication.django.DjangoStore` put the claim into the
  transaction that books.  Both are committed, or neither is: a message is
  booked exactly once, whatever dies and whenever it dies.
* :class:`RedisStore` and :class:`MemoryStore` keep the claim beside the
  booking.  A worker that dies between the two, stalls for longer than its
  lease, or loses the store, leaves a message that is handled a second time.

.. versionadded:: 0.1.0
"""

from __future__ import annotations

from chainable.deduplication.claim import KEEP, LEASE, Claim, Store, once
from chainable.deduplication.memory import MemoryStore
from chainable.deduplication.redis import RedisStore

__all__ = ["KEEP", "LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]
