"""The settings of one merchant: checked once, shared by every part of the client."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.masking import MaskedURL, Secret, outline, safe_repr
from chainable.validation import check_base_url as checked_url
from chainable.validation import check_seconds, check_timeout, check_whole
from wechatpay.crypto.nonces import new_nonce
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
_KEY_LENGTH = 20  # characters; numbers of merchants and brands are shorter


@safe_repr
@frozen
class Endpoints:
    """
    Where calls go.

    Attributes:
        base_url: The host that is tried first, with a slash at its end; None for the platform's own.
        backup_url: The host for calls of which nothing could be sent to the first; None for no other host.

    .. versionadded:: 0.1.0
    """

    base_url: str | None
    backup_url: str | None

    @classmethod
    def build(cls, base_url: object, backup_url: object) -> Endpoints:
        """
        Check both URLs; without a ``base_url`` the platform's own hosts are used.

        Raises:
            ConfigurationError: One of them is not a usable URL.
        """
        base = None if base_url is None else checked_url("base_url", base_url)
        if backup_url is not None:
            return cls(base, checked_url("backup_url", backup_url))
        return cls(base, DEFAULT_BACKUP_URL if base is None else None)

    @property
    def bases(self) -> tuple[str, ...]:
        """The URLs that were set, the first preferred."""
        return tuple(base for base in (self.base_url, self.backup_url) if base is not None)

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
            bases = tuple(base + prefix for base in self.bases)
        return tuple(MaskedURL(base + target) for base in bases)


class PlatformClock:
    """
    The platform's clock, compared with ours.

    Args:
        clock: Our Unix time in seconds.

    Attributes:
        offset: Seconds by which the platform's clock is ahead; None before the first response.

    .. versionadded:: 0.1.0
    """

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


@safe_repr
@frozen(eq=False, kw_only=True)
class Settings:
    """
    What the protocols, downloads and payment parameters need of a client.

    Attributes:
        mchid: The merchant's number; the brand's, if ``is_brand``.
        is_brand: Whether calls are signed for a brand.
        serial: The serial of the merchant API certificate.
        key: The merchant's private key, or an object that signs.
        signer: Signs calls of APIv3.
        verifier: Verifies responses and notifications of APIv3.
        response_verifier: The same for responses, each accepted once.
        has_own_verifier: Whether ``verifier`` was passed by the user.
        v2_signer: Signs calls of APIv2 in place of ``secret``.
        secret: The key of APIv2.
        apiv3_key: Decrypts certificates and notifications.
        certificates: The platform's keys.
        pair: The merchant certificate with its key, for TLS.
        endpoints: Where calls go.
        timeout: Seconds to connect, and to wait for each piece of a response.
        retries: Attempts after the first, at most.
        deadline: Seconds a whole call may take.
        clock: Returns Unix time in seconds.
        nonce: Returns a text that was never used before.
        platform_clock: Compares the platform's clock with ours.
        operation: Looks up an operation in the catalogue by its key.

    .. versionadded:: 0.1.0
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
        mchid: object,
        brand_id: object,
        serial: str | None,
        private_key: Any,
        certs: Mapping[str, Any] | None,
        apiv3_key: object,
        secret: object,
        merchant_cert: Any,
        merchant_key: Any,
        base_url: object,
        backup_url: object,
        timeout: object,
        retries: object,
        deadline: object,
        signer: Signer | None,
        verifier: Verifier | None,
        v2_signer: Signer | None,
        clock: Callable[[], float],
        nonce: Callable[[], str] | None,
        operation: Callable[[str], Operation | None],
        fetch: Callable[[str | None], Response[Any]],
    ) -> Settings:
        """
        Check and load the arguments of :class:`wechatpay.WeChatPay`.

        Of the others, ``operation`` is an attribute of this class, and ``fetch`` requests certificates as
        :class:`wechatpay.PlatformCertificates` describes it.

        Raises:
            ConfigurationError: Names the setting, what was found and what was expected.
        """
        # Imported here, because only the making of a client needs these modules.
        from wechatpay.certificates import PlatformCertificates
        from wechatpay.crypto.keys import load_private_key
        from wechatpay.crypto.serials import normalise_serial

        is_brand = brand_id is not None
        number = _number(mchid, brand_id)
        endpoints = Endpoints.build(base_url, backup_url)
        v2_key = _secret(secret)
        _refuse_keys_as_numbers({"mchid": mchid, "brand_id": brand_id, "serial": serial}, (secret, apiv3_key))
        key = None if private_key is None else load_private_key(private_key, name="private_key")
        own_serial = None if serial is None else normalise_serial(serial)
        pair = None
        if merchant_cert is not None:
            found, pair = _merchant_certificate(merchant_cert, merchant_key, key, number)
            if own_serial not in {None, found}:
                msg = f"serial: is not that of merchant_cert, which is {found}: leave it out, or give the other certificate"
                raise ConfigurationError(msg, reason="serial_not_of_certificate", serial=found, setting="serial")
            own_serial = found
        opener = _apiv3_key(apiv3_key)
        new = new_nonce if nonce is None else nonce
        if signer is None and key is not None:
            signer = _signer(number, own_serial, key, clock, new, is_brand=is_brand)

        def accept(response: requests.Response) -> None:
            response_verifier.accept(response)

        certificates = PlatformCertificates(
            certs or {},
            fetch=fetch,
            apiv3_key=opener,
            merchant_serial=own_serial,
            clock=clock,
            accept=accept,
        )
        used = RSAVerifier(certificates, clock=clock) if verifier is None else verifier
        response_verifier = ResponseVerifier(used)
        return cls(
            mchid=number,
            is_brand=is_brand,
            serial=own_serial,
            key=key,
            signer=signer,
            verifier=used,
            response_verifier=response_verifier,
            has_own_verifier=verifier is not None,
            v2_signer=v2_signer,
            secret=v2_key,
            apiv3_key=opener,
            certificates=certificates,
            pair=pair,
            endpoints=endpoints,
            timeout=check_timeout(timeout),
            retries=check_whole("retries", retries),
            deadline=check_seconds("deadline", deadline),
            clock=clock,
            nonce=new,
            platform_clock=PlatformClock(clock),
            operation=operation,
        )

    @property
    def verifier_serial(self) -> str | None:
        """The ``Wechatpay-Serial`` of calls, if the user's verifier names one."""
        return getattr(self.verifier, "default_serial", None) if self.has_own_verifier else None

    def merchant_pair(self, label: str) -> MerchantPair:
        """
        Return the certificate and key for TLS.

        Args:
            label: The path that needs them, for the error.

        Raises:
            ConfigurationError: ``merchant_cert`` is not set.
        """
        if self.pair is None:
            msg = (
                f"{label} needs the merchant certificate in TLS: give merchant_cert= (and merchant_key=) to the client"
            )
            raise ConfigurationError(msg)
        return self.pair

    def decryption_key(self) -> Any:
        """
        Return the private key that decrypts fields.

        Raises:
            ConfigurationError: ``private_key`` is not set.
        """
        if self.key is None:
            msg = "decrypting fields takes the merchant's private_key="
            raise ConfigurationError(msg)
        return self.key


