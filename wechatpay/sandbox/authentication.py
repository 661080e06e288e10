"""The sender and the signature of an APIv3 request; nothing here is shared with the client."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.i18n import Words
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.signature_diagnosis import diagnose, five_lines, seconds, truncated, variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request

__all__ = ["TRADE", "Nonces", "RequestVerifier", "Signed"]

SCHEME = "WECHATPAY2-SHA256-RSA2048"
BRAND_SCHEME = "WECHATPAY-BRAND-SHA256-RSA2048"
FIELD = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*(?:,|$)')
SKEW = 300
MESSAGES = {
    "authorization": "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
    "timestamp": "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
    "serial_no": "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
    "mchid": "签名错误",
    "brand_id": "签名错误",
    "signature": "错误的签名，验签失败",
}
"""
The platform's messages, by the field that is wrong.

The platform says no more than that, but for ``detail.detail`` of a signature; the developer finds the reason in
``detail.issue``, which is the sandbox's own, and in the journal.
"""
NOT_MATCHING = {"issue": "sign not match"}
"""What the platform says of a signature, in English."""
TRADE = "/v3/pay/"
UNREADABLE_OF_TRADE = "签名信息错误，验签失败"


@frozen
class Signed:
    """The scheme and the fields of the ``Authorization`` header, and the message that has to be signed."""

    scheme: str
    fields: dict[str, str] = field(repr=False)
    message: bytes = field(repr=False)


class Nonces:
    """The last nonces seen: ``size`` of them at least, twice as many at most."""

    def __init__(self, size: int = 8192) -> None:
        self._size = size
        self._recent: set[str] = set()
        self._older: set[str] = set()

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def first(self, nonce: str) -> bool:
        """Remember a nonce; return False if it is known already."""
        if nonce in self._recent or nonce in self._older:
            return False
        self._recent.add(nonce)
        if len(self._recent) >= self._size:
            self._recent, self._older = set(), self._recent
        return True

    def clear(self) -> None:
        """Forget all."""
        self._recent, self._older = set(), set()


class RequestVerifier:
    """Verifies the sender and the signature of an account's APIv3 requests."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        self._account = account
        self._clock = clock
        self.nonces = Nonces()
        self._public_key: RSAPublicKey = account.key.public_key()

    def check(self, request: Request, covered: bytes) -> Signed:
        """Verify a request whose signature covers this part of its body; raise a 401 that names the mistake."""
        scheme, fields = self._authorization(request)
        stamp = (fields["timestamp"], fields["nonce_str"])
        message = five_lines(request.method, request.target, stamp, covered)
        signed = Signed(scheme, fields, message)
        self._check_sender(request, signed)
        try:
            signature = base64.b64decode(fields["signature"], validate=True)
        except (binascii.Error, ValueError):
            raise refused(
                "signature", Words("the signature is not base64", "签名不是Base64编码"), request, message
            ) from None
        if not verifies(self._public_key, signature, message):
            why = self._diagnosis(request, signed, signature, covered)
            raise refused("signature", why, request, message)
        if not self.nonces.first(fields["nonce_str"]):
            raise refused(
                "nonce_str",
                Words(
                    "this nonce was used before: every request, a repeated one too, needs a fresh one",
                    "该随机串已用过：每次请求（重试也一样）都要使用新的随机串",
                ),
                request,
                message,
            )
        return signed

    def _authorization(self, request: Request) -> tuple[str, dict[str, str]]:
        value = request.header("authorization")
        if value is None:
            raise refused(
                "authorization", Words("the Authorization header is missing", "缺少 Authorization 请求头"), request
            )
        scheme, _, rest = value.partition(" ")
        brand = request.segments[0] == "brand"
        expected = BRAND_SCHEME if brand else SCHEME
        if scheme != expected:
            issue = Words(
                f"the scheme is {scheme!r}, {expected} was expected", f"认证类型是 {scheme!r}，应为 {expected}"
            )
            raise refused("authorization", issue, request)
        fields: dict[str, str] = {}
        position = 0
        while position < len(rest):
            found = FIELD.match(rest, position)
            if found is None:
                first = len(scheme) + 1 + position
                issue = Words(
                    f'not readable as name="value" pairs from character {first} on',
                    f'从第 {first} 个字符起不是 name="value" 的形式',
                )
                raise refused("authorization", issue, request)
            if found[1] in fields:
                issue = Words(f"{found[1]} stands twice in Authorization", f"Authorization 中 {found[1]} 出现了两次")
                raise refused(found[1], issue, request)
            fields[found[1]] = found[2]
            position = found.end()
        names = ("brand_id" if brand else "mchid", "nonce_str", "timestamp", "serial_no", "signature")
        for name in names:
            if not fields.get(name):
                issue = Words(f"{name} is missing from Authorization", f"Authorization 缺少 {name}")
                raise refused(name, issue, request)
        unknown = sorted(fields.keys() - set(names))
        if unknown:
            issue = Words(f"{unknown[0]} does not belong into Authorization", f"Authorization 中不应有 {unknown[0]}")
            raise refused(unknown[0], issue, request)
        return scheme, fields

    def _check_sender(self, request: Request, signed: Signed) -> None:
        fields, account = signed.fields, self._account
        number = "brand_id" if "brand_id" in fields else "mchid"
        expected = account.brand_id if number == "brand_id" else account.mchid
        if fields[number] != expected:
            issue = Words(
                f"{number} {fields[number]} is not known here: this account is {expected}",
                f"沙箱中没有 {number} {fields[number]}，本账户是 {expected}",
            )
            raise refused(number, issue, request)
        sent = seconds(fields["timestamp"])
        if sent is None:
            issue = Words("the timestamp is not a number of seconds", "时间戳不是以秒为单位的数字")
            raise refused("timestamp", issue, request)
        skew = sent - self._clock()
        if abs(skew) > SKEW:
            where, zh_where = ("ahead of", "快") if skew > 0 else ("behind", "慢")
            long = len(fields["timestamp"]) > 11
            unit, zh_unit = (": milliseconds? seconds are wanted", "：是毫秒吗？应为秒") if long else ("", "")
            by = abs(round(skew))
            issue = Words(
                f"the timestamp is {by} seconds {where} the server's clock, {SKEW} are allowed{unit}",
                f"时间戳比服务器{zh_where} {by} 秒，最多允许 {SKEW} 秒{zh_unit}",
            )
            raise refused("timestamp", issue, request)
        if fields["serial_no"] != account.serial:
            raise refused("serial_no", serial_mistake(fields["serial_no"], account), request)

    def _diagnosis(self, request: Request, signed: Signed, signature: bytes, covered: bytes) -> Words:
        """Return the mistake that led to a wrong signature."""
        stamp = (signed.fields["timestamp"], signed.fields["nonce_str"])
        others = variants(request, stamp, covered, signed.message)
        found = diagnose(self._public_key, signed.fields["signature"], signed.message, others)
        if found.en:
            return Words(found.en, found.zh)
        length, expected = len(signature), self._public_key.key_size // 8
        if length != expected:
            return Words(
                f"the signature has {length} bytes, {expected} were expected",
                f"签名有 {length} 字节，应为 {expected} 字节",
            )
        return Words(
            "it is not made over this message with the private key of the merchant certificate "
            f"{self._account.serial}; compare your message with truncated_sign_message, line by line",
            f"签名不是用商户证书 {self._account.serial} 的私钥对这段签名串计算的；请逐行对比 truncated_sign_message",
        )


