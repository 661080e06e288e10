"""The mistake in a wrong signature: each usual one is tried with the app's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from attrs import evolve, field, frozen

from chainable.sandbox.json_styles import SPELLINGS, respelled
from taobao_top.sandbox.signature import MASK, PUBLIC, SIGN_METHODS, sign
from taobao_top.sandbox.times import epoch, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from taobao_top.sandbox.journal import Upload

__all__ = ["Found", "Signing", "check", "found", "right"]

NOTHING_FITS = "no known mistake gives this signature: another secret, or other values signed than sent"

LARGE = 64 * 1024
"""Bytes of a string above which fewer mistakes are tried."""

HUGE = 1024 * 1024
"""Bytes above which only omissions are tried."""

WORK = 128 * 1024 * 1024
"""Bytes that are digested for one signature, at most: the gateway has other callers."""

SENT_EMPTY = ("session", "format", "simplify", "partner_id", "target_app_key", "sign")
"""Parameters that some clients sign without a value, and do not send."""

BLANKS = 16
"""Blanks of a value that are tried as a plus sign, one by one, at most."""

LAST = 250_000_000_000
"""The latest time that is tried, seconds since 1970."""


def _hmac_sha1(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, "sha1").hexdigest()


def _sha1(key: bytes, message: bytes) -> str:
    return hashlib.sha1(key + message + key, usedforsecurity=False).hexdigest()


def _sha256(key: bytes, message: bytes) -> str:
    return hashlib.sha256(key + message + key).hexdigest()


def _md5_of(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


WAYS: Mapping[str, tuple[Callable[[bytes, bytes], str], bool, bool, int]] = {
    "md5": (SIGN_METHODS["md5"], True, True, 32),
    "hmac": (SIGN_METHODS["hmac"], False, False, 32),
    "hmac-sha256": (SIGN_METHODS["hmac-sha256"], False, False, 64),
    "hmac-sha1": (_hmac_sha1, False, False, 40),
    "sha1": (_sha1, True, True, 40),
    "sha256": (_sha256, True, True, 64),
    "md5 behind": (lambda key, message: _md5_of(message + key), False, True, 32),
    "md5 before": (lambda key, message: _md5_of(key + message), True, False, 32),
    "hmac around": (lambda key, message: SIGN_METHODS["hmac"](key, key + message + key), True, True, 32),
    "hmac-sha256 around": (lambda key, message: SIGN_METHODS["hmac-sha256"](key, key + message + key), True, True, 64),
}
"""How a digest is made, whether the secret stands before and behind the string, and how many digits it has."""


@frozen
class Signing:
    """
    One way to sign a call: the pieces of the string, by parameter, the body behind them, and the secret.

    Attributes:
        way: A name of :data:`WAYS`; empty: as ``sign_method`` says.
        en: What is wrong with it; empty for the right one.
    """

    pieces: tuple[tuple[str, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)
    key: bytes = field(repr=False)
    way: str = ""
    en: str = ""
    zh: str = ""

    def but(self, zh: str, en: str, **changes: Any) -> Signing:
        """Return this way with a mistake."""
        return evolve(self, zh=zh, en=en, **changes)

    @property
    def message(self) -> bytes:
        """The string without the secret."""
        return b"".join(text for _, text in self.pieces) + self.body

    @property
    def size(self) -> int:
        """How many bytes the string has."""
        return sum(len(text) for _, text in self.pieces) + len(self.body)

    def signature(self, way: str) -> str:
        """Return the signature in capitals."""
        return WAYS[way][0](self.key, self.message).upper()

    def shown(self, way: str) -> tuple[tuple[str, str], ...]:
        """Return the pieces of the string by name, with the secret masked."""
        _, before, behind, _ = WAYS[way]
        made = [("secret before", MASK)] if before and self.key else []
        made += [(name, text.decode(errors="replace")) for name, text in self.pieces]
        made += [("body", self.body.decode(errors="replace"))] if self.body else []
        made += [("secret behind", MASK)] if behind and self.key else []
        return tuple(made)


@frozen
class Found:
    """How a signature was made: what was signed, with which of :data:`WAYS`, and what is wrong with it."""

    signing: Signing
    way: str
    en: str
    zh: str


def right(secret: str, parameters: Mapping[str, str], body: bytes) -> Signing:
    """Return how parameters that hold no ``sign`` have to be signed."""
    return Signing(_pieces(parameters, sorted(parameters)), body, secret.encode())


def found(
    received: str,
    sign_method: str,
    secret: str,
    parameters: Mapping[str, str],
    body: bytes,
    files: tuple[Upload, ...] = (),
) -> Found | None:
    """Find out how a signature was made, of parameters without ``sign``; None where no known mistake gives it."""
    digits, spelled = _digits(received)
    size = sum(map(len, parameters.values())) + len(body) + sum(len(upload.content) for upload in files)
    base = right(secret, parameters, body)
    others = _others(base, parameters, sign_method, files) if size <= HUGE else ()
    work = WORK
    for number, signing in enumerate(chain((base,), _omissions(base, parameters), others)):
        ways = SIGN_METHODS if size <= LARGE or not number else (sign_method,)
        if number and signing.size > work:
            continue
        work -= signing.size
        for way in (signing.way,) if signing.way else ways:
            if WAYS[way][3] == len(digits) and hmac.compare_digest(signing.signature(way).encode(), digits.encode()):
                return _described(signing, way, sign_method, spelled)
    return None


def check(
    received: str,
    sign_method: str,
    secret: str,
    parameters: Mapping[str, str],
    body: bytes,
    files: tuple[Upload, ...] = (),
) -> str | None:
    """Return what is wrong with a signature, as far as known mistakes reproduce it; None when it is right."""
    if hmac.compare_digest(received.encode(), sign(sign_method, secret, parameters, body).encode()):
        return None
    how = found(received, sign_method, secret, parameters, body, files)
    return NOTHING_FITS if how is None else how.en


def _described(signing: Signing, way: str, sign_method: str, spelled: str) -> Found:
    mistakes = [(signing.zh, signing.en)] if signing.en else []
    if not signing.way and way != sign_method:
        mistakes.append(
            (
                f"sign_method 写的是 {sign_method}，签名却是 {way}",
                f"sign_method says {sign_method} but the signature is {way}",
            )
        )
    if spelled == "small":
        whole = "the signature is right but must be upper-case hex"
        mistakes.append(("签名要用大写十六进制", whole if not mistakes else "the signature must be upper-case hex"))
    elif spelled:
        mistakes.append(("签名写成了 Base64，应为大写十六进制", "the signature is base64 but must be upper-case hex"))
    return Found(signing, way, "; ".join(en for _, en in mistakes), "；".join(zh for zh, _ in mistakes))


def _digits(received: str) -> tuple[str, str]:
    """Return a signature as capital digits, and what is odd about how it is written."""
    if len(received) in {24, 28, 44}:
        try:
            return base64.b64decode(received, validate=True).hex().upper(), "base64"
        except ValueError:
            return received, ""
    digits = received.upper()
    return digits, "" if digits == received else "small"


def _pieces(values: Mapping[str, str], names: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    # A JSON escape may be a lone surrogate, which UTF-8 cannot encode.
    return tuple((name, (name + values[name]).encode(errors="replace")) for name in names)


def _others(
    base: Signing, parameters: Mapping[str, str], sign_method: str, files: tuple[Upload, ...]
) -> Iterator[Signing]:
    yield from _joined(base, parameters)
    yield from _keys(base, parameters)
    for zh, en, values in _values(parameters):
        if values != parameters:
            yield base.but(zh, en, pieces=_pieces(values, sorted(values)))
    for text in _respelled(base.body.decode(errors="replace")):
        yield base.but(*_REWRITTEN, body=text.encode(errors="replace"))
    if files:
        contents = tuple((upload.name, upload.name.encode() + upload.content) for upload in files)
        yield base.but(
            "文件内容不参与签名",
            "the bytes of the files were signed: they are not signed at all",
            pieces=tuple(sorted((*base.pieces, *contents))),
        )
    for zh, en, way in _OTHER_WAYS:
        if sign_method != "md5" or way not in {"hmac around", "hmac-sha256 around"}:
            yield base.but(zh, en, way=way)


_REWRITTEN = (
    "签名的 JSON 与发送的写法不同（空格、转义或顺序）",
    "the JSON that was signed is written differently from the JSON that was sent: blanks, escapes or order",
)
_AROUND = ("HMAC 的待签名串里不应再拼密钥", "the secret stands in the string as for md5: with hmac it is the key only")
_OTHER_WAYS = (
    ("用了 HMAC-SHA1", "HMAC-SHA1 was used: sign_method knows md5, hmac and hmac-sha256", "hmac-sha1"),
    ("用了 SHA-1", "SHA-1 was used: sign_method knows md5, hmac and hmac-sha256", "sha1"),
    ("用了不带密钥算法的 SHA-256", "plain SHA-256 was used: hmac-sha256 has the secret as its key", "sha256"),
    (
        "密钥只拼在了末尾，MD5 要前后都拼",
        "md5 with the secret behind the parameters only: it stands before and behind them",
        "md5 behind",
    ),
    (
        "密钥只拼在了开头，MD5 要前后都拼",
        "md5 with the secret before the parameters only: it stands before and behind them",
        "md5 before",
    ),
    (*_AROUND, "hmac around"),
    (*_AROUND, "hmac-sha256 around"),
)


def _omissions(base: Signing, parameters: Mapping[str, str]) -> Iterator[Signing]:
    names = [name for name, _ in base.pieces]

    def without(zh: str, en: str, left: Iterable[str]) -> Signing:
        left = set(left)
        return base.but(zh, en, pieces=tuple(pair for pair in base.pieces if pair[0] not in left))

    for name in names:
        yield without(
            f"{name} 发送了，却没有参与签名",
            f"{name} was not signed but sent: sign every parameter that is sent",
            [name],
        )
    yield without(
        "空值参数发送了，却没有参与签名",
        "empty values were sent but not signed: leave them out of both",
        (name for name in names if not parameters[name].strip()),
    )
    yield base.but("原始报文发送了，却没有参与签名", "the raw body was sent but not signed", body=b"")
    yield without("只签了公共参数", "only the public parameters were signed", set(names) - PUBLIC)
    yield without("只签了业务参数", "only the business parameters were signed", PUBLIC)
    yield without(
        "以 @ 开头的值没有参与签名",
        "values that begin with @ were left out of the signature: they are signed like any other",
        (name for name in names if parameters[name].startswith("@")),
    )
    for name in SENT_EMPTY:
        if name not in parameters:
            more = {**parameters, name: ""}
            yield base.but(
                f"空的 {name} 参与了签名，却没有发送",
                f"{name} was signed without a value, but not sent: leave it out of both",
                pieces=_pieces(more, sorted(more)),
            )


def _joined(base: Signing, parameters: Mapping[str, str]) -> Iterator[Signing]:
    names = [name for name, _ in base.pieces]
    equal = tuple((name, f"{name}={parameters[name]}".encode()) for name in names)
    joined = tuple((name, text + b"&") for name, text in equal[:-1]) + equal[-1:]
    yield base.but(
        "名称和值之间用了 = 和 &，应直接相连",
        "names and values were joined with = and &: nothing stands between them",
        pieces=joined,
    )
    yield base.but(
        "名称和值之间用了 =，应直接相连",
        "names and values were joined with =: nothing stands between them",
        pieces=equal,
    )
    yield base.but("参数没有按名称排序", "the names were not sorted", pieces=_pieces(parameters, parameters))
    yield base.but(
        "排序时忽略了大小写，应按字符编码排序",
        "the names were sorted without regard to case: capitals come first",
        pieces=_pieces(parameters, sorted(parameters, key=str.lower)),
    )
    values = tuple((name, parameters[name].encode()) for name in names)
    yield base.but("只签了值，没有签名称", "the values were signed without their names", pieces=values)
    yield base.but(
        "按 GBK 编码签名，应使用 UTF-8",
        "values were signed as GBK: sign and send UTF-8",
        pieces=tuple((name, text.decode().encode("gbk", "replace")) for name, text in base.pieces),
        body=base.body.decode(errors="replace").encode("gbk", "replace"),
    )


def _keys(base: Signing, parameters: Mapping[str, str]) -> Iterator[Signing]:
    for key in (base.key + b"\n", base.key + b"\r\n", base.key + b" ", b" " + base.key):
        yield base.but("密钥首尾带了空白", "the secret was used with white space around it", key=key)
    yield base.but("没有使用密钥", "the secret was not used", key=b"")
    yield base.but(
        "密钥后多了 &",
        "the secret was used with & behind it, which is another platform's rule",
        key=base.key + b"&",
    )
    app_key = parameters.get("app_key", "").encode()
    yield base.but("用 app_key 当成了密钥", "the app_key was used in place of the app_secret", key=app_key)


def _values(parameters: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield all parameters as they may have been signed, each with the mistake."""

    def of(change: Callable[[str], str]) -> dict[str, str]:
        return {name: change(value) for name, value in parameters.items()}

    encoded = ("签名前对值做了 URL 编码，应签原文", "url-encoded values were signed: sign the plain values")
    yield *encoded, of(quote_plus)
    yield *encoded, of(lambda value: quote(value, safe=""))
    yield *encoded, of(quote)
    for values in _with_plus(parameters):
        yield (
            "发送时没有把 + 编码，到达时成了空格",
            "a + was sent without being encoded, and arrived as a blank",
            values,
        )
    blanks = ("签名时去掉了值首尾的空白", "values were signed without the white space around them")
    yield *blanks, of(str.strip)
    yield "换行写法不同", "the line ends differ", of(lambda value: value.replace("\r\n", "\n"))
    yield "换行写法不同", "the line ends differ", of(lambda value: value.replace("\n", "\r\n"))
    for texts in zip(*(_styled(value) for value in parameters.values()), strict=True):
        yield *_REWRITTEN, dict(zip(parameters, texts, strict=True))
    for zh, en, moment in _moments(parameters.get("timestamp", "")):
        yield zh, en, {**parameters, "timestamp": moment}


