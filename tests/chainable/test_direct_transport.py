"""The direct transport: what is its own. What both transports promise is tested beside the default one."""

from __future__ import annotations

import gc
import gzip
import http.client
import io
import logging
import socket
import ssl
import threading
import time
import weakref
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import trustme
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, InvalidHeader, InvalidSchema, InvalidURL
from urllib3 import HTTPResponse
from urllib3.exceptions import InsecureRequestWarning

from chainable import CodecError, ConfigurationError, DirectTransport, RequestsTransport, direct_connection
from chainable import direct_transport as module
from chainable import transport as default_module
from chainable.connections import Deadline
from chainable.direct_connection import DirectConnection
from chainable.reasons import explain
from tests.chainable.fault_server import FaultServer, ok_response

from .conftest import Paths

PATIENT = (60.0, 60.0)


@pytest.fixture
def direct():
    one = DirectTransport()
    yield one
    one.close()


@pytest.fixture
def serve():
    """Start a server that answers each request with the next of these bytes; an answer of None ends the connection."""
    servers: list[FaultServer] = []

    def start(*answers: Any) -> FaultServer:
        waiting = list(answers)

        def script(connection, request, number):
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            for piece in answer if isinstance(answer, list) else [answer]:
                if piece is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(piece)
                if isinstance(answer, list):
                    time.sleep(0.02)

        servers.append(FaultServer(script))
        servers[-1].__enter__()
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def prepared(url: str, method: str = "POST", body: Any = b"x", **headers: Any) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.method, request.url, request.body = method, url, body
    request.headers = requests.structures.CaseInsensitiveDict(headers)
    return request


def send(transport: Any, url: str, *, method: str = "POST", body: Any = b"x", deadline: float = 120, **options: Any):
    request = options.pop("request", None) or prepared(url, method, body)
    return transport.send(request, **{"timeout": PATIENT, "expires": time.monotonic() + deadline} | options)


def header(text: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{text}\r\n".encode()


CHUNKED = header("Transfer-Encoding: chunked\r\n")


class TestConstruction:
    def test_a_client_takes_it(self, serve):
        server = serve(ok_response(b'{"fen": 1}'))
        with Paths(server.url, transport=DirectTransport()) as client:
            assert client.v3.payments.get().data == {"fen": 1}

    @pytest.mark.parametrize(("setting", "value"), [("http_session", requests.Session()), ("proxies", {})])
    def test_a_lent_session_and_proxies_are_refused_beside_it(self, direct, setting, value):
        with pytest.raises(ConfigurationError, match=setting) as caught:
            Paths(transport=direct, **{setting: value})
        assert caught.value.reason == "setting_of_other_transport"

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
    def test_a_proxy_of_the_environment_is_refused_before_anything_is_sent(self, monkeypatch, variable):
        monkeypatch.setenv(variable, "http://user:secret@proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", "internal.example")
        one = DirectTransport()
        with pytest.raises(ConfigurationError, match="trust_env=False") as caught:
            send(one, "http://host.example/")
        assert (caught.value.reason, caught.value.maybe_sent) == ("proxy_of_environment", False)
        assert "secret" not in str(caught.value)
        assert explain(caught.value, {}).zh.startswith("环境变量为 host.example 配置了代理")

    def test_a_proxy_of_the_environment_can_be_ignored(self, monkeypatch, serve):
        server = serve(ok_response())
        monkeypatch.setattr("chainable.environment_proxies.is_loopback", lambda name: False)
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "missing.pem")
        one = DirectTransport(trust_env=False)
        assert send(one, server.url).content == b"ok"
        assert one._verify is True
        one.close()


