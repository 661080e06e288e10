"""
Send requests over sockets of our own: the same promises as through requests, several times faster.

requests, urllib3 and ``http.client`` call thousands of functions for each
request.  Here a request is one block of bytes, and its response is parsed by
httptools.
"""

from __future__ import annotations

import http.client
import ssl
import time
import warnings
from collections import deque
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.exceptions import ChunkedEncodingError, InvalidHeader, InvalidSchema, InvalidURL
from requests.utils import select_proxy
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from chainable import connections, transport
from chainable.connections import Deadline
from chainable.direct_connection import Body, DirectConnection, Head, raw_response
from chainable.environment_proxies import EnvironmentProxies
from chainable.errors import CodecError, ConfigurationError
from chainable.forking import renew_after_fork
from chainable.headers import Headers
from chainable.i18n import Words
from chainable.mock_guard import refuse_mocks
from chainable.response import Response
from chainable.tls_contexts import TLSContexts, verification
from chainable.transport import encoding_of, origin_of, read_content, refuse_copy, refuse_other_urllib3

if TYPE_CHECKING:
    import os

    from requests import PreparedRequest

    from chainable.transport import ClientCertificate

__all__ = ["DirectTransport"]

_MOST_POOLS = 32
_PORTS = {"http": 80, "https": 443}


class _Stage(Enum):
    """How far an attempt got."""

    CONNECTING = "nothing was sent"
    SENDING = "bytes of the request may have been sent"
    READING = "the header is read"
    IN_BODY = "the body is read"


