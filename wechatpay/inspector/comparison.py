"""
The parts of a signed message twice: as they have to be, and as they were signed.

A signature of APIv3 gives away the digest that was signed, so that every usual
mistake can be tried by digest alone; where none fits, it still tells whether
the private key was right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from attrs import evolve, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.inspector import Comparison, Part
from wechatpay import catalogue
from wechatpay.sandbox import apiv2
from wechatpay.sandbox.gate import BRAND_SCHEME, SCHEME, SKEW, rewritten
from wechatpay.sandbox.intake import parts_of, signed_part
from wechatpay.sandbox.journal import KEPT
from wechatpay.sandbox.messages import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.messages import Request

__all__ = ["compared", "compared_notice", "compared_v2", "signed_digest"]

FIELD = re.compile(r'([A-Za-z_]+)="([^"]*)"')
LINES = ("method", "target", "timestamp", "nonce_str", "body")
ANSWER_LINES = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "body")
BOTH = ("MD5", "HMAC-SHA256")
SECONDS = re.compile(r"[0-9]{1,15}")
PROBE = "WECHATPAY/SIGNTEST/"
ANY = "…"
ALGORITHMS: tuple[tuple[str, hashes.HashAlgorithm], ...] = (
    ("SHA-256", hashes.SHA256()),
    ("SHA-1", hashes.SHA1()),  # noqa: S303 (what people sign with by mistake)
    ("SHA-512", hashes.SHA512()),
    ("MD5", hashes.MD5()),  # noqa: S303 (likewise)
)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)


def compared(entry: Entry, account: Account) -> Comparison:
    """
    Compare what a request's signature covers with what it has to cover.

    Args:
        entry: A request of the journal.
        account: Whose key it should be signed with.
    """
    return _request_v2(entry, account) if entry.version == "v2" else _request_v3(entry, account)


def parts(names: tuple[str, ...], expected: bytes, received: bytes | None) -> tuple[Part, ...]:
    """The lines of two messages, each with its end, by name; the last one holds the rest."""
    left = lines(expected, len(names))
    right = [None] * len(names) if received is None else lines(received, len(names))
    return tuple(Part(*each) for each in zip(names, left, right, strict=True))


def lines(message: bytes, count: int) -> list[str]:
    """A message as so many lines."""
    found = message.decode(errors="replace").split("\n", count - 1)
    return [line + "\n" for line in found[:-1]] + found[-1:]


# RSA


def signed_digest(key: RSAPublicKey, signature: bytes) -> tuple[str, bytes] | None:
    """The algorithm and the digest that a PKCS#1 v1.5 signature holds; None if this key did not make it."""
    tried = ((name, _recovered(key, signature, algorithm)) for name, algorithm in ALGORITHMS)
    return next(((name, found) for name, found in tried if found is not None), None)


