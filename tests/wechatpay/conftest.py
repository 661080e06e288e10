"""A merchant, a platform that signs, and a clock that stands still."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from wechatpay import WeChatPay
from wechatpay.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric import rsa

NOW = 1_700_000_000
SERIAL = "3775B6A45ACD588826D15E583A95F5DD12345678"
PLATFORM = "PUB_KEY_ID_0000000000000024101100397200000006"
APIV3_KEY = "01234567890123456789012345678901"
V2_SECRET = "abcdefghijklmnopqrstuvwxyz012345"


class Platform:
    """Signs answers with ``cryptography`` directly, as the platform does with its own code."""

    def __init__(self, key: rsa.RSAPrivateKey, serial: str = PLATFORM) -> None:
        self.key = key
        self.serial = serial
        self.requests: list[Any] = []

    def headers(self, body: bytes, *, timestamp: int = NOW, nonce: str | None = None) -> dict[str, str]:
        nonce = nonce or os.urandom(16).hex()
        message = b"%d\n%s\n%s\n" % (timestamp, nonce.encode(), body)
        signature = base64.b64encode(self.key.sign(message, PKCS1v15(), SHA256())).decode()
        return {
            "Wechatpay-Timestamp": str(timestamp),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Serial": self.serial,
            "Content-Type": "application/json; charset=utf-8",
            "Request-ID": "08F2-268443699",
        }

    def answer(self, value: Any = None, status: int = 200, **changes: Any) -> Callable[[Any], Any]:
        """Return a callback that responds with a signed body; ``headers`` replaces headers, None removes one."""
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        changed = changes.pop("headers", {})

        def callback(request: Any) -> Any:
            self.requests.append(request)
            headers = self.headers(body) | changed
            return status, {name: text for name, text in headers.items() if text is not None}, body

        return callback

    def decrypt(self, ciphertext: str) -> str:
        return self.key.decrypt(
            base64.b64decode(ciphertext), OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
        ).decode()


@pytest.fixture
def platform(platform_key):
    return Platform(platform_key)


@pytest.fixture
def make_client(merchant_key, platform_key):
    """Return a client of the merchant with other settings."""
    made = []

    def make(kind: type[WeChatPay] = WeChatPay, **changes: Any) -> WeChatPay:
        settings = {
            "mchid": "1900000109",
            "serial": SERIAL,
            "private_key": merchant_key,
            "certs": {PLATFORM: platform_key.public_key()},
            "clock": lambda: float(NOW),
            "nonce": lambda: "593BEC0C930BF1AFEB40B4A08C8FB242",
        } | changes
        made.append(kind(**{name: value for name, value in settings.items() if value is not ...}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def web():
    """Intercept all requests."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


class NoCertificate:
    """Takes the place of a merchant certificate, and shows nothing in TLS."""

    def load_into(self, context: Any) -> None:
        pass


@pytest.fixture
def no_certificate(monkeypatch):
    """Allow operations that need the merchant certificate to be sent without it."""
    monkeypatch.setattr(Settings, "merchant_pair", lambda settings, label: NoCertificate())
