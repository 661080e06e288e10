"""The gateway's side of the signature: the message, rebuilt from the request.

Rules: https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MASK", "PUBLIC", "SIGN_METHODS", "shown", "sign"]

MASK = "********"
PUBLIC = frozenset(
    {
        "method",
        "app_key",
        "session",
        "timestamp",
        "v",
        "sign_method",
        "sign",
        "format",
        "simplify",
        "partner_id",
        "target_app_key",
    }
)
"""The parameters that every call may have; all others are the API's own."""


def _md5(secret: bytes, message: bytes) -> str:
    return hashlib.md5(secret + message + secret, usedforsecurity=False).hexdigest()


def _hmac(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, "md5").hexdigest()


def _hmac_sha256(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, "sha256").hexdigest()


SIGN_METHODS: Mapping[str, Callable[[bytes, bytes], str]] = {"md5": _md5, "hmac": _hmac, "hmac-sha256": _hmac_sha256}


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
