"""``taobao-top clock``: the time of a running sandbox."""

from __future__ import annotations

from chainable.cli.clock import clock_command
from taobao_top.cli.control_client import ControlClient

__all__ = ["clock"]

clock = clock_command("taobao-top", "top.env", ControlClient.connect)
