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
"""The platform's messages, by the field that is wrong; the developer finds the reason in ``detail``."""
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
            raise refused("signature", "the signature is not base64", request, message) from None
        if not verifies(self._public_key, signature, message):
            why = self._diagnosis(request, signed, signature, covered)
            raise refused("signature", f"sign not match: {why}", request, message)
        if not self.nonces.first(fields["nonce_str"]):
            raise refused(
                "nonce_str",
                "this nonce was used before: every request, a repeated one too, needs a fresh one",
                request,
                message,
            )
        return signed

    def _authorization(self, request: Request) -> tuple[str, dict[str, str]]:
        value = request.header("authorization")
        if value is None:
            raise refused("authorization", "the Authorization header is missing", request)
        scheme, _, rest = value.partition(" ")
        brand = request.segments[0] == "brand"
        expected = BRAND_SCHEME if brand else SCHEME
        if scheme != expected:
            raise refused("authorization", f"the scheme is {scheme!r}, {expected} was expected", request)
        fields: dict[str, str] = {}
        position = 0
        while position < len(rest):
            found = FIELD.match(rest, position)
            if found is None:
                raise refused(
                    "authorization",
                    f'not readable as name="value" pairs from character {len(scheme) + 1 + position} on',
                    request,
                )
            if found[1] in fields:
                raise refused(found[1], f"{found[1]} stands twice in Authorization", request)
            fields[found[1]] = found[2]
            position = found.end()
        names = ("brand_id" if brand else "mchid", "nonce_str", "timestamp", "serial_no", "signature")
        for name in names:
            if not fields.get(name):
                raise refused(name, f"{name} is missing from Authorization", request)
        unknown = sorted(fields.keys() - set(names))
        if unknown:
            raise refused(unknown[0], f"{unknown[0]} does not belong into Authorization", request)
        return scheme, fields

    def _check_sender(self, request: Request, signed: Signed) -> None:
        fields, account = signed.fields, self._account
        number = "brand_id" if "brand_id" in fields else "mchid"
        expected = account.brand_id if number == "brand_id" else account.mchid
        if fields[number] != expected:
            raise refused(number, f"{number} {fields[number]} is not known here: this account is {expected}", request)
        sent = seconds(fields["timestamp"])
        if sent is None:
            raise refused("timestamp", "the timestamp is not a number of seconds", request)
        skew = sent - self._clock()
        if abs(skew) > SKEW:
            where = "ahead of" if skew > 0 else "behind"
            unit = ": milliseconds? seconds are wanted" if len(fields["timestamp"]) > 11 else ""
            raise refused(
                "timestamp",
                f"the timestamp is {abs(round(skew))} seconds {where} the server's clock, {SKEW} are allowed{unit}",
                request,
            )
        if fields["serial_no"] != account.serial:
            raise refused("serial_no", serial_mistake(fields["serial_no"], account), request)

    def _diagnosis(self, request: Request, signed: Signed, signature: bytes, covered: bytes) -> str:
        """Return the mistake that led to a wrong signature."""
        stamp = (signed.fields["timestamp"], signed.fields["nonce_str"])
        others = variants(request, stamp, covered, signed.message)
        found = diagnose(self._public_key, signed.fields["signature"], signed.message, others)
        if found.en:
            return found.en
        if len(signature) != self._public_key.key_size // 8:
            return f"the signature has {len(signature)} bytes, {self._public_key.key_size // 8} were expected"
        return (
            "it is not made over this message with the private key of the merchant certificate "
            f"{self._account.serial}; compare your message with truncated_sign_message, line by line"
        )


def verifies(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Return whether this is the PKCS#1 v1.5 signature of the message."""
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def serial_mistake(serial: str, account: Account) -> str:
    """Return the mistake in a serial number."""
    if serial.upper() == account.serial or serial.replace(":", "").upper() == account.serial:
        return "serial_no is written in capitals without colons: " + account.serial
    if serial in account.certs:
        return "serial_no names a key of the platform: the serial of the merchant certificate belongs here"
    return f"no merchant certificate {serial}: this account's is {account.serial}"


def refused(name: str, issue: str, request: Request, message: bytes = b"") -> Refusal:
    """Return the 401 of this part of Authorization."""
    detail: dict[str, Any] = {
        "field": name,
        "issue": issue,
        "location": "authorization",
        "detail": {"issue": issue.partition(":")[0]},
    }
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
