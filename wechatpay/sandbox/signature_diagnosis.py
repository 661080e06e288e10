"""
The mistake in a wrong signature: the usual ones are tried one after the other.

A signature of APIv3 discloses the digest that was signed, so that each mistake is tried by its digest alone; if none
fits, it still shows whether the private key was the right one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from attrs import evolve, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.sandbox.json_styles import respelled
from wechatpay.sandbox import apiv2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request

__all__ = [
    "Diagnosis",
    "DiagnosisV2",
    "SignedText",
    "diagnose",
    "diagnose_v2",
    "digest",
    "five_lines",
    "seconds",
    "truncated",
    "variants",
]

SECONDS = re.compile(r"[0-9]{1,20}")
ALGORITHMS: tuple[tuple[str, hashes.HashAlgorithm], ...] = (
    ("SHA-256", hashes.SHA256()),
    ("SHA-1", hashes.SHA1()),  # noqa: S303 (a usual mistake)
    ("SHA-512", hashes.SHA512()),
    ("MD5", hashes.MD5()),  # noqa: S303 (likewise)
)
SHOWN_OF_BODY = 8
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)


@frozen
class Diagnosis:
    """
    The diagnosis of a signature of APIv3.

    Args:
        state: ``absent``, ``verified``, ``found`` (a known mistake), ``other`` (another message), ``foreign`` (another
            key, or no signature at all).
        zh: The mistake, in Chinese.
        en: The mistake, in English.
        message: The message that was signed, if it is known.
        algorithm: The digest that was signed, by name; empty if the key is another one.
        digest: Its bytes.
    """

    state: str
    zh: str = ""
    en: str = ""
    message: bytes | None = field(default=None, repr=False)
    algorithm: str = ""
    digest: bytes = field(default=b"", repr=False)


def diagnose(
    key: RSAPublicKey, signature: str | None, message: bytes, others: Iterable[tuple[str, str, bytes]]
) -> Diagnosis:
    """Return what a signature covers: the message, or one of the others, each with its mistake in both languages."""
    if not signature:
        return Diagnosis("absent")
    try:
        value = base64.b64decode(signature, validate=True)
    except ValueError:
        return Diagnosis("foreign", "签名不是 Base64", "the signature is not base64")
    signed = signed_digest(key, value)
    if signed is None:
        if _is_pss(key, value, message):
            mistake = ("签名用了 PSS 填充，应为 PKCS#1 v1.5", "the signature has PSS padding, PKCS#1 v1.5 is expected")
            return Diagnosis("found", *mistake, message)
        return Diagnosis("foreign")
    algorithm, found = signed
    if found == digest(message, algorithm):
        if algorithm == "SHA-256":
            return Diagnosis("verified", "", "", message, algorithm, found)
        mistake = (f"签名用了 {algorithm}，应为 SHA-256", f"it was signed with {algorithm}, SHA-256 is expected")
        return Diagnosis("found", *mistake, message, algorithm, found)
    for zh, en, other in others:
        if found == digest(other, algorithm):
            return Diagnosis("found", zh, en, other, algorithm, found)
    return Diagnosis("other", "", "", None, algorithm, found)


def signed_digest(key: RSAPublicKey, signature: bytes) -> tuple[str, bytes] | None:
    """Return the algorithm and the digest that a PKCS#1 v1.5 signature holds; None if this key did not make it."""
    tried = ((name, _recovered(key, signature, algorithm)) for name, algorithm in ALGORITHMS)
    return next(((name, found) for name, found in tried if found is not None), None)


