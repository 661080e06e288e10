"""Certificates, of the merchant and of the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chainable.masking import safe_repr, without_frames
from wechatpay.crypto.key_sources import KeySource, read_source
from wechatpay.crypto.keys.containers import (
    CERTIFICATE,
    check_size,
    find,
    is_cryptography_object,
    refuse_algorithm,
    refuse_damaged,
    refuse_object,
)
from wechatpay.crypto.serials import serial_text

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

__all__ = ["Certificate", "certificate_of", "certificate_of_der", "load_certificate", "pem_of"]


@safe_repr
@frozen
class Certificate:
    """
    A certificate with the serial that the platform uses, upper-case hex of whole bytes.

    The common name of a merchant's certificate is the merchant number. Its times have a time zone.
    """

    serial: str
    key: RSAPublicKey = field(repr=False, eq=False)
    not_before: datetime
    not_after: datetime
    common_name: str
    pem: bytes = field(repr=False)


@without_frames
def load_certificate(source: KeySource | x509.Certificate, *, name: str = "merchant_cert") -> Certificate:
    """
    Load a certificate; the first one of a file that has several.

    Raises:
        ConfigurationError: The source is something else; the message says what.
        TypeError: *source* is neither a :data:`KeySource` nor a certificate object.
    """
    if is_cryptography_object(source):
        if not hasattr(source, "serial_number"):
            refuse_object(source, CERTIFICATE, name)
        return certificate_of(cast("x509.Certificate", source), name, "")
    data, origin = read_source(cast("KeySource", source), name)
    found = find(data, {CERTIFICATE}, CERTIFICATE, name, origin)
    return certificate_of_der(found.der, name, origin)


def certificate_of_der(der: bytes, name: str, origin: str) -> Certificate:
    """Load a certificate from DER; *name* and *origin* are for the error."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        refuse_damaged(CERTIFICATE, name, origin)
    return certificate_of(certificate, name, origin)


def certificate_of(certificate: x509.Certificate, name: str, origin: str) -> Certificate:
    """Read a certificate of ``cryptography``; *name* and *origin* are for the error."""
    from cryptography.x509.oid import NameOID

    try:
        key = certificate.public_key()
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        serial = serial_text(certificate.serial_number)
    except (ValueError, OverflowError, UnsupportedAlgorithm):  # a negative serial overflows
        refuse_damaged(CERTIFICATE, name, origin)
    if not isinstance(key, RSAPublicKey):
        refuse_algorithm(key, "public", name, origin)
    return Certificate(
        serial=serial,
        key=check_size(key, name, origin),
        not_before=not_before,
        not_after=not_after,
        common_name=str(names[0].value) if names else "",
        pem=pem_of(certificate),
    )


def pem_of(certificate: x509.Certificate) -> bytes:
    """Encode a certificate as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
