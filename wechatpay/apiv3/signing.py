"""
Signatures of APIv3: what is signed, how it is carried, how an answer is checked.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (requests),
https://pay.weixin.qq.com/doc/v3/merchant/4013053420 (answers and notifications)
"""

from __future__ import annotations

import binascii
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.canonical import from_base64
from chainable.errors import SignatureError
from chainable.masking import safe_repr, without_frames_of
from chainable.signing import SignableRequest, Signer
from wechatpay.crypto import rsa
from wechatpay.crypto.nonces import new_nonce

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
"""Seconds by which a message's time may differ from ours."""

REMEMBERED = 10_000
"""Answers whose nonces are remembered, for each client."""

_PROBE = "WECHATPAY/SIGNTEST/"


@safe_repr
@frozen(eq=False)
class RSASigner(Signer):
    """
    Signs a request with the merchant's private key.

    Args:
        mchid: The merchant's number; the brand's, with the brand's scheme.
        serial: Of the merchant's API certificate.
        key: The private key, or any object with ``sign(message: bytes) -> bytes``
            that answers with RSA PKCS#1 v1.5 over SHA-256.
        clock: Gives Unix time in seconds.
        nonce: Gives a text that was never given before.
        scheme: The name of the scheme, before the fields.
        identity: What the field with the number is called.
    """

    mchid: str
    serial: str
    key: RSAPrivateKey | PrivateKey = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, kw_only=True, repr=False)
    nonce: Callable[[], str] = field(default=new_nonce, kw_only=True, repr=False)
    scheme: str = field(default=SCHEME, kw_only=True)
    identity: str = field(default="mchid", kw_only=True)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put a fresh ``Authorization`` on the request."""
        timestamp = str(int(self.clock()))
        nonce = self.nonce()
        message = self.message(r, timestamp, nonce)
        if isinstance(r, SignableRequest):
            r.signed_message = message
        r.headers["Authorization"] = self.authorization(timestamp, nonce, self.signature(message))
        return r

    @staticmethod
    def message(request: requests.PreparedRequest, timestamp: str, nonce: str) -> bytes:
        """Lay out what is signed: verb, target, time, nonce and body, each line ended."""
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
        """Sign the message: base64."""
        return binascii.b2a_base64(rsa.sign(self.key, message), newline=False).decode()

    def authorization(self, timestamp: str, nonce: str, signature: str) -> str:
        """Write the header's value."""
        return (
            f'{self.scheme} {self.identity}="{self.mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
            f'serial_no="{self.serial}",signature="{signature}"'
        )


@frozen(eq=False)
class RSAVerifier:
    """
    Checks that an answer or a notification is the platform's, and of now.

    Args:
        keys: Platform keys by serial or id.
        clock: Gives Unix time in seconds.
    """

    keys: KeyStore[RSAPublicKey] = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, kw_only=True, repr=False)

    @without_frames_of(SignatureError)
    def verify(self, response: requests.Response, /) -> None:
        """
        Check headers, time, key and signature, over the bytes of the body.

        Raises:
            SignatureError: Says which of them is wrong in ``reason``.
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
            msg = (
                "the message carries no signature of the platform (a Wechatpay-… header is missing): "
                "treat it as forged; a gateway in between may have dropped the headers"
            )
            raise SignatureError(msg, reason="missing", response=response)
        if not (timestamp.isascii() and nonce.isascii() and signature.isascii() and serial.isascii()):
            # Some servers hand undecodable bytes on as lone surrogates, which no encoding takes.
            msg = "a Wechatpay-… header is not ASCII, which the platform's always are: treat the message as forged"
            raise SignatureError(msg, response=response)
        self._check_time(timestamp, response)
        try:
            key = self.keys[serial]
        except LookupError as error:  # a plain dict is a key store, too
            msg = f"signed with a platform key that this client does not have: {error}"
            raise SignatureError(msg, reason="unknown_key", response=response) from error
        message = b"%b\n%b\n%b\n" % (timestamp.encode(), nonce.encode(), response.content or b"")
        try:
            right = rsa.verify(key, message, from_base64(signature))
        except ValueError:
            right = False
        if not right:
            # Labelled only after the check has failed: a probe gets no way of its own.
            probe = signature.startswith(_PROBE)
            msg = (
                "the signature is wrong on purpose: the platform probes whether it is checked; answer as to any forgery"
                if probe
                else "the signature does not match the bytes of the body: forged, or changed on the way "
                "(parsed and written again, decoded, joined lines)"
            )
            raise SignatureError(msg, reason="probe" if probe else "mismatch", response=response)

    def _check_time(self, timestamp: str, response: requests.Response) -> None:
        try:
            behind = float(self.clock()) - int(timestamp)
        except (ValueError, OverflowError):
            msg = "the time of the message is no number of seconds"
            raise SignatureError(msg, reason="stale", response=response) from None
        if abs(behind) > TOLERANCE:
            msg = (
                f"the message is {abs(behind):.0f} seconds {'old' if behind > 0 else 'ahead of our clock'}; "
                f"{TOLERANCE} are allowed: a replay, or this machine's clock is wrong"
            )
            raise SignatureError(msg, reason="stale", response=response)


class ResponseVerifier:
    """
    Checks that an answer is the platform's, and that no other call got it before.

    The signature of an answer does not name the request, so that a right answer
    could be given to a second call. Its nonce is never the same twice, and an
    answer whose nonce is among the last ones is refused. Notifications do not
    come here: those are delivered, and read, more than once.

    Args:
        verifier: Checks the signature; only then the nonce counts.
        remembered: How many nonces are remembered at most.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_known", "_order", "_remembered", "_verifier")

    def __init__(self, verifier: Verifier, *, remembered: int = REMEMBERED) -> None:
        self._verifier = verifier
        self._remembered = remembered
        self._known: dict[str, object] = {}
        self._order: deque[str] = deque()

    def verify(self, response: requests.Response, /) -> None:
        """
        Check the signature, then the nonce.

        Raises:
            SignatureError: The signature is wrong, or ``reason`` is ``replayed``.
        """
        self._verifier.verify(response)
        self.accept(response)

    def accept(self, response: requests.Response, /) -> None:
        """
        Remember the nonce of an answer whose signature was checked.

        Raises:
            SignatureError: ``replayed``: another answer had it.
        """
        nonce = response.headers.get("Wechatpay-Nonce")
        if not isinstance(nonce, str):  # a verifier of another scheme may do without
            return
        # Each step is atomic by itself, so that no lock is needed: of two threads with one nonce, one wins.
        mine = object()
        if self._known.setdefault(nonce, mine) is not mine:
            msg = (
                "this answer was given to an earlier call already: it was recorded and sent again, by an attacker, "
                "by a cache or by a test double; ask for the state of the order before you repeat the call"
            )
            raise SignatureError(msg, reason="replayed", response=response)
        self._order.append(nonce)
        if len(self._order) > self._remembered:
            self._known.pop(self._order.popleft(), None)