class TestRequests:
    def test_a_request_leaves_as_one_block(self, direct, serve):
        server = serve(ok_response())
        request = prepared(server.url + "v3/a?b=%2f#c", body="中", Accept="x", **{"X-Bytes": b"\xff", "X-Number": 5})
        send(direct, "", request=request)
        assert server.requests == [
            f"POST /v3/a?b=%2f HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 3\r\nAccept: x\r\n".encode()
            + b"X-Bytes: \xff\r\nX-Number: 5\r\n\r\n\xe4\xb8\xad"
        ]

    def test_a_host_and_a_length_that_are_given_are_sent(self, direct, serve):
        server = serve(ok_response())
        send(direct, "", request=prepared(server.url, Host="other.example", **{"content-length": "1"}))
        assert server.requests == [b"POST / HTTP/1.1\r\nHost: other.example\r\ncontent-length: 1\r\n\r\nx"]

    @pytest.mark.parametrize(
        ("url", "target"), [("", b"/"), ("?a=/b", b"/?a=/b"), ("/%e4", b"/%e4"), ("/a//b/../c", b"/a//b/../c")]
    )
    def test_the_target_is_that_of_the_url(self, direct, serve, url, target):
        server = serve(ok_response())
        send(direct, server.url[:-1] + url, body=None)
        assert server.requests[0].split(b" ")[1] == target

    @pytest.mark.parametrize(
        ("url", "error"),
        [
            ("ftp://host.example/", InvalidSchema),
            ("host.example", InvalidSchema),
            ("http:///path", InvalidURL),
            ("http://host.example:99999/", InvalidURL),
            ("http://host.example:0/", InvalidURL),
            ("http://商户.example/", InvalidURL),
            ("http://127.0.0.1:9/a b", InvalidURL),
            ("http://127.0.0.1:9/a\r\nHost: b", InvalidURL),
            ("http://127.0.0.1:9/中", InvalidURL),
            (f"http://{'a' * 70}.example/", InvalidURL),
        ],
    )
    def test_a_url_that_cannot_be_sent_raises_before_anything_is_sent(self, direct, url, error):
        with pytest.raises(error) as caught:
            send(direct, url)
        assert caught.value.maybe_sent is False

    @pytest.mark.parametrize(
        "headers", [{"A": "b\r\nC: d"}, {"A": "b\n c"}, {"A\r\nB": "c"}, {"A": "b\r"}, {"A": "中"}, {"A": b"b\n"}]
    )
    def test_a_header_that_would_be_two_raises_before_anything_is_sent(self, direct, serve, headers):
        server = serve(ok_response())
        with pytest.raises(InvalidHeader) as caught:
            send(direct, "", request=prepared(server.url, **headers))
        assert caught.value.maybe_sent is False
        assert server.requests == []

    def test_a_body_that_is_a_file_raises(self, direct, serve):
        server = serve(ok_response())
        with pytest.raises(TypeError, match="BytesIO"):
            send(direct, server.url, body=io.BytesIO(b"x"))
        assert server.requests == []

    @pytest.mark.parametrize(
        ("origin", "name"),
        [
            ("http://h.example", "h.example"),
            ("http://H.example:80", "h.example"),
            ("https://u:p@h.example:443", "h.example"),
            ("https://h.example:80", "h.example:80"),
            ("http://[::1]:8080", "[::1]:8080"),
        ],
    )
    def test_the_host_is_named_without_the_port_of_its_scheme(self, origin, name):
        assert module._Pool(origin, None, 1).name == name


