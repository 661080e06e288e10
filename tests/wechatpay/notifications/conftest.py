"""The platform and the merchant's side of a notification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.wechatpay.platform_side import APIV3_KEY, NOW, SECRET, Platform
from wechatpay import WeChatPay
from wechatpay.crypto.aes import APIv3Key
from wechatpay.notifications import Notifications
from wechatpay.signing import RSAVerifier

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@pytest.fixture(scope="session")
def platform(platform_key: RSAPrivateKey) -> Platform:
    """The platform as this merchant knows it."""
    return Platform(platform_key)


@pytest.fixture(scope="session")
def notifications(platform: Platform) -> Notifications:
    """The merchant's side, at the time of :data:`NOW`."""
    verifier = RSAVerifier({platform.serial: platform.key.public_key()}, clock=lambda: float(NOW))
    return Notifications(verifier, apiv3_key=APIv3Key(APIV3_KEY), secret=SECRET, mchid="1900000109")


@pytest.fixture
def client(platform: Platform) -> WeChatPay:
    """The merchant's client, at the time of :data:`NOW`."""
    return WeChatPay(
        mchid="1900000109",
        certs={platform.serial: platform.key.public_key()},
        apiv3_key=APIV3_KEY,
        secret=SECRET,
        clock=lambda: float(NOW),
    )
