"""Calls are held back before the platform refuses them, in one process and in many."""

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
def test_unreadable_rates(rates):
    """What cannot be read is refused when the limiter is made."""
    with pytest.raises(ConfigurationError, match="rates"):
        RateLimiter(rates)


class TestInMemory:
    def test_waits_for_its_turn(self, make_top, gateway):
        """The call that would be too many waits until the window has room."""
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
        """A repetition is an attempt as well."""
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

    def test_longest(self, make_top, gateway, waits):
        """Beyond the longest wait the call ends at once: nobody waits on for it in another place."""
        top = make_top(limiter=RateLimiter("1 per 9 seconds", longest=1))
        gateway.answers(OK)
        top.a.b()

        with pytest.raises(TopError) as caught:
            top.a.b()

        assert 1 < caught.value.retry_after <= 9
        assert caught.value.retryable
        assert not waits

    def test_each_app_for_itself(self):
        """Another app_key is another count."""
        limiter = RateLimiter("1/day; 1/hour")

        limiter.wait("1")
        limiter.wait("2")

        with pytest.raises(TopError):
            limiter.wait("1")

    def test_batch(self, make_top, gateway):
        """Each call of a batch counts, for so the platform counts them."""
        top = make_top(limiter=RateLimiter("4/day"))
        gateway.answers("{}\r\n-S-\r\n{}\r\n-S-\r\n{}", url="https://gw.api.taobao.com/router/batch")
        gateway.answers(OK)

        with top.batch() as batch:
            for _ in range(3):
                batch.a.b()
        top.a.b()

        assert [answer.data for answer in batch.answers] == [{}] * 3
        with pytest.raises(TopError, match="more calls than its limiter allows"):
            top.a.b()

    def test_batch_beyond_the_rate(self):
        """More calls than ever fit wait for an empty window, and go."""
        waited = []
        limiter = RateLimiter("2/day; 3/day", sleep=waited.append, longest=1)

        limiter.wait("1", 20)
        with pytest.raises(TopError):
            limiter.wait("1")
        limiter.wait("2", 1)
        with pytest.raises(TopError):
            limiter.wait("2", 20)

        assert not waited

    def test_all_rates_or_none(self):
        """An attempt that one rate refuses is counted by no other, and waits for the one that takes longest."""
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

    def test_room_for_all_calls_of_a_batch(self):
        """The wait ends when there is room for all of them, not for the first."""
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
    def test_the_machines_clock_does_not_matter(self, monkeypatch, step):
        """Whoever sets the wall clock stops no call, and lets no more of them through."""
        limiter, wall = RateLimiter("2/day", longest=0), time.time
        limiter.wait("1")
        monkeypatch.setattr("time.time", lambda: wall() + step)
        limiter.wait("1")

        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400

    def test_a_forked_process_is_not_kept_out(self, monkeypatch):
        """It may have inherited a lock that no thread of its own will ever release."""
        limiter, parent = RateLimiter("2/day"), os.getpid()
        limiter.wait("1")
        for lock in limiter._windows._locks.values():
            lock.acquire()
        monkeypatch.setattr("os.getpid", lambda: parent + 1)

        limiter.wait("1")

    def test_threads(self):
        """Threads share the count."""
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

    def test_repr(self):
        """The signer behind it shows no secret."""
        paced = RateLimiter("1/day").attach(MD5Signer("s3cret"), "1")

        assert "s3cret" not in repr(paced)


def attempts(url, count, results):
    """What one worker process does."""
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
        """Two workers together make no more calls than one may."""
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        workers = [context.Process(target=attempts, args=(redis_url, 8, results)) for _ in range(2)]

        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert results.get(timeout=60) + results.get(timeout=60) == 10

    @pytest.mark.parametrize("decode", [True, False])
    def test_any_client(self, redis_server, redis_url, decode):
        """Whether the client decodes answers makes no difference."""
        with Redis.from_url(redis_url, decode_responses=decode) as redis:
            limiter = RateLimiter("1/day", redis=redis)
            limiter.wait("1")

            with pytest.raises(TopError) as caught:
                limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400
        assert [key for key in redis_server.keys("*") if not key.startswith(b"taobao_top")] == []

    @pytest.mark.parametrize("step", [-3600, 3600])
    def test_the_machines_clocks_do_not_matter(self, redis_server, monkeypatch, step):
        """Machines whose clocks differ share one count, by the server's clock; no step of theirs stops a call."""
        limiter, wall = RateLimiter("2/day", redis=redis_server, longest=0), time.time
        limiter.wait("1")
        monkeypatch.setattr("time.time", lambda: wall() + step)
        RateLimiter("2/day", redis=redis_server).wait("1")

        with pytest.raises(TopError) as caught:
            limiter.wait("1")

        assert 86_000 < caught.value.retry_after <= 86_400

    def test_the_servers_clock_set_back(self, redis_server):
        """Times of the server's future count no longer: the wait never is longer than the window."""
        limiter = RateLimiter("2/day", redis=redis_server, longest=0)
        limiter.wait("1")
        (key,) = redis_server.keys()
        redis_server.lset(key, 0, f"{time.time() + 100_000:.6f}")

        limiter.wait("1")
        limiter.wait("1")
        with pytest.raises(TopError):
            limiter.wait("1")

    def test_moves_on(self, redis_server):
        """What has left the window makes room; all rates hold, and a refused attempt is counted by none."""
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

    def test_waits(self, redis_server):
        """It sleeps for as long as the server says."""
        waited = []

        def sleep(seconds):
            waited.append(seconds)
            time.sleep(seconds)

        limiter = RateLimiter("1/second", redis=redis_server, sleep=sleep, longest=60)
        limiter.wait("1")
        limiter.wait("1")

        assert all(0 < seconds <= 1 for seconds in waited)

    def test_each_app_for_itself(self, redis_server):
        """Another app_key is another count."""
        limiter = RateLimiter("1/day", redis=redis_server)
        limiter.wait("1")
        limiter.wait("2", 20)

        with pytest.raises(TopError):
            limiter.wait("1")
