"""``wechatpay clock``: the time of a running sandbox."""

from __future__ import annotations

from chainable.cli.clock import clock_command
from wechatpay.cli.control_client import ControlClient

__all__ = ["clock"]

clock = clock_command("wechatpay", "sandbox.env", ControlClient.connect)
