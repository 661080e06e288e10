"""Deduplication in memory, and in a real Redis shared by several processes."""

from __future__ import annotations

import logging
import pickle
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis import Redis

from chainable.deduplication import Claim, MemoryStore, RedisStore, Store, claim, once
from chainable.errors import ClaimError, InProgress
from chainable.redis_timeouts import warn_without_timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    # A test clock for the memory store; a real wait for Redis, whose clock cannot be set.
    Passing = Callable[[float], None]

WORKER = """
import os, signal, sys, time
from chainable.deduplication import RedisStore, once
from redis import Redis

url, message, lease, deed = sys.argv[1:]
redis = Redis.from_url(url)
with once(RedisStore(redis), message, lease=float(lease)) as first:
    print('first' if first else 'repeat', flush=True)
    if deed == 'die':
        os.kill(os.getpid(), signal.SIGKILL)
    if first:
        redis.incr('booked')
        sys.stdin.readline()
"""


def worker(url: str, message: str, *, lease: float, deed: str) -> subprocess.Popen[str]:
    """Start another process that handles a message."""
    arguments = [sys.executable, "-c", WORKER, url, message, str(lease), deed]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(params=["memory", "redis"])
def store_and_passing(request: pytest.FixtureRequest) -> tuple[Store, Passing]:
    """A store, and a function that lets seconds pass for it (a hundredth of them for Redis)."""
    if request.param == "redis":
        redis: Redis = request.getfixturevalue("redis_server")
        return RedisStore(redis), time.sleep
    now = 1000.0

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    return MemoryStore(clock=lambda: now), pass_by


@pytest.fixture
def store(store_and_passing: tuple[Store, Passing]) -> Store:
    """The store alone."""
    return store_and_passing[0]


class TestStore:
    def test_a_finished_message_cannot_be_claimed_again(self, store: Store) -> None:
        claim = store.claim("EV-1")
        assert claim is not None
        store.finish(claim)

        assert store.claim("EV-1") is None

    def test_a_claim_applies_to_its_message_only(self, store: Store) -> None:
        store.claim("EV-1")

        assert store.claim("EV-2") is not None

    def test_a_message_that_is_being_handled_raises_in_progress(self, store: Store) -> None:
        store.claim("EV-1")

        with pytest.raises(InProgress, match="EV-1 is being handled by another worker"):
            store.claim("EV-1")

    def test_a_released_message_can_be_claimed(self, store: Store) -> None:
        claim = store.claim("EV-1")
        assert claim is not None
        store.release(claim)

        assert store.claim("EV-1") is not None

    def test_an_expired_lease_frees_the_message(self, store_and_passing: tuple[Store, Passing]) -> None:
        store, pass_by = store_and_passing
        late = store.claim("EV-1", 0.05)
        pass_by(0.06)

        second = store.claim("EV-1")

        assert second is not None
        assert second != late

    def test_a_replaced_worker_can_neither_finish_nor_release(self, store_and_passing: tuple[Store, Passing]) -> None:
        store, pass_by = store_and_passing
        late = store.claim("EV-1", 0.05)
        assert late is not None
        pass_by(0.06)
        second = store.claim("EV-1")
        assert second is not None

        with pytest.raises(InProgress, match="took it over"):
            store.finish(late)
        store.release(late)

        with pytest.raises(InProgress, match="another worker"):
            store.claim("EV-1")
        store.finish(second)
        with pytest.raises(InProgress, match="took it over"):
            store.finish(late)
        assert store.claim("EV-1") is None

    def test_a_late_worker_that_was_not_replaced_may_finish(self, store_and_passing: tuple[Store, Passing]) -> None:
        store, pass_by = store_and_passing
        late = store.claim("EV-1", 0.05)
        assert late is not None
        pass_by(0.06)

        store.finish(late)

        assert store.claim("EV-1") is None

    def test_finishing_twice_has_no_second_effect(self, store: Store) -> None:
        claim = store.claim("EV-1")
        assert claim is not None
        store.finish(claim)
        store.finish(claim)
        store.release(claim)

        assert store.claim("EV-1") is None

    @pytest.mark.parametrize("lease", [0, -1, float("nan")])
    def test_a_lease_that_is_not_positive_raises(self, store: Store, lease: float) -> None:
        with pytest.raises(ValueError, match="positive number of seconds"):
            store.claim("EV-1", lease)


class Shaky(MemoryStore):
    """A store that fails to record what is finished."""

    transactional = False

    def __init__(self, failures: int, *, error: Exception | None = None) -> None:
        super().__init__()
        self.failures = failures
        self.error = error or ConnectionError("redis://:secret@host is gone")
        self.calls = 0

    def finish(self, claim: Claim, /) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        super().finish(claim)


