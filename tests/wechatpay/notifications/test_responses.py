"""The answers, byte by byte."""

from __future__ import annotations

import json

import pytest
from defusedxml import ElementTree

import wechatpay


class TestAccept:
    def test_v3(self) -> None:
        reply = wechatpay.accept()

        assert (reply.status, dict(reply.headers), reply.body) == (204, {}, b"")

    def test_v2(self) -> None:
        """Without white space, which the platform takes for a no."""
        reply = wechatpay.accept.v2()

        assert reply.status == 200
        assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert reply.body == (
            b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
        )


class TestReject:
    def test_v3(self) -> None:
        reply = wechatpay.reject('签名错误 "x"')

        assert reply.status == 500
        assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
        assert json.loads(reply.body) == {"code": "FAIL", "message": '签名错误 "x"'}

    def test_v2(self) -> None:
        reply = wechatpay.reject.v2("a ]]> b <c>", status=401)

        root = ElementTree.fromstring(reply.body)
        assert reply.status == 401
        assert root.findtext("return_code") == "FAIL"
        assert root.findtext("return_msg") == "a ]]> b <c>"

    @pytest.mark.parametrize("status", [200, 204, 301, 302, 399, 600])
    def test_a_success_of_the_platform_is_not_a_rejection(self, status: int) -> None:
        with pytest.raises(ValueError, match="after 4xx and 5xx"):
            wechatpay.reject("no", status=status)
        with pytest.raises(ValueError, match="after 4xx and 5xx"):
            wechatpay.reject.v2("no", status=status)
