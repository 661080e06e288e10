"""Sessions are refreshed in time, by one process at a time, in every store."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
import requests
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

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
    """Returns the next token, and records the requests."""

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
    def test_a_fresh_token_is_used_and_loaded_from_the_store_once(self, platform, store):
        shop = session(platform, store)
        shop.keep(token(1))

        assert shop() == shop() == session(platform, store)() == "access1"
        assert not platform.asked
        assert "access" not in repr(shop)

    def test_a_token_is_refreshed_shortly_before_its_expiry_and_saved(self, platform, store):
        session(platform, store).keep(token(1))
        platform.now += 3001

        assert session(platform, store)() == "access2"
        assert session(platform, store)() == "access2"
        assert platform.asked == ["refresh1"]

    def test_a_token_without_expiry_is_never_refreshed(self, platform, store):
        store.save("shop", Token("for ever"))
        platform.now += 1e9

        assert session(platform, store)() == "for ever"

    def test_a_token_that_another_process_refreshed_is_loaded_from_the_store(self, platform, store):
        first, second = session(platform, store), session(platform, store)
        first.keep(token(1))
        assert second() == "access1"
        platform.now += 3001

        assert first() == second() == "access2"
        assert platform.asked == ["refresh1"]

    def test_a_missing_token_is_a_ConfigurationError(self, platform, store):
        with pytest.raises(ConfigurationError, match="'shop': the store has no token"):
            session(platform, store)()

    def test_a_failed_early_refresh_is_logged_and_tried_again_a_minute_later(self, platform, store, caplog):
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

    def test_a_failed_refresh_of_an_expired_session_is_raised(self, platform, store):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601
        platform.fails = requests.ConnectionError()

        with pytest.raises(requests.ConnectionError):
            shop()

    def test_an_expired_refresh_token_is_not_sent(self, platform, store):
        shop = session(platform, store)
        shop.keep(token(1, life=3600, refresh_life=3600))
        platform.now += 3600

        with pytest.raises(TopError, match="authorise again") as caught:
            shop()

        assert caught.value.session_expired
        assert not platform.asked

    def test_a_refused_token_is_exchanged_unless_another_process_has_done_it(self, platform, store):
        shop, other = session(platform, store), session(platform, store)
        shop.keep(token(1))

        assert shop.renew("access1") == "access2"
        assert other.renew("access1") == "access2"
        assert platform.asked == ["refresh1"]
        assert other() == "access2"

    def test_a_new_token_is_used_even_if_the_store_cannot_save_it(self, platform, store, monkeypatch):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        def save(name, token):
            raise OSError("disk full")

        monkeypatch.setattr(store, "save", save)
        with pytest.raises(OSError, match="disk full"):
            shop()

        assert shop() == "access2"

    def test_an_unsaved_token_is_saved_as_soon_as_the_store_works(self, platform, store, monkeypatch, caplog):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        def save(name, token):
            raise OSError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(store, "save", save)
            with pytest.raises(OSError, match="disk full"):
                shop()
            assert shop() == "access2"
        assert shop() == "access2"
        assert store.load("shop") == token(1)
        platform.now += 61
        assert shop() == session(platform, store)() == "access2"

        assert platform.asked == ["refresh1"]
        assert [record.getMessage() for record in caplog.records] == [
            "session 'shop': its store still cannot keep it: OSError"
        ]

    def test_the_next_refresh_starts_from_the_unsaved_token(self, platform, store, monkeypatch):
        """The token in the store is invalid."""
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        def save(name, token):
            raise OSError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(store, "save", save)
            with pytest.raises(OSError, match="disk full"):
                shop()
            platform.now += 3001
            assert shop() == "access3"
            assert shop.renew("access1") == "access3"
            with pytest.raises(OSError, match="disk full"):
                shop.renew("access3")
            assert shop.renew("access3") == "access4"
        platform.now += 61
        assert shop() == store.load("shop").access_token == "access4"

        assert platform.asked == ["refresh1", "refresh2", "refresh3"]

    def test_an_unsaved_token_does_not_replace_that_of_a_new_authorisation(self, platform, store, monkeypatch):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601
        with monkeypatch.context() as patch:
            patch.setattr(store, "save", lambda name, token: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                shop()
        store.save("shop", token(9, start=platform.now))

        assert shop() == "access2"
        assert store.load("shop").access_token == "access9"
        assert shop.renew("access2") == "access9"

        shop.keep(token(7, start=platform.now))
        assert shop() == "access7"

    def test_an_early_refresh_that_cannot_be_saved_is_used_as_well(self, platform, store, monkeypatch, caplog):
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

    def test_an_unreadable_store_does_no_harm_before_the_session_expires(self, platform, store, monkeypatch, caplog):
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

    def test_an_expired_session_is_refreshed_at_once_even_in_a_pause(self, platform, store):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3590
        platform.fails = requests.ConnectionError()
        assert shop() == "access1"

        platform.now += 11
        platform.fails = None
        assert shop() == "access3"

    @pytest.mark.parametrize("step", [-3600, -86_400])
    def test_a_clock_that_was_set_back_ends_the_pause(self, platform, store, step):
        shop = session(platform, store)
        shop.keep(token(1, life=3600 + step, start=NOON))
        platform.now += 3600 - 300 + step
        platform.fails = requests.ConnectionError()
        assert shop() == "access1"
        assert len(platform.asked) == 1

        shop.keep(token(1, life=3600 + 2 * step, start=NOON))
        platform.now += step
        platform.fails = None
        assert shop() == "access3"

    def test_a_valid_token_is_used_while_another_process_refreshes_it(self, platform, store, caplog):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3001

        with store.refreshing("shop"):
            assert shop() == "access1"
            store.save("shop", token(2, start=platform.now))
        assert shop() == "access1"
        platform.now += 1
        assert shop() == "access2"

        assert not platform.asked
        assert not caplog.records

    def test_the_refresh_of_one_session_does_not_block_another(self, platform, store):
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        with store.refreshing("another"):
            assert shop() == "access2"

    def test_a_custom_store_without_wait_is_waited_for(self, platform):
        kept = MemorySessions()

        class Store:
            load, save = kept.load, kept.save

            def refreshing(self, name, /):
                return kept.refreshing(name)

        shop = session(platform, Store())
        shop.keep(token(1))
        platform.now += 3001

        assert shop() == "access2"

    @pytest.mark.parametrize(
        "moment", [datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)]
    )
    def test_the_earliest_and_latest_expiry_work_as_any_other(self, platform, store, moment):
        shop = session(platform, store)
        shop.keep(Token("access1", "refresh1", expires=moment))

        assert shop() == ("access2" if moment.year == 1 else "access1")

    def test_one_thread_refreshes_and_the_others_wait_for_its_token(self, platform, store):
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
    """The work of one process whose session has expired."""

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
    def test_one_process_refreshes_and_the_others_wait_for_its_token(self, kind, tmp_path, redis_url, redis_server):
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
    def test_a_forked_child_does_not_wait_for_a_refresh_of_its_parent(self, monkeypatch):
        store, parent = MemorySessions(), os.getpid()

        with store.refreshing("a"):
            with pytest.raises(InProgress), store.refreshing("a", wait=0):
                pass
            monkeypatch.setattr("os.getpid", lambda: parent + 1)
            with store.refreshing("a", wait=0):
                pass


@pytest.mark.parametrize("kind", [MemorySessions, FileSessions])
class TestPatience:
    def make(self, kind, tmp_path, **settings):
        return kind(**settings) if kind is MemorySessions else kind(tmp_path / "sessions.json", **settings)

    def test_waiting_for_a_refresh_that_hangs_ends_after_the_patience(self, kind, tmp_path, platform):
        store = self.make(kind, tmp_path, patience=0.05)
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3601

        with (
            store.refreshing("shop"),
            pytest.raises(InProgress, match=r"'shop': it has been refreshed elsewhere for 0\.05 seconds: try again"),
        ):
            shop()
        assert shop() == "access2"

    def test_waiting_for_a_renewal_that_hangs_ends_after_the_patience(self, kind, tmp_path, platform):
        store = self.make(kind, tmp_path, patience=0.05)
        shop = session(platform, store)
        shop.keep(token(1))

        with store.refreshing("shop"), pytest.raises(InProgress):
            shop.renew("access1")

    @pytest.mark.parametrize("patience", [0, -1, "long", True, float("nan"), float("inf")])
    def test_the_patience_must_be_a_number_of_seconds(self, kind, tmp_path, patience):
        with pytest.raises(ConfigurationError, match="patience"):
            self.make(kind, tmp_path, patience=patience)


TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ENTRIES = VALUES | st.dictionaries(
    st.sampled_from(["access_token", "refresh_token", "expires", "refresh_expires", "user_id", "more"]), VALUES
)
DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"3",
    b"NaN",
    b"\xff",
    b"\x00" * 100,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"a": ' + b"9" * 10_000 + b"}",
    b'{"a": {"access_token": "TOKENPLANTED"}',
    '{"a": {"access_token": "TOKENPLANTED"}}'.encode("utf-16")[:-1],
]
DAMAGED_ENTRIES = [
    1,
    1e400,
    float("nan"),
    True,
    "TOKENPLANTED",
    ["TOKENPLANTED"],
    {},
    {"access_token": ""},
    {"access_token": None},
    {"access_token": 10**400},
    {"access_token": ["TOKENPLANTED"]},
    {"refresh_token": "TOKENPLANTED"},
    {"access_token": "TOKENPLANTED", "refresh_token": 1},
    {"access_token": "TOKENPLANTED", "expires": "soon"},
    {"access_token": "TOKENPLANTED", "expires": "2026-01-01T10:00:00"},
    {"access_token": "TOKENPLANTED", "expires": 1e400},
    {"access_token": "TOKENPLANTED", "expires": "TOKENPLANTED"},
    {"access_token": "TOKENPLANTED", "refresh_expires": "2026-01-01"},
]


def shown(error):
    """Everything that a report of the error could show: its texts, its causes, the variables of its frames."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error.args), repr(getattr(error, "doc", None))]
        texts += [repr(frame.f_locals) for frame, _ in traceback.walk_tb(error.__traceback__) if ours(frame)]
        error = error.__cause__ or error.__context__
    return " ".join(texts)


