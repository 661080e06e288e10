"""The objects in a key file, PEM or DER, and what each of them is."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from chainable.errors import ConfigurationError
from chainable.masking import safe_repr
from wechatpay.crypto.key_sources import decode_base64, file_of, normalise_text, open_base64, refuse_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "CERTIFICATE",
    "P12",
    "PRIVATE",
    "PUBLIC",
    "KeyObject",
    "check_size",
    "find",
    "find_all",
    "is_cryptography_object",
    "kind_id",
    "refuse_algorithm",
    "refuse_damaged",
    "refuse_object",
]

PRIVATE = "a private key"
PUBLIC = "a public key"
CERTIFICATE = "a certificate"
P12 = "a PKCS#12 bundle (.p12)"
_REQUEST = "a certificate request"

_PEM_KINDS = {
    "PRIVATE KEY": PRIVATE,
    "RSA PRIVATE KEY": PRIVATE,
    "EC PRIVATE KEY": PRIVATE,
    "ENCRYPTED PRIVATE KEY": PRIVATE,
    "PUBLIC KEY": PUBLIC,
    "RSA PUBLIC KEY": PUBLIC,
    "CERTIFICATE": CERTIFICATE,
    "X509 CERTIFICATE": CERTIFICATE,
    "CERTIFICATE REQUEST": _REQUEST,
    "NEW CERTIFICATE REQUEST": _REQUEST,
    "EC PARAMETERS": "parameters of an EC key",
    "OPENSSH PRIVATE KEY": "an OpenSSH private key",
}
_KIND_IDS = {
    PRIVATE: "private_key",
    PUBLIC: "public_key",
    CERTIFICATE: "certificate",
    _REQUEST: "certificate_request",
    P12: "p12",
    "parameters of an EC key": "ec_parameters",
    "an OpenSSH private key": "openssh_private_key",
    "DER of an unknown type, or damaged": "unknown_der",
}
"""The identifier of each kind, for ``ConfigurationError.values``."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_SMALLEST_KEY = 2048
_API_KEY_SIZE = 32
_P12_VERSION = b"\x02\x01\x03"


@safe_repr
@frozen
class KeyObject:
    """One object in a file; it has ``pem`` in place of ``der`` if its body is encrypted in the way of old OpenSSL."""

    kind: str
    der: bytes = field(repr=False)
    pem: bytes | None = field(repr=False, default=None)


def find(data: bytes, kinds: set[str], expected: str, name: str, origin: str) -> KeyObject:
    """
    Return the first object of one of the kinds.

    Raises:
        ConfigurationError: There is none; the message says what the file is, and what was *expected*.
    """
    found = find_all(data, name, origin)
    for one in found:
        if one.kind in kinds:
            return one
    there = " and ".join(dict.fromkeys(one.kind for one in found))
    msg = f"{name}: this is {there}; {expected} was expected{origin}"
    if found[0].kind == P12:
        msg += " (apiclient_key.pem and apiclient_cert.pem of the same download are PEM)"
    kinds_found = " ".join(dict.fromkeys(kind_id(one.kind) for one in found))
    raise ConfigurationError(
        msg, reason="wrong_kind", found=kinds_found, expected=kind_id(expected), setting=name, file=file_of(origin)
    )


def find_all(data: bytes, name: str, origin: str) -> list[KeyObject]:
    """Return every object in a file, in order; raise ConfigurationError if there is none, or one is damaged."""
    if b"-----BEGIN" in data:
        return _find_pem(data, name, origin)
    der = data if data[:1] == b"\x30" and not data.isascii() else open_base64(data)
    if der is None:
        digits = data.strip()
        if len(digits) == _API_KEY_SIZE and digits.isalnum():
            refuse_source(
                "looks_like_api_key", name, "this looks like an API key of 32 characters, not like a file", origin
            )
        refuse_source("unknown_format", name, "this is neither PEM nor DER nor base64 of them", origin)
    if b"-----BEGIN" in der:
        return _find_pem(der, name, origin)
    bounds = _bounds(der)
    if bounds is None:
        refuse_source("truncated", name, "this is truncated or damaged", origin)
    start, end = bounds
    # cryptography does not recognise a .p12 without its password: its version number does not occur in other files.
    is_p12 = der[start : start + 3] == _P12_VERSION
    der = der[:end]
    return [KeyObject(P12 if is_p12 else _kind(der), der)]


