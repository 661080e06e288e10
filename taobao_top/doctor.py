"""Deprecated alias of :mod:`taobao_top.cli.doctor`."""

from __future__ import annotations

import warnings

from taobao_top.cli.doctor import examine

__all__ = ["examine"]

warnings.warn("taobao_top.doctor has moved to taobao_top.cli.doctor", DeprecationWarning, stacklevel=2)
