"""The client as its user meets it: settings, the chain, one call from end to end."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
import re
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import wechatpay
from chainable import (
    BEIJING,
    APIError,
    ChainableError,
    CodecError,
    ConfigurationError,
    PathError,
    SignatureError,
    UnknownKeyError,
)
from tests.wechatpay.conftest import APIV3_KEY, NOW, PLATFORM, SERIAL
from wechatpay import Ciphertext, RSASigner, Sensitive, WeChatPay
from wechatpay.apiv3.field_decryption import decrypt_fields

BASE = "https://api.mch.weixin.qq.com/"
INSURANCE = BASE + "v3/hire-power-bank/insurance-orders"
PRESIGN = BASE + "v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"
ORDER = {
    "out_order_no": "6e8369071cd942c0476613f9d1ce9ca3",
    "openid": "2323dfsdf342342",
    "notify_url": "https://api.test.com",
    "service_id": "实例值",
}


def authorization(request) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"]))


class TestSixForms:
    """{pure chain, chain(), [...]} × {sync, then().wait(), await} send one and the same request."""

    @pytest.mark.parametrize(
        "written",
        [
            lambda c: c.v3.hire_power_bank.insurance_orders,
            lambda c: c.v3.hirePowerBank.insuranceOrders,
            lambda c: c.chain("v3/hire-power-bank/insurance-orders"),
            lambda c: c["v3/hire-power-bank/insurance-orders"],
        ],
        ids=["chain", "camel", "chain()", "[...]"],
    )
    @pytest.mark.parametrize("way", ["sync", "shorthand", "then", "await", "Async"])
    def test_the_same_target_body_and_message(self, client, platform, web, merchant_key, written, way):
        web.add_callback("POST", INSURANCE, platform.answer({"order_id": "1"}))
        node = written(client)

        if way == "sync":
            data = node.post(json=ORDER).data
        elif way == "shorthand":
            data = node(json=ORDER).data
        elif way == "then":
            data = node.post_async(json=ORDER).then(lambda response: response.data).wait()
        elif way == "Async":
            data = node.postAsync(json=ORDER).wait().data
        else:

            async def main():
                return (await node.post_async(json=ORDER)).data

            data = asyncio.run(main())

        request = platform.requests[0]
        body = json.dumps(ORDER, ensure_ascii=False, separators=(",", ":")).encode()
        message = (
            b"POST\n/v3/hire-power-bank/insurance-orders\n1700000000\n593BEC0C930BF1AFEB40B4A08C8FB242\n" + body + b"\n"
        )
        fields = authorization(request)
        merchant_key.public_key().verify(base64.b64decode(fields["signature"]), message, PKCS1v15(), SHA256())
        assert data == {"order_id": "1"}
        assert request.url == INSURANCE
        assert request.body == body
        assert (fields["mchid"], fields["serial_no"], fields["timestamp"]) == ("1900000109", SERIAL, str(NOW))
        assert request.headers["Wechatpay-Serial"] == PLATFORM


class TestSettings:
    def test_keys_in_every_form(self, make_client, merchant_key, tmp_path):
        pem = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = tmp_path / "apiclient_key.pem"
        path.write_bytes(pem)
        for form in (path, str(path), path.as_uri(), pem.decode(), merchant_key):
            assert make_client(private_key=form).settings.signer.key.private_numbers() == merchant_key.private_numbers()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"mchid": ...}, "mchid: the merchant's number is missing"),
            ({"brand_id": "1"}, "mchid or brand_id"),
            ({"mchid": "19 00"}, "mchid: digits"),
            ({"mchid": True}, "mchid: digits"),
            ({"brand_id": "é", "mchid": ...}, "brand_id: digits"),
            ({"serial": ...}, "serial: .* missing"),
            ({"serial": "xyz"}, "serial: "),
            ({"private_key": "/none/there.pem"}, "private_key: "),
            ({"apiv3_key": "short"}, "apiv3_key: "),
            ({"secret": "short"}, "secret: "),
            ({"base_url": "http://api.mch.weixin.qq.com/"}, "base_url: plain http"),
            ({"backup_url": "x"}, "backup_url: "),
            ({"timeout": 0}, "timeout"),
            ({"retries": -1}, "retries"),
            ({"pool_maxsize": 0}, "pool_maxsize"),
            ({"verify": 5}, "verify"),
        ],
    )
    def test_what_is_wrong_is_refused_by_name(self, make_client, changes, message):
        with pytest.raises(ConfigurationError, match=message):
            make_client(**changes)

    def test_swapped_keys_are_refused(self, make_client, merchant_key):
        public = merchant_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        with pytest.raises(ConfigurationError, match=r"private_key: .*public key"):
            make_client(private_key=public)
        with pytest.raises(ConfigurationError, match="certs"):
            make_client(certs={PLATFORM: merchant_key})

    def test_a_number_is_a_merchants_number_too(self, make_client):
        assert make_client(mchid=1900000109).mchid == "1900000109"

    def test_repr_shows_no_secret(self, make_client):
        assert repr(make_client(apiv3_key=APIV3_KEY)) == "<WeChatPay 1900000109>"

    def test_the_serial_comes_from_the_certificate(self, make_client, merchant_certificate):
        client = make_client(serial=..., merchant_cert=merchant_certificate.pem)

        assert client.serial == merchant_certificate.serial
        assert make_client(serial=client.serial, merchant_cert=merchant_certificate.pem).serial == client.serial
        with pytest.raises(ConfigurationError, match="serial: is not that of merchant_cert"):
            make_client(merchant_cert=merchant_certificate.pem)

    def test_a_key_elsewhere_signs_and_its_certificate_gives_the_serial(
        self, make_client, merchant_key, merchant_certificate
    ):
        class Remote:
            def sign(self, message):
                return merchant_key.sign(message, PKCS1v15(), SHA256())

        client = make_client(serial=..., private_key=Remote(), merchant_cert=merchant_certificate.pem)

        assert client.serial == merchant_certificate.serial
        with pytest.raises(ConfigurationError, match="merchant_cert="):
            client.v3.merchant.anything.post(json={}, security=True)

    def test_only_documented_names_are_attributes(self, client):
        with pytest.raises(AttributeError, match="did you mean 'encrypt'"):
            client.encyrpt
        with pytest.raises(AttributeError, match=r"client\['…'\]"):
            client.papay
        assert str(client.v2.pay) == "v2/pay"
        assert str(client["risk/x"]) == "risk/x"

    def test_the_package_gives_its_names_when_they_are_asked_for(self):
        for name in wechatpay.__all__:
            assert getattr(wechatpay, name) is not None
        with pytest.raises(AttributeError):
            wechatpay.nothing


class TestEnvironment:
    def test_from_env(self, monkeypatch, merchant_key, platform_key, tmp_path):
        key, public = tmp_path / "k.pem", tmp_path / "p.pem"
        key.write_bytes(merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        lines = {
            "MCHID": "1900000109",
            "SERIAL": SERIAL,
            "PRIVATE_KEY": str(key),
            "CERTS": f"{PLATFORM}={public}, ",
            "APIV3_KEY": APIV3_KEY,
            "BASE_URL": "http://127.0.0.1:9/",
            "CA": str(public),
        }
        for name, value in lines.items():
            monkeypatch.setenv(f"WECHATPAY_{name}", value)
        file = tmp_path / "sandbox.env"
        file.write_text("".join(f"WECHATPAY_{name}={value}\n" for name, value in lines.items()))
        with WeChatPay.from_env() as one, WeChatPay.from_env(file=file, retries=0) as two:
            assert one.base_url == two.base_url == "http://127.0.0.1:9/"
            assert one.certificates.default_serial == PLATFORM

    def test_from_file(self, merchant_key, tmp_path):
        key = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        file = tmp_path / "wechatpay.toml"
        file.write_text(
            f'[wechatpay]\nmchid = "1900000109"\nserial = "{SERIAL}"\nprivate_key = """{key}"""\napiv3_key = "{APIV3_KEY}"\n'
        )
        with WeChatPay.from_file(file) as client:
            assert client.mchid == "1900000109"

    def test_little_is_enough(self, monkeypatch):
        monkeypatch.setenv("SHOP_MCHID", "1900000109")
        with WeChatPay.from_env("SHOP_") as client:
            assert client.mchid == "1900000109"

    def test_certs_without_an_id_are_refused(self, monkeypatch):
        monkeypatch.setenv("SHOP_MCHID", "1")
        monkeypatch.setenv("SHOP_CERTS", "/path/only.pem")
        with pytest.raises(ConfigurationError, match="SHOP_CERTS: id=path"):
            WeChatPay.from_env("SHOP_")


class TestRequest:
    def test_query_and_variables(self, client, platform, web):
        web.add_callback("GET", re.compile(BASE + "v3/pay/transactions/id/.*"), platform.answer({}))
        client.v3.pay.transactions.id._transaction_id_.get(
            transaction_id="4200/值",
            params={
                "mchid": "1900000109",
                "none": None,
                "list": ["a b", None, 1],
                "true": True,
                "false": False,
                "decimal": Decimal("1E+1"),
                "when": datetime(2026, 1, 1, 2, tzinfo=timezone.utc),
                "day": date(2026, 1, 1),
            },
        )

        assert platform.requests[0].path_url == (
            "/v3/pay/transactions/id/4200%2F%E5%80%BC?mchid=1900000109&list=a%20b&list=1&true=true&false=false"
            "&decimal=10&when=2026-01-01T10%3A00%3A00%2B08%3A00&day=2026-01-01"
        )

    @pytest.mark.parametrize(
        "params",
        [{"a": 1.5}, {"a": b"x"}, {"a": Decimal("NaN")}, {"a": Decimal("1E+999999999")}, {1: "a"}, {"a": "\ud800"}],
    )
    def test_what_has_no_form_in_a_query(self, client, params):
        with pytest.raises(CodecError, match="params"):
            client.v3.certificates.get(params=params)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"jsn": {}}, "did you mean 'json'"),
            ({"json": {}, "data": b""}, "one body: json and data"),
            ({"json": {}, "xml": {}}, "one body"),
            ({"xml": {}}, "APIv3 speaks JSON"),
            ({"data": "text"}, "data: bytes"),
            ({"params": "a=1"}, "params: a mapping"),
            ({"json": {}, "stream": True}, "stream"),
            ({"files": {}, "data": b""}, "one body"),
        ],
    )
    def test_wrong_options_are_refused(self, client, options, message):
        with pytest.raises(TypeError, match=message):
            client.v3.pay.transactions.native.post(**options)

    def test_positional_bodies_are_refused_with_the_spelling(self, client):
        with pytest.raises(TypeError, match=r"post\(json="):
            client.v3.pay.transactions.native.post({"a": 1})

    def test_bytes_are_sent_as_they_are(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new/api", platform.answer({}))
        client.v3.new.api.post(data=bytearray(b"\x00raw"), headers={"Content-Type": "application/octet-stream"})

        assert platform.requests[0].body == b"\x00raw"
        assert platform.requests[0].headers["Content-Type"] == "application/octet-stream"

    def test_a_time_in_the_body(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new/api", platform.answer({}))
        client.v3.new.api.post(json={"time_expire": datetime(2026, 1, 1, 10, tzinfo=BEIJING)})

        assert platform.requests[0].body == b'{"time_expire":"2026-01-01T10:00:00+08:00"}'
        with pytest.raises(TypeError, match=r"time_expire: .*BEIJING"):
            client.v3.new.api.post(json={"time_expire": datetime(2026, 1, 1)})

    @pytest.mark.parametrize("yuan", [1.0, Decimal("1.00"), Decimal(1)])
    def test_yuan_in_a_field_of_fen_are_refused(self, client, yuan):
        """One yuan, kept as a Decimal as money is in many programs, would be sold for one fen."""
        with pytest.raises(CodecError, match=r"amount\.total: an integer is expected.*pass 100 for 1\.00 yuan"):
            client.v3.pay.transactions.native.post(json={"amount": {"total": yuan}})
        with pytest.raises(CodecError, match="total_fee: "):
            client.v2.pay.unifiedorder.post(xml={"total_fee": yuan})

    def test_a_float_elsewhere_is_a_number(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/pay/transactions/native", platform.answer({}))
        client.v3.pay.transactions.native.post(json={"rate": 1.5, "list": [0.5]})

        assert platform.requests[0].body == b'{"rate":1.5,"list":[0.5]}'

    def test_shorthand_calls_need_a_post_with_a_body(self, client):
        with pytest.raises(TypeError, match=r"use \.get\("):
            client.v3.certificates()
        with pytest.raises(TypeError, match="longer paths"):
            client.v3.pay()
        with pytest.raises(TypeError, match=r"did you mean \.post\("):
            client.v3.pay.transactions.native.psot(json={})
        with pytest.raises(TypeError, match="did you mean 'native'"):
            client.v3.pay.transactions.natiev(json={})
        with pytest.raises(TypeError, match="not in the catalogue"):
            client.v3.pay.transactions["{id}"](json={})

    def test_without_a_key_nothing_is_signed(self, make_client):
        with pytest.raises(ConfigurationError, match="private_key="):
            make_client(private_key=...).v3.certificates.get()

    def test_a_custom_signer_and_verifier(self, make_client, web):
        class Own:
            def __call__(self, request):
                request.headers["Authorization"] = "OWN"
                return request

            def verify(self, response):
                return None

        client = make_client(private_key=..., serial=..., signer=Own(), verifier=Own())
        web.post(BASE + "v3/new", json={"a": 1})

        assert client.v3.new.post(json={}).verified
        assert web.calls[0].request.headers["Authorization"] == "OWN"

    def test_a_brands_calls_are_signed_for_the_brand(self, make_client, platform, web):
        brand = make_client(mchid=..., brand_id="40001")
        web.add_callback("POST", BASE + "brand/store/brandstores", platform.answer({}))
        brand.brand.store.brandstores.post(json={})

        header = platform.requests[0].headers["Authorization"]
        assert header.startswith('WECHATPAY-BRAND-SHA256-RSA2048 brand_id="40001",')
        with pytest.raises(ConfigurationError, match="brand_id="):
            brand.v3.certificates.get()
        with pytest.raises(ConfigurationError, match="brand_id="):
            make_client().brand.store.brandstores.post(json={})


class TestAccessPoints:
    def test_the_default_and_its_backup(self, client, platform, web):
        web.get(BASE + "v3/new", body=requests.ConnectTimeout("slow"))
        web.add_callback("GET", "https://api2.mch.weixin.qq.com/v3/new", platform.answer({}))
        client._pipeline.sleep
        error = requests.ConnectTimeout("slow")
        assert isinstance(error, requests.ConnectionError)
        assert client.v3.new.get().verified

    def test_a_clients_own_keeps_all_calls(self, make_client, platform, web):
        client = make_client(base_url="http://127.0.0.1:8080/forward")
        web.add_callback("POST", "http://127.0.0.1:8080/forward/hk/v3/transactions/native", platform.answer({}))
        client.v3.transactions.native.post(json={})

        assert client.backup_url is None
        assert platform.requests[0].path_url == "/forward/hk/v3/transactions/native"

    def test_the_catalogues_required_one(self, client, platform, web):
        web.add_callback("POST", "https://api.mch.weixin.qq.com/hk/v3/transactions/native", platform.answer({}))

        assert client.v3.transactions.native.post(json={}).verified

    @pytest.mark.parametrize(
        ("base_url", "path"),
        [
            ("https://apihk.mch.weixin.qq.com/", "v3/global/certificates"),
            ("https://apius.mch.weixin.qq.com/", "v3/global/certificates"),
            ("https://forwarder.example/", "v3/certificates"),
        ],
    )
    def test_overseas_the_certificates_have_a_path_of_their_own(self, make_client, web, base_url, path):
        client = make_client(base_url=base_url, certs={}, apiv3_key=APIV3_KEY)
        web.get(base_url + path, json={"code": "RESOURCE_NOT_EXISTS"}, status=404)
        with pytest.raises(ChainableError):
            client.certificates.download()

        assert web.calls[0].request.url == base_url + path

    def test_a_calls_own_comes_first(self, client, platform, web):
        web.add_callback("POST", "https://apihk.mch.weixin.qq.com/v3/new", platform.answer({}))

        assert client.v3.new.post(json={}, base_url="https://apihk.mch.weixin.qq.com").verified


class TestSensitive:
    IDENTITY = {"real_name": "张三", "id_card_number": "11010119900101001X", "identity_type": "IDCARD"}

    def test_sensitive_values_leave_encrypted(self, client, platform, web):
        web.add_callback("POST", PRESIGN, platform.answer({"redirect_url": "https://x"}))
        identity = self.IDENTITY | {
            "real_name": Sensitive("张三"),
            "id_card_number": Sensitive("11010119900101001X"),
        }
        response = client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(json={"real_identity": identity})

        sent = json.loads(platform.requests[0].body)["real_identity"]
        assert platform.decrypt(sent["real_name"]) == "张三"
        assert platform.decrypt(sent["id_card_number"]) == "11010119900101001X"
        assert sent["identity_type"] == "IDCARD"
        assert platform.requests[0].headers["Wechatpay-Serial"] == PLATFORM
        assert response.data == {"redirect_url": "https://x"}

    def test_plain_text_is_refused_before_sending(self, client):
        with pytest.raises(CodecError, match=r"real_identity\.real_name: .*Sensitive"):
            client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(json={"real_identity": self.IDENTITY})

    def test_who_names_the_key_has_encrypted(self, client, platform, web):
        web.add_callback("POST", PRESIGN, platform.answer({}))
        client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(
            json={"real_identity": self.IDENTITY}, headers={"wechatpay-serial": PLATFORM}
        )

        assert json.loads(platform.requests[0].body)["real_identity"] == self.IDENTITY
        assert platform.requests[0].headers["Wechatpay-Serial"] == PLATFORM

    def test_encrypt_gives_a_ciphertext_that_knows_its_key(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer({}))
        sealed = client.encrypt("张三")
        client.v3.new.post(json={"name": sealed})

        assert platform.decrypt(json.loads(platform.requests[0].body)["name"]) == "张三"
        assert sealed.serial == PLATFORM
        assert "张三" not in repr(sealed)
        assert pickle.loads(pickle.dumps(sealed)).serial == PLATFORM

    def test_a_ciphertext_decides_the_key_even_when_it_comes_last(
        self, make_client, platform_key, merchant_key, platform, web
    ):
        client = make_client(certs={PLATFORM: platform_key.public_key(), "PUB_KEY_ID_2": merchant_key.public_key()})
        web.add_callback("POST", BASE + "v3/new", platform.answer({}))
        client.v3.new.post(json={"a": Sensitive("x"), "b": Ciphertext("c2VhbGVk", serial="PUB_KEY_ID_2")})

        request = platform.requests[0]
        sealed = base64.b64decode(json.loads(request.body)["a"])
        assert request.headers["Wechatpay-Serial"] == "PUB_KEY_ID_2"
        assert merchant_key.decrypt(sealed, OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)) == b"x"

    def test_two_keys_in_one_call_are_refused(self, make_client, platform_key, merchant_key):
        client = make_client(certs={PLATFORM: platform_key.public_key(), "PUB_KEY_ID_2": merchant_key.public_key()})
        one, two = client.encrypt("a", serial=PLATFORM), client.encrypt("b", serial="PUB_KEY_ID_2")
        with pytest.raises(CodecError, match="b: is encrypted for PUB_KEY_ID_2"):
            client.v3.new.post(json={"a": one, "b": two})
        with pytest.raises(CodecError, match="one call has one key"):
            client.v3.new.post(params={"name": Sensitive("x")}, json={"b": two})
        with pytest.raises(CodecError, match="one call has one key"):
            client.v3.new.post(json={"a": one}, headers={"Wechatpay-Serial": "PUB_KEY_ID_2"})

    def test_keys_the_store_lacks_are_refused(self, client):
        with pytest.raises(UnknownKeyError):
            client.v3.new.post(json={"a": Ciphertext("x", serial="PUB_KEY_ID_9")})
        with pytest.raises(UnknownKeyError):
            client.v3.new.post(json={}, headers={"Wechatpay-Serial": "PUB_KEY_ID_9"})
        with pytest.raises(UnknownKeyError):
            client.encrypt("x", serial="PUB_KEY_ID_9")

    def test_too_long_a_text_is_reported(self, client):
        with pytest.raises(CodecError, match="name: .*214"):
            client.v3.new.post(json={"name": Sensitive("x" * 215)})
        with pytest.raises(ValueError, match="214"):
            client.encrypt("x" * 215)
        with pytest.raises(CodecError, match="surrogate"):
            client.v3.new.post(json={"name": Sensitive("\ud800")})

    def test_sensitive_values_in_the_query(self, client, platform, web):
        web.add_callback("GET", re.compile(BASE + "v3/new.*"), platform.answer({}))
        client.v3.new.get(params={"name": Sensitive("张三"), "sealed": client.encrypt("李四")})

        assert platform.decrypt(platform.requests[0].params["name"]) == "张三"
        assert platform.decrypt(platform.requests[0].params["sealed"]) == "李四"

    def test_the_value_itself_stays_hidden(self):
        value = Sensitive("张三")

        assert "张三" not in repr(value)
        assert value == Sensitive("张三")
        assert value != "张三"
        assert len({value, Sensitive("张三")}) == 1
        with pytest.raises(TypeError):
            pickle.dumps(value)
        with pytest.raises(TypeError):
            Sensitive(1)

    def test_answers_are_opened_on_request(self, client, platform, web, merchant_key):
        oaep = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
        sealed = base64.b64encode(merchant_key.public_key().encrypt("张三".encode(), oaep)).decode()

        assert client.decrypt(sealed) == "张三"
        data = {"list": [{"name": sealed, "other": "x"}], "inner": {"name": ""}, "absent": None}
        fields = {"list": {"name": "rsa"}, "inner": {"name": "rsa"}, "absent": {"name": "rsa"}, "none": {"name": "rsa"}}
        assert decrypt_fields(lambda: merchant_key, fields, data)["list"] == [{"name": "张三", "other": "x"}]
        assert data["list"][0]["name"] == sealed
        for broken in ("no base64!", base64.b64encode(b"x" * 256).decode()):
            with pytest.raises(wechatpay.client.Client and Exception, match="field|ciphertext"):
                client.decrypt(broken)
        not_text = base64.b64encode(merchant_key.public_key().encrypt(b"\xff", oaep)).decode()
        with pytest.raises(Exception, match="UTF-8"):
            client.decrypt(not_text)

    def test_without_the_key_nothing_is_opened(self, make_client):
        with pytest.raises(ConfigurationError, match="private_key="):
            make_client(private_key=...).decrypt("x")

    def test_decrypted_gives_the_answer_opened(self, client, platform, web):
        web.add_callback("GET", BASE + "v3/new", platform.answer({"a": 1}))

        assert client.v3.new.get().decrypted() == {"a": 1}


class TestAnswer:
    @pytest.mark.parametrize(
        ("body", "kind", "data"),
        [
            (b'{"a": 12345678901234567890}', "application/json", {"a": 12345678901234567890}),
            (b'{"media_id": "x"}', "text/plain", {"media_id": "x"}),
            (b" [1]", "text/plain", [1]),
            (b"{not json", "text/plain", b"{not json"),
            (b"plain", "text/plain", b"plain"),
            (b"", "application/json", None),
        ],
    )
    def test_data_is_decoded_by_what_it_is(self, client, platform, web, body, kind, data):
        web.add_callback("GET", BASE + "v3/new", platform.answer(body, headers={"Content-Type": kind}))
        response = client.v3.new.get()

        assert response.data == data
        assert response.request_id == "08F2-268443699"
        assert not response.pending

    def test_a_broken_body_is_said(self, client, platform, web):
        web.add_callback("GET", BASE + "v3/new", platform.answer(b"{broken"))
        with pytest.raises(CodecError, match="not JSON"):
            client.v3.new.get()
        web.add_callback(
            "GET", BASE + "v3/certificates", platform.answer(b"{broken", headers={"Content-Type": "text/plain"})
        )
        with pytest.raises(CodecError):
            client.v3.certificates.get()

    def test_taken_but_not_done(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer({}, 202))

        assert client.v3.new.post(json={}).pending

    def test_the_clock_is_learnt(self, client, platform, web):
        for text, offset in (("Tue, 14 Nov 2023 22:13:30 GMT", 10.0), ("nonsense", 10.0), (None, 10.0)):
            web.add_callback("GET", BASE + "v3/new", platform.answer({}, headers={"Date": text}))
            client.v3.new.get()
            assert client.clock_offset == offset
            web.reset()


class TestVerification:
    @pytest.mark.parametrize(
        ("headers", "reason"),
        [
            ({"Wechatpay-Signature": None}, "missing"),
            ({"Wechatpay-Serial": None}, "missing"),
            ({"Wechatpay-Timestamp": str(NOW - 301)}, "stale"),
            ({"Wechatpay-Timestamp": str(NOW + 301)}, "stale"),
            ({"Wechatpay-Timestamp": "soon"}, "stale"),
            ({"Wechatpay-Timestamp": "9" * 400}, "stale"),
            ({"Wechatpay-Serial": "PUB_KEY_ID_9"}, "unknown_key"),
            ({"Wechatpay-Nonce": "other"}, "mismatch"),
            ({"Wechatpay-Signature": "AAAA"}, "mismatch"),
            ({"Wechatpay-Signature": "A"}, "mismatch"),
            ({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/x"}, "probe"),
        ],
    )
    def test_each_forgery_has_its_reason(self, client, platform, web, headers, reason):
        web.add_callback("GET", BASE + "v3/new", platform.answer({"a": 1}, headers=headers))
        with pytest.raises(SignatureError) as caught:
            client.v3.new.get()

        assert caught.value.reason == reason
        assert caught.value.response.status_code == 200
        assert not isinstance(caught.value, requests.RequestException)

    def test_a_changed_body(self, client, platform, web):
        headers = platform.headers(b'{"a":1}')
        web.get(BASE + "v3/new", body=b'{"a": 1}', headers=headers)
        with pytest.raises(SignatureError, match="does not match"):
            client.v3.new.get()

    def test_time_may_differ_by_five_minutes(self, client, platform, web):
        body = b"{}"
        web.get(BASE + "v3/new", body=body, headers=platform.headers(body, timestamp=NOW - 300))

        assert client.v3.new.get().verified

    def test_an_empty_body_is_signed_too(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer(None, 204))
        response = client.v3.new.post(json={})

        assert response.verified
        assert response.data is None


class TestRefusals:
    def test_an_error_says_what_to_do(self, client, platform, web):
        web.add_callback(
            "POST",
            INSURANCE,
            platform.answer(
                {
                    "code": "PARAM_ERROR",
                    "message": "参数错误",
                    "detail": {"field": "openid", "issue": "格式", "location": "body"},
                },
                400,
            ),
        )
        with pytest.raises(APIError) as caught:
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER)
        error = caught.value

        assert (error.code, error.status_code, error.verified, error.retryable) == ("PARAM_ERROR", 400, True, False)
        assert error.detail["field"] == "openid"
        assert error.request_id == "08F2-268443699"
        for text in (
            "POST v3/hire-power-bank/insurance-orders",
            "参数错误",
            "correct the field",
            "创建保险订单",
            "https://",
            "268443699",
        ):
            assert text in str(error)
        assert pickle.loads(pickle.dumps(error)).code == "PARAM_ERROR"

    @pytest.mark.parametrize(
        ("status", "body", "text"),
        [
            (
                502,
                b"<html>Bad Gateway</html>",
                "without the platform's error form (text/html, 24 bytes); try again later",
            ),
            (302, b"", "something in between"),
            (400, b"[]", "without the platform's error form"),
        ],
    )
    def test_answers_from_something_in_between(self, client, web, status, body, text):
        web.post(
            BASE + "v3/new",
            status=status,
            body=body,
            headers={"Content-Type": "text/html", "Location": "https://elsewhere/"},
        )
        with pytest.raises(APIError) as caught:
            client.v3.new.post(json={})

        assert text in str(caught.value)
        assert "not signed" in str(caught.value)
        assert not caught.value.verified
        assert caught.value.code == str(status)
        assert caught.value.retryable is (status >= 500)
        assert len(web.calls) == 1

    def test_a_forged_error_is_a_forgery(self, client, platform, web):
        web.add_callback(
            "POST", BASE + "v3/new", platform.answer({"code": "X"}, 400, headers={"Wechatpay-Nonce": "other"})
        )
        with pytest.raises(SignatureError):
            client.v3.new.post(json={})

    def test_verbs_the_catalogue_knows_are_named(self, client, platform, web):
        for verb, path in (("DELETE", "v3/certificates"), ("GET", "v3/brand/new"), ("GET", "v3/certificates")):
            web.add_callback(verb, BASE + path, platform.answer({"code": "NOT_FOUND"}, 404))
        with pytest.raises(APIError, match="the catalogue knows GET here, not DELETE"):
            client.v3.certificates.delete()
        with pytest.raises(APIError, match="does not know this path"):
            client.v3.brand.new.get()
        with pytest.raises(APIError) as caught:
            client.v3.certificates.get()
        assert "the catalogue" not in str(caught.value)

    def test_busy_answers_are_repeated_where_that_is_safe(self, make_client, platform, web):
        client = make_client(retries=1)
        web.add_callback(
            "GET", BASE + "v3/new", platform.answer({"code": "FREQUENCY_LIMITED"}, 429, headers={"Retry-After": "0"})
        )
        with pytest.raises(APIError) as caught:
            client.v3.new.get()

        assert caught.value.retry_after == 0
        assert len(platform.requests) == 2

    def test_a_payment_is_repeated_by_its_number_only(self, make_client, platform, web):
        client = make_client(retries=1)
        limited = platform.answer({"code": "SYSTEM_ERROR"}, 500, headers={"Retry-After": "0"})
        web.add_callback("POST", BASE + "v3/pay/transactions/native", limited)
        for body, count in (({"out_trade_no": "1"}, 2), ({"out_trade_no": ""}, 1), ({}, 1)):
            platform.requests.clear()
            with pytest.raises(APIError):
                client.v3.pay.transactions.native.post(json=body)
            assert len(platform.requests) == count

    def test_unknown_posts_are_never_repeated(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer({"code": "SYSTEM_ERROR"}, 500))
        with pytest.raises(APIError):
            client.v3.new.post(json={"out_trade_no": "1"})

        assert len(platform.requests) == 1


class TestSignError:
    def refused(self, client, platform, web, message, length=None, **changes):
        body = {
            "code": "SIGN_ERROR",
            "message": "签名错误",
            "detail": {
                "detail": {"issue": "sign not match"},
                "sign_information": {"truncated_sign_message": message, "sign_message_length": length} | changes,
            },
        }
        web.add_callback("POST", BASE + "v3/new", platform.answer(body, 401))
        with pytest.raises(APIError) as caught:
            client.v3.new.post(json={"name": "值"}, params={"q": "1"})
        assert "值" not in pickle.loads(pickle.dumps(caught.value)).explain()
        return caught.value.comparison()

    OURS = 'POST\n/v3/new?q=1\n1700000000\n593BEC0C930BF1AFEB40B4A08C8FB242\n{"name":"值"}\n'

    @pytest.mark.parametrize(
        ("theirs", "text"),
        [
            ("POST\n/v3/new\n170", "The target differs from character 8 on"),
            ("POST\n/v3/new\n170", "signed '?q=1', received nothing"),
            ("PUT\n/v3/new?q=1\n", "The verb differs"),
            ("POST\n/v3/new?q=1\n1700000001\n", "The timestamp differs"),
            ("POST\n/v3/new?q=1\n1700000000\nOTHER\n", "The nonce differs"),
            (OURS.replace('"name":', '"name": '), "The body differs from character 9 on"),
            (OURS[:-4], "The platform checked the very message"),
            ("POST\n/v3/n", "The platform checked the very message"),
            (OURS, "serial="),
        ],
    )
    def test_the_line_that_differs_is_named(self, client, platform, web, theirs, text):
        assert text in self.refused(client, platform, web, theirs)

    def test_the_explanation_is_written_in_chinese_as_well(self, client, platform, web):
        result = self.refused(client, platform, web, "POST\n/v3/new\n170")

        assert result.zh.startswith(
            "路径与参数从第 8 个字符起不同：签名的是 '?q=1'，平台收到的是 空。可能的原因：路径或查询参数"
        )
        assert pickle.loads(pickle.dumps(result)).zh == result.zh

    def test_a_different_length_is_reported(self, client, platform, web):
        assert "checked 999 bytes" in self.refused(client, platform, web, self.OURS[:20], 999)

    def test_without_information_the_causes_are_listed(self, client, platform, web):
        web.add_callback("POST", BASE + "v3/new", platform.answer({"code": "SIGN_ERROR", "detail": {"a": []}}, 401))
        with pytest.raises(APIError) as caught:
            client.v3.new.post(json={})

        assert "did not say what it checked" in caught.value.explain()

    def test_a_custom_signer_explains_nothing(self, make_client, platform, web):
        class Own(RSASigner):
            def __call__(self, r):
                return r

        client = make_client(signer=Own("1", SERIAL, None))

        assert "does not record" in self.refused(client, platform, web, "POST")


class TestSeenInOperation:
    SECRETS = ("SECRET", "张三", APIV3_KEY, "openid-1")

    def test_no_secret_anywhere(self, make_client, platform, web, caplog, merchant_key):
        caplog.set_level(logging.DEBUG)
        attempts = []
        client = make_client(apiv3_key=APIV3_KEY, on_attempt=attempts.append)
        pem = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        web.add_callback("POST", re.compile(BASE + ".*"), platform.answer({"code": "X", "message": "no"}, 400))
        web.get(re.compile(BASE + ".*"), body=requests.ConnectionError("SECRET in url"))
        seen = []

        def attempt(work):
            try:
                work()
            except Exception as error:
                seen.extend([str(error), repr(error), pickle.dumps(error).decode("latin-1")])

        node = client.v3.new["openid-1"]
        attempt(
            lambda: node.post(
                json={"name": "张三", "id": Sensitive("SECRET")}, params={"q": "SECRET"}, headers={"X": "SECRET"}
            )
        )
        attempt(lambda: client.v3.pay.transactions.id._transaction_id_.get(transaction_id="openid-1", retries=0))
        attempt(lambda: node.post(json={"name": "张三"}, jsn="SECRET"))
        attempt(lambda: node.post(json={"name": float("nan"), "x": "SECRET"}))
        attempt(lambda: client.chain("v3/SECRET SECRET"))
        attempt(lambda: client.decrypt("SECRET"))
        attempt(lambda: make_client(apiv3_key="SECRET"))
        attempt(lambda: make_client(private_key=pem.replace("A", "SECRET", 3)))
        seen += [
            repr(attempts),
            repr(client),
            repr(client.settings),
            repr(client.settings.signer),
            repr(client.settings.verifier),
        ]
        ours = [
            record.getMessage() for record in caplog.records if record.name.split(".")[0] in {"wechatpay", "chainable"}
        ]

        assert len(attempts) == 2
        assert len(ours) == 2
        for text in seen + ours:
            for secret in self.SECRETS:
                assert secret.encode().decode("latin-1") not in text
                assert secret not in text

    def test_errors_name_the_template(self, client, web):
        web.get(re.compile(BASE + ".*"), body=requests.ReadTimeout("late"))
        with pytest.raises(
            requests.ReadTimeout, match=r"GET v3/pay/transactions/id/\{transaction_id\} at api\.mch"
        ) as caught:
            client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200", retries=0)

        assert caught.value.maybe_sent


class TestValues:
    @pytest.mark.parametrize("value", ["..", "", "."])
    def test_values_that_change_the_path(self, client, value):
        with pytest.raises(PathError):
            client.v3.pay.transactions.id._transaction_id_.get(transaction_id=value)

    def test_other_keywords_are_refused_with_the_nearest(self, client):
        with pytest.raises(TypeError, match="'transactionid' is neither .* did you mean 'transaction_id'"):
            client.v3.pay.transactions.id._transaction_id_.get(transaction_id="1", transactionid="2")


class TestRepeatable:
    """The fields that identify a request, by the reviewed table."""

    @pytest.mark.parametrize(
        ("written", "options", "count"),
        [
            (
                lambda c: c.v3.pay.transactions.out_trade_no._out_trade_no_.close,
                {"out_trade_no": "1", "json": {"mchid": "1"}},
                2,
            ),
            (lambda c: c["v3/pay/transactions/out-trade-no/1/close"], {"json": {"mchid": "1"}}, 2),
            (lambda c: c.v3.refund.domestic.refunds, {"json": {"out_refund_no": "1"}}, 2),
            (lambda c: c.v3.refund.domestic.refunds, {"json": {"out_refund_no": None}}, 1),
            (lambda c: c.v3.refund.domestic.refunds, {"json": [1]}, 1),
        ],
    )
    def test_by_path_or_body(self, make_client, platform, web, written, options, count):
        client = make_client(retries=1)
        answer = platform.answer({"code": "SYSTEM_ERROR"}, 500, headers={"Retry-After": "0"})
        web.add_callback("POST", re.compile(BASE + ".*"), answer)
        with pytest.raises(APIError):
            written(client).post(**options)

        assert len(platform.requests) == count
