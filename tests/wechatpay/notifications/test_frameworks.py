"""Notifications in the real frameworks, through their own test clients."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client as DjangoClient
from django.test import RequestFactory, override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

import wechatpay
from chainable.deduplication import MemoryStore
from wechatpay import Merchants, WeChatPay
from wechatpay.notifications import django, flask, starlette

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wechatpay.platform_side import Platform
    from wechatpay.notifications import Notification

if not settings.configured:
    settings.configure()

Post = Any
PAID = {"out_trade_no": "1", "mchid": "1900000109"}
urlpatterns: list[Any] = []


def in_flask(source: Any, handle: Callable[..., Any]) -> Post:
    app = Flask("shop")
    app.post("/notify/<shop>")(flask.handler(source, MemoryStore())(handle))

    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        with app.test_client() as client:
            answer = client.post("/notify/north", data=body, headers=headers)
        return answer.status_code, answer.data

    return post


def in_django(source: Any, handle: Callable[..., Any]) -> Post:
    view = django.handler(source, MemoryStore())(handle)

    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        urlpatterns[:] = [path("notify/<shop>", view)]
        with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
            client = DjangoClient(enforce_csrf_checks=True, raise_request_exception=False)
            answer = client.post("/notify/north", body, content_type="application/json", headers=headers)
        return answer.status_code, answer.content

    return post


def in_starlette(source: Any, handle: Callable[..., Any]) -> Post:
    endpoint = starlette.handler(source, MemoryStore())(handle)
    return through_asgi(Starlette(routes=[Route("/notify/{shop}", endpoint, methods=["POST"])]))


def in_fastapi(source: Any, handle: Callable[..., Any]) -> Post:
    app = FastAPI()
    app.post("/notify/{shop}")(starlette.handler(source, MemoryStore())(handle))
    return through_asgi(app)


def through_asgi(app: Any) -> Post:
    client = TestClient(app, raise_server_exceptions=False)

    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        answer = client.post("/notify/north", content=body, headers=headers)
        return answer.status_code, answer.content

    return post


@pytest.mark.parametrize("inside", [in_flask, in_django, in_starlette, in_fastapi])
class TestFrameworks:
    def test_each_once(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        """Accepted three times, handled once, with the variables of the route."""
        handled: list[Any] = []

        def notified(notification: Notification, shop: str) -> None:
            handled.append((notification.resource, shop))

        post = inside(client, notified)
        body = platform.body(PAID)

        assert [post(body, platform.headers(body)) for _ in range(3)] == [(204, b"")] * 3
        assert handled == [(PAID, "north")]

    def test_async_functions(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        handled: list[Any] = []

        async def notified(notification: Notification, shop: str) -> None:
            handled.append((notification.id, shop))

        body = platform.body(PAID)

        assert inside(client, notified)(body, platform.headers(body)) == (204, b"")
        assert handled == [("EV-2018022511223320873", "north")]

    def test_forgeries(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        post = inside(client, lambda *_, **__: pytest.fail("handed over"))
        body = platform.body(PAID)

        for changes in ({"signature": "AAAA"}, {"signature": "WECHATPAY/SIGNTEST/AAAA"}, {"timestamp": "1"}):
            status, content = post(body, platform.headers(body, **changes))
            assert status == 401
            assert b'"FAIL"' in content

    def test_v2(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        post = inside(client, lambda *_, **__: None)

        status, content = post(platform.xml({"transaction_id": "1"}), {})

        assert status == 200
        assert content == wechatpay.accept.v2().body

    def test_a_failing_function(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        """The framework answers 500, and the notification is handled when it comes again."""
        failures = [ConnectionError("no database")]

        def notified(_: Notification, shop: str) -> None:
            if failures:
                raise failures.pop()

        post = inside(client, notified)
        body = platform.body(PAID)

        assert post(body, platform.headers(body))[0] == 500
        assert post(body, platform.headers(body))[0] == 204

    def test_rejecting(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        body = platform.body(PAID)

        status, content = inside(client, lambda *_, **__: wechatpay.reject("later"))(body, platform.headers(body))

        assert (status, content) == (500, wechatpay.reject("later").body)

    def test_several_merchants(self, inside: Any, client: WeChatPay, platform: Platform) -> None:
        handled: list[Any] = []

        def notified(whose: WeChatPay, notification: Notification, shop: str) -> None:
            handled.append((whose, notification.resource, shop))

        body = platform.body(PAID)

        assert inside(Merchants([client]), notified)(body, platform.headers(body))[0] == 204
        assert handled == [(client, PAID, "north")]


async def loops_thread() -> int:
    return threading.get_ident()


class TestFlask:
    def test_views_keep_their_names(self, client: WeChatPay) -> None:
        """Two handlers in one application are two endpoints."""
        app = Flask("shop")
        decorate = flask.handler(client, MemoryStore())

        def one(_: Notification) -> None: ...
        def two(_: Notification) -> None: ...

        app.post("/one")(decorate(one))
        app.post("/two")(decorate(two))

        assert {"one", "two"} <= set(app.view_functions)


class TestDjango:
    def test_posts_only(self, client: WeChatPay) -> None:
        view = django.handler(client, MemoryStore())(pytest.fail)

        assert view(RequestFactory().get("/")).status_code == 405


class TestStarlette:
    def test_the_event_loop_never_waits(self, client: WeChatPay, platform: Platform) -> None:
        """A plain function runs in a worker thread, an async one in the loop's."""
        threads: list[Any] = []

        def plain(_: Notification) -> None:
            threads.append(threading.get_ident())

        async def own(_: Notification) -> None:
            threads.append(threading.get_ident())

        body = platform.body(PAID)
        app = FastAPI()
        for handle in (plain, own):
            app.post(f"/{handle.__name__}")(starlette.handler(client, MemoryStore())(handle))
        app.get("/loop")(loops_thread)
        with TestClient(app) as asgi:
            for handle in (plain, own):
                asgi.post(f"/{handle.__name__}", content=body, headers=platform.headers(body))
            loop = asgi.get("/loop").json()

        assert threads[0] != loop
        assert threads[1] == loop

    def test_fastapi_documents_the_endpoint(self, client: WeChatPay) -> None:
        """The function's own parameters are not taken for those of the request."""
        app = FastAPI()

        @app.post("/notify")
        @starlette.handler(client, MemoryStore())
        def notified(notification: Notification) -> None:
            """Take notifications."""

        operation = app.openapi()["paths"]["/notify"]["post"]

        assert operation["summary"] == "Notified"
        assert operation["description"] == "Take notifications."
        assert "parameters" not in operation
        assert "requestBody" not in operation
