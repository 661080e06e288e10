"""The way to a host, step by step: proxy, name, connection, TLS, clock."""

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

from chainable.cli.findings import WARNING, Finding, bad, good, warning
from chainable.cli.outcomes import FINE, NETWORK
from chainable.cli.words import Words
from chainable.destination import Destination
from chainable.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "CLOCK",
    "TOLERANCE",
    "authority",
    "bundle",
    "clock",
    "loopback",
    "past_the_proxy",
    "proxy",
    "reach",
    "usable",
]

CLOCK = Words("clock", "时钟")
PATIENCE = 5.0
SLOW = 1.0
TOLERANCE = 300.0


def proxy(url: str) -> Finding:
    """Tell whether calls to this URL go through a proxy of the environment."""
    check = Words("proxy", "代理")
    parts = urlsplit(url)
    found = getproxies().get(parts.scheme) or getproxies().get("all")
    if not found or proxy_bypass(parts.netloc):
        return good(check, Words("none in the way", "没有代理"))
    host = urlsplit(found).netloc.rpartition("@")[2] or found.rpartition("@")[2]
    return warning(
        check,
        Words(f"calls go through {host}, by the environment", f"按环境变量，调用经过代理 {host}"),
        Words(
            "A proxy may change paths, headers and bodies, and then no signature is right.",
            "代理可能改动路径、请求头或正文，签名便不再正确。",
        ),
        Words(
            "Set NO_PROXY for the platform's hosts, or make sure that it lets TLS through untouched (CONNECT).",
            "为平台域名设置 NO_PROXY，或确认代理原样透传 TLS（CONNECT）。",
        ),
    )


def bundle(ca: str | None) -> str:
    """Give the file or folder of authorities that calls trust: this one, that of the environment, or the usual one."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return ca or named or str(requests.certs.where())  # type: ignore[attr-defined]  # re-exported by requests


def _context(ca: str) -> ssl.SSLContext:
    if os.path.isdir(ca):
        return ssl.create_default_context(capath=ca)
    return ssl.create_default_context(cafile=ca)


def authority(ca: str) -> Finding:
    """Look at the file of certificate authorities that is to be trusted in place of the usual ones."""
    try:
        _context(ca)
    except OSError as error:
        why = error.strerror or str(error)
        return bad(
            "ca",
            Words(f"{ca}: holds no certificate in PEM form ({why})", f"{ca}：其中没有 PEM 证书（{why}）"),
            Words("No connection can be trusted.", "任何连接都无法信任。"),
            Words(
                "Give the right file, or leave it out for the usual authorities.",
                "换成正确的文件；或去掉该配置，使用系统信任的 CA。",
            ),
        )
    return good("ca", Words(f"{ca} is trusted in place of the usual ones", f"以 {ca} 代替系统信任的 CA"))


def past_the_proxy(steps: Iterable[Finding]) -> Iterator[Finding]:
    """Take faults on the direct way for warnings: calls go through a proxy."""
    for step in steps:
        if step.code == FINE:
            yield step
        else:
            mend = Words(
                "Nothing, if the calls below come through; else look at the proxy.",
                "若下面的调用能通则无需处理；否则检查代理。",
            )
            yield evolve(step, state=WARNING, code=FINE, mend=mend)


def usable(url: str) -> bool:
    """Return whether a text is a URL of http or https that can be called."""
    try:
        Destination.of(url)
    except ConfigurationError:
        return False
    return True


def loopback(url: str) -> bool:
    """Return whether a URL leads to this machine itself, by its name or number."""
    return usable(url) and Destination.of(url).is_loopback


def reach(url: str, ca: str | None, timeout: float = PATIENCE, *, public: bool = False) -> Iterator[Finding]:
    """
    Go to a host as a call does, without a proxy, and tell of each step.

    Args:
        url: Where calls go.
        ca: A file of certificate authorities in place of the usual ones.
        timeout: Seconds for each step.
        public: Whether others have to get there as well: a private address is a fault.
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
            Words(f"the name is not known ({error})", f"域名无法解析（{error}）"),
            Words("Calls cannot find the host.", "调用找不到该主机。"),
            Words(
                "Check the name and the resolver of this machine or container.", "检查域名，以及本机或容器的 DNS 设置。"
            ),
            NETWORK,
        )
        return
    yield _named(url, host, addresses, _milliseconds(started), public=public)
    started = time.monotonic()
    try:
        connection = _connected(addresses, port, timeout)
    except OSError as error:
        yield bad(
            f"tcp {name}",
            Words(f"no connection ({error})", f"连接不上（{error}）"),
            Words("A firewall, a missing route, or nobody listens there.", "防火墙、路由缺失，或对端没有监听。"),
            Words("Allow connections to this host and port.", "放行到该主机与端口的连接。"),
            NETWORK,
        )
        return
    with connection:
        yield _timed(f"tcp {name}", "connected", "已连接", started)
        if parts.scheme == "https":
            yield _tls(connection, host, name, ca)


