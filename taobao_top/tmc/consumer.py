"""
The threads of the message channel: one that keeps the connection, and those that run handlers.

Passing a message between threads costs more than handling it, so a worker
reads the connection itself while messages arrive and are handled fast.  The
keeper reads when it is quiet or handlers are slow: it wakes more workers, and
queues messages while all are busy.  So acknowledgements, pongs and the loss of
the connection are noticed whatever handlers do.
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

    from taobao_top.tmc.connection import Connection, ConnectionConfig
    from taobao_top.tmc.dispatch import Dispatcher

__all__ = ["Consumer", "longest_wait"]

QUIET = 0.01
"""Seconds that a worker waits for the next message before the keeper takes over."""
STALLED = 0.01
"""Seconds between two checks of the workers' progress."""
SWIFT = 10
"""Messages that a worker takes between two checks if it needs no help."""
POLL = 0.002
"""Seconds between two checks for the end."""

_logger = logging.getLogger("taobao_top")


def longest_wait(failures: int, first: float, longest: float) -> float:
    """Return the longest wait in seconds before connecting again, after so many failures in a row."""
    return min(longest, first * 2.0 ** min(max(failures - 1, 0), 50))


class _Worker:
    """A thread that runs handlers, and its progress."""

    def __init__(self, work: Callable[[_Worker], None], number: int) -> None:
        self.thread = threading.Thread(target=work, args=(self,), name=f"taobao_top.tmc-{number}", daemon=True)
        self.begun = 0  # messages taken
        self.seen = 0  # messages taken at the last check
        self.dismissed = False  # the other workers suffice


class Consumer:
    """
    Stays connected and handles messages until it is stopped for good.

    Attributes:
        connection: The current connection; None without one.
        tried: Set after the first attempt to connect.
        refused: The error with which the platform refused the first connection.
        ended: Set at the end.
    """

    def __init__(
        self,
        config: ConnectionConfig,
        dispatcher: Dispatcher,
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
        self._config = config
        self._dispatcher = dispatcher
        self._backlog = backlog
        self._pull_every = pull_every
        self._backoff = backoff
        self._chance = chance
        self._waiting: deque[bytes] = deque()
        self._calls: SimpleQueue[bool] = SimpleQueue()  # True wakes a worker; False stops it
        self._idle = workers
        self._lock = threading.Lock()  # guards _waiting and _idle
        self._reading = threading.Lock()  # held by the thread that reads
        self._pulling = threading.Lock()  # held by the keeper while it asks for messages
        self._look = threading.Event()  # wakes the keeper
        # Not an Event: a signal handler may interrupt its own thread inside one, while it holds the Event's lock.
        self._stopped = False  # no more handlers are started
        self._over = False
        self._stopping = threading.Event()  # ends the wait before connecting again
        self._closing = threading.Event()  # all handled messages are confirmed
        self._keeper = threading.Thread(target=self._keep_connected, name="taobao_top.tmc", daemon=True)
        self._workers = [_Worker(self._work, number) for number in range(workers)]

    def start(self) -> None:
        """Start the threads, the workers first: a handler may call stop() at once."""
        for worker in self._workers:
            worker.thread.start()
        self._keeper.start()

    def stop(self, timeout: float) -> None:
        """
        Let handlers finish within *timeout* seconds, then close the connection.

        Waits for the end, unless a handler calls; may be called again, and by signal handlers.
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
        # A send blocks while the connection closes, and the keeper has to read meanwhile: let its pull end first.
        if self._pulling.acquire(timeout=self._config.timeout):
            self._pulling.release()
        connection = self.connection
        try:
            if connection is not None:
                connection.close()
            self._keeper.join(3 * self._config.timeout)  # to connect, to be acknowledged, to close
        finally:
            self._over = True
            self.ended.set()

    def _work(self, worker: _Worker) -> None:
        while self._calls.get():
            worker.dismissed = False
            while (data := self._next(worker)) is not None:
                worker.begun += 1
                outcome = self._dispatcher(data, self._report_outcome)
                if outcome is not None:
                    self._report_outcome(*outcome)

    def _next(self, worker: _Worker) -> bytes | None:
        while not self._waiting and not worker.dismissed and self._reading.acquire(blocking=False):
            try:
                data = self._read()
            finally:
                self._reading.release()
            if data:
                return data
            if data is None:
                self._look.set()  # the keeper takes over reading
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
            return None  # the keeper notices it as well
        return None if self._stopped else data

    def _wake_worker(self) -> bool:
        with self._lock:
            woken = self._idle > 0 and bool(self._waiting) and not self._stopped
            if woken:
                self._idle -= 1
                self._calls.put(True)
            return woken

    def _report_outcome(self, number: int, failure: str | None) -> None:
        connection = self.connection
        try:
            if connection is None:
                _logger.info("message %d: the connection is lost; the message will be delivered again", number)
            elif failure is None:
                connection.confirm(number)
            else:
                connection.fail(number, failure)
        except ChannelError as error:
            _logger.info("message %d: %s; the message will be delivered again", number, error)

    def _keep_connected(self) -> None:
        failures = 0
        while not self._stopped:
            begun = time.monotonic()
            try:
                with self._config.connection() as self.connection:
                    self.tried.set()
                    _logger.info("message channel: connected to %s, group %s", self._config.url, self._config.group)
                    self._keep(self.connection)
            except TopError as error:
                if not (self.tried.is_set() or error.retryable):  # start() raises it
                    self.refused = error
                    break
                self._report(logging.ERROR, error)
            except Exception as error:  # noqa: BLE001 (the channel goes on after any error)
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
        """Make the keeper read at once: this thread is about to wait for an acknowledgement."""
        self._look.set()

    def _keep(self, connection: Connection) -> None:
        if self._closing.is_set():
            return  # too late: stop() has not seen this connection
        pull_at = time.monotonic()
        while True:  # even while it closes: messages may arrive before the end
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
                    woken = self._receive(connection, pull_at - now)
                finally:
                    self._reading.release()
                if not woken:
                    continue
            self._look.wait(min(STALLED, max(0.0, pull_at - now)))

    def _swift(self) -> bool:
        # Returns whether a worker keeps up without help; of several such workers, one suffices.
        swift = [worker for worker in self._workers if worker.begun - worker.seen >= SWIFT]
        for worker in self._workers:
            worker.seen = worker.begun
        for worker in swift[1:]:
            worker.dismissed = True
        return bool(swift)

    def _receive(self, connection: Connection, timeout: float) -> bool:
        # Returns whether a worker was woken: it takes over reading.
        data = connection.receive(timeout)
        if data and len(self._waiting) >= self._backlog:
            _logger.info("message channel: the backlog is full, a message is left for the platform to repeat")
        elif data:
            self._waiting.append(data)
        return self._wake_worker()
