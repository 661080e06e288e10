"""The meaning of an error of a call, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.checks import FOLLOW, bad, call_failed
from chainable.cli.exit_codes import DECRYPTION, REFUSED, SIGNATURE
from chainable.cli.i18n import Words
from chainable.errors import APIError, DecryptionError, SignatureError
from wechatpay.reasons import explain

if TYPE_CHECKING:
    from chainable.cli.checks import Finding

__all__ = ["SIGNATURE_REASONS", "error_finding"]

SIGNATURE_REASONS = {
    "missing": Words("A device in between drops the Wechatpay-… headers.", "中间设备丢掉了 Wechatpay-… 头。"),
    "stale": Words(
        "The clock of this machine is wrong, or the message is a replay.", "本机时钟不准，或这是重放的消息。"
    ),
    "unknown_key": Words("The platform signs with a key that is not in certs.", "平台签名所用的密钥不在 certs 中。"),
    "mismatch": Words(
        "The key in certs is the wrong one, or the body is changed on the way.",
        "certs 中的公钥或证书不对，或正文在传输中被改动。",
    ),
    "probe": Words(
        "The platform tests whether signatures are verified; they are.", "这是平台的签名探测流量，验签失败符合预期。"
    ),
    "replayed": Words(
        "An earlier call got the same response: a cache or a test server in between repeats it.",
        "之前的调用已收到过同一应答：中间的缓存或测试服务器在重复发送。",
    ),
    "other_request": Words(
        "The response names another number than the request: something in between mixes responses up.",
        "应答中的单号与请求的不一致：中间设备把应答弄混了。",
    ),
}
"""The meaning of each ``SignatureError.reason``."""

_CODES = {
    "SIGN_ERROR": Words("The platform refuses the signature.", "平台验签失败。"),
    "NO_AUTH": Words("This merchant may not make this call.", "该商户没有此接口的权限。"),
    "PARAM_ERROR": Words(
        "The platform refuses a value: the ciphertext or the merchant number.", "平台不接受某个参数：密文或商户号。"
    ),
}


def error_finding(check: str, error: Exception) -> Finding:
    """Return the finding for an error of a call or of verifying a message."""
    if isinstance(error, APIError):
        meaning = _CODES.get(error.code, Words("The platform refused the call.", "平台拒绝了调用。"))
        fix = error.comparison() or FOLLOW
        return bad(check, _api_error(error), meaning, fix, REFUSED)
    if isinstance(error, SignatureError):
        return bad(
            check,
            Words(f"signature verification failed: {error.reason}", f"验签失败：{error.reason}"),
            SIGNATURE_REASONS[error.reason],
            Words(
                "Compare certs with the console, and look for devices in between.",
                "与商户平台核对 certs，并检查中间设备。",
            ),
            SIGNATURE,
        )
    if isinstance(error, DecryptionError):
        return bad(
            check,
            Words(str(error), "解密失败"),
            Words("It was encrypted for another key.", "密文是用另一把密钥加密的。"),
            Words("Compare apiv3_key and private_key with the console.", "与商户平台核对 apiv3_key 与 private_key。"),
            DECRYPTION,
        )
    return call_failed(check, error, explain, Words("See the checks of the hosts above.", "见上面的域名检查。"))


def _api_error(error: APIError) -> Words:
    known = f"{error.code}，HTTP {error.status_code}，请求号 {error.request_id or '无'}"
    return Words(str(error), f"平台返回 {known}{_platform_message(error)}")


def _platform_message(error: APIError) -> str:
    """Return the platform's own message, which is Chinese."""
    try:
        body = {} if error.response is None else error.response.json()
    except ValueError:
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return f"：{message}" if message else ""
