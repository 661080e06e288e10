"""
Send requests through requests' adapters, with pools and TLS contexts of the client.

requests reads the CA file for every connection and looks up the proxies for
every call; here both are done once.  Connections are reused, closed before the
platform closes them, and never shared across a fork.  Every wait has a limit.
"""

from __future__ import annotations

import ssl
import time
import zlib
from functools import lru_cache, partial
from itertools import chain
from types import MethodType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse
from urllib3.exceptions import ConnectTimeoutError, DecodeError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as TLSError

from chainable.connections import POOLS, AttemptState, Deadline, Stage
from chainable.decoding import codings, decoded, is_truncated
from chainable.environment_proxies import EnvironmentProxies
from chainable.errors import CodecError, ConfigurationError
from chainable.forking import renew_after_fork
from chainable.headers import Headers
from chainable.i18n import Words
from chainable.mock_guard import Session, refuse_unused_mock
from chainable.response import Response
from chainable.tls_contexts import ClientCertificate, FileCertificate, TLSContexts, verification
from chainable.validation import check_callable, check_proxies

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from requests import PreparedRequest

__all__ = [
    "ClientCertificate",
    "FileCertificate",
    "RequestsTransport",
    "Transport",
    "causes",
    "encoding_of",
    "extend_deadline",
    "origin_of",
    "read_content",
    "refuse_copy",
    "refuse_other_urllib3",
    "too_large",
]

LARGEST = 64 * 1024 * 1024  # bytes of a body that is not streamed
_PIECE = 64 * 1024  # Before each, the deadline is checked: a megabyte of empty gzip members takes seconds to unpack.
_MOST_POOLS = 64


class Transport(Protocol):
    """
    Sends prepared requests, without retries.

    .. versionadded:: 0.1.0
    """

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
    ) -> Response[Any]:  # pyright: ignore[reportReturnType]  # a Protocol has no body
        """
        Send one request once, and read the response unless it is streamed.

        Args:
            request: The complete, signed request.
            timeout: Seconds to connect, and to wait for each piece that is sent or received.
            expires: The deadline of the request, on the monotonic clock.
            stream: Leave the body of a successful response on the connection.
            verify: TLS verification; None for the client's.
            certificate: The client certificate for TLS.
            foreign: The host does not belong to the platform: no other certificate is used either.

        Raises:
            requests.RequestException: The network failed. Its attribute ``maybe_sent`` is False only if certainly
                nothing of the request was sent; a missing attribute counts as True.
            CodecError: The body is larger than 64 MiB.
            ConfigurationError: A certificate or an adapter cannot be used. Nothing was sent.
        """

    def close(self) -> None:
        """Close the idle connections."""


