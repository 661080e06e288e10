"""
The URL of an SPI as the platform meets it: a forged call has to be refused.

https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import NETWORK, SIGNATURE
from chainable.cli.reach import loopback, reach, usable
from chainable.cli.words import Words
from chainable.direct import DirectSession
from chainable.times import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.cli.findings import Finding

__all__ = ["examine", "forged"]

_REFUSAL = b"sign-check-failure"
"""The code that the platform documents for a call whose signature is wrong."""


def examine(url: str, ca: str | None, app_key: str, clock: Callable[[], float], timeout: float) -> Iterator[Finding]:
    """
    Look at the URL, go there, and make a call whose signature is made up.

    Args:
        url: Of the SPI.
        ca: The file of a sandbox's certificate authority, good for this machine only.
        app_key: Whose call it pretends to be.
        clock: Gives Unix time in seconds.
        timeout: Seconds for each step.
    """
    check = Words("SPI", "SPI 地址")
    if not usable(url):
        yield bad(
            check,
            Words("is no URL", "不是可用的地址"),
            Words("The platform cannot call it.", "平台无法调用。"),
            Words("Give it as https://shop.example/spi.", "写成 https://shop.example/spi。"),
        )
        return
    if urlsplit(url).scheme == "http" and not loopback(url):
        yield warning(
            check,
            Words("is http, not https", "是 http，不是 https"),
            Words("What the platform sends can be read on the way.", "平台发来的内容在途中可被读取。"),
            Words("Serve it by https.", "用 https 提供该地址。"),
        )
    trusted = ca if loopback(url) else None
    steps = list(reach(url, trusted, timeout))
    yield from steps
    if not any(step.code for step in steps):
        yield _refuses(url, trusted, forged(app_key, clock()), timeout)


def forged(app_key: str, moment: float) -> dict[str, str]:
    """Make the query of a call whose signature is made up."""
    return {
        "app_key": app_key,
        "method": "taobao.doctor.forged",
        "sign": os.urandom(16).hex().upper(),
        "sign_method": "md5",
        "timestamp": datetime.fromtimestamp(moment, BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _refuses(url: str, ca: str | None, query: dict[str, str], timeout: float) -> Finding:
    check = Words("SPI, forged", "SPI，伪造调用")
    started = time.monotonic()
    try:
        with DirectSession() as session:
            answer = session.post(url, params=query, json={}, timeout=timeout, verify=ca or True)
    except requests.RequestException as error:
        kind = type(error).__name__
        return bad(
            check,
            Words(f"no answer ({kind})", f"没有应答（{kind}）"),
            Words("The platform gives up, and tells the seller of a fault.", "平台会放弃，并向卖家报错。"),
            Words("Answer at once, do the work afterwards.", "先应答，再处理业务。"),
            NETWORK,
        )
    took = f"{(time.monotonic() - started) * 1000:.0f} ms"
    return _judged(check, answer.status_code, answer.content, took)


def _judged(check: str, status: int, content: bytes, took: str) -> Finding:
    found = Words(f"answers {status} to a forged call", f"对伪造调用返回 {status}")
    if _REFUSAL in content or (400 <= status < 500 and status not in {404, 405}):
        return good(check, Words(f"is refused: {status} in {took}", f"已拒绝：{status}，{took}"))
    if status < 300:
        return bad(
            check,
            found,
            Words("Signatures are not checked: anybody can call it.", "没有验签：任何人都能调用。"),
            Words(
                "Call top.spi.verify first, and answer taobao_top.spi.reject() when it raises.",
                "先调用 top.spi.verify，抛错时返回 taobao_top.spi.reject()。",
            ),
            SIGNATURE,
        )
    if status < 400:
        return bad(
            check,
            found,
            Words("The platform follows no redirect.", "平台不跟随重定向。"),
            Words("Give the final URL; keep log-in pages away from it.", "改成最终地址；不要让登录页拦截它。"),
        )
    if status < 500:
        return bad(
            check,
            found,
            Words("There is nothing that takes POST.", "那里没有接受 POST 的程序。"),
            Words("Check the path and the route.", "检查路径与路由。"),
        )
    return warning(
        check,
        found,
        Words("It is refused, though by a crash.", "虽被拒绝，却是因为程序出错。"),
        Words(
            "Catch SignatureError and answer taobao_top.spi.reject().",
            "捕获 SignatureError，返回 taobao_top.spi.reject()。",
        ),
    )
