"""Connections: framing of responses, reuse of connections, state of attempts."""

from __future__ import annotations

import http.client
import io
import queue
import re
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import trustme
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import Retry

from chainable import ConfigurationError, DirectTransport, RequestsTransport, connections
from chainable.transport import FileCertificate
from tests.chainable.fault_server import FaultServer, ok_response, reset

PATIENT = (60.0, 60.0)


@pytest.fixture(params=["requests", "direct"])
def transport(request):
    one = RequestsTransport(proxies={}) if request.param == "requests" else DirectTransport()
    yield one
    one.close()


def ask(transport: Any, url: str, body: bytes = b"x", **options: Any) -> bytes:
    prepared = requests.Request("POST", url, data=body).prepare()
    options = {"timeout": PATIENT, "expires": time.monotonic() + 120} | options
    return transport.send(prepared, **options).content


def echo(request: bytes) -> bytes:
    """Respond with the target of the request."""
    return ok_response(request.split(b" ")[1])


class TestInterimResponses:
    @pytest.mark.parametrize("status", [100, 102, 103, 104, 150, 199])
    @pytest.mark.parametrize("count", [1, 20])
    def test_interim_responses_are_skipped(self, transport, status, count):
        interim = f"HTTP/1.1 {status} Early\r\nLink: </x>; rel=preload\r\nContent-Length: 3\r\n\r\n".encode()

        def script(connection, request, number):
            for _ in range(count):
                connection.sendall(interim)
            connection.sendall(echo(request))

        with FaultServer(script) as server:
            answers = [ask(transport, server.url + name) for name in "abcd"]

            assert answers == [b"/a", b"/b", b"/c", b"/d"]
            assert server.connections == 1

    @pytest.mark.parametrize(
        "interim",
        [
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\n\r\n" * 21,
            b"HTTP/1.1 103 Early Hints\r\n" + b"Link: x\r\n" * 101 + b"\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 70_000 + b"\r\n\r\n",
            b"HTTP/121 103 Early Hints\r\n\r\n",
        ],
        ids=["101", "an upgrade", "endless", "many fields", "a long field", "another version"],
    )
    def test_an_invalid_interim_response_is_an_unknown_outcome_and_closes_the_connection(self, transport, interim):
        def script(connection, request, number):
            connection.sendall((interim if number == 0 else b"") + echo(request))

        with FaultServer(script) as server:
            with pytest.raises(requests.ConnectionError) as caught:
                ask(transport, server.url + "first")

            assert caught.value.maybe_sent is True
            assert ask(transport, server.url + "second") == b"/second"
            assert server.connections == 2

    def test_a_truncated_interim_response_is_an_unknown_outcome(self, transport):
        def script(connection, request, number):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x")
            connection.close()

        with FaultServer(script) as server, pytest.raises(requests.ConnectionError) as caught:
            ask(transport, server.url)

        assert caught.value.maybe_sent is True


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class TestTheEndOfTLS:
    """Whoever cuts a connection on its way cannot send the closing alert of TLS."""

    @pytest.fixture
    def trusting(self, transport, authority, tmp_path):
        ca = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(ca)
        return lambda url, **options: ask(transport, url, verify=str(ca), **options)

    @pytest.fixture
    def serve(self, authority):
        """Serve this response, then end the connection, with or without the alert."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)

        def start(response, *, is_cut):
            def script(connection, request, number):
                connection.sendall(response)
                plain = socket.socket(fileno=connection.detach()) if is_cut else connection.unwrap()
                plain.shutdown(socket.SHUT_WR)
                plain.close()

            return FaultServer(script, context)

        return start

    def test_a_body_without_a_length_is_whole_with_the_alert(self, trusting, serve):
        with serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"ok" * 50_000, is_cut=False) as server:
            assert trusting(server.url) == b"ok" * 50_000

    def test_a_response_before_the_end_of_the_request_is_read(self, trusting, authority):
        """The server refuses an upload and closes: TLS reports that with an error of its own."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)

        def refuse(listener: socket.socket) -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
                time.sleep(0.05)
            # Closed with a reset, because bytes of the body are unread: it may discard what has not been read.

        def outcome() -> bytes | bool:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                threading.Thread(target=refuse, args=(listener,), daemon=True).start()
                try:
                    return trusting(f"https://127.0.0.1:{listener.getsockname()[1]}/", body=b"x" * 20_000_000)
                except requests.ConnectionError as error:
                    return bool(error.maybe_sent)

        assert b"no" in (outcome() for _ in range(20))

    @pytest.mark.parametrize("size", [1, 100_000])
    def test_a_body_without_a_length_may_be_cut_without_the_alert(self, trusting, serve, size):
        with serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"o" * size, is_cut=True) as server:
            with pytest.raises(requests.exceptions.ChunkedEncodingError, match="may be cut") as caught:
                trusting(server.url)
            assert caught.value.maybe_sent is True

    @pytest.mark.parametrize(
        "response",
        [ok_response(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
        ids=["length", "chunks"],
    )
    def test_a_body_with_an_end_needs_no_alert(self, trusting, serve, response):
        with serve(response, is_cut=True) as server:
            assert trusting(server.url) == b"ok"

    @pytest.mark.parametrize(
        ("response", "error"),
        [
            (b"", requests.ConnectionError),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", requests.exceptions.ChunkedEncodingError),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
                requests.exceptions.ChunkedEncodingError,
            ),
        ],
        ids=["nothing", "length", "chunks"],
    )
    def test_a_response_that_is_cut_raises_as_over_plain_http(self, trusting, serve, response, error):
        with serve(response, is_cut=True) as server:
            with pytest.raises(error) as caught:
                trusting(server.url)
            assert type(caught.value) is error
            assert caught.value.maybe_sent is True


@pytest.mark.parametrize("size", ["-1", "-2", "-0x2"])
def test_a_chunk_of_a_negative_size_is_an_unknown_outcome(transport, size):
    response = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nok\r\n0\r\n\r\n".encode()
    with FaultServer(lambda connection, *_: connection.sendall(response)) as server:
        with pytest.raises(requests.exceptions.ChunkedEncodingError) as caught:
            ask(transport, server.url)
        assert caught.value.maybe_sent is True


class TestFraming:
    @pytest.mark.parametrize(
        "fields",
        [
            "Content-Length: 2\r\nContent-Length: 1\r\n",
            "Content-Length: 2, 2\r\n",
            "Content-Length: +2\r\n",
            "Content-Length: -2\r\n",
            "Content-Length: 0x2\r\n",
            "Content-Length: \r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 2\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ],
    )
    def test_conflicting_lengths_are_an_unknown_outcome(self, transport, fields):
        def script(connection, request, number):
            answer = f"HTTP/1.1 200 OK\r\n{fields}\r\n".encode() + b"ok"
            connection.sendall(answer if number == 0 else echo(request))

        with FaultServer(script) as server:
            with pytest.raises(requests.ConnectionError) as caught:
                ask(transport, server.url)

            assert caught.value.maybe_sent is True
            assert ask(transport, server.url + "next") == b"/next"
            assert server.connections == 2

    @pytest.mark.parametrize("transport", ["requests"], indirect=True)
    def test_the_same_length_twice_is_accepted(self, transport):
        with FaultServer(
            lambda connection, *_: connection.sendall(ok_response(b"ok", "Content-Length: 2\r\n"))
        ) as server:
            assert ask(transport, server.url) == b"ok"

    @pytest.mark.parametrize(
        ("transport", "fields", "reused"),
        [("requests", "", True), ("requests", "Content-Length: 2\r\n", False), ("direct", "", True)],
        indirect=["transport"],
    )
    def test_a_chunked_response_is_read(self, transport, fields, reused):
        def script(connection, request, number):
            head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{fields}\r\n"
            connection.sendall(head.encode() + b"2\r\nok\r\n0\r\n\r\n")

        with FaultServer(script) as server:
            assert [ask(transport, server.url) for _ in range(3)] == [b"ok"] * 3
            assert server.connections == (1 if reused else 3)

    @pytest.mark.parametrize("together", [True, False], ids=["in one packet", "in two"])
    def test_a_surplus_response_is_not_read_by_the_next_call(self, transport, together):
        said = threading.Event()

        def script(connection, request, number):
            if together:
                connection.sendall(echo(request) + ok_response(b"stray"))
            else:
                connection.sendall(echo(request))
                connection.sendall(ok_response(b"stray"))
            said.set()

        with FaultServer(script) as server:
            for name in "abcd":
                said.clear()
                assert ask(transport, server.url + name) == f"/{name}".encode()
                assert said.wait(60)

            assert server.connections == 4

    def test_a_surplus_response_over_tls_is_not_read_either(self):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        trusted = ssl.create_default_context()
        authority.configure_trust(trusted)

        with authority.cert_pem.tempfile() as ca:
            one = RequestsTransport(proxies={}, verify=ca)

            def script(connection, request, number):
                connection.sendall(echo(request) + ok_response(b"stray"))

            with FaultServer(script, context) as server:
                assert [ask(one, server.url + name) for name in "abc"] == [b"/a", b"/b", b"/c"]
                assert server.connections == 3
            one.close()

    def test_a_response_before_the_end_of_the_request_closes_the_connection(self, transport):
        """The server responds after the header, and would read the rest of the body as the next request."""

        served = []

        def serve(listener: socket.socket) -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
                connection.close()  # with a reset, because bytes of the body are unread
                served.append(True)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            outcomes: list[Any] = []
            for _ in range(2):
                try:
                    outcomes.append(ask(transport, url, b"x" * 20_000_000))
                except requests.RequestException as error:
                    outcomes.append(error.maybe_sent)
            thread.join(60)

        assert len(served) == 2
        assert all(outcome in {b"no", True} for outcome in outcomes)

    def test_bytes_received_while_idle_close_the_connection(self, transport):
        late = threading.Event()

        def script(connection, request, number):
            connection.sendall(echo(request))
            if number == 0:
                time.sleep(0.05)
                connection.sendall(ok_response(b"late"))
                late.set()

        with FaultServer(script) as server:
            assert ask(transport, server.url + "a") == b"/a"
            assert late.wait(60)
            assert ask(transport, server.url + "b") == b"/b"

    def test_decrypted_bytes_received_while_idle_are_detected(self):
        class Plain:
            def pending(self):
                return 5

        class Sock:
            plain = Plain()

        assert connections._has_unread_bytes(Sock())
        assert not connections._has_unread_bytes(None)


class TestConnecting:
    """The deadline is over connecting as well: over all addresses of a host, the tunnel of a proxy and the handshake."""

    @pytest.fixture
    def addresses(self, monkeypatch):
        """Make a host of these ports; nothing answers at port 1."""

        class Deaf(socket.socket):
            def connect(self, address: Any) -> None:
                if address[1] == 1:
                    time.sleep(self.gettimeout())
                    raise TimeoutError("timed out")
                super().connect(address)

        def make(*ports: int) -> None:
            found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            monkeypatch.setattr(socket, "socket", Deaf)

        return make

    def test_dead_addresses_end_at_the_deadline(self, transport, addresses):
        addresses(*[1] * 40)
        started = time.monotonic()
        with pytest.raises(requests.ConnectTimeout) as caught:
            ask(transport, "http://pay.test:1/", timeout=(1, 60), expires=started + 1)

        assert caught.value.maybe_sent is False
        assert time.monotonic() - started < 20

    def test_a_dead_address_leaves_time_for_the_next_one(self, transport, addresses):
        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            addresses(1, server.port)

            assert ask(transport, "http://pay.test:1/a", timeout=(3, 60), expires=time.monotonic() + 3) == b"/a"

    def test_a_name_that_does_not_resolve_is_one_error(self, transport, monkeypatch):
        def unknown(*_: Any, **__: Any) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(requests.ConnectionError, match="not known") as caught:
            ask(transport, "http://pay.test:1/", timeout=(60, 60), expires=time.monotonic() + 60)

        assert caught.value.maybe_sent is False

    @pytest.mark.parametrize("left", [5, 1000])
    def test_a_handshake_has_the_time_that_is_left(self, left):
        with FaultServer(lambda *_: None) as server:
            made = connections._SecureConnection("127.0.0.1", server.port, timeout=60)
            made.state = connections.AttemptState(60, 60, time.monotonic() + left)
            with made._new_conn() as sock:
                assert 0 < sock.gettimeout() <= min(left, 60)
            assert made.timeout == 60

    @pytest.mark.parametrize("step", ["connected", "resolved"])
    def test_a_deadline_that_passes_meanwhile_sent_nothing_and_closes_the_socket(self, monkeypatch, step):
        clock = [0.0]
        monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: clock[0]))
        resolve, connect = socket.getaddrinfo, socket.socket.connect

        def later(*arguments: Any) -> Any:
            clock[0] = 100.0
            return (connect if step == "connected" else resolve)(*arguments)

        if step == "resolved":
            monkeypatch.setattr(socket, "getaddrinfo", later)
        else:
            monkeypatch.setattr(socket, "socket", type("Slow", (socket.socket,), {"connect": later}))
        with FaultServer(lambda *_: None) as server:
            one = RequestsTransport(proxies={})
            with pytest.raises(requests.RequestException) as caught:
                ask(one, server.url, timeout=(60, 60), expires=50.0)

        assert caught.value.maybe_sent is False
        assert server.requests == []

    @pytest.mark.parametrize("how", ["drips", "floods", "is silent"])
    def test_a_proxy_that_never_ends_its_answer_ends_at_the_deadline(self, how):
        def answer(connection, request, number):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while how != "is silent":
                connection.sendall(b"X: y\r\n" * (1 if how == "drips" else 1000))
                time.sleep(0.05 if how == "drips" else 0)
            connection.recv(1)

        started = time.monotonic()
        with FaultServer(answer) as proxy, pytest.raises(requests.RequestException) as caught:
            one = RequestsTransport(proxies={"https": proxy.url})
            ask(one, "https://pay.test/", timeout=(60, 60), expires=started + 1)

        assert caught.value.maybe_sent is False
        assert time.monotonic() - started < 20

    def test_a_silent_proxy_ends_at_the_timeout_to_connect(self):
        with FaultServer(lambda connection, *_: connection.recv(1)) as proxy:
            one = RequestsTransport(proxies={"https": proxy.url})
            with pytest.raises(requests.Timeout) as caught:
                ask(one, "https://pay.test/", timeout=(0.2, 60))

        assert caught.value.maybe_sent is False


