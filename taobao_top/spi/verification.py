"""
The signature of an inbound call, over headers, query, form and body.

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
from chainable.i18n import Words, message_of, translate
from chainable.masking import safe_repr, without_frames_of
from chainable.times import BEIJING
from chainable.web import header, read_headers
from taobao_top.response_parsing import read
from taobao_top.response_shapes import REQUEST, fit_members, inbound, unwrapped
from taobao_top.signing import MD5Signer, text_parts

if TYPE_CHECKING:
    from chainable.web import ReceivedHeaders
    from taobao_top.settings import Settings

__all__ = ["SPI", "SPICall"]

TOLERANCE = 600.0
"""Seconds a call's time may differ from the client's clock."""

_FORM = "application/x-www-form-urlencoded"
_SIGNED_BODIES = frozenset({"application/json", "text/xml", "application/xml", "text/plain"})
_CHARSETS = frozenset({"gbk", "gb2312", "gb18030", "iso-8859-1"})
_MARK = b"\xef\xbb\xbf"
_QUERY_ALONE = re.compile(r"(?:[^/?#]*&)?sign=[^?]*\Z")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


@safe_repr
@frozen
class SPICall:
    """
    A call with a valid signature.

    Every part is signed, but the signed text joins names and values without separators: an attacker with a captured
    call can move text between a name and its value, between neighbours in alphabetical order, and between parameters
    and body (``amount=100`` becomes ``amount1=00``), as long as its time is accepted. ``method`` and the client's
    ``app_key`` are required. Read the members that you expect by name, refuse a call that lacks one, and compare
    numbers with your own records.

    Attributes:
        method: The SPI's name.
        time: When the call was made.
        parameters: Text by name, from query and form.
        headers: The signed headers, without those named like a parameter, which is signed in their place.
        body: The raw body if it is signed (JSON, XML, text); empty for forms and files.
        xml: Whether the caller expects XML: by its body, or by ``format``.
        content_type: The type of the body; None without one.
        sign: The signature; a repeated call has the same one.
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
        The decoded body: a JSON object, or the content of an XML root.

        A call of a method in the catalogue has the shape of its parameters in
        JSON and XML alike: an order with one line has a list of one line,
        ``data['orderLines']['orderLine']``, an empty list is a list, and
        numbers are numbers.

        Raises:
            CodecError: The body is missing, or neither JSON nor XML.
        """
        known = inbound(self.method)
        try:
            payload = read(self.body, self.content_type, known)
        except CodecError as error:
            # The message speaks of a response.
            what = str(error).removeprefix("the body of ").removeprefix("the response")
            chinese = translate(message_of(error), "zh").removeprefix("应答正文").removeprefix("应答")
            msg = Words(f"the body of the call{what}", f"调用的正文{chinese}")
            raise CodecError(msg) from None
        if _is_xml(self.body):
            payload = next(iter(payload.values()))
        if not known:
            return payload
        if payload.keys() == {REQUEST}:
            payload = unwrapped(payload, REQUEST)
        return fit_members(payload, known, simplify=False)


class SPI:
    """Verifies the inbound calls of one app, as ``top.spi``."""

    def __init__(self, settings: Settings) -> None:
        if settings.secret is None:
            raise ConfigurationError(
                Words(
                    "app_secret is needed to verify calls: pass it to the client beside the signer",
                    "验证调用需要 app_secret：请与 signer 一起传给客户端",
                )
            )
        self._signer = MD5Signer(settings.secret)
        self._app_key = settings.app_key
        self._clock = settings.clock

    @without_frames_of(SignatureError, CodecError)
    def verify(
        self, headers: ReceivedHeaders, url: str | bytes, body: bytes = b"", *, tolerance: float = TOLERANCE
    ) -> SPICall:
        """
        Verify a call, and return its signed parts.

        The digest is always MD5, whatever ``sign_method`` says.  The texts of
        a multipart body are signed, its files are not.

        Args:
            headers: Any mapping, or pairs of names and values, of str or bytes;
                WSGI's environ, Django's META and an ASGI scope as well.
            url: With its query, percent-encoded as it was sent; scheme and host may be missing, or all but the query.
                Text, or bytes as in ``request.query_string`` of Flask.
            body: The bytes as they were sent.
            tolerance: Seconds the call's time may differ from the client's clock.

        Raises:
            SignatureError: ``reason`` is ``missing``, ``mismatch`` or ``stale``.
            TypeError: The body is not bytes, or the headers have another form.
        """
        if not isinstance(body, bytes):
            msg = Words(
                f"body: the bytes as they were sent are needed, not {type(body).__name__}: text may have changed",
                f"body：应为收到的原始字节，不是 {type(body).__name__}：文本可能已经变化",
            )
            raise TypeError(msg)
        query_text = _query_text(url)
        headers = read_headers(headers)
        content_type = header(headers, "Content-Type")
        kind = (content_type or "").partition(";")[0].strip().lower()
        charset = _charset(content_type)
        query = _query(query_text, charset)
        sign = query.pop("sign", "")
        if not sign:
            msg = Words(
                "the call has no sign in its query: it is not from the platform",
                "调用的查询参数中没有 sign：它不是平台发来的",
            )
            raise SignatureError(msg, reason="missing")
        parameters = _form(kind, content_type, body, charset) | query
        parameters.pop("sign", None)
        signed = {
            name: unquote_plus(header(headers, name) or "", charset)
            for name in (header(headers, "top-sign-list") or "").replace(" ", "").split(",")
            if name and name not in parameters
        }
        covered = body if kind in _SIGNED_BODIES else b""
        if not self._fits(signed | parameters, covered, charset, sign):
            msg = Words(
                "the sign does not belong to this call: it is forged, or of another app_secret, "
                "or something changed the query or the body on the way",
                "sign 与这次调用不符：调用是伪造的，或 app_secret 不对，或查询参数或请求体在途中被改动",
            )
            if body and content_type is None:
                msg = Words(
                    f"{msg}. Its Content-Type header is missing, which says whether the body is signed: pass all headers",
                    f"{msg.zh}。缺少 Content-Type 请求头，无法判断正文是否参与签名：请传全部请求头",
                )
            raise SignatureError(msg)
        # A call that was routed by target_app_key has the app_key of its caller.
        own = self._app_key in {parameters.get("app_key"), parameters.get("target_app_key")}
        if not parameters.get("method") or not own:
            msg = Words(
                "the call has no method, or not the app_key of this client: its parts were moved, or it is for another app",
                "调用没有 method，或 app_key 不是本客户端的：调用的各部分被挪动过，或它是发给另一个应用的",
            )
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
            # The right signature stays out of local variables: it is as good as the secret.
            return hmac.compare_digest(
                self._signer.sign(parameters, covered, charset).encode(), sign.encode(errors="replace")
            )
        except CodecError:
            # A byte is not in the charset of the call, which never happens in the platform's calls.
            return False

    def _checked_time(self, text: str, tolerance: float) -> datetime:
        try:
            time = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            msg = Words("the call has no readable timestamp", "调用的 timestamp 缺失或无法解析")
            raise SignatureError(msg, reason="stale") from None
        seconds = self._clock() - time.timestamp()
        if abs(seconds) > tolerance:
            msg = Words(
                f"the call is {seconds:.0f} seconds old, {tolerance:.0f} are allowed: replayed, or a clock is wrong",
                f"调用发出于 {seconds:.0f} 秒前，最多允许相差 {tolerance:.0f} 秒：调用是重放的，或时钟不准",
            )
            raise SignatureError(msg, reason="stale")
        return time


def _charset(content_type: str | None) -> str:
    named = _CHARSET.search(content_type or "")
    charset = named.group(1).lower() if named else ""
    return charset if charset in _CHARSETS else "utf-8"


def _is_xml(body: bytes) -> bool:
    return body.removeprefix(_MARK).lstrip()[:1] == b"<"


def _query_text(url: Any) -> str:
    """Return the query of a URL, or the text itself if it is one; raise TypeError for a parsed query."""
    if isinstance(url, bytes):
        url = url.decode("latin-1")
    if not isinstance(url, str):
        msg = Words(
            f"url: the URL with its query as it was sent was expected, as text, not {type(url).__name__}: pass "
            f"request.url of Flask, request.get_full_path() of Django, str(request.url) of FastAPI and Starlette",
            f"url：应为收到的带查询参数的地址文本，不是 {type(url).__name__}：请传 Flask 的 request.url、Django 的 request.get_full_path()、FastAPI 与 Starlette 的 str(request.url)",
        )
        raise TypeError(msg)
    text = url.partition("#")[0]
    return text if _QUERY_ALONE.match(text) else text.partition("?")[2]


def _query(text: str, charset: str) -> dict[str, str]:
    # As the platform does: pairs with a second '=' are ignored.
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
