"""Descriptions of notification events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.describe import CallStyle, Description, Label, Row, Table
from wechatpay.describe.field_rows import rows
from wechatpay.describe.relations import causes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.catalogue import Event

__all__ = ["described", "key"]

_PARSE = """\
notification = client.notifications.parse(headers, body)
print(notification.event_type, notification.resource)
"""
_ONCE = """\
notification = client.notifications.parse(headers, body)
with client.notifications.once(notification, store) as first:
    if first:
        print(notification.resource)
"""


def key(event: Event) -> str:
    """Return the key of an event: ``event v3 TRANSACTION.SUCCESS``."""
    return f"event {event.version} {event.name}"


def described(event: Event) -> Description:
    """Describe a notification event."""
    return Description(
        key=key(event),
        title=event.title,
        name=f"{event.version} {event.name}",
        facts=tuple(_facts(event)),
        links=event.docs,
        tables=(Table(Label("通知头", "headers"), tuple(Row(name=name, type="string") for name in event.headers)),),
        forms=(
            CallStyle(Label("验签并解密", "verify and decrypt"), _PARSE),
            CallStyle(Label("只处理一次", "process once"), _ONCE),
        ),
        answers=tuple(_tables(event)),
        causes=tuple(causes(event.version, event.name)),
    )


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    yield Label("格式", "format"), "JSON（APIv3）" if event.version == "v3" else "XML（APIv2）"
    if event.event_types:
        yield Label("事件类型", "event types"), " | ".join(event.event_types)
    if event.original_type:
        yield (
            Label("原始类型", "original types"),
            event.original_type if isinstance(event.original_type, str) else " | ".join(event.original_type),
        )
    if event.encryption:
        yield Label("加密", "encryption"), f"{event.encrypted_field}：{event.encryption}"


def _tables(event: Event) -> Iterator[Table]:
    if event.resource:
        yield Table("notification.resource", tuple(rows(event.resource)))
    if event.fields:
        yield Table("notification.envelope" if event.encryption else "notification.resource", tuple(rows(event.fields)))
