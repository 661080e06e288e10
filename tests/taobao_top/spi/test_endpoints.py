"""All adapters handle calls alike; and what a signature does not guarantee."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.test.utils import override_settings
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask
from starlette.testclient import TestClient

from chainable.deduplication import MemoryStore
from chainable.errors import ConfigurationError, SignatureError
from taobao_top.spi import django as in_django
from taobao_top.spi import fastapi as in_fastapi
from taobao_top.spi import flask as in_flask
from tests.taobao_top.spi.conftest import platform_call

if not settings.configured:
    settings.configure()


def flask_endpoint(top: Any, function: Any, **options: Any) -> Any:
    app = Flask("shop")
    app.post("/spi")(in_flask.endpoint(top, function, **options))

    def send(call: Any) -> tuple[int, bytes]:
        answer = app.test_client().post(call.target, headers=call.headers, data=call.body)
        return answer.status_code, answer.data

    return send


def fastapi_endpoint(top: Any, function: Any, **options: Any) -> Any:
    app = FastAPI()
    app.post("/spi")(in_fastapi.endpoint(top, function, **options))

    def send(call: Any) -> tuple[int, bytes]:
        client = TestClient(app, raise_server_exceptions=False)
        answer = client.post(call.target, headers=call.headers, content=call.body)
        return answer.status_code, answer.content

    return send


def django_endpoint(top: Any, function: Any, **options: Any) -> Any:
    view = in_django.endpoint(top, function, **options)

    def send(call: Any) -> tuple[int, bytes]:
        with override_settings(ALLOWED_HOSTS=["*"]):
            request = RequestFactory().post(call.target, data=call.body, content_type="application/json")
            try:
                answer = view(request)
            except TypeError:
                return 500, b""
        return answer.status_code, answer.content

    return send


WAYS = [flask_endpoint, fastapi_endpoint, django_endpoint]


def a_call(**changes: Any) -> Any:
    return platform_call(body=b'{"a":1}', content_type="application/json", **changes)


@pytest.mark.parametrize("way", WAYS)
class TestEveryWay:
    def test_a_forged_call_never_reaches_the_function(self, way, top):
        status, content = way(top, pytest.fail)(a_call(secret="another"))

        assert json.loads(content)["flag"] == "failure"
        assert status == 200

    @pytest.mark.parametrize("wrong", ["ok", False, True, 0, [], ({}, 500), b""], ids=repr)
    def test_a_result_that_is_not_a_reply_raises(self, way, wrong, top):
        assert way(top, lambda call: wrong)(a_call())[0] == 500

    def test_a_mapping_and_None_are_replies(self, way, top):
        results: list[Any] = [{"stock": 5}, None]
        send = way(top, lambda call: results.pop(0))

        assert json.loads(send(a_call())[1]) == {"flag": "success", "stock": 5}
        assert json.loads(send(a_call())[1]) == {"flag": "success"}

    def test_with_a_store_a_repeated_call_is_refused(self, way, top):
        seen: list[Any] = []

        def called(call: Any) -> None:
            seen.append(call)

        send = way(top, called, store=MemoryStore())
        flags = [json.loads(send(call)[1])["flag"] for call in (a_call(), a_call(), a_call(query={"z": "1"}))]

        assert flags == ["success", "failure", "success"]
        assert len(seen) == 2

    def test_without_a_store_a_repeated_call_is_handled_again(self, way, top):
        send = way(top, lambda call: None)

        assert [json.loads(send(a_call())[1])["flag"] for _ in range(2)] == ["success"] * 2

    def test_a_call_whose_function_failed_is_handled_again(self, way, top):
        results: list[Any] = ["wrong", None]
        send = way(top, lambda call: results.pop(0), store=MemoryStore())

        assert send(a_call())[0] == 500
        assert json.loads(send(a_call())[1])["flag"] == "success"


@pytest.mark.parametrize("way", WAYS)
def test_a_call_answered_with_a_failure_is_handled_again(way, top):
    from taobao_top.spi.responses import accept, reject

    results: list[Any] = [reject("no stock yet", code="stock"), accept({"stock": 5})]
    send = way(top, lambda call: results.pop(0), store=MemoryStore())

    assert [json.loads(send(a_call())[1])["flag"] for _ in range(3)] == ["failure", "success", "failure"]
    assert results == []


def test_InProgress_raised_by_the_function_passes_through(top):
    from chainable.errors import InProgress

    def called(call: Any) -> None:
        raise InProgress("an inner message")

    assert fastapi_endpoint(top, called, store=MemoryStore())(a_call())[0] == 500


def test_a_call_routed_by_target_app_key_is_accepted_by_its_target(top):
    call = a_call(query={"app_key": "87654321", "target_app_key": "12345678"})

    assert top.spi.verify(call.headers, call.url, call.body).method == "taobao.sandbox.stock.query"


def test_a_call_that_is_being_handled_is_refused(top):
    store = MemoryStore()
    send: Any = None
    inner: list[Any] = []

    def called(call: Any) -> None:
        inner.append(send(a_call()))

    send = flask_endpoint(top, called, store=store)
    outer = send(a_call())

    assert json.loads(inner[0][1])["flag"] == "failure"
    assert json.loads(outer[1])["flag"] == "success"


def test_a_response_of_the_framework_is_passed_on(top):
    assert fastapi_endpoint(top, lambda call: JSONResponse({"own": 1}, 202))(a_call()) == (202, b'{"own":1}')


def test_decorators_in_the_wrong_order_are_refused(top):
    app = FastAPI()
    with pytest.raises(ConfigurationError, match="called is a route already"):

        @in_fastapi.handler(top)
        @app.post("/spi")
        def called(call: dict[str, Any]):
            """Never reached."""


@pytest.mark.parametrize("module", [in_flask, in_fastapi, in_django])
def test_wrong_arguments_are_refused_at_once(module, top):
    with pytest.raises(TypeError, match="first argument is the client"):
        module.endpoint(MemoryStore(), print)
    with pytest.raises(TypeError, match="store: a store"):
        module.endpoint(top, print, store="redis://")


@pytest.mark.parametrize(
    "query",
    [{"method": None}, {"app_key": None}, {"app_key": "87654321"}, {"method": ""}],
    ids=["no method", "no app_key", "another app's", "an empty method"],
)
def test_a_call_without_method_or_own_app_key_is_refused(query, top):
    call = a_call(query=query)

    with pytest.raises(SignatureError, match="has no method, or not the app_key"):
        top.spi.verify(call.headers, call.url, call.body)


def test_the_same_call_has_the_same_sign(top):
    first, second, other = a_call(), a_call(), a_call(query={"z": "1"})
    signs = [top.spi.verify(call.headers, call.url, call.body).sign for call in (first, second, other)]

    assert signs[0] == signs[1] != signs[2]


class Unrecorded(MemoryStore):
    """Fails to record that a call was carried out."""

    def __init__(self, *, handled: bool) -> None:
        super().__init__()
        self.handled = handled

    def finish(self, claim, /):
        from chainable.errors import ClaimError

        raise ClaimError("the store is gone", handled=self.handled)


@pytest.mark.parametrize(("handled", "status"), [(True, 200), (False, 500)])
def test_a_handled_call_is_answered_even_if_the_store_fails_to_record_it(handled, status, top, caplog):
    answer = fastapi_endpoint(top, lambda call: {"stock": 5}, store=Unrecorded(handled=handled))(a_call())

    assert answer[0] == status
    assert ("was carried out, and is answered" in caplog.text) is handled
