"""Sessions are refreshed in time, by one at a time, wherever they are kept."""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import os
import resource
import stat
import threading
import time
from datetime import datetime, timedelta

import pytest
import requests
from redis import Redis

from chainable.errors import ConfigurationError, InProgress
from chainable.times import BEIJING
from taobao_top import TopError
from taobao_top.oauth import Token
from taobao_top.sessions import FileSessions, MemorySessions, RedisSessions, Session
from tests.taobao_top.conftest import NOON


def token(number, *, life=3600.0, refresh_life=7200.0, start=NOON):
    begin = datetime.fromtimestamp(start, BEIJING)
    return Token(
        f"access{number}",
        f"refresh{number}",
        expires=begin + timedelta(seconds=life),
        refresh_expires=begin + timedelta(seconds=refresh_life),
    )


class Platform:
    """Gives the next token, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []
        self.now = NOON
        self.fails = None

    def clock(self):
        return self.now

    def refresh(self, old):
        self.asked.append(old.refresh_token)
        if self.fails:
            raise self.fails
        return token(len(self.asked) + 1, start=self.now)


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture(params=["memory", "file", "redis"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemorySessions()
    if request.param == "file":
        return FileSessions(tmp_path / "sessions.json")
    return RedisSessions(request.getfixturevalue("redis_server"))


def session(platform, store, **settings):
    return Session("shop", store, platform.refresh, clock=platform.clock, **settings)


class TestSession:
    def test_fresh(self, platform, store):
        """A fresh token is used as it is, and read from the store once."""
        shop = session(platform, store)
        shop.keep(token(1))

        assert shop() == shop() == session(platform, store)() == "access1"
        assert not platform.asked
        assert "access" not in repr(shop)

    def test_in_time(self, platform, store):
        """Shortly before its end it is refreshed, and kept for all."""
        session(platform, store).keep(token(1))
        platform.now += 3001

        assert session(platform, store)() == "access2"
        assert session(platform, store)() == "access2"
        assert platform.asked == ["refresh1"]

    def test_without_end(self, platform, store):
        """A token without an end is never refreshed."""
        store.save("shop", Token("for ever"))
        platform.now += 1e9

        assert session(platform, store)() == "for ever"

    def test_others_were_faster(self, platform, store):
        """A token another process refreshed is taken from the store."""
        first, second = session(platform, store), session(platform, store)
        first.keep(token(1))
        assert second() == "access1"
        platform.now += 3001

        assert first() == second() == "access2"
        assert platform.asked == ["refresh1"]

    def test_unknown(self, platform, store):
        """Without a token there is nothing to give."""
        with pytest.raises(ConfigurationError, match="'shop': the store has no token"):
            session(platform, store)()

    def test_failure_in_advance(self, platform, store, caplog):
        """While the session still works, a failed refresh is only logged, and tried again a minute later."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3001
        platform.fails = requests.ConnectionError("refresh_token=refresh1")

        with caplog.at_level(logging.WARNING, logger="taobao_top"):
            assert shop() == shop() == "access1"
        platform.now += 61
        platform.fails = None
        assert shop() == "access3"

        assert len(platform.asked) == 2
        assert [record.getMessage() for record in caplog.records] == [
            "session 'shop' could not be refreshed in advance: ConnectionError"
        ]

    def test_failure_at_the_end(self, platform, store):
        """When it has ended, the failure is the user's."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601
        platform.fails = requests.ConnectionError()

        with pytest.raises(requests.ConnectionError):
            shop()

    def test_refresh_has_ended(self, platform, store):
        """A refresh token that has ended is not even tried."""
        shop = session(platform, store)
        shop.keep(token(1, life=3600, refresh_life=3600))
        platform.now += 3600

        with pytest.raises(TopError, match="authorise again") as caught:
            shop()

        assert caught.value.session_expired
        assert not platform.asked

    def test_renew(self, platform, store):
        """A token the platform refused is exchanged whatever its end, unless somebody has done it."""
        shop, other = session(platform, store), session(platform, store)
        shop.keep(token(1))

        assert shop.renew("access1") == "access2"
        assert other.renew("access1") == "access2"
        assert platform.asked == ["refresh1"]
        assert other() == "access2"

    def test_store_that_cannot_be_written(self, platform, store, monkeypatch):
        """The new token is not lost with the store: this process goes on with it."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        def save(name, token):
            raise OSError("disk full")

        monkeypatch.setattr(store, "save", save)
        with pytest.raises(OSError, match="disk full"):
            shop()

        assert shop() == "access2"

    def test_store_that_cannot_be_written_in_advance(self, platform, store, monkeypatch, caplog):
        """Nor is it lost while the old one had time left; that one is dead by now."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3001

        def save(name, token):
            raise OSError("disk full")

        monkeypatch.setattr(store, "save", save)

        assert shop() == shop() == "access2"
        assert platform.asked == ["refresh1"]
        assert [record.getMessage() for record in caplog.records] == [
            "session 'shop' was refreshed, but its store could not keep it: OSError"
        ]

    def test_store_that_cannot_be_read(self, platform, store, monkeypatch, caplog):
        """A store that is away does no harm before the session ends, whatever its errors are."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3001

        def load(name):
            raise OSError("away")

        with monkeypatch.context() as patch:
            patch.setattr(store, "load", load)
            assert shop() == shop() == "access1"
            assert len(caplog.records) == 1
            platform.now += 601
            with pytest.raises(OSError, match="away"):
                shop()
        assert shop() == "access2"

    def test_ended_while_refreshing_paused(self, platform, store):
        """When the session ends soon after a refresh failed, it is tried again at once."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3590
        platform.fails = requests.ConnectionError()
        assert shop() == "access1"

        platform.now += 11
        platform.fails = None
        assert shop() == "access3"

    def test_one_at_a_time(self, platform, store):
        """Many threads need a new session; one refreshes, the others wait for its result."""
        session(platform, store).keep(token(1))
        platform.now += 3601
        began, release = threading.Event(), threading.Event()
        refresh = platform.refresh

        def slow(old):
            began.set()
            release.wait(60)
            return refresh(old)

        platform.refresh = slow
        got = []
        threads = [threading.Thread(target=lambda: got.append(session(platform, store)())) for _ in range(6)]
        for thread in threads:
            thread.start()
        began.wait(60)
        release.set()
        for thread in threads:
            thread.join()

        assert got == ["access2"] * 6
        assert platform.asked == ["refresh1"]


def use(store, asked, got):
    """What one worker process does: its session has ended."""

    def refresh(old):
        asked.put(old.refresh_token)
        time.sleep(0.05)
        return token(2, start=NOON + 4000)

    got.put(Session("shop", store, refresh, clock=lambda: NOON + 4000)())


def use_file(path, asked, got):
    use(FileSessions(path), asked, got)


def use_redis(url, asked, got):
    with Redis.from_url(url) as redis:
        use(RedisSessions(redis), asked, got)


class TestProcesses:
    @pytest.mark.parametrize("kind", ["file", "redis"])
    def test_one_at_a_time(self, kind, tmp_path, redis_url, redis_server):
        """Processes share the one refresh as threads do."""
        context = multiprocessing.get_context("spawn")
        asked, got = context.Queue(), context.Queue()
        path = tmp_path / "sessions.json"
        store = FileSessions(path) if kind == "file" else RedisSessions(redis_server)
        store.save("shop", token(1))
        target, place = (use_file, path) if kind == "file" else (use_redis, redis_url)
        workers = [context.Process(target=target, args=(place, asked, got)) for _ in range(3)]

        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert [got.get(timeout=60) for _ in workers] == ["access2"] * 3
        assert asked.get(timeout=60) == "refresh1"
        assert asked.empty()


class TestMemory:
    def test_a_forked_process_is_not_kept_out(self, monkeypatch):
        """The thread that refreshes lives in the parent; no thread of the child would ever end the wait."""
        store, parent = MemorySessions(), os.getpid()

        with store.refreshing("a"):
            assert not store.refreshing("a").acquire(blocking=False)
            monkeypatch.setattr("os.getpid", lambda: parent + 1)
            with store.refreshing("a") as alone:
                assert alone


class TestFile:
    def test_a_process_forked_meanwhile_keeps_nobody_out(self, tmp_path, monkeypatch):
        """It has the descriptor of the lock too, for as long as it lives."""
        store, opened, inherited = FileSessions(tmp_path / "sessions.json"), os.open, []

        def forking(path, flags, mode=0o777):
            handle = opened(path, flags, mode)
            inherited.append(os.dup(handle))  # what a fork does with it
            return handle

        monkeypatch.setattr("os.open", forking)
        with store.refreshing("a"):
            pass
        monkeypatch.undo()

        handle = os.open(tmp_path / "sessions.json.refreshing", os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)
            os.close(*inherited)

    def test_is_the_owners_alone(self, tmp_path):
        """Nobody else may read it; saving replaces it as a whole."""
        store = FileSessions(str(tmp_path / "sessions.json"))

        store.save("a", token(1))
        store.save("b", token(2))

        assert (store.load("a"), store.load("b"), store.load("c")) == (token(1), token(2), None)
        for name in os.listdir(tmp_path):
            assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".sessions-")]

    def test_nothing_is_left(self, tmp_path):
        """A save that fails leaves no copy behind, and what was kept as it was."""
        store = FileSessions(tmp_path / "sessions.json")
        store.save("a", token(1))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                store.save("b", Token("x" * 2000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert sorted(os.listdir(tmp_path)) == ["sessions.json", "sessions.json.lock"]
        assert (store.load("a"), store.load("b")) == (token(1), None)

    @pytest.mark.parametrize(
        "content", [b"{", b"[]", b"\xff", b'{"a": 1}', b'{"a": {}}', b'{"a": {"expires": "soon", "access_token": "x"}}']
    )
    def test_damaged(self, tmp_path, content):
        """A file that is none of tokens is told by its name."""
        (tmp_path / "sessions.json").write_bytes(content)

        with pytest.raises(ConfigurationError, match=r"sessions\.json: is no file of sessions"):
            FileSessions(tmp_path / "sessions.json").load("a")


class TestRedis:
    @pytest.mark.parametrize("decode", [True, False])
    def test_any_client(self, redis_url, redis_server, decode):
        """Whether the client decodes answers makes no difference."""
        with Redis.from_url(redis_url, decode_responses=decode) as redis:
            store = RedisSessions(redis, prefix="mine:")
            store.save("a", token(1))

            assert store.load("a") == token(1)
        assert redis_server.keys() == [b"mine:a"]

    def test_lease_ended(self, redis_server):
        """Who took longer than the lease has his token all the same."""
        store = RedisSessions(redis_server, lease=0.05)

        with store.refreshing("a"):
            time.sleep(0.1)
            with store.refreshing("a"):
                pass

    def test_somebody_else(self, redis_server):
        """Nobody waits for ever for one who refreshes."""
        with RedisSessions(redis_server, lease=30).refreshing("a"):
            impatient = RedisSessions(redis_server, lease=0.05)
            with (
                pytest.raises(InProgress, match="'a': somebody else has been refreshing it for 0.1 seconds"),
                impatient.refreshing("a"),
            ):
                pass
            with impatient.refreshing("b"):
                pass

    @pytest.mark.parametrize("lease", [0, -1, "long", True])
    def test_no_lease(self, lease):
        """A lease is some seconds."""
        with pytest.raises(ConfigurationError, match="lease"):
            RedisSessions(Redis(), lease=lease)
