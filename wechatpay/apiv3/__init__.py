"""APIv3: JSON, signed with RSA, verified with the platform's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.lazy import lazy_attributes

if TYPE_CHECKING:
    from wechatpay.signing import RSASigner, RSAVerifier

__all__ = ["RSASigner", "RSAVerifier"]

# Imported when a client is made.
__getattr__ = lazy_attributes(__name__, dict.fromkeys(__all__, "wechatpay.signing"))
