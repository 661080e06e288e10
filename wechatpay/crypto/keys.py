"""
Private keys, public keys and certificates, each told apart from the others.

The merchant holds ``apiclient_key.pem`` (its private key),
``apiclient_cert.pem`` (its certificate) and ``apiclient_cert.p12`` (both in
one); the platform is known by ``pub_key.pem`` and an id, or by certificates.
A file in the wrong place is named for what it is.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053053
"""

from __future__ import annotations

import os
import re
import warnings
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar, cast

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
)

from chainable.errors import ConfigurationError
from chainable.masking import Secret, safe_repr, without_frames
from wechatpay.crypto.serials import PUBLIC_KEY_ID, normalise_serial, serial_text, shown_key_id, shown_serial
from wechatpay.crypto.sources import KeySource, decode_base64, read_source

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

__all__ = [
    "Certificate",
    "KeySource",
    "LoadedKey",
    "MerchantPair",
    "PrivateKey",
    "check_apiv3_key",
    "check_platform_key",
    "load_certificate",
    "load_merchant_pair",
    "load_p12",
    "load_private_key",
    "load_public_key",
]

_Password: TypeAlias = str | bytes | Secret[str] | Secret[bytes] | None

_PRIVATE = "a private key"
_PUBLIC = "a public key"
_CERTIFICATE = "a certificate"
_REQUEST = "a certificate request"
_P12 = "a PKCS#12 bundle (.p12)"
_KIND_IDS = {
    _PRIVATE: "private_key",
    _PUBLIC: "public_key",
    _CERTIFICATE: "certificate",
    _REQUEST: "certificate_request",
    _P12: "p12",
    "parameters of an EC key": "ec_parameters",
    "an OpenSSH private key": "openssh_private_key",
    "DER of an unknown type": "unknown_der",
}
"""The identifier of each kind, for ``ConfigurationError.values``."""

_PEM_KINDS = {
    "PRIVATE KEY": _PRIVATE,
    "RSA PRIVATE KEY": _PRIVATE,
    "EC PRIVATE KEY": _PRIVATE,
    "ENCRYPTED PRIVATE KEY": _PRIVATE,
    "PUBLIC KEY": _PUBLIC,
    "RSA PUBLIC KEY": _PUBLIC,
    "CERTIFICATE": _CERTIFICATE,
    "X509 CERTIFICATE": _CERTIFICATE,
    "CERTIFICATE REQUEST": _REQUEST,
    "NEW CERTIFICATE REQUEST": _REQUEST,
    "EC PARAMETERS": "parameters of an EC key",
    "OPENSSH PRIVATE KEY": "an OpenSSH private key",
}
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_SMALLEST_KEY = 2048
_APIV3_KEY_BYTES = 32
_RC2_40 = bytes.fromhex("2A864886F70D010C0106")
"""The OID of the cipher in older .p12 files, pbeWithSHAAnd40BitRC2-CBC."""


class PrivateKey(Protocol):
    """The merchant's key wherever it lives: in this process, in an HSM, behind a service."""

    @abstractmethod
    def sign(self, message: bytes, /) -> bytes:
        """Sign *message* by RSA PKCS#1 v1.5 with SHA-256."""


class LoadedKey(NamedTuple):
    """
    What checks the platform's signatures.

    Attributes:
        kind: How it was given.
        key: The RSA public key.
        serial: Of a certificate, as the platform writes it; None for a bare public key.
    """

    kind: Literal["public key", "certificate"]
    key: RSAPublicKey
    serial: str | None


@safe_repr
@frozen
class Certificate:
    """
    A certificate and what the platform calls it.

    Attributes:
        serial: Upper-case hex, whole bytes.
        key: Its RSA public key.
        not_before: Aware; valid from then on.
        not_after: Aware; valid until then.
        common_name: Of its subject; the merchant number in a merchant's certificate.
        pem: The certificate as PEM.
    """

    serial: str
    key: RSAPublicKey = field(repr=False, eq=False)
    not_before: datetime
    not_after: datetime
    common_name: str
    pem: bytes = field(repr=False)


