"""Outgoing requests of the sandboxes, to the address that was checked: no proxy, no redirect, no second parser."""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from chainable.destination import Destination
from chainable.errors import ConfigurationError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["PinnedPools", "PinnedSession"]

LARGEST = 4 * 1024 * 1024
"""The longest response body, bytes."""
_UNCONNECTED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class PinnedPools:
    """
    Pooled connections to checked addresses, for requests of any thread.

    Args:
        allowed: Decides about a destination before anything is sent.
        timeout: Seconds to connect, and to wait for each piece of the answer.
        context: Returns the TLS settings for https; called once, when they are needed.
        size: How many connections to one address are kept.
    """

    def __init__(
        self,
        allowed: Callable[[Destination], bool],
        *,
        timeout: float,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        size: int = 8,
    ) -> None:
        self._allowed = allowed
        self._context: Callable[[], ssl.SSLContext] | ssl.SSLContext = context
        self._pools = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(timeout), maxsize=size)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """
        Send a body, and return status and body of the response.

        Raises:
            ConfigurationError: The URL is refused, or not allowed.
            urllib3.exceptions.HTTPError: The server does not respond, or its response is longer than 4 MiB.
        """
        destination = Destination.of(url)
        if not self._allowed(destination):
            msg = f"requests to {destination.host} are not allowed here"
            raise ConfigurationError(msg, reason="host_not_allowed", host=destination.host)
        *others, last = destination.addresses
        for address in others:
            with suppress(*_UNCONNECTED):  # nothing was sent then
                return self._post(destination, address, body, headers)
        return self._post(destination, last, body, headers)

    def close(self) -> None:
        """Close the pooled connections."""
        self._pools.clear()

    def _post(
        self, destination: Destination, address: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        more: dict[str, Any] = {}
        if destination.scheme == "https":
            if not isinstance(self._context, ssl.SSLContext):
                self._context = self._context()
            more = {"ssl_context": self._context, "server_hostname": destination.host}
        pool = self._pools.connection_from_host(address, destination.port, destination.scheme, pool_kwargs=more)
        answer = pool.urlopen(
            "POST",
            destination.target,
            body=body,
            headers={**headers, "Host": destination.authority},
            redirect=False,
            preload_content=False,
        )
        try:
            content = answer.read(LARGEST + 1, decode_content=True)
            if len(content) > LARGEST:
                answer.close()
                msg = f"the answer is longer than {LARGEST} bytes"
                raise urllib3.exceptions.HTTPError(msg)
        finally:
            answer.release_conn()
        return answer.status, content


class PinnedSession(requests.Session):
    """
    A session of requests that connects to the address that was checked.

    It reads no settings from the environment, uses no proxy and follows no redirect.

    Args:
        allowed: Decides about a destination before anything is sent; None allows all that can be read.
    """

    def __init__(self, allowed: Callable[[Destination], bool] | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _DirectAdapter(allowed))

    def request(self, method: str, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request; raise InvalidURL if its URL is refused, or not allowed."""
        return super().request(method, _read(url).url, *args, **options)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing."""


class _DirectAdapter(HTTPAdapter):
    """Checks the URL that is about to be sent, and connects to its address."""

    def __init__(self, allowed: Callable[[Destination], bool] | None) -> None:
        super().__init__()
        self._allowed = allowed
        self._at: dict[tuple[str, str], _AddressAdapter] = {}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        destination = _read(request.url)
        if self._allowed is not None and not self._allowed(destination):
            msg = Words(f"requests to {destination.host} are not allowed here", f"此处不允许访问 {destination.host}")
            raise requests.exceptions.InvalidURL(msg, request=request)
        request.url = destination.url
        request.headers["Host"] = destination.authority
        *others, last = (self._to(destination, address) for address in destination.addresses)
        for adapter in others:
            with _unless_connected():
                return adapter.send(request, *args, **options)
        return last.send(request, *args, **options)

    def close(self) -> None:
        for adapter in self._at.values():
            adapter.close()
        super().close()

    def _to(self, destination: Destination, address: str) -> _AddressAdapter:
        key = destination.host, address
        if key not in self._at:
            self._at[key] = _AddressAdapter(*key)
        return self._at[key]


class _AddressAdapter(HTTPAdapter):
    """Connects to an address, and expects a certificate of the URL's host."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__()
        self._host = host
        self._address = address

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        place, tls = super().build_connection_pool_key_attributes(*args, **options)
        if place["scheme"] == "https":
            tls["server_hostname"] = self._host
        return {**place, "host": self._address}, tls


def _read(url: object) -> Destination:
    try:
        return Destination.of(url)
    except ConfigurationError as error:
        raise requests.exceptions.InvalidURL(str(error)) from None


@contextmanager
def _unless_connected() -> Iterator[None]:
    """Continue after a failure to connect: nothing was sent."""
    try:
        yield
    except requests.ConnectionError as error:
        if not isinstance(getattr(error.args[0], "reason", None), _UNCONNECTED):
            raise