def _addresses(url: str, host: str, port: int) -> list[str]:
    """Look a host up; the names of loopback need no resolver."""
    if loopback(url):
        return list(Destination.of(url).addresses)
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


def _connected(addresses: list[str], port: int, timeout: float) -> socket.socket:
    """Connect to the first address that answers."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout)
    return socket.create_connection((last, port), timeout)


def _named(url: str, host: str, addresses: list[str], taken: str, *, public: bool) -> Finding:
    hidden = [address for address in addresses if not ipaddress.ip_address(address.partition("%")[0]).is_global]
    if not (public and hidden):
        told = ", ".join(addresses)
        return good(f"dns {host}", Words(f"{told} in {taken}", f"{told}，{taken}"))
    certain = loopback(url) or host in hidden  # else the internet may know the name by another address
    return (bad if certain else warning)(
        f"dns {host}",
        Words(f"{', '.join(hidden)} is not a public address", f"{'、'.join(hidden)} 不是公网地址"),
        Words("The platform calls from the internet and cannot get there.", "平台从公网回调，到不了这里。"),
        Words("Give a name that the internet knows, or a tunnel's.", "改用公网可解析的域名，或隧道的域名。"),
    )


def _tls(connection: socket.socket, host: str, name: str, ca: str | None) -> Finding:
    started = time.monotonic()
    try:
        context = _context(bundle(ca))
        with context.wrap_socket(connection, server_hostname=host) as secured:
            version = secured.version()
            return _timed(f"tls {name}", f"{version}, the certificate is trusted", f"{version}，证书可信", started)
    except ssl.SSLCertVerificationError as error:
        return bad(
            f"tls {name}",
            Words(f"the certificate is not trusted ({error.verify_message})", f"证书不可信（{error.verify_message}）"),
            Words(
                "Something stands between and shows a certificate of its own, or the CA file is another's.",
                "中间有设备出示了自己的证书，或 CA 文件不对。",
            ),
            Words(
                "Find the proxy that opens TLS, or give its CA file as CA; never switch verification off.",
                "找出拆解 TLS 的代理，或以 CA 给出它的证书；切勿关闭校验。",
            ),
            NETWORK,
        )
    except OSError as error:
        return bad(
            f"tls {name}",
            Words(f"the handshake failed ({error})", f"握手失败（{error}）"),
            Words(
                "The other side speaks no TLS here, or something in between breaks it off.",
                "对端此处不是 TLS，或被中间设备掐断。",
            ),
            Words("Check scheme and port, and what stands between.", "检查协议、端口与中间设备。"),
            NETWORK,
        )


def _timed(check: str, found: str, zh: str, started: float) -> Finding:
    taken = time.monotonic() - started
    milliseconds = _milliseconds(started)
    told = Words(f"{found} in {milliseconds}", f"{zh}，{milliseconds}")
    if taken <= SLOW:
        return good(check, told)
    return warning(
        check,
        told,
        Words("Slow: calls may run into their timeouts.", "偏慢：调用可能超时。"),
        Words("Look at the network before you raise timeouts.", "先查网络，再考虑加长超时。"),
    )


def _milliseconds(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def clock(
    url: str,
    ca: str | None,
    now: Callable[[], float],
    timeout: float = PATIENCE,
    header: str = "",
    check: Words = CLOCK,
) -> Finding:
    """Compare this machine's clock with the ``Date`` of an answer, or with a header of Unix time in seconds."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.proxies.update(requests.utils.get_environ_proxies(url))
            answer = session.get(url, timeout=timeout, verify=bundle(ca), allow_redirects=False)
        seconds = answer.headers.get(header)
        there = float(seconds) if seconds else parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (requests.RequestException, KeyError, ValueError) as error:
        kind = type(error).__name__
        return warning(
            check,
            Words(f"could not be compared ({kind})", f"无法比对（{kind}）"),
            Words(
                "A clock that is wrong by five minutes makes every signature wrong.",
                "时钟偏差五分钟，签名即全部被拒。",
            ),
            Words("Compare it with a time server.", "与时间服务器比对。"),
        )
    offset = now() - there
    if abs(offset) < 2:
        return good(check, Words("as the platform's", "与平台一致"))
    told = Words(
        f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the platform's",
        f"比平台{'快' if offset > 0 else '慢'} {abs(offset):.0f} 秒",
    )
    if abs(offset) < TOLERANCE / 10:
        limit = Words(f"{TOLERANCE:.0f} s are the limit.", f"上限为 {TOLERANCE:.0f} 秒。")
        return warning(check, told, limit, Words("Keep it by NTP.", "用 NTP 校时。"))
    return bad(
        check,
        told,
        Words("Signatures carry the time; such are refused as stale.", "签名带有时间，过时的会被拒绝。"),
        Words("Set the clock; keep it by NTP.", "校准时钟，并用 NTP 保持。"),
    )
