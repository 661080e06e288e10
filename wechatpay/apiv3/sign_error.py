"""Explanation of SIGN_ERROR: the text that the platform verified, compared with the text that was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["explain", "sign_information"]

_OTHER_ATTEMPT = Words("the Authorization header belongs to another attempt", "Authorization 请求头属于另一次请求")
_REWRITTEN = Words(
    "the body was rewritten on the way (parsed and written again, re-encoded, white space or "
    "escapes changed): proxies and gateways have to pass the bytes unchanged",
    "报文主体在途中被改写（解析后重新生成、重新编码、空白或转义有变）：代理与网关必须原样透传字节",
)
_LOST = Words(
    "a proxy, gateway or adapter dropped the body, or sent the request again without it",
    "代理、网关或适配器丢弃了请求体，或重发请求时没有带上请求体",
)
_BODY = Words("body", "报文主体")
_HEAD = (
    Words("verb", "请求方法"),
    Words("target", "路径与参数"),
    Words("timestamp", "时间戳"),
    Words("nonce", "随机串"),
)
"""The lines of the signed text before the body."""
_CAUSES = {
    "verb": Words(
        "a proxy or forwarder changed the verb, or the signature was made for another request",
        "代理或转发改动了请求方法，或签名是为另一个请求生成的",
    ),
    "target": Words(
        "the path or query was rewritten on the way: a forwarder that adds or drops a prefix, "
        "re-encodes or loses the query; the client signs what it sends",
        "路径或查询参数在途中被改写：转发时增减了前缀、重新编码或丢失了查询参数；客户端签名的就是它发送的内容",
    ),
    "timestamp": _OTHER_ATTEMPT,
    "nonce": _OTHER_ATTEMPT,
    "body": _REWRITTEN,
}
_ALONE = ("method", "url")
"""Members with the first lines of the text, where the platform shows no text."""
_SHOWN_OF_BODY = 8
_MOST_DIGITS = 18
_SHOWN = 12


_CLOCK = Words(
    "The clock of this machine differs from the platform's by more than 5 minutes: synchronize it. "
    "If the clock of a sandbox was moved, set it back with wechatpay clock now --sandbox ENV_FILE, or pass the client a "
    "clock= that returns the time of the sandbox.",
    "本机时钟与平台相差超过 5 分钟：请同步时钟；沙箱时钟被拨过时，用 wechatpay clock now --sandbox 环境文件 恢复，"
    "或为客户端传入返回沙箱时间的 clock=。",
)


def _is_about_time(error: Any) -> bool:
    """Return whether the platform says that the timestamp of the signature is too old or ahead."""
    if not isinstance(error, dict):
        return False
    detail = error.get("detail")
    message = str(error.get("message") or "")
    named = isinstance(detail, dict) and detail.get("field") == "timestamp"
    return named or "timestamp" in message.lower() or "时间戳" in message


def sign_information(detail: Any) -> Mapping[str, Any] | None:
    """Return ``sign_information`` from an error's body, at any depth."""
    if not isinstance(detail, dict):
        return None
    found = detail.get("sign_information")
    if isinstance(found, dict):
        return found
    return next((inner for member in detail.values() if (inner := sign_information(member)) is not None), None)


def explain(message: bytes | None, detail: Any) -> Words:
    """
    Compare the text that was signed with the platform's, line by line.

    The platform shows the first four lines, 8 characters of the body and a newline, and the length of the whole text
    in bytes: https://pay.weixin.qq.com/doc/v3/merchant/4012365342

    Args:
        message: The text that was signed; None if the signer does not record it.
        detail: The decoded error, which has the platform's truncated text.

    Returns:
        The line that differs, with a few characters around the difference, and the likely cause.
    """
    if _is_about_time(detail):
        return _CLOCK
    information = sign_information(detail)
    if information is None:
        return _same("The platform did not say what it checked.", "平台没有给出它验签的内容。", compared=False)
    if message is None:
        return Words(
            "The signer in use does not record what it signed, so there is nothing to compare.",
            "所用的签名器没有记录签名串，无法比对。",
        )
    length, shown = _length(information), _shown(information)
    if not (shown or length or any(_text(information, name) for name in _ALONE)):
        return _same("The platform did not say what it checked.", "平台没有给出它验签的内容。", compared=False)
    lines = shown.split("\n", 4)
    ours = message.decode("utf-8", "replace").split("\n", 4)
    for at, (name, mine, other) in enumerate(zip(_HEAD, ours, lines, strict=False)):
        last = at == len(lines) - 1  # it may be cut short
        if not (mine.startswith(other) if last else mine == other):
            return _difference(name, mine, other)
    for at, member in enumerate(_ALONE):
        other = _text(information, member)
        if not shown and other and ours[at] != other:
            return _difference(_HEAD[at], ours[at], other)
    if len(lines) > len(_HEAD):
        found = _body_difference(message, ours, lines, length)
        if found is not None:
            return found
    if length and length != len(message):
        return Words(
            f"What the platform shows is the same, but it checked {length} bytes where {len(message)} bytes were "
            f"signed. Likely cause: {_REWRITTEN}.",
            f"平台给出的部分一致，但它验签的内容有 {length} 字节，而签名的是 {len(message)} 字节。"
            f"可能的原因：{_REWRITTEN.zh}。",
        )
    return _same(
        "The platform checked the very message that was signed.", "平台验签的内容与所签的内容一致。", compared=True
    )