class _Pool:
    """
    The idle connections to one origin under one TLS context, the last one used on top.

    It needs no lock: ``append`` and ``pop`` of a deque are atomic.
    """

    __slots__ = ("_idle", "_is_closed", "_maxsize", "context", "host", "is_unverified", "name", "port")

    def __init__(self, origin: str, context: ssl.SSLContext | None, maxsize: int) -> None:
        parts = urlsplit(origin)
        self.host = parts.hostname or ""
        self.port = parts.port or _PORTS[parts.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        self.name = host if self.port == _PORTS[parts.scheme] else f"{host}:{self.port}"
        self.context = context
        self.is_unverified = context is not None and context.verify_mode is ssl.CERT_NONE
        self._maxsize = maxsize
        self._idle: deque[DirectConnection] = deque()
        self._is_closed = False

    def take(self) -> DirectConnection | None:
        """Return an idle connection that can still be used; close those that cannot."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - connection.idle_since <= connections.IDLE and not connection.has_unread_bytes():
                return connection
            connection.close()

    def keep(self, connection: DirectConnection) -> None:
        """Keep a connection whose response was read to its end; close it if there are enough."""
        if self._is_closed or len(self._idle) >= self._maxsize:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        self._idle.append(connection)
        if self._is_closed:  # by another thread, in the meantime
            self.close()

    def close(self) -> None:
        """Close the idle connections, and those that are kept later."""
        self._is_closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


class _Exchange:
    """
    A request and its response on one connection.

    Attributes:
        stage: How far it got.
    """

    __slots__ = ("_body", "_connection", "stage")

    def __init__(self) -> None:
        self.stage = _Stage.CONNECTING
        self._connection: DirectConnection | None = None
        self._body: Body | None = None

    def drop(self) -> None:
        """Close the connection: an interrupt leaves a request or a response unfinished on it."""
        if self._connection is not None:
            self._connection.close()
        if self._body is not None:
            self._body.close()

    def run(
        self, pool: _Pool, request: PreparedRequest, head: bytes, seconds: float, deadline: Deadline, *, stream: bool
    ) -> Response[Any]:
        """
        Send a request, and read the response unless it is streamed.

        Args:
            pool: The connections to use.
            request: The request.
            head: Its header block.
            seconds: The time to connect.
            deadline: The limits of the attempt.
            stream: Leave the body of a successful response on the connection.
        """
        started = time.monotonic()
        connection = self._connection = pool.take()
        if connection is None:
            connection = self._connection = DirectConnection.open(pool.host, pool.port, pool.context, seconds, deadline)
        connection.deadline = deadline
        self.stage = _Stage.SENDING
        is_sent = connection.send(head, _body_of(request))
        self.stage = _Stage.READING
        method = request.method or ""
        answer = connection.read_head(method)
        response = _response(request, answer)
        response.elapsed = timedelta(seconds=time.monotonic() - started)
        self.stage = _Stage.IN_BODY
        if stream and answer.status < 300:
            self._connection = None  # Before the body may return it to the pool.
            self._body = Body(connection, answer, pool.keep if is_sent else None)
            response.raw = raw_response(method, answer, self._body)
            response.attempt_state = deadline
        elif answer.length is None or "content-encoding" in answer.headers:
            self._connection = None  # Before the body may return it to the pool.
            self._body = Body(connection, answer, pool.keep if is_sent else None)
            response.raw = raw_response(method, answer, self._body)
            response.attempt_state = deadline
            read_content(response)
        else:
            response.set_content(_read_plain(connection, answer.length))
            response.raw = raw_response(method, answer, None)
            self._connection = None
            if is_sent and not answer.is_last and not connection.rest:
                pool.keep(connection)
            else:
                connection.close()
        return response


class DirectTransport:
    """
    Sends prepared requests over sockets of its own, several times faster than through requests.

    Its promises are those of :class:`chainable.RequestsTransport`. Nothing that patches or instruments requests or
    urllib3 takes effect: while a mock or a recorder is active, each call raises. There are no proxies. It is stricter
    about responses: one with two ``Content-Length`` fields, or with ``Content-Length`` and ``Transfer-Encoding``, is an
    error. Needs the extra ``direct``.

    The deadline ends each wait for the socket; only the resolver of the system may take longer.

    Args:
        pool_maxsize: The number of connections kept per host; at least ``max_promises`` of the client, if it has many.
        verify: True, False, or the path of a CA file or folder; None for the
            file that ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names, or
            requests' own bundle.
        trust_env: False ignores these variables, and the proxies of the environment. If it is True, a request for
            which the environment names a proxy raises.
        ignore_mocks: True sends even while a mock or a recorder has replaced parts of requests or urllib3.

    Raises:
        ConfigurationError: ``urllib3_replaced``: another package is installed in the place of urllib3.

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        *,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        trust_env: bool = True,
        ignore_mocks: bool = False,
    ) -> None:
        refuse_other_urllib3()
        self._ignore_mocks = ignore_mocks
        self._maxsize = pool_maxsize
        self._verify = verification(verify, trust_env=trust_env)
        self._env_proxies = EnvironmentProxies() if trust_env else None
        self._contexts = TLSContexts()
        self._pools: dict[tuple[str, bool | str, ClientCertificate | None], _Pool] = {}
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._contexts = TLSContexts()
        self.close()  # In a forked child this closes its copies of the sockets only.

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_copy(self)

    def close(self) -> None:
        """Close the idle connections."""
        pools, self._pools = self._pools, {}
        for pool in list(pools.values()):
            pool.close()

    def send(
        self,
        request: PreparedRequest,
        /,
        *,
        timeout: tuple[float, float],
        expires: float,
        stream: bool = False,
        verify: bool | str | None = None,
        certificate: ClientCertificate | None = None,
        foreign: bool = False,
    ) -> Response[Any]:
        """Send one request once: see :meth:`chainable.Transport.send`."""
        del foreign  # It has no certificate but that of the call.
        url = request.url or ""
        if not self._ignore_mocks:
            refuse_mocks(url)
        origin = origin_of(url)
        exchange = _Exchange()
        try:
            key = (origin, self._verify if verify is None else verify, certificate)
            pool = self._pools.get(key) or self._new_pool(request, key)
            if pool.is_unverified:
                warnings.warn(
                    Words(
                        f"the certificate of {pool.host} is not verified: pass a CA file as verify=",
                        f"没有验证 {pool.host} 的证书：请用 verify= 给出 CA 文件",
                    ),
                    InsecureRequestWarning,
                    stacklevel=2,
                )
            head = _request_head(request, url[len(origin) :], pool.name)
            return exchange.run(pool, request, head, timeout[0], Deadline(timeout[1], expires), stream=stream)
        except BaseException as error:
            exchange.drop()
            converted = _as_requests_error(error, exchange.stage, request)
            if converted is None:
                raise
            converted.maybe_sent = exchange.stage is not _Stage.CONNECTING
            if converted is error:
                raise
            try:
                raise converted from error
            finally:
                del converted  # It refers to this frame.

    def _new_pool(self, request: PreparedRequest, key: tuple[str, bool | str, ClientCertificate | None]) -> _Pool:
        origin, verify, certificate = key
        parts = urlsplit(origin)
        if parts.scheme not in _PORTS:
            msg = Words(
                f"DirectTransport sends to http:// and https:// only, not to {parts.scheme!r}",
                f"DirectTransport 只发送到 http:// 与 https://，不能是 {parts.scheme!r}",
            )
            raise InvalidSchema(msg, request=request)
        try:
            host = parts.hostname if parts.port is None or parts.port else None
        except ValueError:
            host = None
        if not host or not host.isascii():
            raise InvalidURL(
                Words(
                    "the URL needs a host, in ASCII, and a port from 1 to 65535",
                    "地址应有 ASCII 主机名，端口为 1 到 65535",
                ),
                request=request,
            )
        if self._env_proxies is not None and (proxy := select_proxy(origin, self._env_proxies.of(origin))):
            del proxy  # it may hold a password
            message = (
                f"the environment names a proxy for {host}, and DirectTransport uses none: pass "
                "trust_env=False to connect without it, or leave out transport="
            )
            raise ConfigurationError(message, reason="proxy_of_environment", host=host)
        context = self._contexts.get(verify, certificate) if parts.scheme == "https" else None
        for oldest in list(self._pools)[: max(0, len(self._pools) - _MOST_POOLS + 1)]:
            evicted = self._pools.pop(oldest, None)
            if evicted is not None:
                evicted.close()
        return self._pools.setdefault(key, _Pool(origin, context, self._maxsize))


