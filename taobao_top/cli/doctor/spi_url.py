"""
Check the URL of an SPI as the platform calls it: a forged call must be refused.

Official page: https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from chainable.cli.checks import bad, good, warning
from chainable.cli.connectivity import check_host, is_loopback_url, is_url, milliseconds_since
from chainable.cli.exit_codes import NETWORK, SIGNATURE
from chainable.cli.i18n import Words
from chainable.pinned import PinnedSession
from chainable.times import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.cli.checks import Finding

__all__ = ["examine", "forged", "refuses"]

_REFUSAL = b"sign-check-failure"
"""The documented code for a call with a wrong signature."""


def examine(url: str, ca: str | None, app_key: str, clock: Callable[[], float], timeout: float) -> Iterator[Finding]:
    """
    Check the URL, connect to it, and send a forged call.

    Args:
        url: The URL of the SPI.
        ca: The CA file of a sandbox, used for this machine only.
        app_key: The App Key of the call.
        clock: Returns Unix time in seconds.
        timeout: Seconds for each step.
    """
    check = Words("SPI", "SPI 地址")
    if not is_url(url):
        yield bad(
            check,
            Words("is not a URL", "不是有效的地址"),
            Words("The platform cannot call it.", "平台无法调用。"),
            Words("Write it like https://shop.example/spi.", "写成 https://shop.example/spi 的形式。"),
        )
        return
    if urlsplit(url).scheme == "http" and not is_loopback_url(url):
        yield warning(
            check,
            Words("is http, not https", "是 http，不是 https"),
            Words("The platform's calls can be read on the way.", "平台的请求内容在传输中可被读取。"),
            Words("Serve it over https.", "改为 https。"),
        )
    trusted = ca if is_loopback_url(url) else None
    steps = list(check_host(url, trusted, timeout))
    yield from steps
    if not any(step.code for step in steps):
        yield _check_refusal(url, trusted, forged(app_key, clock()), timeout)


def forged(app_key: str, moment: float) -> dict[str, str]:
    """Return the query of a call with a random signature."""
    return {
        "app_key": app_key,
        "method": "taobao.doctor.forged",
        "sign": os.urandom(16).hex().upper(),
        "sign_method": "md5",
        "timestamp": datetime.fromtimestamp(moment, BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _check_refusal(url: str, ca: str | None, query: dict[str, str], timeout: float) -> Finding:
    check = Words("SPI, forged", "SPI，伪造调用")
    started = time.monotonic()
    try:
        with PinnedSession() as session:
            response = session.post(url, params=query, json={}, timeout=timeout, verify=ca or True)
    except requests.RequestException as error:
        kind = type(error).__name__
        return bad(
            check,
            Words(f"no response ({kind})", f"没有响应（{kind}）"),
            Words("The platform gives up and reports an error to the seller.", "平台会放弃，并向卖家报错。"),
            Words("Respond at once, process afterwards.", "先响应，再处理业务。"),
            NETWORK,
        )
    return _judge(check, response.status_code, response.content, milliseconds_since(started))


def refuses(status: int, content: bytes) -> bool:
    """Return whether a response refuses a call because of its signature, as documented or by its status."""
    return _REFUSAL in content or (400 <= status < 500 and status not in {404, 405})


def _judge(check: str, status: int, content: bytes, taken: str) -> Finding:
    found = Words(f"responds {status} to a forged call", f"对伪造调用返回 {status}")
    if refuses(status, content):
        return good(check, Words(f"refused: {status} in {taken}", f"已拒绝：{status}，{taken}"))
    if status < 300:
        return bad(
            check,
            found,
            Words("Signatures are not verified: anyone can call it.", "没有验签：任何人都能调用。"),
            Words(
                "Call top.spi.verify first, and return taobao_top.spi.reject() when it raises.",
                "先调用 top.spi.verify，抛出异常时返回 taobao_top.spi.reject()。",
            ),
            SIGNATURE,
        )
    if status < 400:
        return bad(
            check,
            found,
            Words("The platform does not follow redirects.", "平台不跟随重定向。"),
            Words("Use the final URL, and exempt it from log-in pages.", "改成最终地址；不要让登录页拦截它。"),
        )
    if status < 500:
        return bad(
            check,
            found,
            Words("The server has no POST handler there.", "该地址没有处理 POST 的程序。"),
            Words("Check the path and the route.", "检查路径与路由。"),
        )
    return warning(
        check,
        found,
        Words("The call is refused, but by a crash.", "虽然拒绝了调用，却是因为程序出错。"),
        Words(
            "Catch SignatureError and return taobao_top.spi.reject().",
            "捕获 SignatureError，返回 taobao_top.spi.reject()。",
        ),
    )
