"""
Parsing of notifications: verified and decrypted, each handled once.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (APIv3),
https://pay.weixin.qq.com/doc/v2/merchant/4011985430 (APIv2)
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from requests import Response
from requests.structures import CaseInsensitiveDict

from chainable import deduplication
from chainable.codecs import JSON
from chainable.errors import ChainableError, CodecError, ConfigurationError, DecryptionError, SignatureError
from chainable.i18n import Words, message_of, translate
from chainable.masking import Secret, without_frames_of
from chainable.web import Headers, ReceivedHeaders, header, read_headers
from wechatpay.apiv2.signing import verify_parameters
from wechatpay.crypto.aes import open_req_info
from wechatpay.notification import Notification
from wechatpay.signing import RSAVerifier
from wechatpay.xml import XML

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from chainable.signing import Verifier
    from wechatpay.crypto.aes import APIv3Key

__all__ = ["Notifications", "check_body"]

_SIGNED_BY = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
_SCHEME = "Wechatpay-Signature-Type"
_RSA = "WECHATPAY2-SHA256-RSA2048"
_GCM = "AEAD_AES_256_GCM"

_KEEP_V2 = 365 * 24 * 3600.0
"""Seconds for which handled notifications of APIv2 are remembered: they have no signed time, so an old one is valid."""

_BLANK = " \t\r\n"
_GZIP = b"\x1f\x8b"
_BASE64_OF_JSON = re.compile(rb"(?:eyJ|ewo|ewog|PHhtbD)[A-Za-z0-9+/=\s]+")
_SPACED = re.compile(rb"\s|\{\s|\{\"\w+\"\s*:\s")
_MEMBER = re.compile(rb"\{\"(\w+)\"")


class Notifications:
    """
    The platform's messages to one merchant.

    Args:
        verifier: Verifies the signatures of APIv3, of responses as well.
        apiv3_key: Decrypts the resources of APIv3.
        secret: The APIv2 key; without it, notifications of APIv2 are refused.
        mchid: Separates merchants that share a store of claims.
        ciphers: By the name of an ``algorithm``, the function that decrypts its
            resources: called with the texts of ciphertext, nonce and associated
            data, it returns bytes or raises DecryptionError.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        apiv3_key: APIv3Key | None = None,
        secret: str | Secret[str] | None = None,
        mchid: str | None = None,
        ciphers: Mapping[str, Callable[[str, str, str], bytes]] | None = None,
    ) -> None:
        self._verifier = verifier
        self._as_headers: Any = dict if isinstance(verifier, RSAVerifier) else CaseInsensitiveDict
        self._ciphers: dict[str, Callable[[str, str, str], bytes]] = dict(ciphers or {})
        if apiv3_key is not None:
            self._ciphers[_GCM] = apiv3_key.open
        self._secret = None if secret is None else Secret.of(secret)
        self._scope = f"wechatpay:{mchid or ''}:"

    @without_frames_of(ChainableError)
    def parse(self, headers: ReceivedHeaders, body: bytes) -> Notification[Any]:
        """
        Verify and decrypt a notification; nothing is stored.

        ::

            notification = client.notifications.parse(request.headers, request.get_data())

        APIv3 signs the time of sending, and messages older than five minutes are
        refused. APIv2 does not: check ``create_time``, and use :meth:`once`, so
        that a message is not handled twice.

        Args:
            headers: Any mapping, in any case, or pairs of names and values, of str
                or bytes; WSGI's environ, Django's META and an ASGI scope as well.
            body: The bytes as they were sent, not parsed and encoded again.

        Raises:
            SignatureError: ``reason`` is ``missing``, ``stale``,
                ``unknown_key``, ``mismatch`` or ``probe``: respond to all of them
                with :func:`wechatpay.reject`.
            DecryptionError: The message is authentic, but the APIv3 key does not
                decrypt it; or ``req_info``, which is not signed, does not decrypt
                to a refund under the APIv2 key.
            CodecError: The message is not a notification.
            ConfigurationError: This client has no key for the message.
            TypeError: The body is not bytes, or the headers have another form.
        """
        check_body(body)
        if body[:1] != b"{" and body.lstrip()[:1] == b"<":
            return self._parse_v2(body)
        return self._parse_v3(headers, body)

    def once(
        self, notification: Notification[Any], store: deduplication.Store, *, lease: float = deduplication.LEASE
    ) -> AbstractContextManager[bool]:
        """
        Claim a notification that may be delivered more than once, even at the same time.

        ::

            with client.notifications.once(notification, store) as first:
                if first:
                    book(notification.resource)

        The claim is finished when the block ends, and released when an
        exception leaves the block.

        With :class:`~chainable.deduplication.sqlalchemy.SQLAlchemyStore` and
        :class:`~chainable.deduplication.django.DjangoStore` the end of the block
        commits the claim and the booking together: a payment is booked exactly
        once.  With the other stores, commit inside the block, and let the
        booking depend on the order's state: see
        :func:`chainable.deduplication.once`.

        Handled notifications of APIv2 are remembered for a year at least,
        because they have no signed time.

        Args:
            notification: The result of :meth:`parse`.
            store: The store of claims. Besides those above,
                :class:`chainable.deduplication.RedisStore`, shared by all
                workers, or :class:`chainable.deduplication.MemoryStore` for a
                single one.
            lease: Seconds after which a silent worker counts as dead; not used
                by the stores that use a transaction.

        Raises:
            InProgress: Another worker is handling it, or took over when the
                lease expired: reject, and it is delivered again.
            ClaimError: The block ended, and the store could not confirm the
                claim. Accept if ``handled`` is True, otherwise reject.
        """
        keep = _KEEP_V2 if notification.version == "v2" else None
        return deduplication.once(store, self._scope + notification.id, lease=lease, keep=keep)

    def knows(self, serial: str) -> bool:
        """
        Return whether the key of a serial is known; never downloads.

        True for a verifier of the user's own, whose keys are unknown.
        """
        if not isinstance(self._verifier, RSAVerifier):
            return True
        keys: Any = self._verifier.keys
        return serial in keys

    def _parse_v3(self, received: ReceivedHeaders, body: bytes) -> Notification[Any]:
        self._authenticate(read_headers(received), body)
        envelope = JSON.decode(body)
        try:
            sealed = envelope["resource"]
            algorithm, ciphertext, nonce = sealed["algorithm"], sealed["ciphertext"], sealed["nonce"]
            message_id, event_type = envelope["id"], envelope["event_type"]
            extra = sealed.get("associated_data") or ""
            summary = envelope.get("summary")
            plain = (message_id + event_type + algorithm + ciphertext + nonce + extra).isascii()
        except (AttributeError, KeyError, TypeError):
            raise _no_notification() from None
        if not plain or not message_id:  # without an id, repeated deliveries cannot be recognised
            raise _no_notification()
        opener = self._ciphers.get(algorithm) or self._no_cipher(algorithm)
        resource = JSON.decode(opener(ciphertext, nonce, extra))
        return Notification(message_id, event_type, str(summary or ""), resource, envelope, body)

    def _authenticate(self, headers: Headers, body: bytes) -> None:
        given = self._as_headers()
        for name in _SIGNED_BY:
            value = headers.get(name)
            value = value.strip(_BLANK) if type(value) is str else header(headers, name)
            if value is not None:
                given[name] = value
        if self._as_headers is CaseInsensitiveDict:
            given[_SCHEME] = header(headers, _SCHEME) or _RSA
        try:
            self._verifier.verify(_Message(given, body))
        except SignatureError as error:
            hint = _hint(error.reason, header(headers, _SCHEME), body)
            text = Words(f"{error}{hint}", f"{translate(message_of(error), 'zh')}{hint.zh}")
            raise SignatureError(text, reason=error.reason) from error.__cause__

    def _parse_v2(self, body: bytes) -> Notification[Any]:
        if self._secret is None:
            msg = "a notification of APIv2 came in, and this client has no APIv2 key: give secret="
            raise ConfigurationError(msg, reason="apiv2_key_missing")
        envelope = XML.decode(body)
        sealed = envelope.get("req_info")
        # The platform does not sign the fields beside req_info; decryption proves req_info.
        if sealed is None or "sign" in envelope:
            try:
                verify_parameters(envelope, self._secret)
            except SignatureError as error:
                raise SignatureError(
                    Words(f"{error} (APIv2)", f"{translate(message_of(error), 'zh')}（APIv2）"), reason=error.reason
                ) from None
        if sealed is not None:
            resource: Any = open_req_info(self._secret, _text(sealed), XML.decode)
            kind, message_id = _REFUND, ""
        else:
            resource = self._opened_event(envelope) if "event_ciphertext" in envelope else envelope
            kind, message_id = _v2_kind(envelope), envelope.get("event_id", "")
        return Notification(message_id or _v2_id(kind, resource), kind, "", resource, envelope, body, "v2")

    def _opened_event(self, envelope: dict[str, Any]) -> Any:
        algorithm = _text(envelope.get("event_algorithm") or _GCM)
        opener = self._ciphers.get(algorithm) or self._no_cipher(algorithm)
        ciphertext, nonce, extra = (
            _text(envelope.get(f"event_{name}") or "") for name in ("ciphertext", "nonce", "associated_data")
        )
        return JSON.decode(opener(ciphertext, nonce, extra))

    def _no_cipher(self, algorithm: str) -> NoReturn:
        if algorithm == _GCM:
            msg = Words(
                "the resource is sealed under the APIv3 key, and this client has none: give apiv3_key=",
                "通知内容用 APIv3 密钥加密，而该客户端没有：请配置 apiv3_key",
            )
            raise ConfigurationError(msg, reason="apiv3_key_missing")
        msg = Words(
            f"the resource is encrypted by {algorithm[:40]}, for which this client has no cipher",
            f"通知内容用 {algorithm[:40]} 加密，该客户端没有对应的算法",
        )
        raise DecryptionError(msg)


