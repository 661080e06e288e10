"""
The signatures of the platform.

The terms are the platform's: the sorted parameters make the string to sign;
the upper-case hex of its digest is the signature.  https://open.taobao.com/doc.htm?docId=101617&docType=1

``sha256`` is the one of AliExpress and Lazada at ``/sync``:
https://open.alitrip.com/docs/doc.htm?articleId=120692&docType=1&treeId=727
"""

from __future__ import annotations

import hashlib
import hmac
import time
from abc import abstractmethod
from copy import copy
from datetime import datetime
from email.parser import BytesParser
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from chainable.codecs import FORM
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedURL, Secret, unframed, without_frames
from chainable.signing import SignableRequest, Signer
from chainable.times import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest
    from typing_extensions import Self

__all__ = [
    "HMACMD5Signer",
    "HMACSHA256Signer",
    "MD5Signer",
    "ParameterSigner",
    "SHA256Signer",
    "is_unicode",
    "signed_parts",
    "string_to_sign",
    "text_parts",
    "timestamp",
]

MASK = "***"
_FORM = "application/x-www-form-urlencoded"
STAMPS = ("timestamp", "sign_method", "sign")
"""The parameters that a signer adds at every attempt."""


def timestamp(moment: float) -> str:
    """Format seconds since 1970 as ``yyyy-MM-dd HH:mm:ss`` in Beijing time."""
    return _second(floor(moment))


