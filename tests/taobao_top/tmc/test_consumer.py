"""The division of work between workers and keeper, without a network."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from taobao_top.tmc.connection import ChannelError
from taobao_top.tmc.connection import Connection as Published
from taobao_top.tmc.consumer import SWIFT, Consumer


class Connection:
    """A connection that receives these values one after the other."""

    def __init__(self, *coming):
        self.coming = list(coming)

    def pull(self):
        """Ignored."""

    def receive(self, timeout):
        came = self.coming.pop(0)
        if isinstance(came, Exception):
            raise came
        return came


@pytest.fixture
def consumer():
    """A consumer without threads: each test plays a woken worker or the keeper."""
    config = SimpleNamespace(url="ws://host/", group="default", timeout=1.0)
    made = Consumer(config, None, workers=3, backlog=2, pull_every=15.0, backoff=(1.0, 60.0), chance=lambda: 0.0)
    made._idle = 2
    return made


def test_a_worker_reads_the_connection_itself_while_messages_arrive(consumer):
    (worker, *_) = consumer._workers
    consumer.connection = Connection(b"one", b"", b"two", None)

    assert [consumer._next(worker) for _ in range(2)] == [b"one", b"two"]  # an acknowledgement lies between them
    assert not consumer._look.is_set()
    assert consumer._next(worker) is None
    assert consumer._look.is_set()
    assert consumer._idle == 3
    assert consumer._reading.acquire(blocking=False)


@pytest.mark.parametrize("connection", [Connection(ChannelError("closed")), None])
def test_a_worker_leaves_a_lost_connection_to_the_keeper(consumer, connection):
    consumer.connection = connection

    assert consumer._next(consumer._workers[0]) is None
    assert consumer._look.is_set()


def test_a_stopped_worker_takes_no_message_from_the_connection(consumer):
    class Late(Connection):
        def receive(self, timeout):
            consumer._stopped = True
            return super().receive(timeout)

    consumer.connection = Late(b"one", b"two")

    assert consumer._next(consumer._workers[0]) is None  # it came while the channel was being stopped
    assert consumer._next(consumer._workers[0]) is None
    assert consumer.connection.coming == [b"two"]


def test_a_stopped_worker_takes_no_message_from_the_queue(consumer):
    consumer._waiting.append(b"one")
    consumer._stopped = True

    assert consumer._next(consumer._workers[0]) is None
    assert not consumer._wake_worker()
    assert list(consumer._waiting) == [b"one"]


def test_publishing_wakes_the_keeper(consumer):
    sent = []
    publishing = Published(SimpleNamespace(send=sent.append), "t0ken")

    with pytest.raises(ChannelError, match="not acknowledged"):
        publishing.publish({"topic": "a_b"}, 0.01, lambda: sent.append(consumer.look()))

    assert sent[1:] == [None]
    assert consumer._look.is_set()


def test_queued_messages_are_handled_before_new_ones(consumer):
    (worker, *_) = consumer._workers
    consumer.connection = Connection(b"two")
    consumer._waiting.append(b"one")

    assert [consumer._next(worker) for _ in range(2)] == [b"one", b"two"]


def test_one_thread_reads_at_a_time(consumer):
    consumer._reading.acquire()

    assert consumer._next(consumer._workers[0]) is None
    assert not consumer._look.is_set()  # another thread is reading


def test_one_of_several_fast_workers_goes_on(consumer):
    slow, swift, surplus = consumer._workers
    slow.begun, swift.begun, surplus.begun = SWIFT - 1, SWIFT, SWIFT + 1

    assert consumer._swift()
    assert [worker.dismissed for worker in consumer._workers] == [False, False, True]
    consumer.connection = Connection()  # it is not read
    assert consumer._next(surplus) is None
    assert not consumer._swift()  # no message was taken since


def test_the_keeper_wakes_idle_workers_and_queues_up_to_the_backlog(consumer):
    consumer._idle = 1
    connection = Connection(b"one", b"two", b"three", b"four", None)

    called = [consumer._receive(connection, 1.0) for _ in range(5)]

    assert called == [True, False, False, False, False]
    assert list(consumer._waiting) == [b"one", b"two"]  # the others are left for the platform to repeat
    assert consumer._calls.get_nowait() is True
    assert consumer._calls.empty()


def test_the_wait_doubles_for_a_server_that_closes_at_once(consumer):
    @contextmanager
    def connection():
        yield Connection(ChannelError("closed"))

    consumer._config.connection = connection
    consumer._chance = lambda: 0.5
    waited = []

    def wait(seconds):
        waited.append(seconds)
        consumer._stopped = len(waited) == 8

    consumer._stopping.wait = wait

    consumer._keep_connected()

    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert consumer.tried.is_set()
    assert consumer.refused is None
