"""
What the sandbox knows of recordings; responses of the platform are not signed.

Used by :func:`chainable.recording.vcr_config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RecordedTop"]

HOSTS = ("gw.api.taobao.com", "eco.taobao.com", "api.taobao.com", "qimen.api.taobao.com", "oauth.taobao.com")


@frozen
class RecordedTop:
    """See :class:`chainable.recording.Recorded`."""

    own: tuple[str, ...]
    origin: str = f"https://{HOSTS[0]}"
    hosts: frozenset[str] = frozenset(HOSTS)
    names: str = "receiver|alipay|buyer_(?:email|area|ip|message|memo)|oaid|full_?name|sender_name|user_?id"

    def is_call(self, url: str, headers: Mapping[str, Any], body: bytes) -> bool:
        """Return whether a request is signed as TOP's are."""
        return {"method", "app_key", "sign"} <= dict(parse_qsl(urlsplit(url).query)).keys()

    def numbers(self, headers: Mapping[str, Any], body: bytes) -> dict[str, str]:
        """Return nothing: the key of the app is hidden as it changes with the app."""
        return {}

    def sign(self, headers: dict[str, list[str]], body: bytes) -> bytes:
        """Return the body as it is."""
        return body

    def digests(self, content: bytes) -> tuple[str, ...]:
        """Return nothing: no response names a file by its digest."""
        return ()

    def encrypt(self, text: str) -> str:
        """Return the text as it is."""
        return text
