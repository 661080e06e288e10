"""
What the platform calls of yours: SPI and qimen, verified; without any framework.

Adapters: :mod:`taobao_top.spi.flask`, :mod:`taobao_top.spi.django`,
:mod:`taobao_top.spi.starlette`.
"""

from taobao_top.spi.responses import accept, reject
from taobao_top.spi.verification import SPI, SPICall

__all__ = ["SPI", "SPICall", "accept", "reject"]
