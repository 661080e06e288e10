"""A throw-away certificate authority for HTTPS on loopback."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from functools import cached_property
from typing import TYPE_CHECKING

from chainable.extras import extra
from chainable.loopback import is_loopback
from chainable.sandbox.access import is_private_name

with extra("sandbox", "trustme"):
    import trustme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

__all__ = ["Authority", "container_names", "server_names"]

MOST_NAMES = 64
"""Names that get a certificate of their own."""


class Authority:
    """A certificate authority of trustme; only clients that are given its certificate trust it."""

    def __init__(self, authority: trustme.CA | None = None) -> None:
        self._authority = trustme.CA(organization_name="Sandbox") if authority is None else authority

    @classmethod
    def load(cls, pem: str, key_pem: str) -> Self:
        """Return the authority of a certificate and its private key (PEM)."""
        return cls(trustme.CA.from_pem(pem.encode(), key_pem.encode()))

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return self._authority.cert_pem.bytes().decode()

    @cached_property
    def key_pem(self) -> str:
        """The authority's private key; keep it private."""
        return self._authority.private_key_pem.bytes().decode()

    def server_context(self, address: str, *, hosts: Iterable[str] = (), clients: bool = True) -> ssl.SSLContext:
        """
        Return TLS settings of a server, with a new key.

        Args:
            address: Where it listens. Off loopback, the names of private networks that clients ask for get a certificate
                of their own.
            hosts: Further names and addresses of its certificate.
            clients: Whether it asks for a client certificate of this authority, without requiring one.
        """
        context = self._context(dict.fromkeys((*server_names(address), *hosts)), clients=clients)
        if not is_loopback(address):
            others = dict.fromkeys(("localhost", *hosts), context)

            def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
                wanted = (name or "localhost").lower()
                if wanted not in others and is_private_name(wanted) and len(others) < MOST_NAMES:
                    others[wanted] = self._context([wanted], clients=clients)
                connection.context = others.get(wanted, context)

            context.sni_callback = choose
        return context

    def _context(self, names: Iterable[str], *, clients: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        if clients:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


def server_names(address: str) -> tuple[str, ...]:
    """Return the names and addresses of a server's certificate: those of loopback, and the address it listens on."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        unspecified = ipaddress.ip_address(address).is_unspecified
    except ValueError:
        unspecified = False
    return tuple(dict.fromkeys(names if unspecified else [*names, address]))


def container_names(address: str, *names: str) -> tuple[str, ...]:
    """Return the names by which other containers usually know a sandbox on this address: none on loopback."""
    if is_loopback(address):
        return ()
    host = socket.gethostname().lower()
    return (*names, "sandbox", "host.docker.internal", *([host] if is_private_name(host) else []))
