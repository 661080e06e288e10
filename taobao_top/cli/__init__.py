"""The command ``taobao-top``; needs click and rich, which the ``cli`` extra brings."""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Run the command ``taobao-top``; gives the exit code."""
    from chainable.cli.extras import run

    return run(
        "taobao-top",
        "taobao_top.cli.program",
        "The command line needs click and rich: pip install 'wechatpay-taobao-top[cli]'",
    )
