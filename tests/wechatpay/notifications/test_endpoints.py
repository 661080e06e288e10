"""Every way of attaching a handler: none lets a forged message through, and no result is swallowed."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import django.http
import flask as flask_itself
import pytest
from django.conf import settings
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import path
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse
from flask import Blueprint, Flask
from starlette.testclient import TestClient

import wechatpay
from chainable.deduplication import MemoryStore
from chainable.errors import ConfigurationError
from chainable.web import Reply
from wechatpay.notifications import django as in_django
from wechatpay.notifications import fastapi as in_fastapi
from wechatpay.notifications import flask as in_flask

if TYPE_CHECKING:
    from tests.wechatpay.platform_side import Platform
    from wechatpay import WeChatPay

if not settings.configured:
    settings.configure()

PAID = {"out_trade_no": "1", "mchid": "1900000109"}
urlpatterns: list[Any] = []


def post_to_flask(app: Flask) -> Any:
    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        app.testing = False
        answer = app.test_client().post("/notify", data=body, headers=headers)
        return answer.status_code, answer.data

    return post


def post_to_fastapi(app: FastAPI) -> Any:
    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        with TestClient(app, raise_server_exceptions=False) as client:
            answer = client.post("/notify", content=body, headers=headers)
        return answer.status_code, answer.content

    return post


def post_to_django(view: Any) -> Any:
    def post(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        urlpatterns[:] = [path("notify", view)]
        with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
            client = DjangoClient(raise_request_exception=False)
            answer = client.post("/notify", body, content_type="application/json", headers=headers)
        return answer.status_code, b"".join(answer) if answer.streaming else answer.content

    return post


def flask_endpoint(client: Any, store: Any, function: Any) -> Any:
    app = Flask("shop")
    app.post("/notify")(in_flask.endpoint(client, store, function))
    return post_to_flask(app)


def flask_decorated(client: Any, store: Any, function: Any) -> Any:
    app = Flask("shop")
    app.post("/notify")(in_flask.handler(client, store)(function))
    return post_to_flask(app)


def flask_blueprint(client: Any, store: Any, function: Any) -> Any:
    app, blueprint = Flask("shop"), Blueprint("pay", "shop")
    blueprint.post("/notify")(in_flask.endpoint(client, store, function))
    app.register_blueprint(blueprint)
    return post_to_flask(app)


def fastapi_endpoint(client: Any, store: Any, function: Any) -> Any:
    app = FastAPI()
    app.post("/notify")(in_fastapi.endpoint(client, store, function))
    return post_to_fastapi(app)


def fastapi_router(client: Any, store: Any, function: Any) -> Any:
    app, router = FastAPI(), APIRouter()
    router.post("/notify")(in_fastapi.handler(client, store)(function))
    app.include_router(router)
    return post_to_fastapi(app)


def django_endpoint(client: Any, store: Any, function: Any) -> Any:
    return post_to_django(in_django.endpoint(client, store, function))


def django_decorated(client: Any, store: Any, function: Any) -> Any:
    return post_to_django(in_django.handler(client, store)(function))


WAYS = [
    flask_endpoint,
    flask_decorated,
    flask_blueprint,
    fastapi_endpoint,
    fastapi_router,
    django_endpoint,
    django_decorated,
]


def plain(results: list[Any], seen: list[Any]) -> Any:
    def paid(notification):
        seen.append(notification)
        return results.pop(0)

    return paid


def asynchronous(results: list[Any], seen: list[Any]) -> Any:
    async def paid(notification):
        seen.append(notification)
        return results.pop(0)

    return paid


@pytest.mark.parametrize("write", [plain, asynchronous])
@pytest.mark.parametrize("way", WAYS)
class TestEveryWay:
    def test_a_forged_message_never_reaches_the_function(self, way, write, client: WeChatPay, platform: Platform):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), write([None] * 9, seen))

        statuses = [
            post(body, platform.headers(body, signature="AAAA"))[0],
            post(body, {})[0],
            post(b'{"notification": {"out_trade_no": "1"}}', {})[0],
        ]

        assert statuses == [401, 401, 401]
        assert seen == []

    def test_a_genuine_one_is_handled_once(self, way, write, client: WeChatPay, platform: Platform):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), write([None], seen))

        assert [post(body, platform.headers(body))[0] for _ in range(3)] == [204] * 3
        assert [one.resource for one in seen] == [PAID]

    def test_a_result_that_says_nothing_certain_makes_it_come_again(
        self, way, write, client: WeChatPay, platform: Platform
    ):
        wrong = [
            ({"code": "FAIL"}, 500),
            {"code": "FAIL"},
            "FAIL",
            "success",
            "",
            False,
            True,
            0,
            500,
            b"",
            [],
            ({}, 200),
        ]
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), write([*wrong, None], seen))

        assert [(one, post(body, platform.headers(body))[0]) for one in wrong] == [(one, 500) for one in wrong]
        assert post(body, platform.headers(body))[0] == 204
        assert len(seen) == len(wrong) + 1

    def test_a_rejection_makes_it_come_again(self, way, write, client: WeChatPay, platform: Platform):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), write([wechatpay.reject("busy", status=503), None], seen))

        status, content = post(body, platform.headers(body))
        assert (status, json.loads(content)["message"]) == (503, "busy")
        assert post(body, platform.headers(body))[0] == 204
        assert len(seen) == 2


def flask_response(body: str, status: int) -> Any:
    return flask_itself.Response(body, status, content_type="application/json")


def fastapi_response(body: str, status: int) -> Any:
    return JSONResponse(json.loads(body), status)


def django_response(body: str, status: int) -> Any:
    return django.http.HttpResponse(body, status=status, content_type="application/json")


RESPONSES = [(flask_endpoint, flask_response), (fastapi_endpoint, fastapi_response), (django_endpoint, django_response)]


@pytest.mark.parametrize(("way", "respond"), RESPONSES)
class TestResponsesOfTheFramework:
    def test_a_success_is_passed_on_and_done(self, way, respond, client: WeChatPay, platform: Platform):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), plain([respond('{"code":"SUCCESS"}', 200)], seen))

        status, content = post(body, platform.headers(body))
        assert (status, json.loads(content)) == (200, {"code": "SUCCESS"})
        assert post(body, platform.headers(body)) == (204, b"")
        assert len(seen) == 1

    @pytest.mark.parametrize("status", [400, 500, 302, 201])
    def test_what_the_platform_takes_for_a_failure_is_passed_on_and_comes_again(
        self, way, respond, status, client: WeChatPay, platform: Platform
    ):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), plain([respond('{"code":"FAIL"}', status), None], seen))

        assert post(body, platform.headers(body))[0] == status
        assert post(body, platform.headers(body))[0] == 204
        assert len(seen) == 2

    def test_a_failure_with_the_status_of_a_success_is_refused(
        self, way, respond, client: WeChatPay, platform: Platform
    ):
        seen: list[Any] = []
        body = platform.body(PAID)
        post = way(client, MemoryStore(), plain([respond('{"code":"FAIL"}', 200), None], seen))

        assert post(body, platform.headers(body))[0] == 500
        assert post(body, platform.headers(body))[0] == 204
        assert len(seen) == 2

    def test_of_apiv2_the_body_decides(self, way, respond, client: WeChatPay, platform: Platform):
        seen: list[Any] = []
        body = platform.xml({"transaction_id": "1", "nonce_str": "n"})
        results = [
            respond('{"return_code":"FAIL"}', 200),
            respond('{"return_code":"SUCCESS"}', 500),
            respond('{"return_code":"SUCCESS"}', 200),
        ]
        post = way(client, MemoryStore(), plain(results, seen))

        assert [post(body, {})[0] for _ in range(4)] == [200, 500, 200, 200]
        assert len(seen) == 3


@pytest.mark.parametrize(
    ("way", "streamed"),
    [
        (flask_endpoint, lambda: flask_itself.Response(iter(["a", "b"]))),
        (fastapi_endpoint, lambda: StreamingResponse(iter(["a", "b"]))),
        (django_endpoint, lambda: django.http.StreamingHttpResponse(iter(["a", "b"]))),
    ],
)
def test_a_streamed_response_is_passed_on(way, streamed, client: WeChatPay, platform: Platform):
    body = platform.body(PAID)

    assert way(client, MemoryStore(), plain([streamed()], []))(body, platform.headers(body)) == (200, b"ab")


def test_a_coroutine_that_nothing_awaits_is_refused(client: WeChatPay, platform: Platform):
    async def paid(notification):
        raise AssertionError

    body = platform.body(PAID)
    for way in WAYS:
        post = way(
            client, MemoryStore(), functools.partial(lambda one: paid(one)) if way in WAYS[3:5] else hidden(paid)
        )
        assert post(body, platform.headers(body))[0] == 500


def hidden(function: Any) -> Any:
    """Return a plain function that returns a coroutine."""

    def paid(notification):
        return function(notification)

    return paid


class TestWrongOrder:
    """The route's decorator below ours has the unchecked function: refused when the module is loaded."""

    def test_flask(self, client: WeChatPay):
        app = Flask("shop")
        with pytest.raises(ConfigurationError, match=r"paid is a route already.*endpoint"):

            @in_flask.handler(client, MemoryStore())
            @app.post("/notify")
            def paid(notification=None):
                """Never reached."""

    def test_a_blueprint(self, client: WeChatPay):
        blueprint = Blueprint("pay", "shop")
        with pytest.raises(ConfigurationError, match="paid is a route already"):

            @in_flask.handler(client, MemoryStore())
            @blueprint.post("/notify")
            def paid(notification=None):
                """Never reached."""

    @pytest.mark.parametrize("make", [FastAPI, APIRouter])
    def test_fastapi(self, make, client: WeChatPay):
        app = make()
        with pytest.raises(ConfigurationError, match="paid is a route already"):

            @in_fastapi.handler(client, MemoryStore())
            @app.post("/notify")
            async def paid(notification: dict[str, Any]):
                """Never reached."""

    def test_with_a_decorator_between(self, client: WeChatPay):
        app = FastAPI()

        def timed(function):
            @functools.wraps(function)
            def called(*given):
                return function(*given)

            return called

        with pytest.raises(ConfigurationError, match="paid is a route already"):

            @in_fastapi.handler(client, MemoryStore())
            @timed
            @app.post("/notify")
            def paid(notification: dict[str, Any]):
                """Never reached."""

    def test_a_function_that_is_a_route_cannot_become_an_endpoint_too(self, client: WeChatPay):
        app = Flask("shop")

        @app.post("/unchecked")
        def paid(notification=None):
            """Never reached."""

        with pytest.raises(ConfigurationError, match="paid is a route already"):
            in_flask.endpoint(client, MemoryStore(), paid)


