"""Limits of the sandbox for clients: bytes, time, connections."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from typing import Any

import pytest

from wechatpay.sandbox import Fault, Sandbox

HEAD = b"GET /v3/certificates HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: tests\r\n"
LIMITS = "chainable.sandbox.limits"


def connect(sandbox: Sandbox, timeout: float = 60) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(sandbox.base_url.rsplit(":", 1)[1].strip("/"))), timeout)


def answered(connection: socket.socket) -> int:
    """The status of the answer; 0 if the connection ended without one."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
    except (http.client.HTTPException, ConnectionError):
        return 0
    response.read()
    return response.status


def ended(connection: socket.socket) -> bool:
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def flood(connection: socket.socket, piece: bytes, most: int = 20_000_000) -> int:
    """Send a piece again and again; how many bytes were taken before the connection ended."""
    sent = 0
    try:
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (HEAD, b"X-A: " + b"a" * 60_000 + b"\r\n"),
        (HEAD, b"A: b\r\n" * 1000),
        (HEAD + b"X-A: ", b"a" * 60_000),
        (HEAD, b"a" * 60_000),
        (b"GET /", b"a" * 60_000),
        (b"", b"\r\n" * 30_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 60_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: " + b"a" * 60_000 + b"\r\n"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", b"a" * 60_000),
    ],
    ids=["fields", "many", "value", "name", "target", "lines", "extension", "trailers", "trailer"],
)
def test_no_head_is_endless(sandbox: Sandbox, begin: bytes, piece: bytes) -> None:
    with connect(sandbox) as connection:
        connection.sendall(begin)
        assert flood(connection, piece) < 20_000_000
    assert len(sandbox.journal) == 0


