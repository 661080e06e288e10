"""``wechatpay snapshot`` and ``wechatpay restore``: keep the state of a running sandbox, and bring it back."""

from __future__ import annotations

from chainable.cli.snapshots import snapshot_commands
from wechatpay.cli.control_client import ControlClient

__all__ = ["restore", "snapshot"]

snapshot, restore = snapshot_commands("wechatpay", "sandbox.env", ControlClient.connect)
