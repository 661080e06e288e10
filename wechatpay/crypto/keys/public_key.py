"""The platform's public keys, bare or in certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chainable.errors import ConfigurationError
from chainable.masking import without_frames
from wechatpay.crypto.key_sources import KeySource, read_source
from wechatpay.crypto.keys.certificate import certificate_of, certificate_of_der
from wechatpay.crypto.keys.containers import (
    CERTIFICATE,
    PUBLIC,
    check_size,
    find,
    is_cryptography_object,
    refuse_algorithm,
    refuse_damaged,
    refuse_object,
)
from wechatpay.crypto.serials import PUBLIC_KEY_ID, normalise_serial, shown_key_id, shown_serial

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["LoadedKey", "check_certs", "check_platform_key", "load_public_key"]


class LoadedKey(NamedTuple):
    """A key that verifies the platform's signatures; the serial of its certificate, None for a bare public key."""

    kind: Literal["public key", "certificate"]
    key: RSAPublicKey
    serial: str | None


@without_frames
def load_public_key(source: KeySource | RSAPublicKey | x509.Certificate, *, name: str = "certs") -> LoadedKey:
    """
    Load a platform public key or a platform certificate.

    Raises:
        ConfigurationError: The source is something else; the message says what.
        TypeError: *source* is neither a :data:`KeySource` nor an object of ``cryptography``.
    """
    if isinstance(source, RSAPublicKey):
        return LoadedKey("public key", check_size(source, name, ""), None)
    if is_cryptography_object(source):
        if not hasattr(source, "serial_number"):
            refuse_object(source, "a public RSA key or a certificate", name)
        certificate = certificate_of(cast("x509.Certificate", source), name, "")
        return LoadedKey("certificate", certificate.key, certificate.serial)
    data, origin = read_source(cast("KeySource", source), name)
    expected = "a public key or a certificate"
    found = find(data, {PUBLIC, CERTIFICATE}, expected, name, origin)
    if found.kind == CERTIFICATE:
        certificate = certificate_of_der(found.der, name, origin)
        return LoadedKey("certificate", certificate.key, certificate.serial)
    try:
        key = load_der_public_key(found.der)
    except (ValueError, UnsupportedAlgorithm):
        refuse_damaged(PUBLIC, name, origin)
    if not isinstance(key, RSAPublicKey):
        refuse_algorithm(key, "public", name, origin)
    return LoadedKey("public key", check_size(key, name, origin), None)


def check_certs(given: Any) -> Mapping[str, Any]:
    """
    Return the setting ``certs``, a mapping; empty for None.

    Raises:
        ConfigurationError: It is anything else, such as the path of one file; the message shows how it is written.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        msg = (
            f"certs: a mapping of ids to keys was expected, not a {type(given).__name__}: write "
            f"certs={{'PUB_KEY_ID_…': 'pub_key.pem'}}, or {{serial: certificate}}"
        )
        raise ConfigurationError(msg, reason="certs_not_mapping", setting="certs", kind=type(given).__name__)
    return given


def check_platform_key(key_id: str, loaded: LoadedKey, *, name: str = "certs") -> str:
    """
    Check that a platform key belongs to the id or serial given for it, which is returned in its usual form.

    Raises:
        ConfigurationError: A public key has a serial in place of an id, or a
            certificate has another serial, or a public key's id.
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
