"""Notifications in an application of FastAPI: the endpoints of Starlette, which FastAPI is built on."""

from __future__ import annotations

from wechatpay.notifications.starlette import endpoint, handler

__all__ = ["endpoint", "handler"]
