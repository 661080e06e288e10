"""
The signature of a call that comes in, over headers, query, form and body.

https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, unquote_to_bytes

from attrs import field, frozen

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.masking import safe_repr, without_frames_of
from chainable.times import BEIJING
from chainable.web import check_headers, header
from taobao_top.response_parsing import read
from taobao_top.signing import MD5Signer, text_parts

if TYPE_CHECKING:
    from chainable.web import Headers
    from taobao_top.settings import Settings

__all__ = ["SPI", "SPICall"]

TOLERANCE = 600.0
"""Seconds a call's time may differ from ours."""

_FORM = "application/x-www-form-urlencoded"
_SIGNED_BODIES = frozenset({"application/json", "text/xml", "application/xml", "text/plain"})
_CHARSETS = frozenset({"gbk", "gb2312", "gb18030", "iso-8859-1"})
_MARK = b"\xef\xbb\xbf"
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


@safe_repr
@frozen
class SPICall:
    """
    A call whose signature is right.

    Every part is signed, but the platform's form joins names and values without marks: whoever captured a call can
    move text between a name and its value, between neighbours in alphabetical order, and between parameters and body
    (``amount=100`` becomes ``amount1=00``), for as long as its time is accepted. ``method`` and the own ``app_key`` are
    required. Read the members that you expect by name, refuse a call that lacks one, and compare numbers with your own
    records.

    Attributes:
        method: The SPI's name.
        time: When it was made.
        parameters: Text by name, out of query and form.
        headers: Those that were signed, but for any with the name of a parameter: the parameter is signed in its place.
        body: The raw body where it is part of the signature (JSON, XML, text); empty for forms and files.
        xml: The caller expects XML: the body is, or ``format`` says so.
        content_type: That of the body; None without one.
        sign: The signature: the same call has the same one.
    """

    method: str
    time: datetime
    parameters: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    xml: bool
    content_type: str | None = field(repr=False)
    sign: str = field(default="", repr=False)

    @property
    def data(self) -> Any:
        """
        The body decoded: a JSON object, or what is inside of an XML root.

        Raises:
            CodecError: There is no body, or it is neither.
        """
        try:
            payload = read(self.body, self.content_type)
        except CodecError as error:
            # What reads answers speaks of answers.
            what = str(error).removeprefix("the body of ").removeprefix("the answer")
            msg = f"the body of the call{what}"
            raise CodecError(msg) from None
        return next(iter(payload.values())) if _is_xml(self.body) else payload


class SPI:
    """
    Verifies calls that come in for one app; ``top.spi`` gives it.

    Args:
        settings: The client's.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.secret is None:
            raise ConfigurationError("app_secret is needed to verify calls: give it to the client beside the signer")
        self._signer = MD5Signer(settings.secret)
        self._app_key = settings.app_key
        self._clock = settings.clock

    @without_frames_of(SignatureError, CodecError)
    def verify(self, headers: Headers, url: str, body: bytes = b"", *, tolerance: float = TOLERANCE) -> SPICall:
        """
        Check a call, and give what of it was signed.

        The digest is always MD5, whatever ``sign_method`` says.  Of a
        multipart body the texts are signed, the files are not.

        Args:
            headers: Any mapping, WSGI environ or Django's META included.
            url: With its query, percent-encoded as it was sent; the path alone will do.
            body: The bytes as they were sent.
            tolerance: Seconds the call's time may differ from ours.

        Raises:
            SignatureError: ``reason`` is ``missing``, ``mismatch`` or ``stale``.
            TypeError: The body is not bytes, or the headers are not a mapping.
        """
        if not isinstance(body, bytes):
            msg = f"body: the bytes as they were sent are needed, not {type(body).__name__}: text may have changed"
            raise TypeError(msg)
        check_headers(headers)
        content_type = header(headers, "Content-Type")
        kind = (content_type or "").partition(";")[0].strip().lower()
        charset = _charset(content_type)
        query = _query(url.partition("#")[0].partition("?")[2], charset)
        sign = query.pop("sign", "")
        if not sign:
            raise SignatureError("the call has no sign in its query: it is not the platform's", reason="missing")
        parameters = _form(kind, content_type, body, charset) | query
        parameters.pop("sign", None)
        signed = {
            name: unquote_plus(header(headers, name) or "", charset)
            for name in (header(headers, "top-sign-list") or "").replace(" ", "").split(",")
            if name and name not in parameters
        }
        covered = body if kind in _SIGNED_BODIES else b""
        if not self._fits(signed | parameters, covered, charset, sign):
            msg = (
                "the sign is not that of this call: it is forged, of another app_secret, "
                "or something changed the query or the body on the way"
            )
            raise SignatureError(msg)
        # A call that was routed here by its target names the caller's app_key beside it.
        own = self._app_key in {parameters.get("app_key"), parameters.get("target_app_key")}
        if not parameters.get("method") or not own:
            msg = "the call names no method, or not the app_key of this client: its parts were moved, or it is another app's"
            raise SignatureError(msg)
        return SPICall(
            parameters["method"],
            self._checked_time(parameters.get("timestamp", ""), tolerance),
            parameters,
            signed,
            covered,
            _is_xml(covered) or parameters.get("format") == "xml",
            content_type,
            sign,
        )

    def _fits(self, parameters: dict[str, str], covered: bytes, charset: str, sign: str) -> bool:
        try:
            # Compared unnamed: the right sign is worth as much as the secret.
            return hmac.compare_digest(
                self._signer.sign(parameters, covered, charset).encode(), sign.encode(errors="replace")
            )
        except CodecError:
            # Some byte was not of the charset the call names; the platform's always are.
            return False

    def _checked_time(self, text: str, tolerance: float) -> datetime:
        try:
            time = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            raise SignatureError("the call has no readable timestamp", reason="stale") from None
        seconds = self._clock() - time.timestamp()
        if abs(seconds) > tolerance:
            msg = f"the call is {seconds:.0f} seconds old, {tolerance:.0f} are allowed: replayed, or a clock is wrong"
            raise SignatureError(msg, reason="stale")
        return time


def _charset(content_type: str | None) -> str:
    named = _CHARSET.search(content_type or "")
    charset = named.group(1).lower() if named else ""
    return charset if charset in _CHARSETS else "utf-8"


def _is_xml(body: bytes) -> bool:
    return body.removeprefix(_MARK).lstrip()[:1] == b"<"


def _query(text: str, charset: str) -> dict[str, str]:
    # As the platform reads them: a pair with a second '=' is none.
    found = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair and "=" not in value:
            found[unquote_plus(name, charset)] = unquote_plus(value, charset)
    return found


def _form(kind: str, content_type: str | None, body: bytes, charset: str) -> dict[str, str]:
    if kind == _FORM:
        pairs = (pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair)
        return {_unquoted(name, charset): _unquoted(value, charset) for name, _, value in pairs}
    if kind == "multipart/form-data" and content_type is not None:
        return text_parts(content_type, body, charset)
    return {}


def _unquoted(text: bytes, charset: str) -> str:
    return unquote_to_bytes(text).decode(charset, errors="replace")
