"""
What a notification costs: verified and opened, beside the tightest hand-written code.

Run ``python benchmarks/notifications.py``.  All contenders take turns, a few
hundred messages each, so that a busy machine slows them alike; the figures are
medians over the turns.
"""

from __future__ import annotations

import base64
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from wechatpay.certificates import PlatformCertificates
from wechatpay.crypto.aes import APIv3Key
from wechatpay.notifications import Notifications
from wechatpay.signing import RSAVerifier

if TYPE_CHECKING:
    from collections.abc import Callable

SERIAL = "PUB_KEY_ID_0119000001092026010100000000000001"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
GOAL_OF_FLOOR, GOAL_OF_RAW = 0.95, 0.58
RESOURCE = {
    "transaction_id": "1217752501201407033233368018",
    "amount": {"payer_total": 100, "total": 100, "currency": "CNY", "payer_currency": "CNY"},
    "mchid": "1230000109",
    "trade_state": "SUCCESS",
    "bank_type": "CMC",
    "success_time": "2026-06-08T10:34:56+08:00",
    "payer": {"openid": "made-up-openid-of-28-letters"},
    "out_trade_no": "1217752501201407033233368018",
    "appid": "wxd678efh567hg6787",
    "trade_state_desc": "支付成功",
    "trade_type": "MICROPAY",
}


def made(key: RSAPrivateKey) -> tuple[dict[str, str], bytes]:
    """Headers and body of one notification."""
    content = json.dumps(RESOURCE, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(b"fdasflkja484", content, b"transaction")
    envelope = {
        "id": "EV-2018022511223320873",
        "create_time": "2026-06-08T10:34:56+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        },
    }
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(time.time()))
    signature = key.sign(f"{timestamp}\nNONCE\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    headers = {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": "NONCE",
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": SERIAL,
    }
    return headers, body


def floor(key: RSAPrivateKey, headers: dict[str, str], body: bytes) -> Callable[[], Any]:
    """The same checks by hand, with key and cipher made once."""
    keys = {SERIAL: key.public_key()}
    cipher = AESGCM(APIV3_KEY.encode())

    def parse() -> Any:
        timestamp = headers["Wechatpay-Timestamp"]
        if abs(time.time() - int(timestamp)) > 300:
            msg = "old"
            raise ValueError(msg)
        message = f"{timestamp}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        try:
            keys[headers["Wechatpay-Serial"]].verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            msg = "forged"
            raise ValueError(msg) from None
        sealed = json.loads(body)["resource"]
        content = cipher.decrypt(
            sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), sealed["associated_data"].encode()
        )
        return json.loads(content)

    return parse


def raw(key: RSAPrivateKey, headers: dict[str, str], body: bytes) -> Callable[[], Any]:
    """The two primitives alone."""
    public_key, padding, digest = key.public_key(), PKCS1v15(), SHA256()
    cipher = AESGCM(APIV3_KEY.encode())
    message = f"{headers['Wechatpay-Timestamp']}\nNONCE\n".encode() + body + b"\n"
    signature = base64.b64decode(headers["Wechatpay-Signature"])
    sealed = base64.b64decode(json.loads(body)["resource"]["ciphertext"])

    def parse() -> Any:
        public_key.verify(signature, message, padding, digest)
        return cipher.decrypt(b"fdasflkja484", sealed, b"transaction")

    return parse


def ours(key: RSAPrivateKey, headers: dict[str, str], body: bytes) -> Callable[[], Any]:
    """``client.notifications.parse``."""
    keys = PlatformCertificates({SERIAL: key.public_key()})
    notifications = Notifications(RSAVerifier(keys), apiv3_key=APIv3Key(APIV3_KEY), secret=None, mchid="1900000109")
    return lambda: notifications.parse(headers, body).resource


def measure(turns: int = 60, messages: int = 300) -> dict[str, float]:
    """Messages per second of each contender, and the two ratios."""
    key = generate_private_key(65537, 2048)
    headers, body = made(key)
    contenders = {make.__name__: make(key, headers, body) for make in (raw, floor, ours)}
    if contenders["floor"]() != contenders["ours"]():
        msg = "the contenders do not agree"
        raise ValueError(msg)
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, parse in contenders.items():
            start = time.perf_counter()
            for _ in range(messages):
                parse()
            rates[name].append(messages / (time.perf_counter() - start))
    result = {name: statistics.median(values) for name, values in rates.items()}
    for other in ("floor", "raw"):
        ratios = [mine / its for mine, its in zip(rates["ours"], rates[other], strict=True)]
        result[f"ours / {other}"] = statistics.median(ratios)
    return result


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:14} {value:10,.2f}" if "/" in name else f"{name:14} {value:10,.0f} notifications/s")
    print(f"goals: ours / floor >= {GOAL_OF_FLOOR}, ours / raw >= {GOAL_OF_RAW}")
