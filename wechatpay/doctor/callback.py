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
from chainable.cli.reach import loopback, reach, usable
from chainable.cli.words import Words
from chainable.direct import DirectSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.findings import Finding

__all__ = ["examine", "forged"]

PATIENCE = 5.0
"""Seconds the platform waits for an answer."""


def examine(
    url: str, ca: str | None, *, timeout: float, offline: bool = False, public: bool = False
) -> Iterator[Finding]:
    """
    Look at the URL, go there, and send a forged notification, which has to be refused.

    Args:
        url: The ``notify_url``.
        ca: The file of a sandbox's certificate authority, good for this machine only.
        timeout: Seconds for each step.
        offline: Look at the text only.
        public: Whether the real platform calls it, which has to get there from the internet.
    """
    check = "notify_url"
    if not usable(url):
        yield bad(
            check,
            Words("is no URL of http or https", "不是可用的 http 或 https 地址"),
            Words("The platform cannot call it.", "平台无法回调。"),
            Words("Give it as https://shop.example/notify.", "写成 https://shop.example/notify。"),
        )
        return
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield (warning if loopback(url) and not public else bad)(
            check,
            Words("is http, not https", "是 http，不是 https"),
            Words("The platform calls https only.", "平台只回调 https 地址。"),
            Words("Serve it by https.", "用 https 提供该地址。"),
        )
    if parts.query or parts.fragment:
        yield bad(
            check,
            Words("has a query", "带有查询参数"),
            Words("The platform refuses a notify_url with ?…", "平台不接受带 ?… 的 notify_url。"),
            Words("Put what it says into the path.", "把参数放进路径。"),
        )
    if offline:
        return
    trusted = ca if loopback(url) else None
    steps = list(reach(url, trusted, timeout, public=public))
    yield from steps
    if not any(step.code == NETWORK for step in steps):
        yield _refuses(url, trusted)


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
    check = Words("notify_url, forged", "notify_url，伪造通知")
    started = time.monotonic()
    try:
        with DirectSession() as session:
            answer = session.post(url, data=body, headers=headers, timeout=PATIENCE, verify=ca or True)
    except requests.RequestException as error:
        kind = type(error).__name__
        return bad(
            check,
            Words(f"no answer ({kind})", f"没有应答（{kind}）"),
            Words(
                f"The platform waits {PATIENCE:.0f} s and then comes again.", f"平台等 {PATIENCE:.0f} 秒，之后重发。"
            ),
            Words("Answer at once, do the work afterwards.", "先应答，再处理业务。"),
            NETWORK,
        )
    return _judged(check, answer.status_code, f"{(time.monotonic() - started) * 1000:.0f} ms")


def _judged(check: str, status: int, took: str) -> Finding:
    if 300 <= status < 400:
        return bad(
            check,
            Words(f"answers {status}, a redirect", f"返回 {status}，重定向"),
            Words("The platform follows none: every notification is lost.", "平台不跟随重定向，通知全部丢失。"),
            Words(
                "Give the final URL, with or without the slash; keep log-in pages away from it.",
                "改成最终地址，注意末尾斜杠；不要让登录页拦截它。",
            ),
        )
    if status < 300:
        return bad(
            check,
            Words(f"answers {status} to a forgery", f"对伪造通知返回 {status}"),
            Words(
                "Signatures are not checked: anybody can say that an order is paid.",
                "没有验签：任何人都能谎称订单已支付。",
            ),
            Words(
                "Call client.notifications.parse first, and answer 4xx when it raises.",
                "先调用 client.notifications.parse，抛错时返回 4xx。",
            ),
            SIGNATURE,
        )
    if status in {404, 405}:
        return bad(
            check,
            Words(f"answers {status}", f"返回 {status}"),
            Words("There is nothing that takes POST.", "那里没有接受 POST 的程序。"),
            Words("Check the path and the route.", "检查路径与路由。"),
        )
    if status >= 500:
        return warning(
            check,
            Words(f"answers {status} to a forgery", f"对伪造通知返回 {status}"),
            Words(
                "It is refused, though by a crash: the log fills, the platform sends again.",
                "虽被拒绝，却是因为程序出错：日志会积压，平台会重发。",
            ),
            Words("Catch SignatureError and answer 401.", "捕获 SignatureError，返回 401。"),
        )
    return good(check, Words(f"answers {status} in {took}, as it should", f"返回 {status}，{took}，符合要求"))