@safe_repr
@frozen(eq=False)
class MerchantPair:
    """
    The merchant's certificate with its private key: what it shows in TLS.

    Attributes:
        certificate: The merchant API certificate.
        key: Its private key.
        chain_pem: The certificate, and those above it if they came along.
    """

    certificate: Certificate
    key: RSAPrivateKey = field(repr=False)
    chain_pem: bytes = field(repr=False)

    def install(self, context: ssl.SSLContext, /) -> None:
        """
        Load both into the context.

        TLS takes them from files only: the key passes through one that only
        this user can read, enciphered under a password made up for it, and
        that is gone when this method returns.
        """
        import secrets
        import tempfile

        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
        )

        password = Secret(secrets.token_bytes(32).hex())
        cipher = BestAvailableEncryption(password.reveal().encode())
        descriptor, path = tempfile.mkstemp(suffix=".pem")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.chain_pem + self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cipher))
            context.load_cert_chain(path, password=password.reveal())
        finally:
            Path(path).unlink()


@frozen
class _Found:
    """One object inside a file: a PEM block or the DER itself."""

    kind: str
    der: bytes = field(repr=False)
    pem: bytes | None = field(repr=False, default=None)  # only when its body is encrypted


@without_frames
def load_private_key(
    source: KeySource | RSAPrivateKey | PrivateKey,
    *,
    name: str = "private_key",
    password: _Password = None,
) -> RSAPrivateKey | PrivateKey:
    """
    The merchant's private key.

    Args:
        source: Path, ``file://`` URL, PEM text, DER bytes, one-line base64
            (PKCS#1 or PKCS#8), a key object of ``cryptography``, or any object
            with ``sign(message: bytes) -> bytes``, which is given back as it is.
        name: The setting, for the error.
        password: Of an encrypted file.

    Raises:
        ConfigurationError: It is something else, and the message says what;
            or encrypted, damaged, not RSA, shorter than 2048 bits.
        TypeError: *source* is of no type listed above.
    """
    if isinstance(source, RSAPrivateKey):
        return _long_enough(source, name, "")
    if _is_cryptography_object(source):
        _refuse_object(source, "a private RSA key", name)
    if callable(getattr(source, "sign", None)):
        return cast("PrivateKey", source)
    return _load_own_key(cast("KeySource", source), name, password)


@without_frames
def load_public_key(source: KeySource | RSAPublicKey | x509.Certificate, *, name: str = "certs") -> LoadedKey:
    """
    A platform public key or a platform certificate.

    Args:
        source: As for :func:`load_private_key`; a certificate or public key object.
        name: The setting, for the error.

    Returns:
        ``(kind, key, serial)``; the serial is None for a public key.

    Raises:
        ConfigurationError: It is something else, and the message says what.
        TypeError: *source* is of no type listed above.
    """
    if isinstance(source, RSAPublicKey):
        return LoadedKey("public key", _long_enough(source, name, ""), None)
    if _is_cryptography_object(source):
        if not hasattr(source, "serial_number"):
            _refuse_object(source, "a public RSA key or a certificate", name)
        certificate = _certificate(cast("x509.Certificate", source), name, "")
        return LoadedKey("certificate", certificate.key, certificate.serial)
    data, origin = read_source(cast("KeySource", source), name)
    expected = "a public key or a certificate"
    found = _choose(data, {_PUBLIC, _CERTIFICATE}, expected, name, origin)
    if found.kind == _CERTIFICATE:
        certificate = _load_der_certificate(found.der, name, origin)
        return LoadedKey("certificate", certificate.key, certificate.serial)
    try:
        key = load_der_public_key(found.der)
    except (ValueError, UnsupportedAlgorithm):
        _refuse_damaged(_PUBLIC, name, origin)
    if not isinstance(key, RSAPublicKey):
        _refuse_algorithm(key, "public", name, origin)
    return LoadedKey("public key", _long_enough(key, name, origin), None)


@without_frames
def load_certificate(source: KeySource | x509.Certificate, *, name: str = "merchant_cert") -> Certificate:
    """
    A certificate with its serial; the first one of a file that holds several.

    Raises:
        ConfigurationError: It is something else, and the message says what.
        TypeError: *source* is neither a :data:`KeySource` nor a certificate object.
    """
    if _is_cryptography_object(source):
        if not hasattr(source, "serial_number"):
            _refuse_object(source, _CERTIFICATE, name)
        return _certificate(cast("x509.Certificate", source), name, "")
    data, origin = read_source(cast("KeySource", source), name)
    found = _choose(data, {_CERTIFICATE}, _CERTIFICATE, name, origin)
    return _load_der_certificate(found.der, name, origin)


