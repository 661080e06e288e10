"""The server of the sandboxes, over real sockets: handlers that block or break, WebSockets, its beginning and end."""

from __future__ import annotations

import asyncio
import http.client
import logging
import re
import socket
import struct
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from chainable.sandbox.http import Reply, Request
from chainable.sandbox.server import Listener, Server, under

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@contextmanager
def serving(handle, **settings):
    server = Server(handle, [Listener("main", "127.0.0.1")], **{"keep_alive": 8.0} | settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def opened(server):
    return socket.create_connection(("127.0.0.1", int(server.origin(0).rpartition(":")[2])), 60)


def answered(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def everything(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def channel(serve):
    return lambda request: Reply(channel=serve)


def ws(server, **settings):
    return connect(server.origin(0).replace("http", "ws"), proxy=None, **settings)


async def echo(channel):
    while (message := await channel.receive()) is not None:
        await channel.send(b"<" + message + b">")


def test_what_blocks_is_awaited_and_its_turn_is_kept():
    free = threading.Event()

    def slowly(request):
        assert free.wait(60)
        return Reply(body=b"slow")

    def handle(request):
        return asyncio.to_thread(slowly, request) if request.path == "/slow" else Reply(body=b"fast")

    with serving(handle) as server, opened(server) as connection:
        connection.sendall(GET.replace(b"/ H", b"/slow H") + LAST)
        with opened(server) as other:  # meanwhile, others are answered
            other.sendall(GET)
            assert answered(other) == (200, b"fast")
        free.set()
        assert re.findall(rb"slow|fast", everything(connection)) == [b"slow", b"fast"]


def test_an_answer_nobody_waits_for_is_dropped():
    free, done = threading.Event(), threading.Event()

    async def later():
        await asyncio.to_thread(free.wait, 60)
        done.set()
        return Reply()

    with serving(lambda request: later()) as server:
        with opened(server) as connection:
            connection.sendall(GET)
            until = time.monotonic() + 60
            while not server._serving.tasks:
                assert time.monotonic() < until
                time.sleep(0.01)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        while server._connections[0]:
            assert time.monotonic() < until
            time.sleep(0.01)
        free.set()
        assert done.wait(60)


def test_an_answer_in_progress_is_finished_at_the_end():
    begun = threading.Event()

    def handle(request):
        begun.set()
        return Reply(body=b"late", delay=0.1)

    with serving(handle) as server:
        connection = opened(server)
        connection.sendall(GET + GET)
        assert begun.wait(60)
    with connection:
        received = everything(connection)
    assert received.count(b"late") == 1
    assert b"Connection: close" in received


def test_work_that_outlasts_the_end_is_waited_for(monkeypatch):
    monkeypatch.setattr("chainable.sandbox.server.GRACE", 0.05)
    begun, done = threading.Event(), threading.Event()

    def work():
        begun.set()
        time.sleep(0.3)
        done.set()
        return Reply()

    with serving(lambda request: asyncio.to_thread(work)) as server:
        connection = opened(server)
        connection.sendall(GET)
        assert begun.wait(60)
    assert done.is_set()
    with connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("blocking", [False, True])
def test_a_handler_that_breaks_is_an_error_500(blocking, caplog):
    async def broken():
        raise RuntimeError("what now")

    def handle(request):
        if blocking:
            return broken()
        raise RuntimeError("what now")

    with serving(handle) as server, opened(server) as connection:
        connection.sendall(GET + LAST)
        assert re.findall(rb"HTTP/1.1 (\d+)", everything(connection)) == [b"500", b"500"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


def test_messages_go_both_ways_whole():
    with serving(channel(echo)) as server, ws(server) as client:
        client.send(b"one")
        assert client.recv(60) == b"<one>"
        client.send([b"t", b"w", b"o"])
        assert client.recv(60) == b"<two>"
        client.send("text")
        assert client.recv(60) == b"<>"
        assert client.ping().wait(60)
        client.send(b"x" * 500_000)
        assert len(client.recv(60)) == 500_002


def test_a_client_that_reads_late_gets_every_message():
    async def much(channel):
        for number in range(50):
            await channel.send(b"%d" % number * 100_000)
        await channel.receive()

    with serving(channel(much)) as server, ws(server, max_queue=1) as client:
        time.sleep(0.1)
        assert [client.recv(60)[:1] for _ in range(10)] == [b"%d" % number for number in range(10)]
        assert sum(len(client.recv(60)) for _ in range(40)) == 40 * 200_000


def test_frames_of_one_read_are_delivered_before_the_end():
    seen = []

    async def keep(channel):
        while (message := await channel.receive()) is not None:
            seen.append(message)

    with serving(channel(keep)) as server, ws(server) as client:
        with client.protocol_mutex:
            client.protocol.send_binary(b"last")
            client.protocol.send_close(1000)
            client.socket.sendall(b"".join(client.protocol.data_to_send()))
        with pytest.raises(ConnectionClosed):
            client.recv(60)
    assert seen == [b"last"]


@pytest.mark.parametrize(("breaks", "code"), [(False, 1000), (True, 1011)])
def test_a_channel_that_is_served_no_longer_is_closed(breaks, code, caplog):
    async def serve(channel):
        if breaks:
            raise RuntimeError("what now")

    with serving(channel(serve)) as server, ws(server) as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(60)
        assert closed.value.rcvd.code == code
    assert bool(caplog.records) is breaks


def test_channels_are_told_of_the_end():
    with ExitStack() as stack:
        with serving(channel(echo)) as server:
            client = stack.enter_context(ws(server))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(60)
    assert closed.value.rcvd.code == 1012


def test_a_client_that_does_not_close_its_side_is_dropped(monkeypatch):
    monkeypatch.setattr("chainable.sandbox.websocket.LINGER", 0.1)

    async def silent(channel):
        channel.silence()
        channel.close(1001)
        await channel.send(b"nothing")
        assert await channel.receive() is None

    with serving(channel(silent)) as server, ws(server) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(60)
    assert closed.value.rcvd.code == 1001


def test_what_is_sent_after_the_close_is_dropped():
    seen = []

    async def serve(channel):
        seen.append(await channel.receive())
        channel.close(1000)
        seen.append(await channel.receive())

    with serving(channel(serve)) as server, ws(server) as client:
        with client.protocol_mutex:
            for text in (b"first", b"second"):
                client.protocol.send_binary(text)
            client.socket.sendall(b"".join(client.protocol.data_to_send()))
        with pytest.raises(ConnectionClosed):
            client.recv(60)
    assert seen[0] == b"first"


def test_a_wrong_handshake_is_refused():
    with serving(channel(echo)) as server:
        with pytest.raises(InvalidStatus, match="400"):
            ws(server, additional_headers={"Sec-WebSocket-Key": "x"})
        with opened(server) as connection:  # neither an upgrade nor a key
            connection.sendall(GET)
            assert answered(connection)[0] == 426
            assert connection.recv(1) == b""


def test_an_upgrade_that_is_not_accepted_ends_with_its_answer():
    with serving(lambda request: Reply(delay=0.05)) as server, opened(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" + GET)
        received = everything(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200"]


def test_the_request_is_what_was_sent():
    seen: list[Request] = []

    def handle(request):
        seen.append(request)
        return Reply()

    with serving(handle) as server, opened(server) as connection:
        connection.sendall(b"POST /a%20b/?x=1&x=2&y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 1\r\n\r\nz")
        assert answered(connection) == (200, b"")
    (request,) = seen
    assert (request.method, request.path, request.query_string) == ("POST", "/a%20b/", "x=1&x=2&y")
    assert (request.segments, request.query) == (("a b", ""), {"x": "1,2", "y": ""})
    assert (request.origin, request.header("host"), request.header("x")) == ("http://h:1/", "h:1", None)
    assert Request("GET", "/").origin is None


def test_ports_that_are_bound_are_closed_without_serving():
    server = Server(lambda request: Reply(), [Listener("main", "::1")], keep_alive=8.0)
    try:
        server.bind()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    assert re.fullmatch(r"http://\[::1\]:\d+", server.origin(0))
    assert not server.running
    server.stop()
    server.stop()


def test_a_url_under_another_host():
    url = "https://0.0.0.0:8443/a"
    assert [under(hosts, url) for hosts in ((), ("wechatpay", "x"), ("::1",))] == [
        url,
        "https://wechatpay:8443/a",
        "https://[::1]:8443/a",
    ]
