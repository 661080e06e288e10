"""Calls are delayed before the platform refuses them, in one process and in many."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

import pytest
from redis import Redis

from chainable.errors import ConfigurationError
from taobao_top import MD5Signer, RateLimiter, TopError

OK = {"x_response": {}}


@pytest.mark.parametrize("rates", ["", ";", "often", "0 per lifetime", "0/second", "5/second; 0/day", None, 5])
def test_unreadable_rates_are_refused_when_the_limiter_is_made(rates):
    with pytest.raises(ConfigurationError, match="rates"):
        RateLimiter(rates)


class TestInMemory:
    def test_a_call_beyond_the_rate_waits_until_the_window_has_room(self, make_top, gateway):
        waited = []

        def sleep(seconds):
            waited.append(seconds)
            time.sleep(seconds)

        top = make_top(limiter=RateLimiter("2/second", sleep=sleep))
        gateway.answers(OK, OK, OK)

        started = time.time()
        for _ in range(3):
            top.a.b()

        assert len(gateway.requests) == 3
        assert time.time() - started >= 1
        assert sum(waited) <= 1.1  # no longer than it takes; on a slow machine less is left to wait for

    def test_each_attempt_counts(self, make_top, gateway):
        top = make_top(limiter=RateLimiter("2/day"))
        gateway.refuses({"code": 10}, {"code": 10})

        with pytest.raises(
            TopError, match="more calls than its limiter allows: the next one fits in after 86[0-9]{3} s"
        ) as caught:
            top.taobao.trades.sold.get()

        assert caught.value.throttled
        assert 86_000 < caught.value.retry_after <= 86_400
        assert caught.value.maybe_sent  # the two attempts before it were
        assert len(gateway.requests) == 2

    def test_a_wait_beyond_longest_raises_at_once(self, make_top, gateway, waits):
        top = make_top(limiter=RateLimiter("1 per 9 seconds", longest=1))
        gateway.answers(OK)
        top.a.b()

        with pytest.raises(TopError) as caught:
            top.a.b()

        assert 1 < caught.value.retry_after <= 9
        assert caught.value.retryable
        assert not waits

    def test_each_app_key_has_its_own_count(self):
        limiter = RateLimiter("1/day; 1/hour")

        limiter.wait("1")
        limiter.wait("2")

        with pytest.raises(TopError):
            limiter.wait("1")

    def test_each_call_of_a_batch_counts(self, make_top, gateway):
        top = make_top(limiter=RateLimiter("4/day"))
        gateway.answers("\r\n-S-\r\n".join(['{"a_b_response":{}}'] * 3), url="https://gw.api.taobao.com/router/batch")
        gateway.answers(OK)

        with top.batch() as batch:
            for _ in range(3):
                batch.a.b()
        top.a.b()

        assert [answer.data for answer in batch.answers] == [{}] * 3
        with pytest.raises(TopError, match="more calls than its limiter allows"):
            top.a.b()

    def test_a_batch_larger_than_the_rate_waits_for_an_empty_window(self):
        waited = []
        limiter = RateLimiter("2/day; 3/day", sleep=waited.append, longest=1)

        limiter.wait("1", 20)
        with pytest.raises(TopError):
            limiter.wait("1")
        limiter.wait("2", 1)
        with pytest.raises(TopError):
            limiter.wait("2", 20)

        assert not waited

    def test_an_attempt_that_one_rate_delays_is_counted_by_none(self):
        now = [0.0]
        limiter = RateLimiter("1/second; 3/minute", longest=0, clock=lambda: now[0])
        limiter.wait("1")
        for _ in range(10):
            with pytest.raises(TopError) as caught:
                limiter.wait("1")
            assert caught.value.retry_after == 1
        for now[0] in (1.0, 2.0):
            limiter.wait("1")

        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert caught.value.retry_after == 58

    def test_a_batch_waits_until_all_its_calls_fit_in(self):
        now, waited = [0.0], []

        def sleep(seconds):
            waited.append(seconds)
            now[0] += seconds

        limiter = RateLimiter("3 per 9 seconds", sleep=sleep, clock=lambda: now[0])
        for now[0] in (0.0, 1.0, 2.0):
            limiter.wait("1")
        limiter.wait("1", 2)

        assert waited == [8.0]

    @pytest.mark.parametrize("step", [-3600, -86_400, 3600])
    def test_a_change_of_the_wall_clock_has_no_effect(self, monkeypatch, step):
        limiter, wall = RateLimiter("2/day", longest=0), time.time
        limiter.wait("1")
        monkeypatch.setattr("time.time", lambda: wall() + step)
        limiter.wait("1")

        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400

    def test_a_forked_child_does_not_wait_for_an_inherited_lock(self, monkeypatch):
        limiter, parent = RateLimiter("2/day"), os.getpid()
        limiter.wait("1")
        for lock in limiter._windows._locks.values():
            lock.acquire()
        monkeypatch.setattr("os.getpid", lambda: parent + 1)

        limiter.wait("1")

    def test_threads_share_the_count(self):
        limiter = RateLimiter("20/day", longest=0)
        refused = []

        def work():
            for _ in range(5):
                try:
                    limiter.wait("1")
                except TopError:
                    refused.append(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(refused) == 20

    def test_the_signers_repr_shows_no_secret(self):
        paced = RateLimiter("1/day").attach(MD5Signer("s3cret"), "1")

        assert "s3cret" not in repr(paced)


def attempts(url, count, results):
    """The work of one process."""
    with Redis.from_url(url) as redis:
        limiter = RateLimiter("10/day", redis=redis, longest=0)
        done = 0
        for _ in range(count):
            try:
                limiter.wait("1")
            except TopError:
                continue
            done += 1
        results.put(done)


class TestInRedis:
    def test_processes_share_the_count(self, redis_server, redis_url):
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        workers = [context.Process(target=attempts, args=(redis_url, 8, results)) for _ in range(2)]

        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert results.get(timeout=60) + results.get(timeout=60) == 10

    @pytest.mark.parametrize("decode", [True, False])
    def test_the_client_of_redis_py_may_decode_responses_or_not(self, redis_server, redis_url, decode):
        with Redis.from_url(redis_url, decode_responses=decode) as redis:
            limiter = RateLimiter("1/day", redis=redis)
            limiter.wait("1")

            with pytest.raises(TopError) as caught:
                limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400
        assert [key for key in redis_server.keys("*") if not key.startswith(b"taobao_top")] == []

    @pytest.mark.parametrize("step", [-3600, 3600])
    def test_the_servers_clock_counts_and_not_those_of_the_machines(self, redis_server, monkeypatch, step):
        limiter, wall = RateLimiter("2/day", redis=redis_server, longest=0), time.time
        limiter.wait("1")
        monkeypatch.setattr("time.time", lambda: wall() + step)
        RateLimiter("2/day", redis=redis_server).wait("1")

        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400

    def test_a_server_clock_that_was_set_back_does_not_lengthen_the_wait(self, redis_server):
        limiter = RateLimiter("2/day", redis=redis_server, longest=0)
        limiter.wait("1")
        (key,) = redis_server.keys()
        redis_server.lset(key, 0, f"{time.time() + 100_000:.6f}")

        limiter.wait("1")
        limiter.wait("1")
        with pytest.raises(TopError):
            limiter.wait("1")

    def test_calls_leave_the_window_and_refused_attempts_are_not_counted(self, redis_server):
        limiter = RateLimiter("2/day; 3 per 7 days", redis=redis_server, longest=0)
        limiter.wait("1", 2)
        for _ in range(5):
            with pytest.raises(TopError):
                limiter.wait("1")
        day, week = sorted(redis_server.keys(), key=lambda key: int(key.rpartition(b"/")[2]))
        assert (redis_server.llen(day), redis_server.llen(week)) == (2, 2)
        assert 0 < redis_server.ttl(day) <= 86_400
        for key in (day, week):
            for place in range(2):
                redis_server.lset(key, place, f"{time.time() - 86_401:.6f}")

        limiter.wait("1")
        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert 5 * 86_400 < caught.value.retry_after < 6 * 86_400

    def test_it_sleeps_for_the_seconds_that_the_server_computes(self, redis_server):
        waited = []

        def sleep(seconds):
            waited.append(seconds)
            time.sleep(seconds)

        limiter = RateLimiter("1/second", redis=redis_server, sleep=sleep, longest=60)
        limiter.wait("1")
        limiter.wait("1")

        assert all(0 < seconds <= 1 for seconds in waited)

    def test_each_app_key_has_its_own_count(self, redis_server):
        limiter = RateLimiter("1/day", redis=redis_server)
        limiter.wait("1")
        limiter.wait("2", 20)

        with pytest.raises(TopError):
            limiter.wait("1")
