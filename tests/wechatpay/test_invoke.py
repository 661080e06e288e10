"""Parameters for front ends: names, order and lines as published; signatures verified with cryptography."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable import BEIJING
from chainable.errors import CodecError, ConfigurationError
from wechatpay import ParamSigner, RSASigner, WeChatPay

SECRET = "0123456789abcdef0123456789ABCDEF"
NOW = 1414561699
NONCE = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"

# The texts of the official pages.
JSAPI = (
    "wx8888888888888888\n1414561699\n5K8264ILTKCH16CQ2502SI8ZNMTM67VS\nprepay_id=wx201410272009395522657a690389285100\n"
)
APP = "wx8888888888888888\n1414561699\n5K8264ILTKCH16CQ2502SI8ZNMTM67VS\nwx201410272009395522657a690389285100\n"
ORDER = {"appid": "wx8888888888888888", "prepay_id": "wx201410272009395522657a690389285100"}


@pytest.fixture
def make_client(merchant_key):
    made = []

    def make(**options):
        options = {
            "mchid": "1900000109",
            "serial": "0A75B6A45ACD588826D15E583A95F5DD01020304",
            "private_key": merchant_key,
            "secret": SECRET,
            "clock": lambda: NOW + 0.9,
            "nonce": lambda: NONCE,
            **options,
        }
        client = WeChatPay(**options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def opens(merchant_key):
    """Open a signature with cryptography directly."""

    def opens(signature, text):
        merchant_key.public_key().verify(
            base64.b64decode(signature, validate=True), text.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        return True

    return opens


class TestV3:
    def test_jsapi(self, make_client, opens):
        """Six fields in camel case, the time in seconds and as text."""
        parameters = make_client().invoke.jsapi(**ORDER)

        assert opens(parameters.pop("paySign"), JSAPI)
        assert list(parameters.items()) == [
            ("appId", "wx8888888888888888"),
            ("timeStamp", "1414561699"),
            ("nonceStr", NONCE),
            ("package", "prepay_id=wx201410272009395522657a690389285100"),
            ("signType", "RSA"),
        ]

    def test_mini_program(self, make_client, opens):
        """The appid is signed, but not passed on."""
        parameters = make_client().invoke.mini_program(**ORDER)

        assert list(parameters) == ["timeStamp", "nonceStr", "package", "signType", "paySign"]
        assert opens(parameters["paySign"], JSAPI)

    def test_app(self, make_client, opens):
        """Lower case throughout, the bare prepay id in the last line."""
        parameters = make_client().invoke.app(**ORDER)

        assert opens(parameters.pop("sign"), APP)
        assert list(parameters.items()) == [
            ("appid", "wx8888888888888888"),
            ("partnerid", "1900000109"),
            ("prepayid", "wx201410272009395522657a690389285100"),
            ("package", "Sign=WXPay"),
            ("noncestr", NONCE),
            ("timestamp", "1414561699"),
        ]

    def test_app_of_another_merchant(self, make_client, opens):
        """In partner mode the order may belong to the sub-merchant; the text does not change."""
        parameters = make_client().invoke.app(**ORDER, partnerid="1900000110")

        assert parameters["partnerid"] == "1900000110"
        assert opens(parameters["sign"], APP)

    def test_each_call_has_a_nonce_of_its_own(self, make_client):
        """Made here if the client was given none."""
        invoke = make_client(nonce=None).invoke

        first, second = (invoke.jsapi(**ORDER)["nonceStr"] for _ in range(2))

        assert first != second
        assert len(first) == 32

    def test_a_key_elsewhere_signs(self, make_client, merchant_key, opens):
        """In an HSM, as ``private_key`` or inside a signer."""

        class Remote:
            def sign(self, message):
                return merchant_key.sign(message, padding.PKCS1v15(), hashes.SHA256())

        by_key = make_client(private_key=Remote()).invoke.jsapi(**ORDER)
        signer = RSASigner("1900000109", "AB", Remote())
        by_signer = make_client(private_key=None, signer=signer).invoke.jsapi(**ORDER)

        assert opens(by_key["paySign"], JSAPI)
        assert opens(by_signer["paySign"], JSAPI)

    def test_without_a_key_nothing_is_signed(self, make_client):
        """The setting is named."""
        with pytest.raises(ConfigurationError, match="give private_key="):
            make_client(private_key=None, serial=None).invoke.app(**ORDER)

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"prepay_id": "prepay_id=wx1"}, "the bare id in the order's response"),
            ({"prepay_id": "wx1\nwx2"}, "prepay_id: one line of text"),
            ({"prepay_id": None}, "prepay_id: one line of text"),
            ({"appid": ""}, "appid: one line of text"),
            ({"appid": " wx1"}, "appid: one line of text"),
        ],
    )
    def test_pain_13_mistakes_are_reported(self, make_client, changed, words):
        """Rather than signed."""
        invoke = make_client().invoke
        for method in (invoke.jsapi, invoke.mini_program, invoke.app, invoke.v2.jsapi, invoke.v2.app):
            with pytest.raises(CodecError, match=words):
                method(**{**ORDER, **changed})


class TestV2:
    MESSAGE = (
        "appId=wx8888888888888888&nonceStr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        "&package=prepay_id=wx201410272009395522657a690389285100&signType={}&timeStamp=1414561699&key=" + SECRET
    )

    def test_jsapi(self, make_client):
        """MD5 over the camel case names."""
        parameters = make_client().invoke.v2.jsapi(**ORDER)

        assert parameters.pop("paySign") == hashlib.md5(self.MESSAGE.format("MD5").encode()).hexdigest().upper()
        assert list(parameters) == ["appId", "timeStamp", "nonceStr", "package", "signType"]

    def test_mini_program_with_hmac(self, make_client):
        """The algorithm of the order is named and used."""
        parameters = make_client().invoke.v2.mini_program(**ORDER, sign_type="HMAC-SHA256")

        text = self.MESSAGE.format("HMAC-SHA256").encode()
        assert parameters["paySign"] == hmac.new(SECRET.encode(), text, "sha256").hexdigest().upper()
        assert "appId" not in parameters

    def test_app(self, make_client):
        """MD5 over the lower-case names."""
        client = make_client(secret=None, v2_signer=ParamSigner("MD5", SECRET))

        parameters = client.invoke.v2.app(**ORDER)

        text = (
            f"appid=wx8888888888888888&noncestr={NONCE}&package=Sign=WXPay&partnerid=1900000109"
            f"&prepayid=wx201410272009395522657a690389285100&timestamp=1414561699&key={SECRET}"
        )
        assert parameters.pop("sign") == hashlib.md5(text.encode()).hexdigest().upper()
        assert list(parameters) == ["appid", "partnerid", "prepayid", "package", "noncestr", "timestamp"]
        assert client.invoke.v2.app(**ORDER, partnerid="7")["partnerid"] == "7"

    def test_settings_are_checked(self, make_client):
        """Key and algorithm."""
        with pytest.raises(ConfigurationError, match="give secret="):
            make_client(secret=None).invoke.v2.jsapi(**ORDER)
        with pytest.raises(ConfigurationError, match="sign_type"):
            make_client().invoke.v2.app(**ORDER, sign_type="RSA")


class TestH5:
    URL = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2"

    def test_the_return_address_is_percent_encoded(self, make_client):
        """Its own query included."""
        page = make_client().invoke.h5(self.URL, redirect_url="https://shop.example/回?a=1&b=2")

        assert page.url == f"{self.URL}&redirect_url=https%3A%2F%2Fshop.example%2F%E5%9B%9E%3Fa%3D1%26b%3D2"
        assert parse_qs(urlsplit(page.url).query)["redirect_url"] == ["https://shop.example/回?a=1&b=2"]

    def test_it_lives_five_minutes(self, make_client):
        """Told, and asked for later."""
        now = [float(NOW)]
        page = make_client(clock=lambda: now[0]).invoke.h5("https://wx.tenpay.com/x", redirect_url="https://a")

        assert page.url == "https://wx.tenpay.com/x?redirect_url=https%3A%2F%2Fa"
        assert page.expires == datetime.fromtimestamp(NOW + 300, BEIJING)
        assert not page.expired
        now[0] += 300
        assert page.expired

    @pytest.mark.parametrize("url", [None, "", "http://wx.tenpay.com/x", "weixin://x"])
    def test_other_urls_are_reported(self, make_client, url):
        """It is the answer's ``h5_url``."""
        with pytest.raises(CodecError, match="h5_url: "):
            make_client().invoke.h5(url)

    def test_a_page_without_return_address_is_as_it_came(self, make_client):
        """Nothing is added."""
        assert make_client().invoke.h5(self.URL).url == self.URL