class _Adapter(HTTPAdapter):
    """requests' adapter with one TLS context for each pair of verification and client certificate."""

    def __init__(self, maxsize: int) -> None:
        self.contexts = TLSContexts()
        self._pools: dict[tuple[str, bool | str, ClientCertificate | None], Any] = {}
        super().__init__(pool_connections=32, pool_maxsize=maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the cached pool of an origin; the look-up of requests takes longer than signing."""
        if proxies:
            through: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            if through.proxy is not None and through.proxy.scheme == "https":  # which the same CA file verifies
                own = through.proxy_config._replace(ssl_context=self.contexts.get(verify, None))
                through.conn_kw["proxy_config"] = own
            return through
        key = (origin_of(request.url or ""), verify, cert)
        pool = self._pools.get(key)
        if pool is None:
            if len(self._pools) >= _MOST_POOLS:
                self._pools.clear()
            pool = self._pools[key] = super().get_connection_with_tls_context(request, verify, cert=cert)
        return pool

    def close(self) -> None:
        """Close all connections."""
        self._pools.clear()
        super().close()

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """Return the target of the request line."""
        url = request.url or ""
        if proxies or "#" in url:
            target: str = super().request_url(request, proxies)
            return target
        target = url[len(origin_of(url)) :]
        return target if target.startswith("/") else f"/{target}"

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        url = urlsplit(request.url or "")
        host = {"scheme": url.scheme, "host": url.hostname, "port": url.port}
        if url.scheme != "https":
            return host, {}
        pool: dict[str, Any] = {"ssl_context": self.contexts.get(verify, cert)}
        if verify is False:
            pool |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the TLS context has the certificates, and urllib3 would read the files again."""

    def build_response(self, req: PreparedRequest, resp: Any) -> Response[Any]:
        response: Response[Any] = Response(Headers(dict(resp.headers.itermerged())))
        response.status_code = resp.status
        response.encoding = encoding_of(response.headers.get("Content-Type"))
        response.raw = resp
        response.reason = resp.reason
        response.url = req.url or ""
        response.request = req
        response.connection = self
        return response


def refuse_other_urllib3() -> None:
    """
    Raise if urllib3-future is installed in the place of urllib3, as niquests does it.

    requests does not work on it: a call fails after it was sent, so that its outcome is unknown.

    Raises:
        ConfigurationError: ``urllib3_replaced``.
    """
    if hasattr(urllib3, "AsyncPoolManager"):
        version = str(vars(urllib3)["__version__"])
        msg = (
            f"urllib3 {version} is urllib3-future, which niquests puts in the place of urllib3: calls of requests would "
            "fail after they were sent; uninstall urllib3-future and urllib3, install niquests with URLLIB3_NO_OVERRIDE=1 "
            "and --no-binary urllib3-future, then urllib3"
        )
        raise ConfigurationError(msg, reason="urllib3_replaced", version=version)


def refuse_copy(transport: object) -> NoReturn:
    """Raise TypeError: a copy would share sockets, or put the password of a proxy into a pickle."""
    name = type(transport).__name__
    raise TypeError(
        Words(
            f"a {name} holds connections: it cannot be pickled or copied; make one in each process",
            f"{name} 持有连接，不能 pickle 或复制：请在每个进程中新建",
        )
    )


def origin_of(url: str) -> str:
    """Return scheme and authority of a URL, unchanged."""
    start = url.find("://") + 3
    slash, query = url.find("/", start), url.find("?", start)
    if slash < 0 or 0 <= query < slash:
        slash = query
    return url if slash < 0 else url[:slash]


class _NoCookies(RequestsCookieJar):
    """A jar that keeps nothing: no cookie of one call goes out with another."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep nothing."""


class _Session(Session):
    """
    The client's own session.

    Its ``send`` is that of requests, so that whatever patches or instruments requests works around a client as well.
    """

    def __init__(self, adapter: _Adapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies = _NoCookies()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:  # type: ignore[override]  # any arguments
        """Follow none: the signature is for one URL."""
        return iter(())


class RequestsTransport:
    """
    Sends prepared requests through a :class:`requests.Session`, and reuses connections.

    Whatever patches or instruments requests or urllib3 (responses, requests-mock, vcrpy, OpenTelemetry, Sentry)
    takes effect.

    Args:
        pool_maxsize: The number of connections kept per host.
        verify: True, False, or the path of a CA file or folder; None for the
            file that ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names, or
            requests' own bundle.
        proxies: A mapping as requests takes it; None for the proxies of the
            environment, which is read once.
        http_session: A session whose adapters, proxies, cert and verify are used.

    Raises:
        ConfigurationError: ``urllib3_replaced``: another package is installed in the place of urllib3.
    """

    def __init__(
        self,
        *,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
    ) -> None:
        refuse_other_urllib3()
        proxies = check_proxies(proxies)
        check_callable("http_session", http_session, "get_adapter")
        self._lent = http_session
        if verify is None and http_session is not None and http_session.verify is not True:
            verify = http_session.verify
        self._verify = verification(verify)
        if proxies is None and http_session is not None and http_session.proxies:
            proxies = http_session.proxies
        self._env_proxies = EnvironmentProxies() if proxies is None else None
        self._proxies = {} if proxies is None else dict(proxies)
        self._maxsize = pool_maxsize
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._adapter = _Adapter(self._maxsize)
        self._session = _Session(self._adapter)

    def close(self) -> None:
        """Close the idle connections, except those of ``http_session``."""
        self._adapter.close()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_copy(self)

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return the proxies for a URL."""
        return self._proxies if self._env_proxies is None else self._env_proxies.of(url)

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
        """Send one request once: see :meth:`Transport.send`."""
        verify = self._verify if verify is None else verify
        session, adapter, cert = self._route(request, certificate, foreign=foreign)
        is_ours = session is self._session
        if is_ours:
            refuse_unused_mock(request.url or "")
            if (request.url or "").startswith("https:"):
                # Before the adapter is called, which would report a wrong file as an invalid URL.
                self._adapter.contexts.get(verify, cert)
        state = AttemptState(*timeout, expires)
        try:
            raw = _sender(session)(
                request,
                stream=True,
                timeout=state if is_ours else timeout,
                verify=verify,
                cert=cert,
                proxies=self.proxies_for(request.url or ""),
                allow_redirects=is_ours,  # of which ours follows none, and does not look for one
            )
            response = _response(raw)
            response.attempt_state = state if state.stage is not Stage.UNTOUCHED else None
            if not stream or response.status_code >= 300:
                read_content(response)
        except requests.RequestException as error:
            _mark(error, adapter, state)
            raise
        except HTTPError as error:  # requests does not convert all errors of urllib3
            wrapped = requests.ConnectionError(error, request=request)
            _mark(wrapped, adapter, state)
            raise wrapped from None
        return response

    def _route(
        self, request: PreparedRequest, certificate: ClientCertificate | None, *, foreign: bool
    ) -> tuple[requests.Session, Any, Any]:
        """Return the session for a request, its adapter, and the client certificate as that adapter takes it."""
        lent = self._lent
        if lent is None:
            return self._session, self._adapter, certificate
        adapter: Any = lent.get_adapter(request.url or "")
        _refuse_retries(adapter)
        of_session = None if foreign else lent.cert
        if not vars(lent).keys().isdisjoint(("send", "get_adapter")):  # a test put its own in their place
            return lent, adapter, of_session
        if type(adapter) is not HTTPAdapter:  # a plain adapter does nothing that ours does not
            needed = certificate if (request.url or "").startswith("https:") else None
            return lent, adapter, _as_files(adapter, needed, of_session)
        return self._session, self._adapter, certificate or FileCertificate.of(of_session)


def _sender(session: requests.Session) -> Callable[..., requests.Response]:
    """
    Return what sends through a session: requests' own code, or what a test put in its place.

    A subclass may add redirects or retries of its own to ``send``; only the adapters are lent.
    """
    patched: Callable[..., requests.Response] | None = vars(session).get("send")
    send = requests.Session.send
    if str(send.__module__).startswith("requests_cache"):  # it would answer a query with what was true before
        send = Session.send
    return patched or MethodType(send, session)


def _as_files(adapter: Any, certificate: ClientCertificate | None, lent: Any) -> Any:
    """Return the client certificate as an adapter of the user takes it, which is the names of files."""
    if certificate is None or lent is not None:
        return lent
    if isinstance(certificate, FileCertificate):
        return certificate.certificate if certificate.key is None else (certificate.certificate, certificate.key)
    if not isinstance(adapter, HTTPAdapter):
        return certificate  # it opens no connection as requests does: a mock
    msg = (
        f"http_session: its {type(adapter).__name__} takes client certificates from files, and this call needs one; "
        "set session.cert = ('apiclient_cert.pem', 'apiclient_key.pem'). Nothing was sent"
    )
    raise ConfigurationError(msg, reason="session_certificate", setting="http_session", adapter=type(adapter).__name__)


def _refuse_retries(adapter: Any) -> None:
    """Raise if an adapter retries requests by itself."""
    retries = getattr(adapter, "max_retries", None)
    total = getattr(retries, "total", 0)
    counts = [getattr(retries, kind, 0) for kind in ("connect", "read", "redirect", "status", "other")]
    repeats = any(count is None or count for count in counts) if total is None else bool(total)
    if repeats:
        msg = (
            f"http_session: its {type(adapter).__name__} has max_retries, which could send a payment twice under one "
            "signature; mount it with max_retries=0, and pass retries= to the client (it knows which calls may "
            "be repeated). Nothing was sent"
        )
        raise ConfigurationError(msg, reason="session_retries", setting="http_session", adapter=type(adapter).__name__)


def _response(raw: requests.Response) -> Response[Any]:
    if isinstance(raw, Response):
        return raw
    if not (isinstance(raw, requests.Response) and "_content" in vars(raw)):
        msg = (
            f"what sends for requests returned {type(raw).__name__}, and a requests.Response was expected: in a test, use "
            "responses or requests-mock, or make a requests.Response() and set its status_code, headers and _content"
        )
        error = ConfigurationError(msg, reason="not_a_response", type=type(raw).__name__)
        error.maybe_sent = True  # by an adapter of the user
        raise error
    response: Response[Any] = Response()
    response.__dict__.update({name: value for name, value in raw.__dict__.items() if name != "cookies"})
    content = vars(raw)["_content"]
    if content is not False:  # read by a hook, or written by a test, which gives no raw
        response.set_content(content or b"")
    return response


def too_large() -> CodecError:
    """Return the error of a response with more than ``LARGEST`` bytes."""
    msg = Words(
        f"the response is larger than {LARGEST >> 20} MiB: stream it to a file with download()",
        f"应答超过 {LARGEST >> 20} MiB：请用 download() 保存到文件",
    )
    error = CodecError(msg)
    error.maybe_sent = True
    return error


@lru_cache(64)
def encoding_of(content_type: str | None) -> str | None:
    """Return the encoding of a text by its ``Content-Type``, as requests reads it."""
    return get_encoding_from_headers({} if content_type is None else {"content-type": content_type})  # type: ignore[arg-type]  # any mapping


def read_content(response: Response[Any]) -> None:
    """
    Read and decode the body of a response, 64 MiB at most.

    Raises:
        requests.RequestException: The connection broke, the deadline has passed, or the body does not decompress.
        CodecError: The body is larger, or compressed in several ways of which one was not requested.
    """
    if response.__dict__.get("_content_consumed"):  # by a hook, or by the adapter of a test
        return
    try:
        content = b"".join(_pieces(response))
    except CodecError as error:
        response.close()
        error.maybe_sent = True
        raise
    except (ReadTimeoutError, TimeoutError) as error:
        raise requests.ReadTimeout(error, request=response.request) from None
    except (DecodeError, zlib.error) as error:  # urllib3 passes on what zlib 1.3.2 raises at the end of a body
        raise ContentDecodingError(error, request=response.request) from None
    except (TLSError, OSError) as error:
        raise requests.ConnectionError(error, request=response.request) from None
    except HTTPError as error:
        raise ChunkedEncodingError(error, request=response.request) from None
    if is_truncated(response.raw):
        raise ContentDecodingError(
            Words("the body's compression ends too early", "正文的压缩数据不完整"), request=response.request
        )
    response.set_content(content)


def _pieces(response: Response[Any]) -> Iterator[bytes]:
    """Return the decoded body of a response, piece by piece, within its limits."""
    raw = response.raw
    if not isinstance(raw, HTTPResponse):
        # Adapters of users answer with any file: requests knows how to read it, and does it slower.
        return _bounded(response.iter_content(_PIECE))
    names = _codings(raw.headers.get("content-encoding", ""))
    if names is None:
        return _bounded(iter(partial(raw.read, _PIECE, decode_content=True), b""))
    if not names:
        return _plain(raw)
    packed = iter(partial(raw.read, _PIECE, decode_content=False), b"")
    first = next(packed, b"")
    if not first:  # An empty body may name a coding.
        return packed
    layer: Iterator[bytes] = chain((first,), packed)
    for name in names:
        layer = _bounded(decoded(layer, name), response.attempt_state)
    return layer


@lru_cache(64)
def _codings(header: str) -> tuple[str, ...] | None:
    """
    Return the codings to decode here; None for one coding that is left to urllib3, which may know it.

    urllib3 2.8 repeats bytes of a body, some of them without end, if a member of gzip ends exactly where a read does.
    """
    try:
        return codings(header)
    except CodecError:
        if "," in header:
            raise
        return None


def _plain(raw: HTTPResponse) -> Iterator[bytes]:
    """Yield a body that is not compressed; raise CodecError if it is too large."""
    length = raw.length_remaining
    size = 0
    while piece := raw.read(_PIECE):
        size += len(piece)
        if size > LARGEST:
            raise too_large()
        yield piece
        if size == length:
            break  # urllib3 would prepare another read, to find the end


def _bounded(layer: Iterator[bytes], deadline: Deadline | None = None) -> Iterator[bytes]:
    """Yield a layer of a body; raise CodecError if it is too large, TimeoutError after the deadline."""
    size = 0
    for piece in layer:
        size += len(piece)
        if size > LARGEST:
            raise too_large()
        if deadline is not None:
            deadline.patience()  # Much may unpack to nothing.
        yield piece


_BEFORE_SENDING = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,  # of a proxy in the environment
    ConnectTimeoutError,
    NewConnectionError,
    ssl.SSLCertVerificationError,
)


def _mark(error: requests.RequestException, adapter: Any, state: AttemptState) -> None:
    """Set ``maybe_sent`` of a network error."""
    if state.stage is Stage.UNTOUCHED:
        # An adapter of the user, or one that a test replaced. If it overrides send(), it may have sent the request.
        # urllib3 raises ProxyError for every failure behind a proxy, so this class does not show the stage.
        plain = getattr(type(adapter), "send", None) is HTTPAdapter.send and "send" not in vars(adapter)
        unsent = plain and any(isinstance(cause, _BEFORE_SENDING) for cause in causes(error))
    else:
        unsent = state.stage is Stage.CONNECTING
    error.maybe_sent = not unsent  # type: ignore[attr-defined]  # an attribute of ours


def causes(error: BaseException) -> Iterator[BaseException]:
    """Iterate over an error of requests and its causes, down to the error of the socket."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def extend_deadline(response: Any, seconds: float) -> None:
    """
    Set a new deadline for reading a streamed body.

    Args:
        response: A response whose body is still on the connection, or an object with its ``attempt_state``. A
            response of an adapter of ``http_session`` has none; requests' timeout applies to each of its pieces.
        seconds: The deadline, in seconds from now.
    """
    state: Deadline | None = getattr(response, "attempt_state", None)
    if state is not None:
        state.expires = time.monotonic() + seconds
