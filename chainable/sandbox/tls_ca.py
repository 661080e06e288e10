"""A throw-away certificate authority for HTTPS on loopback."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from chainable.private_files import write_private

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Authority", "server_names"]


class Authority:
    """
    A certificate authority, made at start; only clients that are given its certificate trust it.

    Args:
        authority: The authority of trustme to use; a new one by default.

    .. versionadded:: 0.1.0
    """

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

    def server_pem(self, address: str) -> str:
        """Return a new private key with its certificate for a server that listens on an address."""
        return self._authority.issue_cert(*server_names(address)).private_key_and_cert_chain_pem.bytes().decode()

    def server_context(self, address: str) -> ssl.SSLContext:
        """Return TLS settings of a server; it asks for a client certificate of this authority, and does not require one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cadata=self.pem)
        context.verify_mode = ssl.CERT_OPTIONAL
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder, "server.pem")
            write_private(chain, self.server_pem(address))
            context.load_cert_chain(chain)
        return context


def server_names(address: str) -> tuple[str, ...]:
    """Return the names and addresses of a server's certificate: those of loopback, and the address it listens on."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        unspecified = ipaddress.ip_address(address).is_unspecified
    except ValueError:
        unspecified = False
    return tuple(dict.fromkeys(names if unspecified else [*names, address]))
