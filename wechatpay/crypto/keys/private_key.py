"""The merchant's private key."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from chainable.i18n import Words
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

__all__ = ["Password", "PrivateKey", "load_private_key", "password_option", "passwords_of"]

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
    password: Password | tuple[Password, ...] = None,
) -> RSAPrivateKey | PrivateKey:
    """
    Load the merchant's private key.

    Args:
        source: PKCS#1 or PKCS#8; any object with ``sign(message: bytes) -> bytes`` is returned unchanged.
        name: The setting, for the error.
        password: The password of an encrypted file; None or empty for none. Those of a tuple are tried in order.

    Raises:
        ConfigurationError: The source is something else, and the message says
            what; or it is encrypted, damaged, not RSA or shorter than 2048 bits.
        TypeError: *source* is neither a key nor a :data:`KeySource`, or a password is neither str nor bytes.
    """
    if isinstance(source, RSAPrivateKey):
        return check_size(source, name, "")
    if is_cryptography_object(source):
        refuse_object(source, "a private RSA key", name)
    if callable(getattr(source, "sign", None)):
        return cast("PrivateKey", source)
    return _load_own_key(cast("KeySource", source), name, passwords_of(password, name))


def _load_own_key(source: KeySource, name: str, passwords: tuple[Secret[bytes], ...]) -> RSAPrivateKey:
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
        key = _decrypted(load, content, passwords, name, origin)
    except (ValueError, UnsupportedAlgorithm):
        refuse_damaged(PRIVATE, name, origin)
    if not isinstance(key, RSAPrivateKey):
        refuse_algorithm(key, "private", name, origin)
    return check_size(key, name, origin)


def _decrypted(
    load: Callable[[bytes, bytes | None], object],
    content: bytes,
    passwords: tuple[Secret[bytes], ...],
    name: str,
    origin: str,
) -> object:
    option = password_option(name)
    if not passwords:
        text = f"this private key is encrypted and no password was given; give {option}="
        refuse_source("password_missing", name, text, origin, option=option)
    for password in passwords:
        with suppress(ValueError, UnsupportedAlgorithm):
            return load(content, password.reveal())
    text = f"the password does not open this private key, or it is damaged; its password is {option}="
    return refuse_source("password_wrong", name, text, origin, option=option)


def password_option(name: str) -> str:
    """Return the setting that holds the password of a setting."""
    return "private_key_password" if name == "private_key" else "merchant_cert_password"


def passwords_of(given: Password | tuple[Password, ...], name: str) -> tuple[Secret[bytes], ...]:
    """
    Return the passwords as bytes in UTF-8, without empty ones.

    One that ends with a line end, as files of secrets do, is followed by itself without it.

    Raises:
        TypeError: A password is neither str nor bytes; the message names the setting of *name*'s password.
    """
    found = []
    for each in given if isinstance(given, tuple) else (given,):
        password: Secret[Any] = Secret.of(each)
        if not isinstance(password.reveal(), str | bytes | None):
            msg = Words(
                f"{password_option(name)}: a str or bytes was expected, not {type(password.reveal()).__name__}",
                f"{password_option(name)}：应为 str 或 bytes，不是 {type(password.reveal()).__name__}",
            )
            raise TypeError(msg)
        if password:
            if isinstance(password.reveal(), str):
                password = Secret(password.reveal().encode())
            found.append(password)
            without = Secret(password.reveal().rstrip(b"\r\n"))
            if 0 < len(without.reveal()) < len(password.reveal()):
                found.append(without)
    return tuple(found)
