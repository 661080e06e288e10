"""The command ``taobao-top``; it needs the ``cli`` extra (click and rich)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DISTRIBUTION", "main"]

DISTRIBUTION = "wechatpay-taobao-top"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``taobao-top`` with these arguments or those of the process, and return the exit code."""
    from chainable.cli.entrypoint import run

    return run("taobao-top", "taobao_top.cli.program", DISTRIBUTION, arguments)
