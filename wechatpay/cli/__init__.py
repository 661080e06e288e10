"""The command ``wechatpay``; it needs the ``cli`` extra (click and rich)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DISTRIBUTION", "main"]

DISTRIBUTION = "wechatpay-taobao-top"


def main(arguments: Sequence[str] | None = None, *, name: str = "wechatpay") -> int:
    """
    Run the command ``wechatpay``, and return the exit code if the command does not exit.

    Args:
        arguments: The words after the command; None for those of the process.
        name: The command's name in its help and errors.
    """
    from chainable.cli.entrypoint import run

    return run(name, "wechatpay.cli.program", DISTRIBUTION, arguments)
