"""A throw-away certificate authority for HTTPS on loopback."""

from __future__ import annotations

import ipaddress
import ssl
from functools import cached_property
from typing import TYPE_CHECKING

from chainable.extras import extra

with extra("sandbox", "trustme"):
    import trustme

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Authority", "server_names"]


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

    def server_context(self, address: str, *, clients: bool = True) -> ssl.SSLContext:
        """
        Return TLS settings of a server on an address, with a new key.

        With *clients* it asks for a client certificate of this authority, and does not require one.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*server_names(address)).configure_cert(context)
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
