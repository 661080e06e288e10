"""The server's beginning and end: quick, quiet, and nothing left open."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
import warnings
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from taobao_top.sandbox import Sandbox


def address(url):
    parts = urlsplit(url)
    return parts.hostname, parts.port


def shaking_hands(sandbox, opened):
    """A TCP connection to the TLS port whose handshake never comes."""
    return opened.enter_context(socket.create_connection(address(sandbox.https_gateway)))


def idle(sandbox, opened):
    """A kept connection; TLS waits for the other side when it is closed."""
    bare = opened.enter_context(socket.create_connection(address(sandbox.https_gateway)))
    context = ssl.create_default_context(cafile=sandbox.ca)
    secured = opened.enter_context(context.wrap_socket(bare, server_hostname="localhost"))
    secured.sendall(b"GET /router/rest HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200" in secured.recv(1000)
    return secured


def channel(sandbox, opened):
    """A consumer of messages."""
    return opened.enter_context(connect(sandbox.channel_url))


@pytest.mark.parametrize("kind", [shaking_hands, idle, channel])
def test_nothing_stays_open(kind, caplog):
    """Whatever state a connection is in, it is closed before the loop ends."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with ExitStack() as opened:
            with Sandbox() as sandbox:
                for _ in range(3):
                    kind(sandbox, opened)
                started = time.monotonic()
            took = time.monotonic() - started
        del sandbox
        gc.collect()

    assert not [str(warning.message) for warning in found if "transport" in str(warning.message)]
    assert took < 20  # a handshake is waited for a minute, the end of TLS for half of one
    assert not caplog.records


def test_connections_that_come_while_it_ends():
    """A handshake that is done in the very moment of the end is closed as well."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with ExitStack() as opened, Sandbox() as sandbox:
            place, context = address(sandbox.https_gateway), ssl.create_default_context(cafile=sandbox.ca)
            ended = threading.Event()

            def come():
                while not ended.is_set():
                    try:
                        bare = opened.enter_context(socket.create_connection(place))
                        opened.enter_context(context.wrap_socket(bare, server_hostname="localhost"))
                    except OSError:
                        return

            comers = [threading.Thread(target=come) for _ in range(4)]
            for comer in comers:
                comer.start()
            opened.callback(ended.set)
            sandbox.stop()
            ended.set()
            for comer in comers:
                comer.join()
        del sandbox
        gc.collect()

    assert not [str(warning.message) for warning in found if "transport" in str(warning.message)]


def test_a_call_held_back_does_not_hold_up_the_end(caplog):
    """A call that a fault delays for an hour is cut, quietly, after a second's grace."""
    with socket.socket() as caller:
        with Sandbox(https=False) as sandbox:
            sandbox.fault("latency", seconds=3600)
            caller.connect(address(sandbox.gateway))
            app = sandbox.account.app_key.encode()
            caller.sendall(b"GET /router/rest?app_key=" + app + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            sandbox.journal.wait(1, timeout=60)
            started = time.monotonic()

        assert time.monotonic() - started < 60
        assert caller.recv(1000) == b""
    assert not caplog.records


def test_a_delay_ends_with_the_caller(sandbox):
    """Nobody waits for a caller that is gone."""

    def busy():
        return [each for each in tuple(sandbox.service._server._connections[0]) if each._busy]

    sandbox.fault("latency", seconds=3600)
    before = sandbox.journal.written
    with socket.create_connection(address(sandbox.gateway)) as caller:
        app = sandbox.account.app_key.encode()
        caller.sendall(b"GET /router/rest?app_key=" + app + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sandbox.journal.wait(before + 1, timeout=60)
        until = time.monotonic() + 60
        while not busy() and time.monotonic() < until:
            time.sleep(0.01)
        (held,) = busy()
    while busy() and time.monotonic() < until:
        time.sleep(0.01)

    assert not busy()
    assert held._late.cancelled()


def test_never_started():
    """A sandbox that was made and never served can be ended, twice even."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        sandbox = Sandbox()
        sandbox.stop()
        sandbox.stop()
        del sandbox
        gc.collect()

    assert not [str(warning.message) for warning in found]


@pytest.mark.parametrize("taken", ["port", "https_port"])
def test_a_port_that_is_taken(taken):
    """It says so, and leaves nothing open behind."""
    with socket.create_server(("127.0.0.1", 0)) as other, warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(OSError, match="in use"):
            Sandbox(**{taken: other.getsockname()[1]})
        gc.collect()

    assert not [str(warning.message) for warning in found]
