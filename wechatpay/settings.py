"""The settings of one merchant: checked once, shared by every part of the client."""

from __future__ import annotations

import re
import warnings
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict, MaskedURL, Secret, fields_repr, outline
from chainable.validation import check_base_url as checked_url
from chainable.validation import check_callable, check_seconds, check_timeout, check_whole, trimmed
from wechatpay.crypto.nonces import new_nonce
from wechatpay.crypto.serials import PUBLIC_KEY_ID, normalise_serial
from wechatpay.signing import BRAND_SCHEME, ResponseVerifier, RSASigner, RSAVerifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from wechatpay.catalogue import Operation
    from wechatpay.certificates import PlatformCertificates
    from wechatpay.crypto.aes import APIv3Key
    from wechatpay.crypto.keys import MerchantPair

__all__ = ["DEFAULT_BACKUP_URL", "DEFAULT_BASE_URL", "Endpoints", "PlatformClock", "Settings"]

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com/"
DEFAULT_BACKUP_URL = "https://api2.mch.weixin.qq.com/"

_OVERSEAS = frozenset({"apihk.mch.weixin.qq.com", "apius.mch.weixin.qq.com"})
_PLATFORM = (".mch.weixin.qq.com", ".wechatpay.cn")
_APPID = re.compile(r"wx[0-9a-z]*", re.IGNORECASE)
_KEY_LENGTH = 20  # characters; numbers of merchants and brands are shorter
_SECRET_LENGTH = 32  # characters
_SHORTEST_SERIAL = 16  # hex digits; the platform's CA writes 40
_LONGEST_SERIAL = 40  # hex digits, by RFC 5280


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class Endpoints:
    """Where calls go: URLs with a slash at their end, as :class:`wechatpay.WeChatPay` describes them."""

    base_url: str | None
    backup_url: str | None

    @classmethod
    def build(cls, base_url: object, backup_url: object) -> Endpoints:
        """Check both URLs; without a ``base_url`` the platform's own hosts are used."""
        base = None if base_url is None else _access_point(base_url)
        if backup_url is not None:
            return cls(base, checked_url("backup_url", backup_url))
        return cls(base, DEFAULT_BACKUP_URL if base is None else None)

    @property
    def bases(self) -> tuple[str, ...]:
        """The URLs that were set, the first preferred."""
        return tuple([base for base in (self.base_url, self.backup_url) if base is not None])

    @property
    def is_overseas(self) -> bool:
        """Whether the first host is one of the platform's hosts outside mainland China."""
        return urlsplit(self.base_url or "").hostname in _OVERSEAS

    def urls(self, operation: Operation | None, target: str, override: str | None = None) -> tuple[str, ...]:
        """
        Build the URL of a request at each host it may go to, the first preferred.

        Args:
            operation: The operation, which may have a host or a path prefix of its own.
            target: Path and query, percent-encoded, without the leading slash.
            override: The ``base_url`` of this call, which replaces all others.
        """
        own = operation.base_uri if operation is not None and operation.base_uri_required else None
        if override is not None:
            bases: tuple[str, ...] = (override,)
        elif self.base_url is None:
            bases = (own,) if own is not None else (DEFAULT_BASE_URL, *self.bases)
        else:
            prefix = urlsplit(own).path[1:] if own is not None else ""
            # The documentation of a region shows its hosts with the prefix, so that users set it.
            bases = tuple([base if prefix and base.endswith(f"/{prefix}") else base + prefix for base in self.bases])
        return tuple([MaskedURL(base + target) for base in bases])


class PlatformClock:
    """The seconds by which the platform's clock is ahead of ours; None before the first response."""

    __slots__ = ("_clock", "offset")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.offset: float | None = None

    def read(self, response: requests.Response) -> None:
        """Update :attr:`offset` from the ``Date`` of a response."""
        date = response.headers.get("Date")
        if date is not None:
            try:
                self.offset = round(parsedate_to_datetime(date).timestamp() - self._clock(), 1)
            except ValueError:
                return