@without_frames
def load_p12(source: KeySource, *, name: str = "merchant_cert", password: _Password = None) -> MerchantPair:
    """
    Certificate and private key out of ``apiclient_cert.p12``.

    Args:
        source: Path, ``file://`` URL, the bytes, or one-line base64.
        name: The setting, for the error.
        password: The merchant number, unless the file was converted.

    Raises:
        ConfigurationError: It is something else, the password is wrong, or
            the file is enciphered in a way that OpenSSL 3 no longer reads.
        TypeError: *source* is of no type listed above.
    """
    from cryptography.hazmat.primitives.serialization import pkcs12

    data, origin = read_source(source, name)
    found = _choose(data, {_P12}, _P12, name, origin)
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(found.der, _octets(password))
    except (ValueError, UnsupportedAlgorithm):
        if _RC2_40 in found.der:
            msg = (
                f"{name}: this .p12 could not be opened: the password is wrong (it is the merchant "
                f"number), or OpenSSL 3 refuses the file's old cipher, RC2; use apiclient_cert.pem "
                f"and apiclient_key.pem of the same download, or convert the file with "
                f"'openssl pkcs12 -legacy'{origin}"
            )
        else:
            msg = (
                f"{name}: this .p12 could not be opened: the file is damaged or the password is "
                f"wrong; it is the merchant number{origin}"
            )
        raise ConfigurationError(
            msg, reason="p12_old_cipher" if _RC2_40 in found.der else "p12_unreadable", setting=name, file=origin[2:]
        ) from None
    if certificate is None or key is None:
        lacking = _PRIVATE if key is None else _CERTIFICATE
        msg = f"{name}: this .p12 holds no {lacking.removeprefix('a ')}{origin}"
        raise ConfigurationError(
            msg, reason="p12_incomplete", missing=_KIND_IDS[lacking], setting=name, file=origin[2:]
        )
    if not isinstance(key, RSAPrivateKey):
        _refuse_algorithm(key, "private", name, origin)
    own = _certificate(certificate, name, origin)
    return _pair(own, key, [own.pem, *map(_pem, others)], name, name)


@without_frames
def load_merchant_pair(
    certificate: KeySource | x509.Certificate,
    key: KeySource | RSAPrivateKey | None = None,
    *,
    password: _Password = None,
    certificate_name: str = "merchant_cert",
    key_name: str = "merchant_key",
) -> MerchantPair:
    """
    The merchant's certificate and key, from two PEM files or one .p12.

    Args:
        certificate: ``apiclient_cert.pem`` or ``apiclient_cert.p12``.
        key: ``apiclient_key.pem``; not needed with a .p12, or when the
            certificate's file holds both.
        password: Of the .p12 (the merchant number) or of an encrypted key.
        certificate_name: The setting of the certificate, for the error.
        key_name: The setting of the key, for the error.

    Raises:
        ConfigurationError: One of them is something else, or they do not belong together.
        TypeError: One of them is of no type listed for it.
    """
    if _is_cryptography_object(certificate):
        own = load_certificate(certificate, name=certificate_name)
        chain = [own.pem]
        from_file: bytes | None = None
    else:
        data, origin = read_source(cast("KeySource", certificate), certificate_name)
        found = _find(data, certificate_name, origin)
        if any(one.kind == _P12 for one in found):
            return load_p12(data, name=certificate_name, password=password)
        own = load_certificate(data, name=certificate_name)
        others = [one.der for one in found if one.kind == _CERTIFICATE][1:]
        above = [_load_der_certificate(der, certificate_name, origin).pem for der in others]
        chain = [own.pem, *above]
        from_file = data if any(one.kind == _PRIVATE for one in found) else None
    if key is None:
        if from_file is None:
            msg = f"{key_name}: the private key that belongs to {certificate_name} is missing"
            raise ConfigurationError(msg, reason="key_missing", setting=key_name)
        key = from_file
    loaded = load_private_key(key, name=key_name, password=password)
    if not isinstance(loaded, RSAPrivateKey):
        msg = f"{key_name}: TLS needs the key itself; an object that only signs is not enough"
        raise ConfigurationError(msg, reason="key_not_exportable", setting=key_name)
    return _pair(own, loaded, chain, certificate_name, key_name)


