"""The command ``wechatpay``; needs click and rich, which the ``cli`` extra brings."""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Run the command ``wechatpay``; gives the exit code."""
    from chainable.cli.extras import run

    return run(
        "wechatpay",
        "wechatpay.cli.program",
        "The command line needs click and rich: pip install 'wechatpay-taobao-top[cli]'",
    )
