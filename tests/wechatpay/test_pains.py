"""
What users of other libraries suffer from: each pain first as it hurts there, then its cure here.

The numbers are those of the guide's table; the other pains are beside the rooms that cure them.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
from datetime import datetime, timezone

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

import chainable
import wechatpay
from chainable import BEIJING, APIError, CodecError, SignatureError
from tests.chainable.fault_server import FaultServer
from tests.wechatpay.conftest import NOW, PLATFORM
from wechatpay import RSASigner, Sensitive
from wechatpay.demo import ORDER
from wechatpay.sandbox import Fault, Sandbox

BASE = "https://api.mch.weixin.qq.com/"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def own(sandbox):
    with sandbox.client() as made:
        yield made


class SignsItsOwnWriting(RSASigner):
    """wechatpayv3 signs one serialization and sends another."""

    def __call__(self, r):
        sent, r.body = r.body, json.dumps(json.loads(r.body)).encode()
        signed = super().__call__(r)
        signed.body = sent
        return signed


def test_pain_01_sign_error_says_which_line_and_from_where(sandbox, own):
    signer = SignsItsOwnWriting(own.settings.signer.mchid, own.settings.signer.serial, own.settings.signer.key)
    with sandbox.client(signer=signer) as broken, pytest.raises(APIError) as caught:
        broken.v3.hire_power_bank.insurance_orders.post(json=ORDER)

    assert caught.value.code == "SIGN_ERROR"
    # The platform shows 8 characters of the body, which are the same in both writings; the lengths are not.
    assert "the same, but it checked" in caught.value.explain()
    assert "the body was rewritten" in caught.value.explain()
    assert own.v3.hire_power_bank.insurance_orders.post(json=ORDER).verified


def test_pain_03_either_key_may_sign_and_the_header_chooses(make_client, merchant_key, platform_key, platform, web):
    from tests.wechatpay.conftest import Platform

    old = Platform(merchant_key, "PUB_KEY_ID_OLD")
    one_key = make_client(certs={PLATFORM: platform_key.public_key()})
    web.add_callback("GET", BASE + "v3/new", old.answer({}))
    with pytest.raises(SignatureError):
        one_key.v3.new.get()

    both = make_client(certs={PLATFORM: platform_key.public_key(), old.serial: merchant_key.public_key()})
    assert both.v3.new.get().verified
    web.replace("GET", BASE + "v3/new", json={})
    web.reset()
    web.add_callback("GET", BASE + "v3/new", platform.answer({}))
    assert both.v3.new.get().verified
    assert platform.requests[0].headers["Wechatpay-Serial"] in {PLATFORM, old.serial}


def test_pain_07_an_operation_is_called_on_its_first_day(client, platform, web):
    assert not any(path.key.startswith("POST v3/brand-new") for path in wechatpay.catalogue.operations())
    web.add_callback("POST", BASE + "v3/brand-new/api-of-tomorrow", platform.answer({"a": 1}))

    assert client.v3.brand_new.api_of_tomorrow.post(json={}).data == {"a": 1}


def test_pain_08_capitals_in_values_stay(client, platform, web):
    value = "1217752501201407033233368018-AbC"
    assert chainable.path.kebab(value).lower() == chainable.path.kebab(value)  # what a chain does to names ruins values

    web.add_callback("GET", BASE + f"v3/pay/transactions/out-trade-no/{value}", platform.answer({}))
    client.v3.pay.transactions.out_trade_no._out_trade_no_.get(out_trade_no=value)
    client[f"v3/pay/transactions/out-trade-no/{value}"].get()

    assert {request.path_url for request in platform.requests} == {f"/v3/pay/transactions/out-trade-no/{value}"}


def test_pain_11_chinese_and_emoji_are_signed_as_they_are_sent(client, platform, web, merchant_key):
    text = "深圳 🎁"
    escaped = json.dumps({"description": text})
    assert (
        escaped.encode() != json.dumps({"description": text}, ensure_ascii=False).encode()
    )  # two writings, one signature

    web.add_callback("POST", BASE + "v3/pay/transactions/native", platform.answer({}))
    client.v3.pay.transactions.native.post(json={"description": text})
    request = platform.requests[0]
    import base64
    import re

    signature = re.findall(r'signature="([^"]*)"', request.headers["Authorization"])[0]
    message = RSASigner.message(request, str(NOW), "593BEC0C930BF1AFEB40B4A08C8FB242")
    merchant_key.public_key().verify(base64.b64decode(signature), message, PKCS1v15(), SHA256())
    assert request.body.decode("utf-8") == f'{{"description":"{text}"}}'
    assert "charset=utf-8" in request.headers["Content-Type"]


def test_pain_11_the_platforms_refusal_of_an_emoji_is_explained(client, platform, web):
    refusal = {"code": "PARAM_ERROR", "message": "字符集不支持", "detail": {"field": "/description", "value": "🎁"}}
    web.add_callback("POST", BASE + "v3/pay/transactions/native", platform.answer(refusal, 400))
    with pytest.raises(APIError, match="correct the field that detail or message names") as caught:
        client.v3.pay.transactions.native.post(json={"description": "🎁"})

    assert caught.value.detail["field"] == "/description"


def test_pain_12_personal_data_never_leaves_plain(sandbox, own):
    plain = {"real_identity": {"real_name": "张三", "id_card_number": "11010119900101001X"}}
    with pytest.raises(CodecError, match=r"real_identity\.real_name"):
        own.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(json=plain)

    from wechatpay.demo import contract

    own.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(json=contract("李四", "11010119900101001X"))
    assert "李四" in sandbox.journal[-1].opened.values()
    with pytest.raises(CodecError, match="214"):
        own.v3.new.post(json={"name": Sensitive("字" * 72)})


def test_pain_16_a_silent_server_does_not_hang_anybody(make_client):
    assert inspect.signature(requests.Session().request).parameters["timeout"].default is None  # for ever, elsewhere

    answered = threading.Event()
    with FaultServer(lambda *_: answered.wait(60)) as server:
        client = make_client(base_url=server.url, timeout=0.2, retries=0)
        started = time.monotonic()
        with pytest.raises(requests.ReadTimeout) as caught:
            client.v3.new.get()
    assert time.monotonic() - started < 20
    answered.set()
    assert caught.value.maybe_sent


def test_pain_16_a_drip_ends_at_the_deadline(make_client):
    def drip(connection, request, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(600):
            connection.sendall(b" ")
            time.sleep(0.05)

    with FaultServer(drip) as server:
        client = make_client(base_url=server.url, timeout=(1, 1), deadline=0.3, retries=0)
        started = time.monotonic()
        with pytest.raises(requests.RequestException):
            client.v3.new.get()
    assert time.monotonic() - started < 15


class TestPain17Async:
    """One pipeline, so the same cases pass at once, promised and awaited."""

    WAYS = (
        lambda node, **options: node.post(**options),
        lambda node, **options: node.post_async(**options).wait(),
        lambda node, **options: asyncio.run(TestPain17Async.awaited(node, options)),
    )

    @staticmethod
    async def awaited(node, options):
        return await node.post_async(**options)

    @pytest.mark.parametrize("way", WAYS, ids=["sync", "promise", "await"])
    def test_pain_17_the_same_cases_run_every_way(self, own, sandbox, way):
        node = own.v3.hire_power_bank.insurance_orders

        assert way(node, json=ORDER).data["out_order_no"] == ORDER["out_order_no"]
        with pytest.raises(APIError, match="PARAM_ERROR"):
            way(node, json={"openid": "x"})
        with pytest.raises(TypeError, match="did you mean 'json'"):
            way(node, jsno=ORDER)
        sandbox.faults.add(Fault(kind="bad-signature", times=1))
        with pytest.raises(SignatureError):
            way(node, json=ORDER)


def test_pain_21_everything_goes_through_the_forwarder(make_client, platform, web):
    client = make_client(base_url="http://127.0.0.1:8080/wechat/", certs={}, apiv3_key="0" * 32)
    web.get("http://127.0.0.1:8080/wechat/v3/certificates", status=404, json={"code": "RESOURCE_NOT_EXISTS"})
    with pytest.raises(chainable.ChainableError):
        client.v3.new.post(json={})

    assert [call.request.url for call in web.calls] == ["http://127.0.0.1:8080/wechat/v3/certificates"]


def test_pain_21_a_forwarder_that_rewrites_is_found_out(sandbox, own):
    class Rewriting(RSASigner):
        def __call__(self, r):
            signed = super().__call__(r)
            signed.url = signed.url.partition("?")[0]  # loses the query, as some gateways do
            return signed

    signer = Rewriting(own.settings.signer.mchid, own.settings.signer.serial, own.settings.signer.key)
    with sandbox.client(signer=signer) as client, pytest.raises(APIError) as caught:
        client.v3.hire_power_bank.insurance_orders.post(json=ORDER, params={"a": "值"})

    assert "The target differs" in caught.value.explain()
    assert "forwarder" in caught.value.explain()


class TestPain22Errors:
    def test_pain_22_taken_but_not_done_is_neither(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/pay/transactions/codepay", platform.answer({"code": "USERPAYING"}, 202))
        answer = client.v3.pay.transactions.codepay.post(json={})

        assert answer.pending
        assert answer.data == {"code": "USERPAYING"}

    def test_pain_22_an_unsigned_html_error_is_an_error_with_a_way_on(self, client, web):
        web.post(BASE + "v3/new", status=502, body="<html>Bad gateway</html>", headers={"Request-ID": "08-1"})
        with pytest.raises(json.JSONDecodeError):
            json.loads("<html>Bad gateway</html>")  # what a program gets that expects JSON
        with pytest.raises(APIError) as caught:
            client.v3.new.post(json={})

        assert (caught.value.status_code, caught.value.verified, caught.value.retryable) == (502, False, True)
        assert caught.value.request_id == "08-1"


def test_pain_23_a_time_is_a_moment_whatever_the_machines_zone(client, platform, web, monkeypatch):
    naive = datetime(2026, 1, 1, 10, 0)
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert naive.astimezone(timezone.utc).hour != 2  # what "10 o'clock" means elsewhere
        web.add_callback("POST", BASE + "v3/new", platform.answer({}))
        client.v3.new.post(json={"time_expire": naive.replace(tzinfo=BEIJING)})
        client.v3.new.post(json={"time_expire": datetime(2026, 1, 1, 2, tzinfo=timezone.utc)})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert {request.body for request in platform.requests} == {b'{"time_expire":"2026-01-01T10:00:00+08:00"}'}
    with pytest.raises(TypeError, match="BEIJING"):
        client.v3.new.post(json={"time_expire": naive})
