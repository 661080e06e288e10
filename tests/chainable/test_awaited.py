"""A synchronous call that is awaited is refused before it is sent."""

from __future__ import annotations

import asyncio

import pytest
import responses

from chainable import Client

PROMISED = [
    (lambda client: client.v3.pay.get, "get_async"),
    (lambda client: client.v3.pay.transactions.native.post, "post_async"),
    (lambda client: client.v3.pay.put, "put_async"),
    (lambda client: client.v3.pay.transactions.native, "post_async"),
]


@pytest.mark.parametrize(("verb", "promised"), PROMISED)
def test_an_awaited_call_names_its_promise_and_sends_nothing(paths, verb, promised):
    async def call():
        return await verb(paths)(json={"a": 1})

    with pytest.raises(TypeError, match=rf"nothing was sent: write await ….{promised}\("):
        asyncio.run(call())
    assert paths.sent == []


def test_names_are_refused_as_well(names):
    async def call():
        return await names.taobao.time.get()

    async def post():
        return await names.taobao.time.get.post(fields="a")

    for awaited in (call, post):
        with responses.RequestsMock(), pytest.raises(TypeError, match="post_async"):
            asyncio.run(awaited())


def test_every_form_of_await_is_noticed(paths):
    async def comprehension():
        return [await paths.v3.pay.get() for _ in range(2)]

    async def generator():
        yield await paths.v3.pay.get(params={})

    async def consumer():
        return [each async for each in generator()]

    async def argument():
        return print(await paths.v3.pay.get())

    async def context():
        async with asyncio.timeout(1) if hasattr(asyncio, "timeout") else asyncio.Lock():
            await paths.v3.pay.get()

    for call in (comprehension, consumer, argument, context):
        with pytest.raises(TypeError, match="get_async"):
            asyncio.run(call())
    assert paths.sent == []


@responses.activate
def test_a_call_in_a_coroutine_that_is_not_awaited_is_sent(paths):
    responses.get("https://gateway.example/v3/pay", json={"a": 1})

    async def call():
        response = paths.v3.pay.get()
        await asyncio.sleep(0)
        results = await asyncio.gather(asyncio.to_thread(paths.v3.pay.get), paths.v3.pay.get_async())
        return paths.v3.pay.get(), response, *results

    assert [response.data for response in asyncio.run(call())] == [{"a": 1}] * 4


@responses.activate
def test_a_call_at_the_end_of_a_coroutine_is_sent(paths):
    responses.get("https://gateway.example/v3/pay", json={"a": 1})

    async def call():
        return paths.v3.pay.get()

    assert asyncio.run(call()).data == {"a": 1}


def test_the_promises_of_another_sender_may_be_awaited():
    """
    A batch hands out promises by ``send``: they are awaited.
    """
    from chainable import NameChain, Promise

    class Batch:
        def send(self, *arguments):
            promise = Promise()
            promise.set_result(arguments[0])
            return promise

    async def call():
        return await NameChain(Batch(), "taobao.time.get")()

    assert asyncio.run(call()) == "taobao.time.get"


class TestAsynchronousWith:
    def test_a_client_is_closed_at_the_end(self, paths):
        async def use():
            async with paths as client:
                assert isinstance(client, Client)
                assert await client.promise(lambda: 7) == 7
            client.v3.pay.get()

        with pytest.raises(RuntimeError, match="closed"):
            asyncio.run(use())

    def test_the_event_loop_runs_while_promises_end(self, paths):
        """
        A promise may need the loop: closing must not hold it up.
        """

        async def use():
            loop = asyncio.get_running_loop()
            async with paths:
                promise = paths.promise(lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 5), loop).result(10))
            return promise.result()

        assert asyncio.run(use()) == 5
