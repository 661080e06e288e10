"""The former name of :mod:`taobao_top.rate_limit`."""

import warnings

from taobao_top.rate_limit import Limiter, RateLimiter

__all__ = ["Limiter", "RateLimiter"]

warnings.warn("taobao_top.limits is now taobao_top.rate_limit", DeprecationWarning, stacklevel=2)
