"""
The application's own reply to a refused call, in every framework.

The page of an SPI prescribes it, and the console's signature test accepts no other:
https://open.taobao.com/doc.htm?docId=101617&docType=1 leaves the reply to the application.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from fastapi.responses import JSONResponse
from flask import Response

from chainable.deduplication import MemoryStore
from chainable.errors import SignatureError
from chainable.web import Reply
from taobao_top.spi import flask as in_flask
from taobao_top.spi import reply
from tests.taobao_top.spi.conftest import platform_call
from tests.taobao_top.spi.test_endpoints import WAYS, a_call, django_endpoint, fastapi_endpoint, flask_endpoint

QIMEN = {"success": False, "errorCode": "sign-check-failure", "errorMsg": "Illegal request"}
RESULT = {"result_success": False, "result_error_code": "sign-check-failure", "result_error_msg": "验签失败"}

OWN = {flask_endpoint: Response, fastapi_endpoint: JSONResponse, django_endpoint: HttpResponse}


@pytest.mark.parametrize("way", WAYS)
class TestEveryWay:
    @pytest.mark.parametrize("members", [QIMEN, RESULT])
    def test_members_are_written_as_they_are(self, way, top, members):
        status, content = way(top, pytest.fail, refusal=members)(a_call(secret="another"))

        assert (status, json.loads(content)) == (200, members)

    def test_a_function_is_told_the_reason(self, way, top):
        seen: list[Any] = []

        def refuse(error):
            seen.append(error)
            return QIMEN | {"errorCode": error.reason}

        send = way(top, pytest.fail, refusal=refuse)

        assert json.loads(send(a_call(secret="another"))[1])["errorCode"] == "mismatch"
        assert json.loads(send(a_call(at="2026-01-01 11:00:00"))[1])["errorCode"] == "stale"
        assert all(isinstance(error, SignatureError) for error in seen)

    def test_an_async_function(self, way, top):
        async def refuse(error):
            return reply({"code": error.reason})

        assert way(top, pytest.fail, refusal=refuse)(a_call(secret="another")) == (200, b'{"code":"mismatch"}')

    def test_a_response_of_the_framework(self, way, top):
        content: Any = {"x": 1} if way is fastapi_endpoint else '{"x":1}'

        def refuse(error):
            made = OWN[way](content)
            made.status_code = 403
            return made

        assert way(top, pytest.fail, refusal=refuse)(a_call(secret="another")) == (403, b'{"x":1}')

    def test_a_reply_of_ones_own(self, way, top):
        own = Reply(403, {"Content-Type": "text/plain"}, b"no")

        assert way(top, pytest.fail, refusal=own)(a_call(secret="another")) == (403, b"no")

    def test_none_is_the_usual_reply(self, way, top):
        content = way(top, pytest.fail, refusal=lambda error: None)(a_call(secret="another"))[1]

        assert json.loads(content) == {
            "flag": "failure",
            "sub_code": "sign-check-failure",
            "sub_message": "Illegal request",
        }

    def test_a_repeated_call_gets_it_as_well(self, way, top):
        calls: list[Any] = []
        send = way(
            top, lambda call: calls.append(call), store=MemoryStore(), refusal=lambda error: {"code": error.reason}
        )

        assert json.loads(send(a_call())[1]) == {"flag": "success"}
        assert json.loads(send(a_call())[1]) == {"code": "repeated"}
        assert len(calls) == 1

    def test_an_accepted_call_is_not_refused(self, way, top):
        content = way(top, lambda call: {"stock": 5}, refusal=pytest.fail)(a_call())[1]

        assert json.loads(content) == {"flag": "success", "stock": 5}

    def test_a_result_that_is_no_reply_is_a_failure(self, way, top):
        app = way(top, pytest.fail, refusal=lambda error: "no")

        assert app(a_call(secret="another"))[0] == 500


def test_a_call_in_xml_gets_xml(top):
    call = platform_call(body=b"<request/>", content_type="text/xml", secret="another")

    assert flask_endpoint(top, pytest.fail, refusal=QIMEN)(call)[1] == (
        b'<?xml version="1.0" encoding="utf-8"?><response><success>false</success>'
        b"<errorCode>sign-check-failure</errorCode><errorMsg>Illegal request</errorMsg></response>"
    )


@pytest.mark.parametrize("wrong", ["no", 1, [("a", "b")], True])
def test_another_refusal_is_refused_at_once(top, wrong):
    with pytest.raises(TypeError, match="^refusal: a mapping of members, a reply or a function was expected"):
        in_flask.handler(top, refusal=wrong)


def test_what_is_decorated_is_a_function(top):
    with pytest.raises(TypeError, match="the function that handles a call was expected, not a dict"):
        in_flask.handler(top)({})
    with pytest.raises(TypeError, match="the function that handles a call was expected, not a NoneType"):
        in_flask.endpoint(top, None)