def _recovered(key: RSAPublicKey, signature: bytes, algorithm: hashes.HashAlgorithm) -> bytes | None:
    try:
        return key.recover_data_from_signature(signature, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return None


def digest(message: bytes, algorithm: str) -> bytes:
    """Return the digest of a message."""
    return hashlib.new(algorithm.replace("-", "").lower(), message, usedforsecurity=False).digest()


def _is_pss(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, PSS, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def seconds(timestamp: str) -> int | None:
    """Return the seconds that a timestamp says; None if it says none."""
    return int(timestamp) if SECONDS.fullmatch(timestamp) else None


def raw(text: str) -> bytes:
    """Return a part of the head as the bytes that came in."""
    return text.encode("latin-1", errors="replace")


def five_lines(method: str, target: str | bytes, stamp: tuple[str, str], body: bytes) -> bytes:
    """Return the message of APIv3: method, target, timestamp, nonce, body, each ended by LF."""
    where = raw(target) if isinstance(target, str) else target
    return b"\n".join((method.encode("latin-1", "replace"), where, raw("\n".join(stamp)), body, b""))


def truncated(message: bytes) -> str:
    """Return the message as SIGN_ERROR shows it: the first four lines, 8 characters of the body, a newline."""
    *head, rest = message.decode(errors="replace").split("\n", 4)
    return "\n".join([*head, rest.removesuffix("\n")[:SHOWN_OF_BODY], ""])


def variants(
    request: Request, stamp: tuple[str, str], covered: bytes, message: bytes
) -> Iterator[tuple[str, str, bytes]]:
    """Return the messages that are signed by mistake for a request with this timestamp and nonce."""
    target = request.target

    def lines(
        where: str | bytes = target, times: tuple[str, str] = stamp, body: bytes = covered, method: str = request.method
    ) -> bytes:
        return five_lines(method, where, times, body)

    whole = lines(body=request.body)
    yield "末尾少了换行符", "the last line feed is missing", message[:-1]
    yield "换行用了 CRLF", "lines end with CR LF", message.replace(b"\n", b"\r\n")
    yield "请求体签成了空串", "an empty body was signed", lines(body=b"")
    yield (
        "签了整个 multipart 请求体，应只签 meta",
        "the whole multipart body was signed, sign its meta part only",
        whole,
    )
    yield "时间戳与随机串颠倒", "time and nonce are in the wrong order", lines(times=(stamp[1], stamp[0]))
    yield "方法用了小写", "the method is in lower case", lines(method=request.method.lower())
    bodies = tuple(_bodies(covered))
    for zh, en, body in bodies:
        yield zh, en, lines(body=body)
    for zh, en, where in _targets(request):
        yield zh, en, lines(where)
        for zh_too, en_too, body in bodies:
            yield f"{zh}；{zh_too}", f"{en}; {en_too}", lines(where, body=body)
    for zh, en, times in _stamps(*stamp):
        yield zh, en, lines(times=times)


def _bodies(covered: bytes) -> Iterator[tuple[str, str, bytes]]:
    style = (
        "签名的 JSON 与发送的写法不同（空格、转义或顺序）",
        "the JSON that was signed is written differently from the JSON that was sent: blanks, escapes or order",
    )
    for text in respelled(covered):
        yield *style, text.encode(errors="replace")
    for body in (covered + b"\n", covered.strip(), covered.replace(b"\r\n", b"\n")):
        yield "请求体首尾或换行处的空白不同", "the body differs in blanks or line ends", body


def _stamps(timestamp: str, nonce: str) -> Iterator[tuple[str, str, tuple[str, str]]]:
    sent = seconds(timestamp)
    if sent is not None:
        shifted = ("签名用的时间戳与发送的不同", "the time that was signed is not the one that was sent")
        for shift in (*range(-5, 6), 8 * 3600, -8 * 3600):
            yield *shifted, (str(sent + shift), nonce)
        yield "签名用了毫秒时间戳", "the time was signed in milliseconds", (timestamp + "000", nonce)
    for other in (nonce.upper(), nonce.lower()):
        yield "随机串大小写不同", "the nonce differs in capitals", (timestamp, other)


def _targets(request: Request) -> Iterator[tuple[str, str, bytes]]:
    path, target, host = request.path, request.target, request.header("host") or ""
    query = target[len(path) :]
    yield "没有签查询参数", "the query is missing", raw(path)
    yield "路径签成了解码后的样子", "the path was signed decoded", unquote_to_bytes(target)
    yield "路径末尾多了斜杠", "the path ends with one slash too many", raw(f"{path}/{query}")
    yield "路径末尾少了斜杠", "the slash at the end of the path is missing", raw(path.removesuffix("/") + query)
    yield "路径开头少了斜杠", "the slash at the start of the path is missing", raw(target.removeprefix("/"))
    for scheme in ("https", "http"):
        for name in (host, "api.mch.weixin.qq.com"):
            yield "签了完整网址", "the whole URL was signed", raw(f"{scheme}://{name}{target}")


@frozen
class SignedText:
    """
    A signed text of APIv2: pairs, and the key behind them.

    Args:
        zh: What is wrong with it, in Chinese; empty if nothing is.
        en: The same in English.
        pairs: Names and values in the order signed.
        tail: What stands behind the pairs.
        shown: The same with the key's name instead of the key.
        key: The key of HMAC-SHA256.
    """

    zh: str
    en: str
    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    tail: str = field(repr=False)
    shown: str
    key: str = field(repr=False)

    def signature(self, algorithm: str) -> str:
        """Return the signature in capitals."""
        text = "&".join(f"{name}={value}" for name, value in self.pairs) + self.tail
        return apiv2.digest(text, self.key, algorithm)

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """Name and text of each piece."""
        pieces = tuple((name, f"{name}={value}") for name, value in self.pairs)
        return (*pieces, ("key", self.shown)) if self.shown else pieces


def texts(parameters: Mapping[str, str], account: Account) -> Iterator[SignedText]:
    """Return the text that has to be signed, and those that are signed by mistake."""
    everything = tuple((name, parameters[name]) for name in sorted(parameters) if name != "sign")
    pairs = tuple(pair for pair in everything if pair[1] != "")
    unsorted = tuple(pair for pair in parameters.items() if pair[0] != "sign" and pair[1] != "")
    key, other_key = account.secret, account.apiv3_key
    right = SignedText("", "", pairs, f"&key={key}", "key=APIv2 key", key)
    yield right
    mistakes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("空参数不应参与签名", "empty parameters were signed too: leave them out", {"pairs": everything}),
        ("末尾没有拼接密钥", "the key was left out", {"tail": "", "shown": ""}),
        (
            "发送了 sign_type，却没有参与签名",
            "sign_type was sent, but not signed",
            {"pairs": tuple(pair for pair in pairs if pair[0] != "sign_type")},
        ),
        ("参数没有按名称排序", "the parameters were not sorted by name", {"pairs": unsorted}),
        ("密钥前少了 &key=", "the key was joined without &key=", {"tail": key, "shown": "APIv2 key"}),
        (
            "签名前对值做了 URL 编码",
            "the values were percent-encoded before they were signed",
            {"pairs": tuple((name, quote(value, safe="")) for name, value in pairs)},
        ),
        (
            "用了 APIv3 密钥，应用 APIv2 密钥",
            "the APIv3 key was used, use the APIv2 key",
            {"tail": f"&key={other_key}", "shown": "key=APIv3 key", "key": other_key},
        ),
    )
    for zh, en, changes in mistakes:
        yield evolve(right, zh=zh, en=en, **changes)


@frozen
class DiagnosisV2:
    """The text of APIv2 that has to be signed, the one that was, if it is known, and its mistakes (zh, en)."""

    right: SignedText
    found: SignedText | None = None
    mistakes: tuple[tuple[str, str], ...] = ()


def diagnose_v2(parameters: Mapping[str, str], sign: str, algorithm: str, account: Account) -> DiagnosisV2:
    """Return what a ``sign`` of parameters covers, which has to be made with this algorithm."""
    right, *others = texts(parameters, account)
    for text in (right, *others):
        for tried in apiv2.ALGORITHMS:
            if not hmac.compare_digest(sign.upper().encode(), text.signature(tried).encode()):
                continue
            mistakes = [(text.zh, text.en)] if text.zh else []
            if tried != algorithm:
                mistakes.append((f"实际用了 {tried}，应为 {algorithm}", f"it is {tried}, {algorithm} is expected"))
            if sign != sign.upper():
                mistakes.append(("签名要用大写十六进制", "the signature has to be in capitals"))
            return DiagnosisV2(right, text, tuple(mistakes))
    return DiagnosisV2(right)
