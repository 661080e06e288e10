"""
What users suffer from when the platform calls them: each pain first, in the code people write, then the cure.

The numbers are those of the guide's table of pains.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from flask import Flask, request

import wechatpay
from chainable.deduplication import MemoryStore, RedisStore
from chainable.errors import (
    APIError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    SignatureError,
    UnknownKeyError,
)
from tests.wechatpay.platform_side import APIV3_KEY, NOW, SECRET, Platform
from wechatpay import Merchants, PlatformCertificates, WeChatPay
from wechatpay.crypto.aes import APIv3Key
from wechatpay.notifications.flask import handler

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from redis import Redis

SERIAL = "0A75B6A45ACD588826D15E583A95F5DD01020304"
PAID = {"out_trade_no": "1217752501201407033233368018", "mchid": "1900000109"}


@pytest.fixture(scope="module")
def by_public_key(platform_key: RSAPrivateKey) -> Platform:
    """The platform, signing with its public key's pair."""
    return Platform(platform_key)


@pytest.fixture(scope="module")
def by_certificate(merchant_key: RSAPrivateKey) -> Platform:
    """The same platform, signing with the key of its certificate."""
    return Platform(merchant_key, SERIAL)


@pytest.fixture(scope="module")
def certificate(merchant_key: RSAPrivateKey) -> x509.Certificate:
    """The platform's certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA")])
    start = datetime.fromtimestamp(NOW, timezone.utc) - timedelta(days=30)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(merchant_key.public_key())
        .serial_number(int(SERIAL, 16))
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=5 * 365))
        .sign(merchant_key, hashes.SHA256())
    )


def made(**settings: Any) -> WeChatPay:
    """A merchant's client at the time of :data:`NOW`."""
    return WeChatPay(
        **{"mchid": "1900000109", "apiv3_key": APIV3_KEY, "secret": SECRET, "clock": lambda: NOW} | settings
    )


@pytest.fixture
def client(by_public_key: Platform, certificate: x509.Certificate) -> WeChatPay:
    """A client in the middle of the migration: it has both keys."""
    return made(certs={by_public_key.serial: by_public_key.key.public_key(), SERIAL: certificate})


def naive_check(key: Any, headers: Any, body: bytes) -> None:
    """Typical user code: no time, no serial, one key."""
    message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    key.verify(base64.b64decode(headers["Wechatpay-Signature"]), message, PKCS1v15(), hashes.SHA256())


class TestKeys:
    def test_pain_2_public_key_only_merchants_learn_where_to_look(self) -> None:
        """A new merchant that downloads certificates gets a bare 404: the error says which key to get, and where."""
        refusal = APIError("RESOURCE_NOT_EXISTS", code="RESOURCE_NOT_EXISTS", status_code=404)
        assert "PUB_KEY_ID" not in str(refusal)

        def fetch(_: str | None) -> Any:
            raise refusal

        store = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY))

        with pytest.raises(ConfigurationError, match=r"账户中心 > API安全 > 微信支付公钥.*certs=\{'PUB_KEY_ID_"):
            store.download()

    def test_pain_3_either_key_may_sign(
        self, client: WeChatPay, by_public_key: Platform, by_certificate: Platform
    ) -> None:
        """For a week both kinds of callback come: whoever holds one key refuses every second one."""
        body = by_public_key.body(PAID)
        naive_check(by_public_key.key.public_key(), by_public_key.headers(body), body)
        with pytest.raises(InvalidSignature):
            naive_check(by_public_key.key.public_key(), by_certificate.headers(body), body)

        for platform in (by_public_key, by_certificate):
            assert client.notifications.parse(platform.headers(body), body).resource == PAID

    def test_pain_3_a_serial_is_not_a_number(self, client: WeChatPay, by_public_key: Platform) -> None:
        """Converting the serial to an integer breaks on the id of a public key."""
        body = by_public_key.body(PAID)
        headers = by_public_key.headers(body)
        with pytest.raises(ValueError, match="invalid literal"):
            int(headers["Wechatpay-Serial"], 16)

        assert client.notifications.parse(headers, body).resource == PAID

    def test_pain_6_a_leading_zero_is_part_of_the_serial(self, client: WeChatPay, by_certificate: Platform) -> None:
        """Written from the number, the serial is one digit short, and no key stands under it."""
        assert f"{int(SERIAL, 16):X}" != SERIAL

        assert SERIAL in client.certificates.serials
        body = by_certificate.body(PAID)
        assert client.notifications.parse(by_certificate.headers(body), body).resource == PAID

    def test_pain_6_the_merchants_serial_is_not_the_platforms(self, certificate: x509.Certificate) -> None:
        """The merchant's own certificate among the platform's: accepted elsewhere, until nothing verifies."""
        with pytest.raises(ConfigurationError, match="the merchant's own certificate"):
            made(certs={SERIAL: certificate}, serial=SERIAL)


