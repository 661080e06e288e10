"""A throw-away certificate authority for HTTPS on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority"]


class Authority:
    """
    Makes a certificate authority and one server certificate.

    Args:
        directory: Where the files go.
        host: The name or address beside localhost and the loopback addresses.

    Attributes:
        ca: PEM file of the authority: what clients have to trust.
        certificate: PEM file of the server's key and certificate.
    """

    def __init__(self, directory: Path, host: str) -> None:
        authority = trustme.CA(organization_name="taobao_top.sandbox")
        server = authority.issue_cert(*{"localhost", "127.0.0.1", "::1", host})
        self.ca = directory / "ca.pem"
        self.certificate = directory / "server.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        server.private_key_and_cert_chain_pem.write_to_path(str(self.certificate))