def ours(frame):
    return f"{os.sep}taobao_top{os.sep}" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename


class TestFile:
    def test_a_process_forked_during_a_refresh_holds_no_lock(self, tmp_path, monkeypatch):
        store, opened, inherited = FileSessions(tmp_path / "sessions.json"), os.open, []

        def forking(path, flags, mode=0o777):
            handle = opened(path, flags, mode)
            inherited.append(os.dup(handle))  # as a fork inherits it
            return handle

        monkeypatch.setattr("os.open", forking)
        with store.refreshing("a"):
            pass
        monkeypatch.undo()

        try:
            with store.refreshing("a", wait=0):
                pass
        finally:
            os.close(*inherited)

    @pytest.mark.parametrize("name", ["shop", "\ud800", "a/../b", "", "x" * 1000])
    def test_the_name_of_a_lock_file_does_not_show_the_sessions_name(self, tmp_path, name):
        store = FileSessions(tmp_path / "sessions.json")

        with store.refreshing(name):
            with pytest.raises(InProgress), store.refreshing(name, wait=0):
                pass
            with store.refreshing(name + "2", wait=0):
                pass

        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert file.read_bytes() == b""
            assert file.name.startswith("sessions.json.")
            assert not name or name not in file.name.removeprefix("sessions.json.")

    @pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
    def test_a_stopped_process_blocks_its_session_only_and_a_killed_one_none(self, tmp_path, platform, number):
        store = FileSessions(tmp_path / "sessions.json", patience=0.05)
        for name in "ab":
            store.save(name, token(1))
        program = (
            "import sys; from taobao_top.sessions import FileSessions\n"
            "with FileSessions(sys.argv[1]).refreshing('a'): print('refreshing', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "sessions.json")]
        platform.now += 3001
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout.readline() == "refreshing\n"
            other.send_signal(number)
            if number == signal.SIGKILL:
                other.wait()
            got = [Session(name, store, platform.refresh, clock=platform.clock)() for name in "ba"]
            other.kill()

        assert got == ["access2", "access1" if number == signal.SIGSTOP else "access3"]

    def test_a_token_is_used_while_another_process_blocks_the_file_and_saved_later(
        self, tmp_path, platform, monkeypatch, caplog
    ):
        monkeypatch.setattr("taobao_top.sessions._WRITING", 0.05)
        store = FileSessions(tmp_path / "sessions.json")
        shop = session(platform, store)
        shop.keep(token(1))
        platform.now += 3001

        with FileLock(tmp_path / "sessions.json.lock"):
            assert shop() == "access2"
            with pytest.raises(InProgress, match=r"sessions\.json: another process has been writing it for 0\.05 s"):
                store.save("shop", token(3))
        platform.now += 61
        shop()

        assert store.load("shop").access_token == "access2"
        assert [record.getMessage() for record in caplog.records] == [
            "session 'shop' was refreshed, but its store could not keep it: InProgress"
        ]

    def test_a_symbolic_link_in_place_of_a_lock_file_is_not_followed(self, tmp_path):
        other = tmp_path / "other"
        other.write_bytes(b"of another")
        (tmp_path / "sessions.json.lock").symlink_to(other)

        with pytest.raises(OSError, match="symbolic links"):
            FileSessions(tmp_path / "sessions.json").save("a", token(1))

        assert other.read_bytes() == b"of another"

    def test_a_half_written_file_is_removed_by_the_next_save(self, tmp_path):
        path = tmp_path / "sessions.json"
        FileSessions(path).save("a", token(1))
        program = (
            "import os, signal, sys; from taobao_top.sessions import FileSessions; from taobao_top.oauth import Token\n"
            "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
            "FileSessions(sys.argv[1]).save('a', Token('TOKENPLANTED'))"
        )
        assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -signal.SIGKILL
        assert [file for file in tmp_path.iterdir() if b"TOKENPLANTED" not in file.read_bytes()]

        FileSessions(path).save("b", token(2))

        assert FileSessions(path).load("a") == token(1)
        assert not [file for file in tmp_path.iterdir() if b"TOKENPLANTED" in file.read_bytes()]
        assert sorted(os.listdir(tmp_path)) == ["sessions.json", "sessions.json.lock"]

    def test_only_the_owner_can_read_the_file(self, tmp_path):
        store = FileSessions(str(tmp_path / "sessions.json"))

        store.save("a", token(1))
        store.save("b", token(2))

        assert (store.load("a"), store.load("b"), store.load("c")) == (token(1), token(2), None)
        for name in os.listdir(tmp_path):
            assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".sessions-")]

    def test_a_failed_save_changes_nothing_and_leaves_no_copy(self, tmp_path):
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

    @pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
    def test_a_file_of_something_else_is_named_without_its_content(self, tmp_path, content):
        (tmp_path / "sessions.json").write_bytes(content)

        for use in (lambda store: store.load("a"), lambda store: store.save("b", Token("TOKENPLANTED"))):
            with pytest.raises(
                ConfigurationError, match=r"sessions\.json: this is not a file of sessions: move it away"
            ) as caught:
                use(FileSessions(tmp_path / "sessions.json"))
            assert "TOKENPLANTED" not in shown(caught.value)
        assert (tmp_path / "sessions.json").read_bytes() == content

    @pytest.mark.parametrize("entry", DAMAGED_ENTRIES, ids=range(len(DAMAGED_ENTRIES)))
    def test_a_damaged_entry_is_named_and_the_others_can_be_used(self, tmp_path, entry):
        path = tmp_path / "sessions.json"
        path.write_text(json.dumps({"a": entry, "b": token(1).as_dict()}))
        store = FileSessions(path)

        with pytest.raises(ConfigurationError, match=r"sessions\.json: this is not a file of sessions") as caught:
            store.load("a")
        assert "TOKENPLANTED" not in shown(caught.value)
        assert store.load("b") == token(1)
        assert store.load("c") is None

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_a_file_in_another_encoding_is_read_or_refused_by_name(self, tmp_path, encoding):
        path = tmp_path / "sessions.json"
        path.write_bytes(json.dumps({"a": token(1).as_dict()}).encode(encoding))

        assert FileSessions(path).load("a") == token(1)

    @pytest.mark.parametrize("kind", ["folder", "loop"])
    def test_an_unreadable_file_is_named(self, tmp_path, kind):
        path = tmp_path / "sessions.json"
        if kind == "folder":
            path.mkdir()
        else:
            path.symlink_to(path)

        with pytest.raises(ConfigurationError, match=r"sessions\.json: cannot be read \("):
            FileSessions(path).load("a")

    @given(content=st.dictionaries(st.sampled_from("ab"), ENTRIES) | VALUES, raw=st.binary(max_size=20))
    def test_any_content_is_a_token_no_token_or_a_ConfigurationError(self, tmp_path_factory, content, raw):
        path = tmp_path_factory.getbasetemp() / "fuzzed.json"
        for text in (json.dumps(content).encode(), raw):
            path.write_bytes(text)
            found = None
            with suppress(ConfigurationError):
                found = FileSessions(path).load("a")
            assert found is None or isinstance(found.access_token, str)


