"""
Recordings of vcrpy and pytest-recording without secrets and personal data, replayed with verified signatures.

A recorded response was signed once, with a key that tests must not need and at a time that is over.  The filters
here remove what must not be in a repository, and sign each response again, with the throw-away keys of a sandbox, as
soon as it is read: its client verifies a replay like any other response.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from chainable.redaction import PERSONAL_NAMES, SECRET_NAMES, redact_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["MASK", "Recorded", "Recorder", "vcr_config"]

MASK = "REDACTED"
"""Replaces a secret or personal data in a recording; valid in a URL, a form, JSON and XML."""

Headers = dict[str, list[str]]
"""Headers of a recorded response: vcrpy has a list for each."""

_SECRET = rf"{SECRET_NAMES}|auth_code|cipher|app_?secret|private_?key|encrypt(?:ed)?_?(?:key|credential)"
_SIGNED = re.compile(r"(?i)(?:pay_?)?sign(?:ature)?")
_ONE_TIME = re.compile(
    r"(?i)(?:pay_?)?sign(?:ature)?|time_?stamp|nonce(?:_str)?|app_?key|code|file_?name|sha256|media_hash|file_digest"
)
"""Names in a request whose values differ in each request or account, or tell of a file."""
_HIDDEN_HEADERS = frozenset({"cookie", "set-cookie", "proxy-authorization", "x-forwarded-for"})
_IN_AUTHORIZATION = re.compile(r'(nonce_str|timestamp|serial_no|signature)="[^"]*"')
_CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]{342}==")
_USER = re.compile(r"(?<![\w-])o[A-Za-z0-9_-]{27}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.-])1[3-9]\d{9}(?![\w.-])")
_CITIZEN = re.compile(r"(?<![\w.-])\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w.-])")
_DIGEST = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})(?![0-9A-Za-z])")
_ELEMENT = re.compile(r"(?s)<([\w.:-]+)((?:\s[^<>]*)?)>(?:<!\[CDATA\[(.*?)\]\]>|([^<>]*))</\1>")
_PARAMETER = re.compile(r"(?m)((?:^|[?&\s])([\w.%-]+)=)([^&\s]*)")
_SIGNATURES = (32, 64)
"""Lengths of MD5 and HMAC-SHA256 in hexadecimal digits."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_REMEMBERED = 64


class Recorded(Protocol):
    """
    What a sandbox knows of the recordings of its platform.

    Attributes:
        origin: The platform's first origin, ``https://…`` without a slash at its end. It stands in recordings for
            all others.
        hosts: All hosts of the platform.
        own: The origins of the sandbox.
        names: A pattern of further names of personal data; empty for none.
    """

    origin: str
    hosts: frozenset[str]
    own: tuple[str, ...]
    names: str

    def is_call(self, url: str, headers: Mapping[str, Any], body: bytes) -> bool:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Return whether a request is signed for this platform, as those to a forwarder or another sandbox are."""

    def numbers(self, headers: Mapping[str, Any], body: bytes) -> dict[str, str]:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Return the account's numbers in a request, and those of the sandbox in their places."""

    def sign(self, headers: Headers, body: bytes) -> bytes:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Sign a response in place, as of now, if it has a signature of this platform; return its body."""

    def digests(self, content: bytes) -> tuple[str, ...]:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Return the digests by which responses name a file, in hexadecimal digits."""

    def encrypt(self, text: str) -> str:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """Encrypt a text for the merchant of the sandbox; the text itself if responses encrypt no fields."""


class _Sandbox(Protocol):
    @property
    def recorded(self) -> Recorded:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """The rules of this gateway for recordings."""


