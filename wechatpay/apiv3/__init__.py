"""APIv3: JSON, signed with RSA, verified with the platform's keys."""

from wechatpay.signing import RSASigner, RSAVerifier

__all__ = ["RSASigner", "RSAVerifier"]
