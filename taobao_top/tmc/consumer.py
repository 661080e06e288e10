"""
The threads of the message channel: one that keeps the connection, and those that run handlers.

A message that changes threads costs more than all that is done with it, so
that a worker reads for itself while messages come fast and are handled fast.
The keeper reads while all is quiet, and as soon as handlers take their time:
it calls more workers then, and keeps what comes while all of them are busy.
Acknowledgements, pongs and the loss of the connection are thus noticed
whatever handlers do.
"""

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
    from taobao_top.tmc.dispatch import Handling

__all__ = ["Consumer", "longest_wait"]

QUIET = 0.01
"""Seconds for which a worker waits for the next message before the keeper does."""
STALLED = 0.01
"""Seconds between two looks at how workers get on."""
SWIFT = 10
"""Messages a worker begins between two looks as long as it needs no help."""
POLL = 0.002
"""Seconds between two looks of who waits for the end."""

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


class _Worker:
    """A thread that runs handlers, and how it gets on."""

    def __init__(self, work: Callable[[_Worker], None], number: int) -> None:
        self.thread = threading.Thread(target=work, args=(self,), name=f"taobao_top.tmc-{number}", daemon=True)
        self.begun = 0  # messages it took
        self.seen = 0  # what it was at the last look
        self.dismissed = False  # others suffice


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
        self._calls: SimpleQueue[bool] = SimpleQueue()  # True calls a worker, False sends it home
        self._idle = workers
        self._lock = threading.Lock()  # guards what waits, and how many are idle
        self._reading = threading.Lock()  # held by the one who reads
        self._pulling = threading.Lock()  # held by the keeper while it asks for messages
        self._look = threading.Event()  # the keeper is to look at once
        # A signal's handler may find its own thread within an Event and in possession of its lock, so that
        # stop() touches none.
        self._stopped = False  # no handler is begun any more
        self._over = False
        self._stopping = threading.Event()  # wakes who waits to connect again
        self._closing = threading.Event()  # all that was handled is confirmed
        self._keeper = threading.Thread(target=self._keep_connected, name="taobao_top.tmc", daemon=True)
        self._workers = [_Worker(self._work, number) for number in range(workers)]

    def start(self) -> None:
        """Start the threads, the workers first: a handler may stop it all at once."""
        for worker in self._workers:
            worker.thread.start()
        self._keeper.start()

    def stop(self, timeout: float) -> None:
        """
        End: handlers first, for which there are *timeout* seconds, then the connection.

        Waits for the end, unless a handler calls; may be called again and by signals' handlers.
        """
        if not self._stopped:
            self._stopped = True
            threading.Thread(target=self._end, args=(timeout,), name="taobao_top.tmc-end").start()
        if threading.current_thread() not in [worker.thread for worker in self._workers]:
            while not self._over:
                time.sleep(POLL)

    def _end(self, timeout: float) -> None:
        self._stopping.set()
        deadline = time.monotonic() + timeout
        for _ in self._workers:
            self._calls.put(False)
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline - time.monotonic()))
        self._closing.set()
        # Who sends while the connection is being closed waits until it is, and the keeper is to read meanwhile.
        if self._pulling.acquire(timeout=self._opening.timeout):
            self._pulling.release()
        connection = self.connection
        try:
            if connection is not None:
                connection.close()
            self._keeper.join(3 * self._opening.timeout)  # to connect, to be acknowledged, to close
        finally:
            self._over = True
            self.ended.set()

    def _work(self, worker: _Worker) -> None:
        while self._calls.get():
            worker.dismissed = False
            while (data := self._next(worker)) is not None:
                worker.begun += 1
                outcome = self._handling(data)
                if outcome is not None:
                    self._tell(*outcome)

    def _next(self, worker: _Worker) -> bytes | None:
        while not self._waiting and not worker.dismissed and self._reading.acquire(blocking=False):
            try:
                data = self._read()
            finally:
                self._reading.release()
            if data:
                return data
            if data is None:
                self._look.set()  # the keeper reads from now on
                break
        with self._lock:
            if self._waiting and not self._stopped:
                return self._waiting.popleft()
            self._idle += 1
            return None

    def _read(self) -> bytes | None:
        connection = self.connection
        if connection is None or self._stopped:
            return None
        try:
            data = connection.receive(QUIET)
        except ChannelError:
            return None  # the keeper meets it as well
        return None if self._stopped else data

    def _call_worker(self) -> bool:
        with self._lock:
            called = self._idle > 0 and bool(self._waiting) and not self._stopped
            if called:
                self._idle -= 1
                self._calls.put(True)
            return called

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
        failures = 0
        while not self._stopped:
            begun = time.monotonic()
            try:
                with self._opening.connection() as self.connection:
                    self.tried.set()
                    _logger.info("message channel: connected to %s, group %s", self._opening.url, self._opening.group)
                    self._keep(self.connection)
            except TopError as error:
                if not (self.tried.is_set() or error.retryable):  # whoever starts it waits to hear of it
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
        if not self._stopped:
            _logger.log(level, "%s; connecting again", error)

    def look(self) -> None:
        """Let somebody read at once, for this thread is to wait for an acknowledgement."""
        self._look.set()

    def _keep(self, connection: Connection) -> None:
        if self._closing.is_set():
            return  # it was made too late for anybody else to close it
        pull_at = time.monotonic()
        while True:  # even while it is being closed: the end comes behind what is still on its way
            now = time.monotonic()
            if now >= pull_at:
                pull_at = now + self._pull_every
                with self._pulling:
                    if len(self._waiting) < self._backlog and not self._stopped:
                        connection.pull()
            asked = self._look.is_set()
            self._look.clear()
            if (asked or not self._swift()) and self._reading.acquire(blocking=False):
                try:
                    called = self._receive(connection, pull_at - now)
                finally:
                    self._reading.release()
                if not called:
                    continue
            self._look.wait(min(STALLED, max(0.0, pull_at - now)))

    def _swift(self) -> bool:
        # Tells whether a worker gets on without help; of several who do, one suffices.
        swift = [worker for worker in self._workers if worker.begun - worker.seen >= SWIFT]
        for worker in self._workers:
            worker.seen = worker.begun
        for worker in swift[1:]:
            worker.dismissed = True
        return bool(swift)

    def _receive(self, connection: Connection, timeout: float) -> bool:
        # Tells whether a worker was called: it goes on reading.
        data = connection.receive(timeout)
        if data and len(self._waiting) >= self._backlog:
            _logger.info("message channel: a message is left for later")
        elif data:
            self._waiting.append(data)
        return self._call_worker()
