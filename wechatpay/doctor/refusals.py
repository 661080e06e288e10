"""What an error of a call means, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from chainable.cli.findings import bad
from chainable.cli.outcomes import DECRYPTION, NETWORK, REFUSED, SIGNATURE
from chainable.cli.words import Words
from chainable.errors import APIError, DecryptionError, SignatureError
from wechatpay.doctor.chinese import translated

if TYPE_CHECKING:
    from chainable.cli.findings import Finding

__all__ = ["told"]

_REASONS = {
    "missing": Words("Something in between drops the Wechatpay-… headers.", "中间设备丢掉了 Wechatpay-… 头。"),
    "stale": Words(
        "The clock of this machine is wrong, or the message is a replay.", "本机时钟不准，或这是重放的消息。"
    ),
    "unknown_key": Words(
        "The platform signs with a key that certs does not hold.", "平台用了 certs 中没有的密钥签名。"
    ),
    "mismatch": Words(
        "The key in certs is another one, or the body is changed on the way.",
        "certs 中的密钥不对，或正文在途中被改动。",
    ),
    "probe": Words(
        "The platform tests whether signatures are checked; they are.", "这是平台的探测流量，验签按预期失败。"
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
_CODES = {
    "SIGN_ERROR": Words("The platform does not take the signature.", "平台验签失败。"),
    "NO_AUTH": Words("This merchant may not make this call.", "该商户没有此接口的权限。"),
    "PARAM_ERROR": Words(
        "The platform does not take a value: the encrypted text or a number.", "平台不接受某个值：密文或商户号。"
    ),
}
_READ = Words("Do what the message says.", "按提示处理。")
_ORDER = (
    "依次检查：serial 与签名私钥是否同属一张证书；private_key 是否属于该商户；证书是否已更换或吊销；mchid 是否正确；"
    "时钟是否准确。平台看到的签名串与本地的比较（英文）："
)


def told(check: str, error: Exception) -> Finding:
    """
    Say what an error of a call means.

    Args:
        check: What was looked at.
        error: What the call, or the check of a message, raised.
    """
    if isinstance(error, APIError):
        meaning = _CODES.get(error.code, Words("The platform refused the call.", "平台拒绝了调用。"))
        explained = error.explain() if error.code == "SIGN_ERROR" else ""
        mend = Words(explained, _ORDER + explained) if explained else _READ
        return bad(check, _refusal(error), meaning, mend, REFUSED)
    if isinstance(error, SignatureError):
        return bad(
            check,
            Words(f"the signature is not right: {error.reason}", f"签名不对：{error.reason}"),
            _REASONS[error.reason],
            Words(
                "Compare certs with the console, and look for what stands between.",
                "与商户平台核对 certs，并查找中间设备。",
            ),
            SIGNATURE,
        )
    if isinstance(error, DecryptionError):
        return bad(
            check,
            Words(str(error), "密文解不开"),
            Words("It was encrypted for another key than the one at hand.", "密文是用另一把密钥加密的。"),
            Words("Compare apiv3_key and private_key with the console.", "与商户平台核对 apiv3_key 与 private_key。"),
            DECRYPTION,
        )
    if isinstance(error, requests.RequestException):
        found = Words(str(error), f"网络错误：{error}")
        come = Words("The call did not come through.", "调用没有送达。")
        return bad(check, found, come, Words("See the hosts above.", "见上面的域名检查。"), NETWORK)
    return bad(
        check,
        translated(str(error)),
        Words("The call could not be made.", "无法发起调用。"),
        Words("Mend what the message names.", "按提示修正。"),
    )


def _refusal(error: APIError) -> Words:
    known = f"{error.code}，HTTP {error.status_code}，请求号 {error.request_id or '无'}"
    return Words(str(error), f"平台返回 {known}{_message(error)}")


def _message(error: APIError) -> str:
    """Give the platform's own words, which are Chinese."""
    try:
        body = {} if error.response is None else error.response.json()
    except ValueError:
        return ""
    said = body.get("message") if isinstance(body, dict) else None
    return f"：{said}" if said else ""