def _shown(information: Mapping[str, Any]) -> str:
    """Return the platform's text as far as it is shown; method and URL if there is no text."""
    text = information.get("truncated_sign_message")
    if isinstance(text, str) and text:
        # A text that is cut within the first four lines ends with a newline that is none of the signed ones.
        return text.removesuffix("\n") if text.count("\n") < len(_HEAD) else text
    method, url = information.get("method"), information.get("url")
    return f"{method}\n{url}\n" if isinstance(method, str) and isinstance(url, str) and method and url else ""


def _text(information: Mapping[str, Any], name: str) -> str:
    value = information.get(name)
    return value if isinstance(value, str) else ""


def _length(information: Mapping[str, Any]) -> int | None:
    """Return the length of the platform's text in bytes; None if it is not given."""
    length = information.get("sign_message_length")
    if isinstance(length, str) and length.isascii() and length.isdigit():
        return int(length[:_MOST_DIGITS])
    return length if isinstance(length, int) and not isinstance(length, bool) else None


def _body_difference(message: bytes, ours: list[str], lines: list[str], length: int | None) -> Words | None:
    """Return the difference of the bodies; None if the shown beginning is the same."""
    *head, shown = lines
    body = ours[-1].removesuffix("\n")
    arrived = None if length is None else length - len("\n".join([*head, "", ""]).encode())
    if body and (arrived == 0 or (shown == "\n" and not arrived)):
        size = len(message) - len("\n".join([*ours[:-1], "", ""]).encode())
        return Words(
            f"No body arrived at the platform: it checked an empty body where {size} bytes were signed. "
            f"Likely cause: {_LOST}.",
            f"请求体没有到达平台：平台验签时请求体为空，而签名的请求体有 {size} 字节。可能的原因：{_LOST.zh}。",
        )
    # The newline at the end is the text's own, behind the cut; half a character is shown as U+FFFD.
    visible = shown.removesuffix("\n")
    if any(f"{body}\n".startswith(start) for start in (shown, visible, visible.rstrip("\ufffd"))):
        return None
    return _difference(_BODY, body[: max(len(visible), _SHOWN_OF_BODY)], visible)


def _difference(name: Words, mine: str, other: str) -> Words:
    at = next(
        (index for index, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]),
        min(len(mine), len(other)),
    )
    signed, received, cause = _around(mine, at), _around(other, at), _CAUSES[name]
    return Words(
        f"The {name} differs from character {at + 1} on: signed {signed}, received {received}. Likely cause: {cause}.",
        f"{name.zh}从第 {at + 1} 个字符起不同：签名的是 {signed.zh}，平台收到的是 {received.zh}。可能的原因：{cause.zh}。",
    )


def _same(text: str, zh: str, *, compared: bool) -> Words:
    return Words(
        f"{text} Likely cause, in this order: serial= is not that of the certificate whose key signs; private_key= "
        "belongs to another certificate or another merchant; the certificate was replaced or revoked in the console; "
        f"mchid= is another merchant's{'' if compared else '; the clock of this machine is wrong'}.",
        f"{zh}请依次检查：serial 是否为签名私钥所属证书的序列号；private_key 是否属于该证书与该商户；"
        f"证书是否已在商户平台更换或吊销；mchid 是否正确{'' if compared else '；本机时钟是否准确'}。",
    )


def _around(text: str, at: int) -> Words:
    piece = text[at : at + _SHOWN]
    if not piece:
        return Words("nothing", "空")
    quoted = repr(piece + ("…" if len(text) > at + _SHOWN else ""))
    return Words(quoted, quoted)
