"""What a recording is given in place of what is secret: hashes, encrypted fields and signatures of the sandbox."""

from __future__ import annotations

import hashlib
import time

import pytest

from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.recording import RecordedWeChatPay


@pytest.fixture(scope="module")
def recorded():
    with Sandbox() as sandbox:
        yield RecordedWeChatPay(sandbox.account, (), time.time)


def test_hashes_are_those_of_the_content(recorded):
    assert recorded.digests(b"x") == (hashlib.sha1(b"x").hexdigest(), hashlib.sha256(b"x").hexdigest())


def test_a_field_is_encrypted_for_the_merchant(recorded):
    assert len(recorded.encrypt("张三")) == 344


def test_json_is_signed_anew(recorded):
    headers = {"Wechatpay-Signature": ["old"]}

    assert recorded.sign(headers, b"{}") == b"{}"
    assert headers["Wechatpay-Signature"] != ["old"]
    assert headers.keys() == {f"Wechatpay-{name}" for name in ("Signature", "Timestamp", "Nonce", "Serial")}


def test_xml_is_signed_anew_and_what_is_none_stays(recorded):
    body = b"<xml><a>1</a><sign><![CDATA[" + b"0" * 32 + b"]]></sign></xml>"

    assert recorded.sign({}, body) != body
    assert recorded.sign({}, body[:-6]) == body[:-6]
    assert recorded.sign({}, b"<xml><sign>short</sign></xml>") == b"<xml><sign>short</sign></xml>"
