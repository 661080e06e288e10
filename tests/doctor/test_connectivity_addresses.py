"""Connecting to a host of several addresses."""

from __future__ import annotations

import socket

from chainable.cli.connectivity import _connect


def test_the_first_address_that_answers_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with _connect(["127.0.0.2", "127.0.0.1"], port, 60) as one:
            assert one.getpeername()[0] == "127.0.0.1"
        with _connect(["127.0.0.1", "127.0.0.2"], port, 60) as other:
            assert other.getpeername()[0] == "127.0.0.1"