def timed(function: Any) -> Any:
    @functools.wraps(function)
    def called(*given):
        return function(*given)

    return called


class Shop:
    def paid(self, notification=None):
        """Never reached."""


class TestRoutesOnTheSameFunction:
    """However it was wrapped when it became a route."""

    @pytest.mark.parametrize(
        ("registered", "given"),
        [
            (timed, lambda function: function),
            (lambda function: functools.update_wrapper(functools.partial(function), function), timed),
            (timed, timed),
        ],
    )
    @pytest.mark.parametrize(("make", "module"), [(FastAPI, in_fastapi), (lambda: Flask("shop"), in_flask)])
    def test_wrappers_and_partials(self, registered, given, make, module, client: WeChatPay):
        def paid(notification=None):
            """Never reached."""

        app = make()
        app.post("/unchecked")(registered(paid))
        with pytest.raises(ConfigurationError, match="paid is a route already"):
            module.endpoint(client, MemoryStore(), given(paid))

    @pytest.mark.parametrize(("make", "module"), [(FastAPI, in_fastapi), (lambda: Flask("shop"), in_flask)])
    def test_methods(self, make, module, client: WeChatPay):
        app = make()
        app.post("/unchecked")(Shop().paid)
        with pytest.raises(ConfigurationError, match="paid is a route already"):
            module.endpoint(client, MemoryStore(), Shop().paid)

    @pytest.mark.parametrize(("make", "module"), [(FastAPI, in_fastapi), (lambda: Flask("shop"), in_flask)])
    def test_a_function_may_serve_two_endpoints(self, make, module, client: WeChatPay):
        def paid(notification):
            """Never reached."""

        app = make()
        app.post("/north")(module.endpoint(client, MemoryStore(), paid))
        second = module.endpoint(client, MemoryStore(), paid)

        assert callable(second)

    def test_a_function_that_wraps_itself_ends(self, client: WeChatPay):
        def paid(notification):
            """Never reached."""

        paid.__wrapped__ = paid
        from chainable.web import undecorated

        assert undecorated(paid) == [paid]

    def test_an_empty_cell_is_not_a_view(self, client: WeChatPay):
        def outer():
            def deferred(state):
                return late

            blueprint = Blueprint("pay", "shop")
            blueprint.deferred_functions.append(deferred)
            view = in_flask.endpoint(client, MemoryStore(), lambda notification: None)
            late = 1
            return view, blueprint, late

        assert outer()[2] == 1


