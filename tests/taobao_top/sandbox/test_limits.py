"""What a client may take of the gateway: bytes, time, connections; and who may use its controls."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as ws

from taobao_top.sandbox import Sandbox

HEAD = b"GET /router/rest HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /router/rest HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LIMITS = "chainable.sandbox.limits"
HERE = "chainable.sandbox.connection"


@pytest.fixture
def sandbox():
    with Sandbox(https=False) as made:
        yield made


def connect(sandbox, timeout=60):
    return socket.create_connection(("127.0.0.1", urlsplit(sandbox.origin).port), timeout)


def answered(connection):
    """The status of the answer; 0 if the connection ended without one."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
    except (http.client.HTTPException, ConnectionError):
        return 0
    response.read()
    return response.status


def ended(connection):
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def huge(sandbox):
    """A request whose answer does not fit into the buffers on the way."""
    sandbox.fault("huge", size=30_000_000)
    return f"GET /router/rest?app_key={sandbox.account.app_key} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def flood(connection, piece, most=20_000_000):
    sent = 0
    try:
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (HEAD, b"X-A: " + b"a" * 60_000 + b"\r\n"),
        (HEAD, b"A: b\r\n" * 1000),
        (HEAD + b"X-A: ", b"a" * 60_000),
        (b"GET /", b"a" * 60_000),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 60_000),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: " + b"a" * 60_000 + b"\r\n"),
    ],
    ids=["fields", "many", "value", "target", "extension", "trailers"],
)
def test_no_head_is_endless(sandbox, begin, piece):
    with connect(sandbox) as connection:
        connection.sendall(begin)
        assert flood(connection, piece) < 20_000_000


