"""
Encrypted fields of an answer, opened with the merchant's key.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chainable.canonical import from_base64
from chainable.errors import DecryptionError
from wechatpay.crypto import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["opened", "opened_text"]

D = TypeVar("D")


def opened_text(key: Any, ciphertext: str) -> str:
    """
    Open one field.

    Args:
        key: The merchant's private key, or an object with ``decrypt(bytes) -> bytes``.
        ciphertext: Base64.

    Raises:
        DecryptionError: It is no base64, or of another key.
    """
    try:
        sealed = from_base64(ciphertext)
    except ValueError:
        msg = "this field is no ciphertext: base64 was expected"
        raise DecryptionError(msg) from None
    try:
        return rsa.decrypt(key, sealed).decode()
    except UnicodeDecodeError:
        msg = "this field opens, but not to text in UTF-8"
        raise DecryptionError(msg) from None


def opened(key: Callable[[], Any], data: D, fields: Mapping[str, Any]) -> D:
    """
    Give a copy with the named fields opened; what is empty or absent stays so.

    Args:
        key: Gives the key when it is needed.
        data: A decoded answer.
        fields: Names, nested; a leaf says how it is encrypted.
    """
    found: Any = data
    if not fields:
        return data
    if isinstance(data, list):
        found = [opened(key, element, fields) for element in data]
    elif isinstance(data, dict):
        found = dict(data)
        for name, inner in fields.items():
            member = found.get(name)
            if not isinstance(inner, str):
                if name in found:
                    found[name] = opened(key, member, inner)
            elif isinstance(member, str) and member:
                found[name] = opened_text(key(), member)
    result: D = found
    return result
