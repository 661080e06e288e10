"""The former name of :mod:`taobao_top.rate_limit`."""

from __future__ import annotations

import warnings
from typing import Any

from taobao_top import rate_limit

__all__: tuple[str, ...] = ()


def __getattr__(name: str) -> Any:
    value = getattr(rate_limit, name)
    warnings.warn("taobao_top.limits is now taobao_top.rate_limit", DeprecationWarning, stacklevel=2)
    return value