def test_a_head_that_comes_at_once_is_bounded_too(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(
            POST + b"Content-Length: 1\r\nX-A: " + b"a" * 65_000 + b"\r\nX-B: " + b"b" * 600 + b"\r\n\r\nx"
        )
        assert answered(connection) in (0, 431)  # reset, if the rest is still on its way


@pytest.mark.parametrize(
    "begin", [b"", b"GET /", HEAD, POST + b"Content-Length: 9\r\n\r\n", POST + b"Content-Length: 9\r\n\r\na"]
)
def test_a_request_that_does_not_get_complete_is_ended(monkeypatch, begin):
    monkeypatch.setattr(f"{LIMITS}.HEAD_SECONDS", 0.1)
    monkeypatch.setattr(f"{LIMITS}.SILENCE", 0.1)
    with Sandbox(https=False) as sandbox, connect(sandbox) as connection:
        connection.sendall(begin)
        assert answered(connection) == (408 if begin else 0)
        assert ended(connection)


def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setattr("taobao_top.sandbox.service.KEEP_ALIVE", 0.1)
    with Sandbox(https=False) as sandbox, connect(sandbox) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert answered(connection) == 200
        connection.sendall(b"\r\n")  # begins nothing
        assert ended(connection)


def test_an_answer_may_take_longer_than_a_request(monkeypatch):
    monkeypatch.setattr(f"{HERE}.LOOK", 0.01)
    monkeypatch.setattr(f"{LIMITS}.HEAD_SECONDS", 0.05)
    with Sandbox(https=False) as sandbox, connect(sandbox) as connection:
        sandbox.fault("latency", seconds=0.3)
        target = f"/router/rest?app_key={sandbox.account.app_key}"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert answered(connection) == 200


def test_a_request_behind_another_is_refused_without_words(sandbox):
    sandbox.fault("latency", seconds=0.3)
    first = f"GET /router/rest?app_key={sandbox.account.app_key} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with connect(sandbox) as connection:
        connection.sendall(first + HEAD + b"\r\n" + b"GET /" + b"a" * 70_000)
        assert ended(connection)


def test_who_reads_no_answer_is_dropped(monkeypatch):
    monkeypatch.setattr(f"{HERE}.LINGER", 0.2)
    with Sandbox(https=False) as sandbox, socket.socket() as connection:
        connection.settimeout(60)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", urlsplit(sandbox.origin).port))
        connection.sendall(huge(sandbox))
        until = threading.Event()
        for _ in range(3000):
            if until.wait(0.02) or not sandbox.service._server._connections[0]:
                break
        else:
            pytest.fail("the connection is open still")


def test_who_reads_late_gets_everything(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(huge(sandbox))
        assert answered(connection) == 200


def test_for_one_more_the_longest_idle_is_closed(monkeypatch):
    monkeypatch.setattr(f"{LIMITS}.CONNECTIONS", 3)
    with Sandbox(https=False) as sandbox:
        connections = [connect(sandbox)]
        for _ in range(9):
            connections.append(connect(sandbox))
            connections[-1].sendall(HEAD + b"\r\n")
            assert answered(connections[-1]) == 200
        assert ended(connections[0])
        for each in connections:
            each.close()


def test_without_an_idle_connection_no_new_one_is_accepted(monkeypatch):
    monkeypatch.setattr(f"{LIMITS}.CONNECTIONS", 1)
    with Sandbox(https=False) as sandbox, ws(sandbox.channel_url, proxy=None), connect(sandbox) as other:
        assert ended(other)


def test_a_message_has_a_size_and_a_number_of_pieces(sandbox, monkeypatch):
    monkeypatch.setattr("chainable.sandbox.websocket.FRAGMENTS", 5)
    with ws(sandbox.channel_url, proxy=None) as channel, pytest.raises(ConnectionClosed):
        channel.send(b"x" * 1_100_000)
        channel.recv(60)
    with ws(sandbox.channel_url, proxy=None) as channel, pytest.raises(ConnectionClosed):
        channel.send([b"x"] * 1000)
        channel.recv(60)
    with ws(sandbox.channel_url, proxy=None) as channel, pytest.raises(ConnectionClosed) as closed:
        channel.send([b"x"] * 3)
        channel.recv(60)
    assert "not a frame" in str(closed.value)


def test_a_channel_that_says_nothing_is_closed(monkeypatch):
    monkeypatch.setattr("taobao_top.sandbox.tmc_connection.HEAD_SECONDS", 0.1)
    with (
        Sandbox(https=False) as sandbox,
        ws(sandbox.channel_url, proxy=None) as channel,
        pytest.raises(ConnectionClosed, match="did not come in time"),
    ):
        channel.recv(60)


def test_trailers_are_not_header_fields(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(
            b"DELETE /_sandbox/journal HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: 127.0.0.1\r\n\r\n"
        )
        assert answered(connection) == 403


def test_controls_are_asked_by_one_host(sandbox):
    for line, fields in (
        (b"/_sandbox/journal", b"Host: 127.0.0.1\r\nHost: other.example"),
        (b"/_sandbox/journal", b"Host: other.example\r\nHost: 127.0.0.1"),
        (b"/_sandbox/journal", b"X: y"),
        (b"/_sandbox/journal", b"Host: a@127.0.0.1"),
        (b"/_sandbox/journal", b"Host: 127.0.0.1:0"),
        (b"/_sandbox/journal", b"Host: 127.0.0.1\r\nOrigin: null"),
        (b"/_sandbox/journal", b"Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: http://other.example"),
        (b"/_sandbox/journal", b"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors"),
        (b"/_sandbox/journal", b"Host: 127.0.0.1\r\nOrigin: https://127.0.0.1\r\nX-Forwarded-Proto: https"),
        (b"http://other.example/_sandbox/journal", b"Host: 127.0.0.1"),
        (b"http://127.0.0.1/_sandbox/journal", b"Host: 127.0.0.1"),
        (b"/_sandbox", b"Host: other.example"),
        (b"/%5Fsandbox/journal", b"Host: other.example"),
    ):
        with connect(sandbox) as connection:
            connection.sendall(b"GET " + line + b" HTTP/1.1\r\n" + fields + b"\r\n\r\n")
            assert answered(connection) == 403, (line, fields)


@pytest.mark.parametrize("place", ["spi", "inspector/spi"])
def test_the_controls_have_only_this_machine_called(sandbox, place):
    def spi(url):
        answer = requests.post(f"{sandbox.origin}/_sandbox/{place}", json={"url": url}, timeout=60)
        return answer.status_code, answer.text

    for url in ("http://other.example\\@127.0.0.1/", "http://other.example/", "http://127.1:9/", "file:///etc/passwd"):
        status, text = spi(url)
        assert status == 400, (url, text)
        assert "a URL like" in text or "are not allowed here" in text or "host of the URL" in text
    assert spi("http://127.0.0.1:9/")[0] == 502
    assert (
        "allowed"
        in requests.post(
            f"{sandbox.origin}/_sandbox/{place}", json={"url": "http://127.0.0.1:9/", "allowed": None}, timeout=60
        ).text
    )


def test_further_hosts_are_allowed_by_name():
    from chainable.destination import Destination

    with Sandbox(https=False, callback_hosts=("Shop.Example", "[fd00::1]")) as sandbox:
        may = sandbox.service.gateway.may_call
        assert may(Destination.of("https://shop.example/"))
        assert may(Destination.of("http://[fd00::1]/"))
        assert not may(Destination.of("https://other.example/"))
    with Sandbox(https=False, callback_hosts=("*",)) as sandbox:
        assert sandbox.service.gateway.may_call(Destination.of("https://other.example/"))


def test_header_values_are_one_line_of_ascii(sandbox):
    app_key = sandbox.account.app_key
    for uri in ("https://a/\r\nX: 1", "https://a/中"):
        query = {"client_id": app_key, "redirect_uri": uri, "response_type": "code", "state": "a\r\nX: 1"}
        assert requests.get(f"{sandbox.origin}/authorize", params=query, timeout=60).status_code == 400
    query = {"client_id": app_key, "redirect_uri": "https://a/", "response_type": "code", "state": "中\r\nX: 1"}
    answer = requests.get(f"{sandbox.origin}/authorize", params=query, timeout=60, allow_redirects=False)
    assert answer.headers["location"].isascii()
    assert "X" not in answer.headers
    assert re.search(r"%0D%0AX", answer.headers["location"])
    assert json.loads(requests.get(f"{sandbox.origin}/_sandbox/faults", timeout=60).text) == []
