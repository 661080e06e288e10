"""The command ``wechatpay``; needs click and rich, which the ``cli`` extra brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``wechatpay`` with these arguments or those of the process; gives the exit code."""
    from chainable.cli.extras import run

    return run(
        "wechatpay",
        "wechatpay.cli.program",
        "The command line needs click and rich: pip install 'wechatpay-taobao-top[cli]'",
        arguments,
    )