@fields_repr
@frozen(eq=False, kw_only=True, repr=False, slots=False)  # as chainable.call.Call
class Settings:
    """
    What the protocols, downloads and payment parameters need of a client.

    :class:`wechatpay.WeChatPay` describes the arguments that they are loaded from.

    Attributes:
        mchid: The merchant's number; the brand's, if ``is_brand``.
        key: The merchant's private key, or an object that signs.
        response_verifier: Verifies responses as ``verifier`` does, and accepts each once.
        has_own_verifier: Whether ``verifier`` was passed by the user.
        pair: The merchant certificate with its key, for TLS.
        operation: Looks up an operation in the catalogue by its key.
    """

    mchid: str
    is_brand: bool
    serial: str | None
    key: Any = field(repr=False)
    signer: Signer | None = field(repr=False)
    verifier: Verifier = field(repr=False)
    response_verifier: ResponseVerifier = field(repr=False)
    has_own_verifier: bool = field(repr=False)
    v2_signer: Signer | None = field(repr=False)
    secret: Secret[str] | None = field(repr=False)
    apiv3_key: APIv3Key | None = field(repr=False)
    certificates: PlatformCertificates = field(repr=False)
    pair: MerchantPair | None = field(repr=False)
    endpoints: Endpoints
    timeout: tuple[float, float] = field(repr=False)
    retries: int = field(repr=False)
    deadline: float = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    nonce: Callable[[], str] = field(repr=False)
    platform_clock: PlatformClock = field(repr=False)
    operation: Callable[[str], Operation | None] = field(repr=False)

    @classmethod
    def build(
        cls,
        *,
        operation: Callable[[str], Operation | None],
        fetch: Callable[[str | None], Response[Any]],
        **given: Any,
    ) -> Settings:
        """
        Check and load the arguments of :class:`wechatpay.WeChatPay`.

        Args:
            operation: An attribute of this class.
            fetch: Requests certificates, as :class:`wechatpay.PlatformCertificates` describes it.
            given: The arguments of the client, by name.

        Raises:
            ConfigurationError: Names the setting, what was found and what was expected.
        """
        from wechatpay.certificates import PlatformCertificates  # only the making of a client needs it

        given = MaskedDict(given)
        for name in ("clock", "nonce", "signer", "v2_signer"):
            check_callable(name, given[name])
        check_callable("verifier", given["verifier"], "verify")
        number = _number(given["mchid"], given["brand_id"])
        endpoints = Endpoints.build(given["base_url"], given["backup_url"])
        secret = _secret(given["secret"])
        _refuse_keys_as_numbers(given)
        key, serial, pair = _merchant_keys(given, number)
        apiv3_key = _apiv3_key(given["apiv3_key"])
        clock, nonce = given["clock"], new_nonce if given["nonce"] is None else given["nonce"]
        is_brand = given["brand_id"] is not None
        signer, verifier = given["signer"], given["verifier"]
        if signer is None and key is not None:
            signer = _signer(number, serial, key, clock, nonce, is_brand=is_brand)

        def accept(response: requests.Response) -> None:
            response_verifier.accept(response)

        certificates = PlatformCertificates(
            given["certs"],
            fetch=fetch,
            apiv3_key=apiv3_key,
            merchant_serial=serial,
            clock=clock,
            accept=accept,
        )
        has_own_verifier = verifier is not None
        if not has_own_verifier:
            verifier = RSAVerifier(certificates, clock=clock)
        response_verifier = ResponseVerifier(verifier)
        return cls(
            mchid=number,
            is_brand=is_brand,
            serial=serial,
            key=key,
            signer=signer,
            verifier=verifier,
            response_verifier=response_verifier,
            has_own_verifier=has_own_verifier,
            v2_signer=given["v2_signer"],
            secret=secret,
            apiv3_key=apiv3_key,
            certificates=certificates,
            pair=pair,
            endpoints=endpoints,
            timeout=check_timeout(given["timeout"]),
            retries=check_whole("retries", given["retries"]),
            deadline=check_seconds("deadline", given["deadline"]),
            clock=clock,
            nonce=nonce,
            platform_clock=PlatformClock(clock),
            operation=operation,
        )

    @property
    def verifier_serial(self) -> str | None:
        """The ``Wechatpay-Serial`` of calls, if the user's verifier names one."""
        return getattr(self.verifier, "default_serial", None) if self.has_own_verifier else None

    def merchant_pair(self, label: str) -> MerchantPair:
        """Return the certificate and key for TLS; raise ConfigurationError for *label* if they are not set."""
        if self.pair is None:
            msg = Words(
                f"{label} needs the merchant certificate in TLS: give merchant_cert= (and merchant_key=) to the client",
                f"{label} 需要在 TLS 中使用商户证书：请给客户端配置 merchant_cert（与 merchant_key）",
            )
            raise ConfigurationError(msg)
        return self.pair

    def decryption_key(self) -> Any:
        """Return the private key that decrypts fields; raise ConfigurationError if it is not set."""
        if self.key is None:
            msg = Words("decrypting fields takes the merchant's private_key=", "解密字段需要商户私钥 private_key")
            raise ConfigurationError(msg)
        return self.key


