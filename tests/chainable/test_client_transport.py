"""Clients with a transport of the user, and promises that are under way at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from chainable import ConfigurationError, RequestsTransport, Response
from chainable.reasons import explain

from .conftest import Paths


class Recorded:
    """A transport that answers by itself."""

    def __init__(self, body: bytes = b"{}") -> None:
        self.body = body
        self.sent: list[tuple[Any, dict[str, Any]]] = []
        self.is_closed = False

    def send(self, request: requests.PreparedRequest, /, **options: Any) -> Response[Any]:
        self.sent.append((request, options))
        response: Response[Any] = Response()
        response.status_code = 200
        response.headers = CaseInsensitiveDict()
        response.request = request
        response.set_content(self.body)
        return response

    def close(self) -> None:
        self.is_closed = True


class Waiting(Recorded):
    """A transport whose requests wait for each other."""

    def __init__(self, together: int) -> None:
        super().__init__()
        self.barrier = threading.Barrier(together)

    def send(self, request: requests.PreparedRequest, /, **options: Any) -> Response[Any]:
        self.barrier.wait(30)
        return super().send(request, **options)


def test_a_client_sends_through_its_transport():
    transport = Recorded(b'{"fen": 1}')
    with Paths(transport=transport, timeout=(1, 2)) as client:
        assert client.v3.payments.get().data == {"fen": 1}
    [(request, options)] = transport.sent
    assert request.url == "https://gateway.example/v3/payments"
    assert options["verify"] is None
    assert options["timeout"] == (1, 2)
    assert transport.is_closed


@pytest.mark.parametrize("verify", [False, "ca.pem"])
def test_the_verification_of_a_client_reaches_its_transport(verify):
    transport = Recorded()
    with Paths(transport=transport, verify=verify) as client:
        client.v3.payments.get()
    [(_, options)] = transport.sent
    assert options["verify"] == verify


@pytest.mark.parametrize(
    ("setting", "value"), [("http_session", requests.Session()), ("proxies", {}), ("pool_maxsize", 8)]
)
def test_settings_of_the_default_transport_are_refused_beside_another(setting, value):
    with pytest.raises(ConfigurationError, match=f"{setting}: it was given together with transport=") as caught:
        Paths(transport=Recorded(), **{setting: value})
    assert caught.value.reason == "setting_of_other_transport"
    assert (
        explain(caught.value, {}).zh == f"{setting}：不能与 transport= 同时使用：Recorded 自己管理连接，请去掉其中一个"
    )


@pytest.mark.parametrize("together", [1, 3, 40])
def test_as_many_promises_are_under_way_as_a_client_allows(together):
    transport = Waiting(together)
    with Paths(transport=transport, max_promises=together) as client:
        promises = [client.v3.payments.get_async() for _ in range(2 * together)]
        assert [promise.wait().status_code for promise in promises] == [200] * (2 * together)


def test_a_client_keeps_a_connection_for_each_promise():
    with Paths(max_promises=64) as client:
        transport = client._transport
        assert isinstance(transport, RequestsTransport)
        assert transport._maxsize == 64


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "4", True])
def test_a_wrong_number_of_promises_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="max_promises"):
        Paths(max_promises=wrong)


class TestPromisesBesideOthers:
    """Queueing a call starts a thread, and gevent lets other greenlets run meanwhile: the client's lock is free then."""

    def queue(self, monkeypatch, submit):
        client = Paths(transport=Recorded())
        monkeypatch.setattr(ThreadPoolExecutor, "submit", lambda executor, work: submit(client, executor, work))
        return client

    def test_another_greenlet_may_queue_meanwhile(self, monkeypatch):
        kept = ThreadPoolExecutor.submit
        nested = []

        def submit(client, executor, work):
            if not nested:
                nested.append(None)
                assert client._lock.acquire(blocking=False)
                client._lock.release()
                nested[0] = client.promise(lambda: "inner")
            return kept(executor, work)

        with self.queue(monkeypatch, submit) as client:
            assert client.promise(lambda: "outer").wait(30) == "outer"
            assert nested[0].wait(30) == "inner"

    def test_the_client_is_closed_meanwhile(self, monkeypatch):
        kept = ThreadPoolExecutor.submit

        def submit(client, executor, work):
            client.close()
            return kept(executor, work)

        with pytest.raises(RuntimeError, match="this Paths is closed"):
            self.queue(monkeypatch, submit).promise(lambda: None)

    def test_no_thread_can_be_started(self, monkeypatch):
        def submit(client, executor, work):
            raise RuntimeError("can't start new thread")

        with (
            self.queue(monkeypatch, submit) as client,
            pytest.raises(RuntimeError, match="can't start new thread"),
        ):
            client.promise(lambda: None)
