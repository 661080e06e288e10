"""Check the way to a host step by step: proxy, DNS, connection, TLS, clock."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import requests
from attrs import evolve

from chainable.cli.checks import GOOD, WARNING, Finding, bad, good, warning
from chainable.cli.exit_codes import NETWORK, OK
from chainable.cli.i18n import Words
from chainable.destination import Destination
from chainable.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "CLOCK",
    "MOVED",
    "TOLERANCE",
    "as_warnings",
    "ca_bundle",
    "check_ca",
    "check_clock",
    "check_host",
    "check_proxy",
    "check_way",
    "is_loopback_url",
    "is_url",
    "milliseconds_since",
]

MOVED = Words(
    "The clock of this sandbox was set: 'clock now --sandbox FILE' sets it back.",
    "该沙箱的时间被调整过：用 clock now --sandbox FILE 恢复为当前时间。",
)
"""What to do about the time of a server on loopback."""
CLOCK = Words("clock", "时钟")
TIMEOUT = 5.0
SLOW = 1.0
TOLERANCE = 300.0


def check_proxy(url: str) -> Finding:
    """Check whether calls to this URL go through a proxy of the environment."""
    check = Words("proxy", "代理")
    parts = urlsplit(url)
    found = getproxies().get(parts.scheme) or getproxies().get("all")
    if not found or proxy_bypass(parts.netloc):
        return good(check, Words("none", "无"))
    host = urlsplit(found).netloc.rpartition("@")[2] or found.rpartition("@")[2]
    return warning(
        check,
        Words(f"calls go through {host}, set in the environment", f"环境变量指定了代理 {host}"),
        Words(
            "If the proxy changes paths, headers or bodies, every signature is wrong.",
            "代理如果改动路径、请求头或正文，验签就会失败。",
        ),
        Words(
            "Set NO_PROXY for the platform's hosts, or make sure that the proxy tunnels TLS (CONNECT).",
            "为平台域名设置 NO_PROXY，或确认代理原样透传 TLS（CONNECT）。",
        ),
    )


def ca_bundle(ca: str | None) -> str:
    """Return the file or folder of trusted CAs: *ca*, else that of the environment, else the default."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return ca or named or str(requests.certs.where())  # type: ignore[attr-defined]  # re-exported by requests


def check_ca(ca: str) -> Finding:
    """Check the file or folder of CAs that replaces the default ones."""
    try:
        _context(ca)
    except OSError as error:
        why = error.strerror or str(error)
        return bad(
            "ca",
            Words(f"{ca}: no PEM certificate found ({why})", f"{ca}：没有 PEM 证书（{why}）"),
            Words("No connection can be trusted.", "任何连接都无法信任。"),
            Words(
                "Give the right file, or remove the setting to use the default CAs.",
                "换成正确的文件；或去掉该配置，使用默认的 CA。",
            ),
        )
    return good("ca", Words(f"{ca} replaces the default CAs", f"使用 {ca}，不用默认的 CA"))


def as_warnings(steps: Iterable[Finding]) -> Iterator[Finding]:
    """Turn faults on the direct way into warnings, because calls go through a proxy."""
    for step in steps:
        if step.code == OK:
            yield step
        else:
            fix = Words(
                "Nothing if the calls below succeed; otherwise check the proxy.",
                "如果下面的调用成功，无需处理；否则检查代理。",
            )
            yield evolve(step, state=WARNING, code=OK, fix=fix)


def check_way(urls: Sequence[str], ca: str | None, timeout: float) -> Iterator[Finding]:
    """Check the proxy, and the way to each host; behind a proxy, faults of the direct way are warnings."""
    proxy = check_proxy(urls[0])
    yield proxy
    for url in urls:
        steps = check_host(url, ca, timeout)
        yield from steps if proxy.state == GOOD else as_warnings(steps)


def is_url(url: str) -> bool:
    """Return whether a text is a URL of http or https that a client accepts."""
    try:
        Destination.of(url)
    except ConfigurationError:
        return False
    return True


def is_loopback_url(url: str) -> bool:
    """Return whether a URL leads to this machine, by name or address."""
    return is_url(url) and Destination.of(url).is_loopback


