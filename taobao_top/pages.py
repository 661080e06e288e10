"""The former name of :mod:`taobao_top.pagination`."""

from __future__ import annotations

import warnings
from typing import Any

from taobao_top import pagination

__all__: tuple[str, ...] = ()


def __getattr__(name: str) -> Any:
    value = getattr(pagination, name)
    warnings.warn("taobao_top.pages is now taobao_top.pagination", DeprecationWarning, stacklevel=2)
    return value
