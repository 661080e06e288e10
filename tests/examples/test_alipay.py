"""The third gateway: its signer, verifier and errors, opened with ``cryptography`` directly."""

from __future__ import annotations

import base64
import json
import socket
from urllib.parse import parse_qs

import pytest
import requests
import responses
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from chainable import APIError, Attempt, SignatureError
from examples.alipay import Alipay


@pytest.fixture
def alipay(merchant_key, platform_key):
    with Alipay("2021", merchant_key, platform_key.public_key()) as client:
        yield client


def answered(platform_key, inner: str, sign: bool = True):
    signature = base64.b64encode(platform_key.sign(inner.encode(), PKCS1v15(), SHA256())).decode()
    tail = f',"sign":"{signature}"' if sign else ""
    return f'{{"alipay_trade_query_response": {inner}{tail}}}'.encode()


def test_a_call_is_signed_and_its_answer_verified(alipay, merchant_key, platform_key):
    with responses.RequestsMock() as mock:
        mock.post("https://openapi.alipay.com/gateway.do", answered(platform_key, '{"code":"10000","trade_no":"1"}'))
        response = alipay.alipay.trade.query(out_trade_no="值")
        fields = {name: values[0] for name, values in parse_qs(mock.calls[0].request.body.decode()).items()}

    signature = base64.b64decode(fields.pop("sign"))
    message = "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()
    merchant_key.public_key().verify(signature, message, PKCS1v15(), SHA256())
    assert fields["method"] == "alipay.trade.query"
    assert json.loads(fields["biz_content"]) == {"out_trade_no": "值"}
    assert response.verified
    assert response.data["trade_no"] == "1"


def test_a_refusal_is_an_error(alipay, platform_key):
    with responses.RequestsMock() as mock:
        mock.post(
            "https://openapi.alipay.com/gateway.do", answered(platform_key, '{"code":"40004","msg":"Business Failed"}')
        )
        with pytest.raises(APIError, match="40004: Business Failed; see sub_msg") as caught:
            alipay.alipay.trade.query(out_trade_no="1")
    assert not caught.value.retryable


@pytest.mark.parametrize("body", [b'{"x": {"code":"10000"},"sign":"AAAA"}', b'{"x": {"code":"10000"}}'])
def test_a_forgery_is_refused(alipay, body):
    with responses.RequestsMock() as mock:
        mock.post("https://openapi.alipay.com/gateway.do", body)
        with pytest.raises(SignatureError):
            alipay.alipay.trade.query(out_trade_no="1")


def test_the_six_forms_send_the_same(alipay, platform_key):
    with responses.RequestsMock() as mock:
        mock.post("https://openapi.alipay.com/gateway.do", answered(platform_key, '{"code":"10000"}'))
        for node in (alipay.alipay.trade.query, alipay.alipay.chain("trade.query"), alipay.alipay["trade.query"]):
            node(a=1)
            node.post(a=1)
            node.post_async(a=1).wait()
        methods = [parse_qs(call.request.body.decode())["method"][0] for call in mock.calls]
    assert methods == ["alipay.trade.query"] * 9


def test_the_limits_of_the_client_hold_for_its_calls(merchant_key, platform_key):
    with socket.create_server(("127.0.0.1", 0)) as server:
        gateway = f"http://127.0.0.1:{server.getsockname()[1]}/"
    attempts: list[Attempt] = []
    client = Alipay("2021", merchant_key, platform_key.public_key(), gateway, retries=3, on_attempt=attempts.append)
    with client, pytest.raises(requests.ConnectionError):
        client.alipay.trade.query(out_trade_no="1")
    assert len(attempts) == 4

    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        client = Alipay("2021", merchant_key, platform_key.public_key(), gateway, timeout=0.1)
        with client, pytest.raises(requests.ReadTimeout):
            client.alipay.trade.query(out_trade_no="1")


def test_parameters_may_come_in_a_mapping_and_by_name(alipay, platform_key):
    with responses.RequestsMock() as mock:
        mock.post("https://openapi.alipay.com/gateway.do", answered(platform_key, '{"code":"10000"}'))
        alipay.alipay.trade.query({"out_trade_no": "1"}, trade_no="2", timeout=3)
        fields = parse_qs(mock.calls[0].request.body.decode())
    assert json.loads(fields["biz_content"][0]) == {"out_trade_no": "1", "trade_no": "2"}


def test_a_page_in_place_of_an_answer_is_named(alipay):
    with responses.RequestsMock() as mock:
        mock.post("https://openapi.alipay.com/gateway.do", "<html>", status=502)
        with pytest.raises(APIError, match="HTTP status 502"):
            alipay.alipay.trade.pay(out_trade_no="1")
