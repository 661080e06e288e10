"""Messages that are confirmed by hand, and reasons of failures."""

from __future__ import annotations

import logging
import threading

import pytest

from chainable.deduplication import MemoryStore
from chainable.errors import ClaimError, InProgress
from taobao_top.tmc.receipt import REASON


def collect(make, **settings):
    """Make a channel that is confirmed by hand, and the list of messages that its handler keeps."""
    tmc, held = make(confirm="manual", **settings), []
    tmc.otherwise(held.append)
    return tmc, held


def test_a_message_is_confirmed_when_somebody_says_so(sandbox, make, eventually):
    tmc, held = collect(make)
    first, second = [sandbox.messages.publish("a_b") for _ in range(2)]
    with tmc:
        eventually(lambda: len(held) == 2)
        assert (sandbox.messages.confirmed, sandbox.messages.failed) == ([], [])
        held[1].confirm()
        eventually(lambda: sandbox.messages.confirmed == [second.id])
        held[1].confirm()  # once more: nothing happens
        thread = threading.Thread(target=held[0].confirm)
        thread.start()
        thread.join()
        eventually(lambda: sandbox.messages.confirmed == [second.id, first.id])
        with pytest.raises(RuntimeError, match="confirmed already"):
            held[0].fail("too late")
    assert sandbox.messages.failed == []
    assert len(held) == 2


def test_a_failure_goes_out_with_its_reason_and_the_message_comes_again(sandbox, make, eventually):
    tmc, held = collect(make)
    message = sandbox.messages.publish("a_b", {"tid": 1})
    with tmc:
        eventually(lambda: held)
        held[0].fail("库存不足")
        held[0].fail("another")  # the first reason counts
        with pytest.raises(RuntimeError, match="failed already"):
            held[0].confirm()
        eventually(lambda: len(held) == 2)
        held[1].confirm()
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert sandbox.messages.failed == [(message.id, "库存不足")]


def test_a_message_that_is_held_is_handled_once(sandbox, make, eventually):
    tmc, held = collect(make)
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
        sandbox.messages.repeat(message)
        eventually(lambda: sandbox.messages.failed)
        assert sandbox.messages.failed[0] == (message.id, "the message is being handled by another worker")
        held[0].confirm()
        eventually(lambda: message.id in sandbox.messages.confirmed)
        sandbox.messages.repeat(message)
        eventually(lambda: sandbox.messages.confirmed.count(message.id) > 1)
    assert len(held) == 1


def test_a_message_confirmed_without_a_connection_is_confirmed_at_its_next_delivery(sandbox, make, eventually):
    tmc, held = collect(make)
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
    held[0].confirm()
    assert sandbox.messages.confirmed == []
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert len(held) == 1


def test_a_handler_that_raises_fails_its_message(sandbox, make, eventually, caplog):
    tmc, seen = make(confirm="manual"), []

    @tmc.a
    def handle(message):
        seen.append(message.id)
        if len(seen) == 1:
            raise LookupError("private words")
        if len(seen) == 2:
            message.fail("busy")
            raise SystemExit
        message.confirm()
        if len(seen) == 3:
            return "a result"
        return None

    message = sandbox.messages.publish("a_b")
    with caplog.at_level(logging.ERROR, "taobao_top"), tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
        eventually(lambda: "return None to confirm" in caplog.text)  # too late to fail it
    assert seen == [message.id] * 3
    assert sandbox.messages.failed == [(message.id, "LookupError"), (message.id, "busy")]


class Store(MemoryStore):
    """A store that raises these errors, then works."""

    def __init__(self, **errors):
        super().__init__()
        self.errors = errors

    def claim(self, message_id, lease=60.0):
        if "claim" in self.errors:
            raise self.errors.pop("claim")
        return super().claim(message_id, lease)

    def finish(self, claim):
        if "finish" in self.errors:
            raise self.errors.pop("finish")
        super().finish(claim)


def test_a_store_that_cannot_claim(sandbox, make, eventually):
    tmc, held = collect(make, store=Store(claim=ConnectionError()))
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
        held[0].confirm()
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert sandbox.messages.failed == [(message.id, "ConnectionError")]


def test_a_claim_that_another_worker_took_over_is_not_confirmed(sandbox, make, eventually):
    tmc, held = collect(make, store=Store(finish=InProgress("taken over")))
    sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
        with pytest.raises(InProgress):
            held[0].confirm()
        tmc.publish("c_d", {})  # whatever was sent before is handled
    assert (sandbox.messages.confirmed, sandbox.messages.failed) == ([], [])


def test_a_handled_message_is_confirmed_even_if_the_store_forgets_it(sandbox, make, eventually, caplog):
    tmc, held = collect(make, store=Store(finish=ClaimError("not recorded", handled=True)))
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
        held[0].confirm()
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert "not recorded" in caplog.text


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_a_handler_gives_the_reason_of_its_failure(sandbox, make, eventually, caplog, ending):
    tmc, seen, late = make(), [], []

    @tmc.a
    def handle(message):
        seen.append(message)
        if len(seen) == 1:
            message.fail("库" * 200)
            if ending == "raises":
                raise LookupError

    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
        for decide in (seen[1].fail, seen[1].confirm):
            with pytest.raises(RuntimeError) as caught:
                decide()
            late.append(str(caught.value))
    assert sandbox.messages.failed == [(message.id, "库" * REASON)]  # TmcHandler sends 128 characters
    assert late[0] == "the message is confirmed already"
    assert "TMC(confirm='manual')" in late[1]
    assert ("LookupError" in caplog.text) is (ending == "raises")


def test_a_reason_is_text(sandbox, make, eventually):
    tmc, held = collect(make)
    sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: held)
        with pytest.raises(TypeError, match="reason: text was expected, not a LookupError"):
            held[0].fail(LookupError("private"))
        held[0].fail()
        eventually(lambda: sandbox.messages.failed)
    assert sandbox.messages.failed[0][1] == ""
