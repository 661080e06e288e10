"""
AES as WeChat Pay uses it: GCM under the APIv3 key, ECB for APIv2 refund notices.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (certificates and
notifications), https://pay.weixin.qq.com/doc/v2/merchant/4011985432 (``req_info``).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from chainable.errors import DecryptionError
from chainable.masking import Secret, without_frames
from wechatpay.crypto.keys import check_apiv3_key

__all__ = ["APIv3Key", "open_req_info"]

_NONCE_BYTES = 12
_BLOCK_BYTES = 16


class APIv3Key:
    """
    Opens what the platform seals under the APIv3 key: certificates and notifications.

    Args:
        keys: The key, or the new one and the old one while it is being reset.

    Raises:
        ConfigurationError: One of them is not 32 bytes of ASCII.
    """

    __slots__ = ("_ciphers",)

    @without_frames
    def __init__(self, *keys: str | bytes | Secret[str] | Secret[bytes]) -> None:
        self._ciphers = tuple(AESGCM(check_apiv3_key(key)) for key in keys)

    def open(self, ciphertext: str, nonce: str, associated_data: str | None = None) -> bytes:
        """
        Open an AES-256-GCM ciphertext, its 16 byte tag at the end.

        Args:
            ciphertext: As it stands in the message, base64.
            nonce: As it stands in the message, 12 characters.
            associated_data: As it stands in the message; may be absent or empty.

        Raises:
            DecryptionError: No key opens it, or it is not in this form.
        """
        try:
            sealed = base64.b64decode(ciphertext, validate=True)
        except ValueError:
            msg = "the ciphertext of this resource is not base64"
            raise DecryptionError(msg) from None
        octets = nonce.encode()
        if len(octets) != _NONCE_BYTES:
            msg = f"the nonce of this resource has {len(octets)} bytes instead of {_NONCE_BYTES}"
            raise DecryptionError(msg)
        extra = associated_data.encode() if associated_data else None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(octets, sealed, extra)
            except InvalidTag:  # noqa: PERF203 (one or two keys)
                continue
        tried = "the APIv3 key" if len(self._ciphers) == 1 else "any of the APIv3 keys"
        msg = (
            f"this resource does not open with {tried} given. It wants the APIv3 key, not the "
            f"APIv2 key; and after a reset what the platform sealed before still wants the "
            f"previous key: give both, apiv3_key=(new, old)"
        )
        raise DecryptionError(msg)


def _req_info_key(secret: Secret[Any]) -> Secret[bytes]:
    given = Secret(secret.reveal().encode()) if isinstance(secret.reveal(), str) else secret
    return Secret(hashlib.md5(given.reveal(), usedforsecurity=False).hexdigest().encode())


def open_req_info(secret: str | bytes | Secret[str] | Secret[bytes], req_info: str) -> bytes:
    """
    Open the ``req_info`` of an APIv2 refund notice.

    Args:
        secret: The APIv2 key; the cipher's key is the lower-case hex of its MD5.
        req_info: As it stands in the notice, base64.

    Returns:
        XML, as bytes.

    Raises:
        DecryptionError: The key is another one, or the text is damaged.
    """
    key = _req_info_key(Secret.of(secret))
    del secret  # a traceback shows no key
    try:
        sealed = base64.b64decode("".join(req_info.split()), validate=True)
    except ValueError:
        msg = "req_info is not base64"
        raise DecryptionError(msg) from None
    if not sealed or len(sealed) % _BLOCK_BYTES:
        msg = f"req_info has {len(sealed)} bytes, not whole blocks of {_BLOCK_BYTES}"
        raise DecryptionError(msg)
    decryptor = Cipher(AES(key.reveal()), ECB()).decryptor()  # noqa: S305 (the platform's choice)
    padded = decryptor.update(sealed) + decryptor.finalize()
    size = padded[-1]
    if not 1 <= size <= _BLOCK_BYTES or padded[-size:] != bytes([size]) * size:
        msg = "req_info does not open with the APIv2 key given (secret=), or is damaged"
        raise DecryptionError(msg)
    return padded[:-size]
