"""
One client's way to the network, inside requests.

What requests does anew for every call or connection is done once here: the
CA file is read once into one SSL context, the environment's proxies are
looked up once.  Connections are kept, retired before the platform closes
them, never shared across a fork, and every wait is bounded.
"""

from __future__ import annotations

import io
import ipaddress
import os
import ssl
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

import requests
from attrs import frozen
from requests.adapters import HTTPAdapter
from requests.certs import where  # type: ignore[attr-defined]  # re-exported by requests, as its users expect
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

from chainable.errors import CodecError, ConfigurationError
from chainable.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import PreparedRequest
    from typing_extensions import Buffer

__all__ = ["ClientCertificate", "FileCertificate", "Transport", "bounded", "ended_early"]

IDLE = 7.0  # seconds; the platforms close an idle connection after about 8
LARGEST = 64 * 1024 * 1024  # bytes of a body that is not streamed
_PIECE = 1024 * 1024


class ClientCertificate(Protocol):
    """A certificate the client shows in TLS; hashable, one connection pool for each."""

    def install(self, context: ssl.SSLContext, /) -> None:
        """Load the certificate and its key into the context."""


@frozen
class FileCertificate:
    """
    A certificate and its key in PEM files.

    Args:
        certificate: The path of the certificate, or of a file with both.
        key: The path of the key, if it has its own file.
    """

    certificate: str
    key: str | None = None

    @classmethod
    def of(cls, cert: str | tuple[str, str] | None) -> FileCertificate | None:
        """Take over what requests calls ``cert``."""
        if cert is None:
            return None
        return cls(cert) if isinstance(cert, str) else cls(*cert)

    def install(self, context: ssl.SSLContext, /) -> None:
        """
        Load both into the context.

        Raises:
            ConfigurationError: The files are missing, or do not belong together.
        """
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            msg = f"client certificate {self.certificate!r}: cannot be used with its key ({type(error).__name__}: {error})"
            raise ConfigurationError(msg) from None


class _Attempt(threading.local):
    """How far the attempt of this thread has come, when it ends, and the query it asks with."""

    query = ""
    connecting: bool | None = None
    expires: float | None = None


_attempt = _Attempt()


@contextmanager
def bounded(expires: float | None) -> Iterator[None]:
    """
    Let everything this thread reads and sends inside the block end in time.

    Args:
        expires: When, on the monotonic clock; None for no such limit.
    """
    _attempt.expires = expires
    try:
        yield
    finally:
        _attempt.expires = None


class _BoundedReader(io.RawIOBase):
    """Reads from a socket, each time no longer than the attempt may still last."""

    def __init__(self, sock: _BoundedSocket) -> None:
        self._bounded = sock
        self._raw: Any = sock.plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        self._bounded.bound()
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            super().close()


