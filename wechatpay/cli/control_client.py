"""A client of the control API of a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.control_client import ControlClient as _ControlClient
from chainable.cli.control_client import check_url
from wechatpay.cli.client_options import read_settings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ControlClient", "check_url"]


class ControlClient(_ControlClient):
    """A client of a sandbox of WeChat Pay."""

    setting = "WECHATPAY_BASE_URL"

    @classmethod
    def hosts(cls, file: Path) -> tuple[str | None, str | None, str | None]:
        """Return URL, CA file and backup URL of an env file."""
        settings = read_settings(file)
        return settings.get("base_url"), settings.get("ca"), settings.get("backup_url")