class TestRedis:
    @pytest.mark.parametrize("decode", [True, False])
    def test_the_client_of_redis_py_may_decode_responses_or_not(self, redis_url, redis_server, decode):
        with Redis.from_url(redis_url, decode_responses=decode) as redis:
            store = RedisSessions(redis, prefix="mine:")
            store.save("a", token(1))

            assert store.load("a") == token(1)
        assert redis_server.keys() == [b"mine:a"]

    def test_a_refresh_that_takes_longer_than_the_lease_returns_its_token(self, redis_server):
        store = RedisSessions(redis_server, lease=0.05)

        with store.refreshing("a"):
            time.sleep(0.1)
            with store.refreshing("a"):
                pass

    def test_waiting_for_a_refresh_elsewhere_ends(self, redis_server):
        with RedisSessions(redis_server, lease=30).refreshing("a"):
            impatient = RedisSessions(redis_server, lease=0.05)
            with (
                pytest.raises(InProgress, match=r"'a': it has been refreshed elsewhere for 0\.1 seconds"),
                impatient.refreshing("a"),
            ):
                pass
            with (
                pytest.raises(InProgress, match="'a': it is being refreshed elsewhere"),
                impatient.refreshing("a", wait=0),
            ):
                pass
            with impatient.refreshing("b"):
                pass

    def test_a_lock_that_cannot_be_released_does_not_lose_the_token(self, redis_server, monkeypatch):
        def away(lock):
            raise RedisConnectionError("away")

        monkeypatch.setattr("redis.lock.Lock.release", away)
        with RedisSessions(redis_server).refreshing("a"):
            pass

    @pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
    def test_a_key_without_a_token_is_named_without_its_value(self, redis_server, content):
        redis_server.set("taobao_top:session:a", content)

        with pytest.raises(
            ConfigurationError, match="the Redis key 'taobao_top:session:a' does not hold a token: delete it"
        ) as caught:
            RedisSessions(redis_server).load("a")
        assert "TOKENPLANTED" not in shown(caught.value)

    @pytest.mark.parametrize("entry", DAMAGED_ENTRIES, ids=range(len(DAMAGED_ENTRIES)))
    def test_a_key_with_other_JSON_is_named(self, redis_server, entry):
        redis_server.set("taobao_top:session:a", json.dumps(entry))

        with pytest.raises(ConfigurationError, match="does not hold a token") as caught:
            RedisSessions(redis_server).load("a")
        assert "TOKENPLANTED" not in shown(caught.value)

    @pytest.mark.parametrize("lease", [0, -1, "long", True, float("nan"), float("inf")])
    def test_the_lease_must_be_a_number_of_seconds(self, lease):
        with pytest.raises(ConfigurationError, match="lease"):
            RedisSessions(Redis(), lease=lease)


def test_the_file_may_be_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    FileSessions("~/sessions.json").save("seller", Token("a"))
    assert (tmp_path / "sessions.json").is_file()
