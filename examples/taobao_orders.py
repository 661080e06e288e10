"""
Fetch all orders of a Taobao shop that changed in the last hour, and lose none.

Run it::

    export TAOBAO_TOP_APP_KEY=… TAOBAO_TOP_APP_SECRET=…
    python examples/taobao_orders.py seller-1

The seller's token is in ``sessions.json``; ``examples/taobao_authorize.py``
puts it there.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chainable import BEIJING
from taobao_top import RateLimiter, TaobaoTop
from taobao_top.sessions import FileSessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taobao_top.types.taobao.trades import SoldIncrementGetTrade


def changed_orders(top: TaobaoTop, session: Any, start: datetime, end: datetime) -> Iterator[SoldIncrementGetTrade]:
    """
    Give the orders that changed in a window of time that is over.

    Args:
        top: The client.
        session: The seller's.
        start: Where the window begins.
        end: Where it ends, in the past.
    """
    pages = top.pages(
        top.taobao.trades.sold.increment.get,
        fields="tid,status,payment,modified",
        start_modified=start,
        end_modified=end,
        page_size=50,
        session=session,
        # An order that changes again leaves the window; read from its end, none moves past the reader.
        backwards=True,
    )
    for page in pages:
        yield from page.data["trades"]["trade"]


def main(seller: str, **settings: Any) -> None:
    """Print the orders of one seller."""
    with TaobaoTop.from_env(limiter=RateLimiter("20/second"), **settings) as top:
        session = top.oauth.session(seller, FileSessions("sessions.json"))
        end = datetime.now(BEIJING)
        for order in changed_orders(top, session, end - timedelta(hours=1), end):
            print(order.get("tid"), order.get("status"), order.get("payment"))


if __name__ == "__main__":
    main(sys.argv[1])