def vcr_config(*sandboxes: _Sandbox, also: Iterable[str] = (), keep: Iterable[str] = ()) -> dict[str, Any]:
    """
    Return the settings of vcrpy, and of the fixture ``vcr_config`` of pytest-recording::

        @pytest.fixture(scope='session')
        def vcr_config(sandbox):
            return chainable.recording.vcr_config(sandbox)

    A recording holds no signature, key, session or token, no ciphertext, no number, name, address or id of a person, no
    uploaded file, and no binary content.  It is replayed with ``sandbox.client()``, which verifies the signatures.

    Args:
        sandboxes: The sandboxes whose clients replay; both gateways may be in one recording. They need not be those that
            were recorded.
        also: Further names of members, elements and parameters to hide, whole and in any letter case.
        keep: Names that are not hidden, though they look confidential.

    Returns:
        Settings that may be extended or changed. By ``match_on`` a recorded response answers a request with the same
        content only; without ``body`` in it, any content.

    .. versionadded:: 0.1.0
    """
    recorder = Recorder([sandbox.recorded for sandbox in sandboxes], also=also, keep=keep)
    return {
        "before_record_request": recorder.request,
        "before_record_response": recorder.response,
        "decode_compressed_response": True,
        "match_on": ("method", "scheme", "host", "port", "path", "query", "body"),
    }


