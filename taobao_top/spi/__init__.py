"""
Inbound calls of the platform (SPI and qimen): verification and replies, without any framework.

Adapters: :mod:`taobao_top.spi.flask`, :mod:`taobao_top.spi.django`,
:mod:`taobao_top.spi.starlette`.
"""

from taobao_top.spi.responses import accept, reject, reply
from taobao_top.spi.verification import SPI, SPICall

__all__ = ["SPI", "SPICall", "accept", "reject", "reply"]
