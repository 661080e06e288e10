"""The journal of a sandbox: the last requests, bounded by number and by bytes."""

from __future__ import annotations

from collections import deque
from threading import Condition, RLock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Journal", "JournalEntry"]


class JournalEntry(Protocol):
    """An entry: a request and its answer."""

    @property
    def id(self) -> int:
        """Its number, from 1."""
        ...

    @property
    def name(self) -> str | None:
        """The operation or API that was called, None if there is none."""
        ...

    @property
    def volume(self) -> int:
        """Its size in bytes, about."""
        ...


E = TypeVar("E", bound=JournalEntry)


class Journal(Generic[E]):
    """
    The last entries; read and written by any thread.

    Args:
        size: How many entries are kept, the last one at least.
        volume: How many bytes are kept, but for the last entry's.
    """

    def __init__(self, size: int = 500, volume: int = 64 * 1024 * 1024) -> None:
        self._entries: deque[E] = deque()
        self._size = size
        self._volume = volume
        self._held = 0
        self._count = 0
        self._lock = RLock()
        self._changed = Condition(self._lock)

    def __iter__(self) -> Iterator[E]:
        with self._changed:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        """Return how many entries are kept; :attr:`count` includes those dropped."""
        return len(self._entries)

    def __getitem__(self, index: int) -> E:
        """Return the entry at a position: 0 is the oldest kept, -1 the last."""
        with self._changed:
            return self._entries[index]

    @property
    def count(self) -> int:
        """How many requests there were, dropped ones included."""
        return self._count

    def next_id(self) -> int:
        """Return the number of the next entry."""
        with self._lock:
            self._count += 1
            return self._count

    def add(self, entry: E) -> None:
        """Keep an entry that is complete, and drop the oldest ones."""
        with self._lock:
            self._entries.append(entry)
            self._held += entry.volume
            while len(self._entries) > 1 and (len(self._entries) > self._size or self._held > self._volume):
                self._held -= self._entries.popleft().volume
            self._changed.notify_all()

    def find(self, id: int) -> E | None:  # noqa: A002 (an attribute of entries)
        """Return the entry of this number, if it is still kept."""
        return next((entry for entry in self if entry.id == id), None)

    def of(self, name: str) -> list[E]:
        """Return the entries of one operation, API or kind of frame, oldest first."""
        return [entry for entry in self if entry.name == name]

    def after(self, id: int, timeout: float = 0.0) -> list[E]:  # noqa: A002 (an attribute of entries)
        """Return the entries younger than this number; wait so many seconds for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._entries) and self._entries[-1].id > id, timeout)
            return [entry for entry in self._entries if entry.id > id]

    def wait(self, count: int, timeout: float = 5.0) -> list[E]:
        """
        Wait until there were so many requests in all, and return the entries that are kept.

        Raises:
            TimeoutError: They did not come within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= count, timeout):
                message = f"{self._count} of {count} requests arrived within {timeout:g} s"
                raise TimeoutError(message)
            return list(self._entries)

    def clear(self) -> None:
        """Drop all entries; numbers go on."""
        with self._changed:
            self._entries.clear()
            self._held = 0
