"""
The key that bank fields of APIv2 are encrypted for: asked for once, then kept.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011941097
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from chainable.errors import CodecError
from wechatpay.crypto.keys import load_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.client import WeChatPay

__all__ = ["field_key"]

_kept: WeakKeyDictionary[WeChatPay, dict[str, RSAPublicKey]] = WeakKeyDictionary()


def field_key(client: WeChatPay, operation_key: str) -> RSAPublicKey:
    """
    Give the key which the operation of that catalogue key answers with.

    Raises:
        APIError: The platform refused to give it.
        CodecError: Its answer holds no key.
    """
    keys = _kept.setdefault(client, {})
    key = keys.get(operation_key)
    if key is None:
        response = client.chain(operation_key.partition(" ")[2]).post(xml={"sign_type": "MD5"})
        try:
            key = load_public_key(response.data["pub_key"], name="pub_key").key
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{operation_key} answered without a usable pub_key ({type(error).__name__})"
            raise CodecError(msg) from None
        keys[operation_key] = key
    return key