def check_host(url: str, ca: str | None, timeout: float = TIMEOUT, *, public: bool = False) -> Iterator[Finding]:
    """
    Connect to a host as a call does, without a proxy, and report each step.

    Args:
        url: The URL that calls go to.
        ca: A file of CAs that replaces the default ones.
        timeout: Seconds for each step.
        public: Whether the host must be reachable from the internet: a private address is then a fault.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    name = f"{host}:{port}"
    started = time.monotonic()
    try:
        addresses = _addresses(url, host, port)
    except OSError as error:
        yield bad(
            f"dns {host}",
            Words(f"the name cannot be resolved ({error})", f"域名无法解析（{error}）"),
            Words("Calls cannot find the host.", "调用找不到该主机。"),
            Words(
                "Check the name, and the DNS settings of this machine or container.",
                "检查域名，以及本机或容器的 DNS 设置。",
            ),
            NETWORK,
        )
        return
    yield _resolved(url, host, addresses, milliseconds_since(started), public=public)
    started = time.monotonic()
    try:
        connection = _connect(addresses, port, timeout)
    except OSError as error:
        yield bad(
            f"tcp {name}",
            Words(f"no connection ({error})", f"无法连接（{error}）"),
            Words(
                "A firewall blocks it, a route is missing, or no server listens there.",
                "被防火墙拦截、缺少路由，或对端没有监听。",
            ),
            Words("Allow connections to this host and port.", "放行到该主机与端口的连接。"),
            NETWORK,
        )
        return
    with connection:
        yield _timed(f"tcp {name}", Words("connected", "已连接"), started)
        if parts.scheme == "https":
            yield _tls(connection, host, name, ca)


def check_clock(
    url: str,
    ca: str | None,
    now: Callable[[], float],
    timeout: float = TIMEOUT,
    header: str = "",
    check: Words = CLOCK,
) -> Finding:
    """Compare this machine's clock with the ``Date`` of a response, or with a header of Unix time in seconds."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.proxies.update(requests.utils.get_environ_proxies(url))
            response = session.get(url, timeout=timeout, verify=ca_bundle(ca), allow_redirects=False)
        seconds = response.headers.get(header)
        theirs = float(seconds) if seconds else parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (requests.RequestException, KeyError, ValueError) as error:
        kind = type(error).__name__
        return warning(
            check,
            Words(f"cannot be compared ({kind})", f"无法比对（{kind}）"),
            Words(
                "If the clock is off by five minutes, every signature is refused.",
                "时钟偏差达到五分钟，所有签名都会被拒绝。",
            ),
            Words("Compare it with a time server.", "与时间服务器比对。"),
        )
    offset = now() - theirs
    local = is_loopback_url(url)
    if abs(offset) < 2:
        return good(check, Words("in sync with the platform", "与平台一致"))
    found = Words(
        f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the platform",
        f"比平台{'快' if offset > 0 else '慢'} {abs(offset):.0f} 秒",
    )
    if abs(offset) < TOLERANCE / 10:
        limit = Words(f"The limit is {TOLERANCE:.0f} s.", f"上限为 {TOLERANCE:.0f} 秒。")
        return warning(check, found, limit, MOVED if local else Words("Synchronise it by NTP.", "用 NTP 校时。"))
    return bad(
        check,
        found,
        Words("Signatures carry the time, and stale ones are refused.", "签名带有时间戳，过期的签名会被拒绝。"),
        MOVED if local else Words("Set the clock, and synchronise it by NTP.", "校准时钟，并用 NTP 保持同步。"),
    )


def milliseconds_since(started: float) -> str:
    """Return the time since *started*, of ``time.monotonic()``, for people: ``12 ms``."""
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def _context(ca: str) -> ssl.SSLContext:
    if os.path.isdir(ca):
        return ssl.create_default_context(capath=ca)
    return ssl.create_default_context(cafile=ca)


def _addresses(url: str, host: str, port: int) -> list[str]:
    """Resolve a host; loopback names need no resolver."""
    if is_loopback_url(url):
        return list(Destination.of(url).addresses)
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


def _connect(addresses: list[str], port: int, timeout: float) -> socket.socket:
    """Connect to the first address that accepts."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout)
    return socket.create_connection((last, port), timeout)


def _resolved(url: str, host: str, addresses: list[str], time_taken: str, *, public: bool) -> Finding:
    private = [address for address in addresses if not ipaddress.ip_address(address.partition("%")[0]).is_global]
    if not (public and private):
        listed = ", ".join(addresses)
        return good(f"dns {host}", Words(f"{listed} in {time_taken}", f"{listed}，{time_taken}"))
    certain = is_loopback_url(url) or host in private  # otherwise the internet may resolve the name differently
    return (bad if certain else warning)(
        f"dns {host}",
        Words(f"{', '.join(private)} is not a public address", f"{'、'.join(private)} 不是公网地址"),
        Words("The platform calls from the internet and cannot reach it.", "平台从公网回调，无法访问该地址。"),
        Words("Use a public name, or that of a tunnel.", "改用公网域名，或隧道的域名。"),
    )


def _tls(connection: socket.socket, host: str, name: str, ca: str | None) -> Finding:
    started = time.monotonic()
    try:
        context = _context(ca_bundle(ca))
        with context.wrap_socket(connection, server_hostname=host) as secured:
            version = secured.version()
            found = Words(f"{version}, the certificate is trusted", f"{version}，证书可信")
            return _timed(f"tls {name}", found, started)
    except ssl.SSLCertVerificationError as error:
        return bad(
            f"tls {name}",
            Words(f"the certificate is not trusted ({error.verify_message})", f"证书不可信（{error.verify_message}）"),
            Words(
                "A device in between presents its own certificate, or the CA file is the wrong one.",
                "中间设备出示了自己的证书，或 CA 文件不对。",
            ),
            Words(
                "Find the proxy that intercepts TLS, or set CA to its CA file; never switch verification off.",
                "找出拦截 TLS 的代理，或把 CA 设为它的 CA 文件；切勿关闭证书校验。",
            ),
            NETWORK,
        )
    except OSError as error:
        return bad(
            f"tls {name}",
            Words(f"the handshake failed ({error})", f"握手失败（{error}）"),
            Words(
                "The server does not speak TLS on this port, or a device in between breaks the connection.",
                "对端在该端口不提供 TLS，或连接被中间设备切断。",
            ),
            Words("Check scheme, port and the devices in between.", "检查协议、端口与中间设备。"),
            NETWORK,
        )


def _timed(check: str, found: Words, started: float) -> Finding:
    slow = time.monotonic() - started > SLOW
    taken = milliseconds_since(started)
    text = Words(f"{found} in {taken}", f"{found.zh}，{taken}")
    if not slow:
        return good(check, text)
    return warning(
        check,
        text,
        Words("Slow: calls may time out.", "偏慢：调用可能超时。"),
        Words("Check the network before raising timeouts.", "先检查网络，再考虑加长超时。"),
    )
