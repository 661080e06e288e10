"""The merchant's private key."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from chainable.masking import Secret, without_frames
from wechatpay.crypto.key_sources import KeySource, read_source, refuse_source
from wechatpay.crypto.keys.containers import (
    PRIVATE,
    check_size,
    find,
    is_cryptography_object,
    refuse_algorithm,
    refuse_damaged,
    refuse_object,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Password", "PrivateKey", "load_private_key", "password_bytes"]

Password: TypeAlias = str | bytes | Secret[str] | Secret[bytes] | None


class PrivateKey(Protocol):
    """The merchant's private key in an HSM or behind a service."""

    @abstractmethod
    def sign(self, message: bytes, /) -> bytes:
        """Return the signature of *message* by RSA PKCS#1 v1.5 with SHA-256."""


@without_frames
def load_private_key(
    source: KeySource | RSAPrivateKey | PrivateKey,
    *,
    name: str = "private_key",
    password: Password = None,
) -> RSAPrivateKey | PrivateKey:
    """
    Load the merchant's private key.

    Args:
        source: PKCS#1 or PKCS#8; any object with ``sign(message: bytes) -> bytes`` is returned unchanged.
        name: The setting, for the error.
        password: The password of an encrypted file.

    Raises:
        ConfigurationError: The source is something else, and the message says
            what; or it is encrypted, damaged, not RSA or shorter than 2048 bits.
        TypeError: *source* is neither a key nor a :data:`KeySource`.
    """
    if isinstance(source, RSAPrivateKey):
        return check_size(source, name, "")
    if is_cryptography_object(source):
        refuse_object(source, "a private RSA key", name)
    if callable(getattr(source, "sign", None)):
        return cast("PrivateKey", source)
    return _load_own_key(cast("KeySource", source), name, password)


def _load_own_key(source: KeySource, name: str, password: Password) -> RSAPrivateKey:
    data, origin = read_source(source, name)
    found = find(data, {PRIVATE}, PRIVATE, name, origin)
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
        refuse_damaged(PRIVATE, name, origin)
    if not isinstance(key, RSAPrivateKey):
        refuse_algorithm(key, "private", name, origin)
    return check_size(key, name, origin)


def _decrypted(
    load: Callable[[bytes, bytes | None], object],
    content: bytes,
    password: Password,
    name: str,
    origin: str,
) -> object:
    if password is None:
        refuse_source("password_missing", name, "this private key is encrypted and no password was given", origin)
    try:
        return load(content, password_bytes(password))
    except (ValueError, UnsupportedAlgorithm):
        refuse_source("password_wrong", name, "the password does not open this private key, or it is damaged", origin)


def password_bytes(password: Password) -> bytes | None:
    """Return a password as bytes; None for no password."""
    plain: str | bytes | None = password.reveal() if isinstance(password, Secret) else password
    return plain.encode() if isinstance(plain, str) else plain
