"""What happened, for tests to assert on: every request that arrived, in order, the oldest forgotten."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "Journal", "Upload"]


@frozen
class Upload:
    """A file part: the parameter's name, the file's name and type, its bytes."""

    name: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class Entry:
    """
    One request and what became of it.

    Attributes:
        number: Counts from 1 for every application, never again the same.
        kind: ``call``, ``item`` (one of a batch), ``batch``, ``oauth``, ``channel`` or ``outbound``.
        at: Seconds since 1970 by the sandbox's clock.
        verb: The HTTP verb, or the kind of frame on the message channel.
        path: Where it went, without the query.
        method: The API's name, None when the request did not say it.
        parameters: All text parameters as they arrived, public ones and the signature among them.
        files: The file parts of an upload.
        body: The raw body of a call that has one, otherwise empty.
        headers: Header fields, names in lower case.
        verified: True once the signature was found right.
        signed: The string that should have been signed, the secret masked; empty before the signature was looked at.
        mistake: What is wrong with the signature, as far as it can be told.
        notes: What is odd but not refused, such as parameters that the catalogue does not list.
        code: The platform's error code, None for an answer without error.
        sub_code: Its finer code.
        sub_msg: Its text.
        fault: The fault that was played, if any.
        status: The HTTP status of the answer, 0 when the connection was cut instead.
        answer: The answer's body before HTTP compression.
    """

    number: int
    kind: str
    at: float
    verb: str = ""
    path: str = ""
    method: str | None = None
    parameters: dict[str, str] = field(factory=dict, repr=False)
    files: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(factory=dict, repr=False)
    verified: bool = False
    signed: str = field(default="", repr=False)
    mistake: str | None = None
    notes: tuple[str, ...] = ()
    code: int | None = None
    sub_code: str | None = None
    sub_msg: str | None = None
    fault: str | None = None
    status: int = 0
    answer: bytes = field(default=b"", repr=False)

    @property
    def volume(self) -> int:
        """The bytes of its texts, body, files and answer, about."""
        texts = sum(map(len, self.parameters.values())) + len(self.signed)
        return texts + len(self.body) + len(self.answer) + sum(len(upload.content) for upload in self.files)


class Journal:
    """
    A bounded record of entries; safe to read while the gateway writes.

    Args:
        size: How many entries are kept, the last one at least.
        volume: How many bytes of bodies, files and answers are kept, but for the last entry's.
    """

    def __init__(self, size: int = 1000, volume: int = 64 * 1024 * 1024) -> None:
        self._entries: deque[Entry] = deque()
        self._size = size
        self._volume = volume
        self._held = 0
        self._written = 0
        self._changed = threading.Condition()

    def write(self, **members: Any) -> Entry:
        """Add an entry; it gets the next number."""
        with self._changed:
            self._written += 1
            entry = Entry(number=self._written, **members)
            self._entries.append(entry)
            self._held += entry.volume
            while len(self._entries) > 1 and (len(self._entries) > self._size or self._held > self._volume):
                self._held -= self._entries.popleft().volume
            self._changed.notify_all()
            return entry

    def __iter__(self) -> Iterator[Entry]:
        with self._changed:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        """How many entries are kept at the moment; :attr:`written` counts the forgotten ones as well."""
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        """Return the entry at a position: 0 is the oldest kept, -1 the last."""
        with self._changed:
            return self._entries[index]

    @property
    def written(self) -> int:
        """How many entries were ever written."""
        return self._written

    def of(self, method: str) -> list[Entry]:
        """Return the entries of one API, or of one kind of frame on the message channel."""
        return [entry for entry in self if entry.method == method]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._changed:
            self._entries.clear()
            self._held = 0

    def wait(self, count: int, timeout: float = 5.0) -> list[Entry]:
        """
        Wait until ``count`` entries were written in all.

        Raises:
            TimeoutError: They did not come within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._written >= count, timeout):
                message = f"{self._written} of {count} requests arrived within {timeout:g} s"
                raise TimeoutError(message)
            return list(self._entries)
