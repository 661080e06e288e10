"""The way to a host, step by step: proxy, name, connection, TLS, clock."""

from __future__ import annotations

import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import requests

from chainable.cli.findings import Finding, bad, good, warning
from chainable.cli.outcomes import NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TOLERANCE", "clock", "proxy", "reach"]

PATIENCE = 5.0
SLOW = 1.0
TOLERANCE = 300.0


def proxy(url: str) -> Finding:
    """Tell whether calls to this URL go through a proxy of the environment."""
    parts = urlsplit(url)
    found = getproxies().get(parts.scheme) or getproxies().get("all")
    if not found or proxy_bypass(parts.netloc):
        return good("proxy", "none in the way")
    host = urlsplit(found).netloc.rpartition("@")[2] or found.rpartition("@")[2]
    return warning(
        "proxy",
        f"calls go through {host}, by the environment",
        "A proxy may change paths, headers and bodies, and then no signature is right.",
        "Set NO_PROXY for the platform's hosts, or make sure that it lets TLS through untouched (CONNECT).",
    )


def reach(url: str, ca: str | None, timeout: float = PATIENCE) -> Iterator[Finding]:
    """
    Go to a host as a call does, without a proxy, and tell of each step.

    Args:
        url: Where calls go.
        ca: A file of certificate authorities in place of the usual ones.
        timeout: Seconds for each step.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    name = f"{host}:{port}"
    started = time.monotonic()
    try:
        addresses = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except OSError as error:
        yield bad(
            f"dns {host}",
            f"the name is not known ({error})",
            "Calls cannot find the platform.",
            "Check the name and the resolver of this machine or container.",
            NETWORK,
        )
        return
    yield good(f"dns {host}", f"{', '.join(addresses)} in {_milliseconds(started)}")
    started = time.monotonic()
    try:
        connection = socket.create_connection((host, port), timeout)
    except OSError as error:
        yield bad(
            f"tcp {name}",
            f"no connection ({error})",
            "A firewall, a missing route, or nobody listens there.",
            "Allow outgoing connections to this host and port.",
            NETWORK,
        )
        return
    with connection:
        yield _timed(f"tcp {name}", "connected", started)
        if parts.scheme == "https":
            yield _tls(connection, host, name, ca)


def _tls(connection: socket.socket, host: str, name: str, ca: str | None) -> Finding:
    started = time.monotonic()
    try:
        context = ssl.create_default_context(cafile=ca or requests.certs.where())  # type: ignore[attr-defined]  # re-exported by requests
        with context.wrap_socket(connection, server_hostname=host) as secured:
            return _timed(f"tls {name}", f"{secured.version()}, the certificate is trusted", started)
    except ssl.SSLCertVerificationError as error:
        return bad(
            f"tls {name}",
            f"the certificate is not trusted ({error.verify_message})",
            "Something stands between and shows a certificate of its own, or the CA file is another's.",
            "Find the proxy that opens TLS, or give its CA file as CA; never switch verification off.",
            NETWORK,
        )
    except OSError as error:
        return bad(
            f"tls {name}",
            f"the handshake failed ({error})",
            "The other side speaks no TLS here, or something in between breaks it off.",
            "Check scheme and port, and what stands between.",
            NETWORK,
        )


def _timed(check: str, found: str, started: float) -> Finding:
    taken = time.monotonic() - started
    told = f"{found} in {_milliseconds(started)}"
    if taken <= SLOW:
        return good(check, told)
    return warning(
        check, told, "Slow: calls may run into their timeouts.", "Look at the network before you raise timeouts."
    )


def _milliseconds(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def clock(url: str, ca: str | None, now: Callable[[], float], timeout: float = PATIENCE, header: str = "") -> Finding:
    """Compare this machine's clock with the ``Date`` of an answer, or with a header of Unix time in seconds."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=timeout, verify=ca or True, allow_redirects=False)
        seconds = answer.headers.get(header)
        there = float(seconds) if seconds else parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (requests.RequestException, KeyError, ValueError) as error:
        return warning(
            "clock",
            f"could not be compared ({type(error).__name__})",
            "A clock that is wrong by five minutes makes every signature wrong.",
            "Compare it with a time server.",
        )
    offset = now() - there
    if abs(offset) < 2:
        return good("clock", "as the platform's")
    told = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the platform's"
    if abs(offset) < TOLERANCE / 10:
        return warning("clock", told, f"{TOLERANCE:.0f} s are the limit.", "Keep it by NTP.")
    return bad("clock", told, "Signatures carry the time; such are refused as stale.", "Set the clock; keep it by NTP.")
