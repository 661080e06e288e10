"""
Keys that APIv2 hands out: for encrypted fields, and for its two sandboxes.

Official pages: https://pay.weixin.qq.com/doc/v2/merchant/4011941097 (bank fields),
https://pay.weixin.qq.com/doc/v2/merchant/4011987549 (sandbox)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from chainable.chain import path_of
from chainable.codecs import JSON
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.masking import Secret
from wechatpay import catalogue
from wechatpay.crypto.keys import load_certificate, load_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.client import WeChatPay

__all__ = ["FieldKey", "field_key", "sandbox_key"]

_SANDBOX = "v2/xdc/apiv2getsignkey/sign/getsignkey"
_OLD_SANDBOX = "v2/sandboxnew/pay/getsignkey"


class FieldKey(NamedTuple):
    """
    What fields are encrypted with.

    Attributes:
        key: The platform's public key.
        serial: Of its certificate; None where the platform gave the bare key.
    """

    key: RSAPublicKey
    serial: str | None


_kept: WeakKeyDictionary[WeChatPay, dict[str, FieldKey]] = WeakKeyDictionary()


def field_key(client: WeChatPay, operation_key: str) -> FieldKey:
    """
    Give the key which the operation of that catalogue key answers with; it is asked for once.

    Raises:
        APIError: The platform refused to give it.
        CodecError: Its answer holds no key.
        ConfigurationError: It comes in certificates, and the client has no APIv3 key to open them.
    """
    keys = _kept.setdefault(client, {})
    found = keys.get(operation_key)
    if found is None:
        response = client.chain(operation_key.partition(" ")[2]).post(xml={})
        try:
            found = _out_of(client, response.data)
        except ConfigurationError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, ChainableError) as error:
            msg = f"{operation_key} answered without a usable key ({type(error).__name__})"
            raise CodecError(msg) from None
        keys[operation_key] = found
    return found


def _out_of(client: WeChatPay, data: Mapping[str, Any]) -> FieldKey:
    if "certificates" not in data:
        pem = data["pub_key"].encode()
        if not pem:
            raise LookupError
        return _public(pem)
    opener = client._apiv3_key  # noqa: SLF001 (the protocol is the client's own)
    if opener is None:
        msg = "the platform's certificates are opened with the APIv3 key: give apiv3_key= to the client"
        raise ConfigurationError(msg)
    sealed = [entry["encrypt_certificate"] for entry in JSON.decode(data["certificates"].encode())["data"]]
    opened = [opener.open(each["ciphertext"], each["nonce"], each.get("associated_data")) for each in sealed]
    youngest = max((load_certificate(pem, name="certificates") for pem in opened), key=lambda one: one.not_before)
    return FieldKey(youngest.key, youngest.serial)


def _public(pem: bytes) -> FieldKey:
    try:
        return FieldKey(load_public_key(pem, name="pub_key").key, None)
    except ConfigurationError as error:
        raise CodecError(str(error)) from None


def sandbox_key(client: WeChatPay, *, old: bool = False) -> str:
    """
    Exchange the merchant's APIv2 key for that of the platform's own sandbox.

    Make a second client with it, ``WeChatPay(mchid=…, secret=sandbox_key(client))``,
    and call ``client.v2.xdc.apiv2sandbox.…``; the sandboxes know MD5 only, and
    fixed amounts for each case.

    Args:
        client: With the real key.
        old: Ask the older sandbox; its calls go to
            ``base_url='https://api.mch.weixin.qq.com/sandboxnew/'``.

    Raises:
        APIError: The platform refused to give it.
        CodecError: Its answer holds no key.
    """
    from wechatpay.apiv2.protocol import prepare
    from wechatpay.request import Wanted

    path = _OLD_SANDBOX if old else _SANDBOX
    wanted = Wanted(client, path_of(client.chain(path)), "POST", (), {"xml": {}})
    if wanted.operation is None:
        wanted.operation = catalogue.Operation(
            key=f"POST {path}",
            method="POST",
            path=path,
            body="xml",
            answer="xml",
            unsigned_answer=True,
            sign_types=("MD5",),
            merchant_number_field="mch_id",
        )
    answer = client.run(prepare(client, wanted))
    key: Secret[Any] = Secret(answer.data.get("sandbox_signkey"))
    if not isinstance(key.reveal(), str) or not key:
        msg = "the answer holds no sandbox_signkey"
        raise CodecError(msg)
    return str(key.reveal())
