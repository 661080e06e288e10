"""The destination of a request: one parser reads the URL that is checked and sent."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.loopback import is_loopback
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Destination"]

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<target>[/?][^\\#]*)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_SAFE = "!$%&'()*+,/:;=?@[]~"  # not percent-encoded in a request target, besides letters, digits and -._
_LOOPBACK = ("127.0.0.1", "::1")


@safe_repr
@frozen
class Destination:
    """
    The destination of a request, in the spelling that is sent.

    URL parsers disagree about backslashes, users, spaces and numbers, so that a URL may pass the check of one
    parser and lead another one to a different host. Here the URL is parsed once, and the result is checked,
    connected to and sent.

    Args:
        scheme: ``http`` or ``https``.
        host: A name in lower case, or an address in its shortest form, without brackets.
        port: 1 to 65535; the default of the scheme if the URL names none.
        target: Path and query as they are sent; it begins with a slash.
    """

    scheme: str
    host: str
    port: int
    target: str = field(default="/", repr=False)

    @classmethod
    def of(cls, url: object) -> Destination:
        """
        Parse a URL.

        Args:
            url: An absolute http or https URL. Characters outside ASCII in path and query are percent-encoded.

        Raises:
            ConfigurationError: It is not a URL, or it is ambiguous: it has a user, a backslash, a space, a control
                character, a fragment, a name outside ASCII, a trailing dot, an impossible port, or an address that
                is not in its usual form. The message does not quote the URL.
        """
        found = _URL.fullmatch(url) if isinstance(url, str) and url.isprintable() and " " not in url else None
        if found is None:
            msg = (
                "a URL like https://host/path was expected, without user, backslash, space and fragment; "
                "write a name outside ASCII as xn--…"
            )
            raise ConfigurationError(msg, reason="url_ambiguous")
        scheme = found["scheme"].lower()
        port = int(found["port"] or _PORTS[scheme])
        if port > 65535:
            msg = "the URL has a port above 65535: write one from 1 to 65535"
            raise ConfigurationError(msg, reason="port_too_large")
        target = found["target"] or "/"
        if target.startswith("?"):
            target = "/" + target
        return cls(scheme, _host(found["host"].lower()), port, quote(target, safe=_SAFE))

    @property
    def is_loopback(self) -> bool:
        """True for this machine; :attr:`addresses` are loopback addresses then."""
        return is_loopback(self.host)

    @property
    def authority(self) -> str:
        """Host and port as in a ``Host`` header, without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser writes them in ``Origin``."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL in its canonical spelling."""
        return self.origin + self.target

    @property
    def addresses(self) -> Sequence[str]:
        """
        The hosts to connect to, in the order to try them.

        The names of loopback are not resolved: a resolver may return the address of another machine.
        """
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return _LOOPBACK
        return (self.host,)


def _host(host: str) -> str:
    numeric = host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None
    if not numeric and "" not in host.split("."):
        return host
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is None or (address.version == 6) != host.startswith("[") or getattr(address, "ipv4_mapped", None):
        msg = "the host of the URL is neither a name nor an address in its usual form, like 127.0.0.1 or [::1]"
        raise ConfigurationError(msg, reason="host_unusual")
    return str(address)