def _number(mchid: object, brand_id: object) -> str:
    if (mchid is None) is (brand_id is None):
        msg = "mchid: the merchant's number is missing" if mchid is None else "mchid or brand_id: give one of them"
        raise ConfigurationError(msg, reason="mchid_missing" if mchid is None else "mchid_and_brand_id")
    name, number = ("mchid", mchid) if brand_id is None else ("brand_id", brand_id)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
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
    if not isinstance(secret.reveal(), str) or len(secret.reveal()) != 32 or not secret.reveal().isascii():
        msg = "secret: the key of APIv2 is 32 characters, as set in the console; it is not the APIv3 key"
        raise ConfigurationError(msg, reason="secret_length", setting="secret")
    return secret


def _refuse_keys_as_numbers(numbers: Mapping[str, object], keys: tuple[object, ...]) -> None:
    """Refuse a key in the place of a number: numbers are sent in plain text and logged."""
    secrets = [Secret.of(key) for given in keys for key in (given if isinstance(given, tuple | list) else (given,))]
    for name, number in numbers.items():
        if number is not None and Secret(number) in secrets:
            msg = (
                f"{name}: this is the same text as one of the keys; a number was expected: look up both in the console"
            )
            raise ConfigurationError(msg, reason="number_is_key", setting=name)


def _apiv3_key(given: object) -> APIv3Key | None:
    if given is None:
        return None
    from wechatpay.crypto.aes import APIv3Key

    keys: Any = given if isinstance(given, tuple | list) else (given,)
    return APIv3Key(*keys)


def _merchant_certificate(certificate: Any, key: Any, own_key: Any, mchid: str) -> tuple[str, MerchantPair | None]:
    """Return the serial of the certificate, and the pair for TLS where its key is in this process."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from wechatpay.crypto.keys import load_certificate, load_merchant_pair

    if key is None and own_key is not None and not isinstance(own_key, RSAPrivateKey):
        return load_certificate(certificate, name="merchant_cert").serial, None  # the key signs in another process
    pair = load_merchant_pair(certificate, own_key if key is None else key, password=mchid)
    return pair.certificate.serial, pair


def _signer(
    mchid: str, serial: str | None, key: Any, clock: Callable[[], float], nonce: Callable[[], str], *, is_brand: bool
) -> Signer:
    if serial is None:
        msg = "serial: the serial of the merchant API certificate is missing; give serial= or merchant_cert="
        raise ConfigurationError(msg, reason="serial_missing", setting="serial")
    brand = {"scheme": BRAND_SCHEME, "identity": "brand_id"} if is_brand else {}
    return RSASigner(mchid, serial, key, clock=clock, nonce=nonce, **brand)
