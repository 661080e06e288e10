"""Snapshots of a sandbox as bytes: JSON, compressed; its platform's keys are in them, so keep them private."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["in_json", "pack", "unpack"]

FORM = 1
LARGEST = 1024**3
"""Bytes that a snapshot may have once it is unpacked."""


def pack(gateway: str, owner: str, members: Mapping[str, Any]) -> bytes:
    """Return a snapshot of JSON members of this gateway's sandbox, for this account of it."""
    text = json.dumps({"gateway": gateway, "form": FORM, "owner": owner, **members}, ensure_ascii=False)
    return zlib.compress(text.encode(), 6)


def in_json(members: Mapping[str, Any]) -> bytes:
    """Return the snapshot that a request has as base64 in its member ``snapshot``."""
    snapshot = members.get("snapshot")
    if not isinstance(snapshot, str) or not snapshot.isascii():
        raise TypeError(
            Words("snapshot: the text is expected that GET snapshot returned", "snapshot：应为 GET snapshot 返回的文本")
        )
    return base64.b64decode(snapshot)


def unpack(gateway: str, owner: str, snapshot: bytes) -> dict[str, Any]:
    """Return the members of a snapshot; ValueError if it is none, or is of another gateway or account."""
    found: Any = None
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(snapshot, LARGEST)
        if reader.eof:
            found = json.loads(text)
    except (zlib.error, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or (found.get("gateway"), found.get("form")) != (gateway, FORM):
        raise ValueError(
            Words("snapshot: this is no snapshot of this kind of sandbox", "snapshot：这不是此类沙箱的快照")
        )
    if found.get("owner") != owner:
        raise ValueError(
            Words(
                "snapshot: it belongs to another account: start the sandbox with the same --state or --seed",
                "snapshot：该快照属于另一个账户：请用同一个 --state 或 --seed 启动沙箱",
            )
        )
    return found