@without_frames
def check_apiv3_key(key: str | bytes | Secret[str] | Secret[bytes], *, name: str = "apiv3_key") -> bytes:
    """
    The APIv3 key as the 32 bytes that AES wants.

    White space around it is dropped with a warning.

    Raises:
        ConfigurationError: It is not 32 bytes of ASCII.
        TypeError: It is neither str nor bytes.
    """
    key = key.reveal() if isinstance(key, Secret) else key
    if not isinstance(key, str | bytes):
        msg = f"{name}: a str of 32 characters was expected, not {type(key).__name__}"
        raise TypeError(msg)
    data = key.encode("utf-8", "replace") if isinstance(key, str) else key
    stripped = data.strip()
    if stripped != data:
        message = f"{name}: white space around the key was dropped"
        warnings.warn(message, stacklevel=3)
    if len(stripped) != _APIV3_KEY_BYTES or not stripped.isascii():
        msg = (
            f"{name}: {len(stripped)} bytes, and an APIv3 key has 32 of ASCII; it is the key set "
            f"under 账户中心 > API安全 > APIv3密钥, neither the APIv2 key nor a file"
        )
        raise ConfigurationError(msg, reason="apiv3_key_length", length=len(stripped), setting=name)
    return stripped


def check_platform_key(key_id: str, loaded: LoadedKey, *, name: str = "certs") -> str:
    """
    Make sure that a platform key stands under its own name.

    Args:
        key_id: The name the user gave it.
        loaded: The key.
        name: The setting, for the error.

    Returns:
        The normalised serial or id, the key of the key store.

    Raises:
        ConfigurationError: A public key under a serial, or a certificate
            under another one's serial or a public key's id.
    """
    normal = normalise_serial(key_id, name=name)
    if loaded.serial is None:
        if not normal.startswith(PUBLIC_KEY_ID):
            msg = (
                f"{name}: a public key stands under the serial {shown_serial(normal)}; the platform's public key "
                f"goes by its id from the console, {PUBLIC_KEY_ID}…"
            )
            raise ConfigurationError(msg, reason="public_key_under_serial", key_id=shown_key_id(normal), setting=name)
    elif normal.startswith(PUBLIC_KEY_ID):
        msg = (
            f"{name}: a certificate stands under {shown_serial(normal)}; with this id belongs pub_key.pem, the "
            f"platform's public key; the certificate's serial is {loaded.serial}"
        )
        raise ConfigurationError(
            msg, reason="certificate_under_id", key_id=shown_key_id(normal), serial=loaded.serial, setting=name
        )
    elif normal != loaded.serial:
        msg = f"{name}: the certificate given for {shown_serial(normal)} has the serial {loaded.serial}"
        raise ConfigurationError(
            msg, reason="serial_mismatch", key_id=shown_key_id(normal), serial=loaded.serial, setting=name
        )
    return normal


def _load_own_key(source: KeySource, name: str, password: _Password) -> RSAPrivateKey:
    data, origin = read_source(source, name)
    found = _choose(data, {_PRIVATE}, _PRIVATE, name, origin)
    load: Callable[[bytes, bytes | None], object]
    if found.pem is None:
        content, load = found.der, load_der_private_key
    else:
        content, load = found.pem, load_pem_private_key
    key: object
    try:
        key = load(content, None)
    except TypeError:
        key = _decrypted(load, content, password, name, origin)
    except (ValueError, UnsupportedAlgorithm):
        _refuse_damaged(_PRIVATE, name, origin)
    if not isinstance(key, RSAPrivateKey):
        _refuse_algorithm(key, "private", name, origin)
    return _long_enough(key, name, origin)