class TestBodies:
    @pytest.mark.parametrize("route", ["naive", "cure"])
    def test_pain_4_the_bytes_that_were_sent(self, client: WeChatPay, by_public_key: Platform, route: str) -> None:
        """A view that parses and serializes again has other bytes: refused with the reason."""
        app = Flask("shop")
        errors: list[SignatureError] = []

        @app.post("/naive")
        def naive() -> Any:
            try:
                client.notifications.parse(request.headers, json.dumps(request.get_json()).encode())
            except SignatureError as error:
                errors.append(error)
                return "", 401
            return "", 204

        app.post("/cure")(handler(client, MemoryStore())(lambda _: None))
        body = by_public_key.body(PAID)

        with app.test_client() as browser:
            status = browser.post(f"/{route}", data=body, headers=by_public_key.headers(body)).status_code

        assert status == {"naive": 401, "cure": 204}[route]
        assert ["parsed and written again" in str(error) for error in errors] == [True] * (route == "naive")

    @pytest.mark.parametrize("body", ["{}", {"id": "EV-1"}])
    def test_pain_4_text_and_objects_are_not_what_was_sent(self, client: WeChatPay, body: Any) -> None:
        with pytest.raises(TypeError, match=r"request\.get_data\(\).*request\.body.*await request\.body\(\)"):
            client.notifications.parse({}, body)

    def test_pain_10_which_key_does_not_open(self, client: WeChatPay, by_public_key: Platform) -> None:
        """The cipher says nothing at all; the error says which key is meant, and that an old one may still count."""
        other = Platform(by_public_key.key, apiv3_key="f" * 32)
        body = other.body(PAID)
        sealed = json.loads(body)["resource"]
        with pytest.raises(InvalidTag) as nothing:
            AESGCM(APIV3_KEY.encode()).decrypt(
                sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), b"transaction"
            )
        assert str(nothing.value) == ""

        with pytest.raises(DecryptionError, match=r"APIv3 key, not the APIv2 key.*apiv3_key=\(new, old\)"):
            client.notifications.parse(other.headers(body), body)

    def test_pain_10_both_keys_during_a_reset(self, by_public_key: Platform) -> None:
        old = Platform(by_public_key.key, apiv3_key="f" * 32)
        client = made(certs={old.serial: old.key.public_key()}, apiv3_key=(APIV3_KEY, "f" * 32))

        for platform in (by_public_key, old):
            body = platform.body(PAID)
            assert client.notifications.parse(platform.headers(body), body).resource == PAID


