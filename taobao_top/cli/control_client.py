"""A client of the control API of a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chainable.cli.control_client import ControlClient as _ControlClient
from taobao_top.cli.client_options import read_settings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ControlClient"]


class ControlClient(_ControlClient):
    """A client of a sandbox of TOP."""

    setting = "TAOBAO_TOP_GATEWAY"

    @classmethod
    def hosts(cls, file: Path) -> tuple[str | None, str | None, str | None]:
        """Return URL and CA file of an env file."""
        settings = read_settings(file)
        gateway = urlsplit(str(settings.get("gateway", "")))
        url = f"{gateway.scheme}://{gateway.netloc}" if gateway.netloc else None
        return url, settings.get("ca"), None