def _decrypted(
    load: Callable[[bytes, bytes | None], object],
    content: bytes,
    password: _Password,
    name: str,
    origin: str,
) -> object:
    if password is None:
        msg = f"{name}: this private key is encrypted and no password was given{origin}"
        raise ConfigurationError(msg, reason="password_missing", setting=name, file=origin[2:]) from None
    try:
        return load(content, _octets(password))
    except (ValueError, UnsupportedAlgorithm):
        msg = f"{name}: the password does not open this private key, or it is damaged{origin}"
        raise ConfigurationError(msg, reason="password_wrong", setting=name, file=origin[2:]) from None


def _choose(data: bytes, kinds: set[str], expected: str, name: str, origin: str) -> _Found:
    """The first object of one of *kinds* in the file, or the error that says what is there."""
    found = _find(data, name, origin)
    for one in found:
        if one.kind in kinds:
            return one
    there = " and ".join(dict.fromkeys(one.kind for one in found))
    msg = f"{name}: this is {there}; {expected} was expected{origin}"
    if found[0].kind == _P12:
        msg += " (apiclient_key.pem and apiclient_cert.pem of the same download are PEM)"
    kinds_found = " ".join(dict.fromkeys(_kind_id(one.kind) for one in found))
    raise ConfigurationError(
        msg, reason="wrong_kind", found=kinds_found, expected=_kind_id(expected), setting=name, file=origin[2:]
    )


def _find(data: bytes, name: str, origin: str) -> list[_Found]:
    """Everything in a file, in order; at least one thing."""
    if b"-----BEGIN" in data:
        return _find_pem(data, name, origin)
    der = data if data[:1] == b"\x30" and not data.isascii() else decode_base64(data)
    if der is None or der[:1] != b"\x30":
        digits = data.strip()
        if len(digits) == _APIV3_KEY_BYTES and digits.isalnum():
            reason = "looks_like_api_key"
            msg = f"{name}: this looks like an API key of 32 characters, not like a file{origin}"
        else:
            reason = "unknown_format"
            msg = f"{name}: this is neither PEM nor DER nor base64 of DER{origin}"
        raise ConfigurationError(msg, reason=reason, setting=name, file=origin[2:])
    try:
        return [_recognise(der)]
    except IndexError:
        msg = f"{name}: this is truncated or damaged{origin}"
        raise ConfigurationError(msg, reason="truncated", setting=name, file=origin[2:]) from None


def _find_pem(data: bytes, name: str, origin: str) -> list[_Found]:
    data = data.replace(b"\\r", b"").replace(b"\\n", b"\n")  # escaped in an environment variable
    found = []
    for block in _BLOCK.finditer(data):
        label = block[1].decode()
        kind = _PEM_KINDS.get(label, f"a PEM block of the type {label}")
        body = block[2]
        if b"Proc-Type:" in body:  # the body is encrypted in the way of old OpenSSL
            found.append(_Found(kind, b"", block[0] + b"\n"))
            continue
        der = decode_base64(body)
        if der is None:
            msg = f"{name}: the base64 of {kind} is damaged{origin}"
            raise ConfigurationError(msg, reason="base64_damaged", found=_kind_id(kind), setting=name, file=origin[2:])
        found.append(_Found(kind, der))
    if not found or data.count(b"-----BEGIN ") > len(found):
        msg = f"{name}: the PEM is truncated: a BEGIN line has no END line of its own{origin}"
        raise ConfigurationError(msg, reason="pem_truncated", setting=name, file=origin[2:])
    return found


_INTEGER, _BITS, _OCTETS, _OID, _SEQUENCE, _EXPLICIT = (
    b"\x02",
    b"\x03",
    b"\x04",
    b"\x06",
    b"\x30",
    b"\xa0",
)


def _recognise(der: bytes) -> _Found:
    """Tell by its shape what a DER sequence is; IndexError when it ends too early."""
    kind = "DER of an unknown type"
    _, start, end = _element(der, 0)
    tag, first, after = _element(der, start)
    inner, following = der[first : first + 1], der[after : after + 1]
    if tag == _INTEGER:
        versions = {b"\x00": _PRIVATE, b"\x01": _PRIVATE, b"\x03": _P12}
        kind = versions.get(der[first:after], _PUBLIC)
    elif tag == _SEQUENCE and inner == _OID and following in {_BITS, _OCTETS}:
        kind = _PUBLIC if following == _BITS else _PRIVATE
    elif tag == _SEQUENCE and inner in {_EXPLICIT, _INTEGER}:
        is_request = der[first : first + 3] == b"\x02\x01\x00"
        kind = _REQUEST if is_request else _CERTIFICATE
    return _Found(kind, der[:end])


