"""``python -m wechatpay``: the command ``wechatpay``, where the folder of scripts is not on the PATH."""

from __future__ import annotations

import sys

from wechatpay.cli import main

if __name__ == "__main__":
    sys.exit(main(name="python -m wechatpay"))