class TestSending:
    def test_a_large_body_may_take_longer_than_connecting(self, transport):
        """Two seconds are the limit for connecting only; the server reads slowly."""

        def serve(listener: socket.socket) -> None:
            connection, _ = listener.accept()
            with connection:
                left = 6_000_000
                while left > 0:
                    left -= len(connection.recv(200_000))
                    time.sleep(0.05)
                connection.sendall(ok_response())

        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

            assert ask(transport, url, b"x" * 6_000_000, timeout=(0.5, 60.0)) == b"ok"
            thread.join(60)

    def test_a_server_that_stops_reading_ends_at_the_read_timeout(self, transport):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(requests.RequestException) as caught:
                ask(transport, url, b"x" * 50_000_000, timeout=(60.0, 0.3))

            assert caught.value.maybe_sent is True

    def test_a_server_that_stops_reading_ends_at_the_deadline(self, transport):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(requests.RequestException) as caught:
                ask(transport, url, b"x" * 50_000_000, expires=time.monotonic() + 0.3)

            assert caught.value.maybe_sent is True


class TestTheStack:
    def test_the_connection_used_last_is_used_first(self):
        stack = connections._Stack(2)
        stack.put("a")
        stack.put("b", block=False)

        assert stack.qsize() == 2
        assert not stack.empty()
        with pytest.raises(queue.Full):
            stack.put("c")
        assert [stack.get(block=False), stack.get()] == ["b", "a"]
        assert stack.empty()
        with pytest.raises(queue.Empty):
            stack.get(block=False, timeout=None)

    def test_a_connection_returned_twice_is_kept_once(self):
        pool = connections.POOLS["http"]("127.0.0.1", 9, maxsize=4)
        connection = pool._get_conn(connections.AttemptState(1, 1, 1))
        pool._put_conn(connection)
        pool._put_conn(connection)

        kept = [pool._get_conn(connections.AttemptState(1, 1, 1)) for _ in range(4)]
        assert kept.count(connection) == 1
        pool.close()

    @pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    def test_an_interrupt_at_any_line_leaves_the_client_usable(self, transport):
        """Raise the exception of a signal handler at the n-th traced line of a call, for many n."""
        import sys

        class Interrupted(BaseException):
            pass

        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            ask(transport, server.url)

            def interrupted(at: int) -> bool:
                count = 0

                def trace(frame, event, arg):
                    nonlocal count
                    count += 1
                    if count == at:
                        raise Interrupted
                    return trace

                outer = sys.gettrace()
                sys.settrace(trace)
                try:
                    ask(transport, server.url + "interrupted")
                except Interrupted:
                    return True
                finally:
                    sys.settrace(outer)
                return False

            steps = range(1, 200) if isinstance(transport, DirectTransport) else range(1, 1500, 13)
            # In a thread of its own: after an exception in a trace function, CPython 3.12.1 takes a handled error for
            # one that is still being handled, in this thread for ever.
            with ThreadPoolExecutor(1) as thread:
                hit = [at for at in steps if thread.submit(interrupted, at).result()]
            answers: list[bytes] = []
            after = threading.Thread(target=lambda: answers.append(ask(transport, server.url + "after")), daemon=True)
            after.start()
            after.join(60)

        assert len(hit) > 50
        assert answers == [b"/after"]