def _access_point(base_url: object) -> str:
    """Check ``base_url``: the version at the end of the platform's own URL would be there twice."""
    base = checked_url("base_url", base_url)
    parts = urlsplit(base)
    if (parts.hostname or "").endswith(_PLATFORM) and parts.path.rstrip("/").endswith(("/v3", "/v2")):
        msg = "base_url: leave out the version at its end: chains begin with it, client.v3.pay…"
        raise ConfigurationError(msg, reason="base_url_with_version", setting="base_url")
    return base


def _number(mchid: object, brand_id: object) -> str:
    if (mchid is None) is (brand_id is None):
        msg = "mchid: the merchant's number is missing" if mchid is None else "mchid or brand_id: give one of them"
        raise ConfigurationError(msg, reason="mchid_missing" if mchid is None else "mchid_and_brand_id")
    name, number = ("mchid", mchid) if brand_id is None else ("brand_id", brand_id)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if isinstance(number, str):
        number = trimmed(name, Secret(number)).reveal()
        if _APPID.fullmatch(number):
            msg = f"{name}: this is an appid (wx…); the merchant number is digits only, such as '1900000109'"
            raise ConfigurationError(msg, reason="number_is_appid", setting=name)
    if not isinstance(number, str) or not number.isascii() or not number.isalnum():
        msg = f"{name}: digits were expected, such as '1900000109'"
        raise ConfigurationError(msg, reason="not_digits", setting=name)
    if len(number) >= _KEY_LENGTH and not number.isdecimal():
        msg = f"{name}: digits were expected, such as '1900000109', not {outline(number)}"
        raise ConfigurationError(msg, reason="not_digits", setting=name)
    return number


def _secret(given: object) -> Secret[str] | None:
    if given is None:
        return None
    secret: Secret[Any] = Secret.of(given)
    if isinstance(secret.reveal(), bytes):
        msg = "secret: text was expected, not bytes: decode it first"
        raise ConfigurationError(msg, reason="secret_bytes", setting="secret")
    if isinstance(secret.reveal(), str):
        secret = trimmed("secret", secret)
    if not isinstance(secret.reveal(), str) or len(secret.reveal()) != _SECRET_LENGTH or not secret.reveal().isascii():
        msg = "secret: the key of APIv2 is 32 characters, as set in the console; it is not the APIv3 key"
        raise ConfigurationError(msg, reason="secret_length", setting="secret")
    return secret


def _refuse_keys_as_numbers(given: Mapping[str, Any]) -> None:
    """Refuse a key in the place of a number: numbers are sent in plain text and logged."""
    secrets = [_bare(key) for key in (given["secret"], *_several(given["apiv3_key"]))]
    for name in ("mchid", "brand_id", "serial"):
        if given[name] is not None and _bare(given[name]) in secrets:
            msg = (
                f"{name}: this is the same text as one of the keys; a number was expected: look up both in the console"
            )
            raise ConfigurationError(msg, reason="number_is_key", setting=name)


def _bare(given: Any) -> Secret[Any]:
    """Return a value as a secret, a text without the white space around it."""
    value: Secret[Any] = Secret.of(given)
    return Secret(value.reveal().strip()) if isinstance(value.reveal(), str) else value


def _apiv3_key(given: object) -> APIv3Key | None:
    if given is None:
        return None
    from wechatpay.crypto.aes import APIv3Key

    if not _several(given):
        msg = "apiv3_key: the list is empty: give the key, or (new, old) while it is being reset"
        raise ConfigurationError(msg, reason="apiv3_key_empty", setting="apiv3_key")
    return APIv3Key(*_several(given))


def _several(given: Any) -> Any:
    return given if isinstance(given, tuple | list) else (given,)


