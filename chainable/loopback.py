"""Recognise the hosts of this machine; a small module, because every client imports it at start-up."""

from __future__ import annotations

import ipaddress

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """
    Return True for ``localhost``, the names below it, and the loopback addresses in their usual form.

    Other spellings that a resolver accepts for loopback (``127.1``, ``0x7f.1``, ``::ffff:127.0.0.1``) return False.

    Args:
        host: A name or an address, without brackets and port.
    """
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None and "%" not in name
