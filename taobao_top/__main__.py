"""``python -m taobao_top``: the command ``taobao-top``, where the folder of scripts is not on the PATH."""

from __future__ import annotations

import sys

from taobao_top.cli import main

if __name__ == "__main__":
    sys.exit(main(name="python -m taobao_top"))