def _recovered(key: RSAPublicKey, signature: bytes, algorithm: hashes.HashAlgorithm) -> bytes | None:
    try:
        return key.recover_data_from_signature(signature, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return None


def digest(message: bytes, algorithm: str) -> bytes:
    """The digest of a message."""
    return hashlib.new(algorithm.replace("-", "").lower(), message, usedforsecurity=False).digest()


def signature_of(key: RSAPrivateKey, message: bytes) -> str:
    """The signature that has to be sent: this kind has one value only for each message."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def judged(
    names: tuple[str, ...],
    key: RSAPublicKey,
    signature: str | None,
    message: bytes,
    variants: Iterable[tuple[str, str, bytes]],
) -> Comparison:
    """What a signature covers: the message, one of its variants, or something else."""
    unknown = parts(names, message, None)
    if not signature:
        return Comparison("absent", unknown)
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return Comparison("foreign", unknown, (), "签名不是 Base64", "the signature is not base64")
    held = signed_digest(key, raw)
    if held is None:
        if _is_pss(key, raw, message):
            told = ("签名用了 PSS 填充，应为 PKCS#1 v1.5", "the signature has PSS padding, PKCS#1 v1.5 is wanted")
            return Comparison("found", parts(names, message, message), (), *told)
        return Comparison("foreign", unknown)
    algorithm, found = held
    wrong = algorithm != "SHA-256"
    if found == digest(message, algorithm):
        both = parts(names, message, message)
        if not wrong:
            return Comparison("verified", both)
        told = (f"签名用了 {algorithm}，应为 SHA-256", f"it was signed with {algorithm}, SHA-256 is wanted")
        return Comparison("found", both, (), *told)
    for zh, en, variant in variants:
        if found == digest(variant, algorithm):
            return Comparison("found", parts(names, message, variant), (), zh, en)
    return Comparison("other", (*unknown, Part(algorithm, digest(message, algorithm).hex(), found.hex())))


def _is_pss(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, PSS, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


# requests of APIv3


def _request_v3(entry: Entry, account: Account) -> Comparison:
    request = entry.request
    scheme, _, rest = (request.header("authorization") or "").partition(" ")
    fields = dict(FIELD.findall(rest))
    stamp = (fields.get("timestamp", ""), fields.get("nonce_str", ""))
    try:
        covered, _ = signed_part(request)
    except Refusal:
        covered = request.body
    message = entry.expected_message or five_lines(request.method, request.target, stamp, covered)
    variants = _variants(request, stamp, covered, message)
    found = judged(LINES, account.key.public_key(), fields.get("signature"), message, variants)
    if found.state == "other" and len(request.body) >= KEPT:
        found = evolve(found, state="cut")
    return evolve(found, header=tuple(_header_v3(entry, account, scheme, fields, message)))


def _header_v3(
    entry: Entry, account: Account, scheme: str, fields: Mapping[str, str], message: bytes
) -> Iterator[Part]:
    brand = entry.request.segments[0] == "brand"
    number = "brand_id" if brand else "mchid"
    yield Part("Authorization", BRAND_SCHEME if brand else SCHEME, scheme or None)
    yield Part(number, account.brand_id if brand else account.mchid, fields.get(number))
    yield Part("serial_no", account.serial, fields.get("serial_no"))
    yield Part("timestamp", timely(fields.get("timestamp", ""), entry.time), fields.get("timestamp"))
    yield Part("nonce_str", fields.get("nonce_str", ANY), fields.get("nonce_str"))
    yield Part("signature", signature_of(account.key, message), fields.get("signature"))


def timely(timestamp: str, now: float) -> str:
    """The timestamp if it is near enough, else the one it should have been."""
    sent = seconds(timestamp)
    return timestamp if sent is not None and abs(sent - now) <= SKEW else str(int(now))


def seconds(timestamp: str) -> int | None:
    """The seconds that a timestamp says; None if it says none."""
    return int(timestamp) if SECONDS.fullmatch(timestamp) else None


def raw(text: str) -> bytes:
    """A part of the head as the bytes that came in."""
    return text.encode("latin-1", errors="replace")


def five_lines(method: str, target: str | bytes, stamp: tuple[str, str], body: bytes) -> bytes:
    """The message of APIv3: method, target, timestamp, nonce, body, each ended by LF."""
    where = raw(target) if isinstance(target, str) else target
    return b"\n".join((raw(method), where, *map(raw, stamp), body, b""))


def _variants(
    request: Request, stamp: tuple[str, str], covered: bytes, message: bytes
) -> Iterator[tuple[str, str, bytes]]:
    method, target = request.method, request.target
    yield "末尾少了换行符", "the last line feed is missing", message[:-1]
    yield "换行用了 CRLF", "lines end with CR LF", message.replace(b"\n", b"\r\n")
    yield "请求体签成了空串", "an empty body was signed", five_lines(method, target, stamp, b"")
    yield (
        "签了整个 multipart 请求体，应只签 meta",
        "the whole multipart body was signed, its meta part is wanted",
        five_lines(method, target, stamp, request.body),
    )
    yield (
        "时间戳与随机串颠倒",
        "time and nonce are in the wrong order",
        five_lines(method, target, (stamp[1], stamp[0]), covered),
    )
    yield "方法用了小写", "the method is in lower case", five_lines(method.lower(), target, stamp, covered)
    bodies = tuple(_bodies(covered))
    for zh, en, body in bodies:
        yield zh, en, five_lines(method, target, stamp, body)
    for zh, en, where in _targets(request):
        yield zh, en, five_lines(method, where, stamp, covered)
        for zh_too, en_too, body in bodies:
            yield f"{zh}；{zh_too}", f"{en}; {en_too}", five_lines(method, where, stamp, body)
    for zh, en, times in _stamps(*stamp):
        yield zh, en, five_lines(method, target, times, covered)


def _bodies(covered: bytes) -> Iterator[tuple[str, str, bytes]]:
    for body in rewritten(covered):
        yield (
            "签名的 JSON 与发送的写法不同（空格、转义或顺序）",
            "the JSON that was signed is written differently from the JSON that was sent: blanks, escapes or order",
            body,
        )
    for body in (covered + b"\n", covered.strip(), covered.replace(b"\r\n", b"\n")):
        yield "请求体首尾或换行处的空白不同", "the body differs in blanks or line ends", body


def _stamps(timestamp: str, nonce: str) -> Iterator[tuple[str, str, tuple[str, str]]]:
    sent = seconds(timestamp)
    if sent is not None:
        for shift in (*range(-5, 6), 8 * 3600, -8 * 3600):
            yield (
                "签名用的时间戳与发送的不同",
                "the time that was signed is not the one that was sent",
                (str(sent + shift), nonce),
            )
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


# what the platform sends: answers and notifications of APIv3


def compared_notice(
    headers: Mapping[str, str], body: bytes, account: Account, time: float, others: Iterable[bytes] = ()
) -> Comparison:
    """
    Compare what an answer or a notification of APIv3 is signed over with what its receiver puts together.

    Args:
        headers: Its headers, names in lower case.
        body: Its body, or what is signed for it.
        account: The platform's keys.
        time: When it was sent, seconds since the epoch.
        others: Bodies that may have been signed instead.
    """
    names = ("wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial")
    timestamp, nonce, signature, serial = (headers.get(name, "") for name in names)
    head = f"{timestamp}\n{nonce}\n".encode()
    message = head + body + b"\n"
    key = account.platform_private_key(serial)
    if key is None:
        serial, key = account.public_key_id, account.platform_key
    variants = (
        ("签名后内容被改动", "the body was changed after it was signed", head + other + b"\n") for other in others
    )
    found = judged(ANSWER_LINES, key.public_key(), signature, message, variants)
    if signature.startswith(PROBE):
        found = evolve(found, zh="这是平台的探测流量，应当拒绝", en="a probe of the platform: it has to be refused")
    return evolve(
        found,
        header=(
            Part("Wechatpay-Serial", serial, headers.get(names[3])),
            Part("Wechatpay-Timestamp", timely(timestamp, time), headers.get(names[0])),
            Part("Wechatpay-Nonce", nonce or ANY, headers.get(names[1])),
            Part("Wechatpay-Signature", signature_of(key, message), headers.get(names[2])),
        ),
    )


# APIv2


@frozen
class Text:
    """
    What was signed under APIv2: pairs and the key behind them.

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
        """The signature in capitals."""
        text = "&".join(f"{name}={value}" for name, value in self.pairs) + self.tail
        return apiv2.digest(text, self.key, algorithm)

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """Name and text of each piece."""
        told = tuple((name, f"{name}={value}") for name, value in self.pairs)
        return (*told, ("key", self.shown)) if self.shown else told


def _texts(parameters: Mapping[str, str], account: Account) -> Iterator[Text]:
    everything = tuple((name, parameters[name]) for name in sorted(parameters) if name != "sign")
    pairs = tuple(pair for pair in everything if pair[1] != "")
    key = account.secret
    tail, shown = f"&key={key}", "key=APIv2 key"
    right = Text("", "", pairs, tail, shown, key)
    yield right
    yield evolve(
        right, zh="空参数不应参与签名", en="empty parameters were signed too: leave them out", pairs=everything
    )
    yield evolve(right, zh="末尾没有拼接密钥", en="the key was left out", tail="", shown="")
    yield evolve(
        right,
        zh="发送了 sign_type，却没有参与签名",
        en="sign_type was sent, but not signed",
        pairs=tuple(pair for pair in pairs if pair[0] != "sign_type"),
    )
    yield evolve(
        right,
        zh="参数没有按名称排序",
        en="the parameters were not sorted by name",
        pairs=tuple(pair for pair in parameters.items() if pair[0] != "sign" and pair[1] != ""),
    )
    yield evolve(right, zh="密钥前少了 &key=", en="the key was joined without &key=", tail=key, shown="APIv2 key")
    yield evolve(
        right,
        zh="签名前对值做了 URL 编码",
        en="the values were percent-encoded before they were signed",
        pairs=tuple((name, quote(value, safe="")) for name, value in pairs),
    )
    yield evolve(
        right,
        zh="用了 APIv3 密钥，应用 APIv2 密钥",
        en="the APIv3 key was used, the APIv2 key is wanted",
        tail=f"&key={account.apiv3_key}",
        shown="key=APIv3 key",
        key=account.apiv3_key,
    )


def _request_v2(entry: Entry, account: Account) -> Comparison:
    operation = catalogue.operation(entry.operation or "")
    if entry.verified and operation is not None and operation.unsigned_request:
        return Comparison("unsigned")
    number = (operation.merchant_number_field if operation else None) or "mch_id"
    allowed = operation.sign_types if operation else ()
    parameters = _parameters(entry.request)
    found = compared_v2(parameters, account, allowed or BOTH)
    if len(entry.request.body) >= KEPT and found.state != "verified":
        told = entry.expected_message.decode()
        found = Comparison("verified" if entry.verified else "cut", (Part("body", told, told),))
    return evolve(found, header=(Part(number, account.mchid, parameters.get(number)), *found.header))


def _parameters(request: Request) -> dict[str, str]:
    try:
        if request.method == "GET":
            return request.query
        if (request.header("content-type") or "").lower().startswith("multipart/"):
            texts = [part for part in parts_of(request) if part.filename is None]
            return {part.name: part.content.decode(errors="replace") for part in texts}
        return apiv2.read(request.body)
    except (Refusal, ValueError):
        return {}


def compared_v2(parameters: Mapping[str, str], account: Account, allowed: tuple[str, ...] = BOTH) -> Comparison:
    """
    Compare what the ``sign`` of a request or notification of APIv2 covers with what it has to cover.

    Args:
        parameters: Names and values as they were sent.
        account: Whose key it should be signed with.
        allowed: The algorithms that are possible, the usual one first.
    """
    sign = parameters.get("sign", "")
    named = parameters.get("sign_type") or apiv2.LENGTHS.get(len(sign), allowed[0])
    algorithm = named if named in allowed else allowed[0]
    right, *others = _texts(parameters, account)
    expected = right.signature(algorithm)
    header = (Part("sign_type", algorithm, named if sign else None), Part("sign", expected, sign or None))
    if not sign:
        return Comparison("absent", aligned(right, None), header)
    for text in (right, *others):
        for tried in BOTH:
            if not hmac.compare_digest(sign.upper().encode(), text.signature(tried).encode()):
                continue
            faults = [(text.zh, text.en)] if text.zh else []
            if tried != algorithm:
                faults.append((f"实际用了 {tried}，应为 {algorithm}", f"it is {tried}, {algorithm} is wanted"))
            if sign != sign.upper():
                faults.append(("签名要用大写十六进制", "the signature has to be in capitals"))
            zh, en = "；".join(zh for zh, _ in faults), "; ".join(en for _, en in faults)
            return Comparison("found" if faults else "verified", aligned(right, text), header, zh, en)
    return Comparison("other", aligned(right, None), header)


def aligned(expected: Text, received: Text | None) -> tuple[Part, ...]:
    """The pieces of two texts side by side: by place where only the order differs, else by name."""
    if received is None:
        return tuple(Part(name, text, None) for name, text in expected.pieces)
    left, right = expected.pieces, received.pieces
    if sorted(name for name, _ in left) == sorted(name for name, _ in right):
        return tuple(Part(name, text, other) for (name, text), (_, other) in zip(left, right, strict=True))
    texts, others = dict(left), dict(right)
    names = [name for name in sorted({**texts, **others}) if name != "key"]
    return tuple(Part(name, texts.get(name), others.get(name)) for name in (*names, "key"))
