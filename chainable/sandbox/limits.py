"""Limits of one request to a sandbox: bytes of its head and its framing, and time."""

from __future__ import annotations

__all__ = ["CONNECTIONS", "HEAD_SECONDS", "LARGEST_HEAD", "SECONDS", "SILENCE", "Allowance"]

LARGEST_HEAD = 64 * 1024
"""Bytes of target and header fields together, trailers included."""
MOST_FIELDS = 200
"""Header fields, trailers included."""
LARGEST_FRAMING = 64 * 1024
"""Bytes received in a row that bring no part of a body: extensions of chunks, an unfinished field."""
HEAD_SECONDS = 10.0
"""Seconds from the first byte of a request to the end of its header fields."""
SILENCE = 10.0
"""Seconds without a byte of a body that is not complete."""
SECONDS = 60.0
"""Seconds from the first byte of a request to its last."""
CONNECTIONS = 512
"""How many connections are kept open; for one more, the one that waited longest is closed."""


class Allowance:
    """
    Counts what the request that is being received has taken.

    The methods are called by the parser's callbacks of the same names, and raise nothing.

    Args:
        largest: The largest body, bytes.

    Attributes:
        status: The HTTP status that refuses the request; 0 while nothing speaks against it.
        started: When its first byte came, seconds of the loop; None between requests.
        heard: When its last byte came.
        in_body: Whether its header fields are over: further ones are trailers.
    """

    __slots__ = ("_body", "_fields", "_head", "_largest", "_row", "heard", "in_body", "started", "status")

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self.status = 0
        self.heard = 0.0
        self.started: float | None = None
        self._row = 0
        self._begin()

    def _begin(self) -> None:
        self._head = self._fields = self._body = 0
        self.in_body = False

    @property
    def deadline(self) -> float | None:
        """When the request has to be complete, or bring its next byte; None between requests."""
        if self.started is None:
            return None
        if not self.in_body:
            return self.started + HEAD_SECONDS
        return min(self.started + SECONDS, self.heard + SILENCE)

    def received(self, size: int, now: float) -> None:
        """Count bytes, before they are parsed."""
        self._row += size
        self.heard = now

    def begin(self) -> None:
        """Begin a request."""
        self.started = self.heard

    def parsed(self) -> None:
        """Look at what the bytes were, after they are parsed."""
        if self._row > LARGEST_FRAMING:
            self._refuse(400 if self.in_body else 431)

    def field(self, size: int) -> None:
        """Count a piece of the target, or a header field."""
        self._head += size
        self._fields += 1
        if self._head > LARGEST_HEAD or self._fields > MOST_FIELDS:
            self._refuse(431)

    def headers_complete(self, length: str | bytes | None) -> None:
        """Begin the body; *length* is its Content-Length, None without one."""
        self.in_body = True
        self._row = 0
        if length is not None and (len(length) > 18 or int(length) > self._largest):
            self._refuse(413)

    def body(self, size: int) -> None:
        """Count a piece of the body."""
        self._row = 0
        self._body += size
        if self._body > self._largest:
            self._refuse(413)

    def complete(self) -> None:
        """End the request."""
        self._row = 0
        self.started = None
        self._begin()

    def _refuse(self, status: int) -> None:
        self.status = self.status or status
