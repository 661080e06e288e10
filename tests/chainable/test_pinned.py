"""Requests go to the address that was checked, past proxies, resolvers and redirects."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from chainable import pinned
from chainable.errors import ConfigurationError
from chainable.pinned import PinnedPools, PinnedSession
from tests.loopback import QuietHandler, serving


class Handler(QuietHandler):
    """Keeps what came, and answers as the server says."""

    def do_POST(self):
        self.server.came.append((self.path, self.headers["Host"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.there)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)


@pytest.fixture
def server():
    with serving(Handler, "/notify") as made:
        made.came, made.status, made.there, made.answer = [], 200, made.url, b"done"
        yield made


@pytest.fixture
def lying(monkeypatch, server):
    """A resolver that leads every name to the server, as one that was rebound does."""
    asked = []
    real = socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):
        if host not in ("127.0.0.1", "::1"):
            asked.append(host)
        return real("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def local(destination):
    return destination.is_loopback


def url_of(server, host):
    return f"http://{host}:{urlsplit(server.url).port}/a?b=c"


def post(kind, url, body=b"x"):
    """Send a body; status and body of the answer."""
    if kind == "pools":
        pools = PinnedPools(local, timeout=60)
        try:
            return pools.post(url, body, {"X": "y"})
        finally:
            pools.close()
    with PinnedSession(local) as session:
        answer = session.post(url, data=body, timeout=60)
        return answer.status_code, answer.content


KINDS = pytest.mark.parametrize("kind", ["pools", "session"])


@KINDS
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "shop.localhost"])
def test_the_names_of_loopback_lead_here_without_a_resolver(kind, host, server, lying):
    assert post(kind, url_of(server, host)) == (200, b"done")
    assert server.came == [("/a?b=c", f"{host}:{urlsplit(server.url).port}", b"x")]
    assert lying == []


@KINDS
@pytest.mark.parametrize("host", ["other.example", "other.example\\@127.0.0.1", "127.0.0.1\\@other.example", "127.1"])
def test_nothing_else_is_called(kind, host, server, lying):
    with pytest.raises((ConfigurationError, requests.exceptions.InvalidURL)):
        post(kind, url_of(server, host))
    assert server.came == []
    assert lying == []


@KINDS
def test_the_next_address_is_tried_when_nothing_was_sent(kind, monkeypatch, server):
    monkeypatch.setattr("chainable.destination._LOOPBACK", ("127.0.0.2", "127.0.0.1"))

    assert post(kind, url_of(server, "localhost")) == (200, b"done")
    assert len(server.came) == 1


@KINDS
def test_no_other_address_is_tried_once_something_was_sent(kind, monkeypatch):
    monkeypatch.setattr("chainable.destination._LOOPBACK", ("127.0.0.1", "127.0.0.1"))
    came = []

    class Deaf(QuietHandler):
        def do_POST(self):
            came.append(self.path)
            self.close_connection = True  # no answer

    with serving(Deaf, "/") as deaf, pytest.raises((urllib3.exceptions.ProtocolError, requests.ConnectionError)):
        post(kind, url_of(deaf, "localhost"))
    assert len(came) == 1


@KINDS
def test_redirects_are_not_followed(kind, server):
    server.status, server.there = 307, server.url

    assert post(kind, url_of(server, "127.0.0.1"))[0] == 307
    assert len(server.came) == 1


@KINDS
def test_proxies_of_the_environment_are_not_used(kind, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert post(kind, url_of(server, "127.0.0.1"))[0] == 200


def test_an_answer_without_end_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr(pinned, "LARGEST", 10)
    server.answer = b"x" * 11
    with pytest.raises(urllib3.exceptions.HTTPError, match="longer than 10 bytes"):
        post("pools", url_of(server, "127.0.0.1"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_certificate_has_to_be_of_the_host_in_the_url(host, tmp_path):
    import trustme

    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    for name in ("localhost", "127.0.0.1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        with serving(Handler, "/") as made:
            made.came, made.status, made.there, made.answer = [], 200, made.url, b"done"
            made.socket = context.wrap_socket(made.socket, server_side=True)
            url = url_of(made, host).replace("http:", "https:")
            pools = PinnedPools(local, timeout=60, context=lambda: trusting)
            with PinnedSession() as session:
                if name == host:
                    assert pools.post(url, b"", {}) == pools.post(url, b"", {}) == (200, b"done")
                    assert session.post(url, data=b"", verify=str(tmp_path / "ca.pem"), timeout=60).status_code == 200
                else:
                    with pytest.raises(urllib3.exceptions.SSLError):
                        pools.post(url, b"", {})
                    with pytest.raises(requests.exceptions.SSLError):
                        session.post(url, data=b"", verify=str(tmp_path / "ca.pem"), timeout=60)
            pools.close()
