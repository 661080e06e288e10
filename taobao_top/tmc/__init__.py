"""
The message channel (消息服务, TMC): the platform pushes messages to handlers.

::

    from taobao_top.tmc import TMC

    tmc = TMC(top, group='default')

    @tmc.taobao_trade_TradeChanged
    def changed(message):
        print(message.content['tid'])

    tmc.run()

It requires ``websockets``, which the extra ``[tmc]`` installs.
"""

from chainable.extras import extra

with extra("tmc", "websockets"):
    from taobao_top.tmc.client import CHANNEL, TMC
    from taobao_top.tmc.connection import ChannelError
    from taobao_top.tmc.message import Message

__all__ = ["CHANNEL", "TMC", "ChannelError", "Message"]
