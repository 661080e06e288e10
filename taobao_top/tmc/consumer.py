"""The threads of the message channel: one that keeps the connection, and those that run handlers."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING

from taobao_top.errors import TopError
from taobao_top.tmc.connection import ChannelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taobao_top.tmc.connection import Connection, Opening
    from taobao_top.tmc.handling import Handling

__all__ = ["Consumer", "longest_wait"]

STALLED = 0.01
"""Seconds after which workers that begin nothing get help."""
PLENTY = 100
"""Messages that wait, beyond which reading pauses for a moment."""
PAUSE = 0.002
"""Seconds of such a pause."""

_logger = logging.getLogger("taobao_top")


def longest_wait(failures: int, first: float, longest: float) -> float:
    """
    Tell how long to wait at most before connecting again.

    Args:
        failures: Attempts in a row that failed, or whose connection was lost soon; 0 when it had stood.
        first: Seconds at most after the first of them.
        longest: Seconds at most, ever.
    """
    return min(longest, first * 2.0 ** min(max(failures - 1, 0), 50))


class Consumer:
    """
    Connects, again and again, and handles what comes, until it is stopped for good.

    Args:
        opening: How connections are opened.
        handling: What happens to each message.
        workers: Threads that run handlers.
        backlog: Messages that may wait.
        pull_every: Seconds between requests for messages.
        backoff: ``first`` and ``longest`` of :func:`longest_wait`.
        chance: Gives numbers from 0 to 1.

    Attributes:
        connection: The one there is; None between two.
        tried: Set when the first attempt to connect is over.
        refused: Why the platform refused the first connection; None if it did not.
        ended: Set when all is over.
    """

    def __init__(
        self,
        opening: Opening,
        handling: Handling,
        *,
        workers: int,
        backlog: int,
        pull_every: float,
        backoff: tuple[float, float],
        chance: Callable[[], float],
    ) -> None:
        self.connection: Connection | None = None
        self.tried = threading.Event()
        self.refused: TopError | None = None
        self.ended = threading.Event()
        self._opening = opening
        self._handling = handling
        self._backlog = backlog
        self._pull_every = pull_every
        self._backoff = backoff
        self._chance = chance
        self._waiting: deque[bytes] = deque()
        self._begun = 0  # messages that workers took
        self._seen = 0, 0.0  # what it was, and since when
        self._calls: SimpleQueue[bool] = SimpleQueue()  # True calls a worker, False sends it home
        self._idle = workers
        self._lock = threading.Lock()
        self._stopping = threading.Event()  # no handler is begun any more
        self._closing = threading.Event()  # all that was handled is confirmed
        self._keeper = threading.Thread(target=self._keep_connected, name="taobao_top.tmc", daemon=True)
        self._workers = [
            threading.Thread(target=self._work, name=f"taobao_top.tmc-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Start the threads, the workers first: a handler may stop it all at once."""
        for thread in (*self._workers, self._keeper):
            thread.start()

    def stop(self, timeout: float) -> None:
        """
        End: handlers first, for which there are *timeout* seconds, then the connection.

        Waits for the end, unless a handler calls; may be called again and by signals' handlers.
        """
        if not self._stopping.is_set():
            self._stopping.set()
            threading.Thread(target=self._end, args=(timeout,), name="taobao_top.tmc-end").start()
        if threading.current_thread() not in self._workers:
            self.ended.wait()

    def _end(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        for _ in self._workers:
            self._calls.put(False)
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        self._closing.set()
        connection = self.connection
        try:
            if connection is not None:
                connection.close()
            self._keeper.join(3 * self._opening.timeout)  # to connect, to be acknowledged, to close
        finally:
            self.ended.set()

    def _work(self) -> None:
        while self._calls.get():
            while (data := self._next()) is not None:
                outcome = self._handling(data)
                if outcome is not None:
                    self._tell(*outcome)

    def _next(self) -> bytes | None:
        with self._lock:
            if self._waiting and not self._stopping.is_set():
                self._begun += 1
                return self._waiting.popleft()
            self._idle += 1
            return None

    def _call_worker(self, now: float) -> None:
        # Threads that run at once slow each other down, so that another worker is called only
        # when none is at work, or when those that are have begun nothing for a while.
        with self._lock:
            begun, since = self._seen
            called = self._idle == len(self._workers) or (begun == self._begun and now - since >= STALLED)
            if called or begun != self._begun:
                self._seen = self._begun, now
            if called:
                self._idle -= 1
                self._calls.put(True)

    def _tell(self, number: int, failure: str | None) -> None:
        connection = self.connection
        try:
            if connection is None:
                _logger.info("message %d: there is no connection to tell of it; it comes again", number)
            elif failure is None:
                connection.confirm(number)
            else:
                connection.fail(number, failure)
        except ChannelError as error:
            _logger.info("message %d: %s; it comes again", number, error)

    def _keep_connected(self) -> None:
        failures, accepted = 0, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                with self._opening.connection() as self.connection:
                    accepted = True
                    self.tried.set()
                    _logger.info("message channel: connected to %s, group %s", self._opening.url, self._opening.group)
                    self._receive(self.connection)
            except TopError as error:
                if not accepted and not error.retryable:
                    self.refused = error
                    break
                self._report(logging.ERROR, error)
            except Exception as error:  # noqa: BLE001 (whatever it was, the channel goes on)
                self._report(logging.WARNING, error)
            finally:
                self.connection = None
            self.tried.set()
            failures = 0 if time.monotonic() - begun > self._pull_every else failures + 1
            self._stopping.wait(self._chance() * longest_wait(failures, *self._backoff))
        self.tried.set()

    def _report(self, level: int, error: Exception) -> None:
        if not self._stopping.is_set():
            _logger.log(level, "message channel: %s; connecting again", error)

    def _receive(self, connection: Connection) -> None:
        pull_at = time.monotonic()
        while not self._closing.is_set():
            now = time.monotonic()
            waiting = len(self._waiting)
            if now >= pull_at:
                pull_at = now + self._pull_every
                if waiting < self._backlog and not self._stopping.is_set():
                    connection.pull()
            if waiting and self._idle:
                self._call_worker(now)
            if waiting >= PLENTY:
                time.sleep(PAUSE)  # what comes meanwhile is read in one go: threads that take turns are slow
            data = connection.receive(STALLED if waiting and self._idle else pull_at - now)
            if data is None:
                continue
            if waiting < self._backlog:
                self._waiting.append(data)
            else:
                _logger.info("message channel: a message is left for later")
