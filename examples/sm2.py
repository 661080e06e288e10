"""
SM2, SM3 and SM4 (国密) behind the client's seams: ``pip install gmssl-pyx``.

The platform opens this to merchants on request only, and gives them its documents; what is here follows its own
public SDK for Java: the scheme ``WECHATPAY2-SM2-WITH-SM3``, and ``AEAD_SM4_GCM`` under the first half of the APIv3
key's SM3.  SM2 comes from gmssl-pyx, which wraps GmSSL; SM3 and SM4 are those of ``cryptography``.
"""

import base64
import time

import gmssl_pyx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash

from chainable.errors import DecryptionError, SignatureError
from wechatpay import RSASigner, WeChatPay
from wechatpay.notifications import Notifications

SCHEME = "WECHATPAY2-SM2-WITH-SM3"
CIPHER = "AEAD_SM4_GCM"
TOLERANCE = 300


class SM2Key:
    """
    A private key: 32 bytes, with its public key of 64.

    Signatures are DER, over SM3 with the usual identity ``1234567812345678``.
    """

    def __init__(self, private_key, public_key):
        self._private_key = private_key
        self.public_key = public_key

    def __repr__(self):
        return "SM2Key()"

    def sign(self, message):
        return gmssl_pyx.sm2_sign(self._private_key, self.public_key, message)


class SM2Verifier:
    """
    Checks answers and notifications: goes in ``verifier=``.

    Args:
        keys: Public keys of the platform, 64 bytes each, by serial; calls ask for the first.
        clock: Gives Unix time in seconds.
    """

    def __init__(self, keys, clock=time.time):
        self._keys = keys
        self._clock = clock
        self.default_serial = next(iter(keys))

    def verify(self, response):
        names = ("Timestamp", "Nonce", "Serial", "Signature")
        timestamp, nonce, serial, signature = (response.headers.get(f"Wechatpay-{name}") for name in names)
        if None in {timestamp, nonce, serial, signature}:
            raise SignatureError("the message carries no signature", reason="missing", response=response)
        if not timestamp.isdecimal() or abs(self._clock() - int(timestamp)) > TOLERANCE:
            raise SignatureError("the message is not of now", reason="stale", response=response)
        if serial not in self._keys:
            raise SignatureError("signed with an unknown key", reason="unknown_key", response=response)
        message = b"%b\n%b\n%b\n" % (timestamp.encode(), nonce.encode(), response.content)
        try:
            right = gmssl_pyx.sm2_verify(self._keys[serial], message, base64.b64decode(signature))
        except (ValueError, gmssl_pyx.GmsslInnerError):
            right = False
        if not right:
            raise SignatureError("the signature does not match", reason="mismatch", response=response)


class SM4Key:
    """The APIv3 key as SM4 takes it; ``open`` goes in ``ciphers=`` of notifications."""

    def __init__(self, apiv3_key):
        digest = Hash(SM3())
        digest.update(apiv3_key.encode())
        self._key = algorithms.SM4(digest.finalize()[:16])

    def __repr__(self):
        return "SM4Key()"

    def open(self, ciphertext, nonce, associated_data=""):
        try:
            sealed = base64.b64decode(ciphertext, validate=True)
            opener = Cipher(self._key, modes.GCM(nonce.encode(), sealed[-16:])).decryptor()
            opener.authenticate_additional_data(associated_data.encode())
            return opener.update(sealed[:-16]) + opener.finalize()
        except (InvalidTag, ValueError):
            raise DecryptionError("the resource does not open with this APIv3 key") from None


def sm_client(mchid, serial, key, platform_keys, clock=time.time, **settings):
    """A client that signs and verifies by SM2; the platform's keys are given, not fetched."""
    return WeChatPay(
        mchid=mchid,
        signer=RSASigner(mchid, serial, key, scheme=SCHEME, clock=clock),
        verifier=SM2Verifier(platform_keys, clock),
        **settings,
    )


def sm_notifications(mchid, platform_keys, apiv3_key, clock=time.time):
    """Notifications in SM2 and SM4, as ``client.notifications`` for RSA and AES."""
    return Notifications(SM2Verifier(platform_keys, clock), mchid=mchid, ciphers={CIPHER: SM4Key(apiv3_key).open})
