"""A test with a mock never reaches a platform unnoticed: what the direct lane refuses, and what it lets pass."""

from __future__ import annotations

import functools
import time
from typing import Any
from unittest import mock

import pytest
import requests
import responses
import vcr
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from chainable import ConfigurationError, DirectTransport, RequestsTransport, mock_guard
from chainable.reasons import explain
from tests.chainable.fault_server import FaultServer, ok_response


@pytest.fixture
def server():
    with FaultServer(lambda connection, *_: connection.sendall(ok_response())) as started:
        yield started


@pytest.fixture(params=[True, False], ids=["checked before", "not yet checked"])
def direct(request, monkeypatch):
    """A transport; the first check of a process may be one with a mock."""
    monkeypatch.setattr(mock_guard._Genuine, "parts", ())
    monkeypatch.setattr(mock_guard._Genuine, "never_called", ())
    if request.param:
        mock_guard.refuse_mocks("")
    one = DirectTransport()
    yield one
    one.close()


def send(transport: Any, url: str) -> Any:
    request = requests.Request("POST", url, data=b"x").prepare()
    return transport.send(request, timeout=(60, 60), expires=time.monotonic() + 120)


def replaced(owner, name, **options):
    return lambda: mock.patch.object(owner, name, **options)


MOCKS = {
    "responses": lambda: responses.RequestsMock(assert_all_requests_are_fired=False),
    "vcrpy": lambda: vcr.use_cassette("never-written.yaml", record_mode="none"),
    "Session.send": replaced(requests.Session, "send"),
    "Session.send, autospec": replaced(requests.Session, "send", autospec=True),
    "Session.send, a spy": replaced(requests.Session, "send", wraps=requests.Session.send),
    "Session.send, a function": replaced(requests.Session, "send", new=lambda *_, **__: None),
    "Session.get_adapter": replaced(requests.Session, "get_adapter"),
    "Session.request": replaced(requests.Session, "request"),
    "Session.request, autospec": replaced(requests.Session, "request", autospec=True),
    "HTTPAdapter.send": replaced(HTTPAdapter, "send"),
    "urlopen": replaced(HTTPConnectionPool, "urlopen"),
    "connections": replaced(HTTPConnectionPool, "ConnectionCls", new=type("Fake", (), {})),
    "secure connections": replaced(HTTPSConnectionPool, "ConnectionCls"),
}


NEVER_CALLED = [
    *(f"requests.{name}" for name in ("request", "get", "post", "put", "patch", "delete")),
    "requests.api.request",
    "requests.sessions.Session",
]
OUTSIDE = "http://192.0.2.1/"
"""An address of documentation."""


@pytest.mark.parametrize("made", MOCKS.values(), ids=MOCKS)
def test_a_mock_is_refused_and_nothing_is_sent(direct, server, made):
    with made(), pytest.raises(ConfigurationError, match="ignore_mocks=True") as caught:
        send(direct, server.url)
    assert (caught.value.reason, caught.value.maybe_sent) == ("requests_mocked", False)
    assert server.connections == 0
    assert send(direct, server.url).content == b"ok"  # and afterwards it works again


@pytest.mark.parametrize("name", [*NEVER_CALLED, "requests.Session"])
def test_a_mock_of_what_no_client_calls_is_refused_but_for_a_sandbox(direct, server, name):
    with mock.patch(name):
        with pytest.raises(ConfigurationError) as caught:
            send(direct, OUTSIDE)
        assert (caught.value.reason, caught.value.values) == ("requests_mocked", {"name": name})
        assert send(direct, server.url).content == b"ok"
        with pytest.raises(ConfigurationError):  # a second time: what was allowed is not remembered as genuine
            send(direct, OUTSIDE)


def test_the_message_names_what_is_mocked_in_both_languages(direct, server):
    with responses.RequestsMock(), pytest.raises(ConfigurationError) as caught:
        send(direct, server.url)
    assert str(caught.value).startswith("requests.adapters.HTTPAdapter.send is mocked")
    assert explain(caught.value, {}).zh.startswith("requests.adapters.HTTPAdapter.send 已被 mock")


