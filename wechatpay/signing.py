"""
Signatures of APIv3: of requests, and of responses and notifications.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (requests),
https://pay.weixin.qq.com/doc/v3/merchant/4013053420 (responses and notifications)
"""

from __future__ import annotations

import binascii
import threading
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.canonical import from_base64
from chainable.errors import SignatureError
from chainable.forking import renew_after_fork
from chainable.i18n import Words, message_of, translate
from chainable.masking import fields_repr, without_frames_of
from chainable.signing import SignableRequest, Signer
from chainable.times import system_time
from wechatpay.crypto import rsa
from wechatpay.crypto.nonces import new_nonce
from wechatpay.crypto.serials import PUBLIC_KEY_ID, shown_serial

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from chainable.keys import KeyStore
    from chainable.signing import Verifier
    from wechatpay.crypto.keys import PrivateKey

__all__ = ["BRAND_SCHEME", "REMEMBERED", "SCHEME", "TOLERANCE", "RSASigner", "RSAVerifier", "ResponseVerifier"]

SCHEME = "WECHATPAY2-SHA256-RSA2048"
BRAND_SCHEME = "WECHATPAY-BRAND-SHA256-RSA2048"
TOLERANCE = 300
"""Seconds by which the time of a message may differ from ours."""

REMEMBERED = 10_000
"""Responses whose nonces each client remembers, at least."""

