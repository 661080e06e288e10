"""Calls are held back before the platform refuses them, in one process and in many."""

from __future__ import annotations

import multiprocessing
import threading
import time

import pytest
from limits.storage import MemoryStorage
from redis import Redis

from chainable.errors import ConfigurationError
from taobao_top import MD5Signer, RateLimiter, TopError

OK = {"x_response": {}}


@pytest.mark.parametrize("rates", ["", "often", "0 per lifetime", None])
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
        assert not caught.value.maybe_sent
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

    def test_somebody_was_faster(self, monkeypatch):
        """Between looking and counting another thread may take the place."""
        waited = []
        limiter = RateLimiter("5/day", sleep=waited.append)
        answers = iter([False, True])
        monkeypatch.setattr(limiter._window, "hit", lambda *_, **__: next(answers))

        limiter.wait("1")

        assert waited == [0.001]

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
        assert isinstance(RateLimiter("1/day")._window.storage, MemoryStorage)


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

        assert caught.value.retry_after > 86_000
        assert [key for key in redis_server.keys("*") if not key.startswith(b"taobao_top")] == []