def _merchant_keys(given: Mapping[str, Any], number: str) -> tuple[Any, str | None, MerchantPair | None]:
    """
    Load the private key, the serial of its certificate, and the pair for TLS.

    Without a private key that of the certificate signs: a .p12 is enough.
    """
    from wechatpay.crypto.keys import load_private_key

    password = given["private_key_password"]
    key = None
    if given["private_key"] is not None:
        key = load_private_key(given["private_key"], name="private_key", password=password)
    serial = None if given["serial"] is None else _serial(given["serial"])
    if given["merchant_cert"] is None:
        if given["merchant_key"] is not None:
            msg = "merchant_key: it is used together with merchant_cert=, which is missing; the key that signs is private_key="
            raise ConfigurationError(msg, reason="merchant_key_alone", setting="merchant_key")
        return key, serial, None
    found, pair = _merchant_certificate(given, key, number)
    if serial not in {None, found}:
        msg = f"serial: is not that of merchant_cert, which is {found}: leave it out, or give the other certificate"
        raise ConfigurationError(msg, reason="serial_not_of_certificate", serial=found, setting="serial")
    if pair is not None and key is not None and _is_of_another(key, pair):
        # APIv2 works all the same, so this is no error.
        message = Words(
            f"private_key: it does not belong to merchant_cert, whose serial {found} is sent with each signature: the "
            f"platform will refuse calls of APIv3",
            f"private_key：与 merchant_cert 不匹配，而签名会附上后者的序列号 {found}：平台将拒绝 APIv3 请求",
        )
        warnings.warn(message, stacklevel=2)
    return pair.key if key is None and pair is not None else key, found, pair


def _is_of_another(key: Any, pair: MerchantPair) -> bool:
    """Return whether a key is in this process, and not that of the certificate."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    is_known = isinstance(key, RSAPrivateKey)
    return is_known and key.public_key().public_numbers() != pair.certificate.key.public_numbers()


def _serial(given: Any) -> str:
    """Return the serial of the merchant's certificate in its usual form."""
    serial = normalise_serial(trimmed("serial", Secret(given)).reveal() if isinstance(given, str) else given)
    if len(serial) < _SHORTEST_SERIAL:
        msg = (
            f"serial: {len(serial)} characters, and the serial of a merchant API certificate has 40 hex digits: copy "
            f"it from the console, or give merchant_cert= in its place"
        )
        raise ConfigurationError(msg, reason="serial_too_short", setting="serial", length=len(serial))
    if len(serial) > _LONGEST_SERIAL and not serial.startswith(PUBLIC_KEY_ID):
        msg = (
            f"serial: {len(serial)} hex digits, and the serial of a merchant API certificate has 40: this may be its "
            f"fingerprint; copy the serial from the console, or give merchant_cert= in its place"
        )
        raise ConfigurationError(msg, reason="serial_too_long", setting="serial", length=len(serial))
    if serial.startswith(PUBLIC_KEY_ID):
        msg = (
            "serial: this is the id of the platform's public key, which belongs in certs=; the serial of your own "
            "merchant API certificate was expected"
        )
        raise ConfigurationError(msg, reason="serial_is_public_key_id", setting="serial")
    return serial


def _merchant_certificate(given: Mapping[str, Any], own_key: Any, mchid: str) -> tuple[str, MerchantPair | None]:
    """
    Load ``merchant_cert``.

    Args:
        given: The settings by name.
        own_key: The loaded ``private_key``, the default of ``merchant_key``; or None.
        mchid: The password of a .p12, unless ``merchant_cert_password`` is given.

    Returns:
        The serial of the certificate, and the pair for TLS where its key is in this process.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from wechatpay.crypto.keys import load_merchant_certificate, load_merchant_pair

    certificate, key = given["merchant_cert"], given["merchant_key"]
    own_password = given["merchant_cert_password"]
    password = own_password or mchid
    if key is None and own_key is not None and not isinstance(own_key, RSAPrivateKey):
        # The key signs in another process.
        return load_merchant_certificate(certificate, password=password).serial, None
    pair = load_merchant_pair(
        certificate,
        own_key if key is None else key,
        password=password,
        key_password=(own_password, given["private_key_password"]),
    )
    return pair.certificate.serial, pair


def _signer(
    mchid: str, serial: str | None, key: Any, clock: Callable[[], float], nonce: Callable[[], str], *, is_brand: bool
) -> Signer:
    if serial is None:
        msg = "serial: the serial of the merchant API certificate is missing; give serial= or merchant_cert="
        raise ConfigurationError(msg, reason="serial_missing", setting="serial")
    brand = {"scheme": BRAND_SCHEME, "identity": "brand_id"} if is_brand else {}
    return RSASigner(mchid, serial, key, clock=clock, nonce=nonce, **brand)
