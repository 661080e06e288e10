"""Events on demand: any of the catalogue's notifications, its content made up or given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox import notices
from wechatpay.sandbox.flows import orders

if TYPE_CHECKING:
    from wechatpay.sandbox.callbacks import Delivery
    from wechatpay.sandbox.platform import Platform

__all__ = ["content_of", "triggered"]


def content_of(platform: Platform, event: str, version: str, changes: dict[str, Any]) -> dict[str, Any]:
    """
    What an event says.

    A paid transaction is told as the platform tells a payment, of the order that
    the changes name if there is one; every other event out of the catalogue.
    """
    described = notices.event_of(event, version)
    if (version, event) == ("v3", "TRANSACTION.SUCCESS"):
        content = orders.sample(platform, str(changes.get("out_trade_no") or ""))
        for name, value in changes.items():
            notices.place(content, name.split("."), value)
        return content
    return notices.imagined(platform.account, described, changes, platform.base_url, platform.stamp())


def triggered(
    platform: Platform,
    event: str,
    to: str,
    changes: dict[str, Any],
    version: str,
    forgery: str,
    duplicates: int,
    *,
    concurrent: bool,
) -> Delivery:
    """Send an event; see :meth:`wechatpay.sandbox.Sandbox.trigger`."""
    described = notices.event_of(event, version)
    with platform.lock:
        content = content_of(platform, event, version, changes)
    notice = (
        notices.notice_v3(platform.account, described, event, content, platform.stamp())
        if version == "v3"
        else notices.notice_v2(platform.account, described, content)
    )
    return platform.callbacks.send(to, notice, forgery=forgery, duplicates=duplicates, concurrent=concurrent)
