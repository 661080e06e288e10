"""
Keys for the encrypted fields of APIv2, which the platform hands out.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011941097
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chainable.codecs import JSON
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.i18n import Words
from wechatpay.crypto.keys import load_certificate, load_public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.crypto.aes import APIv3Key

__all__ = ["FieldKey", "FieldKeys"]


class FieldKey(NamedTuple):
    """The platform's key that encrypts fields; its serial is None where the platform sends the bare key."""

    key: RSAPublicKey
    serial: str | None


class FieldKeys:
    """The field keys of one merchant, by the key of the operation that hands them out; each is requested once."""

    def __init__(self, apiv3_key: APIv3Key | None, fetch: Callable[[str], Mapping[str, Any]]) -> None:
        self._apiv3_key = apiv3_key
        self._fetch = fetch
        self._known: dict[str, FieldKey] = {}

    def __getitem__(self, operation_key: str) -> FieldKey:
        """
        Return the key that an operation hands out.

        Raises:
            APIError: The platform refused to send it.
            CodecError: The response has no usable key.
            ConfigurationError: The key comes in certificates, and ``apiv3_key`` is not set.
        """
        found = self._known.get(operation_key)
        if found is None:
            data = self._fetch(operation_key)
            try:
                found = self._read(data)
            except ConfigurationError:
                raise
            except (LookupError, TypeError, ValueError, AttributeError, ChainableError) as error:
                msg = Words(
                    f"{operation_key} answered without a usable key ({type(error).__name__})",
                    f"{operation_key} 的应答中没有可用的密钥（{type(error).__name__}）",
                )
                raise CodecError(msg) from None
            self._known[operation_key] = found
        return found

    def _read(self, data: Mapping[str, Any]) -> FieldKey:
        if "certificates" not in data:
            pem = data["pub_key"].encode()
            if not pem:
                raise LookupError
            return _public(pem)
        if self._apiv3_key is None:
            msg = Words(
                "the platform's certificates are decrypted with the APIv3 key: give apiv3_key= to the client",
                "平台证书用 APIv3 密钥解密：请给客户端配置 apiv3_key",
            )
            raise ConfigurationError(msg)
        boxes = [entry["encrypt_certificate"] for entry in JSON.decode(data["certificates"].encode())["data"]]
        pems = [self._apiv3_key.open(box["ciphertext"], box["nonce"], box.get("associated_data")) for box in boxes]
        newest = max((load_certificate(pem, name="certificates") for pem in pems), key=lambda one: one.not_before)
        return FieldKey(newest.key, newest.serial)


def _public(pem: bytes) -> FieldKey:
    try:
        return FieldKey(load_public_key(pem, name="pub_key").key, None)
    except ConfigurationError as error:
        raise CodecError(str(error)) from None