@lru_cache(4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def string_to_sign(parameters: Mapping[str, str], body: bytes = b"", charset: str = "utf-8") -> bytes:
    """
    Join the parameters, sorted by name, each followed by its value, then the raw body.

    Parameters are not URL-encoded, and have no ``sign``; the body is not recoded.
    """
    return "".join([name + value for name, value in sorted(parameters.items())]).encode(charset) + body


def _encoded(parameters: Mapping[str, str], body: bytes, charset: str) -> bytes | None:
    """Join as :func:`string_to_sign` does; None if the charset cannot encode a text."""
    try:
        return string_to_sign(parameters, body, charset)
    except UnicodeEncodeError:
        return None


def signed_parts(request: PreparedRequest) -> tuple[dict[str, str], bytes]:
    """
    Return what a signature covers: the texts of query, form or multipart body without ``sign``, and any other body.

    Raises:
        TypeError: The body is a stream; only bytes can be signed.
    """
    parameters = _query(request)[1]
    body, kind = _body(request), _media_type(request)
    if kind == _FORM:
        parameters.update(FORM.decode(body))
        body = b""
    elif kind == "multipart/form-data":
        parameters.update(text_parts(_content_type(request), body))
        body = b""
    parameters.pop("sign", None)
    return parameters, body


def _query(request: PreparedRequest) -> tuple[str, dict[str, str]]:
    address, _, query = (request.url or "").partition("?")
    return address, dict(parse_qsl(query, keep_blank_values=True))


def _body(request: PreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    raise TypeError(Words("a stream cannot be signed: pass the body as bytes", "流无法签名：请以 bytes 传入报文"))


def _content_type(request: PreparedRequest) -> str:
    # requests may hold header values as bytes.
    kind: str | bytes = request.headers.get("Content-Type") or ""
    return kind.decode("latin-1") if isinstance(kind, bytes) else kind


def _media_type(request: PreparedRequest) -> str:
    return _content_type(request).partition(";")[0].strip().lower()


def text_parts(content_type: str, body: bytes, charset: str = "utf-8") -> dict[str, str]:
    """
    Read the texts of a multipart body; files are ignored.

    Args:
        content_type: The header, with the boundary.
        body: The whole body.
        charset: The encoding of the texts.
    """
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode(errors="replace") + body)
    texts = {}
    for part in message.walk():
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and part.get_filename() is None:
            texts[name] = content.decode(charset, errors="replace")
    return texts


def _kept(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value and name not in STAMPS and not value.isspace()}


def _secret(given: str | Secret[str]) -> Secret[str]:
    secret: Secret[Any] = Secret.of(given)
    if not isinstance(secret.reveal(), str) or not secret:
        msg = Words(
            "the app_secret is missing: pass the text that the console shows for this app",
            "缺少 app_secret：请传入控制台上该应用的密钥",
        )
        raise ConfigurationError(msg, reason="app_secret_missing")
    if not is_unicode(secret):
        msg = Words(
            "the app_secret holds bytes that are not UTF-8: read it in its encoding",
            "app_secret 含有非 UTF-8 的字节：请按其编码读取",
        )
        raise ConfigurationError(msg, reason="app_secret_not_utf8") from None
    return secret


def is_unicode(secret: Secret[str]) -> bool:
    """Return whether a text can be encoded in UTF-8: it has no lone surrogate."""
    try:
        secret.reveal().encode()
    except UnicodeEncodeError:
        return False
    return True


class ParameterSigner(Signer):
    """
    Signs the parameters of a call; the base of the signers below.

    A :class:`chainable.SignableRequest` has its parameters; those of any other
    prepared request are read from query and body.  ``timestamp`` (in every time
    zone as :meth:`stamp` writes it), ``sign_method`` and ``sign`` are added to
    the form, or to the query if the body is not a form.  Blank values are
    neither sent nor signed.

    Args:
        secret: The app_secret, taken literally.
        clock: Returns seconds since 1970; None for the client's clock, or the
            machine's without a client.
    """

    sign_method: ClassVar[str]

    @without_frames
    def __init__(self, secret: str | Secret[str], *, clock: Callable[[], float] | None = None) -> None:
        self._secret = _secret(secret)
        self.clock = clock

    @property
    def secret(self) -> str:
        """The app_secret."""
        return self._secret.reveal()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def following(self, clock: Callable[[], float]) -> Self:
        """Return this signer if it has a clock, or a copy with this clock."""
        if self.clock is not None:
            return self
        signer = copy(self)
        signer.clock = clock
        return signer

    def stamp(self, moment: float) -> str:
        """Write seconds since 1970 as the value of ``timestamp``: ``yyyy-MM-dd HH:mm:ss``, Beijing time."""
        return timestamp(moment)

    @abstractmethod
    def digest(self, message: bytes) -> bytes:
        """Return the keyed digest of a string to sign."""

    @abstractmethod
    def explain(self, message: str) -> str:
        """Return the digested text, the secret masked."""

    def sign(self, parameters: Mapping[str, str], body: bytes = b"", charset: str = "utf-8") -> str:
        """
        Return the signature of parameters and body: upper-case hex.

        Raises:
            CodecError: The charset cannot encode a text.
        """
        message = _encoded(parameters, body, charset)
        if message is None:
            del parameters, body  # keep the session out of the traceback
            msg = f"a parameter holds text that {charset} cannot encode, such as a lone surrogate"
            raise CodecError(Words(msg, f"某个参数含有 {charset} 无法编码的文本，例如单独的代理字符")) from None
        return self.digest(message).hex().upper()

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """
        Stamp and sign the request, and return it.

        Raises:
            TypeError: The body is a stream.
            CodecError: A parameter cannot be read or encoded.
        """
        stamps = {
            "timestamp": self.stamp(time.time() if self.clock is None else self.clock()),
            "sign_method": self.sign_method,
        }
        try:
            if isinstance(r, SignableRequest) and r.parameters is not None:
                self._sign_known(r, r.parameters, stamps)
            else:
                self._sign_plain(r, stamps)
        except (ChainableError, TypeError, ValueError) as error:
            failure = unframed(error)  # the frames below hold the session
        else:
            return r
        raise failure

    def _sign_known(self, request: SignableRequest, given: Mapping[str, str], stamps: dict[str, str]) -> None:
        parameters = _kept(given) | stamps
        if request.codec is not None:
            parameters["sign"] = self.sign(parameters)
            _write_body(request, request.codec.encode(parameters))
            return
        covered = _body(request) if request.signed_body is None else request.signed_body
        stamps["sign"] = self.sign(parameters, covered)
        address, query = _query(request)
        request.url = MaskedURL(f"{address}?{urlencode(_kept(query) | stamps)}")

    def _sign_plain(self, request: PreparedRequest, stamps: dict[str, str]) -> None:
        address, query = _query(request)
        if _media_type(request) == _FORM:
            form = _kept(FORM.decode(_body(request)))
            query = {name: value for name, value in _kept(query).items() if name not in form}
            stamps["sign"] = self.sign(query | form | stamps)
            _write_body(request, FORM.encode(form | stamps))
        else:
            parameters, body = signed_parts(request)
            stamps["sign"] = self.sign(_kept(parameters) | stamps, body)
            query = _kept(query) | stamps
        request.url = MaskedURL(f"{address}?{urlencode(query)}") if query else address


def _write_body(request: PreparedRequest, body: bytes) -> None:
    request.body = body
    request.headers["Content-Length"] = str(len(body))


class MD5Signer(ParameterSigner):
    """``sign_method=md5``: the MD5 of the string to sign with the secret before and behind it."""

    sign_method = "md5"

    def digest(self, message: bytes) -> bytes:
        """Return MD5(secret + message + secret)."""
        return hashlib.md5(
            self._secret.reveal().encode() + message + self._secret.reveal().encode(), usedforsecurity=False
        ).digest()

    def explain(self, message: str) -> str:
        """Return the digested text, the secret masked."""
        text = f"{MASK}{message}{MASK}"
        return Words(
            f"MD5 of {text}, where {MASK} stands for the app_secret", f"对 {text} 做 MD5，{MASK} 代表 app_secret"
        )


class HMACMD5Signer(ParameterSigner):
    """``sign_method=hmac``: HMAC-MD5 keyed with the secret."""

    sign_method = "hmac"

    def digest(self, message: bytes) -> bytes:
        """Return HMAC-MD5 of the message."""
        return hmac.digest(self._secret.reveal().encode(), message, "md5")

    def explain(self, message: str) -> str:
        """Return the digested text; the secret is the key and not part of it."""
        return Words(
            f"HMAC-MD5, keyed with the app_secret, of {message}", f"以 app_secret 为密钥，对 {message} 做 HMAC-MD5"
        )


class HMACSHA256Signer(ParameterSigner):
    """``sign_method=hmac-sha256``: HMAC-SHA256 keyed with the secret."""

    sign_method = "hmac-sha256"

    def digest(self, message: bytes) -> bytes:
        """Return HMAC-SHA256 of the message."""
        return hmac.digest(self._secret.reveal().encode(), message, "sha256")

    def explain(self, message: str) -> str:
        """Return the digested text; the secret is the key and not part of it."""
        return Words(
            f"HMAC-SHA256, keyed with the app_secret, of {message}",
            f"以 app_secret 为密钥，对 {message} 做 HMAC-SHA256",
        )


class SHA256Signer(HMACSHA256Signer):
    """
    ``sign_method=sha256``, for AliExpress and Lazada at ``/sync``: HMAC-SHA256, and a timestamp in milliseconds.

    The name of the method is among the parameters; at ``/rest`` these
    platforms also sign the path, which this signer does not.
    """

    sign_method = "sha256"

    def stamp(self, moment: float) -> str:
        """Write seconds since 1970 as milliseconds."""
        return str(int(moment * 1000))
