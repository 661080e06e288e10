"""Promises of queued calls."""

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
    def test_wait_and_result_return_the_value(self, promise):
        assert promise(lambda: 1).wait() == 1
        assert promise(lambda: 2).result(timeout=60) == 2

    def test_an_error_is_raised_by_wait_and_result(self, promise):
        broken = promise(lambda: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            broken.wait()
        assert isinstance(broken.exception(), ZeroDivisionError)

    def test_a_promise_is_a_future(self, promise):
        promises = [promise(lambda number=number: number) for number in range(3)]

        assert isinstance(promises[0], concurrent.futures.Future)
        assert {done.result() for done in concurrent.futures.as_completed(promises)} == {0, 1, 2}
        assert concurrent.futures.wait(promises).not_done == set()


class TestChaining:
    def test_then_is_called_with_the_value(self, promise):
        assert promise(lambda: 1).then(lambda value: value + 1).then(lambda value: value * 10).wait() == 20

    def test_a_promise_returned_by_a_callback_is_followed(self, promise):
        assert promise(lambda: 1).then(lambda value: promise(lambda: value + 1)).wait() == 2
        assert promise(lambda: promise(lambda: 3)).wait() == 3

    def test_catch_handles_errors_and_passes_values(self, promise):
        assert promise(lambda: 1 / 0).catch(lambda error: type(error).__name__).wait() == "ZeroDivisionError"
        assert promise(lambda: 1).catch(lambda error: 2).wait() == 1
        assert promise(lambda: 1 / 0).then(lambda value: 1, lambda error: 2).wait() == 2

    def test_without_a_callback_the_error_is_passed_on(self, promise):
        with pytest.raises(ZeroDivisionError):
            promise(lambda: 1 / 0).then(lambda value: 1).wait()

    def test_an_error_in_a_callback_rejects_the_next_promise(self, promise):
        with pytest.raises(KeyError):
            promise(lambda: 1).then(lambda value: {}[value]).wait()

    def test_waiting_in_a_callback_raises(self, promise):
        def callback(value):
            return promise(lambda: 1).wait()

        with pytest.raises(RuntimeError, match="return the promise"):
            promise(lambda: 1).then(callback).wait()
        with pytest.raises(RuntimeError, match="return the promise"):
            promise(lambda: 1).then(lambda value: promise(lambda: 1).exception()).wait()


class TestCancelling:
    def test_cancel_stops_a_call_that_has_not_started(self, promise):
        gate = threading.Event()
        running = [promise(gate.wait) for _ in range(16)]
        waiting = promise(lambda: 1)
        following = waiting.then(lambda value: value)

        assert waiting.cancel()
        gate.set()
        assert all(done.wait() for done in running)
        with pytest.raises(concurrent.futures.CancelledError):
            following.wait()

    def test_a_cancelled_continuation_is_not_settled(self):
        first: Promise[int] = Promise()
        following = first.then(lambda value: 1 / 0)
        assert following.cancel()
        first.set_running_or_notify_cancel()
        first.settle(lambda: 1)

        assert following.cancelled()

    def test_cancel_does_not_stop_a_started_call(self, promise):
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
    def test_a_promise_can_be_awaited(self, promise):
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


class TestUnretrievedErrors:
    def test_an_error_that_was_never_retrieved_is_logged(self, promise, caplog):
        broken = promise(lambda: 1 / 0)
        concurrent.futures.wait([broken])
        del broken

        limit = time.monotonic() + 60  # the thread that ran the call may hold the promise for a moment
        while "the error of a promise was never retrieved: ZeroDivisionError" not in caplog.text:
            assert time.monotonic() < limit
            gc.collect()

    @pytest.mark.parametrize("work", [lambda: 1, lambda: 1 / 0])
    def test_other_promises_log_nothing(self, promise, caplog, work):
        gc.collect()  # promises of other tests
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
    def test_close_waits_for_all_promises(self, paths):
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

    def test_a_client_is_a_context_manager(self, paths):
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


class TestMistakes:
    @pytest.mark.parametrize("name", ["data", "json", "status_code", "request_id", "text"])
    def test_attributes_of_the_response_say_to_wait(self, promise, name):
        waiting = promise(lambda: 1)

        with pytest.raises(AttributeError, match=rf"promise\.wait\(\)\.{name}, in asyncio \(await promise\)\.{name}"):
            getattr(waiting, name)
        assert not hasattr(waiting, "data")
        assert waiting.wait() == 1

    def test_items_say_to_wait(self, promise):
        waiting = promise(lambda: {"x": 1})

        with pytest.raises(TypeError, match=r"promise\.wait\(\)\.data\[…\]"):
            waiting["x"]
        with pytest.raises(TypeError, match="no items"):
            assert "x" in waiting
        assert waiting.wait() == {"x": 1}

    def test_probes_find_nothing(self, promise):
        with pytest.raises(AttributeError, match="'Promise' object has no attribute '_repr_html_'$"):
            _ = promise(lambda: 1)._repr_html_
