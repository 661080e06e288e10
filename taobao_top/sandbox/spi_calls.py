"""Calls from the platform to its users: SPI and qimen, signed as the platform signs them.

https://open.taobao.com/doc.htm?docId=101617&docType=1
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from attrs import field, frozen

from chainable.pinned import PinnedSession
from taobao_top.sandbox.signature import sign
from taobao_top.sandbox.times import written

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from chainable.destination import Destination
    from taobao_top.sandbox.app import Application

__all__ = ["Outcome", "SpiRequest", "call_spi", "spi_request"]

FORM = "application/x-www-form-urlencoded;charset=utf-8"
JSON = "application/json;charset=utf-8"
XML = "text/xml;charset=utf-8"


@frozen(kw_only=True)
class Outcome:
    """The response of the user's server."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON, None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@frozen(kw_only=True)
class SpiRequest:
    """A call of the platform: the parameters that go into the query of the URL, the headers and the body."""

    url: str
    query: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def target(self) -> str:
        """Path and query, for the test client of a web framework."""
        parts = urlsplit(self.url)
        return parts._replace(
            scheme="", netloc="", query="&".join(filter(None, (parts.query, urlencode(self.query))))
        ).geturl()


def call_spi(
    app: Application,
    url: str,
    *,
    method: str = "taobao.sandbox.spi.call",
    parameters: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: Any = None,
    content_type: str | None = None,
    headers: Mapping[str, str] | None = None,
    forged: bool = False,
    age: float = 0.0,
    verify: str | bool = True,
    timeout: float = 10.0,
    allowed: Callable[[Destination], bool] | None = None,
) -> Outcome:
    """
    Call a server as the platform does; always signed with MD5.

    Faults of ``notify`` and the API's name apply: a ``lost`` call has the status 0, a ``late`` one is sent after so many
    seconds, of a ``doubled`` one the second response is returned.

    Args:
        app: Whose secret signs.
        url: Where the server listens; parameters in its own query are signed like the others.
        method: The API's name.
        parameters: Business parameters in the query.
        form: Parameters in a form body; they are signed like those of the query.
        body: A raw body instead: bytes and text (XML of qimen) as they are, anything else as JSON; signed behind the
            parameters.
        content_type: Of the body; by default what it looks like.
        headers: Header fields that are signed: they are named in ``top-sign-list``, their values url-encoded.
        forged: Change a parameter after signing.
        age: Stamp the call so many seconds in the past (negative: in the future).
        verify: For https: a CA file, or whether to check certificates.
        timeout: Seconds.
        allowed: Decides about the destination before anything is sent; None allows all.

    Raises:
        requests.exceptions.InvalidURL: The URL cannot be called, or is not allowed.
        requests.RequestException: The server cannot be reached, or does not answer.
    """
    sent = spi_request(
        app, url, method=method, parameters=parameters, form=form, body=body, content_type=content_type,
        headers=headers, forged=forged, age=age,
    )  # fmt: skip
    said = body if isinstance(body, Mapping) else {"body": body}
    fault = app.faults.of_notification(method, {**(parameters or {}), **(form or {}), **said})
    kind = fault.kind if fault else ""
    if kind == "lost":
        return Outcome(status=0, headers={}, body=b"")
    if fault is not None and kind == "late":
        time.sleep(fault.seconds)
    with PinnedSession(allowed) as session:

        def post() -> Response:
            return session.post(
                url, params=sent.query, data=sent.body, headers=sent.headers, timeout=timeout, verify=verify
            )

        answer = post()
        if kind == "doubled":
            answer = post()
    app.journal.write(
        kind="outbound",
        at=app.clock(),
        verb="POST",
        path=url,
        method=method,
        parameters={**_own(url), **sent.query, **(form or {})},
        body=_raw(body),
        headers=sent.headers,
        status=answer.status_code,
        answer=answer.content,
    )
    return Outcome(status=answer.status_code, headers=dict(answer.headers), body=answer.content)


def spi_request(
    app: Application,
    url: str,
    *,
    method: str = "taobao.sandbox.spi.call",
    parameters: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: Any = None,
    content_type: str | None = None,
    headers: Mapping[str, str] | None = None,
    forged: bool = False,
    age: float = 0.0,
) -> SpiRequest:
    """Return a call of the platform, signed and not sent; the arguments are those of :func:`call_spi`."""
    raw = _raw(body)
    signed = {**_own(url), **(headers or {}), **(form or {})}
    query = _query(app, {"method": method, **(parameters or {})}, signed, raw, age)
    if forged:
        query["timestamp"] = written(app.clock() - age + 1)
    sent = {name: quote(value) for name, value in (headers or {}).items()}
    if headers:
        sent["top-sign-list"] = ",".join(headers)
    sent["content-type"] = content_type or _type_of(body, raw)
    whole = urlencode(form or {}).encode() if body is None else raw
    return SpiRequest(url=url, query=query, headers=sent, body=whole)


def _own(url: str) -> dict[str, str]:
    """Return the parameters in the query of a URL."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _query(
    app: Application, parameters: Mapping[str, str], signed: Mapping[str, str], raw: bytes, age: float
) -> dict[str, str]:
    """Return the query: public and business parameters, and the signature over them and the other signed fields."""
    query = {
        "app_key": app.account.app_key,
        "timestamp": written(app.clock() - age),
        "sign_method": "md5",
        "format": "json",
        "v": "2.0",
        **parameters,
    }
    query["sign"] = sign("md5", app.account.app_secret, {**signed, **query}, raw)
    return query


def _raw(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def _type_of(body: Any, raw: bytes) -> str:
    if body is None:
        return FORM
    return XML if raw.lstrip().startswith(b"<") else JSON
