"""The proxies of the environment, which is read once: requests walks all its variables twice for each call."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

from chainable.loopback import is_loopback

__all__ = ["EnvironmentProxies"]

_MOST_HOSTS = 64


class EnvironmentProxies:
    """The proxies of the environment at the time when this object is made."""

    def __init__(self) -> None:
        self._environment: dict[str, str] = getproxies()
        self._by_host: dict[str, dict[str, str]] = {}

    def of(self, url: str) -> dict[str, str]:
        """Return the proxies for a URL, as requests takes them; an empty mapping if ``NO_PROXY`` lists its host."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        found = self._by_host.get(host)
        if found is None:
            if len(self._by_host) >= _MOST_HOSTS:
                self._by_host.clear()
            found = self._by_host[host] = {} if _is_bypassed(host, self._environment) else self._environment
        return found


def _is_bypassed(host: str, environment: dict[str, str]) -> bool:
    name = urlsplit(f"//{host}").hostname or host
    if is_loopback(name) or proxy_bypass_environment(host, environment):
        return True  # Through a proxy, plain http:// to loopback would leave this machine.
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return any(
        "/" in network and address in ipaddress.ip_network(network.strip(), strict=False)
        for network in environment.get("no", "").split(",")
        if _is_network(network.strip())
    )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