def _find_pem(data: bytes, name: str, origin: str) -> list[KeyObject]:
    data = normalise_text(data)
    found = []
    for block in _BLOCK.finditer(data):
        label = block[1].decode()
        kind = _PEM_KINDS.get(label, f"a PEM block of the type {label}")
        body = block[2]
        if b"Proc-Type:" in body:
            lines = (line.strip() for line in block[0].splitlines())
            found.append(KeyObject(kind, b"", b"\n".join(lines) + b"\n"))
            continue
        der = decode_base64(body)
        if der is None:
            refuse_source("base64_damaged", name, f"the base64 of {kind} is damaged", origin, found=kind_id(kind))
        found.append(KeyObject(kind, der))
    if not found or data.count(b"-----BEGIN ") > len(found):
        refuse_source("pem_truncated", name, "the PEM is truncated: a BEGIN line has no END line of its own", origin)
    return found


def _bounds(der: bytes) -> tuple[int, int] | None:
    """
    Return where the content of the outermost element begins and ends; None where the file ends before.

    cryptography refuses bytes after the element, such as a final line break, and does not report a truncated file.
    """
    length, start = der[1] if len(der) > 1 else 0x7F, 2
    if length == 0x80:  # BER: up to the end of the file, seen in .p12 files
        return start, len(der)
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(der[2:start], "big")
    end = start + length
    return (start, end) if end <= len(der) else None


def _kind(der: bytes) -> str:
    for kind, load in _loaders():
        try:
            load(der)
        except ValueError:
            continue
        except (TypeError, UnsupportedAlgorithm):  # an encrypted private key, or an unknown algorithm
            return kind
        return kind
    return "DER of an unknown type, or damaged"


def _loaders() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    yield PRIVATE, lambda der: load_der_private_key(der, None)
    yield PUBLIC, load_der_public_key
    from cryptography import x509

    def of_any_version(load: Callable[[bytes], object]) -> Callable[[bytes], object]:
        def loaded(der: bytes) -> None:
            with suppress(x509.InvalidVersion):  # not a ValueError
                load(der)

        return loaded

    yield CERTIFICATE, of_any_version(x509.load_der_x509_certificate)
    yield _REQUEST, of_any_version(x509.load_der_x509_csr)


def kind_id(kind: str) -> str:
    """Return the identifier of a kind, or of what was expected."""
    known = _KIND_IDS.get(kind.replace(" RSA", ""))
    return known or ("unknown_pem" if kind.startswith("a PEM block") else "public_key_or_certificate")


def is_cryptography_object(source: object) -> bool:
    """Return whether a source is a key or certificate of ``cryptography``."""
    return type(source).__module__.startswith("cryptography.")


Key = TypeVar("Key", RSAPrivateKey, RSAPublicKey)


def check_size(key: Key, name: str, origin: str) -> Key:
    """Return an RSA key of 2048 bits or more; raise ConfigurationError for a shorter one."""
    if key.key_size < _SMALLEST_KEY:
        text = f"an RSA key of {key.key_size} bits; at least 2048 are needed"
        refuse_source("key_too_short", name, text, origin, bits=key.key_size)
    return key


def refuse_object(source: object, expected: str, name: str) -> NoReturn:
    """Raise the error of an object of ``cryptography`` of the wrong type."""
    msg = f"{name}: this is a {type(source).__name__} object; {expected} was expected"
    raise ConfigurationError(
        msg, reason="wrong_object", found=type(source).__name__, expected=kind_id(expected), setting=name
    )


def refuse_algorithm(key: object, half: str, name: str, origin: str) -> NoReturn:
    """Raise the error of a private or public key that is not RSA."""
    algorithm = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    text = f"this is a {half} key of the kind {algorithm}; RSA was expected"
    refuse_source("wrong_algorithm", name, text, origin, algorithm=algorithm)


def refuse_damaged(kind: str, name: str, origin: str) -> NoReturn:
    """Raise the error of an object that ``cryptography`` does not load."""
    text = f"this is {kind}, but it is damaged or of an unknown algorithm"
    refuse_source("damaged", name, text, origin, found=kind_id(kind))
