"""The defects of the Python packages in use today: each is a regression test here, by its number there."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import time
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from chainable import APIError, ChainableError, SignatureError
from chainable.masking import Secret
from tests.wechatpay.conftest import APIV3_KEY, NOW, V2_SECRET, Platform
from wechatpay import WeChatPay, catalogue
from wechatpay.apiv2.signing import signature

BASE = "https://api.mch.weixin.qq.com/"


def self_signed(key, number: int):
    """A platform certificate with this serial."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(number).not_valid_before(now - timedelta(days=1))
    return builder.not_valid_after(now + timedelta(days=1)).sign(key, SHA256())


class TestWechatpayv3:
    def test_1_an_empty_body_is_signed_as_it_is_sent(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer({}))
        client.v3.new.post(json={})

        assert platform.requests[0].body == b"{}"
        assert platform.requests[0].signed_message.endswith(b"\n{}\n")

    def test_2_an_answer_signed_by_a_public_key_is_checked_by_its_name(self, make_client, platform, web):
        web.add_callback("GET", BASE + "v3/new", platform.answer({"a": 1}))

        assert make_client(apiv3_key=APIV3_KEY).v3.new.get().data == {"a": 1}

    def test_3_a_serial_keeps_its_leading_zero(self, make_client, platform_key, web):
        certificate = self_signed(platform_key, number=0x0A0B << 144)
        serial = f"{certificate.serial_number:040X}"
        assert serial.startswith("0A0B")
        platform = Platform(platform_key, serial)
        client = make_client(certs={serial: certificate}, serial="00" + "AB" * 19, clock=time.time)
        platform.headers = partial(platform.headers, timestamp=int(time.time()))
        web.add_callback("POST", BASE + "v3/new", platform.answer({}))
        client.v3.new.post(json={"name": client.encrypt("x")})

        assert platform.requests[0].headers["Wechatpay-Serial"] == serial
        assert f'serial_no="00{"AB" * 19}"' in platform.requests[0].headers["Authorization"]

    def test_4_an_upload_has_its_boundary_and_any_name(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/merchant/media/upload", platform.answer({"media_id": "x"}))
        client.v3.merchant.media.upload.post(files={"file": ('"引号".png', b"\x89PNG")})
        request = platform.requests[0]

        boundary = request.headers["Content-Type"].partition("boundary=")[2]
        assert boundary
        assert request.body.count(b"--" + boundary.encode()) == 3
        assert json.loads(request.signed_body)["filename"] == '"引号".png'

    def test_6_failures_of_a_notification_have_names_of_their_own(self, make_client, platform):
        client = make_client(apiv3_key=APIV3_KEY)
        with pytest.raises(SignatureError) as stale:
            client.notifications.parse(platform.headers(b"{}", timestamp=NOW - 301), b"{}")
        with pytest.raises(SignatureError) as forged:
            client.notifications.parse(platform.headers(b"{}"), b"{ }")

        assert (stale.value.reason, forged.value.reason) == ("stale", "mismatch")

    def test_7_refusals_are_raised(self, client, platform, web):
        web.add_callback("GET", BASE + "v3/new", platform.answer({"code": "PARAM_ERROR"}, 400))
        with pytest.raises(APIError):
            client.v3.new.get()

    def test_8_there_is_a_timeout_before_anybody_thinks_of_one(self):
        parameters = inspect.signature(WeChatPay).parameters

        assert parameters["timeout"].default == (5, 30)
        assert parameters["deadline"].default == 60

    def test_9_nothing_but_names_is_logged(self, client, platform, web, caplog):
        caplog.set_level(logging.DEBUG)
        web.add_callback("POST", BASE + "v3/new", platform.answer({"answer": "SECRET"}))
        client.v3.new.post(json={"body": "SECRET"}, params={"query": "SECRET"})

        assert "Authorization" not in caplog.text
        assert "SECRET" not in "".join(r.getMessage() for r in caplog.records if r.name == "wechatpay")

    def test_10_the_operations_for_platforms_are_there(self):
        assert sum(one.path.startswith("v3/ecommerce/") for one in catalogue.operations()) >= 60

    @pytest.mark.parametrize("change", [str.lower, str.upper, lambda name: "HTTP_" + name.upper().replace("-", "_")])
    def test_11_headers_are_found_in_any_spelling(self, make_client, platform, change):
        headers = {change(name): value for name, value in platform.headers(b"{}").items()}
        with pytest.raises(ChainableError) as caught:
            make_client(apiv3_key=APIV3_KEY).notifications.parse(headers, b"{}")

        assert not isinstance(caught.value, SignatureError)  # the signature is right; the body is no notification


class TestWechatpy:
    def test_1_a_notification_is_not_opened_before_it_is_checked(self, make_client):
        with pytest.raises(SignatureError, match="no signature"):
            make_client(apiv3_key=APIV3_KEY).notifications.parse({}, b"{}")

    def test_2_an_answer_of_apiv2_is_checked(self, make_client, web):
        web.post(BASE + "pay/orderquery", b"<xml><return_code>SUCCESS</return_code><sign>FORGED</sign></xml>")
        with pytest.raises(SignatureError):
            make_client(secret=V2_SECRET).v2.pay.orderquery.post(xml={"out_trade_no": "1"})

    def test_3_zero_is_a_value_and_is_signed(self):
        signed = hashlib.md5(f"a=0&key={V2_SECRET}".encode()).hexdigest().upper()

        assert signature("MD5", {"a": "0", "b": ""}, Secret(V2_SECRET)) == signed

    def test_4_what_would_end_cdata_is_escaped(self, make_client, web):
        web.post(BASE + "pay/orderquery", b"<xml><return_code>FAIL</return_code></xml>")
        with pytest.raises(APIError):
            make_client(secret=V2_SECRET).v2.pay.orderquery.post(xml={"attach": "a]]><evil>"})

        from xml.etree import ElementTree as ET

        sent = ET.fromstring(web.calls[0].request.body)
        assert sent.findtext("attach") == "a]]><evil>"
        assert sent.find("evil") is None

    def test_6_the_text_that_is_signed_is_logged_nowhere(self, make_client, web, caplog):
        caplog.set_level(logging.DEBUG)
        web.post(BASE + "pay/orderquery", b"<xml><return_code>FAIL</return_code></xml>")
        with pytest.raises(APIError) as caught:
            make_client(secret=V2_SECRET).v2.pay.orderquery.post(xml={"out_trade_no": "1"})

        assert V2_SECRET not in caplog.text
        assert V2_SECRET not in str(caught.value)
