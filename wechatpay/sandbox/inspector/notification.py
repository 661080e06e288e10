"""A notification decrypted, and the signed message of each attempt to deliver it."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chainable.sandbox.inspector import Comparison, readable
from wechatpay import catalogue
from wechatpay.sandbox import apiv2
from wechatpay.sandbox.inspector.comparison import compared_notice, compared_v2

if TYPE_CHECKING:
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.webhooks import Attempt, Delivery, Notice

__all__ = ["details", "opened", "row"]


def row(delivery: Delivery) -> dict[str, Any]:
    """Return one line of the list of callbacks, as JSON values."""
    notice, attempts = delivery.notice, delivery.attempts
    last = attempts[-1] if attempts else None
    return {
        "id": delivery.id,
        "time": last.time if last else None,
        "event": notice.event_type,
        "version": notice.version,
        "title": title_of(notice),
        "url": delivery.url[:512],
        "state": delivery.state,
        "attempts": len(attempts),
        "status": last.status if last else 0,
        "forgery": next((attempt.forgery for attempt in attempts if attempt.forgery), ""),
        "hole": delivery.accepted_forgery,
    }


def title_of(notice: Notice) -> str:
    """Return the title of the event in the catalogue."""
    event = catalogue.event(notice.event_type, notice.version)
    return event.title if event else ""


def details(delivery: Delivery, account: Account) -> dict[str, Any]:
    """Return a delivery in detail, as JSON values."""
    from wechatpay.describe import described

    notice = delivery.notice
    plain = delivery.as_json()
    for attempt, shown in zip(delivery.attempts, plain["attempts"], strict=False):  # one more may have come meanwhile
        shown["comparison"] = compared(notice, attempt, account).as_json()
    return {
        **plain,
        "title": title_of(notice),
        "body": readable(notice.body),
        "opened": opened(notice, account),
        "description": described(f"event {notice.version} {notice.event_type}").to_json(),
    }


def compared(notice: Notice, attempt: Attempt, account: Account) -> Comparison:
    """Compare what an attempt was signed over with what the merchant's server puts together."""
    if notice.version == "v2":
        parameters = apiv2.read(notice.body)
        if "sign" not in parameters:
            return Comparison("unsigned")
        if attempt.forgery:
            parameters["sign"] = "0" * 32
        return compared_v2(parameters, account)
    headers = {name.lower(): value for name, value in attempt.headers.items()}
    altered = notice.body[:-1] + b" }"
    sent, others = (altered, (notice.body,)) if attempt.forgery == "body" else (notice.body, ())
    return compared_notice(headers, sent, account, attempt.time, others)


@lru_cache(maxsize=1024)
def opened(notice: Notice, account: Account) -> str:
    """Return the encrypted part of a notification, formatted; empty if nothing is encrypted."""
    if notice.version == "v3":
        resource = json.loads(notice.body)["resource"]
        return readable(unsealed(account, resource["nonce"], resource["ciphertext"], resource["associated_data"]))
    parameters = apiv2.read(notice.body)
    if "req_info" in parameters:
        return readable(unsealed_ecb(account.secret, parameters["req_info"]))
    if "event_ciphertext" in parameters:
        associated = parameters["event_associated_data"]
        return readable(unsealed(account, parameters["event_nonce"], parameters["event_ciphertext"], associated))
    return ""


def unsealed(account: Account, nonce: str, ciphertext: str, associated_data: str) -> bytes:
    """Return the text under the APIv3 key (AES-256-GCM)."""
    cipher = AESGCM(account.apiv3_key.encode())
    return cipher.decrypt(nonce.encode(), base64.b64decode(ciphertext), associated_data.encode())


def unsealed_ecb(secret: str, ciphertext: str) -> bytes:
    """Return the text under the small-letter MD5 of the v2 key (AES-256-ECB)."""
    key = hashlib.md5(secret.encode()).hexdigest().encode()  # noqa: S324 (the platform's)
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305 (the platform's)
    padded = decryptor.update(base64.b64decode(ciphertext)) + decryptor.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()