def _element(der: bytes, at: int) -> tuple[bytes, int, int]:
    """Tag, start and end of the content of the DER element that begins at *at*."""
    tag, length, start = der[at : at + 1], der[at + 1], at + 2
    indefinite = 0x80
    if length == indefinite:  # BER, seen in .p12 files
        return tag, start, len(der)
    if length > indefinite:
        size = length - indefinite
        der[start + size - 1]  # IndexError when cut here
        length = int.from_bytes(der[start : start + size], "big")
        start += size
    end = start + length
    if end > len(der):
        raise IndexError
    return tag, start, end


def _load_der_certificate(der: bytes, name: str, origin: str) -> Certificate:
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        _refuse_damaged(_CERTIFICATE, name, origin)
    return _certificate(certificate, name, origin)


def _certificate(certificate: x509.Certificate, name: str, origin: str) -> Certificate:
    from cryptography.x509.oid import NameOID

    try:
        key = certificate.public_key()
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        serial = serial_text(certificate.serial_number)
    except (ValueError, OverflowError, UnsupportedAlgorithm):  # a negative serial overflows
        _refuse_damaged(_CERTIFICATE, name, origin)
    if not isinstance(key, RSAPublicKey):
        _refuse_algorithm(key, "public", name, origin)
    return Certificate(
        serial=serial,
        key=_long_enough(key, name, origin),
        not_before=not_before,
        not_after=not_after,
        common_name=str(names[0].value) if names else "",
        pem=_pem(certificate),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _pair(
    certificate: Certificate,
    key: RSAPrivateKey,
    chain: list[bytes],
    certificate_name: str,
    key_name: str,
) -> MerchantPair:
    if key.public_key().public_numbers() != certificate.key.public_numbers():
        msg = (
            f"{certificate_name} and {key_name}: this private key does not belong to the "
            f"certificate {certificate.serial}"
        )
        raise ConfigurationError(
            msg, reason="pair_mismatch", serial=certificate.serial, setting=f"{certificate_name}, {key_name}"
        )
    return MerchantPair(certificate, key, b"".join(chain))


def _octets(password: _Password) -> bytes | None:
    plain: str | bytes | None = password.reveal() if isinstance(password, Secret) else password
    return plain.encode() if isinstance(plain, str) else plain


def _is_cryptography_object(source: object) -> bool:
    return type(source).__module__.startswith("cryptography.")


Key = TypeVar("Key", RSAPrivateKey, RSAPublicKey)


def _long_enough(key: Key, name: str, origin: str) -> Key:
    if key.key_size < _SMALLEST_KEY:
        msg = f"{name}: an RSA key of {key.key_size} bits; at least 2048 are needed{origin}"
        raise ConfigurationError(msg, reason="key_too_short", bits=key.key_size, setting=name, file=origin[2:])
    return key


def _kind_id(kind: str) -> str:
    """Return the identifier of a kind, or of what was expected."""
    known = _KIND_IDS.get(kind.replace(" RSA", ""))
    return known or ("unknown_pem" if kind.startswith("a PEM block") else "public_key_or_certificate")


def _refuse_object(source: object, expected: str, name: str) -> NoReturn:
    msg = f"{name}: this is a {type(source).__name__} object; {expected} was expected"
    raise ConfigurationError(
        msg, reason="wrong_object", found=type(source).__name__, expected=_kind_id(expected), setting=name
    )


def _refuse_algorithm(key: object, half: str, name: str, origin: str) -> NoReturn:
    algorithm = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    msg = f"{name}: this is a {half} key of the kind {algorithm}; RSA was expected{origin}"
    raise ConfigurationError(msg, reason="wrong_algorithm", algorithm=algorithm, setting=name, file=origin[2:])


def _refuse_damaged(kind: str, name: str, origin: str) -> NoReturn:
    msg = f"{name}: this is {kind}, but it is damaged or of an unknown algorithm{origin}"
    raise ConfigurationError(msg, reason="damaged", found=_kind_id(kind), setting=name, file=origin[2:]) from None