class TestResponses:
    @pytest.mark.parametrize("lane", [DirectTransport, RequestsTransport])
    def test_a_response_has_what_one_of_requests_has(self, lane, serve):
        fields = (
            "Content-Type: text/html; charset=gbk\r\nX-Two: a\r\nx-two: b\r\nSet-Cookie: c=1\r\nSet-Cookie: d=2\r\n"
        )
        server = serve(header(f"{fields}Content-Length: 4\r\n", "203 Fine  Answer ") + "中文".encode("gbk"))
        one = lane()
        response = send(one, server.url + "a?b=c")
        assert response.status_code == 203
        assert response.reason == "Fine  Answer"
        assert response.headers["x-TWO"] == "a, b"
        assert list(response.headers) == ["Content-Type", "X-Two", "Set-Cookie", "Content-Length"]
        assert response.encoding == "gbk"
        assert response.text == "中文"
        assert response.url == server.url + "a?b=c"
        assert response.request.method == "POST"
        assert dict(response.cookies) == {"c": "1", "d": "2"}
        assert response.elapsed.total_seconds() > 0
        assert response.history == []
        raw = response.raw
        assert isinstance(raw, HTTPResponse)
        assert (raw.status, raw.reason, raw.version) == (203, "Fine  Answer", 11)
        assert raw.headers.getlist("X-Two") == ["a", "b"]
        assert raw.read() == b""
        assert raw.closed
        response.close()
        one.close()

    def test_a_raw_response_is_made_when_it_is_asked(self, direct, serve):
        raw = send(direct, serve(ok_response()).url).raw
        assert list(vars(raw)) == ["_of"]
        assert raw.status == 200
        with pytest.raises(AttributeError, match="nothing_of_the_kind"):
            _ = raw.nothing_of_the_kind

    def test_a_type_that_is_missing_has_no_encoding(self, direct, serve):
        assert send(direct, serve(ok_response()).url).encoding is None

    @pytest.mark.parametrize(
        ("answer", "method", "content", "connections"),
        [
            (header("Content-Length: 0\r\n"), "POST", b"", 1),
            (header("", "204 No Content"), "POST", b"", 1),
            (header("Content-Length: 5\r\n", "304 Not Modified"), "POST", b"", 1),
            (header("Content-Length: 5\r\n"), "HEAD", b"", 1),
            (header("Content-Length: 5\r\n", "204 No Content") + b"stray", "POST", b"", 2),
            (header("Content-Length: 2\r\nConnection: Keep-Alive\r\n") + b"ok", "POST", b"ok", 1),
            (header("Content-Length: 2\r\nConnection: x, Close\r\n") + b"ok", "POST", b"ok", 2),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", "POST", b"ok", 2),
            (header("Content-Length: 2 \r\n") + b"okay", "POST", b"ok", 2),
            ([header("Content-Length: 4\r\n"), b"ok", b"ay"], "POST", b"okay", 1),
            ([b"HTTP/1.1 200 O", b"K\r\nContent-Length: 2\r", b"\n\r\nok"], "POST", b"ok", 1),
            ([header(""), b"until the", b" end", None], "POST", b"until the end", 2),
            (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", "POST", b"ok", 1),
            ([CHUNKED + b"2\r\no", b"k\r\n2;x=y\r\nay\r\n0\r\n\r", b"\n"], "POST", b"okay", 1),
            (CHUNKED + b"2\r\nok\r\n0\r\nX: trailer\r\n\r\n", "POST", b"ok", 2),
            (CHUNKED + b"2\r\nok\r\n0\r\n\r\n\r\n", "POST", b"ok", 2),
            (CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + ok_response(b"stray"), "POST", b"ok", 2),
            (CHUNKED + b"0\r\n\r\n" + CHUNKED + b"5\r\nstray\r\n0\r\n\r\n", "POST", b"", 2),
            (header("Transfer-Encoding: Chunked\r\nConnection: close\r\n") + b"0\r\n\r\nstray", "POST", b"", 2),
            (CHUNKED + b"2\r\nok\r\n0\r\n\r\nstray", "POST", b"ok", 2),
            (
                header("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")
                + b"%x\r\n%b\r\n0\r\n\r\n" % (len(gzip.compress(b"ok", mtime=0)), gzip.compress(b"ok", mtime=0)),
                "POST",
                b"ok",
                1,
            ),
            (ok_response(zlib.compress(b"ok"), "Content-Encoding: deflate\r\n"), "POST", b"ok", 1),
            (ok_response(gzip.compress(b"ok", mtime=0), "Content-Encoding: gzip\r\n") + b"stray", "POST", b"ok", 2),
        ],
    )
    def test_bodies_are_read_to_their_end(self, direct, serve, answer, method, content, connections):
        server = serve(answer)
        assert [send(direct, server.url, method=method).content for _ in range(2)] == [content] * 2
        assert server.connections == connections

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (header("Content-Length: 2\r\nContent-Length: 2\r\n") + b"ok", requests.ConnectionError),
            (
                header("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + b"2\r\nok\r\n0\r\n\r\n",
                requests.ConnectionError,
            ),
            (header("X y: z\r\nContent-Length: 2\r\n") + b"ok", requests.ConnectionError),
            (header("X: z\r\n folded\r\nContent-Length: 2\r\n") + b"ok", requests.ConnectionError),
            (header(f"Content-Length: {2**70}\r\n"), requests.ConnectionError),
            (header("Content-Length: 0\r\n" + "X: y\r\n" * 99), requests.ConnectionError),
            (header(f"Content-Length: 0\r\nX: {'y' * 70_000}\r\n"), requests.ConnectionError),
            (header("X: " + "y" * 140_000), requests.ConnectionError),
            ([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 60_000, b"y" * 60_000], requests.ConnectionError),
            (b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", requests.ConnectionError),
            (b"HTTP/1.1 1000 High\r\nContent-Length: 0\r\n\r\n", requests.ConnectionError),
            (b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", requests.ConnectionError),
            (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", requests.ConnectionError),
            (b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", requests.ConnectionError),
            ([b"SSH-2.0-OpenSSH", b"x"], requests.ConnectionError),
            ([b"SSH", None], requests.ConnectionError),
            ([None], requests.ConnectionError),
            ([b"HTTP/1.1 200", None], requests.ConnectionError),
            ([header("Content-Length: 5\r\n") + b"ok", None], ChunkedEncodingError),
            ([CHUNKED + b"5\r\nok", None], ChunkedEncodingError),
            ([CHUNKED + b"2\r\nok\r\n", None], ChunkedEncodingError),
            (CHUNKED + b"zz\r\nok\r\n", ChunkedEncodingError),
        ],
    )
    def test_a_response_that_is_not_understood_is_an_unknown_outcome(self, direct, serve, answer, error):
        server = serve(answer, ok_response())
        with pytest.raises(error) as caught:
            send(direct, server.url, timeout=(60, 5))
        assert type(caught.value) is error
        assert caught.value.maybe_sent is True
        assert send(direct, server.url).content == b"ok"
        assert server.connections == 2

    def test_a_compression_that_ends_too_early_is_an_unknown_outcome(self, direct, serve):
        server = serve(ok_response(gzip.compress(b"okay")[:-2], "Content-Encoding: gzip\r\n"))
        with pytest.raises(ContentDecodingError) as caught:
            send(direct, server.url)
        assert caught.value.maybe_sent is True

    def test_a_length_that_is_too_large_is_not_read(self, direct, serve, monkeypatch):
        monkeypatch.setattr(default_module, "LARGEST", 1000)
        with pytest.raises(CodecError, match="download") as caught:
            send(direct, serve(header("Content-Length: 1001\r\n")).url)
        assert caught.value.maybe_sent is True


class TestStreams:
    @pytest.mark.parametrize(
        ("answer", "connections"),
        [
            (ok_response(b"0123456789" * 20_000), 1),
            ([header("Content-Length: 200000\r\n"), b"0123456789" * 10_000, b"0123456789" * 10_000], 1),
            (CHUNKED + b"30d40\r\n" + b"0123456789" * 20_000 + b"\r\n0\r\n\r\n", 1),
            ([header(""), b"0123456789" * 20_000, None], 2),
        ],
        ids=["length", "pieces", "chunked", "until the end"],
    )
    def test_a_streamed_body_is_read_in_pieces(self, direct, serve, answer, connections):
        server = serve(answer)
        for _ in range(2):
            response = send(direct, server.url, stream=True)
            assert response._content is False
            assert response.raw.read(0) == b""
            assert response.raw._fp.readable()
            assert b"".join(response.raw.stream(7000)) == b"0123456789" * 20_000
            assert response.raw._fp.closed
        assert server.connections == connections

    @pytest.mark.parametrize("start", [header("Content-Length: 4\r\n"), CHUNKED + b"4\r\n"])
    def test_a_buffer_is_filled_unless_one_piece_is_asked_for(self, direct, serve, start):
        server = serve([start + b"o", b"k", b"a", b"y\r\n0\r\n\r\n" if start.startswith(CHUNKED) else b"y"])
        response = send(direct, server.url, stream=True)
        buffer = bytearray(3)
        assert response.raw._fp.readinto(buffer) == 3
        assert buffer == b"oka"
        assert response.raw.read1(100) == b"y"
        assert response.raw.read1() == b""
        response = send(direct, server.url, stream=True)
        assert response.raw.read1() == b"o"
        response.close()

    def test_a_body_without_bytes_is_complete_at_once(self, direct, serve):
        server = serve(ok_response(b""))
        responses = [send(direct, server.url, stream=True) for _ in range(2)]
        assert [response.raw.read() for response in responses] == [b"", b""]
        assert server.connections == 1

    @pytest.mark.parametrize("answer", [ok_response(b"okay"), CHUNKED + b"4\r\nokay\r\n0\r\n\r\n"])
    def test_the_connection_of_a_body_that_is_not_read_is_closed(self, direct, serve, answer):
        server = serve(answer)
        for _ in range(2):
            response = send(direct, server.url, stream=True)
            body = response.raw._fp
            assert not response.raw._original_response.isclosed()
            response.close()
            assert body.closed
        del response, body
        assert server.connections == 2 if answer.startswith(ok_response(b"okay")) else server.connections

    def test_a_body_that_is_forgotten_closes_its_connection(self, direct, serve):
        server = serve(ok_response(b"okay"))
        response = send(direct, server.url, stream=True)
        connection = response.raw._fp._connection
        del response
        assert connection._sock.fileno() == -1

    @pytest.mark.parametrize("answer", [[header("Content-Length: 5\r\n") + b"ok", None], [CHUNKED + b"5\r\nok", None]])
    def test_a_streamed_body_that_ends_too_early_raises(self, direct, serve, answer):
        response = send(direct, serve(answer).url, stream=True)
        with pytest.raises(ChunkedEncodingError):
            b"".join(response.iter_content(100))

    def test_a_closed_body_of_chunks_has_no_more_bytes(self, direct, serve):
        response = send(direct, serve(CHUNKED + b"4\r\nokay\r\n0\r\n\r\n").url, stream=True)
        body = response.raw._fp
        assert body.read(1) == b"o"
        body.close()
        assert body.readinto(bytearray(4)) == 0

    def test_the_body_of_an_error_is_read(self, direct, serve):
        response = send(direct, serve(header("Content-Length: 2\r\n", "404 Not Found") + b"no").url, stream=True)
        assert response._content == b"no"


class TestConnecting:
    def addresses(self, monkeypatch, *ports: Any) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def replace_socket(self, monkeypatch, kind: Any) -> None:
        """Replace the class of the connection's socket, and not that of the server's."""
        monkeypatch.setattr(direct_connection, "socket", SimpleNamespace(**vars(socket) | {"socket": kind}))

    def test_the_next_address_is_tried(self, direct, serve, monkeypatch):
        server = serve(ok_response())
        self.addresses(monkeypatch, 9, server.port)
        assert send(direct, f"http://pay.test:{server.port}/").content == b"ok"

    @pytest.mark.parametrize("ports", [(), (9, 9)])
    def test_a_host_that_no_address_serves_sent_nothing(self, direct, monkeypatch, ports):
        self.addresses(monkeypatch, *ports)
        with pytest.raises(requests.ConnectionError) as caught:
            send(direct, "http://pay.test:9/")
        assert caught.value.maybe_sent is False

    def test_a_name_that_does_not_resolve_sent_nothing(self, direct):
        with pytest.raises(requests.ConnectionError) as caught:
            send(direct, "http://missing.invalid/")
        assert caught.value.maybe_sent is False

    def test_a_deadline_that_passed_sent_nothing(self, direct):
        with pytest.raises(requests.ConnectTimeout) as caught:
            send(direct, "http://127.0.0.1:9/", deadline=-1)
        assert caught.value.maybe_sent is False

    def test_a_system_without_sockets_sent_nothing(self, direct, monkeypatch):
        def refuse(*_):
            raise OSError(24, "Too many open files")

        self.replace_socket(monkeypatch, refuse)
        with pytest.raises(requests.ConnectionError) as caught:
            send(direct, "http://127.0.0.1:9/")
        assert caught.value.maybe_sent is False

    @pytest.mark.parametrize("step", ["__init__", "connect", "setsockopt"])
    def test_an_interrupt_closes_the_socket(self, direct, serve, monkeypatch, step):
        server = serve(ok_response())
        made = []

        class Interrupted(socket.socket):
            def __init__(self, *args: Any) -> None:
                if step == "__init__":
                    raise KeyboardInterrupt
                super().__init__(*args)
                made.append(self)

            def connect(self, address: Any) -> None:
                if step == "connect":
                    raise KeyboardInterrupt
                super().connect(address)

            def setsockopt(self, *args: Any) -> None:
                raise KeyboardInterrupt

        self.replace_socket(monkeypatch, Interrupted)
        with pytest.raises(KeyboardInterrupt):
            send(direct, server.url)
        assert [one.fileno() for one in made] == ([] if step == "__init__" else [-1])

    def test_a_handshake_that_takes_too_long_sent_nothing(self, direct):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with pytest.raises(requests.ConnectTimeout) as caught:
                send(direct, f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=(0.2, 60))
            assert caught.value.maybe_sent is False

    def test_a_server_without_tls_sent_nothing(self, direct):
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            thread = threading.Thread(target=serve)
            thread.start()
            with pytest.raises(requests.exceptions.SSLError) as caught:
                send(direct, f"https://127.0.0.1:{listener.getsockname()[1]}/")
            thread.join()
        assert caught.value.maybe_sent is False

    def test_a_server_that_is_not_verified_warns_with_each_request(self):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        one = DirectTransport(verify=False)
        with FaultServer(lambda connection, *_: connection.sendall(ok_response()), context) as server:
            for _ in range(2):
                with pytest.warns(InsecureRequestWarning, match=r"127\.0\.0\.1"):
                    assert send(one, server.url).content == b"ok"
            assert server.connections == 1
        one.close()

    @pytest.mark.filterwarnings("error")
    def test_a_warning_that_is_an_error_closes_nothing_and_sends_nothing(self):
        one = DirectTransport(verify=False)
        with pytest.raises(InsecureRequestWarning):
            send(one, "https://127.0.0.1:9/")

    def test_a_certificate_for_another_host_is_refused(self, monkeypatch):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("other.example").configure_cert(context)
        with (
            authority.cert_pem.tempfile() as ca,
            FaultServer(lambda connection, *_: connection.sendall(ok_response()), context) as server,
        ):
            one = DirectTransport(verify=ca)
            with pytest.raises(requests.exceptions.SSLError) as caught:
                send(one, server.url)
            assert caught.value.maybe_sent is False
            assert server.requests == []
            self.addresses(monkeypatch, server.port)
            assert send(one, f"https://other.example.:{server.port}/").content == b"ok"
            one.close()


class FakeSocket:
    """A socket whose answers are given, and which fails to send after some bytes."""

    def __init__(self, received: bytes = b"", error: Exception | None = None) -> None:
        self.received = received
        self.error = error
        self.sent = b""
        self.is_closed = False
        self.timeouts: list[float | None] = []

    def gettimeout(self) -> float | None:
        return None

    def settimeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)

    def sendall(self, data: Any) -> None:
        if self.error is not None:
            raise self.error
        self.sent += data

    def recv(self, size: int) -> bytes:
        piece, self.received = self.received[:size], self.received[size:]
        return piece

    def close(self) -> None:
        self.is_closed = True


class TestSending:
    def exchange(self, sock: FakeSocket, body: bytes = b"x") -> Any:
        pool = module._Pool("http://h.example", None, 4)
        exchange = module._Exchange()
        connection = DirectConnection(sock, Deadline(60, time.monotonic() + 60))
        pool.take = lambda: connection  # type: ignore[method-assign]
        kept: list[Any] = []
        pool.keep = kept.append  # type: ignore[method-assign]
        return (
            exchange,
            kept,
            lambda **options: exchange.run(
                pool, prepared("http://h.example/", body=body), b"head", 60, connection.deadline, **options
            ),
        )

    @pytest.fixture(autouse=True)
    def _open_slots(self, monkeypatch):
        """Let a test replace the methods of one pool."""
        monkeypatch.setattr(module, "_Pool", type("_Pool", (module._Pool,), {}))

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize(
        "error",
        [BrokenPipeError(32, "Broken pipe"), ConnectionResetError(104, "Reset"), ssl.SSLEOFError(8, "EOF occurred")],
        ids=lambda error: type(error).__name__,
    )
    def test_a_response_to_half_a_request_is_read_and_its_connection_closed(self, error, stream):
        sock = FakeSocket(ok_response(), error)
        _, kept, run = self.exchange(sock)
        response = run(stream=stream)
        assert (response.raw.read() if stream else response.content) == b"ok"
        assert sock.is_closed
        assert kept == []

    def test_a_short_request_leaves_in_one_packet_and_a_long_one_in_pieces(self):
        sock = FakeSocket(ok_response() * 2)
        _, kept, run = self.exchange(sock)
        assert run(stream=False).content == b"ok"
        assert sock.sent == b"headx"
        sock = FakeSocket(ok_response())
        _, kept, run = self.exchange(sock, b"y" * 200_000)
        assert run(stream=False).content == b"ok"
        assert sock.sent == b"head" + b"y" * 200_000
        assert len(kept) == 1
        assert not sock.is_closed

    def test_each_wait_gets_the_time_that_is_left(self):
        sock = FakeSocket(ok_response())
        _, _, run = self.exchange(sock, b"y" * 200_000)
        run(stream=False)
        assert len(sock.timeouts) > 3
        assert sock.timeouts == sorted(sock.timeouts, reverse=True)
        assert 59 < sock.timeouts[-1] <= 60

    def test_an_error_while_sending_is_an_unknown_outcome(self, direct, serve, monkeypatch):
        def fail(*_):
            raise ssl.SSLError("bad record")

        monkeypatch.setattr(DirectConnection, "send", fail)
        with pytest.raises(requests.exceptions.SSLError) as caught:
            send(direct, serve(ok_response()).url)
        assert caught.value.maybe_sent is True

    def test_an_interrupt_in_a_callback_of_the_parser_passes(self, direct, serve, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(direct_connection._Events, "on_header", interrupt)
        with pytest.raises(KeyboardInterrupt):
            send(direct, serve(ok_response()).url)

    def test_an_error_that_is_not_of_the_network_passes(self, direct, serve, monkeypatch):
        monkeypatch.setattr(DirectConnection, "read_head", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(direct, serve(ok_response()).url)


class TestThePool:
    def connection(self) -> Any:
        return DirectConnection(FakeSocket(), Deadline(1, time.monotonic() + 1))

    def test_connections_beyond_the_size_are_closed(self):
        pool = module._Pool("http://h.example", None, 1)
        first, second = self.connection(), self.connection()
        pool.keep(first)
        pool.keep(second)
        assert second._sock.is_closed
        assert not first._sock.is_closed

    def test_a_closed_pool_keeps_nothing(self):
        pool = module._Pool("http://h.example", None, 4)
        first, second, third = (self.connection() for _ in range(3))
        pool.keep(first)
        pool.close()
        pool.keep(second)
        assert first._sock.is_closed
        assert second._sock.is_closed

        class ClosedMeanwhile(list):
            def append(self, item):
                super().append(item)
                pool._is_closed = True

        pool._is_closed = False
        pool._idle = ClosedMeanwhile()
        pool.keep(third)
        assert third._sock.is_closed

    def test_a_closed_transport_can_be_used_again(self, direct, serve):
        server = serve(ok_response())
        send(direct, server.url)
        direct.close()
        assert send(direct, server.url).content == b"ok"
        assert server.connections == 2

    def test_the_oldest_origin_makes_room(self, direct, serve, monkeypatch):
        monkeypatch.setattr(module, "_MOST_POOLS", 2)
        servers = [serve(ok_response()) for _ in range(3)]
        for server in [*servers, servers[0]]:
            send(direct, server.url)
        assert len(direct._pools) == 2
        assert [server.connections for server in servers] == [2, 1, 1]

    def test_an_origin_that_another_thread_removed_makes_no_trouble(self, direct, serve, monkeypatch):
        monkeypatch.setattr(module, "_MOST_POOLS", 1)

        class Removed(dict):
            def pop(self, key, default):
                super().pop(key)
                return default

        direct._pools = Removed({("http://h.example", True, None): module._Pool("http://h.example", None, 1)})
        assert send(direct, serve(ok_response()).url).content == b"ok"

    def test_calls_with_other_verification_use_other_connections(self, direct, serve):
        server = serve(ok_response())
        send(direct, server.url)
        send(direct, server.url, verify=False)
        assert server.connections == 2

    def test_a_forked_child_starts_with_nothing(self, direct, serve):
        server = serve(ok_response())
        send(direct, server.url)
        [pool] = direct._pools.values()
        contexts = direct._contexts
        direct._renew()
        assert pool.take() is None
        assert direct._pools == {}
        assert direct._contexts is not contexts


def test_threads_share_a_client_and_its_connections(serve):
    def script(connection, request, number):
        connection.sendall(ok_response(request.split(b" ")[1]))

    with FaultServer(script) as server:
        one = DirectTransport()
        wrong: list[bytes] = []

        def work(name: str) -> None:
            for number in range(50):
                target = f"{name}-{number}"
                content = send(one, server.url + target).content
                if content != f"/{target}".encode():
                    wrong.append(content)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one.close()
        assert wrong == []
        assert server.connections <= 8


def test_nothing_is_logged(serve, caplog):
    caplog.set_level(logging.DEBUG)
    one = DirectTransport()
    send(one, serve(ok_response()).url + "?session=sess10n")
    one.close()
    assert caplog.text == ""


def test_an_error_names_its_cause_and_is_forgotten_at_once(direct, serve):
    """A cycle would keep the request, and the connection, until the next garbage collection."""
    url = serve([None]).url
    gc.disable()
    try:
        with pytest.raises(requests.ConnectionError) as caught:
            send(direct, url)
        assert isinstance(caught.value.args[0], http.client.RemoteDisconnected)
        error = weakref.ref(caught.value)
        del caught
        assert error() is None
    finally:
        gc.enable()