class _BoundedSocket:
    """A socket whose single waits add up to no more than the attempt's deadline."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def bound(self) -> None:
        expires = _attempt.expires
        if expires is not None:
            left = expires - time.monotonic()
            if left <= 0:
                raise TimeoutError("the deadline of the call has passed")
            limit = self.plain.gettimeout()
            if limit is None or left < limit:
                self.plain.settimeout(left)

    def sendall(self, data: Buffer) -> None:
        self.bound()
        self.plain.sendall(data)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self))


class _Known(HTTPConnection):
    """A connection that tells whether anything of the request can have left."""

    idle_since: float | None = None

    def connect(self) -> None:
        _attempt.connecting = True
        super().connect()
        _attempt.connecting = False
        self.sock = _BoundedSocket(self.sock)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _attempt.connecting = False
        super().request(method, url + _attempt.query, *args, **kwargs)


class _PlainConnection(_Known):
    pass


class _SecureConnection(_Known, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _PlainConnection

    def urlopen(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        # urllib3 writes the target into its log and its errors. A query may hold a session, so it goes past all that.
        target, mark, query = url.partition("?")
        _attempt.query = mark + query
        return super().urlopen(method, target, *args, **kwargs)

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn: Any = super()._get_conn(timeout)
        if conn.idle_since is not None and time.monotonic() - conn.idle_since > IDLE:
            conn.close()
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class _SecurePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    """requests' adapter with one SSL context for all connections of a kind."""

    def __init__(self, maxsize: int) -> None:
        self._contexts: dict[tuple[bool | str, ClientCertificate | None], ssl.SSLContext] = {}
        self._lock = threading.Lock()
        super().__init__(pool_connections=32, pool_maxsize=maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        url = urlsplit(request.url or "")
        host = {"scheme": url.scheme, "host": url.hostname, "port": url.port}
        if url.scheme != "https":
            return host, {}
        pool: dict[str, Any] = {"ssl_context": self.context(verify, cert)}
        if verify is False:
            pool |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the context knows all of it, and giving the file again would read it again."""

    def context(self, verify: bool | str, cert: ClientCertificate | None) -> ssl.SSLContext:
        """
        Give the one context for connections of this kind.

        Raises:
            ConfigurationError: A file is missing or wrong.
        """
        key = (verify, cert)
        with self._lock:
            context = self._contexts.get(key)
            if context is None:
                context = self._contexts[key] = _new_context(verify)
                if cert is not None:
                    cert.install(context)
        return context

    def build_response(self, req: PreparedRequest, resp: Any) -> Response[Any]:
        response: Response[Any] = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = resp
        response.reason = resp.reason
        response.url = req.url or ""
        response.request = req
        response.connection = self
        return response


def _new_context(verify: bool | str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    bundle = verify if isinstance(verify, str) else where()
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        msg = f"verify: {bundle!r} holds no CA certificates in PEM form ({type(error).__name__}: {error})"
        raise ConfigurationError(msg) from None
    return context


class Transport:
    """
    Sends prepared requests over kept connections.

    Args:
        pool_maxsize: Connections kept per host.
        verify: True, False, or the path of a CA file or folder; None for
            what the environment says (``REQUESTS_CA_BUNDLE``,
            ``CURL_CA_BUNDLE``) or requests' own bundle.
        proxies: requests' mapping; None for those of the environment, looked
            up now and never again.
        http_session: Lends its adapters, proxies, cert and verify.
    """

    def __init__(
        self,
        *,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
    ) -> None:
        self._lent = http_session
        if verify is None and http_session is not None and http_session.verify is not True:
            verify = http_session.verify
        if verify is None:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._verify: bool | str = verify if isinstance(verify, bool) else os.fspath(verify)
        if proxies is None and http_session is not None and http_session.proxies:
            proxies = http_session.proxies
        self._environment = getproxies() if proxies is None else None
        self._proxies: dict[str, dict[str, str]] = {}
        self._given = None if proxies is None else dict(proxies)
        self._maxsize = pool_maxsize
        self._open()
        _alive.add(self)

    def _open(self) -> None:
        self._adapter = _Adapter(self._maxsize)

    def close(self) -> None:
        """Close the connections that are kept; lent adapters are not touched."""
        self._adapter.close()

    def proxies_for(self, url: str) -> dict[str, str]:
        """Tell which proxies lead to this URL."""
        if self._environment is None:
            return self._given or {}
        host = urlsplit(url).netloc.rpartition("@")[2]
        found = self._proxies.get(host)
        if found is None:
            if len(self._proxies) >= 64:
                self._proxies.clear()
            found = self._proxies[host] = {} if self._bypassed(host, self._environment) else self._environment
        return found

    @staticmethod
    def _bypassed(host: str, environment: dict[str, str]) -> bool:
        if proxy_bypass_environment(host, environment):
            return True
        try:
            address = ipaddress.ip_address(host.rpartition(":")[0] or host)
        except ValueError:
            return False
        return any(
            "/" in network and address in ipaddress.ip_network(network.strip(), strict=False)
            for network in environment.get("no", "").split(",")
            if _is_network(network.strip())
        )

    def send(
        self,
        request: PreparedRequest,
        *,
        timeout: tuple[float, float],
        expires: float,
        stream: bool = False,
        verify: bool | str | None = None,
        certificate: ClientCertificate | None = None,
    ) -> Response[Any]:
        """
        Send one request once, and read the answer unless it is streamed.

        Args:
            request: Signed and complete.
            timeout: Seconds to connect, and to wait for each piece.
            expires: When the whole has to be over, on the monotonic clock.
            stream: Leave the body of a success on the connection.
            verify: TLS verification, if not the client's.
            certificate: What to show in TLS.

        Raises:
            requests.RequestException: The network failed; ``connecting`` tells
                whether it did before a byte of the request could leave.
            CodecError: The body is larger than any sensible answer.
        """
        url = request.url or ""
        _attempt.connecting = None
        with bounded(expires):
            response = self._exchange(request, url, timeout, verify, certificate)
            if not stream or response.status_code >= 300:
                self._read(response)
        return response

    @property
    def connecting(self) -> bool | None:
        """Whether this thread's last attempt ended while connecting; None when nobody can tell."""
        return _attempt.connecting

    def _exchange(
        self,
        request: PreparedRequest,
        url: str,
        timeout: tuple[float, float],
        verify: bool | str | None,
        certificate: ClientCertificate | None,
    ) -> Response[Any]:
        verify = self._verify if verify is None else verify
        cert: Any = certificate
        adapter: Any = self._adapter
        if self._lent is not None and certificate is None:
            lent = self._lent.get_adapter(url)
            # A plain adapter has nothing that ours has not; one of the user's own making has a reason.
            if type(lent) is HTTPAdapter:
                cert = FileCertificate.of(self._lent.cert)
            else:
                adapter, cert = lent, self._lent.cert
        if adapter is self._adapter and url.startswith("https:"):
            adapter.context(verify, cert)  # here, for inside the adapter a wrong file would pass for a wrong URL
        raw = adapter.send(
            request, stream=True, timeout=timeout, verify=verify, cert=cert, proxies=self.proxies_for(url)
        )
        if isinstance(raw, Response):
            return raw
        response: Response[Any] = Response()
        response.__dict__.update({name: value for name, value in raw.__dict__.items() if name != "cookies"})
        return response

    @staticmethod
    def _read(response: Response[Any]) -> None:
        raw = response.raw
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := raw.read(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    raw.close()
                    msg = f"the answer is larger than {LARGEST >> 20} MiB: stream it to a file with download()"
                    raise CodecError(msg)
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=response.request) from None
        except ProtocolError as error:
            raise ChunkedEncodingError(error, request=response.request) from None
        except DecodeError as error:
            raise ContentDecodingError(error, request=response.request) from None
        except (SSLError, OSError) as error:
            raise requests.ConnectionError(error, request=response.request) from None
        if ended_early(raw):
            raise ContentDecodingError("the body's compression ends too early", request=response.request)
        response._content = b"".join(pieces)  # noqa: SLF001 (its own class)
        response._content_consumed = True  # noqa: SLF001


def ended_early(raw: Any) -> bool:
    """
    Tell whether a body that was read to its end was compressed, and lacks the end of the compression.

    urllib3 gives what there is of it, as if that were all.
    """
    unpacker = getattr(getattr(raw, "_decoder", None), "_obj", None)
    return getattr(unpacker, "eof", True) is False and raw.tell() > 0


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


_alive: weakref.WeakSet[Transport] = weakref.WeakSet()


def _forget() -> None:
    """Give every transport of a forked child connections and locks of its own."""
    for transport in list(_alive):
        transport._open()  # noqa: SLF001


# Windows has no fork, and no such function.
getattr(os, "register_at_fork", dict)(after_in_child=_forget)