def test_a_removed_method_is_refused(direct, server, monkeypatch):
    """The documentation of pytest shows this way to forbid the network."""
    monkeypatch.delattr("requests.sessions.Session.request")
    with pytest.raises(ConfigurationError) as caught:
        send(direct, server.url)
    assert caught.value.values == {"name": "requests.sessions.Session.request"}
    assert server.connections == 0


def test_mocks_can_be_ignored(server):
    one = DirectTransport(ignore_mocks=True)
    with responses.RequestsMock():
        assert send(one, server.url).content == b"ok"
    one.close()


def traced(original):
    @functools.wraps(original)
    def call(*args, **kwargs):
        return original(*args, **kwargs)

    return call


@pytest.mark.parametrize(
    ("owner", "name"),
    [(requests.Session, "send"), (HTTPAdapter, "send"), (HTTPConnectionPool, "urlopen"), (requests.Session, "request")],
)
def test_a_wrapper_is_no_mock(direct, server, monkeypatch, owner, name):
    """Tracers call the original; an application with one may use the direct lane."""
    monkeypatch.setattr(owner, name, traced(traced(getattr(owner, name))))
    assert send(direct, server.url).content == b"ok"


def test_a_wrapper_around_a_mock_is_one(direct, server, monkeypatch):
    with responses.RequestsMock():
        monkeypatch.setattr(HTTPAdapter, "send", traced(HTTPAdapter.send))
        with pytest.raises(ConfigurationError):
            send(direct, server.url)
        monkeypatch.undo()


class TestTheDefaultLane:
    """It goes through everything but ``Session.request`` and the functions of requests."""

    @pytest.fixture
    def default(self, monkeypatch):
        monkeypatch.setattr(mock_guard._Genuine, "never_called", ())
        one = RequestsTransport(proxies={})
        yield one
        one.close()

    @pytest.mark.parametrize("made", [MOCKS["Session.request"], MOCKS["Session.request, autospec"]])
    def test_a_mock_that_it_does_not_call_is_refused(self, default, made):
        with made(), pytest.raises(ConfigurationError, match=r"Session\.send") as caught:
            send(default, "http://192.0.2.1/")  # an address of documentation
        assert (caught.value.reason, caught.value.maybe_sent) == ("session_request_mocked", False)
        assert explain(caught.value, {}).zh.startswith("requests.Session.request 已被 mock")

    @pytest.mark.parametrize("name", NEVER_CALLED)
    @pytest.mark.parametrize("options", [{}, {"autospec": True}], ids=["", "autospec"])
    def test_a_mock_of_a_function_that_no_client_calls_is_refused(self, default, server, name, options):
        """``mock.patch("requests.post")`` is the mock that people write first."""
        with mock.patch(name, **options):
            with pytest.raises(ConfigurationError, match=name) as caught:
                send(default, OUTSIDE)
            assert explain(caught.value, {}).zh.startswith(f"{name} 已被 mock")
            assert send(default, server.url).content == b"ok"

    def test_a_function_of_the_application_is_no_mock(self, default, monkeypatch):
        """Applications give requests a timeout that way, and pay with it."""
        monkeypatch.setattr(requests, "post", functools.partial(requests.post, timeout=5))
        monkeypatch.setattr(requests.Session, "request", functools.partialmethod(requests.Session.request, timeout=5))
        mock_guard.refuse_unused_mock(OUTSIDE)
        mock_guard.refuse_mocks(OUTSIDE)

    def test_a_removed_method_is_refused(self, default, server, monkeypatch):
        send(default, server.url)
        monkeypatch.delattr("requests.sessions.Session.request")
        with pytest.raises(ConfigurationError):
            send(default, "http://192.0.2.1/")

    def test_a_mock_that_it_does_call_answers(self, default, monkeypatch):
        monkeypatch.delattr("requests.sessions.Session.request")
        with responses.RequestsMock() as rules:
            rules.post("http://192.0.2.1/", body=b"mocked")
            assert send(default, "http://192.0.2.1/").content == b"mocked"

    def test_a_sandbox_is_reached_beside_a_mock_of_other_requests(self, default, server):
        with mock.patch("requests.Session.request"):
            assert send(default, server.url).content == b"ok"
        for _ in range(2):
            assert send(default, server.url).content == b"ok"
