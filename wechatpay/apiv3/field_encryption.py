"""
Encryption of the sensitive fields of one call.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Any

from chainable.codecs import JSONCodec, Location, format_location, is_decimal
from chainable.errors import CodecError
from chainable.i18n import Words, message_of, translate
from wechatpay.sensitive import Ciphertext, Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.certificates import PlatformCertificates

__all__ = ["FieldEncryption", "encrypt_text"]


def encrypt_text(key: RSAPublicKey, value: Sensitive, name: str) -> str:
    """
    Encrypt one field as base64; *name* is for the error.

    Raises:
        CodecError: The text is too long for the key, or cannot be encoded in UTF-8.
    """
    from wechatpay.crypto import rsa  # with the signer, when a client is made

    try:
        return b2a_base64(rsa.encrypt(key, value.reveal().encode()), newline=False).decode()
    except UnicodeEncodeError:
        msg = Words(
            f"{name}: the text contains a lone surrogate, which UTF-8 cannot encode",
            f"{name}：文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
        )
        raise CodecError(msg) from None
    except ValueError as error:
        msg = Words(f"{name}: {error}", f"{name}：{translate(message_of(error), 'zh')}")
        raise CodecError(msg) from None


class FieldEncryption:
    """
    Encrypts the sensitive fields of one call, all with one key.

    Args:
        keys: Platform keys by serial.
        given: The ``Wechatpay-Serial`` that the caller set, if any.
        integers: Where the body has integers, nested by name.
        own: The serial that a verifier of the user's own names, if any.
    """

    def __init__(
        self,
        keys: PlatformCertificates,
        given: str | None,
        integers: Mapping[str, Any] | None = None,
        own: str | None = None,
    ) -> None:
        self._keys = keys
        self._serial = given
        self._own = own
        self._integers = integers
        self._chosen_by_default = False
        if given is not None and given != own:
            keys[given]  # fail early: the response could not be verified

    def serial(self) -> str:
        """Return the ``Wechatpay-Serial`` of the call."""
        if self._serial is None:
            self._serial = self._keys.default_serial if self._own is None else self._own
        return self._serial

    def json(self, value: Any) -> bytes:
        """
        Encode the body, with its sensitive values encrypted.

        Raises:
            CodecError: The values are for two keys, or one has no form in JSON.
        """
        codec = JSONCodec(self._special)
        body = codec.encode(value)
        if self._chosen_by_default and self._serial != self._default:
            body = codec.encode(value)  # a Ciphertext behind a Sensitive chose another key
        return body

    def text(self, name: str, value: Any) -> Any:
        """Return one value of the query, encrypted if it is sensitive."""
        special = self._special(value, (None, name))
        self._chosen_by_default = False  # the body has to use the key of the query
        return value if special is NotImplemented else special

    def _special(self, value: Any, where: Location) -> Any:
        if isinstance(value, Sensitive):
            if self._serial is None:
                self._serial = self._default = self._keys.default_serial
                self._chosen_by_default = True
            return encrypt_text(self._keys[self.serial()], value, format_location(where))
        if isinstance(value, Ciphertext):
            self._use_key_of(value, where)
        elif self._integers is not None and _is_fraction(value) and _marks(self._integers, where):
            name, kind = format_location(where), type(value).__name__
            msg = Words(
                f"{name}: an integer is expected, not a {kind}; amounts are in fen: pass 100 for 1.00 yuan",
                f"{name}：应为整数，不能是 {kind}：金额单位是分，1.00 元请传 100",
            )
            raise CodecError(msg)
        return NotImplemented

    def _use_key_of(self, value: Ciphertext, where: Location) -> None:
        if self._serial is None or (self._chosen_by_default and self._serial == self._default):
            if value.serial != self._own:
                self._keys[value.serial]  # fail early: the response could not be verified
            self._serial = value.serial
        elif self._serial != value.serial:
            name = format_location(where)
            msg = Words(
                f"{name}: is encrypted for {value.serial}, but this call goes out with "
                f"Wechatpay-Serial {self._serial}; one call has one key",
                f"{name}：密文是用 {value.serial} 加密的，而这次调用的 Wechatpay-Serial 是 {self._serial}："
                "一次调用只能用一把密钥",
            )
            raise CodecError(msg)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, float) or (not isinstance(value, str | int) and is_decimal(value))


def _marks(fields: Mapping[str, Any], where: Location) -> bool:
    names: list[str] = []
    while where is not None:
        where, step = where
        if isinstance(step, str):
            names.append(step)
    inner: Any = fields
    for name in reversed(names):
        inner = inner.get(name) if hasattr(inner, "get") else None
    return inner is True
