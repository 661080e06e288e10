"""
Decryption of the fields of a response with the merchant's key.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chainable.canonical import from_base64
from chainable.errors import ChainableError, DecryptionError
from chainable.i18n import Words
from chainable.masking import without_frames_of
from wechatpay.crypto import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["decrypt_fields", "decrypt_text"]

D = TypeVar("D")


def decrypt_text(key: Any, ciphertext: str) -> str:
    """
    Decrypt one field, in base64.

    Raises:
        DecryptionError: The text is not base64, or is encrypted for another key.
    """
    try:
        encrypted = from_base64(ciphertext)
    except ValueError:
        msg = Words("this field is not a ciphertext: base64 was expected", "该字段不是密文：应为 base64")
        raise DecryptionError(msg) from None
    try:
        return rsa.decrypt(key, encrypted).decode()
    except UnicodeDecodeError:
        msg = Words("this field decrypts, but not to text in UTF-8", "该字段能解密，但内容不是 UTF-8 文本")
        raise DecryptionError(msg) from None


@without_frames_of(ChainableError)
def decrypt_fields(key: Callable[[], Any], fields: Mapping[str, Any], data: D) -> D:
    """
    Return a copy of a response's data with the named fields decrypted; absent and empty fields stay as they are.

    Args:
        key: Returns the merchant's private key; called only if a field needs it.
        fields: Their names, nested; a leaf names the kind of encryption.
        data: The decoded response.
    """
    found: Any = data
    if not fields:
        return data
    if isinstance(data, list):
        found = [decrypt_fields(key, fields, element) for element in data]
    elif isinstance(data, dict):
        found = dict(data)
        for name, inner in fields.items():
            member = found.get(name)
            if not isinstance(inner, str):
                if name in found:
                    found[name] = decrypt_fields(key, inner, member)
            elif isinstance(member, str) and member:
                found[name] = decrypt_text(key(), member)
    result: D = found
    return result
