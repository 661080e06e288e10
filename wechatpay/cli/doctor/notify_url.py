"""
Check a ``notify_url`` as the platform calls it.

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

from chainable.cli.checks import bad, good, warning
from chainable.cli.connectivity import check_host, is_loopback_url, is_url, milliseconds_since
from chainable.cli.exit_codes import NETWORK, SIGNATURE
from chainable.cli.i18n import Words
from chainable.pinned import PinnedSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.checks import Finding

__all__ = ["examine", "forged"]

TIMEOUT = 5.0
"""Seconds that the platform waits for a response."""


def examine(
    url: str, ca: str | None, *, timeout: float, offline: bool = False, public: bool = False
) -> Iterator[Finding]:
    """
    Check the URL, connect to it, and send a forged notification, which must be refused.

    Args:
        url: The ``notify_url``.
        ca: The CA file of a sandbox, used for this machine only.
        timeout: Seconds for each step.
        offline: Whether to check the text only.
        public: Whether the real platform calls it, which needs a public address.
    """
    check = "notify_url"
    if not is_url(url):
        yield bad(
            check,
            Words("is not a URL of http or https", "不是有效的 http 或 https 地址"),
            Words("The platform cannot call it.", "平台无法回调。"),
            Words("Write it like https://shop.example/notify.", "写成 https://shop.example/notify 的形式。"),
        )
        return
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield (warning if is_loopback_url(url) and not public else bad)(
            check,
            Words("is http, not https", "是 http，不是 https"),
            Words("The platform calls https only.", "平台只回调 https 地址。"),
            Words("Serve it over https.", "改为 https。"),
        )
    if parts.query:
        yield bad(
            check,
            Words("has a query", "带有查询参数"),
            Words("The platform refuses a notify_url with a query.", "平台不接受带查询参数的 notify_url。"),
            Words("Move the parameters into the path.", "把参数放进路径。"),
        )
    if offline:
        return
    trusted = ca if is_loopback_url(url) else None
    steps = list(check_host(url, trusted, timeout, public=public))
    yield from steps
    if not any(step.code == NETWORK for step in steps):
        yield _check_refusal(url, trusted)


def forged() -> tuple[dict[str, str], bytes]:
    """Return headers and body of a notification with a random signature."""
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


def _check_refusal(url: str, ca: str | None) -> Finding:
    headers, body = forged()
    check = Words("notify_url, forged", "notify_url，伪造通知")
    started = time.monotonic()
    try:
        with PinnedSession() as session:
            response = session.post(url, data=body, headers=headers, timeout=TIMEOUT, verify=ca or True)
    except requests.RequestException as error:
        kind = type(error).__name__
        return bad(
            check,
            Words(f"no response ({kind})", f"没有应答（{kind}）"),
            Words(f"The platform waits {TIMEOUT:.0f} s, then sends again.", f"平台等待 {TIMEOUT:.0f} 秒，超时后重发。"),
            Words("Respond at once, process afterwards.", "先应答，再处理业务。"),
            NETWORK,
        )
    return _judge(check, response.status_code, milliseconds_since(started))


def _judge(check: str, status: int, taken: str) -> Finding:
    to_forgery = Words(f"responds {status} to a forgery", f"对伪造通知应答 {status}")
    if 300 <= status < 400:
        return bad(
            check,
            Words(f"responds {status}, a redirect", f"应答 {status}，重定向"),
            Words(
                "The platform does not follow redirects: every notification is lost.",
                "平台不跟随重定向，通知全部丢失。",
            ),
            Words(
                "Use the final URL, check its trailing slash, and exempt it from log-in pages.",
                "改成最终地址，注意末尾斜杠；不要让登录页拦截它。",
            ),
        )
    if status < 300:
        return bad(
            check,
            to_forgery,
            Words(
                "Signatures are not verified: anyone can claim that an order is paid.",
                "没有验签：任何人都能伪造支付成功。",
            ),
            Words(
                "Call client.notifications.parse first, and respond 4xx when it raises.",
                "先调用 client.notifications.parse，抛出异常时应答 4xx。",
            ),
            SIGNATURE,
        )
    if status in {404, 405}:
        return bad(
            check,
            Words(f"responds {status}", f"应答 {status}"),
            Words("The server has no POST handler there.", "该地址没有处理 POST 的程序。"),
            Words("Check the path and the route.", "检查路径与路由。"),
        )
    if status >= 500:
        return warning(
            check,
            to_forgery,
            Words(
                "The forgery is refused, but by a crash, which fills the log and makes the platform retry.",
                "虽然拒绝了伪造通知，却是因为程序出错：会产生大量错误日志，平台也会重发。",
            ),
            Words("Catch SignatureError and respond 401.", "捕获 SignatureError，应答 401。"),
        )
    return good(check, Words(f"responds {status} in {taken}, as it should", f"应答 {status}，{taken}，符合要求"))