class _Message(Response):
    """A notification in the form of a response, which verifiers take."""

    def __init__(self, headers: Any, body: bytes) -> None:
        # Response.__init__ makes a cookie jar, which takes longer than the rest of parse().
        self.headers = headers
        self._content = body
        self._content_consumed = True
        self.status_code = 200


_REFUND = "refund-processed"
# Fields that only one kind of APIv2 notification has, and the catalogue's name of that kind.
_V2_KINDS = {
    "combine_out_trade_no": "combined-transactions-success",
    "change_type": "pap-contract-state-changed",
    "vehicle_event_type": "vehicle-state-changed-for-parking",
    "risk_level": "transactions-risk-occurred",
    "trade_state": "pap-transaction-processed",
    "contract_id": "pap-transaction-processed",
    "transaction_id": "transaction-success",
}
_PASSING = {"nonce_str", "sign", "sign_type"}


def _v2_kind(envelope: dict[str, str]) -> str:
    given = envelope.get("event_type")
    return given or next((kind for name, kind in _V2_KINDS.items() if name in envelope), "")


def _v2_id(kind: str, resource: Any) -> str:
    """Return an id made from the fields that are the same in every delivery."""
    lasting = {name: value for name, value in resource.items() if name not in _PASSING}
    content = json.dumps(lasting, sort_keys=True).encode()
    return f"{kind or 'v2'}:{hashlib.sha256(content).hexdigest()[:40]}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = Words(
            "an element of this notification that should be text is nested, or there twice",
            "通知中应为文本的元素有嵌套，或出现了两次",
        )
        raise CodecError(msg)
    return value


