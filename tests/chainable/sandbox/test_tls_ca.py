"""The throw-away certificate authority of the sandboxes."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from chainable.sandbox.tls_ca import Authority, server_names


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


def test_a_client_that_trusts_the_authority_connects():
    authority = Authority()
    trusting = ssl.create_default_context(cadata=authority.pem)
    ours, theirs = socket.socketpair()

    def serve():
        with authority.server_context("127.0.0.1").wrap_socket(theirs, server_side=True) as connection:
            connection.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with trusting.wrap_socket(ours, server_hostname="127.0.0.1") as connection:
        assert connection.recv(5) == b"hello"
    thread.join()
