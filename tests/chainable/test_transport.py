"""The transport: connections, deadlines, TLS, proxies, forks."""

from __future__ import annotations

import contextlib
import copy
import gzip
import logging
import os
import pickle
import socket
import ssl
import threading
import time
import zlib
from typing import Any
from unittest.mock import Mock

import pytest
import requests
import trustme
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, InsecureRequestWarning

from chainable import (
    CodecError,
    ConfigurationError,
    DirectTransport,
    RequestsTransport,
    connections,
    forking,
    tls_contexts,
)
from chainable import transport as module
from chainable.transport import FileCertificate
from tests.chainable.fault_server import FaultServer, ok_response, reset


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def server_context(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def transport():
    made: list[RequestsTransport] = []

    def make(**options: Any) -> RequestsTransport:
        made.append(RequestsTransport(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=[RequestsTransport, DirectTransport], ids=["requests", "direct"])
def either(request):
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(request.param(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def ok(connection, request, number):
    connection.sendall(ok_response())


def request_to(url: str, body: bytes | None = None) -> requests.PreparedRequest:
    return requests.Request("POST", url, data=body).prepare()


def send(transport: RequestsTransport, url: str, *, timeout=(60.0, 60.0), deadline: float = 120.0, **options: Any):
    return transport.send(request_to(url, b"x"), timeout=timeout, expires=time.monotonic() + deadline, **options)


class TestConnections:
    def test_a_thousand_calls_use_one_connection(self, either):
        one = either()
        with FaultServer(ok) as server:
            for _ in range(1000):
                assert send(one, server.url).content == b"ok"

            assert server.connections == 1

    def test_each_thread_reuses_its_connection(self, either):
        one = either(pool_maxsize=8)
        with FaultServer(ok) as server:
            barrier = threading.Barrier(8)

            def work():
                barrier.wait()
                for _ in range(20):
                    send(one, server.url)

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert server.connections <= 8

    def test_a_connection_that_was_idle_too_long_is_not_reused(self, either, monkeypatch):
        one = either()
        with FaultServer(ok) as server:
            send(one, server.url)
            monkeypatch.setattr(connections, "IDLE", -1.0)
            send(one, server.url)

            assert server.connections == 2

    def test_responses_without_a_body_return_the_connection(self, either):
        one = either()

        def empty(connection, request, number):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        with FaultServer(empty) as server:
            for _ in range(3):
                assert send(one, server.url).content == b""

            assert server.connections == 1

    def test_a_forked_child_opens_its_own_connection(self, either):
        one = either()
        with FaultServer(ok) as server:
            send(one, server.url)
            child = os.fork()
            if child == 0:
                try:
                    send(one, server.url)
                    os._exit(0)
                except BaseException:
                    os._exit(1)
            _, status = os.waitpid(child, 0)
            send(one, server.url)

            assert status == 0
            assert server.connections == 2

    def test_after_a_fork_everything_is_new(self, transport):
        one = transport()
        before = one._adapter
        forking._renew_all()

        assert one._adapter is not before
        before.close()

    def test_a_reader_can_be_closed_twice(self):
        left, right = socket.socketpair()
        state = connections.AttemptState(60.0, 60.0, time.monotonic() + 60)
        reader = connections._Reader(connections._Socket(left, state))
        right.sendall(b"x")
        buffer = bytearray(1)

        assert reader.readinto(buffer) == 1
        assert reader.tell() == 1
        reader.close()
        reader.close()
        left.close()
        right.close()


@pytest.mark.parametrize("make", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_transport_cannot_be_pickled_or_copied(either, make):
    """It would share sockets, or write the password of a proxy into a file."""
    one = either()
    with pytest.raises(TypeError, match=f"a {type(one).__name__} holds connections") as caught:
        make(one)

    assert f"{type(one).__name__} 持有连接" in caught.value.args[0].zh


class TestPools:
    def test_a_pool_is_looked_up_once(self, transport):
        one = transport(proxies={})
        pool = one._adapter.get_connection_with_tls_context

        assert pool(request_to("http://127.0.0.1:9/a"), True) is pool(request_to("http://127.0.0.1:9/b?c"), True)
        assert pool(request_to("http://127.0.0.1:9/"), True) is not pool(request_to("http://127.0.0.1:8/"), True)

    def test_a_closed_pool_is_replaced(self, transport):
        one = transport(proxies={})
        pool = one._adapter.get_connection_with_tls_context(request_to("http://127.0.0.1:9/"), True)
        one.close()

        assert one._adapter.get_connection_with_tls_context(request_to("http://127.0.0.1:9/"), True) is not pool

    def test_many_hosts_do_not_grow_the_cache(self, transport):
        one = transport(proxies={})
        for number in range(200):
            one._adapter.get_connection_with_tls_context(request_to(f"http://h{number}.example/"), True)

        assert len(one._adapter._pools) <= 64

    @pytest.mark.parametrize(
        ("url", "target"),
        [
            ("http://h", "/"),
            ("http://h/", "/"),
            ("http://h?a=/b", "/?a=/b"),
            ("http://h:1/v3/a?b=%2f", "/v3/a?b=%2f"),
            ("http://h/a#b", "/a"),
        ],
    )
    def test_the_target_is_that_of_the_url(self, transport, url, target):
        asked = requests.PreparedRequest()
        asked.method, asked.url = "GET", url

        assert transport(proxies={})._adapter.request_url(asked, {}) == target


class TestQueries:
    @pytest.mark.parametrize("query", ["", "?session=sess10n&sign=%E4%B8%AD+%2F&b", "?a=?&b=/"])
    def test_queries_are_sent_and_never_logged(self, either, caplog, query):
        caplog.set_level(logging.DEBUG)
        one = either()
        with FaultServer(ok) as server:
            send(one, server.url + "router/rest?session=sess10n")
            send(one, server.url + "router/rest" + query)

            assert server.requests[-1].startswith(f"POST /router/rest{query} ".encode())
        assert isinstance(one, DirectTransport) or "/router/rest" in caplog.text
        assert "sess10n" not in caplog.text

    def test_queries_through_a_proxy_are_never_logged(self, transport, caplog):
        caplog.set_level(logging.DEBUG)
        with FaultServer(ok) as proxy:
            one = transport(proxies={"http": proxy.url})
            send(one, "http://host.example/router/rest?session=sess10n")

            assert proxy.requests[0].startswith(b"POST http://host.example/router/rest?session=sess10n ")
        assert "sess10n" not in caplog.text

    def test_queries_do_not_appear_in_errors(self, either):
        one = either()
        with pytest.raises(requests.ConnectionError) as caught:
            send(one, "http://127.0.0.1:9/router/rest?session=sess10n")

        assert isinstance(one, DirectTransport) or "/router/rest" in str(caught.value)
        assert "sess10n" not in str(caught.value)


class TestFailures:
    def test_a_refused_connection_sent_nothing(self, either):
        one = either()
        with pytest.raises(requests.ConnectionError) as caught:
            send(one, "http://127.0.0.1:9/")

        assert caught.value.maybe_sent is False

    def test_a_reset_before_the_response_is_an_unknown_outcome(self, either):
        one = either()
        with (
            FaultServer(lambda connection, *_: reset(connection)) as server,
            pytest.raises(requests.ConnectionError) as caught,
        ):
            send(one, server.url)

        assert caught.value.maybe_sent is True

    def test_a_reset_in_the_body_is_an_unknown_outcome(self, either):
        def half(connection, request, number):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            time.sleep(0.05)
            reset(connection)

        with FaultServer(half) as server, pytest.raises(requests.RequestException):
            send(either(), server.url)

    def test_a_truncated_body_is_an_unknown_outcome(self, either):
        def cut(connection, request, number):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.close()

        with FaultServer(cut) as server, pytest.raises(requests.exceptions.ChunkedEncodingError):
            send(either(), server.url)

    def test_a_body_that_is_not_gzip_raises(self, either):
        def broken(connection, request, number):
            connection.sendall(ok_response(b"no gzip at all", "Content-Encoding: gzip\r\n"))

        with FaultServer(broken) as server, pytest.raises(requests.exceptions.ContentDecodingError):
            send(either(), server.url)

    def test_a_silent_server_ends_at_the_read_timeout(self, either):
        with FaultServer(lambda *_: time.sleep(1)) as server, pytest.raises(requests.ReadTimeout):
            send(either(), server.url, timeout=(60.0, 0.1))

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
    def test_a_slow_response_ends_at_the_deadline(self, either, head):
        def drip(connection, request, number):
            connection.sendall(head)
            for _ in range(1500):
                connection.sendall(b"H")
                time.sleep(0.02)

        started = time.monotonic()
        with FaultServer(drip) as server, pytest.raises(requests.RequestException):
            send(either(), server.url, timeout=(60.0, 60.0), deadline=0.2)

        assert time.monotonic() - started < 20

    def test_an_expired_deadline_raises(self, either):
        with FaultServer(ok) as server, pytest.raises(requests.RequestException):
            send(either(), server.url, deadline=-1.0)

    @pytest.mark.parametrize(
        ("body", "header"),
        [(gzip.compress(b"0" * 3_000_000, mtime=0), "Content-Encoding: gzip\r\n"), (b"0" * 3_000, "")],
    )
    def test_a_body_that_is_too_large_raises(self, either, monkeypatch, body, header):
        monkeypatch.setattr(module, "LARGEST", 1000)

        def huge(connection, request, number):
            connection.sendall(ok_response(body, header))

        with FaultServer(huge) as server, pytest.raises(CodecError, match="download") as caught:
            send(either(), server.url)
        assert caught.value.maybe_sent is True

    @pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
    def test_a_body_in_pieces_is_whole_and_leaves_the_connection_usable(self, either, monkeypatch, size):
        monkeypatch.setattr(module, "_PIECE", 10)
        body = b"0123456789" * 3

        def respond(connection, request, number):
            connection.sendall(ok_response(body[:size]))

        with FaultServer(respond) as server:
            transport = either()
            contents = [send(transport, server.url).content for _ in range(3)]

        assert contents == [body[:size]] * 3
        assert server.connections == 1

    def test_a_compressed_body_does_not_end_where_its_content_is_as_long_as_it(self, either, monkeypatch):
        content = b"0" * 5000
        body = gzip.compress(content)
        monkeypatch.setattr(module, "_PIECE", len(body))

        def respond(connection, request, number):
            connection.sendall(ok_response(body, "Content-Encoding: gzip\r\n"))

        with FaultServer(respond) as server:
            assert send(either(), server.url).content == content

    @pytest.mark.parametrize("sizes", [(65536, 100), (65536, 65536), (65536, 65536, 1), (32768, 32768, 5), (100,) * 9])
    @pytest.mark.parametrize("header", ["gzip", "x-gzip", "gzip, gzip", "deflate, gzip", "identity, gzip"])
    def test_a_body_in_gzip_members_of_the_size_of_a_read(self, either, sizes, header):
        """
        urllib3 2.8 doubles the rest of a body if a member ends exactly where a read does.

        It gives some bytes twice, or for ever.
        """
        pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
        inner = {"gzip, gzip": gzip.compress, "deflate, gzip": zlib.compress}.get(header, bytes)(b"".join(pieces))
        parts = pieces if inner == b"".join(pieces) else [inner[:20], inner[20:]]
        body = b"".join(map(gzip.compress, parts))

        def respond(connection, request, number):
            connection.sendall(ok_response(body, f"Content-Encoding: {header}\r\n"))

        with FaultServer(respond) as server:
            transport = either()
            contents = [send(transport, server.url).content for _ in range(2)]

        assert contents == [b"".join(pieces)] * 2
        assert server.connections == 1

    @pytest.mark.parametrize("tail", [b"garbage", b"\0", b"\x1f\x8b\x08"])
    def test_bytes_behind_a_compressed_body_are_an_unknown_outcome(self, either, tail):
        def script(connection, request, number):
            connection.sendall(ok_response(gzip.compress(b"ok") + tail, "Content-Encoding: gzip\r\n"))

        with FaultServer(script) as server, pytest.raises(requests.exceptions.ContentDecodingError) as caught:
            send(either(), server.url)
        assert caught.value.maybe_sent is True

    @pytest.mark.parametrize("header", ["gzip", "deflate", "gzip, deflate", "br"])
    def test_an_empty_body_may_name_a_coding(self, either, header):
        def script(connection, request, number):
            connection.sendall(ok_response(b"", f"Content-Encoding: {header}\r\n"))

        with FaultServer(script) as server:
            assert send(either(), server.url).content == b""

    def test_a_coding_that_nobody_asked_for_is_left_to_urllib3(self, either):
        """Its decoders of brotli and zstd are extras; an unknown coding stays as it came."""

        def script(connection, request, number):
            connection.sendall(ok_response(b"some bytes", "Content-Encoding: compress\r\n"))

        with FaultServer(script) as server:
            assert send(either(), server.url).content == b"some bytes"

    @pytest.mark.parametrize("header", ["gzip, br", "zstd, gzip", "gzip" + ", gzip" * 5])
    def test_several_codings_of_which_one_is_unknown_are_an_unknown_outcome(self, either, header):
        """urllib3 would decode the gzip among them, and repeat bytes."""

        def script(connection, request, number):
            connection.sendall(ok_response(gzip.compress(b"ok"), f"Content-Encoding: {header}\r\n"))

        with FaultServer(script) as server, pytest.raises(CodecError, match="the body is compressed") as caught:
            send(either(), server.url)
        assert caught.value.maybe_sent is True

    @pytest.mark.parametrize("failure", [zlib.error("Error -3"), DecodeError("Zstandard data is incomplete"), None])
    def test_an_error_of_a_decoder_of_urllib3_is_an_unknown_outcome(self, either, monkeypatch, failure):
        """urllib3 passes on what zlib 1.3.2 raises at the end of a body, and does not report truncation."""

        def flush(self):
            if failure is not None:
                raise failure
            return b""

        monkeypatch.setattr(urllib3.HTTPResponse, "CONTENT_DECODERS", ["compress"])  # decoded as deflate is
        monkeypatch.setattr("urllib3.response.DeflateDecoder.flush", flush)

        def script(connection, request, number):
            connection.sendall(ok_response(zlib.compress(b"ok")[:-1], "Content-Encoding: compress\r\n"))

        with FaultServer(script) as server, pytest.raises(requests.exceptions.ContentDecodingError) as caught:
            send(either(), server.url)
        assert caught.value.maybe_sent is True

    def test_an_outer_coding_that_is_too_large_raises(self, either, monkeypatch):
        monkeypatch.setattr(module, "LARGEST", 1000)
        body = gzip.compress(gzip.compress(b"") * 1000)

        def script(connection, request, number):
            connection.sendall(ok_response(body, "Content-Encoding: gzip, gzip\r\n"))

        with FaultServer(script) as server, pytest.raises(CodecError, match="download"):
            send(either(), server.url)

    def test_unpacking_ends_at_the_deadline(self, either, monkeypatch):
        """A few bytes may unpack to many that unpack to nothing."""
        body = gzip.compress(gzip.compress(b"") * 100_000)

        def script(connection, request, number):
            connection.sendall(ok_response(body, "Content-Encoding: gzip, gzip\r\n"))

        unpacked = module.decoded

        def slowly(chunks, coding):
            for piece in unpacked(chunks, coding):
                time.sleep(0.5)
                yield piece

        monkeypatch.setattr(module, "decoded", slowly)
        with FaultServer(script) as server, pytest.raises(requests.ReadTimeout) as caught:
            send(either(), server.url, deadline=0.4)
        assert caught.value.maybe_sent is True

    def test_the_deadline_is_checked_while_nothing_is_unpacked(self, either, monkeypatch):
        """Unpacking a megabyte of empty gzip members takes seconds, and gives no byte that would be counted."""
        sizes = []
        kept = urllib3.HTTPResponse._raw_read

        def read(self, amt=None, **options):
            sizes.append(amt)
            return kept(self, amt, **options)

        monkeypatch.setattr(urllib3.HTTPResponse, "_raw_read", read)
        packed = gzip.compress(b"") * 10_000

        def script(connection, request, number):
            connection.sendall(ok_response(packed, "Content-Encoding: gzip\r\n"))

        with FaultServer(script) as server:
            assert send(either(), server.url).content == b""
        assert len(packed) > 3 * 64 * 1024
        assert max(sizes) <= 64 * 1024

    def test_a_failing_socket_in_the_body_raises_an_error_of_requests(self):
        class Raw:
            def __init__(self, error):
                self.error = error

            def read(self, *_, **__):
                raise self.error

        response = module.Response()
        response.raw = Raw(OSError("gone"))
        with pytest.raises(requests.ConnectionError):
            module.read_content(response)


class TestTLS:
    def test_the_ca_file_is_read_once_for_all_connections(self, either, server_context, ca_file, monkeypatch):
        reads = []
        load = ssl.SSLContext.load_verify_locations

        def counted(context, *args, **kwargs):
            reads.append(kwargs)
            load(context, *args, **kwargs)

        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
        one = either(verify=ca_file)
        with FaultServer(ok, server_context) as server:
            monkeypatch.setattr(connections, "IDLE", -1.0)
            for _ in range(5):
                assert send(one, server.url).content == b"ok"

            assert server.connections == 5
        assert len(reads) == 1

    def test_an_untrusted_server_raises(self, either, server_context):
        one = either(verify=requests.certs.where())
        with FaultServer(ok, server_context) as server, pytest.raises(requests.exceptions.SSLError) as caught:
            send(one, server.url)

        assert caught.value.maybe_sent is False

    def test_verify_takes_precedence_over_the_environment(self, either, server_context, ca_file, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
        with FaultServer(ok, server_context) as server:
            assert send(either(verify=ca_file), server.url).ok
            with pytest.raises(requests.exceptions.SSLError):
                send(either(), server.url)

    def test_the_environment_applies_without_verify(self, either, server_context, ca_file, monkeypatch):
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.setenv("CURL_CA_BUNDLE", ca_file)
        with FaultServer(ok, server_context) as server:
            assert send(either(), server.url).ok

    def test_a_call_can_override_verify(self, either, server_context, ca_file):
        with FaultServer(ok, server_context) as server:
            assert send(either(verify=requests.certs.where()), server.url, verify=ca_file).ok
            with pytest.warns(InsecureRequestWarning):
                assert send(either(verify=requests.certs.where()), server.url, verify=False).ok

    def test_verify_may_be_a_folder(self, either, tmp_path):
        assert tls_contexts.new_context(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_an_invalid_ca_file_raises_with_its_name(self, either, tmp_path, content):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigurationError, match=r"verify: .*ca\.pem"):
            send(either(verify=path), "https://127.0.0.1:1/")

    def test_a_client_certificate_is_sent(self, transport, authority, ca_file, tmp_path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca_file)
        own = authority.issue_cert("merchant.example")
        both, key = tmp_path / "both.pem", tmp_path / "key.pem"
        own.private_key_and_cert_chain_pem.write_to_path(both)
        own.private_key_pem.write_to_path(key)
        one = transport(verify=ca_file)
        with FaultServer(ok, context) as server:
            assert send(one, server.url, certificate=FileCertificate(str(both))).ok
            assert send(one, server.url, certificate=FileCertificate(str(both), str(key))).ok
            session = requests.Session()
            session.cert = (str(both), str(key))
            assert send(transport(verify=ca_file, http_session=session), server.url).ok
            session.cert = str(both)
            assert send(transport(verify=ca_file, http_session=session), server.url).ok

    def test_an_unusable_certificate_raises_with_its_name(self, either, tmp_path):
        with pytest.raises(ConfigurationError, match="client certificate"):
            send(either(), "https://127.0.0.1:1/", certificate=FileCertificate(str(tmp_path / "none.pem")))


class TestProxies:
    def test_proxies_of_the_environment_are_read_once(self, transport, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", "internal.example,10.0.0.0/8")
        one = transport()
        monkeypatch.setenv("HTTP_PROXY", "http://other.example:3128")

        assert one.proxies_for("http://host.example/")["http"] == "http://proxy.example:3128"
        assert one.proxies_for("http://host.example/") is one.proxies_for("http://host.example/x")
        assert one.proxies_for("http://internal.example/") == {}
        assert one.proxies_for("http://10.1.2.3:80/") == {}
        assert one.proxies_for("http://192.0.2.1/") != {}

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080", "[::1]"])
    def test_proxies_of_the_environment_do_not_apply_to_loopback(self, transport, monkeypatch, host):
        """Plain HTTP is allowed for loopback only; through a proxy it would leave the machine."""
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        assert transport().proxies_for(f"http://{host}/") == {}
        assert transport(proxies={"http": "http://p:1"}).proxies_for(f"http://{host}/") == {"http": "http://p:1"}

    def test_many_hosts_do_not_grow_the_cache(self, transport):
        one = transport()
        for number in range(200):
            one.proxies_for(f"http://h{number}.example/")

        assert len(one._env_proxies._by_host) <= 64

    def test_proxies_of_the_client_take_precedence(self, transport, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

        assert transport(proxies={}).proxies_for("http://host.example/") == {}
        assert transport(proxies={"http": "http://p:1"}).proxies_for("http://x/") == {"http": "http://p:1"}

    def test_proxies_of_a_session_are_used(self, transport):
        session = requests.Session()
        session.proxies = {"http": "http://p:1"}

        assert transport(http_session=session).proxies_for("http://x/") == {"http": "http://p:1"}

    def test_requests_go_through_the_proxy(self, transport):
        with FaultServer(ok) as proxy:
            one = transport(proxies={"http": proxy.url})

            assert send(one, "http://host.example/v3/x").ok
            assert proxy.requests[0].startswith(b"POST http://host.example/v3/x ")

    def test_the_certificate_of_a_proxy_is_verified_with_the_same_file(self, transport, server_context, ca_file):
        """TLS to the proxy, and TLS to the platform inside of it."""

        def pump(source: Any, target: Any) -> None:
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    target.sendall(piece)

        def tunnel(connection, request, number):
            with socket.create_connection(("127.0.0.1", server.port)) as platform:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=pump, args=(platform, connection), daemon=True).start()
                pump(connection, platform)

        with FaultServer(ok, server_context) as server, FaultServer(tunnel, server_context) as proxy:
            one = transport(proxies={"https": proxy.url}, verify=ca_file)
            for _ in range(2):
                assert send(one, server.url).content == b"ok"
            assert (proxy.connections, server.connections) == (1, 1)
            with pytest.raises(requests.ConnectionError) as caught:
                send(one, server.url, verify=True)
            assert caught.value.maybe_sent is False
            one.close()

    def test_a_socks_proxy_keeps_its_own_pools(self, transport, monkeypatch):
        class Manager:
            pool_classes_by_scheme = "its own"

            def __init__(self, *args, **kwargs):
                pass

            def clear(self):
                pass

        monkeypatch.setattr("requests.adapters.SOCKSProxyManager", Manager)

        assert transport()._adapter.proxy_manager_for("socks5://127.0.0.1:1").pool_classes_by_scheme == "its own"


class TestLentSessions:
    def test_an_adapter_of_the_session_is_used(self, transport):
        class Own(HTTPAdapter):
            used = 0

            def send(self, *args, **kwargs):
                Own.used += 1
                return super().send(*args, **kwargs)

        session = requests.Session()
        session.mount("http://", Own())
        one = transport(http_session=session)
        with FaultServer(ok) as server:
            response = send(one, server.url)

            assert response.content == b"ok"
            assert isinstance(response, module.Response)
            assert not response.cookies
            assert Own.used == 1
        session.close()

    @pytest.mark.parametrize("kind", [HTTPAdapter, type("Own", (HTTPAdapter,), {})])
    def test_the_certificate_of_the_session_is_not_sent_to_a_foreign_host(self, transport, kind):
        session = requests.Session()
        session.cert = "merchant.pem"
        session.mount("http://", kind())
        one = transport(http_session=session)
        asked = request_to("http://files.example/")

        assert one._route(asked, None, foreign=True)[2] is None
        assert one._route(asked, None, foreign=False)[2] is not None
        session.close()

    def test_a_session_without_certificate_sends_none(self):
        assert FileCertificate.of(None) is None

    def test_verify_of_the_session_is_used(self, transport, tmp_path):
        session = requests.Session()
        session.verify = False

        assert transport(http_session=session)._verify is False
        assert transport(http_session=session, verify=True)._verify is True


class TestStreams:
    def test_the_body_of_a_streamed_success_is_not_read(self, either):
        with FaultServer(ok) as server:
            response = send(either(), server.url, stream=True)

            assert response.raw.read() == b"ok"

    def test_the_body_of_an_error_is_read(self, either):
        def error(connection, request, number):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

        with FaultServer(error) as server:
            assert send(either(), server.url, stream=True)._content == b"no"


@pytest.mark.parametrize("owner", [requests.Session, HTTPAdapter])
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_that_a_test_wrote_needs_no_raw(monkeypatch, owner, stream):
    """``requests.Response()`` with a ``_content`` is what most tests give to a mock."""
    written = requests.Response()
    written.status_code, written._content, written.url = 200, b"written", "http://127.0.0.1:9/"
    monkeypatch.setattr(owner, "send", lambda *_, **__: written)

    response = send(RequestsTransport(), "http://127.0.0.1:9/", stream=stream)

    assert (response.content, b"".join(response.iter_content(4))) == (b"written", b"written")
    response.close()


@pytest.mark.parametrize("answer", [Mock(status_code=200), Mock(spec=requests.Response, status_code=200), None, "text"])
def test_what_is_no_response_is_refused(monkeypatch, answer):
    monkeypatch.setattr(requests.Session, "send", lambda *_, **__: answer)

    with pytest.raises(ConfigurationError, match=r"make a requests\.Response\(\) and set") as caught:
        send(RequestsTransport(), "http://127.0.0.1:9/")
    assert (caught.value.reason, caught.value.values) == ("not_a_response", {"type": type(answer).__name__})
    assert caught.value.maybe_sent


def test_a_cache_in_the_place_of_sessions_answers_nothing(monkeypatch):
    """As ``requests_cache.install_cache()`` puts it there."""

    def cached(*_, **__):
        raise AssertionError

    cached.__module__ = "requests_cache.session"
    monkeypatch.setattr(requests, "Session", type("CachedSession", (requests.Session,), {"send": cached}))
    with FaultServer(ok) as server:
        assert send(RequestsTransport(), server.url).content == b"ok"


def test_urllib3_that_was_replaced_is_refused(either, monkeypatch):
    """niquests puts urllib3-future in its place, on which calls of either lane fail after they were sent."""
    monkeypatch.setattr(urllib3, "AsyncPoolManager", object, raising=False)
    with pytest.raises(ConfigurationError, match="URLLIB3_NO_OVERRIDE=1") as caught:
        either()
    assert (caught.value.reason, caught.value.values) == ("urllib3_replaced", {"version": urllib3.__version__})


def test_a_session_whose_send_a_test_replaced_sends_with_it():
    def send(request, **options):
        seen.append((request, options["cert"]))
        raise requests.ConnectionError("a test")

    seen: list[Any] = []
    with requests.Session() as session:
        session.cert = "lent.pem"
        session.send = send  # type: ignore[method-assign]
        one = RequestsTransport(http_session=session, proxies={})
        request = requests.Request("GET", "http://127.0.0.1:9/").prepare()
        with pytest.raises(requests.ConnectionError, match="a test"):
            one.send(request, timeout=(1, 1), expires=time.monotonic() + 9)

    assert seen == [(request, "lent.pem")]
