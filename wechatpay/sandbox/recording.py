"""
What the sandbox knows of recordings: the numbers of merchants in requests, and signatures of its own in responses.

Used by :func:`chainable.recording.vcr_config`.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from wechatpay.sandbox import apiv2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.account import Account

__all__ = ["RecordedWeChatPay"]

HOSTS = ("api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "apihk.mch.weixin.qq.com", "apius.mch.weixin.qq.com",
         "api.wechatpay.cn", "api2.wechatpay.cn")  # fmt: skip
_IN_AUTHORIZATION = re.compile(r'[ ,](mchid|brand_id)="([^"]*)"')
_IN_XML = ("mch_id", "mchid", "combine_mch_id")
_DIGEST = "wechatpay-statement-sha1"
_SIGN = re.compile(rb"(<sign>(?:<!\[CDATA\[)?)(\w+)")


@frozen(eq=False)
class RecordedWeChatPay:
    """See :class:`chainable.recording.Recorded`."""

    account: Account
    own: tuple[str, ...]
    clock: Callable[[], float] = field(repr=False)
    origin: str = f"https://{HOSTS[0]}"
    hosts: frozenset[str] = frozenset(HOSTS)
    names: str = "user_?id"

    def is_call(self, url: str, headers: Mapping[str, Any], body: bytes) -> bool:
        """Return whether a request is signed as WeChat Pay's are."""
        signed = str(headers.get("Authorization") or "").startswith("WECHATPAY")
        return signed or (body.lstrip().startswith(b"<xml") and b"<sign>" in body)

    def numbers(self, headers: Mapping[str, Any], body: bytes) -> dict[str, str]:
        """Return the number of the merchant or brand that signed a request, and that of the account in its place."""
        found = dict(_IN_AUTHORIZATION.findall(str(headers.get("Authorization") or "")))
        numbers = {found[name]: getattr(self.account, name) for name in found}
        if body.lstrip().startswith(b"<xml"):
            try:
                fields = apiv2.read(body)
            except ValueError:
                fields = {}
            numbers.update({fields[name]: self.account.mchid for name in _IN_XML if fields.get(name)})
        return numbers

    def sign(self, headers: dict[str, list[str]], body: bytes) -> bytes:
        """Sign a response of either version as of now."""
        found = {name.lower(): name for name in headers}
        if "wechatpay-signature" not in found:
            return self._signed_xml(body)
        covered = body
        if _DIGEST in found:
            digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
            headers[found[_DIGEST]] = [digest]
            covered = b'{"sha1":"%b"}' % digest.encode()
        serial = self.account.signer()
        timestamp, nonce = str(int(self.clock())), self.account.random.hex(16, "response")
        message = b"\n".join((timestamp.encode(), nonce.encode(), covered, b""))
        for name, value in (
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", self.account.sign(serial, message)),
            ("Wechatpay-Serial", serial),
        ):
            headers[found.get(name.lower(), name)] = [value]
        return body

    def digests(self, content: bytes) -> tuple[str, ...]:
        """Return the SHA-1 and the SHA-256 of a file."""
        return hashlib.sha1(content, usedforsecurity=False).hexdigest(), hashlib.sha256(content).hexdigest()

    def encrypt(self, text: str) -> str:
        """Encrypt a text for the merchant, as fields of responses are."""
        return self.account.conceal(text)

    def _signed_xml(self, body: bytes) -> bytes:
        sign = _SIGN.search(body) if body.lstrip().startswith(b"<xml") else None
        algorithm = None if sign is None else apiv2.LENGTHS.get(len(sign[2]))
        if algorithm is None:
            return body
        try:
            fields = apiv2.read(body)
        except ValueError:
            return body
        signature = apiv2.signature(fields, self.account.secret, algorithm).encode()
        return _SIGN.sub(lambda found: found[1] + signature, body)