class TestNative:
    URL = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"

    def test_it_lives_two_hours(self, make_client):
        """Told, and asked for later."""
        now = [float(NOW)]
        code = make_client(clock=lambda: now[0]).invoke.native(self.URL)

        assert (code.code_url, code.expires) == (self.URL, datetime.fromtimestamp(NOW + 7200, BEIJING))
        assert not code.expired
        now[0] += 7200
        assert code.expired

    def test_it_is_drawn_for_pages_and_terminals(self, make_client):
        """Well-formed SVG, and lines of one width."""
        code = make_client().invoke.native(self.URL)

        svg = ET.fromstring(code.svg(scale=3))
        lines = code.terminal().splitlines()

        assert svg.tag.endswith("svg")
        assert int(svg.get("width")) % 3 == 0
        assert len(lines) > 10

    def test_the_drawing_package_is_optional(self, make_client, monkeypatch):
        """Its absence is reported with the name of the extra."""
        monkeypatch.setitem(sys.modules, "segno", None)

        with pytest.raises(ConfigurationError, match="install the extra 'qr'"):
            make_client().invoke.native(self.URL).svg()

    @pytest.mark.parametrize("url", [None, "https://x"])
    def test_other_urls_are_reported(self, make_client, url):
        """It is the answer's ``code_url``."""
        with pytest.raises(CodecError, match="code_url: "):
            make_client().invoke.native(url)
