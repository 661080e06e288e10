"""The throw-away certificate authority of the sandboxes."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

import pytest

from chainable.sandbox.tls_ca import MOST_NAMES, Authority, container_names, server_names


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "localhost"])
def test_a_certificate_names_loopback_alone(address):
    assert server_names(address) == ("localhost", "127.0.0.1", "::1")


@pytest.mark.parametrize("address", ["10.1.2.3", "sandbox.test"])
def test_a_certificate_names_the_address_too(address):
    assert server_names(address) == ("localhost", "127.0.0.1", "::1", address)


def test_an_authority_is_the_same_once_it_is_loaded():
    authority = Authority()
    loaded = Authority.load(authority.pem, authority.key_pem)

    assert (loaded.pem, loaded.key_pem) == (authority.pem, authority.key_pem)
    assert "PRIVATE KEY" not in repr(authority)


def connected(authority, context, name):
    """Return whether a client that trusts the authority gets through to a server under a name."""
    trusting = ssl.create_default_context(cadata=authority.pem)
    ours, theirs = socket.socketpair()

    def serve():
        with suppress(OSError), context.wrap_socket(theirs, server_side=True) as connection:
            connection.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with trusting.wrap_socket(ours, server_hostname=name) as connection:
            return connection.recv(5) == b"hello"
    except ssl.SSLCertVerificationError:
        return False
    finally:
        thread.join()
        ours.close()
        theirs.close()


def test_a_client_that_trusts_the_authority_connects():
    authority = Authority()
    assert connected(authority, authority.server_context("127.0.0.1"), "127.0.0.1")
    assert connected(authority, authority.server_context("0.0.0.0"), "localhost")


def test_a_name_that_was_given_is_good():
    authority = Authority()
    context = authority.server_context("127.0.0.1", hosts=["pay.test", "10.1.2.3"])
    assert [connected(authority, context, name) for name in ("pay.test", "10.1.2.3", "wechatpay")] == [
        True,
        True,
        False,
    ]


def test_off_loopback_names_of_private_networks_are_good():
    authority = Authority()
    context = authority.server_context("0.0.0.0", hosts=["pay.test"], clients=False)
    names = ("wechatpay", "WeChatPay", "web.internal", "pay.test", "other.example")
    assert [connected(authority, context, name) for name in names] == [True, True, True, True, False]


def test_not_more_names_than_a_few_get_a_certificate():
    authority = Authority()
    context = authority.server_context("0.0.0.0", clients=False)
    assert all(connected(authority, context, f"name-{number}") for number in range(MOST_NAMES - 1))
    assert not connected(authority, context, "one-more")
    assert connected(authority, context, "name-0")


def test_names_between_containers(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "Builder")
    assert container_names("127.0.0.1", "wechatpay") == ()
    assert container_names("0.0.0.0", "wechatpay") == ("wechatpay", "sandbox", "host.docker.internal", "builder")
    monkeypatch.setattr(socket, "gethostname", lambda: "builder.example.com")
    assert container_names("::", "wechatpay") == ("wechatpay", "sandbox", "host.docker.internal")