def _with_plus(parameters: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the parameters with blanks as plus signs: all, those of one value, one."""
    blank = {name: value for name, value in parameters.items() if " " in value and name != "timestamp"}
    yield {**parameters, **{name: value.replace(" ", "+") for name, value in blank.items()}}
    for name, value in blank.items():
        yield {**parameters, name: value.replace(" ", "+")}
        places = [place for place, letter in enumerate(value) if letter == " "]
        for place in places[:BLANKS]:
            yield {**parameters, name: f"{value[:place]}+{value[place + 1 :]}"}


def _moments(timestamp: str) -> Iterator[tuple[str, str, str]]:
    at = epoch(timestamp)
    if at is None or not 0 <= at <= LAST:
        return
    yield "时间戳签成了毫秒数", "the timestamp was signed in milliseconds, and sent otherwise", str(int(at * 1000))
    yield "时间戳签成了秒数", "the timestamp was signed in seconds, and sent otherwise", str(int(at))
    yield "时间戳签成了另一种写法", "the timestamp was signed in another form", written(at)
    yield "时间戳签成了另一种写法", "the timestamp was signed in another form", written(at).replace(" ", "T")
    for shift in (*range(-5, 6), 8 * 3600, -8 * 3600):
        yield (
            "签名用的时间戳与发送的不同",
            "the time that was signed is not the one that was sent: take it once, for both",
            written(at + shift),
        )


def _styled(value: str) -> list[str]:
    """Return a value in every spelling of JSON; unchanged if it is not an object or a list."""
    return _respelled(value) or [value] * SPELLINGS


def _respelled(text: str) -> list[str]:
    return respelled(text) if text[:1] in {"{", "["} else []