def _no_notification() -> CodecError:
    return CodecError(
        Words(
            "the message is signed, but is not a notification: id, event_type and resource "
            "{algorithm, ciphertext, nonce} are expected, all of them plain text",
            "消息已签名，但不是通知：应有文本 id、event_type 与 resource {algorithm, ciphertext, nonce}",
        )
    )


def check_body(body: object) -> None:
    """Raise TypeError for a body that is not the bytes that were sent."""
    if type(body) is not bytes:
        msg = Words(
            f"the body is a {type(body).__name__}, and the signature covers the bytes that were sent: pass "
            f"request.get_data() of Flask, request.body of Django, await request.body() of FastAPI and "
            f"Starlette, or what your server read from the socket",
            f"body 是 {type(body).__name__}，而签名针对收到的原始字节：请传 Flask 的 request.get_data()、Django 的 request.body、FastAPI 与 Starlette 的 await request.body()，或服务器从套接字读到的内容",
        )
        raise TypeError(msg)


def _hint(reason: str, scheme: str | None, body: bytes) -> Words:
    """Return a likely cause of a wrong signature, for the error."""
    if reason != "mismatch":
        return Words("", "")
    if scheme and scheme != _RSA:
        named = scheme[:40].encode("ascii", "replace").decode()
        return Words(
            f". It says to be signed by {named}: that takes a verifier of its own",
            f"。其签名算法标为 {named}，须用相应的验签器（verifier=）",
        )
    if _BASE64_OF_JSON.fullmatch(body):
        return Words(
            ". This body is base64, as API gateways pass it on (isBase64Encoded): pass base64.b64decode(body)",
            "。该正文是 base64，由 API 网关编码（isBase64Encoded）：请传 base64.b64decode(body)",
        )
    if body.startswith(_GZIP):
        return Words(
            ". This body is packed with gzip: pass the bytes before a proxy packed them",
            "。该正文经 gzip 压缩：请传代理压缩之前的原始字节",
        )
    first = _MEMBER.match(body)
    if _SPACED.match(body):
        found = Words("it has white space between its members", "成员之间有空白")
    elif first and first[1] != b"id" and b'"id":' in body:
        found = Words("its members are in another order", "成员的顺序不同")
    elif b"\\u" in body:
        found = Words("its characters are escaped", "字符已转义")
    else:
        return Words("", "")
    return Words(
        f". This body looks as if it was parsed and written again ({found}): pass the bytes that were sent",
        f"。该正文像是解析后重新生成的（{found.zh}）：请传收到的原始字节",
    )
