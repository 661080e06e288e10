"""
``notify_url`` as the platform meets it.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

import base64
import json
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import NETWORK, SIGNATURE
from chainable.cli.reach import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.findings import Finding

__all__ = ["examine", "forged"]

PATIENCE = 5.0
"""Seconds the platform waits for an answer."""


def examine(url: str, ca: str | None, *, timeout: float, offline: bool = False) -> Iterator[Finding]:
    """Look at the URL, go there, and send a forged notification, which has to be refused."""
    parts = urlsplit(url)
    check = "notify_url"
    if parts.scheme != "https":
        yield bad(
            check, f"is {parts.scheme or 'no URL'}, not https", "The platform calls https only.", "Serve it by https."
        )
    if parts.query or parts.fragment:
        yield bad(check, "has a query", "The platform refuses a notify_url with ?…", "Put what it says into the path.")
    if parts.scheme not in {"http", "https"} or not parts.hostname or offline:
        return
    steps = list(reach(url, ca, timeout))
    yield from steps
    if not any(step.code for step in steps):
        yield _refuses(url, ca)


def forged() -> tuple[dict[str, str], bytes]:
    """Make headers and body of a notification whose signature is made up."""
    body = json.dumps(
        {"id": "doctor", "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": str(int(time.time())),
        "Wechatpay-Nonce": os.urandom(16).hex(),
        "Wechatpay-Serial": "0" * 40,
        "Wechatpay-Signature": base64.b64encode(os.urandom(256)).decode(),
    }
    return headers, body


def _refuses(url: str, ca: str | None) -> Finding:
    headers, body = forged()
    check = "notify_url, forged"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url, data=body, headers=headers, timeout=PATIENCE, verify=ca or True, allow_redirects=False
            )
    except requests.RequestException as error:
        return bad(
            check,
            f"no answer ({type(error).__name__})",
            f"The platform waits {PATIENCE:.0f} s and then comes again.",
            "Answer at once, do the work afterwards.",
            NETWORK,
        )
    status = answer.status_code
    if 300 <= status < 400:
        return bad(
            check,
            f"answers {status}, a redirect",
            "The platform follows none: every notification is lost.",
            "Give the final URL, with or without the slash; keep log-in pages away from it.",
        )
    if status < 300:
        return bad(
            check,
            f"answers {status} to a forgery",
            "Signatures are not checked: anybody can say that an order is paid.",
            "Call client.notifications.parse first, and answer 4xx when it raises.",
            SIGNATURE,
        )
    if status in {404, 405}:
        return bad(check, f"answers {status}", "There is nothing that takes POST.", "Check the path and the route.")
    if status >= 500:
        return warning(
            check,
            f"answers {status} to a forgery",
            "It is refused, though by a crash: the log fills, the platform sends again.",
            "Catch SignatureError and answer 401.",
        )
    return good(check, f"answers {status}, as it should")
