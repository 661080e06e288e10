"""
Deduplication of messages: claims, and the stores that keep them.

Platforms deliver a message at least once, sometimes twice within a second.
:func:`once` claims the id of a message before it is handled.  The guarantee
depends on the store:

* :class:`chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
  :class:`chainable.deduplication.django.DjangoStore` keep the claim in the
  transaction of the booking.  Both are committed, or neither is: a message is
  booked exactly once, even if a worker or the database crashes.
* :class:`RedisStore` and :class:`MemoryStore` keep the claim outside of that
  transaction.  If a worker crashes between the two, stalls for longer than its
  lease, or the store loses its data, a message is handled a second time.

.. versionadded:: 0.1.0
"""

from __future__ import annotations

from chainable.deduplication.claim import KEEP, LEASE, Claim, Store, once
from chainable.deduplication.memory import MemoryStore
from chainable.deduplication.redis import RedisStore

__all__ = ["KEEP", "LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]