@pytest.mark.parametrize("module", [in_flask, in_fastapi, in_django])
class TestArguments:
    def test_a_client_of_the_other_platform_is_neither(self, module, client: WeChatPay):
        """Its chain has every attribute."""
        from taobao_top import TaobaoTop

        top = TaobaoTop(app_key="12345678", app_secret="s3cret")
        with pytest.raises(TypeError, match="first argument is the client"):
            module.handler(top, MemoryStore())
        with pytest.raises(TypeError, match="second argument is a store"):
            module.handler(client, top)

    def test_swapped_ones_are_refused_at_once(self, module, client: WeChatPay):
        with pytest.raises(TypeError, match="first argument is the client"):
            module.handler(MemoryStore(), client)
        with pytest.raises(TypeError, match="first argument is the client"):
            module.endpoint(MemoryStore(), client, print)

    def test_swapped_ones_are_called_so(self, module, client: WeChatPay):
        with pytest.raises(TypeError, match=r"not a MemoryStore: they are swapped$"):
            module.handler(MemoryStore(), client)
        with pytest.raises(TypeError, match=r"not a MemoryStore$"):
            module.handler(MemoryStore(), MemoryStore())

    @pytest.mark.parametrize("wrong", [MemoryStore, print, None, {}])
    def test_what_is_not_a_store_is_refused_at_once(self, module, client: WeChatPay, wrong: Any):
        with pytest.raises(TypeError, match="second argument is a store"):
            module.handler(client, wrong)

    def test_what_is_not_a_function_is_refused_at_once(self, module, client: WeChatPay):
        with pytest.raises(TypeError, match="the function that handles a notification was expected, not a dict"):
            module.handler(client, MemoryStore())({})
        with pytest.raises(TypeError, match="the function that handles a notification was expected, not a MemoryStore"):
            module.endpoint(client, MemoryStore(), MemoryStore())

    def test_a_store_is_needed(self, module, client: WeChatPay):
        with pytest.raises(TypeError, match="second argument is a store"):
            module.handler(client, "redis://127.0.0.1/0")