class TestOnce:
    def test_once_returns_true_first_and_false_for_a_repeat(self, store: Store) -> None:
        with once(store, "EV-1") as first:
            assert first is True
        with once(store, "EV-1") as first:
            assert first is False

    def test_a_failing_handler_releases_the_message(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), once(store, "EV-1"):
            _ = 1 / 0

        with once(store, "EV-1") as first:
            assert first

    def test_the_second_of_two_simultaneous_deliveries_raises(self, store: Store) -> None:
        with once(store, "EV-1"), pytest.raises(InProgress), once(store, "EV-1"):
            pytest.fail("two workers inside")

        with once(store, "EV-1") as first:
            assert not first

    def test_the_error_of_the_handler_is_raised_when_the_store_fails_too(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:

        class Lost(MemoryStore):
            def release(self, claim: Claim, /) -> None:
                msg = "connection lost"
                raise ConnectionError(msg)

        with (
            caplog.at_level(logging.WARNING, "chainable"),
            pytest.raises(ZeroDivisionError),
            once(Lost(), "EV-1"),
        ):
            _ = 1 / 0

        assert "stays until its lease expires" in caplog.text

    def test_recording_a_finished_message_is_retried(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claim, "_PATIENCE", 60.0)
        store = Shaky(failures=2)
        with caplog.at_level(logging.WARNING, "chainable"), once(store, "EV-1") as first:
            assert first

        assert store.claim("EV-1") is None
        assert caplog.text.count("could not be recorded, trying again: ConnectionError") == 2

    @pytest.mark.parametrize("patience", [60.0, 0.0])
    def test_a_store_that_keeps_failing_raises_claim_error(
        self, monkeypatch: pytest.MonkeyPatch, patience: float
    ) -> None:
        monkeypatch.setattr(claim, "_PATIENCE", patience)
        store, done = Shaky(failures=100), []
        failed = pytest.raises(ClaimError, match="EV-1 was handled, and its store failed to record that")
        with failed as caught, once(store, "EV-1"):
            done.append("EV-1")

        assert done == ["EV-1"]
        assert caught.value.handled is True
        assert pickle.loads(pickle.dumps(caught.value)).handled is True
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert store.calls == (4 if patience else 1)
        with pytest.raises(InProgress):
            store.claim("EV-1")

    def test_a_lost_lease_is_not_retried(self) -> None:
        store = Shaky(failures=1, error=InProgress("taken over"))
        with pytest.raises(InProgress), once(store, "EV-1"):
            pass

        assert store.calls == 1

    def test_a_failed_commit_is_not_retried(self) -> None:
        store = Shaky(failures=1)
        store.transactional = True
        with pytest.raises(ConnectionError), once(store, "EV-1"):
            pass

        assert store.calls == 1

    def test_a_store_may_return_claims_of_any_class(self) -> None:

        class Plain:
            finished: list[object] = []

            def claim(self, message_id: str, /, lease: float = 60.0) -> object:
                return message_id

            def finish(self, claim: object, /) -> None:
                self.finished.append(claim)

        with once(Plain(), "EV-1", keep=100.0):  # type: ignore[arg-type]
            pass

        assert Plain.finished == ["EV-1"]

    def test_many_threads_book_each_message_once(self, store: Store) -> None:
        booked: Counter[int] = Counter()
        start = threading.Barrier(8)

        def work() -> None:
            start.wait()
            for number in range(25):
                done = False
                while not done:
                    try:
                        with once(store, f"EV-{number}") as first:
                            if first:
                                booked[number] += 1
                    except InProgress:
                        continue
                    done = True

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert booked == dict.fromkeys(range(25), 1)


class TestMemoryStore:
    def test_old_finished_messages_are_removed(self) -> None:
        now = 0.0
        store = MemoryStore(keep=100, clock=lambda: now)
        for moment, message in ((0.0, "old"), (50.0, "young")):
            now = moment
            with once(store, message):
                pass

        now = 100.0

        assert store.claim("old") is not None
        assert store.claim("young") is None

        now = 1000.0

        assert store.claim("young") is not None

    def test_keep_of_a_claim_extends_that_of_the_store(self) -> None:
        now = 0.0
        store = MemoryStore(keep=100, clock=lambda: now)
        for message, keep in (("long", 1000.0), ("usual", None), ("short", 1.0)):
            with once(store, message, keep=keep):
                pass

        now = 99.0
        assert [store.claim(message) for message in ("long", "usual", "short")] == [None, None, None]
        now = 999.0
        assert store.claim("long") is None
        assert store.claim("usual") is not None
        assert store.claim("short") is not None
        now = 1000.0
        assert store.claim("long") is not None

    def test_beyond_the_limit_the_next_to_expire_is_removed(self) -> None:
        store = MemoryStore(limit=3)
        for message, keep in (("a year", 31_536_000.0), ("1", None), ("2", None), ("3", None)):
            with once(store, message, keep=keep):
                pass

        assert [store.claim(message) for message in ("a year", "2", "3")] == [None, None, None]
        assert store.claim("1") is not None


@pytest.fixture
def hanging() -> Iterator[tuple[str, int]]:
    """A server that accepts connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield server.getsockname()


class TestWrongClients:
    @pytest.mark.parametrize(
        "url", ["redis://127.0.0.1/0", "rediss://:SECRET@shop.example/0", "unix:///run/redis.sock"]
    )
    def test_a_url_is_for_from_url(self, url: str) -> None:
        with pytest.raises(TypeError, match=r"not a str; for a URL, call RedisStore\.from_url\(…\)$") as caught:
            RedisStore(url)  # type: ignore[arg-type]
        assert "SECRET" not in str(caught.value)

    @pytest.mark.parametrize("wrong", [None, 7, {}, MemoryStore()])
    def test_another_object_is_refused(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=f"redis.Redis\\(…\\), not a {type(wrong).__name__}$"):
            RedisStore(wrong)

    def test_a_url_for_other_stores_names_redis_py(self) -> None:
        with pytest.raises(TypeError, match=r"for a URL, pass redis\.Redis\.from_url"):
            warn_without_timeout("redis://127.0.0.1/0")


class TestRedisStore:
    def test_a_hanging_redis_raises_within_the_timeout(self, hanging: tuple[str, int]) -> None:
        store = RedisStore.from_url("redis://{}:{}/0".format(*hanging), timeout=0.2)

        with pytest.raises(redis.TimeoutError):
            store.claim("EV-1")

    def test_a_url_has_timeouts_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Any] = []
        from_url = Redis.from_url
        monkeypatch.setattr(
            Redis, "from_url", lambda *given, **named: made.append(from_url(*given, **named)) or made[-1]
        )
        for url in ("redis://h/0", "redis://h/0?socket_timeout=7", "unix:///tmp/s"):
            RedisStore.from_url(url)
        pools = [client.connection_pool for client in made]
        connections = [pool.connection_class(**pool.connection_kwargs) for pool in pools]

        assert [one.socket_timeout for one in connections] == [2.0, 7.0, 2.0]
        assert [one.socket_connect_timeout for one in connections] == [2.0, 2.0, 2.0]

    @pytest.mark.parametrize("url", ["redis://h/0", "unix:///tmp/s"])
    def test_a_client_without_a_timeout_warns(self, url: str) -> None:
        with pytest.warns(UserWarning, match="this Redis client has no timeout"):
            RedisStore(Redis.from_url(url, socket_timeout=None))
        RedisStore(Redis.from_url(url, socket_timeout=2))

    def test_a_client_of_another_class_does_not_warn(self) -> None:

        class Client:
            def register_script(self, script: str) -> str:
                return script

        RedisStore(Client())  # type: ignore[arg-type]

    def test_keep_of_a_claim_extends_that_of_the_store(self, redis_server: Redis) -> None:
        with once(RedisStore(redis_server, keep=100), "EV-1", keep=1000.0):
            pass

        assert 900_000 < redis_server.pttl("chainable:once:EV-1") <= 1_000_000

    def test_several_clients_share_a_store(self, redis_server: Redis, redis_url: str) -> None:
        with once(RedisStore(redis_server), "EV-1"):
            pass

        with Redis.from_url(redis_url, decode_responses=True) as other:
            assert RedisStore(other).claim("EV-1") is None

    def test_a_store_is_made_from_a_url(self, redis_server: Redis, redis_url: str) -> None:
        store = RedisStore.from_url(redis_url, prefix="shop:", keep=600)

        with once(store, "EV-1"):
            pass

        (key,) = redis_server.scan_iter()
        assert key == b"shop:EV-1"
        assert 0 < redis_server.pttl(key) <= 600_000

    def test_the_message_of_a_killed_worker_is_handled_after_the_lease(
        self, redis_server: Redis, redis_url: str
    ) -> None:
        store = RedisStore(redis_server)
        with worker(redis_url, "EV-1", lease=600, deed="die") as dying:
            out, _ = dying.communicate()
        assert (out, dying.returncode) == ("first\n", -signal.SIGKILL)

        with pytest.raises(InProgress):
            store.claim("EV-1")
        assert 0 < redis_server.pttl("chainable:once:EV-1") <= 600_000
        redis_server.pexpire("chainable:once:EV-1", 1)  # ten minutes pass
        while redis_server.exists("chainable:once:EV-1"):
            time.sleep(0.01)
        with worker(redis_url, "EV-1", lease=60, deed="book") as second:
            out, _ = second.communicate(input="\n")

        assert out == "first\n"
        assert redis_server.get("booked") == b"1"
        assert store.claim("EV-1") is None

    def test_one_of_two_processes_handles_a_message(self, redis_server: Redis, redis_url: str) -> None:
        with worker(redis_url, "EV-1", lease=60, deed="book") as one:
            assert one.stdout is not None
            assert one.stdout.readline() == "first\n"
            with worker(redis_url, "EV-1", lease=60, deed="book") as two:
                out, err = two.communicate(input="\n")
            one.communicate(input="\n")

        assert out == ""
        assert "InProgress: EV-1 is being handled by another worker" in err
        assert redis_server.get("booked") == b"1"
        assert RedisStore(redis_server).claim("EV-1") is None

    def test_a_worker_that_was_replaced_raises(self, redis_server: Redis, redis_url: str) -> None:
        store = RedisStore(redis_server)
        with worker(redis_url, "EV-1", lease=0.05, deed="book") as slow:
            assert slow.stdout is not None
            assert slow.stdout.readline() == "first\n"
            while redis_server.exists("chainable:once:EV-1"):
                time.sleep(0.01)
            with once(store, "EV-1") as first:
                assert first
                _, err = slow.communicate(input="\n")

        assert "InProgress: the lease on EV-1 expired" in err
        assert slow.returncode == 1
        assert store.claim("EV-1") is None


LEDGER = """
import os, signal, sqlite3, sys
from chainable.deduplication import RedisStore, once

url, path, trouble = sys.argv[1:]

def pause(point):
    if trouble == f'dies {point}':
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == f'stalls {point}':
        print('stalled', flush=True)
        sys.stdin.readline()

with once(RedisStore.from_url(url), 'EV-1', lease=0.3 if trouble else 60) as first:
    if first:
        pause('before booking')
        ledger = sqlite3.connect(path)
        with ledger:
            ledger.execute("UPDATE orders SET state = 'PAID', booked = booked + 1 WHERE state = 'NOTPAY'")
        ledger.close()
        pause('after booking')
"""


class TestLedger:
    """Whatever happens to a worker, the payment is booked exactly once."""

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Path:
        path = tmp_path / "orders.db"
        with closing(sqlite3.connect(path)) as orders, orders:
            orders.execute("CREATE TABLE orders (state TEXT, booked INTEGER)")
            orders.execute("INSERT INTO orders VALUES ('NOTPAY', 0)")
        return path

    @staticmethod
    def deliver(url: str, path: Path, trouble: str = "") -> subprocess.Popen[str]:
        arguments = [sys.executable, "-c", LEDGER, url, str(path), trouble]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(arguments, text=True, **pipes)

    @pytest.mark.parametrize("trouble", ["dies before booking", "dies after booking"])
    def test_the_message_of_a_killed_worker_is_booked_once(
        self, redis_server: Redis, redis_url: str, ledger: Path, trouble: str
    ) -> None:
        with self.deliver(redis_url, ledger, trouble) as dying:
            dying.communicate()
        assert dying.returncode == -signal.SIGKILL
        self.wait_for_the_lease(redis_server)

        self.deliver_until_accepted(redis_url, ledger)

    @pytest.mark.parametrize("trouble", ["stalls before booking", "stalls after booking"])
    def test_the_message_of_a_stalled_worker_is_booked_once(
        self, redis_server: Redis, redis_url: str, ledger: Path, trouble: str
    ) -> None:
        with self.deliver(redis_url, ledger, trouble) as stalling:
            assert stalling.stdout is not None
            assert stalling.stdout.readline() == "stalled\n"
            self.wait_for_the_lease(redis_server)
            self.deliver_until_accepted(redis_url, ledger)
            _, err = stalling.communicate(input="\n")

        assert stalling.returncode == 1
        assert "InProgress: the lease on EV-1 expired" in err
        assert self.orders(ledger) == [("PAID", 1)]

    def deliver_until_accepted(self, url: str, path: Path) -> None:
        for _ in range(2):
            with self.deliver(url, path) as worker:
                worker.communicate()
            assert worker.returncode == 0
            assert self.orders(path) == [("PAID", 1)]

    @staticmethod
    def orders(path: Path) -> list[tuple[str, int]]:
        with closing(sqlite3.connect(path)) as orders:
            return orders.execute("SELECT state, booked FROM orders").fetchall()

    @staticmethod
    def wait_for_the_lease(redis: Redis) -> None:
        while redis.exists("chainable:once:EV-1"):
            time.sleep(0.01)
