"""
The Taobao Open Platform (淘宝开放平台) for Python: every method as a chain.

::

    from taobao_top import TaobaoTop

    top = TaobaoTop(app_key='12345678', app_secret='…')
    top.taobao.item.seller.get(fields='num_iid,title', num_iid=123)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.lazy import lazy_attributes
from taobao_top.client import TaobaoTop
from taobao_top.errors import TopError
from taobao_top.response import TopResponse
from taobao_top.signing import HMACMD5Signer, HMACSHA256Signer, MD5Signer, SHA256Signer

if TYPE_CHECKING:
    from taobao_top.rate_limit import RateLimiter
    from taobao_top.security import SecurityClient

__all__ = [
    "HMACMD5Signer",
    "HMACSHA256Signer",
    "MD5Signer",
    "RateLimiter",
    "SHA256Signer",
    "SecurityClient",
    "TaobaoTop",
    "TopError",
    "TopResponse",
]

__getattr__ = lazy_attributes(
    __name__, {"RateLimiter": "taobao_top.rate_limit", "SecurityClient": "taobao_top.security"}
)