def test_a_reply_of_another_status_is_not_an_acceptance(client: WeChatPay, platform: Platform):
    seen: list[Any] = []
    body = platform.body(PAID)
    post = flask_endpoint(client, MemoryStore(), plain([Reply(301), None], seen))

    assert post(body, platform.headers(body))[0] == 301
    assert post(body, platform.headers(body))[0] == 204


class TestErrorHandlersOfTheApplication:
    """Many applications answer every exception with 200 and a code inside: the platform would never come again."""

    def test_flask(self, client: WeChatPay, platform: Platform):
        app = Flask("shop")
        results: list[Any] = []

        @app.errorhandler(Exception)
        def kind(error):
            return {"code": 1}, results[0]

        def paid(notification):
            raise KeyError("no order")

        app.post("/notify")(in_flask.endpoint(client, MemoryStore(), paid))
        body = platform.body(PAID)
        statuses = []
        for status in (200, 302, 503):
            results[:] = [status]
            statuses.append(post_to_flask(app)(body, platform.headers(body))[0])

        assert statuses == [500, 500, 503]

    @pytest.mark.parametrize("error", [KeyError("no order"), HTTPException(200), HTTPException(503)], ids=repr)
    @pytest.mark.parametrize("handled", [Exception, 500, KeyError, None])
    def test_fastapi(self, error, handled, client: WeChatPay, platform: Platform):
        app = FastAPI()
        if handled is not None:
            app.add_exception_handler(handled, lambda request, error: JSONResponse({"code": 1}, 200))

        def paid(notification):
            raise error

        app.post("/notify")(in_fastapi.endpoint(client, MemoryStore(), paid))
        body = platform.body(PAID)

        expected = 503 if getattr(error, "status_code", 0) == 503 else 500
        assert post_to_fastapi(app)(body, platform.headers(body))[0] == expected
