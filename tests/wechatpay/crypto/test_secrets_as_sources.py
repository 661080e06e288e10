"""Keys and texts that come masked, or with characters that UTF-8 cannot carry."""

from __future__ import annotations

import base64

import pytest

from chainable.errors import DecryptionError
from chainable.masking import Secret
from wechatpay.apiv2.signing import ParamSigner
from wechatpay.crypto.aes import APIv3Key
from wechatpay.crypto.key_sources import read_source

KEY = "0123456789abcdef0123456789ABCDEF"


def test_a_masked_source_is_read():
    pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"

    assert read_source(Secret(pem), "private_key") == read_source(pem, "private_key")


@pytest.mark.parametrize(("nonce", "extra"), [("\udcff" * 12, ""), ("n" * 12, "\udcff")])
def test_a_lone_surrogate_is_not_a_nonce(nonce, extra):
    with pytest.raises(DecryptionError, match="lone surrogate"):
        APIv3Key(KEY).open(base64.b64encode(b"x" * 32).decode(), nonce, extra)


def test_the_secret_of_the_wecom_application_is_given_back():
    from wechatpay.apiv2 import signing

    signer = next(kind for kind in vars(signing).values() if isinstance(kind, type) and "agent_secret" in vars(kind))

    assert signer(ParamSigner("MD5", KEY), "AGENT").agent_secret == "AGENT"
