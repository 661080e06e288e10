"""
AES as WeChat Pay uses it: GCM under the APIv3 key, ECB for APIv2 refund notices.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (certificates and
notifications), https://pay.weixin.qq.com/doc/v2/merchant/4011985432 (``req_info``).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from chainable.canonical import from_base64
from chainable.errors import CodecError, DecryptionError
from chainable.masking import Secret, without_frames
from wechatpay.crypto.keys import check_apiv3_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["APIv3Key", "open_req_info"]

T = TypeVar("T")

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
            sealed = from_base64(ciphertext)
        except ValueError:
            msg = "the ciphertext of this resource is not base64"
            raise DecryptionError(msg) from None
        try:
            octets = nonce.encode()
            extra = associated_data.encode() if associated_data else None
        except UnicodeEncodeError:
            msg = "the nonce or the associated data of this resource holds a lone surrogate, which no UTF-8 can carry"
            raise DecryptionError(msg) from None
        if len(octets) != _NONCE_BYTES:
            msg = f"the nonce of this resource has {len(octets)} bytes instead of {_NONCE_BYTES}"
            raise DecryptionError(msg)
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


def open_req_info(secret: str | bytes | Secret[str] | Secret[bytes], req_info: str, decode: Callable[[bytes], T]) -> T:
    """
    Open the ``req_info`` of an APIv2 refund notice and decode what is inside.

    Nobody signs ``req_info``, so that everybody can send one. Whatever is wrong
    with it, the error is the same: one that told a wrong padding from a wrong
    text would help to decrypt under the APIv2 key.

    Args:
        secret: The APIv2 key; the cipher's key is the lower-case hex of its MD5.
        req_info: As it stands in the notice, base64; line breaks do not matter.
        decode: Reads the XML that is inside; raises CodecError for anything else.

    Returns:
        What *decode* made of the content.

    Raises:
        DecryptionError: It does not open to something that *decode* reads.
    """
    key = _req_info_key(Secret.of(secret))
    del secret  # a traceback shows no key
    try:
        sealed = from_base64("".join(req_info.split()))
    except ValueError:
        sealed = b""
    whole = bool(sealed) and len(sealed) % _BLOCK_BYTES == 0
    if not whole:
        sealed = bytes(_BLOCK_BYTES)
    decryptor = Cipher(AES(key.reveal()), ECB()).decryptor()  # noqa: S305 (the platform's choice)
    padded = decryptor.update(sealed) + decryptor.finalize()
    size = padded[-1]
    right = whole and 1 <= size <= _BLOCK_BYTES and padded[-size:] == bytes([size]) * size
    content: T | None = None
    try:
        # A wrong padding is decoded, too, so that the time does not tell it from a wrong text.
        content = decode(padded[:-size] if right else padded)
    except CodecError:
        right = False
    if content is None or not right:
        msg = "req_info does not open with the APIv2 key given (secret=), or is damaged"
        raise DecryptionError(msg)
    return content
