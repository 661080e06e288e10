"""
The AES modes of WeChat Pay: GCM under the APIv3 key, ECB for the refund notifications of APIv2.

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
from chainable.i18n import Words
from chainable.masking import Secret, without_frames
from wechatpay.crypto.keys import check_apiv3_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["APIv3Key", "open_req_info"]

T = TypeVar("T")

_BLOCK_BYTES = 16


class APIv3Key:
    """
    Decrypts certificates and notifications, which the platform encrypts under the APIv3 key.

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
        Decrypt an AES-256-GCM ciphertext with its 16-byte tag at the end.

        Args:
            ciphertext: The text of the message, base64.
            nonce: The text of the message: 12 characters today, up to 16 by the official page.
            associated_data: The text of the message; may be absent or empty.

        Raises:
            DecryptionError: No key decrypts it, or an argument has another form.
        """
        try:
            sealed = from_base64(ciphertext)
        except ValueError:
            msg = Words("the ciphertext of this resource is not base64", "该资源的密文不是 base64")
            raise DecryptionError(msg) from None
        try:
            octets = nonce.encode()
            extra = associated_data.encode() if associated_data else None
        except UnicodeEncodeError:
            msg = Words(
                "the nonce or the associated data of this resource holds a lone surrogate, which UTF-8 cannot encode",
                "该资源的 nonce 或附加数据中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
            )
            raise DecryptionError(msg) from None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(octets, sealed, extra)
            except InvalidTag:  # noqa: PERF203 (one or two keys)
                continue
            except ValueError:
                msg = Words(
                    f"the nonce of this resource has {len(octets)} bytes, with which AES-GCM does not work",
                    f"该资源的 nonce 长 {len(octets)} 字节，AES-GCM 无法使用",
                )
                raise DecryptionError(msg) from None
        tried = "the APIv3 key" if len(self._ciphers) == 1 else "any of the APIv3 keys"
        msg = Words(
            f"this resource does not open with {tried} given. It wants the APIv3 key, not the "
            f"APIv2 key; and after a reset what the platform sealed before still wants the "
            f"previous key: give both, apiv3_key=(new, old)",
            "所给的 APIv3 密钥解不开这段密文：请确认传入的是 APIv3 密钥，而不是 APIv2 密钥；重置密钥之前平台加密的内容"
            "仍需旧密钥，请同时传入两把：apiv3_key=(新, 旧)",
        )
        raise DecryptionError(msg)


def _req_info_key(secret: Secret[Any]) -> Secret[bytes]:
    given = Secret(secret.reveal().encode()) if isinstance(secret.reveal(), str) else secret
    return Secret(hashlib.md5(given.reveal(), usedforsecurity=False).hexdigest().encode())


def open_req_info(secret: str | bytes | Secret[str] | Secret[bytes], req_info: str, decode: Callable[[bytes], T]) -> T:
    """
    Decrypt and decode the ``req_info`` of an APIv2 refund notification.

    ``req_info`` is not signed, so anybody can send one. All failures raise the
    same error: one that distinguishes wrong padding from wrong text would be a
    padding oracle for the APIv2 key.

    Args:
        secret: The APIv2 key; the cipher's key is the lower-case hex of its MD5.
        req_info: Base64; white space is ignored.
        decode: Decodes the XML inside; raises CodecError for anything else.

    Raises:
        DecryptionError: ``req_info`` does not decrypt to something that *decode* accepts.
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
        # Wrong padding is decoded as well, so that the time does not distinguish it from wrong text.
        content = decode(padded[:-size] if right else padded)
    except CodecError:
        right = False
    if content is None or not right:
        msg = Words(
            "req_info does not open with the APIv2 key given (secret=), or is damaged",
            "所给的 APIv2 密钥（secret=）解不开 req_info，或内容已损坏",
        )
        raise DecryptionError(msg)
    return content
