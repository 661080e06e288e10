"""Promises: queued calls with the words of PHP."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import threading
import time

import pytest

from chainable import Promise, forking


@pytest.fixture
def promise(paths):
    return paths.promise


class TestOutcomes:
    def test_wait_and_result_give_the_value(self, promise):
        assert promise(lambda: 1).wait() == 1
        assert promise(lambda: 2).result(timeout=60) == 2

    def test_errors_are_raised_where_they_are_waited_for(self, promise):
        broken = promise(lambda: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            broken.wait()
        assert isinstance(broken.exception(), ZeroDivisionError)

    def test_it_is_a_future(self, promise):
        promises = [promise(lambda number=number: number) for number in range(3)]

        assert isinstance(promises[0], concurrent.futures.Future)
        assert {done.result() for done in concurrent.futures.as_completed(promises)} == {0, 1, 2}
        assert concurrent.futures.wait(promises).not_done == set()


class TestChaining:
    def test_then_goes_on(self, promise):
        assert promise(lambda: 1).then(lambda value: value + 1).then(lambda value: value * 10).wait() == 20

    def test_a_promise_is_followed(self, promise):
        assert promise(lambda: 1).then(lambda value: promise(lambda: value + 1)).wait() == 2
        assert promise(lambda: promise(lambda: 3)).wait() == 3

    def test_catch_takes_the_error_and_lets_answers_pass(self, promise):
        assert promise(lambda: 1 / 0).catch(lambda error: type(error).__name__).wait() == "ZeroDivisionError"
        assert promise(lambda: 1).catch(lambda error: 2).wait() == 1
        assert promise(lambda: 1 / 0).then(lambda value: 1, lambda error: 2).wait() == 2

    def test_without_a_callback_the_error_passes(self, promise):
        with pytest.raises(ZeroDivisionError):
            promise(lambda: 1 / 0).then(lambda value: 1).wait()

    def test_an_error_in_a_callback_is_the_next_outcome(self, promise):
        with pytest.raises(KeyError):
            promise(lambda: 1).then(lambda value: {}[value]).wait()

    def test_waiting_in_a_callback_is_refused(self, promise):
        def callback(value):
            return promise(lambda: 1).wait()

        with pytest.raises(RuntimeError, match="return the promise"):
            promise(lambda: 1).then(callback).wait()
        with pytest.raises(RuntimeError, match="return the promise"):
            promise(lambda: 1).then(lambda value: promise(lambda: 1).exception()).wait()


class TestCancelling:
    def test_what_has_not_started_is_stopped(self, promise):
        gate = threading.Event()
        running = [promise(gate.wait) for _ in range(16)]
        waiting = promise(lambda: 1)
        following = waiting.then(lambda value: value)

        assert waiting.cancel()
        gate.set()
        assert all(done.wait() for done in running)
        with pytest.raises(concurrent.futures.CancelledError):
            following.wait()

    def test_a_cancelled_continuation_is_left_alone(self):
        first: Promise[int] = Promise()
        following = first.then(lambda value: 1 / 0)
        assert following.cancel()
        first.set_running_or_notify_cancel()
        first.settle(lambda: 1)

        assert following.cancelled()

    def test_a_started_call_goes_on(self, promise):
        started, gate = threading.Event(), threading.Event()

        def work():
            started.set()
            gate.wait()
            return 1

        running = promise(work)
        started.wait()
        assert not running.cancel()
        gate.set()
        assert running.wait() == 1


class TestAsyncio:
    def test_it_can_be_awaited(self, promise):
        async def main():
            return await promise(lambda: 1) + sum(await asyncio.gather(*[wrap(promise(lambda: 2)) for _ in range(3)]))

        async def wrap(one):
            return await one

        assert asyncio.run(main()) == 7

    def test_an_error_is_raised_in_the_task(self, promise):
        async def main():
            with pytest.raises(ZeroDivisionError):
                await promise(lambda: 1 / 0)

        asyncio.run(main())


class TestForgottenErrors:
    def test_they_are_logged(self, promise, caplog):
        broken = promise(lambda: 1 / 0)
        concurrent.futures.wait([broken])
        del broken

        limit = time.monotonic() + 60  # the thread that ran it may still hold it for a moment
        while "nobody took the error of a promise: ZeroDivisionError" not in caplog.text:
            assert time.monotonic() < limit
            gc.collect()

    @pytest.mark.parametrize("work", [lambda: 1, lambda: 1 / 0])
    def test_others_are_silent(self, promise, caplog, work):
        gc.collect()  # what others forgot
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            one = promise(work)
            concurrent.futures.wait([one])
            if one._exception:
                one.exception()
            del one
            never: Promise[int] = Promise()
            del never
            cancelled: Promise[int] = Promise()
            cancelled.cancel()
            del cancelled
            gc.collect()

        assert caplog.text == ""


class TestClosing:
    def test_close_waits_for_all(self, paths):
        done = []
        for number in range(20):
            paths.promise(lambda number=number: done.append(number))
        paths.close()

        assert sorted(done) == list(range(20))
        paths.close()
        with pytest.raises(RuntimeError, match="closed"):
            paths.v3.pay.get()
        with pytest.raises(RuntimeError, match="closed"):
            paths.promise(lambda: 1)

    def test_a_client_is_a_context(self, paths):
        with paths as same:
            assert same is paths
        with pytest.raises(RuntimeError):
            paths.v3.pay.get()

    def test_after_a_fork_locks_and_threads_are_new(self, paths):
        paths.promise(lambda: 1).wait()
        lock, executor = paths._lock, paths._executor
        forking._renew_all()

        assert paths._lock is not lock
        assert paths.promise(lambda: 2).wait() == 2
        executor.shutdown()
