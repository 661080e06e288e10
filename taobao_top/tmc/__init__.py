"""
The message channel (消息服务, TMC): what happens on the platform, pushed to handlers.

::

    from taobao_top.tmc import TMC

    tmc = TMC(top, group='default')

    @tmc.taobao_trade_TradeChanged
    def changed(message):
        print(message.content['tid'])

    tmc.run()

It needs ``websockets``, as the extra ``[tmc]`` installs it.
"""

from taobao_top.tmc.client import CHANNEL, TMC
from taobao_top.tmc.connection import ChannelError
from taobao_top.tmc.message import Message

__all__ = ["CHANNEL", "TMC", "ChannelError", "Message"]
