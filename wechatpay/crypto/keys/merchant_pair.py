"""The merchant's certificate with its private key."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from chainable.errors import ConfigurationError
from chainable.masking import Secret, safe_repr, without_frames
from wechatpay.crypto.key_sources import KeySource, read_source, refuse_source
from wechatpay.crypto.keys.certificate import Certificate, certificate_of, certificate_of_der, load_certificate, pem_of
from wechatpay.crypto.keys.containers import (
    CERTIFICATE,
    P12,
    PRIVATE,
    find,
    find_all,
    is_cryptography_object,
    kind_id,
    refuse_algorithm,
)
from wechatpay.crypto.keys.private_key import Password, load_private_key, passwords_of

if TYPE_CHECKING:
    import ssl

    from cryptography import x509

__all__ = ["MerchantPair", "load_merchant_certificate", "load_merchant_pair", "load_p12"]

_RC2_40 = bytes.fromhex("2A864886F70D010C0106")
"""The OID of the cipher in older .p12 files, pbeWithSHAAnd40BitRC2-CBC."""


@safe_repr
@frozen(eq=False)
class MerchantPair:
    """The merchant's certificate with its private key, for TLS; the chain has its issuers if the file has them."""

    certificate: Certificate
    key: RSAPrivateKey = field(repr=False)
    chain_pem: bytes = field(repr=False)

    def load_into(self, context: ssl.SSLContext, /) -> None:
        """
        Load both into a TLS context.

        ``ssl`` reads them from files only. The file that is written for it is
        readable by this user only, its key is encrypted with a random password,
        and it is deleted before this method returns.
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


@without_frames
def load_p12(
    source: KeySource, *, name: str = "merchant_cert", password: Password | tuple[Password, ...] = None
) -> MerchantPair:
    """
    Load certificate and private key from ``apiclient_cert.p12``.

    Args:
        source: The file.
        name: The setting, for the error.
        password: The platform sets the merchant number. Those of a tuple are tried in order; a file that is not
            encrypted needs none.

    Raises:
        ConfigurationError: The source is something else, the password is wrong,
            or OpenSSL 3 no longer supports the file's cipher.
        TypeError: *source* is not a :data:`KeySource`.
    """
    data, origin = read_source(source, name)
    found = find(data, {P12}, P12, name, origin)
    key, certificate, others = _opened_p12(found.der, passwords_of(password, name), name, origin)
    if certificate is None or key is None:
        lacking = PRIVATE if key is None else CERTIFICATE
        text = f"this .p12 holds no {lacking.removeprefix('a ')}"
        refuse_source("p12_incomplete", name, text, origin, missing=kind_id(lacking))
    if not isinstance(key, RSAPrivateKey):
        refuse_algorithm(key, "private", name, origin)
    own = certificate_of(certificate, name, origin)
    return _pair(own, key, [own.pem, *map(pem_of, others)], name, name)


def _opened_p12(
    der: bytes, passwords: tuple[Secret[bytes], ...], name: str, origin: str
) -> tuple[object, x509.Certificate | None, list[x509.Certificate]]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import pkcs12

    tried: tuple[Secret[Any], ...] = (*passwords, Secret(None), Secret(b""))
    for password in tried:  # a file without encryption refuses a password
        with suppress(ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            return pkcs12.load_key_and_certificates(der, password.reveal())
    if _RC2_40 in der:
        text = (
            "this .p12 could not be opened: the password is wrong (it is the merchant number, or that of "
            "merchant_cert_password=), or OpenSSL 3 refuses the file's old cipher, RC2; use apiclient_cert.pem and "
            "apiclient_key.pem of the same download, or convert the file with 'openssl pkcs12 -legacy'"
        )
        refuse_source("p12_old_cipher", name, text, origin)
    text = (
        "this .p12 could not be opened: the file is damaged or the password is wrong; it is the merchant number, "
        "unless you give merchant_cert_password="
    )
    return refuse_source("p12_unreadable", name, text, origin)


@without_frames
def load_merchant_certificate(
    source: KeySource | x509.Certificate,
    *,
    name: str = "merchant_cert",
    password: Password | tuple[Password, ...] = None,
) -> Certificate:
    """
    Load the merchant's certificate alone, from PEM, DER or a .p12.

    Args:
        source: ``apiclient_cert.pem`` or ``apiclient_cert.p12``.
        name: The setting, for the error.
        password: That of the .p12, as for :func:`load_p12`.

    Raises:
        ConfigurationError: The source is something else; the message says what.
    """
    if not is_cryptography_object(source):
        data, origin = read_source(cast("KeySource", source), name)
        if any(one.kind == P12 for one in find_all(data, name, origin)):
            return load_p12(data, name=name, password=password).certificate
    return load_certificate(source, name=name)


@without_frames
def load_merchant_pair(
    certificate: KeySource | x509.Certificate,
    key: KeySource | RSAPrivateKey | None = None,
    *,
    password: Password | tuple[Password, ...] = None,
    key_password: Password | tuple[Password, ...] = None,
    certificate_name: str = "merchant_cert",
    key_name: str = "merchant_key",
) -> MerchantPair:
    """
    Load the merchant's certificate and key from two PEM files or one .p12.

    Args:
        certificate: ``apiclient_cert.pem`` or ``apiclient_cert.p12``.
        key: ``apiclient_key.pem``; not needed with a .p12, or if the
            certificate's file has both.
        password: The password of the .p12, as for :func:`load_p12`.
        key_password: The password of an encrypted key in PEM or DER; by default *password*.
        certificate_name: The setting of the certificate, for the error.
        key_name: The setting of the key, for the error.

    Raises:
        ConfigurationError: One of them is something else, or they are not a pair.
    """
    if is_cryptography_object(certificate):
        own = load_certificate(certificate, name=certificate_name)
        chain = [own.pem]
        from_file: bytes | None = None
    else:
        data, origin = read_source(cast("KeySource", certificate), certificate_name)
        found = find_all(data, certificate_name, origin)
        if any(one.kind == P12 for one in found):
            return load_p12(data, name=certificate_name, password=password)
        own = load_certificate(data, name=certificate_name)
        others = [one.der for one in found if one.kind == CERTIFICATE][1:]
        above = [certificate_of_der(der, certificate_name, origin).pem for der in others]
        chain = [own.pem, *above]
        from_file = data if any(one.kind == PRIVATE for one in found) else None
    if key is None:
        if from_file is None:
            msg = f"{key_name}: the private key that belongs to {certificate_name} is missing"
            raise ConfigurationError(msg, reason="key_missing", setting=key_name)
        key = from_file
    loaded = load_private_key(key, name=key_name, password=password if key_password is None else key_password)
    if not isinstance(loaded, RSAPrivateKey):
        msg = f"{key_name}: TLS needs the key itself; an object that only signs is not enough"
        raise ConfigurationError(msg, reason="key_not_exportable", setting=key_name)
    return _pair(own, loaded, chain, certificate_name, key_name)


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
