"""A consumer that asks for the order before it acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taobao_top.tmc import TMC, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from taobao_top import TaobaoTop


def consumer(top: TaobaoTop, url: str, handle: Callable[[int, str], object]) -> TMC:
    """Return the started consumer."""
    tmc = TMC(top, group="default", url=url, unknown="confirm")

    @tmc.taobao_trade_TradeBuyerPay
    def paid(message: Message) -> None:
        trade = top.taobao.trade.fullinfo.get(fields="tid,status", tid=message.content["tid"]).data["trade"]
        handle(trade["tid"], trade["status"])

    tmc.start()
    return tmc
