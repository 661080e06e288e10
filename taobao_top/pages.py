"""The former name of :mod:`taobao_top.pagination`."""

from __future__ import annotations

from chainable.lazy import moved_module

__all__: tuple[str, ...] = ()

__getattr__ = moved_module(__name__, "taobao_top.pagination")
