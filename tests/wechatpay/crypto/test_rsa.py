"""Signatures and sensitive values, checked with cryptography directly."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.errors import DecryptionError
from wechatpay.crypto import rsa

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


class Remote:
    """A key that lives elsewhere."""

    def sign(self, message):
        return b"signed:" + message

    def decrypt(self, ciphertext):
        return b"opened:" + ciphertext


def test_signatures_are_pkcs1_v15_sha256(rsa_key):
    """Opened with cryptography, not with our own verifier."""
    signature = rsa.sign(rsa_key, b"GET\n/\n")

    rsa_key.public_key().verify(signature, b"GET\n/\n", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        rsa_key.public_key().verify(signature, b"GET\n\n", padding.PKCS1v15(), hashes.SHA256())


def test_verify_tells_right_from_wrong(rsa_key, other_rsa_key):
    """Another message, another key, another length."""
    signature = rsa_key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    public = rsa_key.public_key()

    assert rsa.verify(public, b"m", signature)
    assert not rsa.verify(public, b"n", signature)
    assert not rsa.verify(public, b"m", b"")
    assert not rsa.verify(public, b"m", signature + b"\0")
    assert not rsa.verify(other_rsa_key.public_key(), b"m", signature)


def test_values_are_encrypted_by_oaep_sha1(rsa_key):
    """Up to 214 bytes, and never twice to the same ciphertext."""
    public = rsa_key.public_key()
    longest = b"x" * 214

    first, second = rsa.encrypt(public, longest), rsa.encrypt(public, longest)

    assert first != second
    assert rsa_key.decrypt(first, OAEP) == longest
    assert rsa_key.decrypt(rsa.encrypt(public, b""), OAEP) == b""


def test_the_limit_is_named(rsa_key):
    """Pain 12: 72 characters of Chinese are too many."""
    public = rsa_key.public_key()

    with pytest.raises(ValueError, match="of 216 bytes: a key of 2048 bits encrypts at most 214"):
        rsa.encrypt(public, ("张" * 72).encode())
    assert rsa.largest_plaintext(public) == 214


def test_values_for_the_merchant_are_opened(rsa_key, other_rsa_key):
    """A value for another key is distinguished from a damaged program."""
    ciphertext = rsa_key.public_key().encrypt(b"secret", OAEP)

    assert rsa.decrypt(rsa_key, ciphertext) == b"secret"
    for key, damaged in ((other_rsa_key, ciphertext), (rsa_key, b""), (rsa_key, b"x" * 256)):
        with pytest.raises(DecryptionError, match="merchant's private key"):
            rsa.decrypt(key, damaged)


def test_remote_keys_are_asked():
    """An HSM or a service signs and opens."""
    assert rsa.sign(Remote(), b"m") == b"signed:m"
    assert rsa.decrypt(Remote(), b"c") == b"opened:c"