class TestOnce:
    def test_pain_15_duplicates_within_a_second(
        self, client: WeChatPay, by_public_key: Platform, redis_server: Redis
    ) -> None:
        """Two deliveries at once both find the order unpaid; with a claim, one of them books."""
        body = by_public_key.body(PAID)
        notification = client.notifications.parse(by_public_key.headers(body), body)
        both_have_looked = threading.Barrier(2)
        booked: list[str] = []
        refused: list[InProgress] = []

        def naively() -> None:
            if not booked:
                both_have_looked.wait(30)
                booked.append("naive")

        inside, leave = threading.Event(), threading.Event()

        def claiming() -> None:
            with client.notifications.once(notification, RedisStore(redis_server)) as first:
                assert first
                inside.set()
                assert leave.wait(30)
                booked.append("claimed")

        in_threads(naively, naively)
        assert booked == ["naive", "naive"]

        worker = threading.Thread(target=claiming)
        worker.start()
        assert inside.wait(30)
        with (
            pytest.raises(InProgress) as caught,
            client.notifications.once(notification, RedisStore(redis_server)),
        ):
            booked.append("twice")
        refused.append(caught.value)
        leave.set()
        worker.join()
        with client.notifications.once(notification, RedisStore(redis_server)) as first:
            assert first is False
        assert booked == ["naive", "naive", "claimed"]

    def test_pain_15_a_crash_loses_nothing(
        self, client: WeChatPay, by_public_key: Platform, redis_server: Redis
    ) -> None:
        """A mark set before the work is done swallows the payment of a worker that dies; a lease runs out."""
        body = by_public_key.body(PAID)
        notification = client.notifications.parse(by_public_key.headers(body), body)
        redis_server.set("seen:" + notification.id, 1)  # the naive mark, and then the worker dies
        assert redis_server.set("seen:" + notification.id, 1, nx=True) is None

        store = RedisStore(redis_server)
        claim = "chainable:once:wechatpay:1900000109:" + notification.id
        dying = client.notifications.once(notification, store, lease=600)
        assert dying.__enter__() is True  # and is never left
        with pytest.raises(InProgress), client.notifications.once(notification, store):
            pytest.fail("two workers")
        assert 0 < redis_server.pttl(claim) <= 600_000
        redis_server.pexpire(claim, 1)  # ten minutes pass
        while redis_server.exists(claim):
            time.sleep(0.01)
        with client.notifications.once(notification, store) as first:
            assert first is True

    def test_pain_15_acknowledgements_the_platform_takes(self) -> None:
        """Line breaks in the XML, or a framework's 201, make it repeat what was handled."""
        pretty = b"<xml>\n  <return_code><![CDATA[SUCCESS]]></return_code>\n</xml>"
        assert b"\n" in pretty

        assert b"\n" not in wechatpay.accept.v2().body
        assert b" " not in wechatpay.accept.v2().body
        assert wechatpay.accept().status in {200, 204}
        assert wechatpay.reject("later").status == 500
        with pytest.raises(ValueError, match="not after 201"):
            wechatpay.reject("later", status=201)


