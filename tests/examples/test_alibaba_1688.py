"""1688: the signature of the platform's own page, tokens, dates, refusals."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pytest
import responses

from chainable import BEIJING, FORM, APIError, Secret, SignableRequest
from examples.alibaba_1688 import Alibaba1688, Alibaba1688Signer

BASE = "https://gw.open.1688.com/openapi"
API = "com.alibaba.trade/alibaba.trade.get.buyerView"
URL = f"{BASE}/param2/1/{API}/1000000"


@pytest.fixture
def client():
    with Alibaba1688("1000000", "test123", "a-token", clock=lambda: 1700000000.5) as made:
        yield made


def signed(parameters):
    request = SignableRequest()
    request.url, request.parameters, request.codec = f"{BASE}/param2/1/system/currentTime/1000000", parameters, FORM
    return FORM.decode(Alibaba1688Signer(Secret("test123"))(request).body)["_aop_signature"]


def test_the_signature_of_the_platforms_page_is_made():
    assert signed({"b": "2", "a": "1"}) == "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88"


def test_names_are_joined_with_values_before_they_are_sorted():
    message = b"param2/1/system/currentTime/1000000" + b"ab1" + b"az"
    assert signed({"a": "z", "ab": "1"}) == hmac.new(b"test123", message, hashlib.sha1).hexdigest().upper()


def test_a_call_is_signed_with_its_path(client):
    with responses.RequestsMock() as mock:
        mock.post(URL, '{"result": {"baseInfo": {"id": 12345678901234567890}}, "success": "true"}')
        at = datetime(2026, 9, 3, 12, tzinfo=BEIJING)
        response = client[API].get(orderId=1, includes=["a", "b"], full=True, createStartTime=at, memo="值")
        fields = FORM.decode(mock.calls[0].request.body)

    assert response.data["result"]["baseInfo"]["id"] == 12345678901234567890
    sign = fields.pop("_aop_signature")
    assert fields == {
        "_aop_timestamp": "1700000000500",
        "access_token": "a-token",
        "orderId": "1",
        "includes": '["a","b"]',
        "full": "true",
        "createStartTime": "20260903120000000+0800",
        "memo": "值",
    }
    message = f"param2/1/{API}/1000000" + "".join(sorted(f"{name}{value}" for name, value in fields.items()))
    assert sign == hmac.new(b"test123", message.encode(), hashlib.sha1).hexdigest().upper()


def test_reads_may_be_repeated_and_writes_may_not(client):
    assert client.prepare(API, "GET", (), {}).repeatable
    assert not client.prepare(API, "POST", ({"orderId": 1},), {}).repeatable


def test_a_client_without_a_token_asks_for_one():
    url = f"{BASE}/http/1/system.oauth2/getToken/1000000"
    with Alibaba1688("1000000", "test123") as client, responses.RequestsMock() as mock:
        mock.post(url, '{"access_token": "new", "expires_in": "36000"}')
        token = client.get_token(grant_type="authorization_code", code="c", redirect_uri="https://shop.example/")
        assert FORM.decode(mock.calls[0].request.body) == {
            "client_id": "1000000",
            "client_secret": "test123",
            "need_refresh_token": "true",
            "grant_type": "authorization_code",
            "code": "c",
            "redirect_uri": "https://shop.example/",
        }
        assert token.data["access_token"] == "new"
        assert "access_token" not in client.prepare(API, "GET", (), {}).parameters


def test_an_answer_may_be_a_text(client):
    with responses.RequestsMock() as mock:
        mock.post(f"{BASE}/param2/1/system/currentTime/1000000", '"20260903120000000+0800"')
        assert client["system/currentTime"].get().data == "20260903120000000+0800"


@pytest.mark.parametrize(
    ("status", "body", "code", "transient"),
    [
        (
            400,
            '{"error_code": "gw.APIACLDecline", "error_message": "AppKey is not allowed(acl)"}',
            "gw.APIACLDecline",
            False,
        ),
        (200, '{"error_code": "gw.QosAppFrequencyLimit", "error_message": "often"}', "gw.QosAppFrequencyLimit", True),
        (401, '{"error": "invalid_client", "error_description": "no"}', "invalid_client", False),
        (500, '"broken"', "None", False),
    ],
)
def test_a_refusal_is_an_error_whatever_its_status(client, status, body, code, transient):
    with responses.RequestsMock() as mock:
        mock.post(URL, body, status=status)
        with pytest.raises(APIError, match=f"^{API}: {code}: ") as caught:
            client[API].post(orderId=1, retries=0)
    error = caught.value
    assert (error.code, error.transient, error.maybe_sent) == (code, transient, not transient)


def test_a_page_with_an_error_status_is_an_error(client):
    with responses.RequestsMock() as mock:
        mock.post(URL, "<html>", status=502)
        with pytest.raises(APIError, match="HTTP status 502"):
            client[API].post(orderId=1)


def test_a_file_is_refused(client):
    with pytest.raises(TypeError, match="pass a file as base64 text"):
        client[API].post(image=b"\x89PNG")