def verifies(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Return whether this is the PKCS#1 v1.5 signature of the message."""
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def serial_mistake(serial: str, account: Account) -> Words:
    """Return the mistake in a serial number."""
    if serial.upper() == account.serial or serial.replace(":", "").upper() == account.serial:
        return Words(
            f"serial_no is written in capitals without colons: {account.serial}",
            f"serial_no 应为大写且不含冒号：{account.serial}",
        )
    if serial in account.certs:
        return Words(
            "serial_no names a key of the platform: the serial of the merchant certificate belongs here",
            "serial_no 填了平台证书或微信支付公钥的编号，应为商户证书的序列号",
        )
    return Words(
        f"no merchant certificate {serial}: this account's is {account.serial}",
        f"没有序列号为 {serial} 的商户证书，本账户的是 {account.serial}",
    )


def refused(name: str, issue: Words, request: Request, message: bytes = b"") -> Refusal:
    """Return the 401 of this part of Authorization."""
    detail: dict[str, Any] = {"field": name, "issue": issue.zh, "location": "authorization"}
    if name == "signature":
        detail["detail"] = NOT_MATCHING
    if message:
        detail["sign_information"] = {
            "method": request.method,
            "url": request.target,
            "truncated_sign_message": truncated(message),
            "sign_message_length": len(message),
        }
    trade = request.path.startswith(TRADE)
    text = UNREADABLE_OF_TRADE if name == "authorization" and trade else MESSAGES.get(name, MESSAGES["authorization"])
    return Refusal(401, "SIGN_ERROR", text, detail, gateway=True, note=issue)
