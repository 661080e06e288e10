"""
Sensitive fields of one call: which key, which serial.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Any

from chainable.codecs import JSONCodec, Where, spell
from chainable.errors import CodecError
from wechatpay.crypto import rsa
from wechatpay.sensitive import Ciphertext, Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.certificates import PlatformCertificates

__all__ = ["Sealing"]


class Sealing:
    """
    The encryption of one call; all its ciphertexts are for one key.

    Args:
        keys: Platform keys by serial.
        given: The ``Wechatpay-Serial`` the caller gave, if any.
        integers: Where the body has integers, nested by name.
        own: The serial of a verifier that has keys of its own, if there is one.
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
        self._chosen_for_default = False
        if given is not None and given != own:
            keys[given]  # refused now, for no answer could be checked

    def serial(self) -> str:
        """Give the serial the call goes out with."""
        if self._serial is None:
            self._serial = self._keys.default_serial if self._own is None else self._own
        return self._serial

    def json(self, value: Any) -> bytes:
        """
        Write the body, with its sensitive values encrypted.

        Raises:
            CodecError: Two keys in one call; a value without a form in JSON.
        """
        codec = JSONCodec(self._special)
        body = codec.encode(value)
        if self._chosen_for_default and self._serial != self._default:
            body = codec.encode(value)  # a Ciphertext behind a Sensitive decided for another key
        return body

    def text(self, name: str, value: Any) -> Any:
        """Write one value of the query: encrypted, if it is sensitive."""
        special = self._special(value, (None, name))
        self._chosen_for_default = False  # what the query is encrypted for, the body has to be, too
        return value if special is NotImplemented else special

    def _special(self, value: Any, where: Where) -> Any:
        if isinstance(value, Sensitive):
            if self._serial is None:
                self._serial = self._default = self._keys.default_serial
                self._chosen_for_default = True
            return self._encrypted(value, where)
        if isinstance(value, Ciphertext):
            self._accept(value, where)
        elif isinstance(value, float) and self._integers is not None and _marks(self._integers, where):
            msg = f"{spell(where)}: an integer is expected (fen, where it is an amount), not a float"
            raise CodecError(msg)
        return NotImplemented

    def _accept(self, value: Ciphertext, where: Where) -> None:
        if self._serial is None or (self._chosen_for_default and self._serial == self._default):
            if value.serial != self._own:
                self._keys[value.serial]  # refused now, for no answer could be checked
            self._serial = value.serial
        elif self._serial != value.serial:
            msg = (
                f"{spell(where)}: is encrypted for {value.serial}, but this call goes out with "
                f"Wechatpay-Serial {self._serial}; one call has one key"
            )
            raise CodecError(msg)

    def _encrypted(self, value: Sensitive, where: Where) -> str:
        try:
            sealed = rsa.encrypt(self._keys[self.serial()], value.reveal().encode())
        except UnicodeEncodeError:
            msg = f"{spell(where)}: the text contains a lone surrogate, which no UTF-8 can carry"
            raise CodecError(msg) from None
        except ValueError as error:
            msg = f"{spell(where)}: {error}"
            raise CodecError(msg) from None
        return b2a_base64(sealed, newline=False).decode()


def _marks(fields: Mapping[str, Any], where: Where) -> bool:
    names: list[str] = []
    while where is not None:
        where, step = where
        if isinstance(step, str):
            names.append(step)
    inner: Any = fields
    for name in reversed(names):
        inner = inner.get(name) if hasattr(inner, "get") else None
    return inner is True
