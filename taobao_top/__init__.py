"""
The Taobao Open Platform (淘宝开放平台) for Python: every method as a chain.

::

    from taobao_top import TaobaoTop

    top = TaobaoTop(app_key='12345678', app_secret='…')
    top.taobao.item.seller.get(fields='num_iid,title', num_iid=123)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.errors import REASON_MODULES
from chainable.lazy import lazy_attributes
from taobao_top.client import TaobaoTop
from taobao_top.errors import TopError
from taobao_top.response import TopResponse
from taobao_top.signing import HMACMD5Signer, HMACSHA256Signer, MD5Signer, SHA256Signer

if TYPE_CHECKING:
    from chainable._version import __version__
    from chainable.errors import (
        APIError,
        ChainableError,
        ClaimError,
        CodecError,
        ConfigurationError,
        DecryptionError,
        InProgress,
        PathError,
        SignatureError,
        UnknownKeyError,
    )
    from taobao_top.rate_limit import RateLimiter
    from taobao_top.security import SecurityClient

__all__ = [
    "APIError",
    "ChainableError",
    "ClaimError",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "HMACMD5Signer",
    "HMACSHA256Signer",
    "InProgress",
    "MD5Signer",
    "PathError",
    "RateLimiter",
    "SHA256Signer",
    "SecurityClient",
    "SignatureError",
    "TaobaoTop",
    "TopError",
    "TopResponse",
    "UnknownKeyError",
    "__version__",
]

_ERRORS = [name for name in __all__ if (name.endswith("Error") or name == "InProgress") and name != "TopError"]

REASON_MODULES["taobao_top.reasons"] = None

__getattr__ = lazy_attributes(
    __name__,
    {
        **dict.fromkeys(_ERRORS, "chainable.errors"),
        "RateLimiter": "taobao_top.rate_limit",
        "SecurityClient": "taobao_top.security",
        "__version__": "chainable._version",
    },
)