def _request_head(request: PreparedRequest, target: str, host: str) -> bytes:
    """Return the header block of a request; raise an error of requests if it is ambiguous."""
    target = target.partition("#")[0]
    if not target.startswith("/"):
        target = f"/{target}"
    if not target.isascii() or not target.isprintable() or " " in target:
        raise InvalidURL(
            Words("the URL has a character that must be percent-encoded", "地址中有必须百分号编码的字符"),
            request=request,
        )
    headers = request.headers
    lines = [f"{request.method} {target} HTTP/1.1"]
    if "Host" not in headers:
        lines.append(f"Host: {host}")
    if request.body and "Content-Length" not in headers:
        lines.append(f"Content-Length: {len(_body_of(request))}")
    try:
        fields = [": ".join(field) for field in headers.items()]  # type: ignore[arg-type]  # bytes raise TypeError
    except TypeError:  # requests takes bytes as well
        fields = [f"{_text(name)}: {_text(value)}" for name, value in headers.items()]
    lines += [*fields, "\r\n"]
    block = "\r\n".join(lines)
    if not len(lines) == block.count("\r") == block.count("\n"):
        raise InvalidHeader(Words("a header has a line break", "请求头中有换行"), request=request)
    try:
        return block.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidHeader(
            Words("a header has a character that is not in ISO 8859-1", "请求头中有 ISO 8859-1 以外的字符"),
            request=request,
        ) from None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body_of(request: PreparedRequest) -> bytes:
    body = request.body or b""
    if isinstance(body, str):
        return body.encode()
    if not isinstance(body, bytes):
        msg = Words(
            f"DirectTransport sends a body of bytes, not {type(body).__name__}: read it first",
            f"DirectTransport 只发送 bytes 正文，不是 {type(body).__name__}：请先读出",
        )
        raise TypeError(msg)
    return body


def _response(request: PreparedRequest, head: Head) -> Response[Any]:
    response: Response[Any] = Response(Headers.of(head.headers))
    response.status_code = head.status
    response.reason = head.reason
    kind = head.headers.get("content-type")
    response.encoding = encoding_of(None if kind is None else kind[1])
    response.url = request.url or ""
    response.request = request
    return response


def _read_plain(connection: DirectConnection, length: int) -> bytes:
    """Return a body of this length; what follows it stays in the rest of the connection."""
    if length > transport.LARGEST:
        raise transport.too_large()
    content = connection.rest
    if len(content) < length:
        pieces = [content]
        size = len(content)
        while size < length:
            piece = connection.receive()
            if not piece:
                raise _Truncated(f"the response ends after {size} of {length} bytes")
            pieces.append(piece)
            size += len(piece)
        content = b"".join(pieces)
    connection.rest = content[length:]
    return content[:length]


class _Truncated(http.client.HTTPException):
    """The connection ended inside a body."""


def _as_requests_error(error: BaseException, stage: _Stage, request: PreparedRequest) -> Any:
    """Return the error that requests raises in the same place; None for an error that is not about the network."""
    if isinstance(error, requests.RequestException | CodecError):
        return error
    kind: type[requests.RequestException]
    if stage is _Stage.CONNECTING and isinstance(error, UnicodeError):  # of a host name
        kind = InvalidURL
    elif not isinstance(error, OSError | http.client.HTTPException | HTTPError):
        return None
    elif stage is _Stage.IN_BODY and isinstance(error, http.client.HTTPException | HTTPError):
        kind = ChunkedEncodingError
    elif isinstance(error, TimeoutError) and stage is not _Stage.SENDING:
        kind = requests.ConnectTimeout if stage is _Stage.CONNECTING else requests.ReadTimeout
    elif isinstance(error, ssl.SSLError) and stage is not _Stage.IN_BODY:
        kind = requests.exceptions.SSLError
    else:
        kind = requests.ConnectionError
    return kind(error, request=request)
