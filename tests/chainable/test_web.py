"""Requests and replies through the real frameworks: the bytes that were sent, and the bytes that go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory, override_settings
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from chainable.errors import ConfigurationError
from chainable.web import Inbound, Reply, django, flask, header, read_headers, starlette

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

if not settings.configured:
    settings.configure()

# Not what a form parser would write again: order, spaces, an escape and a byte that is no UTF-8.
BODY = b"b=2&a=%2f&c=+\xff"
FORM = "application/x-www-form-urlencoded"
QUERY = "z=1&a=%e4%bd%A0&&flag&plus=a+b%2Bc"
REPLY = Reply(418, {"Content-Type": "text/xml; charset=utf-8", "X-Own": "1"}, b"<xml>\xe4\xbd\xa0</xml>")


class TestValues:
    def test_show_nothing_of_their_content(self) -> None:
        inbound = Inbound("POST", "https://shop.example/notify", {"Cookie": "secret"}, b"secret")

        assert repr(inbound) == "Inbound(method='POST', url='https://shop.example/notify')"

    def test_a_reply_may_be_bare(self) -> None:
        assert (Reply(204).headers, Reply(204).body) == ({}, b"")


class TestHeader:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Wechatpay-Serial": "1"},
            {"wechatpay-serial": "1"},
            {"HTTP_WECHATPAY_SERIAL": "1"},
            {"Http_Wechatpay_Serial": "1"},
            {7: "x", "WECHATPAY_SERIAL": "1"},
            {"Wechatpay-Serial": b"1"},
            {b"wechatpay-serial": b"1"},
        ],
    )
    def test_any_spelling(self, headers: Any) -> None:
        assert header(headers, "Wechatpay-Serial") == "1"

    @pytest.mark.parametrize(
        "headers", [{}, {"Wechatpay-Nonce": "1"}, {"Wechatpay-Serial": 1}, {"Wechatpay-Serial": [b"1", b"2"]}]
    )
    def test_none(self, headers: Any) -> None:
        assert header(headers, "Wechatpay-Serial") is None


def through_flask(
    body: bytes, query: str, content_type: str, seen: Callable[[Inbound], Reply]
) -> tuple[int, Any, bytes]:
    app = Flask("shop")

    @app.post("/spi/<name>")
    def view(name: str) -> Any:
        return flask.response(seen(flask.inbound(flask_request)))

    with app.test_client() as client:
        answer = client.post(f"/spi/caf\u00e9?{query}", data=body, content_type=content_type, headers={"X-Test": "1"})
    return answer.status_code, answer.headers, answer.data


def through_django(
    body: bytes, query: str, content_type: str, seen: Callable[[Inbound], Reply]
) -> tuple[int, Any, bytes]:
    request = RequestFactory().generic(
        "POST", f"/spi/caf\u00e9?{query}", body, content_type=content_type, headers={"X-Test": "1"}
    )
    with override_settings(ALLOWED_HOSTS=["*"]):
        answer = django.response(seen(django.inbound(request)))
    return answer.status_code, answer.headers, answer.content


def through_starlette(
    body: bytes, query: str, content_type: str, seen: Callable[[Inbound], Reply]
) -> tuple[int, Any, bytes]:
    async def endpoint(request: Request) -> Response:
        return starlette.response(seen(await starlette.inbound(request)))

    client = TestClient(Starlette(routes=[Route("/spi/{name}", endpoint, methods=["POST"])]))
    answer = client.post(f"/spi/caf\u00e9?{query}", content=body, headers={"X-Test": "1", "Content-Type": content_type})
    return answer.status_code, answer.headers, answer.content


FRAMEWORKS = [through_flask, through_django, through_starlette]


@pytest.mark.parametrize("through", FRAMEWORKS)
class TestFrameworks:
    @pytest.mark.parametrize("content_type", [FORM, "application/json", "text/xml; charset=gbk"])
    def test_the_request_as_it_was_sent(self, through: Any, content_type: str) -> None:
        """Forms too stay the bytes they were, and so does the query."""
        caught: list[Inbound] = []

        def seen(inbound: Inbound) -> Reply:
            caught.append(inbound)
            return Reply(204)

        through(BODY, QUERY, content_type, seen)

        (inbound,) = caught
        assert inbound.method == "POST"
        assert inbound.body == BODY
        assert inbound.url.partition("?")[2] == QUERY
        assert inbound.url.partition("?")[0].endswith("/spi/caf%C3%A9")
        assert inbound.url.startswith(("http://localhost/", "http://testserver/"))
        assert header(inbound.headers, "X-Test") == "1"
        assert header(inbound.headers, "Content-Type") == content_type

    def test_without_a_query(self, through: Any) -> None:
        caught: list[Inbound] = []

        through(b"", "", FORM, lambda inbound: caught.append(inbound) or Reply(204))

        assert caught[0].body == b""
        assert caught[0].url.rstrip("?").endswith("/spi/caf%C3%A9")

    def test_the_reply_as_it_stands(self, through: Any) -> None:
        status, headers, body = through(b"", "", FORM, lambda _: REPLY)

        assert status == 418
        assert headers["Content-Type"] == "text/xml; charset=utf-8"
        assert headers["X-Own"] == "1"
        assert body == REPLY.body

    def test_a_reply_without_content(self, through: Any) -> None:
        status, headers, body = through(b"", "", FORM, lambda _: Reply(204))

        assert status == 204
        assert "Content-Type" not in headers
        assert body == b""


class TestReadBefore:
    """A body that was read before is gone: the error names likely readers."""

    def test_flask(self) -> None:
        with Flask("shop").test_request_context("/", method="POST", data={"a": "1"}):
            assert flask_request.form["a"] == "1"
            with pytest.raises(ConfigurationError, match=r"request\.form"):
                flask.inbound(flask_request)

    def test_django(self) -> None:
        request = RequestFactory().post("/", {"a": "1"})
        request.read(1)

        with pytest.raises(ConfigurationError, match=r"request\.read\(\)"):
            django.inbound(request)

    def test_starlette(self) -> None:
        async def endpoint(request: Request) -> Response:
            await request.form()
            with pytest.raises(ConfigurationError, match=r"request\.form\(\)"):
                await starlette.inbound(request)
            return Response("refused")

        client = TestClient(Starlette(routes=[Route("/", endpoint, methods=["POST"])]))

        assert client.post("/", data={"a": "1"}).text == "refused"

    def test_reading_twice_is_fine(self) -> None:
        """A body that the framework caches stays readable for the application."""
        with Flask("shop").test_request_context("/", method="POST", json={"a": 1}):
            assert flask.inbound(flask_request).body == flask.inbound(flask_request).body
            assert flask_request.get_json() == {"a": 1}


def test_a_host_that_django_does_not_serve() -> None:
    with override_settings(ALLOWED_HOSTS=["shop.example"]), pytest.raises(DisallowedHost):
        django.inbound(RequestFactory().post("/"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["v"], "v"),
        ([b"v"], "v"),
        ([], None),
        (["v", "w"], None),
        ([["v"]], None),
        (("v",), "v"),
        (["v", "v"], "v"),
        ([{"key": "X-Serial", "value": "v"}], "v"),
        ([{}], None),
        (" v\r\n", "v"),
        (b"\tv", "v"),
        (bytearray(b"v"), "v"),
        (memoryview(b"v"), "v"),
    ],
)
def test_the_forms_of_a_value(value: Any, text: str | None) -> None:
    assert header({"X-Serial": value}, "X-Serial") == text


@pytest.mark.parametrize(
    "event",
    [
        {"httpMethod": "POST", "headers": {"x-serial": "1"}, "multiValueHeaders": {"x-serial": ["1"]}},
        {"headers": None, "multiValueHeaders": {"X-Serial": ["1"]}},
        {"headers": [["X-Serial", "1"]]},
        {"headers": [{"name": "X-Serial", "value": "1"}]},
        {"headers": {"x-serial": [{"key": "X-Serial", "value": "1"}]}},
        {"type": "http", "headers": [(b"x-serial", b"1")]},
        [(" X-Serial ", " 1 ")],
    ],
)
def test_the_headers_of_an_event(event: Any) -> None:
    assert header(read_headers(event), "X-Serial") == "1"


@pytest.mark.parametrize("given", [{"headers": []}, {"headers": {}}, {}, {"headers": "X-Serial: 1"}])
def test_an_event_without_headers(given: Any) -> None:
    assert header(read_headers(given), "X-Serial") is None
