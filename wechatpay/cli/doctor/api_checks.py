"""
Make two free calls: the platform's self-test, and the download of its certificates.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4015139289 (self-test),
https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from chainable.cli.checks import bad, good, warning
from chainable.cli.exit_codes import DECRYPTION
from chainable.cli.i18n import Words
from chainable.errors import APIError, ChainableError, ConfigurationError, DecryptionError
from wechatpay.cli.doctor.error_findings import error_finding
from wechatpay.reasons import explain
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.checks import Finding
    from wechatpay import WeChatPay
    from wechatpay.cli.doctor.echo_check import EchoCheck

__all__ = ["examine"]

_CERTIFICATES = Words("certificates", "平台证书")
_ENCRYPTION = Words("encryption", "加解密")


def examine(client: WeChatPay, echo: str, echo_check: EchoCheck | None, patience: float) -> Iterator[Finding]:
    """
    Call the self-test, and download the certificates.

    Args:
        client: Makes the calls.
        echo: The text to send.
        echo_check: Observes the notification of the self-test; None asks for none.
        patience: Seconds to wait for that notification.
    """
    yield from _echo(client, echo, echo_check, patience)
    yield _certificates(client)


def _echo(client: WeChatPay, echo: str, echo_check: EchoCheck | None, patience: float) -> Iterator[Finding]:
    body: dict[str, Any] = {"echo_message": echo, "encrypted_echo_message": Sensitive(echo)}
    if echo_check is not None:
        body["notify_url"] = echo_check.url
    try:
        chain: Any = client.chain("v3/security/echo")
        response = chain.post(json=body)
    except (ChainableError, requests.RequestException) as error:
        yield error_finding("echo", error)
        return
    yield good(
        "echo",
        Words("request signature accepted, response signature verified", "请求签名被接受，应答验签通过"),
    )
    try:
        decrypted = response.decrypted().get("encrypted_echo_message")
    except DecryptionError as error:
        yield error_finding(_ENCRYPTION, error)
    else:
        yield _encryption(same=decrypted == echo)
    if echo_check is not None:
        yield echo_check.wait(patience)


def _encryption(*, same: bool) -> Finding:
    if same:
        return good(
            _ENCRYPTION,
            Words("the platform decrypted the request, the response was decrypted", "平台能解密请求，应答解密成功"),
        )
    return bad(
        _ENCRYPTION,
        Words("the echo differs from the text that was sent", "回显与发送的内容不一致"),
        Words("The text was encrypted for another key.", "请求是用另一把公钥加密的。"),
        Words(
            "Copy pub_key.pem and its ID from the same page of the console.",
            "从商户平台同一页面获取 pub_key.pem 与公钥 ID。",
        ),
        DECRYPTION,
    )


def _certificates(client: WeChatPay) -> Finding:
    fix = Words(
        "Nothing if certs has PUB_KEY_ID_…; otherwise add it.", "如果 certs 已有 PUB_KEY_ID_…，无需处理；否则请补上。"
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
                    "It can use the platform's public key only, like all merchants since autumn 2024.",
                    "只能使用微信支付公钥，2024 年秋季以后的新商户都是如此。",
                ),
                fix,
            )
        return warning(_CERTIFICATES, explain(error), Words("Certificates are not fetched.", "未获取平台证书。"), fix)
    except (ChainableError, requests.RequestException) as error:
        return error_finding(_CERTIFICATES, error)
    count = len(found)
    return good(
        _CERTIFICATES,
        Words(f"{count} fetched and decrypted with the APIv3 key", f"已获取 {count} 张，用 APIv3 密钥解密成功"),
    )
