"""
Orders as they change, from the message channel into a dictionary.

Run ``python examples/tmc_orders.py`` with ``TAOBAO_TOP_APP_KEY`` and
``TAOBAO_TOP_APP_SECRET`` set; Ctrl-C or SIGTERM let the handlers finish.
"""

import signal

from taobao_top import TaobaoTop
from taobao_top.tmc import TMC


def channel(top, orders, **settings):
    """A channel that keeps the state of each order; ``orders`` is the database of this example."""
    tmc = TMC(top, **settings)

    @tmc.taobao_trade
    def traded(message):
        orders[message.content["tid"]] = message.content["status"]

    @tmc.taobao_refund
    def refunded(message):
        orders[message.content["tid"]] = "REFUND"

    @tmc.otherwise
    def other(message):
        print("ignored topic", message.topic)

    return tmc


if __name__ == "__main__":
    tmc = channel(TaobaoTop.from_env(), orders={})
    signal.signal(signal.SIGTERM, lambda *_: tmc.stop())
    tmc.run()