class NoFile:
    """A client certificate in memory."""

    def load_into(self, context):
        raise AssertionError("it was shown")


class TestLentAdapters:
    @pytest.fixture
    def session(self):
        session = requests.Session()
        yield session
        session.close()

    @pytest.mark.parametrize(
        "retries",
        [3, Retry(1), Retry(None, connect=0, read=0, redirect=0, status=2, other=0), Retry(None), Retry(True)],
        ids=["3", "total", "status", "unbounded", "true"],
    )
    @pytest.mark.parametrize("kind", [HTTPAdapter, type("Own", (HTTPAdapter,), {})])
    def test_an_adapter_with_retries_raises_before_anything_is_sent(self, session, retries, kind):
        session.mount("http://", kind(max_retries=retries))
        one = RequestsTransport(http_session=session, proxies={})
        with FaultServer(lambda *_: None) as server:
            with pytest.raises(ConfigurationError, match="max_retries=0") as caught:
                ask(one, server.url)

            assert caught.value.maybe_sent is False
            assert server.requests == []

    @pytest.mark.parametrize(
        "retries", [0, False, Retry(None, connect=0, read=0, redirect=0, status=0, other=0), Retry(0, connect=5)]
    )
    def test_an_adapter_without_retries_is_used(self, session, retries):
        session.mount("http://", type("Own", (HTTPAdapter,), {})(max_retries=retries))
        one = RequestsTransport(http_session=session, proxies={})
        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            assert ask(one, server.url + "a") == b"/a"

    def test_a_proxy_that_fails_after_receiving_the_request_is_an_unknown_outcome(self, session):
        session.mount("http://", type("Own", (HTTPAdapter,), {})())
        with FaultServer(lambda connection, *_: connection.close()) as proxy:
            one = RequestsTransport(http_session=session, proxies={"http": proxy.url})
            with pytest.raises(requests.RequestException) as caught:
                ask(one, "http://host.example/")

            assert caught.value.maybe_sent is True
            assert len(proxy.requests) == 1

    def test_plain_http_needs_no_certificate(self, session):
        session.mount("http://", type("Own", (HTTPAdapter,), {})())
        one = RequestsTransport(http_session=session, proxies={})
        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            assert ask(one, server.url + "a", certificate=NoFile()) == b"/a"

    @pytest.mark.parametrize(
        ("certificate", "of_session", "taken"),
        [
            (FileCertificate("a.pem"), None, "a.pem"),
            (FileCertificate("a.pem", "b.pem"), None, ("a.pem", "b.pem")),
            (NoFile(), ("c.pem", "d.pem"), ("c.pem", "d.pem")),
            (None, "c.pem", "c.pem"),
            (None, None, None),
        ],
    )
    def test_an_adapter_gets_certificates_as_requests_passes_them(self, session, certificate, of_session, taken):
        class Own(HTTPAdapter):
            def send(self, request, *args, cert=None, **kwargs):
                raise requests.ConnectionError(repr(cert))

        session.mount("https://", Own())
        session.cert = of_session
        one = RequestsTransport(http_session=session, proxies={})

        with pytest.raises(requests.ConnectionError, match=re.escape(repr(taken))):
            ask(one, "https://host.example/", certificate=certificate)

    def test_a_call_whose_certificate_an_adapter_cannot_take_raises_before_anything_is_sent(self, session):
        """It must not go past the adapter that was lent."""
        session.mount("https://", type("Own", (HTTPAdapter,), {})())
        one = RequestsTransport(http_session=session, proxies={})

        with pytest.raises(ConfigurationError, match="set session.cert") as caught:
            ask(one, "https://127.0.0.1:9/", certificate=NoFile())

        assert (caught.value.reason, caught.value.maybe_sent) == ("session_certificate", False)

    def test_a_body_that_was_read_already_is_kept(self, session):
        """A hook of a tracer may have read it."""

        class Read(BaseAdapter):
            def send(self, request, *args, **kwargs):
                answer = requests.Response()
                answer.status_code, answer.raw = 200, io.BytesIO(b"read")
                assert answer.content == b"read"
                return answer

            def close(self):
                pass

        session.mount("http://", Read())
        one = RequestsTransport(http_session=session, proxies={})

        assert ask(one, "http://host.example/") == b"read"

    def test_an_adapter_that_opens_no_connection_gets_the_certificate_itself(self, session):
        class Mock(BaseAdapter):
            def send(self, request, *args, cert=None, **kwargs):
                answer = requests.Response()
                answer.status_code, answer.raw = 200, io.BytesIO(type(cert).__name__.encode())
                return answer

            def close(self):
                pass

        session.mount("https://", Mock())
        one = RequestsTransport(http_session=session, proxies={})

        assert ask(one, "https://host.example/", certificate=NoFile()) == b"NoFile"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("lent", [True, False])
    def test_nothing_was_sent_if_the_proxy_is_unreachable(self, session, scheme, lent):
        session.mount(f"{scheme}://", type("Own", (HTTPAdapter,), {})())
        one = RequestsTransport(
            http_session=session if lent else None, proxies={scheme: "http://127.0.0.1:9"}, verify=True
        )
        with pytest.raises(requests.RequestException) as caught:
            ask(one, f"{scheme}://host.example/")

        assert caught.value.maybe_sent is False

    @pytest.mark.parametrize("proxy", ["http://[::1", "http://host:99999", "ftp://host:1", "http://"])
    def test_nothing_was_sent_if_the_environment_has_no_usable_proxy(self, monkeypatch, proxy):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(requests.RequestException) as caught:
            ask(RequestsTransport(), "https://host.example/")

        assert caught.value.maybe_sent is False

    def test_usable_proxies_are_taken(self):
        for url in ("http://u:p%23w@host:1/", "https://host", "HTTP://[::1]:1", "socks5h://host:1", "host", "", None):
            assert RequestsTransport(proxies={"https": url}).proxies_for("https://a.cn/") == {"https": url}

    def test_nothing_was_sent_if_the_tunnel_is_refused(self):
        def refuse(connection, request, number):
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        with FaultServer(refuse) as proxy:
            one = RequestsTransport(proxies={"https": proxy.url})
            with pytest.raises(requests.RequestException) as caught:
                ask(one, "https://host.example/")

        assert caught.value.maybe_sent is False

    @pytest.mark.parametrize("broken", [reset, lambda connection: connection.close()], ids=["reset", "closed"])
    def test_a_proxy_that_fails_after_receiving_a_forwarded_request_is_an_unknown_outcome(self, broken):
        with FaultServer(lambda connection, *_: broken(connection)) as proxy:
            one = RequestsTransport(proxies={"http": proxy.url})
            with pytest.raises(requests.RequestException) as caught:
                ask(one, "http://host.example/")

            assert caught.value.maybe_sent is True
            assert len(proxy.requests) == 1

    def test_an_adapter_that_overrides_send_may_have_sent_the_request(self, session):
        class Repeating(HTTPAdapter):
            def send(self, request, **options):
                raise requests.ConnectionError(NewConnectionError(None, "the second try found nobody"))

        session.mount("http://", Repeating())
        one = RequestsTransport(http_session=session, proxies={})
        with pytest.raises(requests.ConnectionError) as caught:
            ask(one, "http://127.0.0.1:9/")

        assert caught.value.maybe_sent is True

    def test_an_error_of_urllib3_becomes_one_of_requests(self, session):
        from urllib3.exceptions import HTTPError

        class Broken(HTTPAdapter):
            def send(self, request, **options):
                raise HTTPError("odd")

        session.mount("http://", Broken())
        one = RequestsTransport(http_session=session, proxies={})
        with pytest.raises(requests.ConnectionError) as caught:
            ask(one, "http://127.0.0.1:9/")

        assert caught.value.maybe_sent is True


