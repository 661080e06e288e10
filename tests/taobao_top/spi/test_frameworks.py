"""The same behaviour behind Flask, Django, Starlette and FastAPI."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.test.utils import override_settings
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from chainable.web import Reply
from taobao_top.spi import django as in_django
from taobao_top.spi import flask as in_flask
from taobao_top.spi import starlette as in_starlette

if not settings.configured:
    settings.configure()


def flask_app(top, handle, **options):
    app = Flask("shop")
    app.add_url_rule("/<place>", view_func=in_flask.handler(top, **options)(handle), methods=["POST"])

    def send(call):
        response = app.test_client().post(call.target, headers=call.headers, data=call.body)
        return response.status_code, response.headers["Content-Type"], response.data

    return send


def django_app(top, handle, **options):
    view = in_django.handler(top, **options)(handle)

    def send(call):
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in call.headers.items()
            if name != "Content-Type"
        }
        with override_settings(ALLOWED_HOSTS=["*"]):
            request = RequestFactory().post(
                call.target, data=call.body, content_type=call.headers.get("Content-Type", "text/html"), **headers
            )
            response = view(request, place="spi")
        return response.status_code, response["Content-Type"], response.content

    return send


def starlette_app(top, handle, **options):
    app = Starlette(routes=[Route("/{place}", in_starlette.handler(top, **options)(handle), methods=["POST"])])
    return through_client(app)


def fastapi_app(top, handle, **options):
    app = FastAPI()
    app.post("/{place}")(in_starlette.handler(top, **options)(handle))
    return through_client(app)


def through_client(app):
    def send(call):
        response = TestClient(app).post(call.target, headers=call.headers, content=call.body)
        return response.status_code, response.headers["Content-Type"], response.content

    return send


@pytest.fixture(params=[flask_app, django_app, starlette_app, fastapi_app])
def app(request, top):
    return lambda handle, **options: request.param(top, handle, **options)


def plain(given):
    def handle(call, place):
        assert place == "spi"
        return given(call)

    return handle


def coroutine(given):
    async def handle(call, place):
        await asyncio.sleep(0)
        return given(call)

    return handle


@pytest.mark.parametrize("kind", [plain, coroutine])
class TestHandled:
    def test_a_mapping_is_the_members_of_the_reply(self, app, call, kind):
        send = app(kind(lambda found: {"stock": 5, "sku": found.data["sku"], "nick": found.headers["X-Nick"]}))

        status, content_type, body = send(
            call(
                {"x": "中 文"}, body='{"sku":"中"}'.encode(), content_type="application/json", headers={"X-Nick": "中"}
            )
        )

        assert (status, content_type) == (200, "application/json;charset=utf-8")
        assert json.loads(body) == {"flag": "success", "stock": 5, "sku": "中", "nick": "中"}

    def test_a_form_is_verified(self, app, call, kind):
        _, _, body = app(kind(lambda found: {"y": found.parameters["y"]}))(call(form={"y": "1 2"}))

        assert json.loads(body) == {"flag": "success", "y": "1 2"}

    def test_a_call_in_XML_is_answered_in_XML(self, app, call, kind):
        _, content_type, body = app(kind(lambda _: None))(
            call(body=b"<request/>", content_type="text/xml;charset=utf-8")
        )

        assert content_type == "text/xml;charset=utf-8"
        assert b"<response><flag>success</flag></response>" in body

    def test_a_custom_reply_is_sent_unchanged(self, app, call, kind):
        status, content_type, body = app(kind(lambda _: Reply(202, {"Content-Type": "text/plain"}, b"later")))(call())

        assert (status, content_type.partition(";")[0], body) == (202, "text/plain", b"later")

    @pytest.mark.parametrize("body", [b"", b"<request/>"])
    def test_a_forged_call_is_logged_and_never_reaches_the_handler(self, app, call, kind, caplog, body):
        reached = []
        send = app(kind(reached.append))

        with caplog.at_level(logging.WARNING, logger="taobao_top"):
            status, _, answer = send(call(secret="other", body=body, content_type="text/xml"))

        assert status == 200
        assert b"sign-check-failure" in answer
        assert answer.startswith(b"<?xml" if body else b"{")
        assert not reached
        assert "another app_secret" in caplog.text

    def test_the_tolerance_of_a_calls_time_can_be_set(self, app, call, kind):
        _, _, body = app(kind(lambda _: None), tolerance=3600)(call(at="2026-01-01 11:30:00"))

        assert json.loads(body) == {"flag": "success"}
