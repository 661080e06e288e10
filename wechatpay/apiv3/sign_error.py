"""Explanation of SIGN_ERROR: the text that the platform verified, compared with the text that was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["explain", "sign_information"]

_OTHER_ATTEMPT = Words("the Authorization header belongs to another attempt", "Authorization 请求头属于另一次请求")
_LINES = {
    Words("verb", "请求方法"): Words(
        "a proxy or forwarder changed the verb, or the signature was made for another request",
        "代理或转发改动了请求方法，或签名是为另一个请求生成的",
    ),
    Words("target", "路径与参数"): Words(
        "the path or query was rewritten on the way: a forwarder that adds or drops a prefix, "
        "re-encodes or loses the query; the client signs what it sends",
        "路径或查询参数在途中被改写：转发时增减了前缀、重新编码或丢失了查询参数；客户端签名的就是它发送的内容",
    ),
    Words("timestamp", "时间戳"): _OTHER_ATTEMPT,
    Words("nonce", "随机串"): _OTHER_ATTEMPT,
    Words("body", "报文主体"): Words(
        "the body was rewritten on the way (parsed and written again, re-encoded, white space or "
        "escapes changed): proxies and gateways have to pass the bytes unchanged",
        "报文主体在途中被改写（解析后重新生成、重新编码、空白或转义有变）：代理与网关必须原样透传字节",
    ),
}
"""The lines of the signed text, and why one differs."""
_SHOWN = 12


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

    Args:
        message: The text that was signed; None if the signer does not record it.
        detail: The decoded error, which has the platform's truncated text.

    Returns:
        The line that differs, with a few characters around the difference, and the likely cause.
    """
    information = sign_information(detail)
    if information is None:
        return _same("The platform did not say what it checked.", "平台没有给出它验签的内容。")
    if message is None:
        return Words(
            "The signer in use does not record what it signed, so there is nothing to compare.",
            "所用的签名器没有记录签名串，无法比对。",
        )
    theirs = str(information.get("truncated_sign_message", ""))
    length = information.get("sign_message_length")
    ours = message.decode("utf-8", "replace")
    cut = ours.split("\n", 4)
    lines = theirs.split("\n", 4)
    for name, mine, other in zip(_LINES, cut, lines, strict=False):
        if name == "body":
            mine = mine.removesuffix("\n") if not other.endswith("\n") else mine  # noqa: PLW2901
        end = name == list(_LINES)[len(lines) - 1]  # the last line they show may be cut short
        same = mine.startswith(other) if end else mine == other
        if not same:
            return _difference(name, mine, other)
    if isinstance(length, int) and length not in {len(message), len(ours)}:
        *_, cause = _LINES.values()
        return Words(
            f"What the platform shows is the same, but it checked {length} characters where {len(message)} bytes "
            f"({len(ours)} characters) were signed. Likely cause: {cause}.",
            f"平台给出的部分一致，但它验签的内容有 {length} 个字符，而签名的是 {len(message)} 字节（{len(ours)} 个字符）。"
            f"可能的原因：{cause.zh}。",
        )
    return _same("The platform checked the very message that was signed.", "平台验签的内容与所签的内容一致。")


def _difference(name: Words, mine: str, other: str) -> Words:
    at = next(
        (index for index, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]),
        min(len(mine), len(other)),
    )
    signed, received, cause = _around(mine, at), _around(other, at), _LINES[name]
    return Words(
        f"The {name} differs from character {at + 1} on: signed {signed}, received {received}. Likely cause: {cause}.",
        f"{name.zh}从第 {at + 1} 个字符起不同：签名的是 {signed.zh}，平台收到的是 {received.zh}。可能的原因：{cause.zh}。",
    )


def _same(text: str, zh: str) -> Words:
    return Words(
        f"{text} Likely cause, in this order: serial= is not that of the certificate whose key signs; private_key= "
        "belongs to another certificate or another merchant; the certificate was replaced or revoked in the console; "
        "mchid= is another merchant's; the clock of this machine is wrong.",
        f"{zh}请依次检查：serial 是否为签名私钥所属证书的序列号；private_key 是否属于该证书与该商户；"
        "证书是否已在商户平台更换或吊销；mchid 是否正确；本机时钟是否准确。",
    )


def _around(text: str, at: int) -> Words:
    piece = text[at : at + _SHOWN]
    if not piece:
        return Words("nothing", "空")
    quoted = repr(piece + ("…" if len(text) > at + _SHOWN else ""))
    return Words(quoted, quoted)