def test_a_head_that_comes_at_once_is_bounded_too(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(HEAD + b"X-A: " + b"a" * 65_000 + b"\r\nX-B: " + b"b" * 600 + b"\r\n\r\n")
        assert answered(connection) in (0, 431)  # reset, if the rest is still on its way
    with connect(sandbox) as connection:
        connection.sendall(HEAD + b"X-A: " + b"a" * 60_000 + b"\r\n\r\n")
        assert answered(connection) == 401


def test_a_body_is_refused_by_its_length_before_it_is_sent(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(b"POST /v3/x HTTP/1.1\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n")
        assert answered(connection) == 413


def test_trailers_are_not_header_fields(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(
            b"POST /_sandbox/reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: 127.0.0.1\r\n\r\n"
        )
        assert answered(connection) == 403


@pytest.mark.parametrize(
    "begin", [b"GET /", HEAD, HEAD + b"Content-Length: 9\r\n\r\n", HEAD + b"Content-Length: 9\r\n\r\na"]
)
def test_a_request_that_does_not_get_complete_is_ended(monkeypatch: Any, begin: bytes) -> None:
    monkeypatch.setattr(f"{LIMITS}.HEAD_SECONDS", 0.1)
    monkeypatch.setattr(f"{LIMITS}.SILENCE", 0.1)
    with Sandbox() as sandbox, connect(sandbox) as connection:
        connection.sendall(begin)
        assert answered(connection) == 408
        assert ended(connection)


@pytest.mark.parametrize("begin", [HEAD, HEAD + b"Content-Length: 99999\r\n\r\n"])
def test_bytes_in_drops_do_not_extend_the_time(monkeypatch: Any, begin: bytes) -> None:
    monkeypatch.setattr(f"{LIMITS}.HEAD_SECONDS", 0.3)
    monkeypatch.setattr(f"{LIMITS}.SECONDS", 0.3)
    with Sandbox() as sandbox, connect(sandbox, 0.02) as connection:
        connection.sendall(begin)
        for _ in range(3000):
            try:
                connection.sendall(b"a")
                if not connection.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("the connection is open still")


def test_requests_that_are_refused_wait_for_their_turn(new_merchant: Any) -> None:
    with Sandbox(faults=[Fault("latency", seconds=0.2, times=1)]) as sandbox, connect(sandbox) as connection:
        connection.sendall(HEAD + b"\r\n" + b"NOTHING\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"401", b"400"]


def test_many_requests_wait_for_one(new_merchant: Any) -> None:
    with Sandbox(faults=[Fault("latency", seconds=0.2, times=1)]) as sandbox, connect(sandbox) as connection:
        for _ in range(4):
            connection.sendall((HEAD + b"\r\n") * 50)
        found = 0
        while found < 200:
            found += len(re.findall(rb"HTTP/1.1 401", connection.recv(1 << 20)))
    assert found == 200


def test_who_reads_no_answer_is_dropped(monkeypatch: Any) -> None:
    monkeypatch.setattr("chainable.sandbox.connection.LINGER", 0.2)
    with Sandbox() as sandbox, connect(sandbox) as connection, pytest.raises(ConnectionError):  # no timeout of ours
        while True:
            connection.sendall(b"GET /_sandbox/inspector/catalogue HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100)


def test_writing_goes_on_when_the_client_reads_again(sandbox: Sandbox) -> None:
    with socket.socket() as connection:
        connection.settimeout(60)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(sandbox.base_url.rsplit(":", 1)[1].strip("/"))))
        connection.sendall(b"GET /_sandbox/inspector/elements.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 800)
        connection.sendall(b"GET /_sandbox/account HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        until = time.monotonic() + 60
        while not any(each._stuck for each in sandbox._server._connections[0]):
            assert time.monotonic() < until
            time.sleep(0.01)
        received = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    assert len(re.findall(rb"HTTP/1.1 200 OK", received)) == 801


def test_what_follows_the_last_request_is_not_answered(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(HEAD + b"Connection: close\r\n\r\nNOTHING\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"401"]


def test_an_answer_may_take_longer_than_a_request(monkeypatch: Any) -> None:
    monkeypatch.setattr("chainable.sandbox.connection.LOOK", 0.01)
    monkeypatch.setattr("wechatpay.sandbox.sandbox.KEEP_ALIVE", 0.02)
    with Sandbox(faults=[Fault("latency", seconds=0.3, times=1)]) as sandbox, connect(sandbox) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert answered(connection) == 401


def test_who_says_goodbye_waits_for_no_answer() -> None:
    with Sandbox(faults=[Fault("latency", seconds=0.3, times=1)]) as sandbox:
        context = ssl.create_default_context(cadata=sandbox.account.ca)
        place = ("127.0.0.1", int(sandbox.https_url.rsplit(":", 1)[1].strip("/")))
        with context.wrap_socket(socket.create_connection(place, 60), server_hostname="localhost") as connection:
            connection.sendall(HEAD + b"\r\n")
            while not len(sandbox.journal):
                sandbox.journal.after(0, 0.01)
            with connection.unwrap() as bare:
                assert bare.recv(1) == b""


def test_for_one_more_the_longest_idle_is_closed(monkeypatch: Any) -> None:
    monkeypatch.setattr(f"{LIMITS}.CONNECTIONS", 3)
    with Sandbox() as sandbox:
        connections = [connect(sandbox)]
        for _ in range(9):
            connections.append(connect(sandbox))
            connections[-1].sendall(HEAD + b"\r\n")
            assert answered(connections[-1]) == 401
        assert ended(connections[0])
        for each in connections:
            each.close()


def test_without_an_idle_connection_no_new_one_is_accepted(monkeypatch: Any) -> None:
    monkeypatch.setattr(f"{LIMITS}.CONNECTIONS", 1)
    with Sandbox(faults=[Fault("latency", seconds=60)]) as sandbox, connect(sandbox) as busy:
        busy.sendall(HEAD + b"\r\n")
        while not len(sandbox.journal):
            sandbox.journal.after(0, 0.01)
        with connect(sandbox) as other:
            assert ended(other)


def test_a_process_without_files_left_drops_the_longest_idle(sandbox: Sandbox) -> None:
    import errno

    class Full:
        def accept(self) -> Any:
            raise OSError(errno.EMFILE, "too many open files")

    with connect(sandbox) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert answered(connection) == 401
        sandbox._server._running.call_soon_threadsafe(sandbox._server._accept, 0, Full())
        assert ended(connection)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notify_url", "https://a/\r\nX-Injected: 1"),
        ("notify_url", "https://a/中"),
        ("notify_url", "https://a/\u2028 b"),
    ],
)
def test_a_location_is_one_line_of_ascii(sandbox: Sandbox, name: str, value: str) -> None:
    import requests

    sandbox.context.strict = False  # the strict sandbox, as the platform, takes no such URL
    with sandbox.client(base_url=sandbox.base_url) as client:
        url = client.signed_url(
            client.v2.papay.entrustweb,
            params={"appid": "wx1", "plan_id": "1", "contract_code": "1", "request_serial": "1",
                    "contract_display_account": "x", "version": "1.0", "timestamp": "1", name: value},
        )  # fmt: skip
        answer = requests.get(url, allow_redirects=False, timeout=60)
    assert answer.status_code == 302
    assert answer.headers["Location"].isascii()
    assert " " not in answer.headers["Location"]
    assert "X-Injected" not in answer.headers


def test_controls_are_asked_by_one_host(sandbox: Sandbox) -> None:
    for fields in (
        b"Host: 127.0.0.1\r\nHost: other.example",
        b"Host: other.example\r\nHost: 127.0.0.1",
        b"X: y",
        b"Host: a@127.0.0.1",
        b"Host: 127.0.0.1:0",
        b"Host: 127.0.0.1\r\nOrigin: null",
        b"Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: http://other.example",
        b"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors",
    ):
        with connect(sandbox) as connection:
            connection.sendall(b"GET /_sandbox/account HTTP/1.1\r\n" + fields + b"\r\n\r\n")
            assert answered(connection) == 403, fields
    with connect(sandbox) as connection:
        connection.sendall(b"GET http://other.example/_sandbox/account HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"404 Not Found" in connection.recv(65536)  # no control
