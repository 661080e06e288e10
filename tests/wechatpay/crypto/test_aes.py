"""The platform's ciphertexts decrypt; errors say why one does not."""

from __future__ import annotations

import base64
import contextlib
import hashlib

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import ConfigurationError, DecryptionError
from wechatpay.crypto.aes import APIv3Key, open_req_info

NEW, OLD = "n" * 32, "o" * 32
NONCE = "0123456789ab"


def seal(key, plaintext, associated=b""):
    sealed = AESGCM(key.encode()).encrypt(NONCE.encode(), plaintext, associated)
    return base64.b64encode(sealed).decode()


def seal_req_info(secret, plaintext):
    key = hashlib.md5(secret.encode()).hexdigest().encode()
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


@pytest.mark.parametrize(
    ("sealed", "given"),
    [(b"certificate", "certificate"), (b"", ""), (b"", None), ("证书".encode(), "证书")],
)
def test_resources_open(sealed, given):
    """Associated data may be absent or empty."""
    ciphertext = seal(NEW, b"plain", sealed)

    assert APIv3Key(NEW).open(ciphertext, NONCE, given) == b"plain"


def test_during_a_reset_either_key_opens():
    """The new one is tried first."""
    keys = APIv3Key(NEW, OLD)

    assert keys.open(seal(NEW, b"new"), NONCE) == b"new"
    assert keys.open(seal(OLD, b"old"), NONCE, "") == b"old"


def test_pain_10_a_wrong_key_is_explained():
    """Which key it wants, and that an older one may be needed."""
    with pytest.raises(DecryptionError, match=r"with the APIv3 key given.*not the APIv2 key.*prev"):
        APIv3Key(NEW).open(seal(OLD, b"x"), NONCE)
    with pytest.raises(DecryptionError, match="with any of the APIv3 keys given"):
        APIv3Key(NEW, OLD).open(seal("z" * 32, b"x"), NONCE)


@pytest.mark.parametrize("ciphertext", ["*", "密", "QUI", ""])
def test_damaged_ciphertext_is_reported(ciphertext):
    """Neither a traceback of base64 nor of the cipher."""
    with pytest.raises(DecryptionError):
        APIv3Key(NEW).open(ciphertext, NONCE)


@pytest.mark.parametrize("nonce", ["0123456789abcdef", "01234567", "0123456789a", "密" * 5])
def test_nonces_of_other_lengths_open(nonce):
    """The official page says string(16): https://pay.weixin.qq.com/doc/v3/merchant/4012071382"""
    sealed = base64.b64encode(AESGCM(NEW.encode()).encrypt(nonce.encode(), b"plain", b"x")).decode()

    assert APIv3Key(OLD, NEW).open(sealed, nonce, "x") == b"plain"


@pytest.mark.parametrize(("nonce", "size"), [("密", 3), ("", 0), ("x" * 129, 129)])
def test_a_nonce_that_aes_gcm_does_not_take_is_reported(nonce, size):
    """cryptography takes 8 to 128 bytes."""
    with pytest.raises(DecryptionError, match=f"the nonce of this resource has {size} bytes"):
        APIv3Key(NEW).open(seal(NEW, b"x"), nonce)


def test_keys_are_checked():
    """A key of another length never reaches the cipher."""
    with pytest.raises(ConfigurationError, match="31 bytes"):
        APIv3Key("x" * 31)


@given(st.binary(max_size=100))
def test_req_info_opens(plaintext):
    """AES-256-ECB under the MD5 of the key, lines of base64 folded or not."""
    secret = "s" * 32
    sealed = seal_req_info(secret, plaintext)

    assert open_req_info(secret, sealed, bytes) == plaintext
    assert open_req_info(secret.encode(), sealed[:10] + "\n" + sealed[10:], bytes) == plaintext


def test_req_info_with_another_key_is_reported():
    """The APIv2 key is meant, not the APIv3 key."""
    sealed = seal_req_info("s" * 32, b"<root><x>1</x></root>")
    wrong = 0
    for number in range(40):  # padding may be right by accident, once in 256
        with contextlib.suppress(DecryptionError):
            wrong += open_req_info(f"{number:032}", sealed, bytes) is not None

    assert wrong <= 2
    with pytest.raises(DecryptionError, match="the APIv2 key given"):
        open_req_info("w" * 32, seal_req_info("s" * 32, b"<x/>"), bytes)


@pytest.mark.parametrize("req_info", ["", "*", "QUJD", "密"])
def test_damaged_req_info_is_reported(req_info):
    """Not base64, or not whole blocks."""
    with pytest.raises(DecryptionError, match="req_info"):
        open_req_info("s" * 32, req_info, bytes)
