"""``taobao-top snapshot`` and ``taobao-top restore``: keep the state of a running sandbox, and bring it back."""

from __future__ import annotations

from chainable.cli.snapshots import snapshot_commands
from taobao_top.cli.control_client import ControlClient

__all__ = ["restore", "snapshot"]

snapshot, restore = snapshot_commands("taobao-top", "top.env", ControlClient.connect)
