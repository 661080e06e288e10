"""The gateway's side of the signature: rebuild the message from what arrived, and name the likely mistake.

Rules: https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SIGN_METHODS", "Signed", "check", "shown", "sign"]

MASK = "********"


def _md5(secret: bytes, message: bytes) -> str:
    return hashlib.md5(secret + message + secret, usedforsecurity=False).hexdigest()


def _hmac(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, "md5").hexdigest()


def _hmac_sha256(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, "sha256").hexdigest()


SIGN_METHODS: Mapping[str, Callable[[bytes, bytes], str]] = {"md5": _md5, "hmac": _hmac, "hmac-sha256": _hmac_sha256}

Signed = tuple[dict[str, str], bytes]
"""What a signature covers: the text parameters without ``sign``, and the raw body (empty for forms)."""


def message(parameters: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return names and values in the order of the names, nothing between them, then the raw body; UTF-8."""
    return "".join(name + parameters[name] for name in sorted(parameters)).encode() + body


def sign(sign_method: str, secret: str, parameters: Mapping[str, str], body: bytes = b"") -> str:
    """Return the signature, upper-case hex, of parameters that hold no ``sign``."""
    return SIGN_METHODS[sign_method](secret.encode(), message(parameters, body)).upper()


def shown(sign_method: str, parameters: Mapping[str, str], body: bytes = b"") -> str:
    """Return the signed string for people to compare, the secret masked (only md5 has it in the string)."""
    text = message(parameters, body).decode(errors="replace")
    return f"{MASK}{text}{MASK}" if sign_method == "md5" else text


def check(received: str, sign_method: str, secret: str, parameters: Mapping[str, str], body: bytes) -> str | None:
    """
    Compare a received signature with the right one.

    Returns:
        None when it is right, otherwise what is wrong with it, as far as known mistakes reproduce it.
    """
    if hmac.compare_digest(received.encode(), sign(sign_method, secret, parameters, body).encode()):
        return None
    for mistake, wrong in _mistakes(sign_method, secret, parameters, body):
        if received.upper() == wrong.upper():
            return mistake
    return "no known mistake gives this signature: another secret, or other values signed than sent"


def _mistakes(
    sign_method: str, secret: str, parameters: Mapping[str, str], body: bytes
) -> list[tuple[str, str]]:  # every text says what the caller did, the value is what that gives
    key = secret.encode()
    digest = SIGN_METHODS[sign_method]

    def of(changed: Mapping[str, str]) -> str:
        return digest(key, message(changed, body))

    found = [("the signature is right but must be upper-case hex", of(parameters))]
    found += [
        (
            f"sign_method says {sign_method} but the signature is {name}",
            SIGN_METHODS[name](key, message(parameters, body)),
        )
        for name in SIGN_METHODS
        if name != sign_method
    ]
    found += [
        (f"{name} was not signed but sent: sign every parameter that is sent", of(_without(parameters, name)))
        for name in sorted(parameters)
    ]
    empty = {name: value for name, value in parameters.items() if value}
    pairs = [f"{name}={parameters[name]}" for name in sorted(parameters)]
    found += [
        ("empty values were sent but not signed: leave them out of both", of(empty)),
        ("the raw body was sent but not signed", digest(key, message(parameters))),
        (
            "url-encoded values were signed: sign the plain values",
            of({n: quote_plus(v) for n, v in parameters.items()}),
        ),
        (
            "names and values were joined with = and &: nothing stands between them",
            digest(key, "&".join(pairs).encode() + body),
        ),
        (
            "names and values were joined with =: nothing stands between them",
            digest(key, "".join(pairs).encode() + body),
        ),
        ("the names were not sorted", digest(key, "".join(n + v for n, v in parameters.items()).encode() + body)),
        ("the secret was used with white space around it", digest(f"{secret}\n".encode(), message(parameters, body))),
        ("the secret was not used", digest(b"", message(parameters, body))),
        (
            "values were signed as GBK: sign and send UTF-8",
            digest(key, message(parameters, body).decode(errors="replace").encode("gbk", "replace")),
        ),
        (
            "HMAC-SHA1 was used: sign_method knows md5, hmac and hmac-sha256",
            hmac.new(key, message(parameters, body), "sha1").hexdigest(),
        ),
        (
            "md5 with the secret behind the parameters only: it stands before and behind them",
            hashlib.md5(message(parameters, body) + key, usedforsecurity=False).hexdigest(),
        ),
    ]
    return found


def _without(parameters: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in parameters.items() if key != name}
