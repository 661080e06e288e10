"""The signer and the verifier stage by stage, opened with ``cryptography`` directly."""

from __future__ import annotations

import base64
import re

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from chainable.errors import SignatureError
from chainable.signing import SignableRequest, Signer, Verifier
from tests.wechatpay.conftest import NOW, SERIAL
from wechatpay import PlatformCertificates, RSASigner, RSAVerifier


@pytest.fixture
def signer(merchant_key):
    return RSASigner("1900000109", SERIAL, merchant_key, clock=lambda: 1554208460.9, nonce=lambda: "593BEC0C930BF1AF")


def prepared(method="GET", url="https://host/v3/x", **options):
    return requests.Request(method, url, **options).prepare()


class TestMessage:
    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            (prepared(params={"q": "a b"}), b"GET\n/v3/x?q=a+b\n1554208460\nN\n\n"),
            (prepared("POST", data="值".encode()), "POST\n/v3/x\n1554208460\nN\n值\n".encode()),
            (prepared("POST", data="text"), b"POST\n/v3/x\n1554208460\nN\ntext\n"),
            (prepared("DELETE", url="https://host/v3/%E5%80%BC"), b"DELETE\n/v3/%E5%80%BC\n1554208460\nN\n\n"),
        ],
    )
    def test_five_lines_each_ended(self, request_, message):
        assert RSASigner.message(request_, "1554208460", "N") == message

    def test_an_uploads_meta_stands_for_its_body(self):
        request = SignableRequest()
        request.method, request.url, request.body, request.signed_body = (
            "POST",
            "https://host/v3/x",
            b"multipart",
            b"{}",
        )

        assert RSASigner.message(request, "1", "N") == b"POST\n/v3/x\n1\nN\n{}\n"


class TestSigner:
    def test_it_signs_what_is_sent(self, signer, merchant_key):
        request = prepared("POST", data=b"{}", auth=signer)
        header = request.headers["Authorization"]
        fields = dict(re.findall(r'(\w+)="([^"]*)"', header))

        assert header.startswith("WECHATPAY2-SHA256-RSA2048 mchid=")
        assert fields.pop("signature")
        assert fields == {
            "mchid": "1900000109",
            "nonce_str": "593BEC0C930BF1AF",
            "timestamp": "1554208460",
            "serial_no": SERIAL,
        }
        signature = base64.b64decode(re.findall(r'signature="([^"]*)"', header)[0])
        message = b"POST\n/v3/x\n1554208460\n593BEC0C930BF1AF\n{}\n"
        merchant_key.public_key().verify(signature, message, PKCS1v15(), SHA256())

    def test_it_can_sign_the_same_request_again(self, merchant_key):
        signer = RSASigner("1", SERIAL, merchant_key)
        request = prepared()
        first = signer(request).headers["Authorization"]
        second = signer(request).headers["Authorization"]

        assert first != second
        assert re.search(r'nonce_str="[0-9A-F]{32}"', first)

    def test_a_key_anywhere_else_signs(self):
        class Remote:
            def sign(self, message):
                return b"signed " + message[:4]

        signer = RSASigner("1", SERIAL, Remote())

        assert base64.b64decode(signer.signature(b"POST\n")) == b"signed POST"

    def test_it_shows_no_key(self, signer):
        assert "key" not in repr(signer)
        assert isinstance(signer, Signer)


class TestVerifier:
    def answer(self, platform, body=b"{}", **headers):
        response = requests.Response()
        response._content = body
        response.status_code = 200
        response.headers.update(platform.headers(body) | headers)
        return response

    def test_a_dict_is_a_key_store(self, platform):
        verifier = RSAVerifier({platform.serial: platform.key.public_key()}, clock=lambda: NOW)

        assert verifier.verify(self.answer(platform)) is None
        assert isinstance(verifier, Verifier)
        with pytest.raises(Exception, match="platform key that this client does not have"):
            verifier.verify(self.answer(platform, **{"Wechatpay-Serial": "OTHER"}))


class TestAnotherPublicKeyId:
    """A wrong ``PUB_KEY_ID_…`` in ``certs=`` is said in one sentence: with what was signed, and what the client has."""

    WRONG = "PUB_KEY_ID_0119000001092025"

    def verify(self, platform, certs, **more):
        response = TestVerifier().answer(platform)
        RSAVerifier(PlatformCertificates(certs, **more), clock=lambda: NOW).verify(response)

    def test_both_ids_are_named(self, platform):
        with pytest.raises(SignatureError) as caught:
            self.verify(platform, {self.WRONG: platform.key.public_key()})

        assert caught.value.reason == "unknown_key"
        assert str(caught.value) == (
            f"the platform signed with {platform.serial}, and this client has {self.WRONG}: correct the id, or "
            f"add it to certs= with its pub_key.pem; the console shows both"
        )

    def test_every_key_of_the_client_is_named(self, platform):
        other = "PUB_KEY_ID_0119000001092026"
        with pytest.raises(SignatureError, match=f"this client has {self.WRONG} and {other}: correct"):
            self.verify(platform, dict.fromkeys((self.WRONG, other), platform.key.public_key()))

    def test_a_client_without_a_key(self, platform):
        with pytest.raises(SignatureError, match=f"signed with {platform.serial}, and this client has no key of the"):
            self.verify(platform, {})

    def test_a_forged_id_is_not_quoted(self, platform):
        platform.serial = "PUB_KEY_ID_PLANTED0123456789abcdef"
        with pytest.raises(SignatureError) as caught:
            self.verify(platform, {self.WRONG: platform.key.public_key()})

        assert "PLANTED" not in str(caught.value)

    def test_a_certificate_keeps_its_own_sentence(self, platform):
        platform.serial = "A" * 40
        with pytest.raises(
            SignatureError, match=rf"does not have: no key of the platform under A{{40}} \(known: {self.WRONG}\)"
        ):
            self.verify(platform, {self.WRONG: platform.key.public_key()})
