"""Deprecated alias of :mod:`wechatpay.cli.doctor`."""

from __future__ import annotations

import warnings

from wechatpay.cli.doctor import examine

__all__ = ["examine"]

warnings.warn("wechatpay.doctor has moved to wechatpay.cli.doctor", DeprecationWarning, stacklevel=2)
