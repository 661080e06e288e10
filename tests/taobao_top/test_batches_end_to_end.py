"""Batches against the sandbox, over real sockets: expired sessions, bans, limits, faults of single calls."""

from __future__ import annotations

import pytest
import requests

from taobao_top import RateLimiter, TopError
from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server
from taobao_top.sessions import FileSessions, MemorySessions, RedisSessions

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]


@pytest.fixture
def sandbox(taobao_sandbox):
    return taobao_sandbox


@pytest.fixture
def top(sandbox):
    return sandbox.client()


@pytest.fixture
def token(top, sandbox):
    return top.oauth.token(code=sandbox.sessions.code(), signed=True)


def entries(sandbox, since, kind):
    return [entry for entry in list(sandbox.journal)[since:] if entry.kind == kind]


class TestSessions:
    @pytest.mark.parametrize("kind", ["memory", "file", "redis"])
    def test_only_calls_of_an_expired_session_are_replayed(self, top, sandbox, token, kind, tmp_path, request):
        if kind == "memory":
            store = MemorySessions()
        elif kind == "file":
            store = FileSessions(tmp_path / "sessions.json")
        else:
            store = RedisSessions(request.getfixturevalue("redis_server"))
        tids = sandbox.trades.add(3)
        shop = top.oauth.session("shop", store, token=token)
        sandbox.sessions.expire(token.access_token)
        before = len(sandbox.journal)

        with top.batch() as batch:
            batch.taobao.time.get()
            for tid in tids:
                batch.taobao.trade.fullinfo.get(fields="tid", tid=tid, session=shop)

        assert [answer.data["trade"]["tid"] for answer in batch.answers[1:]] == tids
        assert batch.answers[0].data["time"]
        assert len(entries(sandbox, before, "oauth")) == 1
        assert [entry.method for entry in entries(sandbox, before, "item")].count("taobao.time.get") == 1

    def test_a_refused_refresh_fails_only_the_calls_of_its_session(self, top, sandbox, token):
        shop = top.oauth.session("shop", MemorySessions(), token=token)
        top.oauth.refresh(token)  # elsewhere, without saving the new token

        with top.batch() as batch:
            batch.taobao.trades.sold.get(fields="tid", session=shop)
            batch.taobao.time.get()

        assert isinstance(batch.answers[0], TopError)
        assert batch.answers[0].session_expired
        assert batch.answers[1].data["time"]


class TestRefusedCalls:
    def test_calls_refused_by_a_short_ban_get_their_responses(self, top, sandbox):
        sandbox.ban(0.2)

        with top.batch() as batch:
            batch.taobao.time.get()
            batch.taobao.time.get()

        assert all(answer.data["time"] for answer in batch.answers)

    def test_a_limiter_counts_calls_and_not_requests(self, sandbox):
        sandbox.limit(4, seconds=0.1, ban=60.0)
        before = len(sandbox.journal)

        with sandbox.client(limiter=RateLimiter("4 per 2 seconds")).batch(size=4) as batch:
            for _ in range(8):
                batch.taobao.time.get()

        assert all(answer.data["time"] for answer in batch.answers)
        assert not [entry for entry in entries(sandbox, before, "item") if entry.code]


class TestSplits:
    @pytest.mark.parametrize("kind", ["reset", "close", "half_body"])
    def test_a_lost_request_fails_its_own_calls_as_maybe_sent(self, top, sandbox, kind):
        tids = sandbox.trades.add(5)
        sandbox.fault(kind, method="batch", after=1)
        before = len(sandbox.journal)

        with top.batch(size=2) as batch:
            for tid in tids:
                batch.taobao.trade.memo.add(tid=tid, memo="x")

        outcomes = batch.answers
        assert [isinstance(outcome, requests.RequestException) for outcome in outcomes] == [
            False, False, True, True, False,
        ]  # fmt: skip
        assert outcomes[2].maybe_sent
        assert len(entries(sandbox, before, "batch")) == 3

    def test_after_a_fault_the_read_is_repeated_and_the_write_keeps_its_error(self, top, sandbox):
        (tid,) = sandbox.trades.add(1)
        sandbox.error(50, "isp.remote-service-timeout", method="taobao.time.get")
        sandbox.error(50, "isp.remote-service-timeout", method="taobao.trade.memo.add")
        before = len(sandbox.journal)

        with top.batch() as batch:
            batch.taobao.trade.memo.add(tid=tid, memo="x")
            batch.taobao.time.get()

        assert batch.answers[0].sub_code == "isp.remote-service-timeout"
        assert batch.answers[0].maybe_sent
        assert batch.answers[1].data["time"]
        assert [entry.method for entry in entries(sandbox, before, "item")].count("taobao.trade.memo.add") == 1
