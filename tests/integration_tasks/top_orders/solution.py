"""Read the increments window by window, each from its last page to its first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from taobao_top import TaobaoTop


def changed(top: TaobaoTop, start: datetime, end: datetime) -> dict[int, str]:
    """Return the status of each order that was modified."""
    found: dict[int, str] = {}
    increments = top.taobao.trades.sold.increment.get
    for page in top.windows(increments, start, end, fields="tid,status,modified"):
        for trade in page.data["trades"]["trade"]:
            found[trade["tid"]] = trade["status"]
    return found
