"""The platform's side of a notification, made with ``cryptography`` alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

NOW = 1_790_000_000
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026010100000000000001"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
SECRET = "ABCDEF0123456789abcdef0123456789"


@frozen
class Platform:
    """Signs and seals as the platform does."""

    key: RSAPrivateKey = field(repr=False)
    serial: str = PUBLIC_KEY_ID
    apiv3_key: str = APIV3_KEY
    secret: str = SECRET

    def headers(self, body: bytes, **changes: str) -> dict[str, str]:
        """The headers of a signed body; *changes* by last word (timestamp, nonce, signature, serial)."""
        timestamp = changes.pop("timestamp", str(NOW))
        nonce = changes.pop("nonce", "593BEC0C930BF1AFEB40B4A08C8FB242")
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(self.key.sign(message, PKCS1v15(), hashes.SHA256())).decode()
        return {
            "Content-Type": "application/json",
            "Request-ID": "08B1",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": changes.pop("signature", signature),
            "Wechatpay-Serial": changes.pop("serial", self.serial),
            "Wechatpay-Signature-Type": changes.pop("scheme", "WECHATPAY2-SHA256-RSA2048"),
        }

    def sealed(self, resource: Any, *, original_type: str = "transaction", **changes: Any) -> dict[str, Any]:
        """A resource under the APIv3 key."""
        content = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
        ciphertext = AESGCM(self.apiv3_key.encode()).encrypt(b"fdasflkja484", content, b"transaction")
        return {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(ciphertext).decode(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        } | changes

    def body(self, content: Any, event_type: str = "TRANSACTION.SUCCESS", **changes: Any) -> bytes:
        """The body of a notification, as compact as the platform's."""
        original_type = changes.pop("original_type", "transaction")
        envelope = {
            "id": "EV-2018022511223320873",
            "create_time": "2026-09-21T10:34:56+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": self.sealed(content, original_type=original_type),
        } | changes
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()

    def xml(self, fields: dict[str, str], *, sign_type: str | None = "MD5") -> bytes:
        """A v2 notification; unsigned if *sign_type* is None."""
        if sign_type is not None:
            text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
            octets = f"{text}&key={self.secret}".encode()
            if sign_type == "MD5":
                sign = hashlib.md5(octets).hexdigest()
            else:
                sign = hmac.new(self.secret.encode(), octets, "sha256").hexdigest()
            fields = fields | {"sign": sign.upper()}
        members = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
        return f"<xml>{members}</xml>".encode()

    def req_info(self, inner: str) -> str:
        """The sealed part of a refund notification."""
        key = hashlib.md5(self.secret.encode()).hexdigest().encode()
        padder = padding.PKCS7(128).padder()
        padded = padder.update(inner.encode()) + padder.finalize()
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
