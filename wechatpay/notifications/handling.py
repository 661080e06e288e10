"""The former name of :mod:`wechatpay.notifications.handler`."""

from __future__ import annotations

from chainable.lazy import moved_module

__all__: tuple[str, ...] = ()

__getattr__ = moved_module(__name__, "wechatpay.notifications.handler", Handling="NotificationHandler")