class Recorder:
    """
    The filters of one configuration: see :func:`vcr_config`.

    Both may be applied any number of times to the same recording; vcrpy applies them as it records and as it loads.
    """

    def __init__(self, platforms: Sequence[Recorded], *, also: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        self._platforms = platforms
        personal = "|".join(filter(None, (PERSONAL_NAMES, *(platform.names for platform in platforms))))
        self._personal = re.compile(f"(?i){personal}|^tel$")
        self._secret = re.compile(f"(?i){_SECRET}")
        self._also = frozenset(name.casefold() for name in also)
        self._keep = frozenset(name.casefold() for name in keep)
        self._numbers: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        self._named: dict[str, dict[str, Any]] = {}

    def __deepcopy__(self, memo: object) -> Recorder:
        return self  # pytest-recording copies its settings; the sandboxes stay these

    def request(self, request: Any) -> Any:
        """Hide what is confidential in a request of vcrpy, and return it."""
        body = request.body
        if body is not None and not isinstance(body, bytes | str):  # a file or an iterator
            whole = body.read() if hasattr(body, "read") else b"".join(body)
            request = type(request)(request.method, request.uri, whole, request.headers)
            body = whole
        content: bytes = body.encode() if isinstance(body, str) else body or b""
        for platform in self._platforms:
            self._numbers.update(platform.numbers(request.headers, content))
            if platform.is_call(request.uri, request.headers, content):
                self._origins[_origin(request.uri)] = platform.origin
        request.uri = self._url(request.uri)
        for name, value in list(request.headers.items()):
            if name.lower() == "authorization":
                request.headers[name] = self._authorization(value)
            elif name.lower() in _HIDDEN_HEADERS or name.lower().endswith("-serial"):
                request.headers[name] = MASK  # the id of a public key contains the number of the merchant
        media_type = str(request.headers.get("Content-Type") or "")
        if content:
            request.body = self._request_body(content, media_type)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """Hide what is confidential in a response of vcrpy, sign it again, and return it."""
        headers: Headers = response["headers"]
        for name in headers:
            if name.lower() in _HIDDEN_HEADERS or name.lower().endswith("-signature"):
                headers[name] = [MASK]
            elif name.lower() == "location":
                headers[name] = [self._url(value) for value in headers[name]]
        before: bytes = response["body"]["string"] or b""
        after = self._response_body(before)
        if after != before:
            for name in [name for name in headers if name.lower() in {"digest", "content-md5", "etag"}]:
                del headers[name]
        self._set(response, after)
        self._rename(before, after)
        for found in _DIGEST.finditer(after):
            if len(self._named) >= _REMEMBERED:
                self._named.pop(next(iter(self._named)))
            self._named[found[0].decode().lower()] = response
        return response

    def _set(self, response: dict[str, Any], body: bytes) -> None:
        headers: Headers = response["headers"]
        for platform in self._platforms:
            body = platform.sign(headers, body)
        response["body"]["string"] = body
        for name in headers:
            if name.lower() == "content-length":
                headers[name] = [str(len(body))]

    def _rename(self, before: bytes, after: bytes) -> None:
        """Correct the digest of a file in the response that named it."""
        if before == after:
            return
        for old, new in zip(self._digests(before), self._digests(after), strict=True):
            named = self._named.pop(old, None)
            if named is not None:
                body = re.sub(old.encode(), new.encode(), named["body"]["string"], flags=re.IGNORECASE)
                self._set(named, body)
                self._named[new] = named

    def _digests(self, body: bytes) -> list[str]:
        """Return the digests by which a response may name a file, packed and unpacked."""
        unpacked = _unpacked(body)
        contents = (body, body if unpacked is None else unpacked)
        return [digest for platform in self._platforms for content in contents for digest in platform.digests(content)]

    # content

    def _request_body(self, body: bytes, media_type: str) -> bytes:
        if media_type.lower().startswith("multipart/") and body.startswith(b"--"):
            return self._multipart(body)
        text = _decoded(body)
        if text is None:
            return MASK.encode()
        form = media_type.lower().startswith(("multipart/", "application/x-www-form-urlencoded"))
        return self._text(text, form=form, sent=True).encode()

    def _response_body(self, body: bytes) -> bytes:
        if not body:
            return body
        text = _decoded(body)
        if text is not None:
            return self._text(text, form=False, sent=False).encode()
        unpacked = _unpacked(body)
        text = None if unpacked is None else _decoded(unpacked)
        if text is None:
            return MASK.encode()
        hidden = self._text(text, form=False, sent=False).encode()
        return body if hidden == unpacked else gzip.compress(hidden, mtime=0)

    def _text(self, text: str, *, form: bool, sent: bool) -> str:
        start = text.lstrip("\ufeff \t\r\n")[:1]
        if start in {"{", "["}:
            try:
                return _json(self._value("", json.loads(text), sent=sent))
            except ValueError:
                pass
        if start == "<":
            return _ELEMENT.sub(lambda found: self._element(found, sent=sent), text)
        if form:
            pairs = parse_qsl(text, keep_blank_values=True)
            return urlencode([(name, self._leaf(name, value, sent=sent)) for name, value in pairs])
        return self._plain(_PARAMETER.sub(lambda found: self._parameter(found, sent=sent), text))

    def _element(self, found: re.Match[str], *, sent: bool) -> str:
        name, attributes, quoted, plain = found.groups()
        if quoted is not None:
            value = self._leaf(name, quoted, sent=sent).replace("]]>", "]]]]><![CDATA[>")
            return f"<{name}{attributes}><![CDATA[{value}]]></{name}>"
        return f"<{name}{attributes}>{escape(self._leaf(name, unescape(plain), sent=sent), quote=False)}</{name}>"

    def _parameter(self, found: re.Match[str], *, sent: bool) -> str:
        start, name, value = found.groups()
        plain = unquote(value)
        hidden = self._leaf(unquote(name), plain, sent=sent)
        return f"{start}{value if hidden == plain else quote(hidden, safe='')}"

    def _multipart(self, body: bytes) -> bytes:
        """Return the fields of an upload as a form, without the files and the boundary, which differs each time."""
        boundary = body[: body.find(b"\r\n")]
        fields = []
        for part in body.split(boundary)[1:-1] if boundary else ():
            head, _, content = part.partition(b"\r\n\r\n")
            name = re.search(rb'[; ]name="([^"]*)"', head)
            text = _decoded(content.removesuffix(b"\r\n"))
            value = MASK if text is None or b"filename=" in head else text
            if name is not None:
                field = name[1].decode(errors="replace")
                fields.append((field, self._leaf(field, value, sent=True)))
        return urlencode(fields).encode()

    def _value(self, name: str, value: Any, *, sent: bool, hidden: bool = False) -> Any:
        """Hide what is confidential in a decoded JSON value under a name; *hidden* is all of it."""
        hidden = (hidden or self._is_personal(name)) and name.casefold() not in self._keep
        if isinstance(value, dict):
            return {key: self._value(key, item, sent=sent, hidden=hidden) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(name, item, sent=sent, hidden=hidden) for item in value]
        if isinstance(value, str):
            return self._leaf(name, value, sent=sent, hidden=hidden)
        return 0 if hidden and isinstance(value, int | float) and not isinstance(value, bool) else value

    def _leaf(self, name: str, value: str, *, sent: bool, hidden: bool = False) -> str:
        """Hide what is confidential in a text under a name; *hidden* is all of it."""
        if not value or name.casefold() in self._keep:
            return value
        if value[:1] in {"{", "["}:
            try:
                return _json(self._value(name, json.loads(value), sent=sent, hidden=hidden))
            except ValueError:
                pass
        if _CIPHERTEXT.fullmatch(value):
            return MASK if sent else self._ciphertext()
        if value in self._numbers:
            return self._numbers[value]
        if _SIGNED.fullmatch(name) and not sent and len(value) in _SIGNATURES:
            return "0" * len(value)  # the platform signs again by the same algorithm
        if hidden or self._is_hidden(name) or (sent and _ONE_TIME.fullmatch(name)):
            return MASK
        return self._plain(value)

    def _ciphertext(self) -> str:
        return next((text for platform in self._platforms if (text := platform.encrypt(MASK)) != MASK), MASK)

    def _plain(self, text: str) -> str:
        """Hide numbers of people, and what URLs carry, in a text."""
        if "://" in text:
            for own, origin in self._known_origins().items():
                text = re.sub(rf"{re.escape(own)}(?![\w.:-])", origin, text)
            text = redact_named(text, MASK, _SECRET)
        text = _USER.sub(MASK, text)
        text = _PHONE.sub(MASK, text)
        return _CITIZEN.sub(lambda found: MASK if _is_citizen(found[0]) else found[0], text)

    def _is_personal(self, name: str) -> bool:
        return name.casefold() in self._also or bool(self._personal.search(name))

    def _is_hidden(self, name: str) -> bool:
        return self._is_personal(name) or bool(self._secret.search(name) or _SIGNED.fullmatch(name))

    # where to

    def _url(self, url: str) -> str:
        parts = urlsplit(url)
        known = self._known_origins().get(_origin(url))
        hosts = [platform.origin for platform in self._platforms if parts.hostname in platform.hosts]
        for origin in (known, *hosts):
            if origin is not None:
                first = urlsplit(origin)
                parts = parts._replace(scheme=first.scheme, netloc=first.netloc)
                break
        path = "/".join(self._segment(segment) for segment in parts.path.split("/"))
        query = "&".join(self._pair(pair) for pair in parts.query.split("&"))
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))

    def _known_origins(self) -> dict[str, str]:
        own = {own: platform.origin for platform in self._platforms for own in platform.own}
        return {**own, **self._origins}

    def _segment(self, segment: str) -> str:
        plain = unquote(segment)
        hidden = self._numbers.get(plain) or self._plain(plain)
        return segment if hidden == plain else quote(hidden, safe="")

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        plain = unquote(value.replace("+", " "))
        hidden = self._leaf(unquote(name), plain, sent=True)
        return pair if hidden == plain else f"{name}{equals}{quote(hidden, safe='')}"

    def _authorization(self, value: str) -> str:
        scheme, _, rest = value.partition(" ")
        if "=" not in rest:
            return f"{scheme} {MASK}"
        rest = _IN_AUTHORIZATION.sub(rf'\1="{MASK}"', rest)
        return f"{scheme} " + re.sub(r'="([^"]*)"', lambda found: f'="{self._numbers.get(found[1], found[1])}"', rest)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(body: bytes) -> str | None:
    """Return the text of a body; None if it is not text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _unpacked(body: bytes) -> bytes | None:
    """Return the content of a gzip file; None if it is not one."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return None


def _is_citizen(number: str) -> bool:
    """Return whether the check digit of a citizen's number is right, so that order numbers are left alone."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper()