def in_threads(*deeds: Any) -> None:
    threads = [threading.Thread(target=deed) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestMerchants:
    def test_pain_20_callbacks_of_many_merchants(self, by_public_key: Platform, by_certificate: Platform) -> None:
        """One URL for all tenants, and nothing readable says whose a callback is: the keys do."""
        other = Platform(by_certificate.key, "PUB_KEY_ID_0119000001102026010100000000000001", "f" * 32)
        body = other.body({"mchid": "1900000110"})
        assert b"1900000110" not in body

        north = made(certs={by_public_key.serial: by_public_key.key.public_key()})
        south = made(
            mchid="1900000110", certs={other.serial: other.key.public_key()}, apiv3_key="f" * 32, secret="x" * 32
        )
        with pytest.raises(SignatureError):
            north.notifications.parse(other.headers(body), body)

        found, notification = Merchants([north, south]).parse(other.headers(body), body)

        assert found is south
        assert notification.resource == {"mchid": "1900000110"}


class TestV2:
    FIELDS = {"mch_id": "1900000109", "nonce_str": "n", "transaction_id": "1", "total_fee": "1"}

    def test_pain_25_a_missing_sign_does_not_pass(self, client: WeChatPay, by_public_key: Platform) -> None:
        """Code that checks a sign "if there is one" takes every forgery without one."""
        forged = by_public_key.xml(self.FIELDS, sign_type=None)
        assert b"sign" not in forged

        with pytest.raises(SignatureError) as caught:
            client.notifications.parse({}, forged)

        assert caught.value.reason == "missing"

    def test_pain_25_not_everything_is_md5(self, client: WeChatPay, by_public_key: Platform) -> None:
        """Without sign_type most code takes MD5, and refuses good notifications signed by HMAC."""
        body = by_public_key.xml(self.FIELDS, sign_type="HMAC-SHA256")
        text = "&".join(f"{name}={self.FIELDS[name]}" for name in sorted(self.FIELDS))
        naive = hashlib.md5(f"{text}&key={SECRET}".encode()).hexdigest().upper()
        assert naive.encode() not in body

        assert client.notifications.parse({}, body).resource["total_fee"] == "1"

    def test_pain_25_refunds_come_sealed_and_unsigned(self, client: WeChatPay, by_public_key: Platform) -> None:
        fields = {"mch_id": "1900000109", "req_info": by_public_key.req_info("<root><refund_id>5</refund_id></root>")}
        body = by_public_key.xml(fields, sign_type=None)
        assert b"refund_id" not in body

        assert client.notifications.parse({}, body).resource == {"refund_id": "5"}


class TestDefects:
    """Each a defect of a Python package in use today, which must not come back here."""

    def test_wechatpayv3_5_certificates_are_verified(self, certificate: x509.Certificate) -> None:
        """The list of certificates is opened, and its signature is not looked at."""
        sealed = AESGCM(APIV3_KEY.encode()).encrypt(b"d215b0511e9c", certificate.public_bytes(Encoding.PEM), None)
        box = {"nonce": "d215b0511e9c", "ciphertext": base64.b64encode(sealed).decode()}
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps({"data": [{"serial_no": SERIAL, "encrypt_certificate": box}]}).encode()
        opened = APIv3Key(APIV3_KEY).open(box["ciphertext"], box["nonce"])
        assert x509.load_pem_x509_certificate(opened) == certificate

        store = PlatformCertificates(fetch=lambda _: response, apiv3_key=APIv3Key(APIV3_KEY), clock=lambda: NOW)

        with pytest.raises(SignatureError) as caught:
            store.download()
        assert caught.value.reason == "missing"
        assert store.serials == ()

    def test_wechatpayv3_5_a_failed_refresh_empties_nothing(self, certificate: x509.Certificate) -> None:
        """The list is emptied before the refresh: one that fails leaves the process without a key."""

        class Naive:
            def __init__(self) -> None:
                self.keys = {SERIAL: certificate.public_key()}

            def refresh(self, fetch: Any) -> None:
                self.keys = {}
                self.keys = fetch()

        def fail(*_: Any) -> Any:
            msg = "down"
            raise ConnectionError(msg)

        naive = Naive()
        with pytest.raises(ConnectionError):
            naive.refresh(fail)
        assert naive.keys == {}

        store = PlatformCertificates(
            {SERIAL: certificate.public_bytes(Encoding.PEM)},
            fetch=fail,
            apiv3_key=APIv3Key(APIV3_KEY),
            clock=lambda: NOW,
        )
        with pytest.raises(ConnectionError):
            store.download()
        assert store[SERIAL] == certificate.public_key()

    def test_wechatpayv3_5_validity_is_looked_at_all_the_time(self, certificate: x509.Certificate) -> None:
        """Validity is looked at when the certificate is loaded, and never again."""
        now = float(NOW)
        store = PlatformCertificates({SERIAL: certificate}, clock=lambda: now)
        assert store[SERIAL]
        now += 6 * 365 * 86400

        with pytest.raises(UnknownKeyError):
            store[SERIAL]

    @pytest.mark.parametrize("reason", ["stale", "mismatch", "missing", "unknown_key"])
    def test_wechatpayv3_6_failures_are_distinguished(
        self, client: WeChatPay, by_public_key: Platform, reason: str
    ) -> None:
        """No window for the time, and every failure is None: a wrong key and a forgery look alike."""
        body = by_public_key.body(PAID)
        headers = {
            "stale": by_public_key.headers(body, timestamp=str(NOW - 1200)),
            "mismatch": by_public_key.headers(body, signature=base64.b64encode(bytes(256)).decode()),
            "missing": {},
            "unknown_key": by_public_key.headers(body, serial="AB" * 20),
        }[reason]
        if reason == "stale":
            naive_check(by_public_key.key.public_key(), headers, body)  # twenty minutes old, and taken

        with pytest.raises(SignatureError) as caught:
            client.notifications.parse(headers, body)

        assert caught.value.reason == reason

    def test_wechatpayv3_11_headers_in_any_case(self, client: WeChatPay, by_public_key: Platform) -> None:
        body = by_public_key.body(PAID)
        lower = {name.lower(): value for name, value in by_public_key.headers(body).items()}
        with pytest.raises(KeyError):
            naive_check(by_public_key.key.public_key(), lower, body)

        assert client.notifications.parse(lower, body).resource == PAID

    def test_wechatpy_1_sealed_is_not_signed(self, client: WeChatPay, by_public_key: Platform) -> None:
        """Opening without looking at the signature takes what was sealed once and sent again by anybody."""
        body = by_public_key.body(PAID)
        sealed = json.loads(body)["resource"]
        replayed = AESGCM(APIV3_KEY.encode()).decrypt(
            sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), b"transaction"
        )
        assert json.loads(replayed) == PAID

        with pytest.raises(SignatureError):
            client.notifications.parse({}, body)

    def test_wechatpy_5_every_certificate_counts(
        self, by_public_key: Platform, certificate: x509.Certificate, by_certificate: Platform
    ) -> None:
        """Only the first certificate is ever used: after a rotation nothing verifies."""
        client = made(certs={by_public_key.serial: by_public_key.key.public_key(), SERIAL: certificate})
        body = by_certificate.body(PAID)

        assert client.notifications.parse(by_certificate.headers(body), body).resource == PAID
