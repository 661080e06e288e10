"""
The RSA operations of WeChat Pay.

Signatures: PKCS#1 v1.5 with SHA-256.  Sensitive fields: OAEP with SHA-1 and
MGF1-SHA-1, so that a key of 2048 bits takes 214 bytes.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from chainable.errors import DecryptionError
from chainable.i18n import Words

if TYPE_CHECKING:
    from wechatpay.crypto.keys import PrivateKey

__all__ = ["Decrypter", "decrypt", "encrypt", "largest_plaintext", "sign", "verify"]

_PKCS1V15 = PKCS1v15()
_SHA256 = SHA256()
# SHA-1 is the platform's choice; in OAEP it is not a weakness.
_OAEP = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
_OAEP_OVERHEAD = 42


class Decrypter(Protocol):
    """A private key in an HSM or a service that also decrypts sensitive fields."""

    @abstractmethod
    def decrypt(self, ciphertext: bytes, /) -> bytes:
        """Decrypt *ciphertext* by RSA-OAEP with SHA-1."""


def sign(key: RSAPrivateKey | PrivateKey, message: bytes) -> bytes:
    """Return the signature of *message*: 256 bytes for a key of 2048 bits."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(message, _PKCS1V15, _SHA256)
    return key.sign(message)


def verify(key: RSAPublicKey, message: bytes, signature: bytes) -> bool:
    """Return whether *signature* is that of *message* under *key*."""
    try:
        key.verify(signature, message, _PKCS1V15, _SHA256)
    except InvalidSignature:
        return False
    return True


def largest_plaintext(key: RSAPublicKey) -> int:
    """Return the bytes that *key* encrypts at most: 214 at 2048 bits."""
    return key.key_size // 8 - _OAEP_OVERHEAD


def encrypt(key: RSAPublicKey, plaintext: bytes) -> bytes:
    """
    Encrypt a sensitive value.

    Raises:
        ValueError: The value is longer than the key allows, 214 bytes at 2048
            bits: about 71 Chinese characters in UTF-8.
    """
    largest = largest_plaintext(key)
    if len(plaintext) > largest:
        msg = Words(
            f"a sensitive value of {len(plaintext)} bytes: a key of {key.key_size} bits encrypts "
            f"at most {largest} bytes (a Chinese character is 3 of them)",
            f"敏感信息长 {len(plaintext)} 字节：{key.key_size} 位的密钥最多加密 {largest} 字节（一个汉字为 3 字节）",
        )
        raise ValueError(msg)
    return key.encrypt(plaintext, _OAEP)


def decrypt(key: RSAPrivateKey | Decrypter, ciphertext: bytes) -> bytes:
    """
    Decrypt a sensitive value that the platform encrypted for the merchant.

    Raises:
        DecryptionError: The value was encrypted for another key, or is damaged.
    """
    if not isinstance(key, RSAPrivateKey):
        return key.decrypt(ciphertext)
    try:
        return key.decrypt(ciphertext, _OAEP)
    except ValueError:
        msg = Words(
            "the merchant's private key does not decrypt this ciphertext: it is damaged, or was "
            "encrypted for another certificate of the merchant (one replaced since?)",
            "商户私钥解不开这段密文：内容已损坏，或它是用该商户的另一张证书（例如更换前的）加密的",
        )
        raise DecryptionError(msg) from None
