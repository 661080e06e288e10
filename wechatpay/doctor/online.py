"""
Two calls that cost nothing: the platform's own self-test, and its certificates.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4015139289 (self-test),
https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import DECRYPTION
from chainable.cli.words import Words
from chainable.errors import APIError, ChainableError, ConfigurationError, DecryptionError
from wechatpay.doctor.chinese import translated
from wechatpay.doctor.refusals import told
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.findings import Finding
    from wechatpay import WeChatPay
    from wechatpay.doctor.arrival import Arrival

__all__ = ["examine"]

_CERTIFICATES = Words("certificates", "平台证书")
_ENCRYPTION = Words("encryption", "加解密")


def examine(client: WeChatPay, echo: str, arrival: Arrival | None, patience: float) -> Iterator[Finding]:
    """
    Ask for an echo, and for the certificates.

    Args:
        client: Makes the calls.
        echo: The text to send.
        arrival: Where the platform is asked to send it as well; None for nowhere.
        patience: Seconds to wait for that.
    """
    yield from _echo(client, echo, arrival, patience)
    yield _certificates(client)


def _echo(client: WeChatPay, echo: str, arrival: Arrival | None, patience: float) -> Iterator[Finding]:
    body: dict[str, Any] = {"echo_message": echo, "encrypted_echo_message": Sensitive(echo)}
    if arrival is not None:
        body["notify_url"] = arrival.url
    try:
        chain: Any = client.chain("v3/security/echo")
        response = chain.post(json=body)
    except (ChainableError, requests.RequestException) as error:
        yield told("echo", error)
        return
    yield good(
        "echo",
        Words("the request's signature is accepted, the answer's is right", "请求签名被接受，应答验签通过"),
    )
    try:
        opened = response.decrypted().get("encrypted_echo_message")
    except DecryptionError as error:
        yield told(_ENCRYPTION, error)
    else:
        yield _opened(opened == echo)
    if arrival is not None:
        yield arrival.awaited(patience)


def _opened(same: bool) -> Finding:
    if same:
        return good(
            _ENCRYPTION,
            Words("the platform read what was encrypted, and its answer opens", "平台能解开请求密文，应答密文也能解开"),
        )
    return bad(
        _ENCRYPTION,
        Words("the echo is not what was sent", "回显与发送的不一致"),
        Words("The text was encrypted for another key.", "请求是用另一把密钥加密的。"),
        Words(
            "Take pub_key.pem and its id from the same page of the console.",
            "从商户平台同一页面取 pub_key.pem 与它的 ID。",
        ),
        DECRYPTION,
    )


def _certificates(client: WeChatPay) -> Finding:
    held = Words(
        "Nothing, if certs holds PUB_KEY_ID_…; else give it.", "若 certs 已有 PUB_KEY_ID_… 则无需处理；否则请提供。"
    )
    try:
        found = client.certificates.download()
    except ConfigurationError as error:
        if isinstance(error.__cause__, APIError):
            return warning(
                _CERTIFICATES,
                Words(
                    "404 RESOURCE_NOT_EXISTS: this merchant has no platform certificates",
                    "404 RESOURCE_NOT_EXISTS：该商户没有平台证书",
                ),
                Words(
                    "It works with the platform's public key only, as all merchants since autumn 2024.",
                    "只能用平台公钥，2024 年秋季以后的新商户都是如此。",
                ),
                held,
            )
        return warning(
            _CERTIFICATES, translated(str(error)), Words("Certificates are not fetched.", "未获取平台证书。"), held
        )
    except (ChainableError, requests.RequestException) as error:
        return told(_CERTIFICATES, error)
    count = len(found)
    return good(
        _CERTIFICATES,
        Words(f"{count} at hand; the APIv3 key opens them", f"取得 {count} 张，APIv3 密钥可以解开"),
    )
