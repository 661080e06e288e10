"""
Routes of download URLs: where a URL from a response leads, and whether its request is signed.

A URL is matched against a narrow grammar in which all parsers agree, and the
request is built from the matched parts, so that no second parser can read
another host.  A request is signed only for an origin of the client's settings
and for the platform's API hosts by https; the origin is then sent as it is
written there, not as in the URL.

:class:`chainable.destination.Destination` is stricter and rewrites the target;
a signed URL has to be sent byte for byte.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from wechatpay.settings import Endpoints

__all__ = ["PLATFORM_HOSTS", "Address", "Route", "route"]

PLATFORM_HOSTS = frozenset(
    {
        "api.mch.weixin.qq.com",
        "api2.mch.weixin.qq.com",
        "apihk.mch.weixin.qq.com",
        "apius.mch.weixin.qq.com",
        "api.wechatpay.cn",
        "api2.wechatpay.cn",
    }
)
"""Hosts of the platform's API; a request is signed for these and for the client's own only."""

_PORTS = {"http": 80, "https": 443}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_URL = re.compile(
    rf"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}})?)?"
    r"(?P<path>(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?)"
    r"(?:\?(?P<query>[!-\"$-~]*))?(?:#[!-~]*)?"
)
_DOTS = re.compile(r"/(?:\.|%2[Ee]){1,2}(?=/|$)")
_LONGEST_HOST = 253


@safe_repr
@frozen
class Address:
    """The parts of a URL: the host in lower case, path and target as written, without the leading slash."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    target: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """
        Parse a URL; its fragment is dropped, as it is never sent.

        Raises:
            ConfigurationError: The text is not a URL of http or https, or not one
                that all parsers read alike and that is sent as it is written.
        """
        match = _URL.fullmatch(url) if isinstance(url, str) else None
        if match is None or len(match["host"]) > _LONGEST_HOST:
            raise _unusable()
        scheme = match["scheme"].lower()
        port = int(match["port"] or _PORTS[scheme])
        path = match["path"].removeprefix("/")
        if not 0 < port < 65536 or path.startswith("/") or _DOTS.search(f"/{path}"):
            raise _unusable()
        host = match["host"].lower()
        try:
            host = str(IPv6Address(host[1:-1])) if host.startswith("[") else host
        except ValueError:
            raise _unusable() from None
        target = f"{path}?{match['query']}" if match["query"] else path
        return cls(scheme, host, port, path, target)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port, which decide whether the request is signed."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The URL, built from its parts."""
        return f"{_written(*self.origin)}{self.target}"


@safe_repr
@frozen
class Route:
    """The way to a file: its URL at each host that has it, and whether the request is signed."""

    urls: tuple[str, ...] = field(repr=False)
    label: str
    signed: bool


def route(endpoints: Endpoints, url: str) -> Route:
    """
    Return where a file is requested, and whether the request is signed.

    If the client has a ``base_url``, URLs of the platform's hosts lead there, too.

    Raises:
        ConfigurationError: The URL is unusable, or is plain http of another
            origin than the client's own.
    """
    address = Address.parse(url)
    own = endpoints.bases
    for base in own:
        if address.origin == _origin(base):
            parts = urlsplit(base)
            return Route((f"{parts.scheme}://{parts.netloc}/{address.target}",), address.path, signed=True)
    if address.host in PLATFORM_HOSTS:
        if address.origin != ("https", address.host, _PORTS["https"]):
            msg = Words(
                "download: the platform's files are fetched by https only, from the usual port",
                "download：平台的文件只能用 https、从默认端口下载",
            )
            raise ConfigurationError(msg)
        # A client of a sandbox or a forwarder calls no other host.
        bases = own if endpoints.base_url is not None else (_written(*address.origin),)
        return Route(tuple(base + address.target for base in bases), address.path, signed=True)
    if address.scheme != "https":
        msg = Words(
            f"download: {address.host} is a foreign host, which is called by https only",
            f"download：{address.host} 是外部主机，只能用 https 访问",
        )
        if any(address.host == _origin(base)[1] for base in own):
            msg = Words(
                "download: plain http of this host and port is not the origin of base_url, so the URL is not called",
                "download：该明文 http 地址的主机和端口与 base_url 不同，没有访问",
            )
        raise ConfigurationError(msg)
    return Route((address.url,), address.path, signed=False)


def _written(scheme: str, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}/" if port == _PORTS[scheme] else f"{scheme}://{name}:{port}/"


def _origin(base: str) -> tuple[str, str, int]:
    """Return the origin of one of the client's URLs, as the transport's parser reads it."""
    parts = urlsplit(base)
    return parts.scheme, _short(parts.hostname or ""), parts.port or _PORTS[parts.scheme]


def _short(host: str) -> str:
    """Return an IP address in its shortest form, and a name unchanged."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _unusable() -> ConfigurationError:
    return ConfigurationError(
        Words(
            "download: this is not a URL that can be called: http(s)://host/path in ASCII, without a user, was expected",
            "download：这不是可访问的地址：应为 http(s)://host/path 形式的 ASCII 地址，不带用户名",
        )
    )