def test_the_deadline_of_a_streamed_body_can_be_extended(transport):
    from chainable.transport import extend_deadline

    def script(connection, request, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")
        time.sleep(1)
        connection.sendall(b"ok")

    prepared = requests.Request("GET", "http://127.0.0.1/").prepare()
    with FaultServer(script) as server:
        prepared.url = server.url
        response = transport.send(prepared, timeout=PATIENT, expires=time.monotonic() + 0.5, stream=True)
        extend_deadline(response, 60)

        assert response.raw.read() == b"okok"
        extend_deadline(requests.Response(), 1)


def test_a_header_is_read_once():
    left, right = socket.socketpair()
    right.sendall(ok_response())
    response = connections._Response(left, method="GET")
    response.begin()
    response.begin()

    assert response.read() == b"ok"
    assert isinstance(response, http.client.HTTPResponse)
    left.close()
    right.close()


_NAMES = st.sampled_from(["Content-Length", "Transfer-Encoding", "Connection", "X", "x", "Keep-Alive", "A b", ":", ""])
_VALUES = st.one_of(
    st.sampled_from(
        ["", "2", " 2", "2 ", "02", "-1", "chunked", "Chunked", "close", "keep-alive", "\x85é", "a:b", "\ra"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=8),
)
_FIELD_LINES = st.one_of(
    st.builds("{}: {}\r\n".format, _NAMES, _VALUES),
    st.builds("{}:{}\n".format, _NAMES, _VALUES),
    st.sampled_from([" folded\r\n", "\tfolded\r\n", "no colon\r\n", "From me\r\n", "\r\r\n"]),
)


class TestHeader:
    """http.client, which reads headers with its parser of e-mail, says what they mean."""

    @staticmethod
    def read(kind, block, method="GET"):
        left, right = socket.socketpair()
        with left, right:
            right.sendall(block)
            right.shutdown(socket.SHUT_WR)
            response = kind(left, method=method)
            response.begin()
            framing = (response.version, response.chunked, response.length, response.will_close)
            return (
                response.status,
                response.reason,
                framing,
                response.headers.items(),
                list(map(type, response.headers.defects)),
            )

    @given(
        st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.0 204 ", "HTTP/1.2 304 x", "HTTP/0.9 200 ok", "HTTP/2 200 ok"]),
        st.lists(_FIELD_LINES, max_size=6),
        st.sampled_from(["\r\n", "\n", ""]),
        st.sampled_from(["GET", "HEAD"]),
    )
    def test_is_what_http_client_reads_or_an_error(self, start, lines, end, method):
        block = "".join([start, "\r\n", *lines, end]).encode("latin1")
        try:
            ours = self.read(connections._Response, block, method)
        except http.client.HTTPException:
            return

        assert ours == self.read(http.client.HTTPResponse, block, method)

    @pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/0.9"])
    def test_plain_fields_are_never_an_error(self, version):
        block = f"{version} 200 OK\r\nContent-Length: 2\r\nRequest-ID:  a b \r\nx:\xe9\n\r\n".encode("latin1")
        ours = self.read(connections._Response, block)

        assert ours == self.read(http.client.HTTPResponse, block)
        assert ours[3] == [("Content-Length", "2"), ("Request-ID", "a b "), ("x", "\xe9")]

    @pytest.mark.parametrize(
        "block",
        [b"X: " + b"a" * 65536 + b"\r\n", b"X: 1\r\n" * 100, b"Content-Length: " + b"9" * 5000 + b"\r\n"],
        ids=["long line", "many fields", "large number"],
    )
    def test_too_large_is_an_error(self, block):
        with pytest.raises(http.client.HTTPException):
            self.read(connections._Response, b"HTTP/1.1 200 OK\r\n" + block + b"\r\n")

    def test_as_many_fields_as_http_client_takes_are_read(self):
        block = b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 99 + b"\r\n"
        assert self.read(connections._Response, block) == self.read(http.client.HTTPResponse, block)

    @pytest.mark.parametrize("block", [b"", b"X: 1\r\n", b"X: 1\r\nContent-Len", b"X: 1\r\nContent-Length: 2\r"])
    def test_that_ends_too_early_is_an_error(self, block):
        """http.client takes what has come for all of it: the length that is missing would make a cut body whole."""
        with pytest.raises(http.client.HTTPException, match="ends inside its header"):
            self.read(connections._Response, b"HTTP/1.1 200 OK\r\n" + block)

    @pytest.mark.parametrize(
        "line", [b"X: a\rContent-Length: 2\r\n", b"X: a\r\r\n", b"X\r: a\r\n", b"X: a\r\n b\rc\r\n"]
    )
    def test_a_carriage_return_alone_is_an_error(self, line):
        """For http.client it ends a line, for a proxy on the way it may not: they would read other fields (RFC 9112, 2.2)."""
        with pytest.raises(http.client.HTTPException, match="carriage return"):
            self.read(connections._Response, b"HTTP/1.1 200 OK\r\n" + line + b"\r\n")

    def test_another_version_is_an_error(self):
        with pytest.raises(http.client.UnknownProtocol):
            self.read(connections._Response, b"HTTP/2 200 OK\r\n\r\n")

    def test_is_printed_if_http_client_debugs(self, capsys):
        left, right = socket.socketpair()
        with left, right:
            right.sendall(ok_response())
            connections._Response(left, debuglevel=1, method="GET").begin()

        assert "header: Content-Length: 2" in capsys.readouterr().out


def test_tls_that_ended_while_it_was_written_to_is_a_broken_pipe():
    """So that urllib3 reads the response, as it does after a broken pipe of plain HTTP."""

    class Ended:
        def settimeout(self, seconds):
            pass

        def sendall(self, data):
            raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    sock = connections._Socket(Ended(), connections.Deadline(1, time.monotonic() + 9))
    with pytest.raises(BrokenPipeError, match="the server closed the connection"):
        sock.sendall(b"x")


class TestOthersConnections:
    """A recorder such as vcrpy puts connections of its own in the place of urllib3's."""

    @pytest.fixture
    def recorded(self, monkeypatch):
        class Recorded(HTTPConnection):
            targets: list[str] = []

            def putrequest(self, method, url, *args, **kwargs):
                self.targets.append(url)
                super().putrequest(method, url, *args, **kwargs)

        return lambda: monkeypatch.setattr(HTTPConnectionPool, "ConnectionCls", Recorded) or Recorded.targets

    def test_serve_the_calls_and_see_the_whole_target(self, recorded):
        targets = recorded()
        one = RequestsTransport(proxies={})
        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            assert ask(one, f"{server.url}a?b=1") == b"/a?b=1"
            assert targets == ["/a?b=1"]
            one.close()

    def test_ours_are_closed_for_a_recorder_drops_them(self, recorded):
        one = RequestsTransport(proxies={})
        with FaultServer(lambda connection, request, number: connection.sendall(echo(request))) as server:
            ask(one, server.url)
            (pool,) = one._adapter._pools.values()
            (kept,) = filter(None, pool.pool._items)
            before = kept.sock
            recorded()
            assert not pool.pool.empty()
            ask(one, server.url)

            assert before.plain.fileno() == -1
            one.close()