_PROBE = "WECHATPAY/SIGNTEST/"
_MARK = 7  # bytes that stand for a nonce
_ARRAYS = 32


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class RSASigner(Signer):
    """
    Signs a request with the merchant's private key.

    Args:
        mchid: The merchant's number; the brand's, with the brand's scheme.
        serial: The serial of the merchant's API certificate.
        key: The private key, or any object with ``sign(message: bytes) -> bytes``
            that returns an RSA PKCS#1 v1.5 signature with SHA-256.
        clock: Returns Unix time in seconds.
        nonce: Returns a text that was never used before.
        scheme: The name of the scheme in ``Authorization``.
        identity: The name of the field with the number.
    """

    mchid: str
    serial: str
    key: RSAPrivateKey | PrivateKey = field(repr=False)
    clock: Callable[[], float] = field(default=system_time, kw_only=True, repr=False)
    nonce: Callable[[], str] = field(default=new_nonce, kw_only=True, repr=False)
    scheme: str = field(default=SCHEME, kw_only=True)
    identity: str = field(default="mchid", kw_only=True)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add a new ``Authorization`` to the request."""
        timestamp = str(int(self.clock()))
        nonce = self.nonce()
        message = self.message(r, timestamp, nonce)
        if isinstance(r, SignableRequest):
            r.signed_message = message
        r.headers["Authorization"] = self.authorization(timestamp, nonce, self.signature(message))
        return r

    @staticmethod
    def message(request: requests.PreparedRequest, timestamp: str, nonce: str) -> bytes:
        """Build the text that is signed: verb, target, time, nonce and body, each with a line feed."""
        body: Any = request.body or b""
        if isinstance(request, SignableRequest) and request.signed_body is not None:
            body = request.signed_body
        if isinstance(body, str):
            body = body.encode()
        return b"%b\n%b\n%b\n%b\n%b\n" % (
            (request.method or "").encode(),
            request.path_url.encode(),
            timestamp.encode(),
            nonce.encode(),
            body,
        )

    def signature(self, message: bytes) -> str:
        """Return the signature of a message, base64."""
        return binascii.b2a_base64(rsa.sign(self.key, message), newline=False).decode()

    def authorization(self, timestamp: str, nonce: str, signature: str) -> str:
        """Return the value of the ``Authorization`` header."""
        return (
            f'{self.scheme} {self.identity}="{self.mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
            f'serial_no="{self.serial}",signature="{signature}"'
        )


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class RSAVerifier:
    """
    Verifies that a response or a notification is the platform's, and recent.

    Args:
        keys: Platform keys by serial or id.
        clock: Returns Unix time in seconds.
    """

    keys: KeyStore[RSAPublicKey] = field(repr=False)
    clock: Callable[[], float] = field(default=system_time, kw_only=True, repr=False)

    @without_frames_of(SignatureError)
    def verify(self, response: requests.Response, /) -> None:
        """
        Verify headers, time, key, and the signature over the bytes of the body.

        Raises:
            SignatureError: One of them is wrong; ``reason`` says which.
        """
        headers = response.headers
        timestamp = headers.get("Wechatpay-Timestamp")
        nonce = headers.get("Wechatpay-Nonce")
        signature = headers.get("Wechatpay-Signature")
        serial = headers.get("Wechatpay-Serial")
        if not (
            isinstance(timestamp, str)
            and isinstance(nonce, str)
            and isinstance(signature, str)
            and isinstance(serial, str)
        ):
            msg = Words(
                "the message has no signature of the platform (a Wechatpay-… header is missing): "
                "treat it as forged; a gateway in between may have dropped the headers",
                "消息没有平台的签名（缺少 Wechatpay-… 请求头）：请按伪造处理；也可能是中间的网关丢掉了请求头",
            )
            raise SignatureError(msg, reason="missing", response=response)
        if not (timestamp.isascii() and nonce.isascii() and signature.isascii() and serial.isascii()):
            # Some servers pass undecodable bytes as lone surrogates, which cannot be encoded.
            msg = Words(
                "a Wechatpay-… header is not ASCII, which the platform's always are: treat the message as forged",
                "某个 Wechatpay-… 请求头含有非 ASCII 字符，平台不会这样发送：请按伪造处理",
            )
            raise SignatureError(msg, response=response)
        self._check_time(timestamp, response)
        try:
            key = self.keys[serial]
        except LookupError as error:  # a plain dict is a key store as well
            raise SignatureError(
                _unknown_key(serial, self.keys, error), reason="unknown_key", response=response
            ) from error
        message = b"%b\n%b\n%b\n" % (timestamp.encode(), nonce.encode(), response.content or b"")
        try:
            right = rsa.verify(key, message, from_base64(signature))
        except ValueError:
            right = False
        if not right:
            # A probe takes the same path as any forgery; only its error differs.
            probe = signature.startswith(_PROBE)
            msg = (
                Words(
                    "the signature is wrong on purpose: the platform tests whether signatures are verified; "
                    "respond as to any forgery",
                    "签名是故意写错的：平台在检测是否验签，请按伪造处理",
                )
                if probe
                else Words(
                    "the signature does not match the bytes of the body: forged, or changed on the way "
                    "(parsed and written again, decoded, joined lines)",
                    "签名与正文的字节不符：消息是伪造的，或在途中被改动（解析后重新生成、解码、合并了行）",
                )
            )
            raise SignatureError(msg, reason="probe" if probe else "mismatch", response=response)

    def _check_time(self, timestamp: str, response: requests.Response) -> None:
        try:
            behind = float(self.clock()) - int(timestamp)
        except (ValueError, OverflowError):
            msg = Words("the time of the message is not a number of seconds", "消息的时间不是秒数")
            raise SignatureError(msg, reason="stale", response=response) from None
        if abs(behind) > TOLERANCE:
            seconds = f"{abs(behind):.0f}"
            msg = Words(
                f"the message is {seconds} seconds {'old' if behind > 0 else 'ahead of our clock'}; "
                f"{TOLERANCE} are allowed: a replay, or this machine's clock is wrong",
                f"消息的时间比本机时钟{'早' if behind > 0 else '晚'} {seconds} 秒，最多允许相差 {TOLERANCE} 秒："
                "消息是重放的，或本机时钟不准",
            )
            raise SignatureError(msg, reason="stale", response=response)


class _Nonces:
    """
    The nonces of the last responses: at least *least* of them, at most twice as many.

    A set takes more than a hundred bytes for each nonce; here it is seven of its digest, in one of 32 arrays that
    other bits of the digest select. A new nonce is taken for a known one once in 100,000,000,000,000 times.

    Args:
        least: The number of new nonces after which the older ones are forgotten.
    """

    __slots__ = ("__weakref__", "_count", "_least", "_lock", "_newer", "_older")

    def __init__(self, least: int) -> None:
        self._least = least
        self._count = 0
        self._newer = _empty()
        self._older = _empty()
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()  # a signal handler may make a call, too

    def add(self, nonce: str) -> bool:
        """Remember a nonce; return False if it is known."""
        digest = blake2b(nonce.encode("utf-8", "surrogatepass"), digest_size=1 + _MARK).digest()
        place, mark = digest[0] % _ARRAYS, digest[1:]
        with self._lock:
            if _holds(self._newer[place], mark) or _holds(self._older[place], mark):
                return False
            if self._count == self._least:
                self._older, self._newer, self._count = self._newer, _empty(), 0
            self._newer[place] += mark
            self._count += 1
        return True


def _empty() -> list[bytearray]:
    return [bytearray() for _ in range(_ARRAYS)]


def _holds(marks: bytearray, mark: bytes) -> bool:
    """Return whether a mark is one of those that were joined, and not the end of one with the start of the next."""
    at = marks.find(mark)
    while at > 0 and at % _MARK:
        at = marks.find(mark, at + 1)
    return at >= 0


class ResponseVerifier:
    """
    Verifies that a response is the platform's, and that no earlier call got it.

    The signature does not cover the request, so an authentic response could be
    replayed to a later call. Nonces never repeat: a response is refused if its
    nonce is among the last ones. Notifications are not verified here, because they
    are delivered more than once.
    """

    __slots__ = ("_nonces", "_verifier")

    def __init__(self, verifier: Verifier, *, remembered: int = REMEMBERED) -> None:
        self._verifier = verifier
        self._nonces = _Nonces(remembered)

    def verify(self, response: requests.Response, /) -> None:
        """Verify the signature, then the nonce."""
        self._verifier.verify(response)
        self.accept(response)

    def accept(self, response: requests.Response, /) -> None:
        """
        Remember the nonce of a response whose signature was verified.

        Raises:
            SignatureError: ``replayed``: an earlier response had the same nonce.
        """
        nonce = response.headers.get("Wechatpay-Nonce")
        if not isinstance(nonce, str):  # another scheme may have none
            return
        if not self._nonces.add(nonce):
            msg = Words(
                "this is the response to an earlier call: it was recorded and replayed, by an attacker, "
                "a cache or a test double; query the order before you repeat the call",
                "这是之前某次调用的应答，被攻击者、缓存或测试替身录下后重放：重新调用之前请先查询订单",
            )
            raise SignatureError(msg, reason="replayed", response=response)


def _unknown_key(serial: str, keys: object, error: LookupError) -> Words:
    """Return the message for a key that is not among *keys*."""
    known = getattr(keys, "serials", None)
    if known is None or not serial.startswith(PUBLIC_KEY_ID):
        text = message_of(error)
        return Words(
            f"signed with a platform key that this client does not have: {text}",
            f"签名所用的平台密钥，客户端没有：{translate(text, 'zh')}",
        )
    held, fix = (" and ".join(known), "correct the id, or ") if known else ("no key of the platform", "")
    zh_held, zh_fix = (f"只有 {'、'.join(known)}", "改正 ID，或") if known else ("没有平台密钥", "")
    return Words(
        f"the platform signed with {shown_serial(serial)}, and this client has {held}: {fix}add it to certs= with its "
        f"pub_key.pem; the console shows both",
        f"平台用 {shown_serial(serial)} 签名，而客户端{zh_held}：请{zh_fix}连同 pub_key.pem 加入 certs=；"
        "两者都可以在商户平台查看",
    )
