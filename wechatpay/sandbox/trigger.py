"""Events on demand: any of the catalogue's notifications, its content made up or given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox import consistency, webhook_payloads
from wechatpay.sandbox.flows import orders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.webhooks import Notice

__all__ = ["content_of", "flat", "trigger"]


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by dotted name; those of a list stay one value."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        found.update(
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) and value else {f"{prefix}{name}": value}
        )
    return found


def content_of(context: SandboxContext, event: str, version: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of an event: a payment's from the order that the changes name, others from the catalogue."""
    described = webhook_payloads.event_of(event, version)
    if (version, event) == ("v3", "TRANSACTION.SUCCESS"):
        content = orders.sample(context, str(changes.get("out_trade_no") or ""))
        if consistency.is_of_provider(changes) and "mchid" in content:
            consistency.as_provider(content)
        for name, value in changes.items():
            webhook_payloads.place(content, name.split("."), value)
        if any(name.startswith("amount.") for name in changes):  # those of an order that is there are right already
            consistency.fit_amounts(content, changes)
        return content
    return webhook_payloads.imagined(context.account, described, changes, context.base_url, context.stamp())


def trigger(context: SandboxContext, event: str, changes: Mapping[str, Any], version: str) -> Notice:
    """Return the message of an event; see :meth:`wechatpay.sandbox.Sandbox.trigger`."""
    with context.lock:
        content = content_of(context, event, version, changes)
    return webhook_payloads.notice(context.account, event, content, context.stamp(), version=version)
